/**
 * Vector integer division and remainder (Power ISA Book I, 6.9.1.5, v3.1): of words, doublewords and quadwords, and of
 * dividends extended on the right by as many zeros.
 */
import { noQuotientS, safeDivS, safeDivU, safeRemS, safeRemU } from '../vocabulary/arith';
import {
  eqz, extendS, extendU, i64, select, shl, shrS, wrap, xor, type Expr, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { LETTER, word, words, type Sign } from '../vocabulary/lanes';
import { divideQuad, eqQuad, ofQuad, quad, withSign, type Quad } from '../vocabulary/quadword';
import type { InsnRow } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, vector } from '../vocabulary/vector';
import { A, B, binary, set } from '../vocabulary/vector-row';

type Int = 'i32' | 'i64';
type Wanted = 'quotient' | 'remainder';
/**
 * Where there is no quotient the result is undefined. choice: as in QEMU, that of a division by 1; a quotient of an
 * extended dividend that does not fit is cut, or means nothing.
 */
const simple = <T extends Int>(sign: Sign, wanted: Wanted, a: Expr<T>, b: Expr<T>): Expr<T> => {
  const none: I32 = sign === 'S' ? noQuotientS(a, b) : eqz(b);
  if (wanted === 'quotient') return select(none, a, (sign === 'S' ? safeDivS : safeDivU)(a, b, none));
  return (sign === 'S' ? safeRemS : safeRemU)(a, b, none);
};
const wordsOf = (sign: Sign, wanted: Wanted): Sem =>
  set(words((n) => simple(sign, wanted, word(A, n), word(B, n))));
const doublewordsOf = (sign: Sign, wanted: Wanted): Sem =>
  set(vector(simple(sign, wanted, dw0(A), dw0(B)), simple(sign, wanted, dw1(A), dw1(B))));

/** Words, extended, are divided as doublewords. */
const extendedWords = (sign: Sign): Sem => {
  const wide = sign === 'S' ? extendS : extendU;
  return set(words((n) => wrap(simple(sign, 'quotient', shl(wide(word(A, n)), i64(32)), wide(word(B, n))))));
};

const ZERO: Quad = { high: i64(0), low: i64(0) };
/** Puts a dividend into 256 bits. */
type Place = (dividend: Quad) => readonly [Quad, Quad];
const plain: Place = (dividend) => [ZERO, dividend];
const extended: Place = (dividend) => [dividend, ZERO];
const signOf = (value: I64, sign: Sign): I64 => (sign === 'S' ? shrS(value, i64(63)) : i64(0));
/** Divides magnitudes. */
const bySigns = (
  sign: Sign,
  [a, b]: readonly [Quad, Quad],
  place: Place,
  body: (quotient: Quad, remainder: Quad) => Sem,
): Sem =>
  def(signOf(a.high, sign), (signA) =>
    def(signOf(b.high, sign), (signB) =>
      withSign(a, signA, (dividend) =>
        withSign(b, signB, (divisor) =>
          divideQuad(place(dividend), divisor, (q, r) =>
            withSign(q, xor(signA, signB), (quotient) => withSign(r, signA, (rest) => body(quotient, rest))),
          ),
        ),
      ),
    ),
  );
const quadwordOf = (sign: Sign, wanted: Wanted, place: Place): Sem =>
  quad(A, (a) =>
    quad(B, (b) =>
      bySigns(sign, [a, b], place, (quotient, remainder) => {
        const none = eqQuad(b, ZERO);
        return set(
          wanted === 'quotient'
            ? select(none, A, ofQuad(quotient))
            : select(none, ofQuad(ZERO), ofQuad(remainder)),
        );
      }),
    ),
  );
/** Doublewords, extended, are divided as quadwords. */
const extendedDoubleword = (half: typeof dw0, sign: Sign, body: (quotient: I64) => Sem): Sem =>
  def(half(A), (a) =>
    def(half(B), (b) =>
      bySigns(
        sign,
        [
          { high: a, low: i64(0) },
          { high: signOf(b, sign), low: b },
        ],
        plain,
        (quotient) => def(select(eqz(b), a, quotient.low), body),
      ),
    ),
  );
const extendedDoublewords = (sign: Sign): Sem =>
  extendedDoubleword(dw0, sign, (first) =>
    extendedDoubleword(dw1, sign, (second) => set(vector(first, second))),
  );

const properties = { level: 'v3.1', timing: 'vectorDivide' } as const;
export const VECTOR_DIVIDE_ROWS: readonly InsnRow[] = (['U', 'S'] as const).flatMap((sign) => {
  const from = sign === 'U' ? 0 : 256;
  const s = sign.toLowerCase();
  const row = (operation: string, size: string, XO: number, sem: Sem): InsnRow =>
    binary(`v${operation}${s}${size}`, XO + from, sem, properties);
  return [
    row('div', 'q', 11, quadwordOf(sign, 'quotient', plain)),
    row('div', LETTER[32], 139, wordsOf(sign, 'quotient')),
    row('div', LETTER[64], 203, doublewordsOf(sign, 'quotient')),
    row('dive', 'q', 523, quadwordOf(sign, 'quotient', extended)),
    row('dive', LETTER[32], 651, extendedWords(sign)),
    row('dive', LETTER[64], 715, extendedDoublewords(sign)),
    row('mod', 'q', 1547, quadwordOf(sign, 'remainder', plain)),
    row('mod', LETTER[32], 1675, wordsOf(sign, 'remainder')),
    row('mod', LETTER[64], 1739, doublewordsOf(sign, 'remainder')),
  ];
});
