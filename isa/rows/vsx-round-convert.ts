/**
 * Vector-scalar rounding to integers, and conversion between formats and integers (Power ISA Book I, 7.6.3). Where a
 * narrow result leaves a word undefined before v3.1, it has the result too, as later.
 */
import { FPSCR } from '../registers/float';
import { and, i64, or, sext, shl, shrU, zext32, type I32, type I64 } from '../vocabulary/expr';
import { doubleToSingle, singleToDouble } from '../vocabulary/float';
import {
  controlRounding, controlWith, FLOAT_CONTROL, floatFromInteger, floatRound, floatToInteger, floatToIntegral, resultOf,
  ROUND, statusOf,
} from '../vocabulary/float-arithmetic'; // prettier-ignore
import { finishScalar, fpscr } from '../vocabulary/fpscr';
import { inDw0 } from '../vocabulary/lanes';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { def, setVsr, type Sem } from '../vocabulary/stmt';
import { dw0, dw1 } from '../vocabulary/vector';
import {
  B, doublewords, elementwise, evenSingles, scalar, singles, toDoublewords, toEvenSingles, toEvenWords, toSingles,
  toWords, vsxProperties, type Bind, type Elements,
} from '../vocabulary/vsx-float'; // prettier-ignore

const { SINGLE, AWAY, UNSIGNED, WORD } = FLOAT_CONTROL;
const row = (name: string, XO: number, sem: Sem, level: IsaLevel = 'v2.06'): InsnRow =>
  insn(name, 'XX2', { PO: 60, XO }, 'XT,XB', vsxProperties(level, 'vectorFloat'), sem);

const b = dw0(B);
/** What rounding to an integer does not report. */
const ROUNDING = FPSCR.XX.mask | FPSCR.FR.mask | FPSCR.FI.mask;

/** To an integer in floating-point format, in a given way: inexactness is no exception, FR and FI become 0. */
const roundings = (letter: string, XO: number, control: I32): InsnRow[] => {
  const value = floatToIntegral(b, control);
  const integral = (x: I64) => floatToIntegral(x, control);
  return [
    row(
      `xsrdpi${letter}`, 64 + XO,
      def(value, (r) =>
        def(and(statusOf(r), i64(~ROUNDING)), (status) =>
          finishScalar(status, setVsr('XT', inDw0(resultOf(r)))),
        ),
      ),
    ),
    row(`xvrspi${letter}`, 128 + XO, elementwise([singles(B)], integral, toSingles, { ignored: ROUNDING })),
    row(`xvrdpi${letter}`, 192 + XO, elementwise([doublewords(B)], integral, toDoublewords, { ignored: ROUNDING })),
  ];
}; // prettier-ignore
/** As FPSCR says, reporting inexactness. */
const currentRoundings = (): InsnRow[] => {
  const integral = (x: I64) => floatToIntegral(x, controlWith(0));
  return [
    row('xsrdpic', 64 + 43, scalar(integral(b))),
    row('xvrspic', 128 + 43, elementwise([singles(B)], integral, toSingles)),
    row('xvrdpic', 192 + 43, elementwise([doublewords(B)], integral, toDoublewords)),
  ];
};

const bothHalves = (word: I64): I64 => or(shl(word, i64(32)), zext32(word));
const same = (value: I64): I64 => value;
/** To an integer towards zero. choice: FPRF, which is undefined, stays as it was, as in QEMU. */
const scalarToInteger = (bits: number, put: (value: I64) => I64): Sem =>
  def(floatToInteger(b, controlRounding(ROUND.ZERO, bits)), (r) =>
    def(or(statusOf(r), and(fpscr, i64(FPSCR.FPRF.mask))), (status) =>
      finishScalar(status, setVsr('XT', inDw0(put(resultOf(r))))),
    ),
  );
