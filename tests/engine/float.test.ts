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
function instantiate(tabulatedEstimates: boolean): Record<IeeeOpName, Call> {
  const builder = new ModuleBuilder();
  const functions = defineFloat(builder, { tabulatedEstimates });
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
const generated = instantiate(false);

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
  ['float.reciprocal', fc.tuple(double), environment],
  ['float.reciprocalRoot', fc.tuple(double), environment],
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

describe("Microwatt's estimates", () => {
  const tabulated = instantiate(true);
  const estimate = (name: IeeeOpName, value: bigint, control = 0): { value: bigint; status: bigint } => {
    tabulated[name](value, control);
    return { value: view.getBigUint64(8, true), status: view.getBigUint64(0, true) };
  };
  const bits = (x: number): bigint => {
    const at = new DataView(new ArrayBuffer(8));
    at.setFloat64(0, x);
    return at.getBigUint64(0);
  };

  // Results of Microwatt's own floating-point tests.
  test.each<[IeeeOpName, bigint, bigint]>([
    ['float.reciprocal', bits(1), 0x3feff00400000000n],
    ['float.reciprocal', bits(-1), 0xbfeff00400000000n],
    ['float.reciprocal', bits(3), 0x3fd54e3800000000n],
    ['float.reciprocal', 0xc03ffffffdffffbfn, 0xbfa0040000000000n],
    ['float.reciprocal', 0n, 0x7ff0000000000000n],
    ['float.reciprocal', 0xfff0000000000000n, 0x8000000000000000n],
    ['float.reciprocalRoot', bits(1), 0x3feff80000000000n],
    ['float.reciprocalRoot', bits(2), 0x3fe69dc800000000n],
    ['float.reciprocalRoot', bits(3), 0x3fe2781800000000n],
    ['float.reciprocalRoot', bits(4), 0x3fdff80000000000n],
    ['float.reciprocalRoot', 0x7fd0000000000000n, 0x1ffff80000000000n],
    ['float.reciprocalRoot', 0x0008000000000000n, 0x5fe69dc800000000n],
    ['float.reciprocalRoot', 2n, 0x61769dc800000000n],
    ['float.reciprocalRoot', 1n, 0x617ff80000000000n],
    ['float.reciprocalRoot', 1n << 63n, 0xfff0000000000000n],
    ['float.reciprocalRoot', bits(-1), 0x7ff8000000000000n],
    ['float.reciprocalRoot', 0xfff123456789abcdn, 0xfff923456789abcdn],
    ['float.reciprocalRoot', bits(Infinity), 0n],
  ])('%s of %p is %p', (name, value, expected) => {
    expect(estimate(name, value).value).toBe(expected);
  });

  test('are as near as the manual wants: 1/256 and 1/32', () => {
    const value = (b: bigint): number => {
      const at = new DataView(new ArrayBuffer(8));
      at.setBigUint64(0, b);
      return at.getFloat64(0);
    };
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        expect(Math.abs(value(estimate('float.reciprocal', bits(x)).value) * x - 1)).toBeLessThan(1 / 256);
        const root = value(estimate('float.reciprocalRoot', bits(x)).value);
        expect(Math.abs(root * Math.sqrt(x) - 1)).toBeLessThan(1 / 32);
      }),
    );
  });
});
