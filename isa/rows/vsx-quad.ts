/** Quad-precision arithmetic and conversion (Power ISA v3.0B and v3.1 Book I, 7.6.3). */
import { FPSCR } from '../registers/float';
import { and, eqz, field, i32, i64, or, select, shl, shrS, type I32 } from '../vocabulary/expr';
import { finishScalar, fpscr } from '../vocabulary/fpscr';
import { QUAD_CONTROL, quadControl, quadOperation, type QuadOperation } from '../vocabulary/quad-float';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { dw0, setVr, vector, vr, type Vector } from '../vocabulary/vector';
import { vsxProperties } from '../vocabulary/vsx-float';

const PO = 63;
const [A, B, T] = [vr('VRA'), vr('VRB'), vr('VRT')];
const { ODD, AWAY, NEGATE_ADDEND, NEGATE_RESULT, UNSIGNED, WORD, DOUBLEWORD } = QUAD_CONTROL;
const PROPERTIES: RowProperties = vsxProperties('v3.0', 'vectorFloat');
const SLOW: RowProperties = vsxProperties('v3.0', 'vectorDivide');

/** An operation that sets FPRF, FR and FI. */
const operation = (name: QuadOperation, operands: readonly Vector[], control: I32): Sem =>
  quadOperation(name, operands, control, (result, status) => finishScalar(status, setVr('VRT', result)));

const ROUND_TO_ODD = Math.log2(ODD);
/** RO makes an inexact result odd. */
const orToOdd = (bits: number): I32 => quadControl(or(i32(bits), shl(field('RO'), i32(ROUND_TO_ODD))));
const arithmetic = (name: string, XO: number, [what, operands, bits]: readonly [QuadOperation, readonly Vector[], number]): InsnRow =>
  insn(
    name, 'X', { PO, XO }, 'VRT,VRA,VRB',
    { ...(what === 'quotient' ? SLOW : PROPERTIES), suffixes: ['RO'] },
    operation(what, operands, orToOdd(bits)),
  ); // prettier-ignore

interface Conversion {
  readonly EO: number;
  readonly level?: IsaLevel;
}
const converting = (name: string, { EO, level = 'v3.0' }: Conversion, sem: Sem): InsnRow =>
  insn(name, 'X', { PO, EO, XO: 836 }, 'VRT,VRB', { ...PROPERTIES, level }, sem);
/** choice: FPRF, which is undefined, stays as it was, as in QEMU. */
const toInteger = (name: string, conversion: Conversion, bits: number): InsnRow =>
  converting(
    name,
    conversion,
    quadOperation('toInteger', [B], quadControl(i32(bits)), (result, status) =>
      def(or(status, and(fpscr, i64(FPSCR.FPRF.mask))), (whole) => finishScalar(whole, setVr('VRT', result))),
    ),
  );
const fromInteger = (name: string, conversion: Conversion, [source, bits]: readonly [Vector, number]): InsnRow =>
  converting(name, conversion, operation('fromInteger', [source], quadControl(i32(bits)))); // prettier-ignore
const V3_1 = { level: 'v3.1' } as const;

/**
 * R and RMC: the mode RMC; or with R=0 FPSCR's, but for RMC=0 to the nearest, ties away from zero. choice: RMC 1 and 2,
 * which are reserved, as 3.
 */
const RN = 3;
const roundingControl: I32 = ((): I32 => {
  const current = quadControl(i32(0));
  const without = and(current, i32(~RN));
  const nearest = or(without, i32(AWAY));
  const byFpscr = select(eqz(field('RMC')), nearest, current);
  return select(field('R'), or(without, field('RMC')), byFpscr);
})();
const INEXACT = FPSCR.XX.mask | FPSCR.FR.mask | FPSCR.FI.mask;
/** Without EX inexactness is no exception, and FR and FI become 0. */
const integral = (ignored: bigint): Sem =>
  quadOperation('integral', [B], roundingControl, (result, status) =>
    def(and(status, i64(~ignored)), (reported) => finishScalar(reported, setVr('VRT', result))),
  );

export const VSX_QUAD_ROWS: readonly InsnRow[] = [
  arithmetic('xsaddqp', 4, ['sum', [A, B], 0]),
  arithmetic('xssubqp', 516, ['sum', [A, B], NEGATE_ADDEND]),
  arithmetic('xsmulqp', 36, ['product', [A, B], 0]),
  arithmetic('xsdivqp', 548, ['quotient', [A, B], 0]),
  arithmetic('xsmaddqp', 388, ['fused', [A, B, T], 0]),
  arithmetic('xsmsubqp', 420, ['fused', [A, B, T], NEGATE_ADDEND]),
  arithmetic('xsnmaddqp', 452, ['fused', [A, B, T], NEGATE_RESULT]),
  arithmetic('xsnmsubqp', 484, ['fused', [A, B, T], NEGATE_ADDEND | NEGATE_RESULT]),
  insn(
    'xssqrtqp', 'X', { PO, EO: 27, XO: 804 }, 'VRT,VRB', { ...SLOW, suffixes: ['RO'] },
    operation('root', [B], orToOdd(0)),
  ),
  insn(
    'xscvqpdp', 'X', { PO, EO: 20, XO: 836 }, 'VRT,VRB', { ...PROPERTIES, suffixes: ['RO'] },
    operation('toDouble', [B], orToOdd(0)),
  ),
  converting('xscvdpqp', { EO: 22 }, operation('fromDouble', [B], quadControl(i32(0)))),
  toInteger('xscvqpuwz', { EO: 1 }, UNSIGNED | WORD),
  toInteger('xscvqpswz', { EO: 9 }, WORD),
  toInteger('xscvqpudz', { EO: 17 }, UNSIGNED | DOUBLEWORD),
  toInteger('xscvqpsdz', { EO: 25 }, DOUBLEWORD),
  toInteger('xscvqpuqz', { EO: 0, ...V3_1 }, UNSIGNED),
  toInteger('xscvqpsqz', { EO: 8, ...V3_1 }, 0),
  fromInteger('xscvudqp', { EO: 2 }, [vector(i64(0), dw0(B)), UNSIGNED]),
  fromInteger('xscvsdqp', { EO: 10 }, [vector(shrS(dw0(B), i64(63)), dw0(B)), 0]),
  fromInteger('xscvuqqp', { EO: 3, ...V3_1 }, [B, UNSIGNED]),
  fromInteger('xscvsqqp', { EO: 11, ...V3_1 }, [B, 0]),
  insn('xsrqpi', 'Z23', { PO, XO: 5, EX: 0 }, 'R,VRT,VRB,RMC', PROPERTIES, integral(INEXACT)),
  insn('xsrqpix', 'Z23', { PO, XO: 5, EX: 1 }, 'R,VRT,VRB,RMC', PROPERTIES, integral(0n)),
  insn(
    'xsrqpxp', 'Z23', { PO, XO: 37 }, 'R,VRT,VRB,RMC', PROPERTIES,
    operation('extended', [B], roundingControl),
  ),
]; // prettier-ignore
