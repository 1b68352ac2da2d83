/**
 * Generated code of storage accesses. The fast path is one compare in the translation cache and the access; all
 * else (miss, device, page crossing, caching-inhibited storage, watched or code pages) goes through one call that
 * leaves to TypeScript. A guest address becomes a linear address only by an addend that TypeScript entered for a page
 * that lies in host real memory.
 */
import type { LoadNode, StorageKind, StoreConditionalNode } from '../../isa/vocabulary/expr';
import type { Stmt } from '../../isa/vocabulary/stmt';
import { offsetOf, TLB_ENTRIES, TLB_ENTRY } from '../state/layout';
import type { Helpers } from './helper-parts';
import { emitOperator } from './operators';
import type { Variant } from './variant';
import type { WovenHandler } from './weaver';
import { OP, SIMD_OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

/** What the emitters need of the function being generated. */
export interface StoragePort {
  readonly code: Code;
  readonly variant: Variant;
  readonly helpers: Helpers;
  readonly woven: WovenHandler | undefined;
  /** Emits: leave the function with the status in a local, if it is not zero. */
  exitIf(status: number): void;
}

const CPU = 0;
const IP = 1;
const LEFT = 2;
const PAGE = ~0xfffn;

export const STORAGE_KINDS = [
  'plain',
  'reserve',
  'quad',
  'inhibited',
  'zero',
  'multiple',
] as const satisfies readonly StorageKind[];

/** What an access is, as one number for the call to TypeScript. */
export interface AccessDescriptor {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly kind: StorageKind;
  readonly operation: 'load' | 'store' | 'storeConditional';
}
const OPERATIONS = ['load', 'store', 'storeConditional'] as const;

/** bytes in the low 4 bits, then the kind in 4, then the operation. */
export const describe = (a: AccessDescriptor): number =>
  a.bytes | (STORAGE_KINDS.indexOf(a.kind) << 4) | (OPERATIONS.indexOf(a.operation) << 8);

/** All descriptors by number, so that TypeScript decodes one by indexing. */
export const DESCRIPTORS: readonly (AccessDescriptor | undefined)[] = (() => {
  const out: AccessDescriptor[] = [];
  for (const operation of OPERATIONS)
    for (const kind of STORAGE_KINDS)
      for (const bytes of [1, 2, 4, 8] as const) {
        const a = { bytes, kind, operation };
        out[describe(a)] = a;
      }
  return out;
})();

/** Accesses of these kinds may use a cached translation; the others always need the rules in TypeScript. */
const isCacheable = (kind: StorageKind): boolean => kind !== 'inhibited';

/** Pushes the address of the translation cache entry of an effective address and leaves it in a local. */
export function emitEntry(code: Code, ea: number): number {
  const entry = code.local('i32');
  const shift = Math.log2(4096 / TLB_ENTRY.size);
  code.get(ea).i64(BigInt(shift));
  emitOperator(code, 'i64.shrU');
  emitOperator(code, 'i32.wrap');
  code.i32((TLB_ENTRIES - 1) * TLB_ENTRY.size);
  emitOperator(code, 'i32.and');
  code.get(CPU).memory(OP.i32Load, offsetOf('TLBBASE'));
  emitOperator(code, 'i32.xor');
  code.tee(entry);
  return entry;
}

/** Pushes whether the entry (its address is on the stack) holds the page of all bytes of the access. */
export function emitHit(code: Code, ea: number, tag: number, bytes: number): void {
  code.memory(OP.i64Load, tag).get(ea);
  if (bytes > 1) {
    code.i64(BigInt(bytes - 1));
    emitOperator(code, 'i64.add');
  }
  code.i64(PAGE);
  emitOperator(code, 'i64.and');
  code.get(CPU).memory(OP.i64Load, offsetOf('DCTX'));
  emitOperator(code, 'i64.or');
  emitOperator(code, 'i64.eq');
}

/** Pushes the linear address of an effective address that hit an entry. */
export function emitLinear(code: Code, ea: number, entry: number): void {
  code.get(ea);
  emitOperator(code, 'i32.wrap');
  code.get(entry).memory(OP.i32Load, TLB_ENTRY.addend);
  emitOperator(code, 'i32.add');
}

/** In 32-bit mode the effective address is the low word. */
function truncated(port: StoragePort, ea: number): number {
  if (port.variant.modes.sf) return ea;
  const low = port.code.local('i64');
  port.code.get(ea).i64(0xffffffffn);
  emitOperator(port.code, 'i64.and');
  port.code.set(low);
  return low;
}

const RAW_LOAD = { 1: OP.i64Load8U, 2: OP.i64Load16U, 4: OP.i64Load32U, 8: OP.i64Load } as const;
const SIGNED_LOAD = { 1: OP.i64Load8S, 2: OP.i64Load16S, 4: OP.i64Load32S, 8: OP.i64Load } as const;
const RAW_STORE = { 1: OP.i64Store8, 2: OP.i64Store16, 4: OP.i64Store32, 8: OP.i64Store } as const;

/** True where storage order is not the little-endian order of linear memory. */
const swaps = (port: StoragePort, reversed: boolean): boolean =>
  port.variant.modes.le === 1 ? reversed : !reversed;

/** Reverses the low `bytes` bytes of the doubleword on the stack; the bytes above them become 0. */
export function emitReverse(code: Code, bytes: 1 | 2 | 4 | 8): void {
  if (bytes === 1) return;
  code.simd(SIMD_OP.i64x2Splat);
  const splat = code.local('v128');
  code.tee(splat).get(splat).simd(SIMD_OP.i8x16Shuffle);
  for (let lane = 0; lane < 16; lane++) code.op(lane < 8 ? 7 - lane : lane);
  code.simd(SIMD_OP.i64x2ExtractLane).op(0);
  if (bytes < 8) {
    code.i64(BigInt(64 - 8 * bytes));
    emitOperator(code, 'i64.shrU');
  }
}

function emitSignExtension(code: Code, bytes: 1 | 2 | 4 | 8): void {
  if (bytes < 8) emitOperator(code, `i64.sext${(8 * bytes) as 8 | 16 | 32}`);
}

/** What is woven around an access whose linear address is on the stack, where it stays. */
function emitWoven({ code, woven }: StoragePort, ea: number, access: AccessDescriptor): void {
  if (!woven) return;
  const linear = code.local('i32');
  code.set(linear);
  woven.access({ ea, linear }, access);
  code.get(linear);
}

/** Pushes the value of a load whose effective address is in a local. */
export function emitLoad(port: StoragePort, load: LoadNode, address: number): void {
  const { code, helpers } = port;
  const ea = truncated(port, address);
  const status = code.local('i32');
  const value = code.local('i64');
  const swap = load.bytes > 1 && swaps(port, load.reversed);
  const access = describe({ bytes: load.bytes, kind: load.storage, operation: 'load' });
  const slow = (): void => {
    code.get(CPU).get(IP).get(LEFT).get(ea).i32(access).call(helpers.load).set(status).set(value);
    port.exitIf(status);
  };
  if (load.storage === 'reserve') {
    code.get(CPU).get(IP).get(LEFT).get(ea).i32(access).call(helpers.loadReserve).set(status).set(value);
    port.exitIf(status);
    code.get(value);
  } else if (!isCacheable(load.storage)) {
    slow();
    code.get(value);
  } else {
    const entry = emitEntry(code, ea);
    emitHit(code, ea, TLB_ENTRY.readTag, load.bytes);
    code.if();
    emitLinear(code, ea, entry);
    emitWoven(port, ea, { bytes: load.bytes, kind: load.storage, operation: 'load' });
    code.memory(load.signed && !swap ? SIGNED_LOAD[load.bytes] : RAW_LOAD[load.bytes], 0).set(value);
    code.op(OP.else);
    slow();
    if (load.signed && !swap && load.bytes < 8) {
      code.get(value);
      emitSignExtension(code, load.bytes);
      code.set(value);
    }
    code.op(OP.end).get(value);
    if (!swap) return;
  }
  if (swap) emitReverse(code, load.bytes);
  if (load.signed) emitSignExtension(code, load.bytes);
}

/** Pushes the bytes of a value in the order in which storage holds them. */
function emitInStorageOrder(
  port: StoragePort,
  value: number,
  bytes: 1 | 2 | 4 | 8,
  reversed: boolean,
): number {
  const { code } = port;
  if (bytes === 1 || !swaps(port, reversed)) return value;
  const ordered = code.local('i64');
  code.get(value);
  emitReverse(code, bytes);
  code.set(ordered);
  return ordered;
}

export function emitStore(
  port: StoragePort,
  store: Extract<Stmt, { s: 'store' }>,
  address: number,
  value: number,
): void {
  const { code, helpers } = port;
  const ea = truncated(port, address);
  const ordered = emitInStorageOrder(port, value, store.bytes, store.reversed);
  const access = describe({ bytes: store.bytes, kind: store.storage, operation: 'store' });
  const slow = (): void => {
    const status = code.local('i32');
    code.get(CPU).get(IP).get(LEFT).get(ea).get(ordered).i32(access).call(helpers.store).set(status);
    port.exitIf(status);
  };
  if (!isCacheable(store.storage)) {
    slow();
    return;
  }
  const entry = emitEntry(code, ea);
  emitHit(code, ea, TLB_ENTRY.writeTag, store.bytes);
  code.if();
  emitLinear(code, ea, entry);
  emitWoven(port, ea, { bytes: store.bytes, kind: store.storage, operation: 'store' });
  code.get(ordered).memory(RAW_STORE[store.bytes], 0);
  code.op(OP.else);
  slow();
  code.op(OP.end);
}

/** Pushes 1 where the conditional store was done, else 0. */
export function emitStoreConditional(
  port: StoragePort,
  store: StoreConditionalNode,
  address: number,
  value: number,
): void {
  const { code, helpers } = port;
  const ea = truncated(port, address);
  const ordered = emitInStorageOrder(port, value, store.bytes, false);
  const access = describe({ bytes: store.bytes, kind: 'reserve', operation: 'storeConditional' });
  const status = code.local('i32');
  const done = code.local('i32');
  code.get(CPU).get(IP).get(LEFT).get(ea).get(ordered).i32(access);
  code.call(helpers.storeConditional).set(status).set(done);
  port.exitIf(status);
  code.get(done);
}
