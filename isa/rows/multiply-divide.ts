/**
 * Fixed-point multiply, divide and modulo (Power ISA Book I, 3.3.9). Results that the ISA leaves undefined are those of
 * IBM's processors: the high word of mulhw repeats the low one, that of divw and its like is 0, and so is a quotient or
 * remainder that does not exist.
 */
import {
  bothHalves,
  def2,
  divideHigh,
  magnitude,
  mulHighS,
  mulHighU,
  noQuotientS,
  safeDivS,
  safeDivU,
  safeRemS,
  safeRemU,
} from '../vocabulary/arith';
import {
  add,
  eq,
  eqz,
  extendS,
  extendU,
  field,
  geU,
  gpr,
  gtU,
  i64,
  ltU,
  mul,
  ne,
  neg,
  or,
  select,
  sext,
  shl,
  shrS,
  shrU,
  signedField,
  wrap,
  xor,
  zext32,
  type Expr,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { record, setOverflow } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type SuffixField, type TimingClass } from '../vocabulary/row';
import { assign, def, setGpr, variable, when, type Sem } from '../vocabulary/stmt';

const RA = gpr('RA');
const RB = gpr('RB');
const RA_WORD = sext(32, RA);
const RB_WORD = sext(32, RB);

interface Shape {
  readonly level: IsaLevel;
  readonly timing: TimingClass;
  readonly suffixes?: readonly SuffixField[];
}
const OE_RC: readonly SuffixField[] = ['OE', 'Rc'];
const RC: readonly SuffixField[] = ['Rc'];
const DIVIDE: Shape = { level: 'PPC', timing: 'div', suffixes: OE_RC };
const EXTENDED: Shape = { ...DIVIDE, level: 'v2.06' };

const xo = (mnemonic: string, XO: number, shape: Shape, sem: Sem): InsnRow =>
  insn(mnemonic, 'XO', { PO: 31, XO }, 'RT,RA,RB', shape, sem);

/** RT, OV where OE asks for it, and CR0 where Rc does. */
const result = (value: I64, overflow: I32): Sem => [
  when(field('OE'), setOverflow(overflow, overflow)),
  def(value, (rt) => [setGpr('RT', rt), record(rt)]),
];
/** As {@link result}, for instructions without OE. */
const plainResult = (value: I64): Sem => def(value, (rt) => [setGpr('RT', rt), record(rt)]);

/** The high word of a product of words. */
const highWord = (product: I64): Sem => plainResult(bothHalves(wrap(shrU(product, i64(32)))));

/** mulldo: the product does not fit where its high doubleword is not the sign of the low one. */
const mulld: Sem = def2(RA, RB, (a, b) =>
  def(mul(a, b), (low) => [
    when(
      field('OE'),
      mulHighS(a, b, (high) =>
        def(ne(high, shrS(low, i64(63))), (overflow) => setOverflow(overflow, overflow)),
      ),
    ),
    setGpr('RT', low),
    record(low),
  ]),
);

const MULTIPLY: readonly InsnRow[] = [
  insn(
    'mulli', 'D', { PO: 7 }, 'RT,RA,SI', { level: 'P1', timing: 'mul64' },
    setGpr('RT', mul(RA, signedField('SI'))),
  ),
  xo('mullw', 235, { level: 'P1', timing: 'mul32', suffixes: OE_RC },
    def(mul(RA_WORD, RB_WORD), (product) =>
      def(ne(product, sext(32, product)), (overflow) => result(product, overflow)),
    ),
  ),
  xo('mulhw', 75, { level: 'PPC', timing: 'mul32', suffixes: RC }, highWord(mul(RA_WORD, RB_WORD))),
  xo('mulhwu', 11, { level: 'PPC', timing: 'mul32', suffixes: RC }, highWord(mul(zext32(RA), zext32(RB)))),
  xo('mulld', 233, { level: 'PPC', timing: 'mul64', suffixes: OE_RC }, mulld),
  xo('mulhd', 73, { level: 'PPC', timing: 'mul64', suffixes: RC },
    def2(RA, RB, (a, b) => mulHighS(a, b, plainResult)),
  ),
  xo('mulhdu', 9, { level: 'PPC', timing: 'mul64', suffixes: RC },
    def2(RA, RB, (a, b) => mulHighU(a, b, plainResult)),
  ),
]; // prettier-ignore

const multiplyAdd = (mnemonic: string, XO: number, sem: Sem): InsnRow =>
  insn(mnemonic, 'VA', { PO: 4, XO }, 'RT,RA,RB,RC', { level: 'v3.0', timing: 'mul64' }, sem);

/** The high doubleword of a * b + c, from that of the product and that of c. */
const highOfSum = (high: I64, highOfC: I64): Sem =>
  def2(mul(RA, RB), gpr('RC'), (low, c) =>
    setGpr('RT', add(add(high, highOfC), extendU(ltU(add(low, c), c)))),
  );

