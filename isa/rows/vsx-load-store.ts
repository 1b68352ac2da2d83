/** Vector-scalar loads and stores that do not convert (Power ISA Book I, 7.6.1 and the descriptions in 7.6.3). */
import { and, i64, load, mode, or, rotl, select, shl, shrU, vsr, type I64 } from '../vocabulary/expr';
import { dispDQ, dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setVsr, store, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed } from '../vocabulary/storage';
import {
  dw0, dw1, isUpperVsr, setVr, splat64, splatWord, vector, vr, vsxOrVector, type Vector,
} from '../vocabulary/vector'; // prettier-ignore
import {
  loadInByteOrder, loadTwo, quadLoaded, quadStored, storeInByteOrder, storeTwo, type Doublewords,
} from '../vocabulary/vector-storage'; // prettier-ignore

const loading = (level: IsaLevel): RowProperties => ({ level, feature: 'vsx', facility: 'VSX', timing: 'load' }); // prettier-ignore
const storing = (level: IsaLevel): RowProperties => ({ ...loading(level), timing: 'store' });
/** Of the instructions that check VSX or VEC themselves, by the register. */
const unchecked = (level: IsaLevel, timing: 'load' | 'store'): RowProperties => ({ level, feature: 'vsx', timing }); // prettier-ignore

/** Both doublewords in the order of storage, each in the current byte order. */
const loadBoth = (sum: I64, body: (first: I64, second: I64) => Vector): Sem =>
  atEffective(sum, (ea) => loadTwo(ea, (first, second) => setVsr('XT', body(first, second))));
const storeBoth = (sum: I64, parts: (value: Vector) => Doublewords): Sem =>
  atEffective(sum, (ea) => def(vsr('XS'), (value) => storeTwo(ea, parts(value))));

/** Words in the order of storage: in little-endian mode the second of two is the upper half of a doubleword. */
const wordOrder = (both: I64): I64 => select(mode('le'), rotl(both, i64(32)), both);
const LOW_HALVES = i64(0x0000ffff_0000ffffn);
const swapHalves = (x: I64): I64 => or(shl(and(x, LOW_HALVES), i64(16)), and(shrU(x, i64(16)), LOW_HALVES));
/** Halfwords likewise. */
const halfwordOrder = (four: I64): I64 => select(mode('le'), swapHalves(rotl(four, i64(32))), four);
/** Bytes in the order of storage, whatever the mode. */
const loadBytes: Sem = atEffective(indexed, (ea) => loadInByteOrder(ea, (value) => setVsr('XT', value)));
const storeBytes: Sem = atEffective(indexed, (ea) => def(vsr('XS'), (value) => storeInByteOrder(ea, value)));

const scalar = dw0(vsr('XS'));

const VSR_LOAD = 'XT,RA,RB';
const VSR_STORE = 'XS,RA,RB';
const loadRow = (name: string, XO: number, level: IsaLevel, sem: Sem): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, VSR_LOAD, loading(level), sem);
const storeRow = (name: string, XO: number, level: IsaLevel, sem: Sem): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, VSR_STORE, storing(level), sem);

/** v3.0 forms whose facility depends on the register. */
const either = (register: 'XT' | 'XS', sem: Sem): Sem => [vsxOrVector(isUpperVsr(register)), sem];

export const VSX_LOAD_STORE_ROWS: readonly InsnRow[] = [
  loadRow('lxvd2x', 844, 'v2.06', loadBoth(indexed, vector)),
  loadRow('lxvw4x', 780, 'v2.06', loadBoth(indexed, (a, b) => vector(wordOrder(a), wordOrder(b)))),
  loadRow('lxvh8x', 812, 'v3.0', loadBoth(indexed, (a, b) => vector(halfwordOrder(a), halfwordOrder(b)))),
  loadRow('lxvb16x', 876, 'v3.0', loadBytes),
  loadRow('lxvdsx', 332, 'v2.06', def(load(8, indexed), (value) => setVsr('XT', splat64(value)))),
  insn(
    'lxvwsx', 'XX1', { PO: 31, XO: 364 }, VSR_LOAD, unchecked('v3.0', 'load'),
    either('XT', def(load(4, indexed), (value) => setVsr('XT', splatWord(value)))),
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
