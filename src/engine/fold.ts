/**
 * Constant folding of the vocabulary: what makes one row's semantics many specialised functions. Fields with fixed
 * values and modes become constants, and what they decide disappears.
 */
import type { Expr, I32 } from '../../isa/vocabulary/expr';
import type { LocalNode, ModeName } from '../../isa/vocabulary/expr';
import type { Ty } from '../../isa/vocabulary/ops';

/** What is known when code is generated. */
export interface Known {
  /** Fields with a constant value, unsigned. */
  readonly fields: Readonly<Record<string, number>>;
  /** Width of a field in bits, to sign-extend a constant one. */
  readonly widthOf: (field: string) => number;
  readonly modes: Readonly<Record<ModeName, number>>;
}

const SIZE: Record<Ty, number> = { i32: 32, i64: 64, f32: 32, f64: 64, v128: 128 };
const truth = (value: boolean): bigint => (value ? 1n : 0n);

type Fold = (a: bigint, b: bigint, bits: number) => bigint;
const s = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);

/** Integer operators on unsigned bit patterns of `bits` bits; results are wrapped by the caller. */
const INTEGER: Partial<Record<string, Fold>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, n) => a << (b % BigInt(n)),
  shrU: (a, b, n) => a >> (b % BigInt(n)),
  shrS: (a, b, n) => s(a, n) >> (b % BigInt(n)),
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  ltU: (a, b) => truth(a < b),
  gtU: (a, b) => truth(a > b),
  leU: (a, b) => truth(a <= b),
  geU: (a, b) => truth(a >= b),
  ltS: (a, b, n) => truth(s(a, n) < s(b, n)),
  gtS: (a, b, n) => truth(s(a, n) > s(b, n)),
  leS: (a, b, n) => truth(s(a, n) <= s(b, n)),
  geS: (a, b, n) => truth(s(a, n) >= s(b, n)),
  eqz: (a) => truth(a === 0n),
  wrap: (a) => a,
  extendU: (a) => a,
};

const constant = (ty: Ty, value: bigint): Expr => ({
  k: 'const',
  ty,
  value: BigInt.asUintN(SIZE[ty], value),
});

/** Rewrites expressions with what is known; one per generated function. */
export class Folder {
  private readonly bound = new Map<LocalNode, Expr>();

  constructor(private readonly known: Known) {}

  /** Records that a local has a constant value. */
  bind(local: LocalNode, value: Expr): void {
    this.bound.set(local, value);
  }

  /** The same value, simplified; a constant where it is known. */
  fold<T extends Ty>(e: Expr<T>): Expr<T> {
    return this.visit(e) as Expr<T>;
  }

  private visit(e: Expr): Expr {
    switch (e.k) {
      case 'field': {
        const value = this.known.fields[e.name];
        if (value === undefined) return e;
        const bits = this.known.widthOf(e.name);
        return constant('i32', e.signed ? BigInt.asIntN(bits, BigInt(value)) : BigInt(value));
      }
      case 'mode':
        return constant('i32', BigInt(this.known.modes[e.name]));
      case 'local':
        return this.bound.get(e) ?? e;
      case 'op':
        return this.operator(e);
      case 'select': {
        const cond = this.visit(e.cond);
        if (cond.k === 'const') return this.visit(cond.value !== 0n ? e.then : e.else);
        return { ...e, cond: cond as I32, then: this.visit(e.then), else: this.visit(e.else) };
      }
      case 'gpr':
      case 'vsr':
      case 'crField':
        return { ...e, index: this.visit(e.index) } as Expr;
      case 'load':
        return { ...e, ea: this.visit(e.ea) } as Expr;
      case 'storeConditional':
        return { ...e, ea: this.visit(e.ea), value: this.visit(e.value) } as Expr;
      case 'call':
        return { ...e, args: e.args.map((a) => this.visit(a)) } as Expr;
      case 'const':
      case 'cia':
      case 'resource':
        return e;
    }
  }

  private operator(e: Extract<Expr, { k: 'op' }>): Expr {
    const args = e.args.map((a) => this.visit(a));
    const [ty, name] = e.op.split('.') as [Ty, string];
    const [a, b] = args;
    const bits = SIZE[a!.ty];
    const known = args.every((x) => x.k === 'const');
    if (known && e.op === 'i64.extendS') return constant('i64', s((a as { value: bigint }).value, 32));
    const fold = ty === 'i32' || ty === 'i64' ? INTEGER[name] : undefined;
    if (known && fold) {
      const [x, y] = args.map((c) => (c as { value: bigint }).value);
      return constant(e.ty, fold(x!, y ?? 0n, bits));
    }
    return identity(name, a!, b) ?? { ...e, args };
  }
}

const isConst = (e: Expr | undefined, value: bigint): boolean => e?.k === 'const' && e.value === value;

/** True where the value can only be 0 or 1. */
const isTruth = (e: Expr): boolean =>
  e.k === 'op' && (/\.(eq|ne|lt|gt|le|ge)[SU]?$/.test(e.op) || e.op.endsWith('.eqz'));

/** Neutral and absorbing operands of integer operators. */
function identity(name: string, a: Expr, b: Expr | undefined): Expr | undefined {
  if (!b) return undefined;
  const zero = isConst(a, 0n) ? b : isConst(b, 0n) ? a : undefined;
  switch (name) {
    case 'or':
      // A constant truth among truths: true or x is true.
      if (isConst(a, 1n) && isTruth(b)) return a;
      if (isConst(b, 1n) && isTruth(a)) return b;
      return zero;
    case 'add':
    case 'xor':
      return zero;
    case 'and':
      if (isConst(a, 1n) && isTruth(b)) return b;
      if (isConst(b, 1n) && isTruth(a)) return a;
      // Operands have no effects but storage and services, which rows never put under an `and` with a field.
      return isPure(a) && isConst(b, 0n) ? b : isPure(b) && isConst(a, 0n) ? a : undefined;
    case 'shl':
    case 'shrU':
    case 'shrS':
    case 'sub':
      return isConst(b, 0n) ? a : undefined;
    default:
      return undefined;
  }
}

/** True where dropping the expression loses no storage access and no service. */
function isPure(e: Expr): boolean {
  switch (e.k) {
    case 'load':
    case 'storeConditional':
    case 'call':
      return false;
    case 'op':
      return e.args.every(isPure);
    case 'select':
      return isPure(e.cond) && isPure(e.then) && isPure(e.else);
    default:
      return true;
  }
}
