/** Pieces of semantics of 16-byte accesses to storage: quadwords in the byte order of the mode, and bytes in order. */
import { add, i64, load, mode, select, type I64 } from './expr';
import { def, store, when, type Sem } from './stmt';
import { dw0, dw1, vector, type Vector } from './vector';

/** In the order of storage. */
export type Doublewords = readonly [first: I64, second: I64];

interface Reversed {
  readonly reversed?: boolean;
}

const DOUBLEWORD = i64(8);
const next = (ea: I64): I64 => add(ea, DOUBLEWORD);

/** Loads both doublewords before what follows. */
export const loadTwo = (ea: I64, body: (first: I64, second: I64) => Sem, o: Reversed = {}): Sem =>
  def(load(8, ea, o), (first) => def(load(8, next(ea), o), (second) => body(first, second)));
export const storeTwo = (ea: I64, [first, second]: Doublewords, o: Reversed = {}): Sem => [
  store(8, ea, first, o),
  store(8, next(ea), second, o),
];

/** A quadword in the byte order of the mode: in little-endian mode doubleword 0 comes last. */
export const quadLoaded = (first: I64, second: I64): Vector =>
  vector(select(mode('le'), second, first), select(mode('le'), first, second));
export const quadStored = (value: Vector): Doublewords => [
  select(mode('le'), dw1(value), dw0(value)),
  select(mode('le'), dw0(value), dw1(value)),
];

/** Sixteen bytes in the order of storage, whatever the mode. */
export const loadInByteOrder = (ea: I64, body: (value: Vector) => Sem): Sem => {
  const loaded = (o: Reversed): Sem => loadTwo(ea, (first, second) => body(vector(first, second)), o);
  return when(mode('le'), loaded({ reversed: true }), loaded({}));
};
export const storeInByteOrder = (ea: I64, value: Vector): Sem => {
  const stored = (o: Reversed): Sem => storeTwo(ea, [dw0(value), dw1(value)], o);
  return when(mode('le'), stored({ reversed: true }), stored({}));
};
