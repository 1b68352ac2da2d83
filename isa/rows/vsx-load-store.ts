/** Vector-scalar loads and stores that do not convert (Power ISA Book I, 7.6.1 and the descriptions in 7.6.3). */
import {
  add, and, field, i64, load, mode, mul, ne, or, i32, rotl, select, shl, shrU, vsr, zext32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { dispDQ, dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setVsr, store, when, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed } from '../vocabulary/storage';
import { dw0, dw1, setVr, splat64, vector, vr, vsxOrVector, type Vector } from '../vocabulary/vector';

const loading = (level: IsaLevel): RowProperties => ({ level, feature: 'vsx', facility: 'VSX', timing: 'load' }); // prettier-ignore
const storing = (level: IsaLevel): RowProperties => ({ ...loading(level), timing: 'store' });
/** Of the instructions that check VSX or VEC themselves, by the register. */
const unchecked = (level: IsaLevel, timing: 'load' | 'store'): RowProperties => ({ level, feature: 'vsx', timing }); // prettier-ignore

const DOUBLEWORD = i64(8);
const next = (ea: I64): I64 => add(ea, DOUBLEWORD);

type Doublewords = readonly [I64, I64];
/** Both doublewords in the order of storage, each in the current byte order. */
const loadBoth = (sum: I64, body: (first: I64, second: I64) => Vector): Sem =>
  atEffective(sum, (ea) =>
    def(load(8, ea), (first) => def(load(8, next(ea)), (second) => setVsr('XT', body(first, second)))),
  );
const storeBoth = (sum: I64, parts: (value: Vector) => Doublewords): Sem =>
  atEffective(sum, (ea) =>
    def(vsr('XS'), (value) => {
      const [first, second] = parts(value);
      return [store(8, ea, first), store(8, next(ea), second)];
    }),
  );

/** A quadword in the current byte order. */
const quadLoaded = (first: I64, second: I64): Vector =>
  vector(select(mode('le'), second, first), select(mode('le'), first, second));
const quadStored = (value: Vector): Doublewords => [
  select(mode('le'), dw1(value), dw0(value)),
  select(mode('le'), dw0(value), dw1(value)),
];

/** Words in the order of storage: in little-endian mode the second of two is the upper half of a doubleword. */
const wordOrder = (both: I64): I64 => select(mode('le'), rotl(both, i64(32)), both);
const LOW_HALVES = i64(0x0000ffff_0000ffffn);
const swapHalves = (x: I64): I64 => or(shl(and(x, LOW_HALVES), i64(16)), and(shrU(x, i64(16)), LOW_HALVES));
/** Halfwords likewise. */
const halfwordOrder = (four: I64): I64 => select(mode('le'), swapHalves(rotl(four, i64(32))), four);
const everyWord = (word: I64): Vector => splat64(mul(zext32(word), i64(0x0000_0001_0000_0001n)));

/** Bytes in the order of storage, whatever the mode. */
const inByteOrder = (load16: (reversed: boolean) => Sem): Sem =>
  when(mode('le'), load16(true), load16(false));
const loadBytes: Sem = inByteOrder((reversed) =>
  atEffective(indexed, (ea) =>
    def(load(8, ea, { reversed }), (first) =>
      def(load(8, next(ea), { reversed }), (second) => setVsr('XT', vector(first, second))),
    ),
  ),
);
const storeBytes: Sem = inByteOrder((reversed) =>
  atEffective(indexed, (ea) =>
    def(vsr('XS'), (value) => [
      store(8, ea, dw0(value), { reversed }),
      store(8, next(ea), dw1(value), { reversed }),
    ]),
  ),
);

/** choice: doubleword 1, undefined before v3.1, becomes 0. */
const setScalar = (value: I64): Sem => setVsr('XT', vector(value, i64(0)));
const scalar = dw0(vsr('XS'));

const VSR_LOAD = 'XT,RA,RB';
const VSR_STORE = 'XS,RA,RB';
const loadRow = (name: string, XO: number, level: IsaLevel, sem: Sem): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, VSR_LOAD, loading(level), sem);
const storeRow = (name: string, XO: number, level: IsaLevel, sem: Sem): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, VSR_STORE, storing(level), sem);

/** True where a field with these bits numbers one of VSR 32 to 63. */
const isHigh = (register: 'XT' | 'XS') => ne(and(field(register), i32(32)), i32(0));
/** v3.0 forms whose facility depends on the register. */
const either = (register: 'XT' | 'XS', sem: Sem): Sem => [vsxOrVector(isHigh(register)), sem];

