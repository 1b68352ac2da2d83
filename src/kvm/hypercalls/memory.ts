/** Hypercalls that touch L1's memory for it: logical loads and stores, page initialisation, random numbers. */
import { H } from './status';
import type { Hypercall, HypercallHandler } from './table';

const PAGE = 4096;
const LARGEST_SIZE = 8;
const SIZES: ReadonlySet<number> = new Set([1, 2, 4, LARGEST_SIZE]);

/** Flags of H_PAGE_INIT (PAPR): bits 40, 41, 48, 49. */
const PAGE_INIT = {
  ICACHE_INVALIDATE: 1n << 23n,
  ICACHE_SYNCHRONIZE: 1n << 22n,
  ZERO: 1n << 15n,
  COPY: 1n << 14n,
} as const;
const PAGE_INIT_FLAGS = Object.values(PAGE_INIT).reduce((all, flag) => all | flag, 0n);

/** The operand that size and address describe, or undefined where it is none. */
function operand(call: Hypercall): { bytes: Uint8Array; address: bigint } | undefined {
  const size = call.small(0, LARGEST_SIZE);
  const address = call.arg(1);
  if (!SIZES.has(size) || address % BigInt(size) !== 0n) return undefined;
  return { bytes: new Uint8Array(size), address };
}

function load(call: Hypercall): number {
  const at = operand(call);
  if (!at || !call.l0.guestMemory.read(at.address, at.bytes)) return H.PARAMETER;
  call.result(
    0,
    at.bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n),
  );
  return H.SUCCESS;
}

function store(call: Hypercall): number {
  const at = operand(call);
  if (!at) return H.PARAMETER;
  const whole = new DataView(new ArrayBuffer(LARGEST_SIZE));
  whole.setBigUint64(0, call.arg(2));
  at.bytes.set(new Uint8Array(whole.buffer).subarray(LARGEST_SIZE - at.bytes.length));
  return call.l0.guestMemory.write(at.address, at.bytes) ? H.SUCCESS : H.PARAMETER;
}

/** Cache blocks are coherent here: there is nothing to do but to look at the address. */
const cacheBlock = (call: Hypercall): number =>
  call.l0.guestMemory.contains(call.arg(0), 1) ? H.SUCCESS : H.PARAMETER;

const isPage = (call: Hypercall, address: bigint): boolean =>
  address % BigInt(PAGE) === 0n && call.l0.guestMemory.contains(address, PAGE);

/** Zeroes a 4K page or copies one. */
function pageInit(call: Hypercall): number {
  const [flags, destination, source] = [call.arg(0), call.arg(1), call.arg(2)];
  if ((flags & ~PAGE_INIT_FLAGS) !== 0n || !isPage(call, destination)) return H.PARAMETER;
  const bytes = new Uint8Array(PAGE);
  if ((flags & PAGE_INIT.COPY) !== 0n) {
    if (!isPage(call, source) || !call.l0.guestMemory.read(source, bytes)) return H.PARAMETER;
  } else if ((flags & PAGE_INIT.ZERO) === 0n) return H.SUCCESS;
  return call.l0.guestMemory.write(destination, bytes) ? H.SUCCESS : H.PARAMETER;
}

function random(call: Hypercall): number {
  call.result(0, call.cpu.hooks.random());
  return H.SUCCESS;
}

export const MEMORY_HYPERCALLS = {
  H_LOGICAL_CI_LOAD: load,
  H_LOGICAL_CI_STORE: store,
  H_LOGICAL_CACHE_LOAD: load,
  H_LOGICAL_CACHE_STORE: store,
  H_LOGICAL_ICBI: cacheBlock,
  H_LOGICAL_DCBF: cacheBlock,
  H_PAGE_INIT: pageInit,
  H_RANDOM: random,
} as const satisfies Record<string, HypercallHandler>;
