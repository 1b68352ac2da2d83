/** The steps of AES (FIPS 197) on a vector that holds the state, its bytes in order. */
import { op, v128 } from './expr';
import { every, rotlEach, shlEach, shrSEach, shuffle } from './lanes';
import { def, type Sem } from './stmt';
import { splatByte, vand, vor, vxor, type Vector } from './vector';

/** The product with x in GF(2^8). */
const doubled = (x: number): number => ((x << 1) ^ (x & 0x80 ? 0x11b : 0)) & 0xff;
/** The powers of 3, which are all numbers but 0, and the logarithms. */
const POWERS = Array.from({ length: 255 }, () => 1);
for (let i = 1; i < 255; i++) POWERS[i] = doubled(POWERS[i - 1]!) ^ POWERS[i - 1]!;
const inverse = (x: number): number => (x === 0 ? 0 : POWERS[(255 - POWERS.indexOf(x)) % 255]!);
const rotated = (x: number, by: number): number => ((x << by) | (x >> (8 - by))) & 0xff;
const S_BOX = Array.from({ length: 256 }, (_, x) => {
  const b = inverse(x);
  return b ^ rotated(b, 1) ^ rotated(b, 2) ^ rotated(b, 3) ^ rotated(b, 4) ^ 0x63;
});
const INVERSE_S_BOX = S_BOX.map((_, x) => S_BOX.indexOf(x));

const ROW = 16;
/** Sixteen bytes of a table, the first one least significant, as the swizzle counts. */
const part = (table: readonly number[], from: number): Vector =>
  v128(table.slice(from, from + ROW).reduceRight((all, x) => (all << 8n) | BigInt(x), 0n));
/** Every byte looked up in a table of 256: each sixteenth of it gives 0 for bytes of the others. */
const lookUp = (table: readonly number[], value: Vector): Vector =>
  Array.from({ length: table.length / ROW }, (_, i) =>
    op<'v128'>('v128.swizzle', part(table, ROW * i), op<'v128'>('v128.sub8', value, splatByte(ROW * i))),
  ).reduce(vor);

export const subBytes = (state: Vector): Vector => lookUp(S_BOX, state);
export const inverseSubBytes = (state: Vector): Vector => lookUp(INVERSE_S_BOX, state);

/** Row r of the state, bytes r, r + 4, r + 8 and r + 12, rotated by r columns. */
const rows = (columns: (row: number) => number): number[] =>
  Array.from({ length: 16 }, (_, i) => (i + 4 * columns(i % 4) + 16) % 16);
export const shiftRows = (state: Vector): Vector => shuffle(state, state, rows((row) => row)); // prettier-ignore
export const inverseShiftRows = (state: Vector): Vector => shuffle(state, state, rows((row) => -row)); // prettier-ignore

/** Every byte times 2 in GF(2^8). */
const twice = (a: Vector): Vector => vxor(shlEach(8, a, 1), vand(shrSEach(8, a, 7), every(8, 0x1b)));

/** 2 a + 3 b + c + d for every byte a of a column and those below it: 2 (a + b) + b + c + d. */
export const mixColumns = (state: Vector, body: (mixed: Vector) => Sem): Sem =>
  def(state, (a) =>
    def(rotlEach(32, a, 8), (b) =>
      def(vxor(a, b), (sum) => body(vxor(twice(sum), vxor(b, rotlEach(32, sum, 16))))),
    ),
  );
/** The inverse is the same after 4 (a + c) is added to a. */
export const inverseMixColumns = (state: Vector, body: (mixed: Vector) => Sem): Sem =>
  def(state, (a) =>
    def(vxor(a, rotlEach(32, a, 16)), (sum) =>
      def(twice(sum), (two) => mixColumns(vxor(a, twice(two)), body)),
    ),
  );
