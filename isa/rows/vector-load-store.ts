/** Vector loads and stores (Power ISA Book I, 6.7), and the permutation masks for unaligned data (6.8.3). */
import { add, and, extendU, i32, i64, load, mode, mul, or, select, shl, shrU, sub, wrap, ltU, not, type I32, type I64 } from '../vocabulary/expr'; // prettier-ignore
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, nothing, store, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed } from '../vocabulary/storage';
import { dw0, dw1, setVr, vector, vr, type Vector } from '../vocabulary/vector';

const VECTOR = { level: 'v2.03', feature: 'vector', facility: 'VEC' } as const;
const LOAD: RowProperties = { ...VECTOR, timing: 'load' };
const STORE: RowProperties = { ...VECTOR, timing: 'store' };

const DOUBLEWORD = 8;
const QUADWORD = 16;
const aligned = (ea: I64, bytes: number): I64 => and(ea, i64(-bytes));

/** The quadword at an address, in the current byte order: doubleword 0 comes last in little-endian mode. */
const loadQuad: Sem = atEffective(indexed, (sum) =>
  def(aligned(sum, QUADWORD), (ea) =>
    def(load(DOUBLEWORD, ea), (first) =>
      def(load(DOUBLEWORD, add(ea, i64(DOUBLEWORD))), (second) =>
        setVr('VRT', vector(select(mode('le'), second, first), select(mode('le'), first, second))),
      ),
    ),
  ),
);
const storeQuad: Sem = atEffective(indexed, (sum) =>
  def(aligned(sum, QUADWORD), (ea) =>
    def(vr('VRS'), (value) => [
      store(DOUBLEWORD, ea, select(mode('le'), dw1(value), dw0(value))),
      store(DOUBLEWORD, add(ea, i64(DOUBLEWORD)), select(mode('le'), dw0(value), dw1(value))),
    ]),
  ),
);

type ElementBytes = 1 | 2 | 4;

/** Bits that an element at an aligned address is above the least significant end of the register, 0..127. */
const placeOf = (ea: I64, bytes: ElementBytes): I32 => {
  const offset = wrap(and(ea, i64(QUADWORD - 1)));
  return shl(select(mode('le'), offset, sub(i32(QUADWORD - bytes), offset)), i32(3));
};
const inLowHalf = (place: I32): I32 => ltU(place, i32(64));

/** choice: the rest of the register, which is undefined, stays as it was. */
const loadElement = (bytes: ElementBytes): Sem =>
  atEffective(indexed, (sum) =>
    def(aligned(sum, bytes), (ea) =>
      def(load(bytes, ea), (value) =>
        def(placeOf(ea, bytes), (place) =>
          def(vr('VRT'), (old) => setVr('VRT', withElement(old, { value, place, bytes }))),
        ),
      ),
    ),
  );

function withElement(
  old: Vector,
  { value, place, bytes }: { value: I64; place: I32; bytes: ElementBytes },
): Vector {
  const shift = extendU(place);
  const ones = shl(i64((1n << BigInt(8 * bytes)) - 1n), shift);
  const put = (half: I64): I64 => or(and(half, not(ones)), shl(value, shift));
  const low = inLowHalf(place);
  return vector(select(low, dw0(old), put(dw0(old))), select(low, put(dw1(old)), dw1(old)));
}

const storeElement = (bytes: ElementBytes): Sem =>
  atEffective(indexed, (sum) =>
    def(aligned(sum, bytes), (ea) =>
      def(placeOf(ea, bytes), (place) =>
        def(vr('VRS'), (value) =>
          store(bytes, ea, shrU(select(inLowHalf(place), dw1(value), dw0(value)), extendU(place))),
        ),
      ),
    ),
  );

/** Sixteen ascending byte numbers, of which the first is in 0..16. */
const ascendingFrom = (first: I64): Sem =>
  def(mul(first, i64(0x0101_0101_0101_0101n)), (each) =>
    setVr('VRT', vector(add(each, i64(0x0001_0203_0405_0607n)), add(each, i64(0x0809_0a0b_0c0d_0e0fn)))),
  );
const misalignment: I64 = and(indexed, i64(QUADWORD - 1));

const sized = (name: string, XO: readonly [number, number, number], semantics: (b: ElementBytes) => Sem, timing: RowProperties): InsnRow[] => // prettier-ignore
  ([['b', 1], ['h', 2], ['w', 4]] as const).map(([letter, bytes], i) =>
    insn(
      name.replace('?', letter), 'X', { PO: 31, XO: XO[i]! }, timing === LOAD ? 'VRT,RA,RB' : 'VRS,RA,RB', timing,
      semantics(bytes),
    ),
  ); // prettier-ignore

/** Data streams were phased out with v3.0: hints that do nothing, available whatever MSR[VEC] is. */
const STREAM: RowProperties = { level: 'v2.03', feature: 'vector', timing: 'cache' };
const stream = (name: string, XO: number): InsnRow =>
  insn(name, 'X', { PO: 31, XO }, 'RA,RB,STRM', { ...STREAM, suffixes: ['T'] }, nothing);

export const VECTOR_LOAD_STORE_ROWS: readonly InsnRow[] = [
  ...sized('lve?x', [7, 39, 71], loadElement, LOAD),
  insn('lvx', 'X', { PO: 31, XO: 103 }, 'VRT,RA,RB', LOAD, loadQuad),
  // The hint that the data is not used again soon changes nothing here.
  insn('lvxl', 'X', { PO: 31, XO: 359 }, 'VRT,RA,RB', LOAD, loadQuad),
  ...sized('stve?x', [135, 167, 199], storeElement, STORE),
  insn('stvx', 'X', { PO: 31, XO: 231 }, 'VRS,RA,RB', STORE, storeQuad),
  insn('stvxl', 'X', { PO: 31, XO: 487 }, 'VRS,RA,RB', STORE, storeQuad),
  insn('lvsl', 'X', { PO: 31, XO: 6 }, 'VRT,RA,RB', { ...VECTOR, timing: 'alu' }, ascendingFrom(misalignment)),
  insn(
    'lvsr', 'X', { PO: 31, XO: 38 }, 'VRT,RA,RB', { ...VECTOR, timing: 'alu' },
    ascendingFrom(sub(i64(QUADWORD), misalignment)),
  ),
  stream('dst', 342),
  stream('dstst', 374),
  insn('dss', 'X', { PO: 31, XO: 822, ALL: 0 }, 'STRM', STREAM, nothing),
  insn('dssall', 'X', { PO: 31, XO: 822, ALL: 1 }, '', STREAM, nothing),
]; // prettier-ignore
