/** Conversion between half precision, bfloat16 and wider formats (Power ISA v3.0B and v3.1 Book I, 7.6.3). */
import { extendU, type I64 } from '../vocabulary/expr';
import { controlWith, floatRound } from '../vocabulary/float-arithmetic';
import { shlEach, WORD_NUMBERS, word } from '../vocabulary/lanes';
import { BFLOAT16, halfToDouble, HALF, roundTo } from '../vocabulary/narrow-float';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { setVsr, type Sem } from '../vocabulary/stmt';
import { dw0 } from '../vocabulary/vector';
import {
  B, elementwise, scalar, singles, toSingles, toWords, vsxProperties, type Bind,
} from '../vocabulary/vsx-float'; // prettier-ignore

const row = (name: string, [EO, XO]: readonly [number, number], level: IsaLevel, sem: Sem): InsnRow =>
  insn(name, 'XX2', { PO: 60, EO, XO }, 'XT,XB', vsxProperties(level, 'vectorFloat'), sem);
const SCALAR = 347;
const VECTOR = 475;

const quieted = (x: I64) => floatRound(x, controlWith(0));
/** The halfword at the right end of every word. */
const halves = WORD_NUMBERS.map(
  (n): Bind<I64> =>
    (body) =>
      halfToDouble(extendU(word(B, n)), body),
);

export const VSX_HALF_ROWS: readonly InsnRow[] = [
  row(
    'xscvhpdp',
    [16, SCALAR],
    'v3.0',
    halfToDouble(dw0(B), (value) => scalar(quieted(value))),
  ),
  row('xscvdphp', [17, SCALAR], 'v3.0', scalar(roundTo(HALF, dw0(B)))),
  row('xvcvhpsp', [24, VECTOR], 'v3.0', elementwise([halves], quieted, toSingles)),
  row(
    'xvcvsphp',
    [25, VECTOR],
    'v3.0',
    elementwise([singles(B)], (x) => roundTo(HALF, x), toWords),
  ),
  // The upper half of a single: nothing is rounded, and SNaNs stay what they are.
  row('xvcvbf16spn', [16, VECTOR], 'v3.1', setVsr('XT', shlEach(32, B, 16))),
  row(
    'xvcvspbf16',
    [17, VECTOR],
    'v3.1',
    elementwise([singles(B)], (x) => roundTo(BFLOAT16, x), toWords),
  ),
];
