/**
 * The vocabulary of values. An expression is a tree of plain objects: it names fields of the instruction, registers
 * and memory, never a place in the emulator. The engine binds names to state; `analysis.ts` derives what is read.
 */
import { OPS, type OpName, type Ty } from './ops';
import type { ServiceName } from './services';

/** Registers that rows name directly, with their types. Flags of XER are i32 values 0 or 1. */
export const RESOURCES = {
  LR: 'i64',
  CTR: 'i64',
  TAR: 'i64',
  MSR: 'i64',
  CFAR: 'i64',
  VRSAVE: 'i64',
  FPSCR: 'i64',
  VSCR: 'i64',
  FSCR: 'i64',
  HFSCR: 'i64',
  SO: 'i32',
  OV: 'i32',
  CA: 'i32',
  OV32: 'i32',
  CA32: 'i32',
  /** XER bits 46:63 and, on some CPU models, 35:43, in place. */
  XERLOW: 'i32',
  HASHKEYR: 'i64',
  HASHPKEYR: 'i64',
} as const satisfies Record<string, Ty>;
export type ResourceName = keyof typeof RESOURCES;

/** What is constant while the machine is in one mode: the engine generates code for each mode. */
export type ModeName =
  /** 1 in 64-bit mode, MSR[SF]. */
  | 'sf'
  /** 1 in little-endian mode, MSR[LE]. */
  | 'le'
  /** log2 of the cache block size in bytes, of the CPU model. */
  | 'blockShift'
  /** 1 where XER keeps what is written to its reserved bits 35:43. */
  | 'xerReserved';

/** How storage is accessed; the translation and storage rules differ (Book III, 6.7; Book II, 4). */
export type StorageKind =
  | 'plain'
  /** Load and reserve, store conditional: aligned, not in caching-inhibited storage. */
  | 'reserve'
  /** lq, stq: aligned. */
  | 'quad'
  /** Caching-inhibited load or store: aligned, in hypervisor real mode. */
  | 'inhibited'
  /** dcbz. */
  | 'zero'
  /** lmw, stmw: alignment interrupt in little-endian mode. */
  | 'multiple';

export interface ConstNode {
  readonly k: 'const';
  readonly ty: Ty;
  /** The value as an unsigned bit pattern of the type's size. */
  readonly value: bigint;
}
/** A field of the instruction, zero- or sign-extended. */
export interface FieldNode {
  readonly k: 'field';
  readonly ty: 'i32';
  readonly name: string;
  readonly signed: boolean;
}
export interface ModeNode {
  readonly k: 'mode';
  readonly ty: 'i32';
  readonly name: ModeName;
}
export interface GprNode {
  readonly k: 'gpr';
  readonly ty: 'i64';
  readonly index: Expr<'i32'>;
  /** True for (RA|0): the value is 0 where the index is 0. */
  readonly orZero: boolean;
}
/** A whole VSR (0..63). FPR n is doubleword 0 of VSR n, VR n is VSR 32+n. */
export interface VsrNode {
  readonly k: 'vsr';
  readonly ty: 'v128';
  readonly index: Expr<'i32'>;
}
export interface ResourceNode {
  readonly k: 'resource';
  readonly ty: Ty;
  readonly name: ResourceName;
}
/** A 4-bit CR field by number 0..7. */
export interface CrFieldNode {
  readonly k: 'crField';
  readonly ty: 'i32';
  readonly index: Expr<'i32'>;
}
/** The address of this instruction (CIA). */
export interface CiaNode {
  readonly k: 'cia';
  readonly ty: 'i64';
}
export interface LocalNode {
  readonly k: 'local';
  readonly ty: Ty;
  /** Variables may be assigned again; constants are defined once. */
  readonly variable: boolean;
}
export interface OpNode {
  readonly k: 'op';
  readonly ty: Ty;
  readonly op: OpName;
  readonly args: readonly Expr[];
}
export interface SelectNode {
  readonly k: 'select';
  readonly ty: Ty;
  readonly cond: Expr<'i32'>;
  readonly then: Expr;
  readonly else: Expr;
}
/** `bytes` of storage at an effective address, zero- or sign-extended to 64 bits. */
export interface LoadNode {
  readonly k: 'load';
  readonly ty: 'i64';
  readonly bytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  /** True for byte-reversed loads. */
  readonly reversed: boolean;
  readonly storage: StorageKind;
  readonly ea: Expr<'i64'>;
}
/** Result 1 where the reservation held and the store was done. */
export interface StoreConditionalNode {
  readonly k: 'storeConditional';
  readonly ty: 'i32';
  readonly bytes: 1 | 2 | 4 | 8;
  readonly ea: Expr<'i64'>;
  readonly value: Expr<'i64'>;
}
/** The result of a service. */
export interface CallNode {
  readonly k: 'call';
  readonly ty: 'i64';
  readonly service: ServiceName;
  readonly args: readonly Expr<'i64'>[];
}