const toIntegers = (letter: 's' | 'u', XO: number, sign: number): InsnRow[] => {
  const doubleword = (x: I64) => floatToInteger(x, controlRounding(ROUND.ZERO, sign));
  const word = (x: I64) => floatToInteger(x, controlRounding(ROUND.ZERO, sign | WORD));
  return [
    row(`xscvdp${letter}xws`, 64 + XO, scalarToInteger(sign | WORD, bothHalves)),
    row(`xscvdp${letter}xds`, 320 + XO, scalarToInteger(sign, same)),
    row(`xvcvsp${letter}xws`, 128 + XO, elementwise([singles(B)], word, toWords)),
    row(`xvcvdp${letter}xws`, 192 + XO, elementwise([doublewords(B)], word, toEvenWords)),
    row(`xvcvsp${letter}xds`, 384 + XO, elementwise([evenSingles(B)], doubleword, toDoublewords)),
    row(`xvcvdp${letter}xds`, 448 + XO, elementwise([doublewords(B)], doubleword, toDoublewords)),
  ];
};

/** Words as integers of 64 bits. */
const wordsAs =
  (extend: (word: I64) => I64) =>
  (places: readonly (readonly [half: typeof dw0, shift: 0 | 32])[]): Elements =>
  (value) =>
    places.map(
      ([half, shift]): Bind<I64> =>
        (body) =>
          def(extend(shrU(half(value), i64(shift))), body),
    );
const EVERY = [[dw0, 32], [dw0, 0], [dw1, 32], [dw1, 0]] as const; // prettier-ignore
const EVEN = [[dw0, 32], [dw1, 32]] as const; // prettier-ignore
const fromIntegers = (letter: 's' | 'u', XO: number, sign: number): InsnRow[] => {
  const words = wordsAs(sign ? zext32 : (word) => sext(32, word));
  const double = (x: I64) => floatFromInteger(x, controlWith(sign));
  const single = (x: I64) => floatFromInteger(x, controlWith(sign | SINGLE));
  return [
    row(`xscv${letter}xdsp`, 280 + XO, scalar(single(b)), 'v2.07'),
    row(`xscv${letter}xddp`, 344 + XO, scalar(double(b))),
    row(`xvcv${letter}xwsp`, 152 + XO, elementwise([words(EVERY)(B)], single, toSingles)),
    row(`xvcv${letter}xwdp`, 216 + XO, elementwise([words(EVEN)(B)], double, toDoublewords)),
    row(`xvcv${letter}xdsp`, 408 + XO, elementwise([doublewords(B)], single, toEvenSingles)),
    row(`xvcv${letter}xddp`, 472 + XO, elementwise([doublewords(B)], double, toDoublewords)),
  ];
};

const firstWord = shrU(b, i64(32));
const toSingle = (x: I64) => floatRound(x, controlWith(SINGLE));
const toDouble = (x: I64) => floatRound(x, controlWith(0));
const narrowed: Sem = def(toSingle(b), (r) =>
  doubleToSingle(resultOf(r), (word) => finishScalar(statusOf(r), setVsr('XT', inDw0(bothHalves(word))))),
);

export const VSX_ROUND_CONVERT_ROWS: readonly InsnRow[] = [
  ...roundings('', 9, controlRounding(ROUND.NEAREST, AWAY)),
  ...roundings('z', 25, controlRounding(ROUND.ZERO)),
  ...roundings('p', 41, controlRounding(ROUND.UP)),
  ...roundings('m', 57, controlRounding(ROUND.DOWN)),
  ...currentRoundings(),
  ...toIntegers('u', 8, UNSIGNED),
  ...toIntegers('s', 24, 0),
  ...fromIntegers('u', 16, UNSIGNED),
  ...fromIntegers('s', 32, 0),
  row('xsrsp', 281, scalar(toSingle(b)), 'v2.07'),
  row('xscvdpsp', 265, narrowed),
  row('xscvspdp', 329, singleToDouble(firstWord, (value) => scalar(toDouble(value)))),
  row('xvcvdpsp', 393, elementwise([doublewords(B)], toSingle, toEvenSingles)),
  row('xvcvspdp', 457, elementwise([evenSingles(B)], toDouble, toDoublewords)),
  // These change the format only: nothing is rounded, and SNaNs stay what they are.
  row('xscvdpspn', 267, doubleToSingle(b, (word) => setVsr('XT', inDw0(bothHalves(word)))), 'v2.07'),
  row('xscvspdpn', 331, singleToDouble(firstWord, (value) => setVsr('XT', inDw0(value))), 'v2.07'),
]; // prettier-ignore
