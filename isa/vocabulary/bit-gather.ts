/**
 * Bits of a doubleword under a mask (Power ISA Book I, 3.3.13.1 and 6.14): gathered, scattered, sorted, counted up to the
 * first selected one.
 */
import {
  and,
  clz,
  eqz,
  extendU,
  i64,
  ne,
  neg,
  not,
  or,
  popcnt,
  select,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type I64,
} from './expr';
import { assign, def, repeat, variable, when, type Sem } from './stmt';

/** Runs `body` for each one of a mask from the right, with that bit alone and its rank from 0. */
const forEachOne = (mask: I64, body: (bit: I64, rank: I32) => Sem): Sem =>
  variable(mask, (rest) =>
    repeat(wrap(popcnt(mask)), 64, (rank) =>
      def(and(rest, neg(rest)), (bit) => [assign(rest, and(rest, sub(rest, i64(1)))), body(bit, rank)]),
    ),
  );

/** The bits of `source` that the mask selects, gathered at the right. */
export const gather = (source: I64, mask: I64, then: (gathered: I64) => Sem): Sem =>
  variable(i64(0), (result) => [
    forEachOne(mask, (bit, rank) =>
      assign(result, or(result, shl(extendU(ne(and(source, bit), i64(0))), extendU(rank)))),
    ),
    then(result),
  ]);

/** The bits of `source` from the right, in the places that the mask selects. */
export const deposit = (source: I64, mask: I64, then: (scattered: I64) => Sem): Sem =>
  variable(i64(0), (result) => [
    forEachOne(mask, (bit, rank) =>
      when(wrap(and(shrU(source, extendU(rank)), i64(1))), assign(result, or(result, bit))),
    ),
    then(result),
  ]);

/** The bits that the mask selects at the right, the others at the left, in order (centrifuge). */
export const centrifuge = (source: I64, mask: I64, then: (sorted: I64) => Sem): Sem =>
  gather(source, mask, (right) =>
    gather(source, not(mask), (left) =>
      // With no bit on the left there is nothing to shift; a shift by 64 would not shift.
      then(or(shl(left, popcnt(mask)), right)),
    ),
  );

/** The mask's bits to the left of the first selected one of RS, all of them where there is none. */
export const beforeFirst = (mask: I64, selected: I64): I64 =>
  select(eqz(selected), mask, and(mask, not(shrU(i64(-1), clz(selected)))));
/** The mask's bits to the right of the last selected one, all of them where there is none. */
export const afterLast = (mask: I64, selected: I64): I64 =>
  and(mask, sub(and(selected, neg(selected)), i64(1)));
