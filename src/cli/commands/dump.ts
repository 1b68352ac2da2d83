/** `book3s dump`: what is in a snapshot. */
import { UserError } from '../../core/errors';
import { RealMemory } from '../../core/memory';
import { hex16 } from '../../core/u64';
import { Cpu } from '../../cpu/cpu';
import { CPU_MODELS } from '../../cpu/models';
import { allRegisters } from '../../machine/registers';
import { restoreRegisters, type Snapshot } from '../../machine/snapshot';
import { Translator } from '../../mmu/translate';
import { CpuState } from '../../state/cpu-state';
import type { CliIo, Command } from '../command';
import { EXIT } from '../exit-codes';
import { wantsJson, writeFile } from '../files';
import { operand, parsed, textOf, value, type Parsed, withOperand } from '../options';
import { readSnapshot } from '../snapshot-file';
import { parseAddress, parseChoice, parseCount, parseSize } from '../values';

const SUBJECTS = ['registers', 'memory'] as const;

export const DUMP: Command = {
  usage: 'dump <subject> [address] [length]',
  describe: 'show registers or memory of a snapshot',
  build: (yargs) =>
    withOperand(
      yargs,
      'subject',
      'registers: all architected ones, NAME HEX a line; memory: raw bytes of real memory',
    )
      .positional('address', { describe: 'memory: host real address', type: 'string' })
      .positional('length', { describe: 'memory: bytes: 4096, 64K', type: 'string' })
      .options({
        snapshot: value('snapshot written by boot --snapshot-out', { demandOption: true }),
        'cpu-index': value('registers: which CPU (default: 0)'),
        out: value(
          'file for the result, - for standard output (default); JSON for registers to a name in .json',
        ),
      })
      .example('$0 dump registers --snapshot end.snap', 'as text')
      .example('$0 dump memory 0x10000 4K --snapshot end.snap --out page.bin', 'one page'),
  run: runDump,
};

function runDump(argv: Parsed, io: CliIo): number {
  const subject = parseChoice('dump', operand(argv, 'subject')!, SUBJECTS);
  const out = textOf(argv, 'out') ?? '-';
  if (subject === 'memory') {
    const bytes = memoryOf(argv);
    io.out.flush();
    writeFile(out, '--out', bytes);
    return EXIT.OK;
  }
  if (argv['address'] !== undefined)
    throw new UserError('dump registers: expected no address; dump memory ADDRESS LENGTH shows memory');
  const name = textOf(argv, 'snapshot')!;
  const index = parsed(argv, 'cpu-index', (o, t) => parseCount(o, t)) ?? 0;
  const registers = registersOf(name, readSnapshot(name), index);
  const text = wantsJson(out) ? `${JSON.stringify(registers)}\n` : registersText(registers);
  if (out === '-') io.out.write(text);
  else writeFile(out, '--out', text);
  return EXIT.OK;
}

function memoryOf(argv: Parsed): Uint8Array {
  const [first, second] = [operand(argv, 'address'), operand(argv, 'length')];
  if (first === undefined || second === undefined)
    throw new UserError('dump memory: expected ADDRESS and LENGTH, such as 0x10000 4K');
  const address = parseAddress('ADDRESS', first);
  const length = parseSize('LENGTH', second);
  const snapshot = readSnapshot(textOf(argv, 'snapshot')!);
  if (address + BigInt(length) > BigInt(snapshot.memorySize))
    throw new UserError(
      `dump memory: expected an end of at most 0x${snapshot.memorySize.toString(16)}, where memory ends, ` +
        `got 0x${(address + BigInt(length)).toString(16)}`,
    );
  return snapshot.readMemory(Number(address), length);
}

/** All architected registers of a CPU of the snapshot, as `boot --dump-regs F.json` writes them. */
export function registersOf(name: string, snapshot: Snapshot, index: number): Record<string, string> {
  const saved = snapshot.cpus[index];
  if (saved === undefined)
    throw new UserError(
      `--cpu-index ${index}: the snapshot has ${snapshot.cpus.length} CPUs, numbered from 0`,
    );
  const model = Object.values(CPU_MODELS).find((m) => m.name === snapshot.model);
  if (!model)
    throw new UserError(`${name}: CPU model ${snapshot.model} is unknown; use the book3s that saved it`);
  const state = CpuState.detached();
  restoreRegisters(state, saved, `${name}: cpus.${index}`);
  return allRegisters(detachedCpu(state, model));
}

/** A CPU outside a machine, for reading its registers: it stands still, so its time is what it has retired. */
function detachedCpu(state: CpuState, model: (typeof CPU_MODELS)[keyof typeof CPU_MODELS]): Cpu {
  const nothing = (): void => undefined;
  const cpu: Cpu = new Cpu(state, model, new Translator(RealMemory.ofSize(0), model.mmu), {
    bus: { has: () => false, read: () => undefined, write: () => false },
    now: () => state.named('RETIRED'),
    contextChanged: nothing,
    invalidate: nothing,
    invalidateInstructions: nothing,
    cpus: () => [cpu],
    machineStop: nothing,
    random: () => 0n,
  });
  return cpu;
}

/** `NAME HEX16` a line; vector registers have 32 digits. */
export const registersText = (registers: Readonly<Record<string, string>>): string =>
  Object.entries(registers)
    .map(
      ([name, text]) =>
        `${name} ${name.startsWith('VSR') ? text.slice(2).toUpperCase() : hex16(BigInt(text))}\n`,
    )
    .join('');
