/** The evaluator itself: it is the referee of the rows and of the engine, so it must catch what breaks the rules. */
import type { Expr } from '../../isa/vocabulary/expr';
import { add, cia, divS, divU, field, gpr, i32, i64, load, mode, op, remS, resource, select, storeConditional } from '../../isa/vocabulary/expr'; // prettier-ignore
import { OPS, type OpName, type Ty } from '../../isa/vocabulary/ops';
import { expand, insn } from '../../isa/vocabulary/row';
import { assign, branchBy, branchTo, def, raise, repeat, setCrField, setGpr, setResource, store, variable, when, type Sem } from '../../isa/vocabulary/stmt'; // prettier-ignore
import { evaluate, newMachine, type Outcome, type TestMachine } from '../support/evaluate';
import { BE_32, BE_64, held, holding, LE_32, LE_64, registers } from '../support/execute';
import { applyOperator, fromF32, fromF64, toF64 } from '../support/operators';

const EA = 0x2000n;
const run = (sem: Sem, changes: Partial<TestMachine> = {}): { machine: TestMachine; outcome: Outcome } => {
  const [instruction] = expand(
    insn('test', 'D', { PO: 14 }, 'RT,RA,SI', { level: 'P1', timing: 'alu' }, sem),
  );
  const machine = newMachine(changes);
  // RT 3, RA 4, SI -2.
  return { machine, outcome: evaluate(instruction!, 0x3864_fffen, machine) };
};

describe('what breaks a rule of the vocabulary is an error', () => {
  const five = i64(5);
  it.each<[string, Sem, RegExp]>([
    ['division by zero', setGpr(i32(3), divU(five, i64(0))), /divide by zero/],
    ['an overflowing quotient', setGpr(i32(3), divS(i64(1n << 63n), i64(-1))), /most negative/],
    ['an overflowing remainder', setGpr(i32(3), remS(i64(1n << 63n), i64(-1))), /most negative/],
    [
      'division by zero on the side not taken',
      setGpr(i32(3), select(i32(1), five, divU(five, i64(0)))),
      /zero/,
    ],
    ['a register number out of range', setGpr(i32(32), five), /register number 32/],
    ['a CR field that has no such value', setCrField(i32(0), i32(16)), /CR field/],
    ['more rounds than declared', repeat(i32(3), 2, () => []), /at most 2/],
    ['a local used outside its definition', setGpr(i32(3), escaped()), /before it is defined/],
  ])('%s', (_, sem, message) => {
    expect(() => run(sem)).toThrow(message);
  });
  function escaped(): Expr<'i64'> {
    let leaked: Expr<'i64'> = i64(0);
    def(i64(1), (x) => {
      leaked = x;
      return [];
    });
    return leaked;
  }
});

describe('statements', () => {
  it('locals, variables, conditions and rounds', () => {
    const sum = variable(i64(0), (total) => [
      repeat(i32(4), 8, () => assign(total, add(total, i64(10)))),
      when(mode('sf'), assign(total, add(total, i64(1))), assign(total, i64(0))),
      setGpr('RT', total),
    ]);
    expect(run(sum).machine.gpr[3]).toBe(41n);
    expect(run(sum, { modes: LE_32 }).machine.gpr[3]).toBe(0n);
  });

  it('a local keeps the value it had when it was defined', () => {
    const sem = def(gpr('RA'), (old) => [setGpr('RA', i64(1)), setGpr('RT', old)]);
    expect(run(sem, { gpr: registers({ 4: 9n }) }).machine.gpr[3]).toBe(9n);
  });

  it('fields are signed only where asked', () => {
    const signed: Expr<'i32'> = { k: 'field', ty: 'i32', name: 'SI', signed: true };
    expect(run(setGpr('RT', op('i64.extendS', signed))).machine.gpr[3]).toBe((1n << 64n) - 2n);
    expect(run(setGpr('RT', op('i64.extendS', field('SI')))).machine.gpr[3]).toBe(0xfffen);
  });

  it('nothing after a raise or a branch is executed', () => {
    for (const end of [raise('trap', i64(7)), branchTo(i64(0))])
      expect(run([end, setResource('CTR', i64(1))]).machine.resources.CTR).toBe(0n);
    expect(run(raise('trap', i64(7))).outcome).toMatchObject({ kind: 'raise', reason: 'trap', operand: 7n });
  });

  it('branch targets are word addresses of the mode', () => {
    const cia32 = { cia: 0xffff_fffcn, modes: LE_32 };
    expect(run(branchTo(i64(0x1_0000_0007n))).outcome).toMatchObject({ kind: 'branch', nia: 0x1_0000_0004n });
    expect(run(branchTo(i64(0x1_0000_0007n)), cia32).outcome).toMatchObject({ nia: 4n });
    expect(run(branchBy(i64(8)), cia32).outcome).toMatchObject({ nia: 4n });
    expect(run([], cia32).outcome).toMatchObject({ kind: 'next', nia: 0n });
    expect(run(setGpr('RT', cia)).machine.gpr[3]).toBe(0x1000n);
  });
});

