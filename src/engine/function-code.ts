/**
 * A function of a generated module, written with the vocabulary's expressions: constants, locals, operators and
 * `select`. It knows no registers and no storage: what a row's operator computes, not what a row does.
 */
import type { Expr, I32, LocalNode } from '../../isa/vocabulary/expr';
import type { Ty } from '../../isa/vocabulary/ops';
import { emitOperator } from './operators';
import { OP } from './wasm/opcodes';
import { Code, type ModuleBuilder } from './wasm/module';

type TypeOf = { readonly [T in Ty]: Expr<T> };
/** The parameters of a function with these types, as expressions. */
export type Parameters<Types extends readonly Ty[]> = { readonly [I in keyof Types]: TypeOf[Types[I]] };

/** A function that has a number, and types that its callers must meet. */
export interface ModuleFunction {
  readonly index: number;
  readonly params: readonly Ty[];
  readonly result: Ty;
}

export class FunctionCode {
  private readonly locals = new Map<LocalNode, number>();

  constructor(private readonly code: Code) {}

  /** The local that a parameter is in. */
  parameter(ty: Ty, index: number): Expr {
    const local: LocalNode = { k: 'local', ty, variable: false };
    this.locals.set(local, index);
    return local;
  }

  /** Computes a value now; what is returned stands for it. */
  let<T extends Ty>(value: Expr<T>): Expr<T> {
    return this.store(value.ty, () => this.push(value));
  }

  /** A local that {@link set} changes. */
  variable<T extends Ty>(value: Expr<T>): Expr<T> {
    return this.let(value);
  }

  set<T extends Ty>(local: Expr<T>, value: Expr<T>): void {
    if (local.k !== 'local') throw new TypeError('only a local can be set');
    this.push(value);
    this.code.set(this.locals.get(local)!);
  }

  /** Calls a function; what is returned stands for its result. */
  call(func: ModuleFunction, ...args: Expr[]): Expr {
    return this.store(func.result, () => {
      for (const arg of args) this.push(arg);
      this.code.call(func.index);
    });
  }

  if(cond: I32, then: () => void, otherwise?: () => void): void {
    this.push(cond);
    this.code.if();
    then();
    if (otherwise) {
      this.code.op(OP.else);
      otherwise();
    }
    this.code.op(OP.end);
  }

  return(value: Expr): void {
    this.push(value);
    this.code.op(OP.return);
  }

  /** Ends with what another function gives. */
  tail(func: ModuleFunction, ...args: Expr[]): void {
    for (const arg of args) this.push(arg);
    this.code.returnCall(func.index);
  }

  private store<T extends Ty>(ty: T, push: () => void): Expr<T> {
    const local: LocalNode = { k: 'local', ty, variable: true };
    this.locals.set(local, this.code.local(ty));
    push();
    this.code.set(this.locals.get(local)!);
    return local as unknown as Expr<T>;
  }

  private push(e: Expr): void {
    const { code } = this;
    switch (e.k) {
      case 'const':
        if (e.ty === 'i32') code.i32(Number(BigInt.asIntN(32, e.value)));
        else if (e.ty === 'i64') code.i64(e.value);
        else throw new TypeError(`no constants of type ${e.ty}`);
        return;
      case 'local':
        code.get(this.locals.get(e)!);
        return;
      case 'op':
        for (const arg of e.args) this.push(arg);
        emitOperator(code, e.op);
        return;
      case 'select':
        this.push(e.then);
        this.push(e.else);
        this.push(e.cond);
        code.op(OP.select);
        return;
      default:
        throw new TypeError(`a function has no ${e.k}`);
    }
  }
}

/** Declares a function; {@link defineFunction} gives it its body. */
export const declareFunction = (
  builder: ModuleBuilder,
  params: readonly Ty[],
  result: Ty,
): ModuleFunction => ({ index: builder.declare({ params, results: [result] }), params, result });

/** Defines a function whose body ends every path with `return` or `tail`. */
export function defineFunction<const Types extends readonly Ty[]>(
  builder: ModuleBuilder,
  func: ModuleFunction & { readonly params: Types },
  body: (f: FunctionCode, ...params: Parameters<Types>) => void,
): void {
  const code = new Code(func.params.length);
  const f = new FunctionCode(code);
  const params = func.params.map((ty, i) => f.parameter(ty, i));
  body(f, ...(params as unknown as Parameters<Types>));
  code.op(OP.unreachable);
  builder.define(func.index, code);
}
