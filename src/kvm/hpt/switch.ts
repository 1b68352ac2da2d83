/**
 * From radix to HPT and back (Linux book3s_64_mmu_hv.c and book3s_hv.c, kvmppc_switch_mmu_to_hpt and
 * kvmppc_switch_mmu_to_radix): one kind of tables goes with all that hangs off it, the other begins empty.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { PATE1 } from '../../../isa/tables/partition-table';
import { has, maskOf, put } from '../../core/bits';
import { partitionEntry0 } from '../guest/radix-format';
import { H } from '../hypercalls/status';
import type { GuestVcpu } from '../guest/vcpu';
import type { GuestTranslation, L0 } from '../l0';
import { resetRings, unmapFrames } from './host-events';
import type { HptGuest } from './guest';
import { cancelResize } from './resize';
import { naturalOrder } from './size';
import { mapVrma } from './vrma';

const RADIX_LPCR = maskOf(LPCR.HR, LPCR.UPRT, LPCR.GTSE);
const HPT_LPCR = LPCR.VPM1.mask;

/**
 * What H_REGISTER_PROC_TBL asks for: how L1 translates and where its process table is (Linux book3s_hv.c,
 * kvmhv_configure_mmu; statuses as QEMU has them for its errors).
 * @returns a status
 */
export function setTranslation(
  l0: L0,
  caller: GuestVcpu,
  { radix, dw1, guestShootdown }: GuestTranslation,
): number {
  if (radix !== has(dw1, PATE1.GR)) return H.PARAMETER;
  if (radix === l0.hpt.isActive) {
    if (othersRun(l0, caller)) return H.HARDWARE;
    if (radix) switchToRadix(l0);
    else if (!switchToHpt(l0)) return H.RESOURCE;
  }
  const [dw0] = l0.partitions.get(l0.lpid);
  l0.partitions.set(l0.lpid, dw0, dw1);
  if (radix) l0.changeLpcr((lpcr) => put(lpcr, LPCR.GTSE, guestShootdown ? 1n : 0n));
  l0.tlb.partition(l0.lpid);
  return H.SUCCESS;
}

/** A vCPU beside the one that asks is in the guest: its tables may not go. */
const othersRun = ({ vcpus, nested }: L0, caller: GuestVcpu): boolean =>
  vcpus.some(
    (vcpu) => vcpu !== caller && ((vcpu.isStarted && !vcpu.isCeded) || nested?.isRunning(vcpu) === true),
  );

/**
 * Makes the guest an HPT guest with an empty table, but for the virtual real mode area.
 * @param order log2 of the table's bytes; absent: what suits the guest's memory
 * @returns false where host memory is short: the guest is what it was
 */
export function switchToHpt(l0: L0, order?: number): boolean {
  const { hpt, vm, arch } = l0;
  const table = hpt.allocateTable(order ?? naturalOrder(vm.nrMemslotPages * vm.pageSize));
  if (!table) return false;
  // Nested guests, their lists and the radix tree go; the words of the reverse map are the rings' from here on.
  for (let asId = 0; asId < vm.sets.count; asId++)
    for (const slot of vm.sets.active(asId).slots()) arch.flushShadowMemslot(slot);
  arch.flushShadowAll();
  hpt.use(table);
  l0.changeLpcr((lpcr) => (lpcr & ~RADIX_LPCR) | HPT_LPCR);
  mapVrma(hpt);
  return true;
}

/** Makes the guest a radix guest with an empty tree. */
function switchToRadix(l0: L0): void {
  const { hpt, vm, arch } = l0;
  vm.mmuLock.lock();
  emptyRings(hpt);
  cancelResize(hpt);
  hpt.table?.free();
  hpt.use(undefined);
  vm.invalidate.seq++;
  vm.mmuLock.unlock();
  l0.partitions.set(l0.lpid, partitionEntry0(arch.tree.root), PATE1.GR.mask);
  l0.changeLpcr((lpcr) => (lpcr & ~HPT_LPCR) | RADIX_LPCR);
  l0.tlb.partition(l0.lpid);
}

/** Takes every page away from hardware and makes every word of the reverse map 0. */
function emptyRings(hpt: HptGuest): void {
  const { vm } = hpt;
  for (let asId = 0; asId < vm.sets.count; asId++)
    for (const slot of vm.sets.active(asId).slots()) {
      unmapFrames(hpt, { slot, start: slot.baseGfn, end: slot.endGfn });
      resetRings(hpt, slot);
    }
}
