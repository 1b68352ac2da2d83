/**
 * Load and store quadword (Power ISA Book I, 3.3.4). choice: an address that is no multiple of 16 gives an alignment
 * interrupt, which the ISA permits; so an access never crosses a page.
 */
import { dispDQ, dispDS, displaced } from '../vocabulary/patterns';
import { invalidPairLoad, isOdd, loadPair, storePair, wordForm } from '../vocabulary/quad';
import { insn, type InsnRow } from '../vocabulary/row';
import { atAligned } from '../vocabulary/storage';

export const QUAD_ROWS: readonly InsnRow[] = [
  insn(
    'lq', 'DQ', { PO: 56 }, 'RTp,DQ(RA)', { level: 'v2.03', timing: 'load', invalid: invalidPairLoad },
    atAligned(16, displaced(dispDQ), (ea) => loadPair(ea, wordForm)),
  ),
  insn(
    'stq', 'DS', { PO: 62, XO: 2 }, 'RSp,DS(RA)', { level: 'v2.03', timing: 'store', invalid: isOdd('RSp') },
    atAligned(16, displaced(dispDS), (ea) => storePair(ea, wordForm)),
  ),
]; // prettier-ignore
