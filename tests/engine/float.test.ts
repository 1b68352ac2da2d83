/** The generated functions of IEEE arithmetic against exact rational numbers, in every rounding mode. */
import fc from 'fast-check';
import { FLOAT_CONTROL } from '../../isa/vocabulary/float-arithmetic';
import { IEEE_OPS, OPS, type IeeeOpName } from '../../isa/vocabulary/ops';
import { defineFloat } from '../../src/engine/float';
import { WASM } from '../../src/engine/wasm/api';
import { SIMD_OP } from '../../src/engine/wasm/opcodes';
import { Code, ModuleBuilder } from '../../src/engine/wasm/module';
import { double, integer, related } from '../support/float-values';
import { ieee } from '../support/ieee';

type Call = (...operands: (bigint | number)[]) => void;
const memory = new WASM.Memory({ initial: 1, maximum: 1 });
const view = new DataView(memory.buffer);

/** A module with a function for each operator that stores what it gives at address 0. */
function instantiate(): Record<IeeeOpName, Call> {
  const builder = new ModuleBuilder();
  const functions = defineFloat(builder);
  for (const name of IEEE_OPS) {
    const params = OPS[name].args;
    const func = builder.declare({ params, results: [] });
    const code = new Code(params.length).i32(0);
    params.forEach((_, i) => code.get(i));
    code.call(functions[name]).simdMemory(SIMD_OP.v128Store, 0);
    builder.define(func, code);
    builder.export(name, func);
  }
  const module = new WASM.Module(builder.encode(0));
  const table = new WASM.Table({ initial: 0, element: 'anyfunc' });
  return new WASM.Instance(module, { env: { memory, table } }).exports as Record<IeeeOpName, Call>;
}
const generated = instantiate();

const hex = (value: bigint): string => value.toString(16).padStart(16, '0');
function compare(name: IeeeOpName, operands: readonly bigint[], control: number): void {
  generated[name](...operands, control);
  const expected = ieee(name, [...operands, BigInt(control)]);
  const got = { value: hex(view.getBigUint64(8, true)), status: hex(view.getBigUint64(0, true)) };
  expect(got).toEqual({ value: hex(expected.value), status: hex(expected.status) });
}

const flags = (...bits: number[]): fc.Arbitrary<number> =>
  fc.tuple(...bits.map((bit) => fc.constantFrom(0, bit))).map((chosen) => chosen.reduce((a, b) => a | b, 0));
const { SINGLE, AWAY, NEGATE_ADDEND, NEGATE_RESULT, UNSIGNED, WORD, ORDERED } = FLOAT_CONTROL;
/** Enables and rounding, and the format. */
const environment = fc.tuple(fc.nat(255), flags(SINGLE)).map(([low, format]) => low | format);
const withFlags = (...bits: number[]): fc.Arbitrary<number> =>
  fc.tuple(environment, flags(...bits)).map(([a, b]) => a | b);

const pair = fc.oneof(fc.tuple(double, double), double.chain((a) => fc.tuple(fc.constant(a), related.map((d) => a ^ (d & 7n) ^ (d & (1n << 63n)))))); // prettier-ignore
const CASES: readonly [IeeeOpName, fc.Arbitrary<readonly bigint[]>, fc.Arbitrary<number>][] = [
  ['float.sum', pair, withFlags(NEGATE_ADDEND)],
  ['float.product', pair, environment],
  ['float.quotient', pair, environment],
  ['float.root', fc.tuple(double), environment],
  ['float.fused', fc.tuple(double, double, double), withFlags(NEGATE_ADDEND, NEGATE_RESULT)],
  ['float.rounded', fc.tuple(double), environment],
  ['float.integral', fc.tuple(double), withFlags(AWAY)],
  ['float.toInteger', fc.tuple(double), withFlags(UNSIGNED, WORD, AWAY)],
  ['float.fromInteger', fc.tuple(integer), withFlags(UNSIGNED)],
  ['float.comparison', pair, withFlags(ORDERED)],
];

test.each(CASES)('%s gives the exact result, rounded once, and its status', (name, operands, control) => {
  fc.assert(
    fc.property(operands, control, (values, bits) => compare(name, values, bits)),
    { numRuns: Number(process.env.BOOK3S_RUNS ?? 1500) },
  );
});

test('a multiply-add whose addend cancels the product, or lies around its last place', () => {
  const product = (a: bigint, b: bigint): bigint => ieee('float.product', [a, b, 0n]).value;
  fc.assert(
    fc.property(
      fc.tuple(double, double),
      fc.bigInt(-2n, 2n),
      fc.integer({ min: -110, max: 110 }),
      withFlags(NEGATE_ADDEND, NEGATE_RESULT),
      ([a, b], step, scale, control) => {
        const near = product(a, b) + step;
        const moved = near + (BigInt(scale) << 52n) * BigInt(control & 1);
        compare('float.fused', [a, b, BigInt.asUintN(64, moved)], control);
      },
    ),
    { numRuns: Number(process.env.BOOK3S_RUNS ?? 1500) },
  );
});
