import { fields } from '../../src/core/bits';

/** Vector Status and Control Register (Power ISA Book I, 6.3.2), in the low word; the other bits read as 0. */
export const VSCR = fields({
  /** Vector floating-point results are flushed to 0 where they are denormal. */
  NJ: 47,
  /** A vector saturating instruction saturated. */
  SAT: 63,
});
