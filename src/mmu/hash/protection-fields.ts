/** The fields of hashed page table entries and segments that decide on protection (Power ISA v3.0B Book III, 5.7.13). */
import { HPTE1 } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { getInHalf } from '../../core/bits';
import type { TranslationContext } from '../context';
import type { HashWalk } from './walk';

/** pp0 || pp1 || pp2 of an entry, from the halves of doubleword 1. */
export function ppOf(hi: number, lo: number): number {
  return (getInHalf(hi, HPTE1.PP0) << HPTE1.PP.width) | getInHalf(lo, HPTE1.PP);
}

/** Virtual page class key, 0 to 31. */
export function keyClassOf(hi: number, lo: number): number {
  return (getInHalf(hi, HPTE1.KEY_HIGH) << HPTE1.KEY_LOW.width) | getInHalf(lo, HPTE1.KEY_LOW);
}

/** The storage key of the access: Kp in problem state, Ks otherwise. */
export function segmentKeyOf(ctx: TranslationContext, walk: HashWalk): number {
  return getInHalf(walk.vsidLo, ctx.pr ? SLBV.KP : SLBV.KS);
}
