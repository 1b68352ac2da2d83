/** Floating-point rounding and conversion (Power ISA Book I, 4.6.7). */
import { FPSCR } from '../registers/float';
import { maskOf } from '../../src/core/bits';
import { and, i64, type I32 } from '../vocabulary/expr';
import { fpr, setFpr } from '../vocabulary/float';
import {
  controlRounding, controlWith, FLOAT_CONTROL, floatFromInteger, floatRound, floatToInteger, floatToIntegral, resultOf,
  ROUND, statusOf,
} from '../vocabulary/float-arithmetic'; // prettier-ignore
import { finishScalar, integerStatus, recordFloat } from '../vocabulary/fpscr';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';

const { SINGLE, AWAY, UNSIGNED, WORD } = FLOAT_CONTROL;
const b = fpr('FRB');

const row = (name: string, [PO, XO]: readonly [number, number], level: IsaLevel, sem: Sem): InsnRow =>
  insn(name, 'X', { PO, XO }, 'FRT,FRB', { level, feature: 'float', facility: 'FP', timing: 'float', suffixes: ['Rc'] }, sem); // prettier-ignore

const single: Sem = def(floatRound(b, controlWith(SINGLE)), (r) =>
  finishScalar(statusOf(r), setFpr('FRT', resultOf(r)), { after: recordFloat }),
);

/** To an integer in floating-point format: FR and FI become 0, and inexactness is no exception. */
const ROUNDING = maskOf(FPSCR.FR, FPSCR.FI, FPSCR.XX);
const toIntegral = (control: I32): Sem =>
  def(floatToIntegral(b, control), (r) =>
    def(and(statusOf(r), i64(~ROUNDING)), (status) =>
      finishScalar(status, setFpr('FRT', resultOf(r)), { after: recordFloat }),
    ),
  );

/** choice: the high word that a conversion to a word leaves undefined is the operator's, as in QEMU. */
const toInteger = (control: I32): Sem =>
  def(floatToInteger(b, control), (r) =>
    def(integerStatus(statusOf(r)), (status) =>
      finishScalar(status, setFpr('FRT', resultOf(r)), { after: recordFloat }),
    ),
  );
/** The conversion that rounds as RN says, and the one towards zero. */
const toIntegers = (name: string, XO: number, level: IsaLevel, bits: number): InsnRow[] => [
  row(name, [63, XO], level, toInteger(controlWith(bits))),
  row(`${name}z`, [63, XO + 1], level, toInteger(controlRounding(ROUND.ZERO, bits))),
];

const fromInteger = (bits: number): Sem =>
  def(floatFromInteger(b, controlWith(bits)), (r) =>
    finishScalar(statusOf(r), setFpr('FRT', resultOf(r)), { after: recordFloat }),
  );

export const FLOAT_CONVERT_ROWS: readonly InsnRow[] = [
  row('frsp', [63, 12], 'P1', single),
  ...toIntegers('fctid', 814, 'PPC', 0),
  ...toIntegers('fctidu', 942, 'v2.06', UNSIGNED),
  ...toIntegers('fctiw', 14, 'P2', WORD),
  ...toIntegers('fctiwu', 142, 'v2.06', WORD | UNSIGNED),
  row('fcfid', [63, 846], 'PPC', fromInteger(0)),
  row('fcfidu', [63, 974], 'v2.06', fromInteger(UNSIGNED)),
  row('fcfids', [59, 846], 'v2.06', fromInteger(SINGLE)),
  row('fcfidus', [59, 974], 'v2.06', fromInteger(SINGLE | UNSIGNED)),
  row('frin', [63, 392], 'v2.02', toIntegral(controlRounding(ROUND.NEAREST, AWAY))),
  row('friz', [63, 424], 'v2.02', toIntegral(controlRounding(ROUND.ZERO))),
  row('frip', [63, 456], 'v2.02', toIntegral(controlRounding(ROUND.UP))),
  row('frim', [63, 488], 'v2.02', toIntegral(controlRounding(ROUND.DOWN))),
];
