import fc from 'fast-check';
import { Folder, type Known } from '../../src/engine/fold';
import {
  add,
  and,
  crField,
  eq,
  field,
  gpr,
  i32,
  i64,
  load,
  mode,
  op,
  or,
  select,
  shl,
  shrU,
  signedField,
  type Expr,
} from '../../isa/vocabulary/expr';
import type { OpName } from '../../isa/vocabulary/ops';
import { def } from '../../isa/vocabulary/stmt';
import { applyOperator } from '../support/operators';

const known = (fields: Record<string, number> = {}): Known => ({
  fields,
  widthOf: () => 16,
  modes: { sf: 1, le: 0, blockShift: 7, xerReserved: 0 },
});
const fold = (e: Expr, fields: Record<string, number> = {}): Expr => new Folder(known(fields)).fold(e);

describe('constant folding', () => {
  test('a field with a known value is a constant, sign-extended where the row says so', () => {
    expect(fold(field('D'), { D: 0xffff })).toEqual(i32(0xffff));
    expect(fold(signedField('D'), { D: 0xffff })).toEqual(i64(-1n));
    expect(fold(signedField('D'), { D: 0x7fff })).toEqual(i64(0x7fffn));
  });

  test('a field without a known value stays', () => {
    expect(fold(field('RA'))).toEqual(field('RA'));
  });

  test('a mode decides a select', () => {
    const e = select(mode('sf'), gpr('RA'), gpr('RB'));
    expect(fold(e)).toEqual(gpr('RA'));
    expect(
      new Folder({ ...known(), modes: { sf: 0, le: 0, blockShift: 7, xerReserved: 0 } }).fold(e),
    ).toEqual(gpr('RB'));
  });

  test('neutral and absorbing operands disappear', () => {
    expect(fold(add(gpr('RA'), i64(0)))).toEqual(gpr('RA'));
    expect(fold(shl(gpr('RA'), i64(0)))).toEqual(gpr('RA'));
    expect(fold(and(crField('BI'), i32(0)))).toEqual(i32(0));
    const truth = eq(gpr('RA'), gpr('RB'));
    expect(fold(or(truth, i32(1)))).toEqual(i32(1));
    expect(fold(and(truth, i32(1)))).toEqual(truth);
  });

  test('or with 1 keeps a value that is no truth value', () => {
    const e = or(crField('BI'), i32(1));
    expect(fold(e)).toEqual(e);
  });

  test('a storage access is never dropped', () => {
    const e = and(load(8, gpr('RA')), i64(0));
    expect(fold(e)).toEqual(e);
  });

  test('a constant bound to a local takes its place', () => {
    const [letStmt] = def(shrU(i32(8), i32(2)), () => []);
    if (letStmt?.s !== 'let') throw new Error('def makes a let');
    const folder = new Folder(known());
    folder.bind(letStmt.local, i32(2));
    expect(folder.fold(letStmt.local as Expr)).toEqual(i32(2));
  });
});

const OF_TWO = [
  'add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shrU', 'shrS',
  'eq', 'ne', 'ltU', 'gtU', 'leU', 'geU', 'ltS', 'gtS', 'leS', 'geS',
] as const; // prettier-ignore

test.each(OF_TWO)('%s of constants is the constant', (name) => {
  const value = (n: number): fc.Arbitrary<bigint> =>
    fc.oneof(
      fc.bigInt(0n, 2n ** BigInt(n) - 1n),
      fc.constantFrom(0n, 1n, 2n ** BigInt(n - 1), 2n ** BigInt(n) - 1n),
    );
  for (const ty of ['i32', 'i64'] as const) {
    const n = ty === 'i32' ? 32 : 64;
    const constant = (v: bigint): Expr => ({ k: 'const', ty, value: v });
    fc.assert(
      fc.property(value(n), value(n), (a, b) => {
        const operator: OpName = `${ty}.${name}`;
        const value = BigInt.asUintN(n, applyOperator(operator, [a, b]));
        expect(fold(op(operator, constant(a), constant(b)))).toMatchObject({ k: 'const', value });
      }),
    );
  }
});
