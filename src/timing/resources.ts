/**
 * What instructions wait for each other through, as numbers: registers by name, flags in the groups in which cores
 * track them, and units that are busy. CR is one resource, as a core tracks it that renames it whole.
 */
import type { ResourceName } from '../../isa/vocabulary/expr';

export const RESOURCE = {
  /** GPR n is n, VSR n is 32 + n. */
  VSR: 32,
  CR: 96,
  LR: 97,
  CTR: 98,
  TAR: 99,
  /** XER[SO OV OV32]. */
  OVERFLOW: 100,
  /** XER[CA CA32]. */
  CARRY: 101,
  /** Everything else that instructions name. */
  OTHER: 102,
  /** CR0 of instructions with Rc=1: one after the other. */
  RECORD: 103,
  /** Loads and stores: when the next one can issue. */
  STORAGE: 104,
  /** Loads and stores that are not over: what a change of the stream of fetching waits for. */
  OUTSTANDING: 105,
  /** Never written: what (RA|0) waits for where RA is 0. */
  NOTHING: 106,
  COUNT: 107,
} as const;

/** The resource that a named register belongs to. */
export function resourceOf(name: ResourceName): number {
  switch (name) {
    case 'LR':
      return RESOURCE.LR;
    case 'CTR':
      return RESOURCE.CTR;
    case 'TAR':
      return RESOURCE.TAR;
    case 'SO':
    case 'OV':
    case 'OV32':
      return RESOURCE.OVERFLOW;
    case 'CA':
    case 'CA32':
      return RESOURCE.CARRY;
    default:
      return RESOURCE.OTHER;
  }
}
