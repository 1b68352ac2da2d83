/** Vector-scalar comparison, maximum and minimum (Power ISA Book I, 7.6.3). */
import { FPSCR } from '../registers/float';
import {
  and, eq, eqz, extendU, field, i32, i64, ltS, ltU, ne, neg, op, or, select, shl, shrU, wrap, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import {
  controlWith, FLOAT_CONTROL, floatCompare, resultOf, statusOf, type FloatResult,
} from '../vocabulary/float-arithmetic'; // prettier-ignore
import { finishComparison, finishVector } from '../vocabulary/fpscr';

import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setCrField, setVsr, when, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, type Vector } from '../vocabulary/vector';
import {
  A, B, bindAll, doublewords, elementwise, singles, toDoublewords, toSingles, toWords, vsxProperties, scalarKeepingClass, withResult, type Bind, type Elements,
  type Gather,
} from '../vocabulary/vsx-float'; // prettier-ignore

const PO = 60;
const PROPERTIES: RowProperties = vsxProperties('v2.06', 'floatCompare');
const { ORDERED } = FLOAT_CONTROL;
/** The bits of a comparison's result. */
const LESS = 8n;
const GREATER = 4n;
const EQUAL = 2n;
const UNORDERED = 1n;

/** Sets BF and FPCC. */
const toCrField = (relation: I64, status: I64): Sem =>
  def(or(status, shl(relation, i64(FPSCR.FPCC.shift))), (whole) =>
    finishComparison(whole, setCrField('BF', wrap(relation))),
  );
const scalarComparison = (bits: number): Sem =>
  def(floatCompare(dw0(A), dw0(B), controlWith(bits)), (r) => toCrField(resultOf(r), statusOf(r)));

const isNaN = (x: I64): I32 => op('i64.gtU', shl(x, i64(1)), i64(0xffe0_0000_0000_0000n));
const exponentOf = (x: I64): I64 => and(shrU(x, i64(52)), i64(0x7ff));
/** Exponents as unsigned numbers; those of NaNs are unordered. */
const exponentComparison: Sem = def(exponentOf(dw0(A)), (a) =>
  def(exponentOf(dw0(B)), (b) => {
    const ordered = select(eq(a, b), i64(EQUAL), select(ltU(a, b), i64(LESS), i64(GREATER)));
    const relation = select(or(isNaN(dw0(A)), isNaN(dw0(B))), i64(UNORDERED), ordered);
    return def(relation, (value) => toCrField(value, i64(0)));
  }),
);

/** A relation that makes an element all ones, of a comparison result's bits. */
interface Relation {
  readonly name: 'eq' | 'gt' | 'ge';
  readonly bits: bigint;
  readonly control: number;
  /** Distance of the extended opcode from that of eq. */
  readonly XO: number;
}
const RELATIONS: readonly Relation[] = [
  { name: 'eq', bits: EQUAL, control: 0, XO: 0 },
  { name: 'gt', bits: GREATER, control: ORDERED, XO: 8 },
  { name: 'ge', bits: GREATER | EQUAL, control: ORDERED, XO: 16 },
];
const mask = ({ bits }: Relation, r: FloatResult): I64 =>
  neg(extendU(ne(and(resultOf(r), i64(bits)), i64(0))));
const related = (relation: Relation, a: I64, b: I64): Bind<FloatResult> =>
  withResult(floatCompare(a, b, controlWith(relation.control)), (r) => mask(relation, r));

const CR6 = i32(6);
/** CR6: every element, 0, none, 0. */
const summary = (value: Vector): I32 => {
  const all = eq(and(dw0(value), dw1(value)), i64(-1n));
  return or(shl(all, i32(3)), shl(eqz(or(dw0(value), dw1(value))), i32(1)));
};
/** CR6 is that of the elements even where an enabled exception keeps them from being written. */
const comparedElements = (relation: Relation, elements: Elements, gather: Gather): Sem =>
  bindAll(
    pairs(elements).map(
      ([a, b]) =>
        (body: (r: FloatResult) => Sem) =>
          a((x) => b((y) => related(relation, x, y)(body))),
    ),
    (results) =>
      gather(results.map(resultOf))((value) =>
        def(value, (whole) => [
          when(field('Rc'), setCrField(CR6, summary(whole))),
          def(
            results.map(statusOf).reduce((x, y) => or(x, y)),
            (status) => finishVector(status, setVsr('XT', whole)),
          ),
        ]),
      ),
  );
const pairs = (elements: Elements) => elements(A).map((a, n) => [a, elements(B)[n]!] as const);

