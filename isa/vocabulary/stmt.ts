/** The vocabulary of effects: statements over the expressions of `expr.ts`. A row's semantics is a list of them. */
import {
  i32,
  i64,
  RESOURCES,
  type Expr,
  type I32,
  type I64,
  type LocalNode,
  type ResourceName,
  type StorageKind,
} from './expr';
import type { Ty } from './ops';
import type { RaiseReason, ServiceName } from './services';

/** What `set` writes. */
export type Target =
  | { readonly t: 'gpr'; readonly index: I32 }
  | { readonly t: 'vsr'; readonly index: I32 }
  | { readonly t: 'crField'; readonly index: I32 }
  | { readonly t: 'resource'; readonly name: ResourceName }
  | { readonly t: 'local'; readonly local: LocalNode };

export type Stmt =
  /** Evaluates once; the local stands for the value in what follows. */
  | { readonly s: 'let'; readonly local: LocalNode; readonly value: Expr }
  | { readonly s: 'set'; readonly target: Target; readonly value: Expr }
  | {
      readonly s: 'store';
      readonly bytes: 1 | 2 | 4 | 8;
      readonly reversed: boolean;
      readonly storage: StorageKind;
      readonly ea: I64;
      readonly value: I64;
    }
  | { readonly s: 'if'; readonly cond: I32; readonly then: readonly Stmt[]; readonly else: readonly Stmt[] }
  /** The body `times` times, 0..max, with the local counting from 0. */
  | {
      readonly s: 'repeat';
      readonly times: I32;
      readonly max: number;
      readonly local: LocalNode;
      readonly body: readonly Stmt[];
    }
  /** Next instruction at an address, or at a displacement from this one. Ends the block. */
  | { readonly s: 'branch'; readonly target: I64; readonly relative: boolean }
  /** An interrupt instead of the rest of the instruction. */
  | { readonly s: 'raise'; readonly reason: RaiseReason; readonly operand: I64 }
  | { readonly s: 'call'; readonly service: ServiceName; readonly args: readonly I64[] };

/** Semantics as rows write them: nested lists, flattened by {@link flatten}. */
export type Sem = Stmt | readonly Sem[];

export const flatten = (sem: Sem): Stmt[] =>
  Array.isArray(sem) ? sem.flatMap((part: Sem) => flatten(part)) : [sem as Stmt];

const newLocal = <T extends Ty>(ty: T, variable: boolean): LocalNode & { ty: T } => ({
  k: 'local',
  ty,
  variable,
});

/** Names a value: `def(add(a, b), (sum) => [...])` evaluates it once, before what follows. */
export const def = <T extends Ty>(value: Expr<T>, body: (x: Expr<T>) => Sem): Stmt[] => {
  const local = newLocal(value.ty, false);
  return [{ s: 'let', local, value }, ...flatten(body(local))];
};

/** A local that {@link assign} may change. */
export const variable = <T extends Ty>(value: Expr<T>, body: (x: Expr<T>) => Sem): Stmt[] => {
  const local = newLocal(value.ty, true);
  return [{ s: 'let', local, value }, ...flatten(body(local))];
};
export const assign = <T extends Ty>(x: Expr<T>, value: Expr<T>): Stmt => {
  if (x.k !== 'local' || !x.variable) throw new TypeError('assign needs a variable');
  return { s: 'set', target: { t: 'local', local: x }, value };
};

const numbered = (index: string | I32): I32 =>
  typeof index === 'string' ? { k: 'field', ty: 'i32', name: index, signed: false } : index;
export const setGpr = (index: string | I32, value: I64): Stmt => ({
  s: 'set',
  target: { t: 'gpr', index: numbered(index) },
  value,
});
export const setVsr = (index: string | I32, value: Expr<'v128'>): Stmt => ({
  s: 'set',
  target: { t: 'vsr', index: numbered(index) },
  value,
});
/** Sets a CR field by number 0..7 to a 4-bit value. */
export const setCrField = (index: string | I32, value: I32): Stmt => ({
  s: 'set',
  target: { t: 'crField', index: numbered(index) },
  value,
});
export const setResource = <N extends ResourceName>(name: N, value: Expr<(typeof RESOURCES)[N]>): Stmt => ({
  s: 'set',
  target: { t: 'resource', name },
  value,
});

export interface StoreOptions {
  readonly reversed?: boolean;
  readonly storage?: StorageKind;
}
export const store = (bytes: 1 | 2 | 4 | 8, ea: I64, value: I64, o: StoreOptions = {}): Stmt => ({
  s: 'store',
  bytes,
  reversed: o.reversed ?? false,
  storage: o.storage ?? 'plain',
  ea,
  value,
});
export const when = (cond: I32, then: Sem, otherwise: Sem = []): Stmt => ({
  s: 'if',
  cond,
  then: flatten(then),
  else: flatten(otherwise),
});
export const repeat = (times: I32, max: number, body: (i: I32) => Sem): Stmt => {
  const local = newLocal('i32', false);
  return { s: 'repeat', times, max, local, body: flatten(body(local)) };
};
/** Branches to an address; its low two bits and, in 32-bit mode, its upper half are ignored. */
export const branchTo = (target: I64): Stmt => ({ s: 'branch', target, relative: false });
/** Branches by a displacement from this instruction that fits 26 bits, signed. */
export const branchBy = (displacement: I64): Stmt => ({ s: 'branch', target: displacement, relative: true });
export const raise = (reason: RaiseReason, operand: I64 = i64(0)): Stmt => ({ s: 'raise', reason, operand });
export const perform = (service: ServiceName, ...args: I64[]): Stmt => ({ s: 'call', service, args });
/** Does nothing. */
export const nothing: Sem = [];
/** Always true, for conditions. */
export const always: I32 = i32(1);
