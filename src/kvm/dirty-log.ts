/**
 * Dirty logging by bitmap: marking, KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG (Linux virt/kvm/kvm_main.c). Power has
 * the get alone, which always clears and also harvests the change bits of the page tables (book3s_hv.c); what is
 * generic only says so.
 */
import { EFAULT, EINVAL, ENOENT, ENXIO, errnoName } from './errno';
import { pushDirty } from './dirty-ring-log';
import { bitmapBytes, popcount32, wordOf, wordsToBytes, type DirtyBitmap } from './dirty-bitmap';
import { SLOT_ID_BITS, type MemSlot } from './memslot';
import { report } from './observer';
import { runToEnd, type Steps } from './steps';
import type { Vcpu } from './vcpu';
import type { Kvm } from './vm';

const BITS_PER_WORD = 32;
const PAGES_PER_UNIT = 64;
const MANUAL_PROTECT_ENABLE = 1 << 0;
const MANUAL_PROTECT_INITIALLY_SET = 1 << 1;

/** Records a write to a guest frame that the slot contains. Nothing happens where the slot does not log. */
export function markDirtyInSlot(
  vm: Kvm,
  slot: MemSlot,
  gfn: number,
  vcpu: Vcpu | null = vm.runningVcpu,
): void {
  if (!slot.logsDirtyPages) return;
  const offset = gfn - slot.baseGfn;
  if (vcpu?.dirtyRing) pushDirty(vm, vcpu, { asId: slot.asId, id: slot.id, offset });
  else if (slot.dirtyBitmap) slot.dirtyBitmap.set(offset);
  else vm.warn(`dirty page ${offset} of slot ${slot.id} is lost: no vCPU and no bitmap`);
}

/**
 * KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 (not on Power): bit 0 enables it, bit 1 lets new bitmaps start with all bits set.
 *
 * @returns 0, or -EINVAL for other bits, for bit 1 alone or on Power
 */
export function enableManualDirtyLogProtect(vm: Kvm, bits: number): number {
  const known = MANUAL_PROTECT_ENABLE | MANUAL_PROTECT_INITIALLY_SET;
  if (vm.arch.harvestsDirtyState || (bits & ~known) !== 0 || bits === MANUAL_PROTECT_INITIALLY_SET)
    return -EINVAL;
  const initiallySet = (bits & MANUAL_PROTECT_INITIALLY_SET) !== 0;
  vm.manualDirtyLogProtect = bits === 0 ? 'off' : initiallySet ? 'initially set' : 'enabled';
  return 0;
}

/** Takes the bytes of a log; false where user space's buffer cannot be written. */
export type CopyOut = (bitmap: Uint8Array) => boolean;

/**
 * KVM_GET_DIRTY_LOG, at once.
 *
 * @param slotArgument `as_id << 16 | id`
 * @returns 0, -ENXIO where only rings are used, -EINVAL for a bad slot argument, -ENOENT for a slot without bitmap,
 *   -EFAULT where the copy failed: in automatic mode what was harvested is lost then
 */
export function getDirtyLog(vm: Kvm, slotArgument: number, copyOut: CopyOut): number {
  return runToEnd(getDirtyLogSteps(vm, slotArgument, copyOut));
}

export function* getDirtyLogSteps(vm: Kvm, slotArgument: number, copyOut: CopyOut): Steps<number> {
  yield* vm.slotsLock.lockSteps('wait:slots_lock');
  const slot = loggedSlot(vm, slotArgument);
  let result: number;
  let pages = 0;
  if (typeof slot === 'number') result = slot;
  else {
    const words = yield* harvest(vm, slot, slot.dirtyBitmap!);
    pages = words.reduce((sum, word) => sum + popcount32(word), 0);
    result = copyOut(wordsToBytes(words)) ? 0 : -EFAULT;
  }
  vm.slotsLock.unlock();
  note(vm, 'get', { slotArgument, result, pages });
  return result;
}

/** The words to copy out. Clear, then protect, then flush, then copy: a later write is in this log or in the next. */
function* harvest(vm: Kvm, slot: MemSlot, bitmap: DirtyBitmap): Steps<Int32Array> {
  if (vm.arch.harvestsDirtyState) return harvestPageTables(vm, slot, bitmap);
  if (vm.manualDirtyLogProtect !== 'off') return bitmap.live;
  bitmap.scratch.fill(0);
  let any = false;
  yield* vm.mmuLock.lockSteps('wait:mmu_lock');
  for (let i = 0; i < bitmap.wordCount; i++) {
    if (bitmap.live[i] === 0) continue;
    any = true;
    const word = bitmap.exchange(i);
    bitmap.scratch[i] = word;
    yield 'cleared';
    vm.arch.writeProtect(slot, i * BITS_PER_WORD, word);
    yield 'protected';
  }
  vm.mmuLock.unlock();
  yield 'flush';
  if (any) vm.arch.flushRemoteTlbs();
  yield 'flushed';
  return bitmap.scratch;
}