export const VSX_LOAD_STORE_ROWS: readonly InsnRow[] = [
  loadRow('lxvd2x', 844, 'v2.06', loadBoth(indexed, vector)),
  loadRow('lxvw4x', 780, 'v2.06', loadBoth(indexed, (a, b) => vector(wordOrder(a), wordOrder(b)))),
  loadRow('lxvh8x', 812, 'v3.0', loadBoth(indexed, (a, b) => vector(halfwordOrder(a), halfwordOrder(b)))),
  loadRow('lxvb16x', 876, 'v3.0', loadBytes),
  loadRow('lxvdsx', 332, 'v2.06', def(load(8, indexed), (value) => setVsr('XT', splat64(value)))),
  insn(
    'lxvwsx', 'XX1', { PO: 31, XO: 364 }, VSR_LOAD, unchecked('v3.0', 'load'),
    either('XT', def(load(4, indexed), (value) => setVsr('XT', everyWord(value)))),
  ),
  loadRow('lxsdx', 588, 'v2.06', setScalar(load(8, indexed))),
  loadRow('lxsiwax', 76, 'v2.07', setScalar(load(4, indexed, { signed: true }))),
  loadRow('lxsiwzx', 12, 'v2.07', setScalar(load(4, indexed))),
  insn(
    'lxsibzx', 'XX1', { PO: 31, XO: 781 }, VSR_LOAD, unchecked('v3.0', 'load'),
    either('XT', setScalar(load(1, indexed))),
  ),
  insn(
    'lxsihzx', 'XX1', { PO: 31, XO: 813 }, VSR_LOAD, unchecked('v3.0', 'load'),
    either('XT', setScalar(load(2, indexed))),
  ),
  insn(
    'lxvx', 'XX1', { PO: 31, XO: 268 }, VSR_LOAD, unchecked('v3.0', 'load'),
    either('XT', loadBoth(indexed, quadLoaded)),
  ),
  insn(
    'lxv', 'DQ', { PO: 61, XO3: 1 }, 'XT,DQ(RA)', unchecked('v3.0', 'load'),
    either('XT', loadBoth(displaced(dispDQ), quadLoaded)),
  ),
  insn(
    'lxsd', 'DS', { PO: 57, XO: 2 }, 'VRT,DS(RA)', { ...unchecked('v3.0', 'load'), facility: 'VEC' },
    setVr('VRT', vector(load(8, displaced(dispDS)), i64(0))),
  ),
  storeRow('stxvd2x', 972, 'v2.06', storeBoth(indexed, (value) => [dw0(value), dw1(value)])),
  storeRow('stxvw4x', 908, 'v2.06', storeBoth(indexed, (v) => [wordOrder(dw0(v)), wordOrder(dw1(v))])),
  storeRow('stxvh8x', 940, 'v3.0', storeBoth(indexed, (v) => [halfwordOrder(dw0(v)), halfwordOrder(dw1(v))])),
  storeRow('stxvb16x', 1004, 'v3.0', storeBytes),
  storeRow('stxsdx', 716, 'v2.06', store(8, indexed, scalar)),
  storeRow('stxsiwx', 140, 'v2.07', store(4, indexed, scalar)),
  insn(
    'stxsibx', 'XX1', { PO: 31, XO: 909 }, VSR_STORE, unchecked('v3.0', 'store'),
    either('XS', store(1, indexed, scalar)),
  ),
  insn(
    'stxsihx', 'XX1', { PO: 31, XO: 941 }, VSR_STORE, unchecked('v3.0', 'store'),
    either('XS', store(2, indexed, scalar)),
  ),
  insn(
    'stxvx', 'XX1', { PO: 31, XO: 396 }, VSR_STORE, unchecked('v3.0', 'store'),
    either('XS', storeBoth(indexed, quadStored)),
  ),
  insn(
    'stxv', 'DQ', { PO: 61, XO3: 5 }, 'XS,DQ(RA)', unchecked('v3.0', 'store'),
    either('XS', storeBoth(displaced(dispDQ), quadStored)),
  ),
  insn(
    'stxsd', 'DS', { PO: 61, XO: 2 }, 'VRS,DS(RA)', { ...unchecked('v3.0', 'store'), facility: 'VEC' },
    store(8, displaced(dispDS), dw0(vr('VRS'))),
  ),
]; // prettier-ignore
