/** Pieces of semantics of 16-byte accesses to a pair of GPRs, of which the even-numbered one is named. */
import { add, and, eq, field, gpr, i32, i64, load, mode, or, select, type I32, type I64 } from './expr';
import { def, setGpr, store, type Sem } from './stmt';

const QUAD = { storage: 'quad' } as const;

/** True where a field does not name a pair. */
export const isOdd = (pair: string): I32 => and(field(pair), i32(1));
/** Forms of loads of a pair that are invalid: no pair, or the base is its first register (RA = 0 included). */
export const invalidPairLoad: I32 = or(isOdd('RTp'), eq(field('RTp'), field('RA')));

const second = (pair: string): I32 => add(field(pair), i32(1));

/**
 * True where the even register has the doubleword at EA+8: so lq and stq do in little-endian mode, so that the pair is
 * the quadword with its more significant half first (Book I, 3.3.4); the prefixed forms never do (Book I, 3.3.4).
 */
type Swapped = I32;
export const wordForm: Swapped = mode('le');
export const prefixedForm: Swapped = i32(0);

/** Both doublewords are loaded before a register is written. */
export const loadPair = (ea: I64, swapped: Swapped): Sem =>
  def(load(8, ea, QUAD), (low) =>
    def(load(8, add(ea, i64(8)), QUAD), (high) => [
      setGpr('RTp', select(swapped, high, low)),
      setGpr(second('RTp'), select(swapped, low, high)),
    ]),
  );

export const storePair = (ea: I64, swapped: Swapped): Sem => {
  const [even, odd] = [gpr('RSp'), gpr(second('RSp'))];
  return [
    store(8, ea, select(swapped, odd, even), QUAD),
    store(8, add(ea, i64(8)), select(swapped, even, odd), QUAD),
  ];
};
