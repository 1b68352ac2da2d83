/** The modes that code is generated for: one module each, made when the mode is first entered. */
import type { ModeName } from '../../isa/vocabulary/expr';
import type { PlainSpr } from './spr-code';

export interface Variant {
  /** Position among all variants: its handlers are at this multiple in the function table. */
  readonly index: number;
  readonly modes: Readonly<Record<ModeName, number>>;
  /** True where every instruction is reported before it executes. */
  readonly observed: boolean;
  /** True where loads with update are counted, because the CPU model completes them as two operations. */
  readonly countsCracked: boolean;
  /** As {@link CodeModel.tabulatedEstimates}. */
  readonly tabulatedEstimates: boolean;
  /** As {@link CodeModel.conditionalShift}. */
  readonly conditionalShift: number;
  /** As {@link CodeModel.plainSprs}, by number. */
  readonly plainSprs: ReadonlyMap<number, PlainSpr>;
}

/** Number of variants: 32/64-bit, big/little-endian, observed or not. */
export const VARIANTS = 8;

/** What generated code depends on beside the variant. */
export interface CodeModel {
  /** log2 of the CPU model's cache block in bytes. */
  readonly blockShift: number;
  /** True where the CPU model completes a load with update as two operations. */
  readonly cracksLoadUpdates: boolean;
  /** True where XER keeps what is written to its reserved bits. */
  readonly keepsReservedXer: boolean;
  /** True where floating-point estimates are those of Microwatt's table, and not quotients. */
  readonly tabulatedEstimates: boolean;
  /**
   * log2 of the bytes of a block in which a store conditional must lie with the load that reserved; 0 where address and
   * length must be the same.
   */
  readonly conditionalShift: number;
  /** SPRs that generated code moves by itself. */
  readonly plainSprs: readonly PlainSpr[];
}

/** The variant of a mode on a CPU model. */
export function variantOf(index: number, model: CodeModel): Variant {
  const { blockShift, cracksLoadUpdates, keepsReservedXer, tabulatedEstimates, conditionalShift, plainSprs } =
    model;
  return {
    index,
    modes: { le: index & 1, sf: (index >> 1) & 1, blockShift, xerReserved: keepsReservedXer ? 1 : 0 },
    observed: (index & 4) !== 0,
    countsCracked: cracksLoadUpdates,
    tabulatedEstimates,
    conditionalShift,
    plainSprs: new Map(plainSprs.map((spr) => [spr.num, spr])),
  };
}

/** Position of a variant from MSR[LE], MSR[SF] (0 or 1 each) and whether instructions are observed. */
export const variantIndex = (le: number, sf: number, observed: boolean): number =>
  le | (sf << 1) | (observed ? 4 : 0);
