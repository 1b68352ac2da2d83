/**
 * Where memory of the built-in hypervisor's guests is that no table maps yet: L0 maps pages when they are touched, and a
 * debugger touches nothing. So the memory slots are asked, and for a nested guest the tree that L1 made for it.
 */
import { joinHalves } from '../core/u64';
import type { Cpu } from '../cpu/cpu';
import type { L0 } from '../kvm/l0';
import { describeAccess } from '../kvm/nested/describe-fault';
import type { NestedGuest } from '../kvm/nested/nested-guest';
import { NestedGuests } from '../kvm/nested/part';
import { frameOf, hasBits, PTE_PRESENT } from '../kvm/page-entry';
import { hvaInSlot } from '../kvm/translate';

/** EA bits of a guest real address; above are the bits that select real mode. */
const REAL_ADDRESS = (1n << 60n) - 1n;
const PAGE_OFFSET = 0xfffn;

/** The nested guest that a CPU is in, if it is in one. */
export function runningGuest(l0: L0 | undefined, cpu: Cpu): NestedGuest | undefined {
  const { nested } = l0 ?? {};
  return nested instanceof NestedGuests ? nested.runs[cpu.state.index]?.guest : undefined;
}

/**
 * Host real address of an operand whose translation has just failed because L0 has not mapped it; undefined: it is
 * nowhere.
 */
export function unmappedAddress(l0: L0, cpu: Cpu, ea: bigint): number | undefined {
  const { fault } = cpu.translator;
  if (fault.stage !== 'partition' || fault.kind !== 'noTranslation' || fault.tableWalk) return undefined;
  const page = joinHalves(fault.asdrHi, fault.asdrLo) & REAL_ADDRESS & ~PAGE_OFFSET;
  const real = Number(page | (ea & PAGE_OFFSET));
  const guest = runningGuest(l0, cpu);
  const address = guest ? addressInL1(l0, guest, real) : real;
  return address === undefined ? undefined : hostAddress(l0, address);
}

/** Real address in L1 of a real address of a nested guest, by L1's tree. */
function addressInL1(l0: L0, guest: NestedGuest, nGpa: number): number | undefined {
  const { nested } = l0.nested as NestedGuests;
  return describeAccess(nested, guest, { nGpa, store: false, fetch: false, faults: true }).l1?.gpa;
}

/** Host real address of a real address of L1, where its page exists. */
function hostAddress({ vm, mm, frames }: L0, gpa: number): number | undefined {
  const gfn = Math.floor(gpa / vm.pageSize);
  const hva = hvaInSlot(vm, vm.gfnToMemslot(gfn), gfn, 'read');
  const entry = hva < 0 ? 0 : mm.entryAt(hva);
  return hasBits(entry, PTE_PRESENT) ? frames.addressOf(frameOf(entry)) + (gpa % vm.pageSize) : undefined;
}
