/**
 * H_REGISTER_VPA: areas that a vCPU shares with the hypervisor (PAPR, "H_REGISTER_VPA"; checks and their order as
 * Linux and QEMU have them).
 */
import type { GuestVcpu, SharedArea } from '../guest/vcpu';
import { H } from './status';
import type { Hypercall, HypercallHandler } from './table';

/** The function is in bits 16:18 of the flags. */
const FUNCTION_SHIFT = 45n;
const FUNCTION_MASK = 7n;
const LARGEST_VCPU = 0xffff;
/** An area may not cross a page of this size. */
const UNIT = 4096n;
const VPA_ALIGNMENT = 128n;
/** Places in the areas: each has its size behind a 4-byte field. */
const SIZE_AT = 4n;
const SMALLEST = { vpa: 640, slbShadow: 8, dispatchLog: 48 } as const;

type Area = keyof typeof SMALLEST;
type Function = (call: Hypercall, vcpu: GuestVcpu, address: bigint) => number;

function sizeOf(call: Hypercall, area: Area, address: bigint): number | undefined {
  const bytes = new Uint8Array(area === 'vpa' ? 2 : 4);
  if (!call.l0.guestMemory.read(address + SIZE_AT, bytes)) return undefined;
  return bytes.reduce((size, byte) => size * 256 + byte, 0);
}

const crossesUnit = (address: bigint, size: number): boolean => (address % UNIT) + BigInt(size) > UNIT;

/** Checks an area and its size field. @returns its size, or a status */
function check(call: Hypercall, area: Area, address: bigint): { size: number } | number {
  if (address === 0n) return H.HARDWARE;
  if (area === 'vpa' && address % VPA_ALIGNMENT !== 0n) return H.PARAMETER;
  const size = sizeOf(call, area, address);
  if (size === undefined || size < SMALLEST[area]) return H.PARAMETER;
  // The log may be as long as it likes; the others lie in one page.
  if (area !== 'dispatchLog' && crossesUnit(address, size)) return H.PARAMETER;
  return call.l0.guestMemory.contains(address, size) ? { size } : H.PARAMETER;
}

const register =
  (area: Area): Function =>
  (call, vcpu, address) => {
    const checked = check(call, area, address);
    if (typeof checked === 'number') return checked;
    if (area !== 'vpa' && vcpu.vpa.length === 0) return H.RESOURCE;
    Object.assign(vcpu[area], { address, length: checked.size });
    return H.SUCCESS;
  };

const empty = (area: SharedArea): void => void Object.assign(area, { address: 0n, length: 0 });

const deregister =
  (area: Area): Function =>
  (_call, vcpu) => {
    const others = vcpu.slbShadow.length > 0 || vcpu.dispatchLog.length > 0;
    if (area === 'vpa' && others) return H.RESOURCE;
    empty(vcpu[area]);
    return H.SUCCESS;
  };

const FUNCTIONS: Readonly<Record<number, Function>> = {
  1: register('vpa'),
  2: register('dispatchLog'),
  3: register('slbShadow'),
  5: deregister('vpa'),
  6: deregister('dispatchLog'),
  7: deregister('slbShadow'),
};

function registerVpa(call: Hypercall): number {
  const vcpu = call.l0.vcpus[call.small(1, LARGEST_VCPU)];
  const perform = FUNCTIONS[Number((call.arg(0) >> FUNCTION_SHIFT) & FUNCTION_MASK)];
  return vcpu && perform ? perform(call, vcpu, call.arg(2)) : H.PARAMETER;
}

export const VPA_HYPERCALLS = {
  H_REGISTER_VPA: registerVpa,
} as const satisfies Record<string, HypercallHandler>;
