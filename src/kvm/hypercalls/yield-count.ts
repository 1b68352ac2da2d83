/**
 * The yield count of a virtual processor area: odd while the vCPU waits in the hypervisor, even while it runs, so that
 * others see whether the holder of a lock can make progress (PAPR, "Virtual Processor Area").
 */
import type { GuestVcpu } from '../guest/vcpu';
import type { L0 } from '../l0';

/** Place of the 32-bit count in the area. */
const YIELD_COUNT_AT = 0x100n;
const WORD = 4;

function count({ guestMemory }: L0, { vpa }: GuestVcpu, to: { odd: boolean }): void {
  if (vpa.length === 0) return;
  const bytes = new Uint8Array(WORD);
  const view = new DataView(bytes.buffer);
  const at = vpa.address + YIELD_COUNT_AT;
  // The guest may have given its memory away since: then there is nothing to count in.
  if (!guestMemory.read(at, bytes)) return;
  const next = view.getUint32(0) + 1;
  view.setUint32(0, (next & 1) === (to.odd ? 1 : 0) ? next : next + 1);
  guestMemory.write(at, bytes);
}

/** The vCPU waits from now on. */
export function yielded(l0: L0, vcpu: GuestVcpu): void {
  vcpu.isCeded = true;
  count(l0, vcpu, { odd: true });
}

/** It goes on. */
export function dispatched(l0: L0, vcpu: GuestVcpu): void {
  vcpu.isCeded = false;
  count(l0, vcpu, { odd: false });
}
