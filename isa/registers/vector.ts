import { fields } from '../../src/core/bits';

/** Vector Status and Control Register (Power ISA Book I, 6.3.2), in the low word. */
export const VSCR = fields({
  /** Vector floating-point results are flushed to 0 where they are denormal. */
  NJ: 47,
  /** A vector saturating instruction saturated. */
  SAT: 63,
});
