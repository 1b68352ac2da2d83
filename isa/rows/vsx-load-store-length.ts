/**
 * Vector loads and stores of as many bytes as a register says (Power ISA v3.0B Book I, 7.6.3: lxvl, lxvll, stxvl,
 * stxvll). A length of 0 accesses nothing; a load that faults leaves its register as it was.
 */
import {
  add, extendU, geU, gpr, gprOrZero, i32, i64, load, ltU, mode, or, select, shl, shrU, sub, vsr, wrap, type I32,
  type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { insn, type InsnRow } from '../vocabulary/row';
import { assign, def, repeat, setVsr, store, variable, when, type Sem } from '../vocabulary/stmt';
import { atEffective } from '../vocabulary/storage';
import { dw0, dw1, isUpperVsr, vector, vsxOrVector, type Vector } from '../vocabulary/vector';
import {
  loadInByteOrder, loadTwo, quadLoaded, quadStored, storeInByteOrder, storeTwo,
} from '../vocabulary/vector-storage'; // prettier-ignore

const QUADWORD = 16;

/** How bytes of storage correspond to bytes of the register. */
interface Order {
  /** How far byte i of storage is from the right end of the register, in bits. */
  readonly place: (i: I32) => I32;
  readonly loadWhole: (ea: I64) => Sem;
  readonly storeWhole: (ea: I64, value: Vector) => Sem;
}
const fromLeft = (i: I32): I32 => shl(sub(i32(QUADWORD - 1), i), i32(3));
const fromRight = (i: I32): I32 => shl(i, i32(3));

/** A number of as many bytes in the byte order of the mode: little-endian ones are at the right end. */
const NUMBER: Order = {
  place: (i) => select(mode('le'), fromRight(i), fromLeft(i)),
  loadWhole: (ea) => loadTwo(ea, (first, second) => setVsr('XT', quadLoaded(first, second))),
  storeWhole: (ea, value) => storeTwo(ea, quadStored(value)),
};
/** A string, left-justified in every mode. */
const STRING: Order = {
  place: fromLeft,
  loadWhole: (ea) => loadInByteOrder(ea, (value) => setVsr('XT', value)),
  storeWhole: storeInByteOrder,
};

/** Bits 0:7 of RB; more than 16 stands for 16. */
const length: I32 = wrap(shrU(gpr('RB'), i64(56)));
const byLength = (whole: (ea: I64) => Sem, part: (ea: I64, bytes: I32) => Sem): Sem =>
  atEffective(gprOrZero('RA'), (ea) =>
    def(length, (bytes) => when(geU(bytes, i32(QUADWORD)), whole(ea), part(ea, bytes))),
  );
const isInLowHalf = (place: I32): I32 => ltU(place, i32(64));

const loadPart =
  ({ place }: Order) =>
  (ea: I64, bytes: I32): Sem =>
    variable(i64(0), (high) =>
      variable(i64(0), (low) => [
        repeat(bytes, QUADWORD - 1, (i) =>
          def(load(1, add(ea, extendU(i))), (byte) =>
            def(place(i), (at) =>
              def(shl(byte, extendU(at)), (moved) =>
                when(isInLowHalf(at), assign(low, or(low, moved)), assign(high, or(high, moved))),
              ),
            ),
          ),
        ),
        setVsr('XT', vector(high, low)),
      ]),
    );
const storePart =
  ({ place }: Order, value: Vector) =>
  (ea: I64, bytes: I32): Sem =>
    repeat(bytes, QUADWORD - 1, (i) =>
      def(place(i), (at) =>
        store(1, add(ea, extendU(i)), shrU(select(isInLowHalf(at), dw1(value), dw0(value)), extendU(at))),
      ),
    );

const loading = (name: string, XO: number, order: Order): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, 'XT,RA,RB', { level: 'v3.0', feature: 'vsx', timing: 'load' }, [
    vsxOrVector(isUpperVsr('XT')),
    byLength(order.loadWhole, loadPart(order)),
  ]);
const storing = (name: string, XO: number, order: Order): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, 'XS,RA,RB', { level: 'v3.0', feature: 'vsx', timing: 'store' }, [
    vsxOrVector(isUpperVsr('XS')),
    def(vsr('XS'), (value) => byLength((ea) => order.storeWhole(ea, value), storePart(order, value))),
  ]);

export const VSX_LENGTH_ROWS: readonly InsnRow[] = [
  loading('lxvl', 269, NUMBER),
  loading('lxvll', 301, STRING),
  storing('stxvl', 397, NUMBER),
  storing('stxvll', 429, STRING),
];
