/** Quad-precision comparison, maximum and minimum (Power ISA v3.0B and v3.1 Book I, 7.6.3). */
import { FPSCR } from '../registers/float';
import {
  and, eq, eqz, extendU, gtU, i64, ltS, ltU, ne, neg, not, or, select, shl, shrU, wrap, xor, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { finishComparison, finishVector, fpscr } from '../vocabulary/fpscr';
import { eqQuad, isZeroQuad, ltQuad, quad, selectQuad, type Quad } from '../vocabulary/quadword';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setCrField, type Sem } from '../vocabulary/stmt';
import { setVr, splat64, vr, type Vector } from '../vocabulary/vector';
import { vsxProperties } from '../vocabulary/vsx-float';

const PO = 63;
const [A, B] = [vr('VRA'), vr('VRB')];
const properties = (level: IsaLevel): RowProperties => vsxProperties(level, 'floatCompare');

const LESS = i64(8);
const GREATER = i64(4);
const EQUAL = i64(2);
const UNORDERED = i64(1);

const SIGN = 1n << 63n;
const INFINITY = 0x7fffn << 48n;
const magnitude = ({ high, low }: Quad): Quad => ({ high: and(high, i64(SIGN - 1n)), low });
const isNan = (q: Quad): I32 => {
  const { high, low } = magnitude(q);
  return or(gtU(high, i64(INFINITY)), and(eq(high, i64(INFINITY)), ne(low, i64(0))));
};
const isSignalling = (q: Quad): I32 => and(isNan(q), eqz(and(q.high, i64(1n << 47n))));
/** A signed number in the order of the values. */
const inOrder = (q: Quad): Quad =>
  selectQuad(ltS(q.high, i64(0)), { high: xor(q.high, i64(SIGN - 1n)), low: not(q.low) }, q);
const bothZero = (a: Quad, b: Quad): I32 => and(isZeroQuad(magnitude(a)), isZeroQuad(magnitude(b)));

/** How two numbers are related, as bits of a CR field, and the exceptions of finding that out. */
interface Comparison {
  readonly relation: I64;
  readonly status: I64;
}
const compare = (kind: 'ordered' | 'unordered', body: (c: Comparison) => Sem): Sem =>
  quad(A, (a) =>
    quad(B, (b) => {
      const signalling = or(isSignalling(a), isSignalling(b));
      const unordered = or(isNan(a), isNan(b));
      const vxsnan = select(signalling, i64(FPSCR.VXSNAN.mask), i64(0));
      // Of an SNaN only where that is not enabled already.
      const invalid = and(unordered, or(eqz(signalling), eqz(and(fpscr, i64(FPSCR.VE.mask)))));
      const vxvc = kind === 'ordered' ? select(invalid, i64(FPSCR.VXVC.mask), i64(0)) : i64(0);
      const equal = or(eqQuad(a, b), bothZero(a, b));
      const ordered = select(equal, EQUAL, select(ltQuad('S', inOrder(a), inOrder(b)), LESS, GREATER));
      return def(select(unordered, UNORDERED, ordered), (relation) =>
        def(or(vxsnan, vxvc), (status) => body({ relation, status })),
      );
    }),
  );

const toCrField = ({ relation, status }: Comparison): Sem =>
  def(or(status, shl(relation, i64(FPSCR.FPCC.shift))), (whole) =>
    finishComparison(whole, setCrField('BF', wrap(relation))),
  );
const exponentOf = ({ high }: Quad): I64 => and(shrU(high, i64(48)), i64(0x7fff));
/** Exponents as unsigned numbers; those of NaNs are unordered. */
const compareExponents: Sem = quad(A, (a) =>
  quad(B, (b) => {
    const [x, y] = [exponentOf(a), exponentOf(b)];
    const ordered = select(eq(x, y), EQUAL, select(ltU(x, y), LESS, GREATER));
    return def(select(or(isNan(a), isNan(b)), UNORDERED, ordered), (relation) =>
      toCrField({ relation, status: i64(0) }),
    );
  }),
);

const isAmong = (relation: I64, bits: bigint): I32 => ne(and(relation, i64(bits)), i64(0));
const toMask = (bits: bigint, { relation, status }: Comparison): Sem =>
  finishVector(status, setVr('VRT', splat64(neg(extendU(isAmong(relation, bits))))));
/** As the conditional operator of C has it: the second operand unless the first is the one wanted. */
const extreme = (bits: bigint): Sem =>
  compare('unordered', ({ relation, status }) =>
    finishVector(status, setVr('VRT', select(isAmong(relation, bits), A, B) satisfies Vector)),
  );

const toVector = (name: string, XO: number, sem: Sem): InsnRow =>
  insn(name, 'X', { PO, XO }, 'VRT,VRA,VRB', properties('v3.1'), sem);
const toField = (name: string, XO: number, sem: Sem): InsnRow =>
  insn(name, 'X', { PO, XO }, 'BF,VRA,VRB', properties('v3.0'), sem);

export const VSX_QUAD_COMPARE_ROWS: readonly InsnRow[] = [
  toField('xscmpoqp', 132, compare('ordered', toCrField)),
  toField('xscmpuqp', 644, compare('unordered', toCrField)),
  toField('xscmpexpqp', 164, compareExponents),
  toVector(
    'xscmpeqqp',
    68,
    compare('unordered', (c) => toMask(2n, c)),
  ),
  toVector(
    'xscmpgeqp',
    196,
    compare('ordered', (c) => toMask(6n, c)),
  ),
  toVector(
    'xscmpgtqp',
    228,
    compare('ordered', (c) => toMask(4n, c)),
  ),
  toVector('xsmaxcqp', 676, extreme(4n)),
  toVector('xsmincqp', 740, extreme(8n)),
];