export type ExprNode =
  | ConstNode
  | FieldNode
  | ModeNode
  | GprNode
  | VsrNode
  | ResourceNode
  | CrFieldNode
  | CiaNode
  | LocalNode
  | OpNode
  | SelectNode
  | LoadNode
  | StoreConditionalNode
  | CallNode;

/** An expression whose value has type T. */
export type Expr<T extends Ty = Ty> = ExprNode & { readonly ty: T };
export type I32 = Expr<'i32'>;
export type I64 = Expr<'i64'>;

const SIZE_BITS: Record<Ty, number> = { i32: 32, i64: 64, f32: 32, f64: 64, v128: 128 };
const constant = <T extends Ty>(ty: T, value: bigint): Expr<T> => ({
  k: 'const',
  ty,
  value: BigInt.asUintN(SIZE_BITS[ty], value),
});

export const i32 = (value: number): I32 => constant('i32', BigInt(value));
export const i64 = (value: bigint | number): I64 => constant('i64', BigInt(value));
/** A vector, most significant byte first. */
export const v128 = (value: bigint): Expr<'v128'> => constant('v128', value);
/** A field as an unsigned i32. */
export const field = (name: string): I32 => ({ k: 'field', ty: 'i32', name, signed: false });
/** A field, sign-extended to i64. */
export const signedField = (name: string): I64 => extendS({ k: 'field', ty: 'i32', name, signed: true });
export const mode = (name: ModeName): I32 => ({ k: 'mode', ty: 'i32', name });

const indexOf = (index: string | I32): I32 => (typeof index === 'string' ? field(index) : index);
/** GPR by the field that numbers it, or by a computed number 0..31. */
export const gpr = (index: string | I32): I64 => ({
  k: 'gpr',
  ty: 'i64',
  index: indexOf(index),
  orZero: false,
});
/** (RA|0): 0 where the field is 0, else the GPR. */
export const gprOrZero = (index: string): I64 => ({
  k: 'gpr',
  ty: 'i64',
  index: field(index),
  orZero: true,
});
export const vsr = (index: string | I32): Expr<'v128'> => ({ k: 'vsr', ty: 'v128', index: indexOf(index) });
export const resource = <N extends ResourceName>(name: N): Expr<(typeof RESOURCES)[N]> =>
  ({ k: 'resource', ty: RESOURCES[name], name }) as unknown as Expr<(typeof RESOURCES)[N]>;
export const crField = (index: string | I32): I32 => ({ k: 'crField', ty: 'i32', index: indexOf(index) });
export const cia: I64 = { k: 'cia', ty: 'i64' };

export const op = <T extends Ty>(name: OpName, ...args: Expr[]): Expr<T> => {
  const { args: types, result } = OPS[name];
  if (types.length !== args.length || types.some((ty, i) => args[i]!.ty !== ty))
    throw new TypeError(`${name} takes (${types.join(', ')}), got (${args.map((a) => a.ty).join(', ')})`);
  return { k: 'op', ty: result, op: name, args } as unknown as Expr<T>;
};

