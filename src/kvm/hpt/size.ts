/** How large a guest's table should be. */
import { SMALLEST_ORDER } from './table';

/** A 128th of memory, memory being taken as the next power of two (QEMU hw/ppc/spapr.c, spapr_hpt_shift_for_ramsize). */
const MEMORY_BITS = 7;

/** log2 of the bytes of the table that suits a guest with this much memory. */
export const naturalOrder = (memory: number): number =>
  Math.max(SMALLEST_ORDER, Math.ceil(Math.log2(Math.max(1, memory))) - MEMORY_BITS);