const MULTIPLY_ADD: readonly InsnRow[] = [
  multiplyAdd('maddhd', 48,
    def2(RA, RB, (a, b) => mulHighS(a, b, (high) => highOfSum(high, shrS(gpr('RC'), i64(63))))),
  ),
  multiplyAdd('maddhdu', 49,
    def2(RA, RB, (a, b) => mulHighU(a, b, (high) => highOfSum(high, i64(0)))),
  ),
  multiplyAdd('maddld', 51, setGpr('RT', add(mul(RA, RB), gpr('RC')))),
]; // prettier-ignore

/** Operands of a division, and whether there is no quotient. */
type Division<T extends 'i32' | 'i64'> = (a: Expr<T>, b: Expr<T>, none: I32) => Sem;
const signed = <T extends 'i32' | 'i64'>(a: Expr<T>, b: Expr<T>, then: Division<T>): Sem =>
  def2(a, b, (x, y) => def(noQuotientS(x, y), (none) => then(x, y, none)));
const unsigned = <T extends 'i32' | 'i64'>(a: Expr<T>, b: Expr<T>, then: Division<T>): Sem =>
  def2(a, b, (x, y) => def(eqz(y), (none) => then(x, y, none)));

const WORDS = [wrap(RA), wrap(RB)] as const;
const DOUBLEWORDS = [RA, RB] as const;

/** divwe, divweu: the quotient of (RA's low word * 2^32) by RB's, where it fits. */
const extendedWord = (quotient: I64, none: I32, fits: (q: I64) => I32): Sem =>
  def(quotient, (q) =>
    def(or(none, eqz(fits(q))), (overflow) => result(select(overflow, i64(0), zext32(q)), overflow)),
  );

const divdeu: Sem = def2(RA, RB, (a, b) =>
  def(geU(a, b), (overflow) =>
    variable(i64(0), (quotient) => [
      when(
        eqz(overflow),
        divideHigh(a, b, (q) => assign(quotient, q)),
      ),
      result(quotient, overflow),
    ]),
  ),
);

/** divde by magnitudes: the quotient fits up to 2^63 - 1, or 2^63 where it is negative. */
const divde: Sem = def2(RA, RB, (a, b) =>
  def(shrU(xor(a, b), i64(63)), (negative) =>
    magnitude(a, (x) =>
      magnitude(b, (y) =>
        variable(i64(-1), (size) => [
          when(
            ltU(x, y),
            divideHigh(x, y, (q) => assign(size, q)),
          ),
          def(gtU(size, add(i64((1n << 63n) - 1n), negative)), (overflow) =>
            result(select(overflow, i64(0), select(wrap(negative), neg(size), size)), overflow),
          ),
        ]),
      ),
    ),
  ),
);

const DIVISION_ROWS: readonly InsnRow[] = [
  xo('divw', 491, DIVIDE, signed(...WORDS, (a, b, none) => result(extendU(safeDivS(a, b, none)), none))),
  xo('divwu', 459, DIVIDE, unsigned(...WORDS, (a, b, none) => result(extendU(safeDivU(a, b, none)), none))),
  xo('divwe', 427, EXTENDED,
    signed(shl(RA, i64(32)), RB_WORD, (a, b, none) =>
      extendedWord(safeDivS(a, b, none), none, (q) => eq(q, sext(32, q))),
    ),
  ),
  xo('divweu', 395, EXTENDED,
    unsigned(shl(RA, i64(32)), zext32(RB), (a, b, none) =>
      extendedWord(safeDivU(a, b, none), none, (q) => eq(q, zext32(q))),
    ),
  ),
  xo('divd', 489, DIVIDE, signed(...DOUBLEWORDS, (a, b, none) => result(safeDivS(a, b, none), none))),
  xo('divdu', 457, DIVIDE, unsigned(...DOUBLEWORDS, (a, b, none) => result(safeDivU(a, b, none), none))),
  xo('divde', 425, EXTENDED, divde),
  xo('divdeu', 393, EXTENDED, divdeu),
]; // prettier-ignore

const modulo = (mnemonic: string, XO: number, sem: Sem): InsnRow =>
  insn(mnemonic, 'X', { PO: 31, XO }, 'RT,RA,RB', { level: 'v3.0', timing: 'div' }, sem);

const MODULO: readonly InsnRow[] = [
  modulo('modsw', 779, signed(...WORDS, (a, b, none) => setGpr('RT', extendS(safeRemS(a, b, none))))),
  modulo('moduw', 267, unsigned(...WORDS, (a, b, none) => setGpr('RT', extendU(safeRemU(a, b, none))))),
  modulo('modsd', 777, signed(...DOUBLEWORDS, (a, b, none) => setGpr('RT', safeRemS(a, b, none)))),
  modulo('modud', 265, unsigned(...DOUBLEWORDS, (a, b, none) => setGpr('RT', safeRemU(a, b, none)))),
]; // prettier-ignore

export const MULTIPLY_DIVIDE_ROWS: readonly InsnRow[] = [
  ...MULTIPLY,
  ...MULTIPLY_ADD,
  ...DIVISION_ROWS,
  ...MODULO,
];
