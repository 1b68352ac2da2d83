/**
 * Reference and change bits of hashed pages: hardware always sets them, each with a store of the one byte that holds
 * it, because software may own the other bytes at that moment (Power ISA v3.0B Book III, 5.7.12).
 */
import { C_BYTE, HPTE1, HPTE_SIZE, R_BYTE } from '../../../isa/tables/hpte';
import { RIGHT } from '../access';
import type { TranslationContext } from '../context';
import { recordUpdate } from './record';
import type { HashWalk } from './walk';

const R = HPTE1.R.lo;
const C = HPTE1.C.lo;

/** Sets what the access must find set, and leaves the rights that need no further walk in the result. */
export function recordReferenceChange(ctx: TranslationContext, walk: HashWalk): void {
  const missing = (ctx.access.store ? R | C : R) & ~walk.valueLo;
  if (missing !== 0) {
    if (ctx.recorder !== undefined) recordUpdate(ctx, walk, missing);
    if (ctx.sideEffects) storeBits(ctx, walk, missing);
  }
  ctx.rights =
    (walk.valueLo & R) === 0 ? 0 : (walk.valueLo & C) === 0 ? walk.rights & ~RIGHT.WRITE : walk.rights;
}

function storeBits(ctx: TranslationContext, walk: HashWalk, bits: number): void {
  const { bytes } = ctx.memory;
  if ((bits & R) !== 0) bytes[walk.at + R_BYTE.offset]! |= R_BYTE.bit;
  if ((bits & C) !== 0) bytes[walk.at + C_BYTE.offset]! |= C_BYTE.bit;
  ctx.memory.onTableUpdate?.(walk.at, HPTE_SIZE);
  walk.valueLo |= bits;
}
