/** Facilities that FSCR and HFSCR enable (Power ISA Book III, 6.2.10 and 6.2.11). */
import { fields, type Field } from '../../src/core/bits';

/** Facility Status and Control Register: enables, and the cause of the last interrupt. */
export const FSCR = fields({ IC: [0, 7], PREFIX: 50, SCV: 51, TAR: 55, EBB: 56, DSCR: 61 });

/** Hypervisor FSCR. */
export const HFSCR = fields({
  IC: [0, 7],
  PREFIX: 50,
  MSGP: 53,
  TAR: 55,
  EBB: 56,
  TM: 58,
  BHRB: 59,
  PM: 60,
  DSCR: 61,
  VECVSX: 62,
  FP: 63,
});

export interface FacilityRow {
  /** Enabling bits; absent where that register does not control the facility. */
  readonly fscr?: Field;
  readonly hfscr?: Field;
  /** True where FSCR applies in privileged states too. */
  readonly everyState?: boolean;
  /** Interruption cause code. */
  readonly ic: number;
}

export const FACILITIES = {
  TAR: { fscr: FSCR.TAR, hfscr: HFSCR.TAR, ic: 8 },
  EBB: { fscr: FSCR.EBB, hfscr: HFSCR.EBB, ic: 7 },
  BHRB: { hfscr: HFSCR.BHRB, ic: 4 },
  STOP: { ic: 9 },
  MSGP: { hfscr: HFSCR.MSGP, ic: 10 },
  SCV: { fscr: FSCR.SCV, everyState: true, ic: 12 },
  PREFIX: { fscr: FSCR.PREFIX, hfscr: HFSCR.PREFIX, ic: 13 },
} as const satisfies Record<string, FacilityRow>;