/** Power: change bits first, then what was marked by the host or when a mapping went; both are cleared. */
function harvestPageTables(vm: Kvm, slot: MemSlot, bitmap: DirtyBitmap): Int32Array {
  bitmap.scratch.fill(0);
  vm.mmuLock.lock();
  vm.arch.harvestDirty(slot);
  for (let i = 0; i < bitmap.wordCount; i++) bitmap.scratch[i]! |= bitmap.exchange(i);
  vm.arch.flushRemoteTlbs();
  vm.mmuLock.unlock();
  return bitmap.scratch;
}

export interface ClearDirtyLog {
  /** `as_id << 16 | id`. */
  readonly slot: number;
  /** A multiple of 64. */
  readonly firstPage: number;
  /** A multiple of 64, unless it reaches the slot's end exactly. */
  readonly numPages: number;
  /** The bits to clear, page 0 of them being `firstPage`; null where user space's buffer cannot be read. */
  readonly copyIn: (length: number) => Uint8Array | null;
}

/**
 * KVM_CLEAR_DIRTY_LOG (not on Power): clears bits and makes exactly those pages that were dirty fault again.
 *
 * @returns 0 or -ENXIO, -EINVAL, -ENOENT, -EFAULT
 */
export function clearDirtyLog(vm: Kvm, request: ClearDirtyLog): number {
  vm.slotsLock.lock();
  const slot = vm.arch.harvestsDirtyState ? -EINVAL : clearableSlot(vm, request);
  let result: number;
  let pages = 0;
  if (typeof slot === 'number') result = slot;
  else {
    const bits = request.copyIn(bitmapBytes(request.numPages));
    result = bits ? 0 : -EFAULT;
    if (bits) pages = clearBits(vm, slot, { firstPage: request.firstPage, bits });
  }
  vm.slotsLock.unlock();
  note(vm, 'clear', { slotArgument: request.slot, result, pages });
  return result;
}

function clearableSlot(
  vm: Kvm,
  { slot: slotArgument, firstPage, numPages }: ClearDirtyLog,
): MemSlot | number {
  const early = checkArgument(vm, slotArgument);
  if (early !== 0) return early;
  if (firstPage % PAGES_PER_UNIT !== 0) return -EINVAL;
  const slot = loggedSlot(vm, slotArgument);
  if (typeof slot === 'number') return slot;
  const rest = slot.npages - firstPage;
  if (rest < 0 || numPages > rest) return -EINVAL;
  if (numPages < rest && numPages % PAGES_PER_UNIT !== 0) return -EINVAL;
  return slot;
}

function clearBits(
  vm: Kvm,
  slot: MemSlot,
  { firstPage, bits }: { firstPage: number; bits: Uint8Array },
): number {
  const bitmap = slot.dirtyBitmap!;
  const firstWord = firstPage / BITS_PER_WORD;
  let pages = 0;
  vm.mmuLock.lock();
  for (let i = 0; i * (BITS_PER_WORD / 8) < bits.length && firstWord + i < bitmap.wordCount; i++) {
    const cleared = bitmap.clearMasked(firstWord + i, wordOf(bits, i));
    if (cleared === 0) continue;
    pages += popcount32(cleared);
    vm.arch.writeProtect(slot, (firstWord + i) * BITS_PER_WORD, cleared);
  }
  vm.mmuLock.unlock();
  if (pages > 0) vm.arch.flushRemoteTlbs();
  return pages;
}

/** Checks on the slot argument alone: 0 or a negated error number. */
function checkArgument(vm: Kvm, slotArgument: number): number {
  if (!vm.usesDirtyBitmap) return -ENXIO;
  const asId = Math.floor(slotArgument / 2 ** SLOT_ID_BITS);
  return asId >= vm.sets.count || slotArgument % 2 ** SLOT_ID_BITS >= vm.userSlots ? -EINVAL : 0;
}

/** The slot with a bitmap that the argument names, or a negated error number. */
function loggedSlot(vm: Kvm, slotArgument: number): MemSlot | number {
  const early = checkArgument(vm, slotArgument);
  if (early !== 0) return early;
  const set = vm.sets.active(Math.floor(slotArgument / 2 ** SLOT_ID_BITS));
  const slot = set.byId(slotArgument % 2 ** SLOT_ID_BITS);
  return slot?.dirtyBitmap ? slot : -ENOENT;
}

function note(
  vm: Kvm,
  op: 'get' | 'clear',
  { slotArgument, result, pages }: { slotArgument: number; result: number; pages: number },
): void {
  if (!vm.observer) return;
  const as = Math.floor(slotArgument / 2 ** SLOT_ID_BITS);
  const id = slotArgument % 2 ** SLOT_ID_BITS;
  report(vm.observer, { ev: 'dirtylog', op, result: errnoName(result), as, id, pages });
}
