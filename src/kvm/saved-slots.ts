/** Memory slots in snapshots: both sets of each address space are made anew from one list, as a VM at rest has them. */
import type { Json, StateReader } from '../core/saved-state';
import { bitmapBytes, DirtyBitmap } from './dirty-bitmap';
import type { PieceClaims } from './host/piece-claims';
import {
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_MAX_NR_PAGES,
  KVM_MEM_READONLY,
  NO_RMAP,
  type MemSlot,
} from './memslot';
import { UPDATE_IN_PROGRESS } from './memslot-set';
import { readRuns, toRuns } from './runs';
import type { Kvm } from './vm';

const RMAP_WORD_BYTES = 8;
const WORD_BYTES = 4;
const WORD_PAGES = 32;
/** Pages of slots without a table in memory that bounds them, all together. */
const MOST_UNBACKED = 2 ** 26;
const ADDRESS_LIMIT = 2 ** 52;

export function saveSlots({ sets }: Kvm): Json {
  return Array.from({ length: sets.count }, (_, asId) => ({
    generation: sets.active(asId).generation,
    otherGeneration: sets.inactive(asId).generation,
    activeNode: sets.active(asId).nodeIdx,
    slots: [...sets.active(asId).slots()].sort((a, b) => a.baseGfn - b.baseGfn).map(saveSlot),
  }));
}

function saveSlot({ id, flags, baseGfn, npages, userspaceAddr, rmap, dirtyBitmap }: MemSlot): Json {
  const dirty = dirtyBitmap ? toRuns(dirtyBitmap.live) : null;
  return { id, flags, baseGfn, npages, userspaceAddr, rmap, dirty };
}

/** Takes every slot out of every set; what the arch keeps of them is not freed. */
export function clearSlots(vm: Kvm): void {
  const { sets } = vm;
  for (let asId = 0; asId < sets.count; asId++)
    for (const slot of [...sets.active(asId).slots()]) {
      for (let set = 0; set < 2; set++) {
        sets.replace(slot, null);
        sets.publish(asId);
      }
      vm.pool.free(slot);
    }
  vm.nrMemslotPages = vm.nrMemslotsDirtyLogging = vm.liveBitmaps = 0;
  vm.pfnCaches.forget();
}

/** @throws UserError where slots overlap or do not fit their VM */
export function restoreSlots(vm: Kvm, reader: StateReader, pieces: PieceClaims): void {
  const spaces = reader.children('spaces', vm.sets.count);
  if (spaces.length !== vm.sets.count) reader.fail('spaces', `${vm.sets.count} of them`);
  const all: MemSlot[] = [];
  spaces.forEach((space, asId) => {
    for (const saved of space.children('slots', vm.userSlots)) {
      const slot = readSlot(vm, saved, { asId, pieces });
      const active = vm.sets.active(asId);
      if (active.byId(slot.id) || active.overlapsOther(slot.baseGfn, slot.endGfn, -1))
        saved.fail('id', 'a slot that neither has the number of another nor meets it');
      link(vm, slot);
      all.push(slot);
    }
    restoreGenerations(vm, space, asId);
    space.done();
  });
  vm.arch.restoreMemslots(all);
}

function link(vm: Kvm, slot: MemSlot): void {
  for (let set = 0; set < 2; set++) {
    vm.sets.replace(null, slot);
    vm.sets.publish(slot.asId);
  }
  vm.nrMemslotPages += slot.npages;
  vm.nrMemslotsDirtyLogging += Number(slot.logsDirtyPages);
}

function restoreGenerations({ sets }: Kvm, space: StateReader, asId: number): void {
  if (sets.active(asId).nodeIdx !== space.integer('activeNode', 0, 1)) sets.publish(asId);
  const generation = space.integer('generation', 0, UPDATE_IN_PROGRESS - 1);
  if (generation % sets.count !== asId) space.fail('generation', `a number of address space ${asId}`);
  sets.active(asId).generation = generation;
  sets.inactive(asId).generation = space.integer('otherGeneration', 0, UPDATE_IN_PROGRESS - 1);
}

function readSlot(
  vm: Kvm,
  saved: StateReader,
  { asId, pieces }: { asId: number; pieces: PieceClaims },
): MemSlot {
  const { pageSize, mm } = vm;
  const slot = vm.pool.allocate();
  slot.asId = asId;
  slot.id = saved.integer('id', 0, vm.userSlots - 1);
  slot.flags = saved.integer('flags', 0, KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY);
  if (slot.isReadonly && !vm.arch.supportsReadonly) saved.fail('flags', 'a slot that may be written');
  slot.npages = saved.integer('npages', 1, KVM_MEM_MAX_NR_PAGES);
  slot.baseGfn = saved.integer('baseGfn', 0, ADDRESS_LIMIT / pageSize - slot.npages);
  slot.userspaceAddr = saved.integer('userspaceAddr', 0, mm.userLimit - slot.npages * pageSize);
  if (slot.userspaceAddr % pageSize !== 0) saved.fail('userspaceAddr', 'an address of a page');
  slot.userspaceLast = slot.userspaceAddr + slot.npages * pageSize - 1;
  slot.rmap = saved.integer('rmap', NO_RMAP, mm.frames.memory.size);
  const backed = pieces.take(slot.rmap, slot.npages * RMAP_WORD_BYTES);
  if (slot.rmap !== NO_RMAP && !backed) saved.fail('rmap', `an array of ${slot.npages} words of its own`);
  if (!backed && vm.nrMemslotPages + slot.npages > MOST_UNBACKED)
    saved.fail('npages', `at most ${MOST_UNBACKED} pages in all slots`);
  readDirty(vm, saved, slot);
  saved.done();
  return slot;
}

function readDirty(vm: Kvm, saved: StateReader, slot: MemSlot): void {
  const isThere = saved.any('dirty') !== null;
  if (isThere !== (slot.logsDirtyPages && vm.usesDirtyBitmap)) saved.fail('dirty', 'what the flags ask for');
  if (!isThere) return;
  const words = readRuns(saved, 'dirty', bitmapBytes(slot.npages) / WORD_BYTES);
  slot.dirtyBitmap = new DirtyBitmap(slot.npages);
  slot.dirtyBitmap.live.set(words);
  vm.liveBitmaps++;
  const partial = slot.npages % WORD_PAGES;
  const used = Math.ceil(slot.npages / WORD_PAGES);
  const beyond = words.subarray(used).some((word) => word !== 0);
  if (beyond || (partial !== 0 && words[used - 1]! >>> partial !== 0))
    saved.fail('dirty', 'no page beyond the slot');
}