type Int = 'i32' | 'i64';
type Name2 = 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'shl' | 'shrS' | 'shrU' | 'rotl' | 'divS' | 'divU' | 'remS' | 'remU'; // prettier-ignore
const binary =
  (name: Name2) =>
  <T extends Int>(a: Expr<T>, b: Expr<T>): Expr<T> =>
    op<T>(`${a.ty}.${name}`, a, b);
export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const and = binary('and');
export const or = binary('or');
export const xor = binary('xor');
/** Shifts and rotates take the amount modulo the size of the type. */
export const shl = binary('shl');
export const shrS = binary('shrS');
export const shrU = binary('shrU');
export const rotl = binary('rotl');
/** The divisor must not be 0 and the quotient must fit. */
export const divS = binary('divS');
export const divU = binary('divU');
export const remS = binary('remS');
export const remU = binary('remU');

const compare =
  (name: 'eq' | 'ne' | 'ltS' | 'ltU' | 'gtS' | 'gtU' | 'leS' | 'leU' | 'geS' | 'geU') =>
  <T extends Int>(a: Expr<T>, b: Expr<T>): I32 =>
    op<'i32'>(`${a.ty}.${name}`, a, b);
export const eq = compare('eq');
export const ne = compare('ne');
export const ltS = compare('ltS');
export const ltU = compare('ltU');
export const gtS = compare('gtS');
export const gtU = compare('gtU');
export const leS = compare('leS');
export const leU = compare('leU');
export const geS = compare('geS');
export const geU = compare('geU');
export const eqz = <T extends Int>(a: Expr<T>): I32 => op<'i32'>(`${a.ty}.eqz`, a);

/** Number of leading zeros, of trailing zeros, of ones. */
export const clz = <T extends Int>(a: Expr<T>): Expr<T> => op<T>(`${a.ty}.clz`, a);
export const ctz = <T extends Int>(a: Expr<T>): Expr<T> => op<T>(`${a.ty}.ctz`, a);
export const popcnt = <T extends Int>(a: Expr<T>): Expr<T> => op<T>(`${a.ty}.popcnt`, a);
export const not = <T extends Int>(a: Expr<T>): Expr<T> => xor(a, constant(a.ty, -1n));
export const neg = <T extends Int>(a: Expr<T>): Expr<T> => sub(constant(a.ty, 0n), a);

export const wrap = (a: I64): I32 => op('i32.wrap', a);
export const extendS = (a: I32): I64 => op('i64.extendS', a);
export const extendU = (a: I32): I64 => op('i64.extendU', a);
/** EXTS of the low 8, 16 or 32 bits. */
export const sext = (bits: 8 | 16 | 32, a: I64): I64 => op(`i64.sext${bits}`, a);
/** The low 32 bits, zero-extended. */
export const zext32 = (a: I64): I64 => and(a, i64(0xffffffffn));

/** Both branches are evaluated: neither may access storage or call a service. */
export const select = <T extends Ty>(cond: I32, then: Expr<T>, otherwise: Expr<T>): Expr<T> =>
  ({ k: 'select', ty: then.ty, cond, then, else: otherwise }) as unknown as Expr<T>;

export interface LoadOptions {
  readonly signed?: boolean;
  readonly reversed?: boolean;
  readonly storage?: StorageKind;
}
export const load = (bytes: 1 | 2 | 4 | 8, ea: I64, o: LoadOptions = {}): I64 => ({
  k: 'load',
  ty: 'i64',
  bytes,
  signed: o.signed ?? false,
  reversed: o.reversed ?? false,
  storage: o.storage ?? 'plain',
  ea,
});
export const storeConditional = (bytes: 1 | 2 | 4 | 8, ea: I64, value: I64): I32 => ({
  k: 'storeConditional',
  ty: 'i32',
  bytes,
  ea,
  value,
});
export const call = (service: ServiceName, ...args: I64[]): I64 => ({ k: 'call', ty: 'i64', service, args });
