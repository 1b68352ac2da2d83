/** `book3s dump registers`: all architected registers of a CPU of a snapshot. */
import { RealMemory } from '../../core/memory';
import { hex16 } from '../../core/u64';
import { Cpu } from '../../cpu/cpu';
import type { CpuModel } from '../../cpu/models';
import { allRegisters } from '../../machine/registers';
import { Translator } from '../../mmu/translate';
import type { CpuState } from '../../state/cpu-state';
import type { Parsed } from '../options';
import { openSource } from './source';
import type { Subject } from './subject';

export const REGISTERS: Subject = {
  describe: 'all architected ones, NAME HEX a line',
  options: [],
  run(argv: Parsed) {
    const { cpu, model } = openSource(argv);
    const registers = allRegisters(detachedCpu(cpu, model));
    return { text: () => registersText(registers), json: () => registers };
  },
};

/** A CPU outside a machine, for reading its registers: it stands still, so its time is what it has retired. */
function detachedCpu(state: CpuState, model: CpuModel): Cpu {
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
const registersText = (registers: Readonly<Record<string, string>>): string =>
  Object.entries(registers)
    .map(
      ([name, text]) =>
        `${name} ${name.startsWith('VSR') ? text.slice(2).toUpperCase() : hex16(BigInt(text))}\n`,
    )
    .join('');