describe('storage', () => {
  const bytes = '0102030405060708';
  it.each([
    [LE_64, false, 0x0403_0201n],
    [BE_64, false, 0x0102_0304n],
    [LE_64, true, 0x0102_0304n],
    [BE_64, true, 0x0403_0201n],
  ])('loads and stores in %j, reversed %s', (modes, reversed, value) => {
    const changes = { modes, storage: holding(EA, bytes) };
    expect(run(setGpr('RT', load(4, i64(EA), { reversed })), changes).machine.gpr[3]).toBe(value);
    const { machine } = run(store(4, i64(EA), i64(value), { reversed }), {
      modes,
      storage: holding(EA, '00000000'),
    });
    expect(held(machine, EA, 4)).toBe('01020304');
  });

  it('signed loads extend the sign', () => {
    const { machine } = run(setGpr('RT', load(2, i64(EA), { signed: true })), {
      storage: holding(EA, 'feff'),
    });
    expect(machine.gpr[3]).toBe((1n << 64n) - 2n);
  });

  it('32-bit mode ignores the high word of addresses', () => {
    const { machine } = run(setGpr('RT', load(1, i64(EA | (5n << 32n)))), {
      modes: BE_32,
      storage: holding(EA, '7f'),
    });
    expect(machine.gpr[3]).toBe(0x7fn);
  });

  it('an access outside storage is a fault that changes nothing', () => {
    const storage = holding(EA, '0000');
    const { machine, outcome } = run([store(4, i64(EA), i64(-1)), setGpr('RT', i64(1))], { storage });
    expect(outcome).toMatchObject({ kind: 'fault', access: { kind: 'store', ea: EA, bytes: 4 } });
    expect([machine.gpr[3], held(machine, EA, 2)]).toEqual([0n, '0000']);
  });

  it('a store conditional stores once after a load and reserve of the same bytes', () => {
    const reserve = setGpr('RT', load(4, i64(EA), { storage: 'reserve' }));
    const conditional = (bytes: 4 | 8): Sem => setResource('CA', storeConditional(bytes, i64(EA), i64(-1)));
    const storage = (): Map<bigint, number> => holding(EA, bytes);
    expect(run([reserve, conditional(4)], { storage: storage() }).machine.resources.CA).toBe(1n);
    expect(run([reserve, conditional(8)], { storage: storage() }).machine.resources.CA).toBe(0n);
    expect(run([conditional(4)], { storage: storage() }).machine.resources.CA).toBe(0n);
    const twice = run([reserve, conditional(4), conditional(4)], { storage: storage() });
    expect(twice.machine.resources.CA).toBe(0n);
    expect(held(twice.machine, EA, 4)).toBe('ffffffff');
  });
});

describe('operators', () => {
  const SAMPLES = [0n, 1n, 31n, 33n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1234_5678n];

  it.each(Object.keys(OPS) as OpName[])('%s is known', (name) => {
    const { args } = OPS[name];
    const one: Record<Ty, bigint> = { i32: 1n, i64: 1n, f32: fromF32(1), f64: fromF64(1), v128: 1n };
    const value = applyOperator(name, args.map((ty) => one[ty])); // prettier-ignore
    expect(typeof value).toBe('bigint');
  });

  it.each<[OpName, bigint[], bigint]>([
    ['i32.rotl', [0x8000_0001n, 33n], 3n],
    ['i32.rotr', [0x8000_0001n, 1n], 0xc000_0000n],
    ['i64.rotr', [1n, 0n], 1n],
    ['i32.shrS', [0x8000_0000n, 31n], 0xffff_ffffn],
    ['i64.shl', [1n, 64n], 1n],
    ['i32.clz', [0n], 32n],
    ['i64.ctz', [0n], 64n],
    ['i64.remS', [(1n << 64n) - 7n, 2n], (1n << 64n) - 1n],
    ['i64.sext32', [0x8000_0000n], 0xffff_ffff_8000_0000n],
    ['i64.ltS', [1n << 63n, 0n], 1n],
    ['i64.ltU', [1n << 63n, 0n], 0n],
    ['v128.dw0', [(5n << 64n) | 6n], 5n],
    ['v128.withDw1', [(5n << 64n) | 6n, 7n], (5n << 64n) | 7n],
    ['f32.demote', [fromF64(0.1)], fromF32(0.1)],
  ])('%s %j', (name, args, expected) => {
    const bits = OPS[name].result === 'v128' ? 128 : OPS[name].result.endsWith('32') ? 32 : 64;
    expect(BigInt.asUintN(bits, applyOperator(name, args))).toBe(expected);
  });

  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [0.49999999999999994, 0],
    [2 ** 52 + 1, 2 ** 52 + 1],
  ])('f64.nearest %f rounds ties to even', (x, expected) => {
    expect(Object.is(toF64(applyOperator('f64.nearest', [fromF64(x)])), expected)).toBe(true);
  });

  it('shifts, rotates and comparisons agree with 32-bit JavaScript', () => {
    for (const a of SAMPLES)
      for (const b of SAMPLES) {
        const [x, y] = [Number(a) | 0, Number(b) | 0];
        const u32 = (n: number): bigint => BigInt(n >>> 0);
        const got = (name: OpName): bigint => BigInt.asUintN(32, applyOperator(name, [a, b]));
        expect(got('i32.shl')).toBe(u32(x << y));
        expect(got('i32.shrS')).toBe(u32(x >> y));
        expect(got('i32.shrU')).toBe(u32(x >>> y));
        expect(got('i32.mul')).toBe(u32(Math.imul(x, y)));
        expect(got('i32.ltS')).toBe(x < y ? 1n : 0n);
        expect(got('i32.geU')).toBe(x >>> 0 >= y >>> 0 ? 1n : 0n);
      }
  });

  it('resources are read as they are', () => {
    expect(
      run(setGpr('RT', resource('LR')), { resources: { ...newMachine().resources, LR: 3n } }).machine.gpr[3],
    ).toBe(3n);
  });
});
