/** `--stats`: the counters of a run, and with a cycle model where the cycles went, as lines or as JSON. */
import { MSR } from '../../isa/registers/msr';
import { disassembleOne } from '../asm/disassemble';
import type { Image } from '../loader';
import type { Machine } from '../machine/machine';
import {
  timingStatistics,
  timingText,
  type DescribeInstruction,
  type Timing,
  type TimingStatistics,
} from '../timing';

/** What the statistics of a run are made of. */
export interface RunFacts {
  readonly machine: Machine;
  readonly image?: Image | undefined;
  readonly timing?: Timing | undefined;
  /** Instructions of each CPU before the run: those that a snapshot brought along were not timed. */
  readonly before: readonly bigint[];
  readonly seconds: number;
}

/** Counters that do not depend on the host. */
export function countersOf(machine: Machine): Record<string, number> {
  return { instructions: Number(machine.instructions), ...machine.execution.counters };
}

/** Instructions of each CPU so far, as its model counts them. */
export const instructionsOf = ({ cpus, execution }: Machine): bigint[] =>
  cpus.map((cpu) => execution.clock.instructions(cpu));

/** Where kernels have the memory that they are linked at. */
const LINKED_AT = [0n, 0xc000_0000_0000_0000n];

/** Says what is at a real address, from memory as it is now. */
function describer({ machine, image }: RunFacts): DescribeInstruction {
  const { memory, cpus, l0 } = machine;
  const littleEndian = cpus[0]!.inState(MSR.LE);
  const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.size);
  const word = (address: number): number | undefined =>
    address + 4 <= memory.size ? view.getInt32(address, littleEndian) : undefined;
  return (address) => {
    const first = word(address);
    const code =
      first === undefined ? undefined : disassembleOne(first, word(address + 4), BigInt(address)).text;
    // A guest of the built-in hypervisor has its memory elsewhere: its symbols are of other addresses.
    const symbol = l0
      ? undefined
      : LINKED_AT.map((base) => image?.symbols.format(base + BigInt(address))).find((s) => s !== undefined);
    return { ...(code === undefined ? {} : { code }), ...(symbol === undefined ? {} : { symbol }) };
  };
}

/** The statistics of the cycle model, where there is one. */
function timedStatistics(facts: RunFacts): TimingStatistics | undefined {
  const { machine, timing, before } = facts;
  if (!timing) return undefined;
  const instructions = instructionsOf(machine);
  const runs = machine.cpus.map((cpu, i) => ({ cpu, instructions: Number(instructions[i]! - before[i]!) }));
  return timingStatistics(timing, runs, describer(facts));
}

/** All of it. @param json one object on one line, else `NAME VALUE` lines, then what people read */
export function statisticsText(facts: RunFacts, { json }: { readonly json: boolean }): string {
  const timed = timedStatistics(facts);
  const { instructions, ...others } = countersOf(facts.machine);
  const counters = {
    instructions: instructions!,
    ...(timed && { cycles: timed.cycles, ...(timed.cpi === undefined ? {} : { cpi: rounded(timed.cpi) }) }),
    ...others,
    seconds: Number(facts.seconds.toFixed(6)),
  };
  if (json) return `${JSON.stringify(timed ? { ...counters, timing: timed } : counters)}\n`;
  const lines = Object.entries(counters).map(([name, value]) => `${name} ${value}\n`);
  return lines.join('') + (timed ? `\n${timingText(timed)}` : '');
}

const rounded = (cpi: number): number => Number(cpi.toFixed(6));