const comparisons = RELATIONS.flatMap((relation) => {
  const { name, XO } = relation;
  const vector = (suffix: 'sp' | 'dp', first: number, sem: Sem): InsnRow =>
    insn(`xvcmp${name}${suffix}`, 'XX3', { PO, XO7: first + XO }, 'XT,XA,XB', { ...PROPERTIES, suffixes: ['Rc'] }, sem);
  return [
    insn(
      `xscmp${name}dp`, 'XX3', { PO, XO: 3 + XO }, 'XT,XA,XB', { ...PROPERTIES, level: 'v3.0' },
      scalarKeepingClass(related(relation, dw0(A), dw0(B))),
    ),
    vector('sp', 67, comparedElements(relation, singles, toWords)),
    vector('dp', 99, comparedElements(relation, doublewords, toDoublewords)),
  ];
}); // prettier-ignore

type Choice = 'max' | 'min';
/** Whether a is before b in the order of the choice; zeros are ordered by their signs. */
const precedes = (choice: Choice, a: I64, b: I64, r: FloatResult): I32 => {
  const strictly = ne(and(resultOf(r), i64(choice === 'max' ? GREATER : LESS)), i64(0));
  const isEqual = ne(and(resultOf(r), i64(EQUAL)), i64(0));
  const bySign = ltS(choice === 'max' ? b : a, i64(0));
  return or(strictly, and(isEqual, bySign));
};
const isSignalling = (r: FloatResult): I32 => ne(and(statusOf(r), i64(FPSCR.VXSNAN.mask)), i64(0));
/** A QNaN beside a number gives the number; all other NaNs the first one, quiet. */
const extreme =
  (choice: Choice) =>
  (a: I64, b: I64): Bind<FloatResult> =>
    withResult(floatCompare(a, b, controlWith(0)), (r) => {
      const quieted = or(select(isNaN(a), a, b), i64(1n << 51n));
      const number = select(isNaN(a), b, select(or(isNaN(b), precedes(choice, a, b, r)), a, b));
      return select(or(isSignalling(r), and(isNaN(a), isNaN(b))), quieted, number);
    });
/** As the conditional operator of C has it: the second operand unless the first precedes it. */
const likeC =
  (choice: Choice) =>
  (a: I64, b: I64): Bind<FloatResult> =>
    withResult(floatCompare(a, b, controlWith(0)), (r) =>
      select(ne(and(resultOf(r), i64(choice === 'max' ? GREATER : LESS)), i64(0)), a, b),
    );
/** As Java has it: any NaN, the first before the second, as it is; zeros are ordered. */
const likeJava =
  (choice: Choice) =>
  (a: I64, b: I64): Bind<FloatResult> =>
    withResult(floatCompare(a, b, controlWith(0)), (r) =>
      select(or(isNaN(a), and(eqz(isNaN(b)), precedes(choice, a, b, r))), a, b),
    );

const CHOICES = ['max', 'min'] as const;
const extremes = CHOICES.flatMap((choice, n) => {
  const row = (name: string, XO: number, sem: Sem, properties = PROPERTIES): InsnRow =>
    insn(name, 'XX3', { PO, XO: XO + 8 * n }, 'XT,XA,XB', properties, sem);
  const v3: RowProperties = { ...PROPERTIES, level: 'v3.0' };
  return [
    row(`xs${choice}dp`, 160, scalarKeepingClass(extreme(choice)(dw0(A), dw0(B)))),
    row(`xs${choice}cdp`, 128, scalarKeepingClass(likeC(choice)(dw0(A), dw0(B))), v3),
    row(`xs${choice}jdp`, 144, scalarKeepingClass(likeJava(choice)(dw0(A), dw0(B))), v3),
    row(`xv${choice}dp`, 224, elementwise([doublewords(A), doublewords(B)], extreme(choice), toDoublewords)),
    row(`xv${choice}sp`, 192, elementwise([singles(A), singles(B)], extreme(choice), toSingles)),
  ];
});

export const VSX_COMPARE_ROWS: readonly InsnRow[] = [
  insn('xscmpudp', 'XX3', { PO, XO: 35 }, 'BF,XA,XB', PROPERTIES, scalarComparison(0)),
  insn('xscmpodp', 'XX3', { PO, XO: 43 }, 'BF,XA,XB', PROPERTIES, scalarComparison(ORDERED)),
  insn('xscmpexpdp', 'XX3', { PO, XO: 59 }, 'BF,XA,XB', { ...PROPERTIES, level: 'v3.0' }, exponentComparison),
  ...comparisons,
  ...extremes,
];
