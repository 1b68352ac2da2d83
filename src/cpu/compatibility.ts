/**
 * The processor compatibility register: in problem state the CPU is one of an older level, without the instructions and
 * registers that came later (Power ISA v3.1 Book III, 2.5).
 */
import { PCR } from '../../isa/registers/thread';
import { atLeast, type InsnRow, type IsaLevel } from '../../isa/vocabulary/row';
import type { Field } from '../core/bits';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';

const PCR_AT = offsetOf('PCR');

/** The bits from the oldest level on, with the newest level that each leaves: the oldest that is set decides. */
const LEVELS: readonly { readonly bit: Field; readonly newest: IsaLevel }[] = [
  { bit: PCR.V2_05, newest: 'v2.05' },
  { bit: PCR.V2_06, newest: 'v2.06' },
  { bit: PCR.V2_07, newest: 'v2.07' },
  { bit: PCR.V3_00, newest: 'v3.0C' },
];

/** The number of a CPU's set of instructions: 0 for all that its model has. */
export function compatibilitySet(cpu: Cpu): number {
  if (cpu.state.lo(PCR_AT) === 0 && cpu.state.hi(PCR_AT) === 0) return 0;
  if (!cpu.problemState) return 0;
  return LEVELS.findIndex(({ bit }) => cpu.state.has(PCR_AT, bit)) + 1;
}

/** The sets beyond 0: their numbers, and which rows of the model they have. */
export const COMPATIBILITY_SETS: readonly {
  readonly set: number;
  readonly has: (row: InsnRow) => boolean;
}[] = LEVELS.map(({ newest }, i) => ({ set: i + 1, has: (row) => atLeast(newest, row.level) }));

/** Registers of problem state by the level that brought them, where that is newer than the oldest bit. */
const SPR_LEVELS: Readonly<Record<string, IsaLevel>> = Object.fromEntries(
  [
    ...['UDSCR', 'TAR', 'EBBHR', 'EBBRR', 'BESCR', 'BESCRS', 'BESCRSU', 'BESCRR', 'BESCRRU'],
    ...['TFHAR', 'TFIAR', 'TEXASR', 'TEXASRU'],
  ].map((name) => [name, 'v2.07']),
);

/** True where PCR can take the register away. */
export const hasLevel = (name: string): boolean => name in SPR_LEVELS;

/** True where PCR takes a register away from problem state: an access is as to a register that does not exist. */
export function hidesSpr(cpu: Cpu, name: string): boolean {
  const level = SPR_LEVELS[name];
  const set = compatibilitySet(cpu);
  return level !== undefined && set !== 0 && !atLeast(LEVELS[set - 1]!.newest, level);
}
