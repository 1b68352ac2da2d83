/** The order of a slot update and what others see in the middle of it (T27-T35, R6, R14, R18). */
import type { MemslotUpdate } from '../../src/kvm/arch';
import { checkInvariants } from '../../src/kvm/check-invariants';
import { FlatArch } from '../../src/kvm/flat-arch';
import { KVM_MEM_LOG_DIRTY_PAGES, type MemSlot } from '../../src/kvm/memslot';
import { END, isUpdating, type Generation } from '../../src/kvm/memslot-set';
import { DeadlockError, runAsync, runToEnd, type Steps } from '../../src/kvm/steps';
import { gfnToHva, HVA_ERR_BAD, isVisibleGfn } from '../../src/kvm/translate';
import type { MemslotEvent } from '../../src/trace/events/memslot';
import { finish, flatVm, HVA, stepTo, TestVm } from './support';

class RecordingArch extends FlatArch {
  readonly calls: string[] = [];
  flushed: MemSlot | null = null;

  override prepareMemoryRegion(update: MemslotUpdate): number {
    this.calls.push('prepare');
    if (update.old && update.next) update.next.rmap = update.old.rmap;
    return 0;
  }

  override commitMemoryRegion(update: MemslotUpdate): void {
    this.calls.push('commit');
    super.commitMemoryRegion(update);
  }

  override memslotsUpdated(generation: Generation): void {
    this.calls.push(`updated ${generation}`);
  }

  override flushShadowMemslot(slot: MemSlot): void {
    this.calls.push(slot.isInvalid ? 'flush INVALID' : 'flush');
    this.flushed = slot;
    super.flushShadowMemslot(slot);
  }

  override guestMemoryReclaimed(): void {
    this.calls.push('reclaimed');
  }
}

const LOG = KVM_MEM_LOG_DIRTY_PAGES;
const FLAG = 1n << 63n;

function withSlot(shape = {}) {
  const t = flatVm();
  t.set({ id: 1, gfn: 10, pages: 10, hva: HVA, ...shape });
  return t;
}

const move = (t: TestVm, gfn = 50): Steps<number> => t.setSteps({ id: 1, gfn, pages: 10, hva: HVA });

test('T27: a move takes its steps in the order of Linux, and the arch sees the old slot', () => {
  const events: MemslotEvent[] = [];
  const observer = { time: () => 0, cpu: () => 0, emit: (event: MemslotEvent) => events.push(event) };
  const arch = new RecordingArch();
  const t = new TestVm(arch, { observer });
  t.set({ id: 1, gfn: 10, pages: 10, hva: HVA });
  const old = t.vm.gfnToMemslot(10);
  events.length = arch.calls.length = 0;
  expect(t.set({ id: 1, gfn: 50, pages: 10, hva: HVA })).toBe(0);
  const steps = events.flatMap((e) => (e.ev === 'memslot.step' ? [[e.step, e.generation]] : []));
  expect(steps).toEqual([
    ['replace', 1n],
    ['publish', 1n | FLAG],
    ['grace', 1n | FLAG],
    ['updated', 1n | FLAG],
    ['generation', 2n],
    ['flush', 2n],
    ['reclaimed', 2n],
    ['lock', 2n],
    ['copy-arch', 2n],
    ['prepare', 2n],
    ['replace', 2n],
    ['publish', 2n | FLAG],
    ['grace', 2n | FLAG],
    ['updated', 2n | FLAG],
    ['generation', 3n],
    ['settle', 3n],
    ['commit', 3n],
  ]);
  expect(arch.calls).toEqual(['updated 2', 'flush', 'reclaimed', 'prepare', 'updated 3', 'commit']);
  expect(arch.flushed).toBe(old);
  const changes = events.filter((e) => e.ev === 'memslot');
  expect(changes).toMatchObject([{ op: 'move', result: 'OK', id: 1, gpa: 50n * 4096n }]);
  expect(events.filter((e) => e.ev === 'memslot.activate')).toMatchObject([{ node: 0 }, { node: 1 }]);
});

test('T27: arch data that changes while the lock is free reaches the moved slot', () => {
  const t = new TestVm(new RecordingArch());
  t.set({ id: 1, gfn: 10, pages: 10, hva: HVA });
  const old = t.vm.gfnToMemslot(10)!;
  const steps = t.setSteps({ id: 1, gfn: 50, pages: 10, hva: HVA });
  stepTo(steps, 'relock');
  t.vm.gfnToMemslot(10)!.rmap = 0x1230;
  stepTo(steps, 'prepare');
  expect(old.rmap).toBe(0x1230);
  expect(finish(steps)).toBe(0);
  expect(t.vm.gfnToMemslot(50)?.rmap).toBe(0x1230);
});

test('T27 and R14: flushing the old slot or its INVALID copy drops the same mappings', () => {
  class FlushesCopy extends FlatArch {
    override flushShadowMemslot(slot: MemSlot): void {
      super.flushShadowMemslot(this.vm.sets.active(slot.asId).byId(slot.id)!);
    }
  }
  const left = [new FlatArch(), new FlushesCopy()].map((arch) => {
    const t = new TestVm(arch);
    t.setMapped({ id: 0, gfn: 0, pages: 8 });
    t.setMapped({ id: 1, gfn: 8, pages: 8 });
    const vcpu = t.vm.createVcpu();
    for (let gfn = 0; gfn < 16; gfn += 3) t.guest.access(vcpu, gfn, 'write');
    t.delete(1);
    return [...arch.maps[0]!.entries()].map(([gfn]) => gfn);
  });
  expect(left[0]).toEqual([0, 3, 6]);
  expect(left[1]).toEqual(left[0]);
});

test('T28: within a delete a reader finds an INVALID slot that translates nothing', () => {
  const t = flatVm();
  t.setMapped({ id: 1, gfn: 10, pages: 10 });
  const vcpu = t.vm.createVcpu();
  const steps = t.deleteSteps(1);
  stepTo(steps, 'flush');
  const slot = t.vm.gfnToMemslot(12);
  expect(slot?.isInvalid).toBe(true);
  expect([gfnToHva(t.vm, 12), isVisibleGfn(t.vm, 12)]).toEqual([HVA_ERR_BAD, false]);
  expect(t.guest.access(vcpu, 12, 'read')).toBe('mmio');
  expect(t.arch.maps[0]!.size).toBe(0);
  expect(finish(steps)).toBe(0);
  t.expectInvariants();
});

test('T29: the writer waits for readers of the old set, not for later ones', () => {
  const t = withSlot();
  const token = t.vm.srcu.readLock();
  const seen = t.vm.sets.active(0);
  const steps = t.setSteps({ id: 1, gfn: 10, pages: 10, hva: HVA, flags: LOG });
  stepTo(steps, 'wait:readers');
  const late = t.vm.srcu.readLock();
  for (let i = 0; i < 5; i++) expect(steps.next().value).toBe('wait:readers');
  expect(seen.search(12)?.flags).toBe(0);
  expect(t.vm.sets.active(0).search(12)?.flags).toBe(LOG);
  t.vm.srcu.readUnlock(token);
  expect(finish(steps)).toBe(0);
  expect(t.vm.srcu.readerCount).toBe(1);
  t.vm.srcu.readUnlock(late);
  t.expectInvariants();
});

test('T30 and R6: a vCPU cache filled within an update is stale after it', () => {
  const t = withSlot();
  const vcpu = t.vm.createVcpu();
  const steps = t.setSteps({ id: 1, gfn: 10, pages: 10, hva: HVA, flags: LOG });
  stepTo(steps, 'grace');
  t.vm.vcpuGfnToMemslot(vcpu, 12);
  expect(isUpdating(vcpu.lastUsedSlotGen)).toBe(true);
  finish(steps);
  expect(vcpu.lastUsedSlotGen).not.toBe(t.generation());
  const before = t.vm.sets.active(0).visits;
  expect(t.vm.vcpuGfnToMemslot(vcpu, 12)?.flags).toBe(LOG);
  expect(t.vm.sets.active(0).visits).toBeGreaterThan(before);
});

test('T31 and R6: what was cached with a generation before an update never matches during or after it', () => {
  const t = withSlot();
  const stamp = t.generation();
  const steps = move(t);
  const seen: Generation[] = [];
  for (let next = steps.next(); !next.done; next = steps.next()) seen.push(t.generation());
  const published = seen.findIndex((generation) => generation !== stamp);
  expect(published).toBeGreaterThan(0);
  expect(seen.slice(published)).not.toContain(stamp);
  expect(t.generation()).not.toBe(stamp);
});

test('T32: a reader may take slots_arch_lock while the writer waits for it, and its change is not lost', () => {
  const t = new TestVm(new RecordingArch());
  t.set({ id: 1, gfn: 10, pages: 10, hva: HVA });
  const token = t.vm.srcu.readLock();
  const steps = t.setSteps({ id: 1, gfn: 50, pages: 10, hva: HVA });
  stepTo(steps, 'wait:readers');
  expect(t.vm.slotsArchLock.tryLock()).toBe(true);
  t.vm.gfnToMemslot(12)!.rmap = 0x4560;
  t.vm.srcu.readUnlock(token);
  stepTo(steps, 'wait:slots_arch_lock');
  t.vm.slotsArchLock.unlock();
  expect(finish(steps)).toBe(0);
  expect(t.vm.gfnToMemslot(50)?.rmap).toBe(0x4560);
  t.expectInvariants();
});

test('T33: a flag change never hides the slot, at whatever step a reader looks', () => {
  const t = withSlot();
  const steps = t.setSteps({ id: 1, gfn: 10, pages: 10, hva: HVA, flags: LOG });
  for (let next = steps.next(); !next.done; next = steps.next()) {
    const set = t.vm.sets.active(0);
    const at = set.firstInHvaRange(HVA, HVA);
    expect(at).not.toBe(END);
    for (const slot of [t.vm.gfnToMemslot(12), set.slotAt(at)])
      expect([slot?.id, slot?.isInvalid, slot?.isFreed]).toEqual([1, false, false]);
    expect(checkInvariants(t.vm, 'in flight')).toEqual([]);
  }
});

/** I9: what describes a slot never changes while readers can find it. */
function expectUnchanged(t: TestVm, seen: Map<MemSlot, string>): void {
  for (const slot of t.vm.sets.active(0).slots()) {
    const { id, flags, baseGfn, npages, userspaceAddr, dirtyBitmap } = slot;
    const text = [id, flags, baseGfn, npages, userspaceAddr, dirtyBitmap !== null].join();
    expect(text).toBe(seen.get(slot) ?? text);
    seen.set(slot, text);
  }
}

test.each(['move', 'delete', 'flags', 'create'])(
  'I2-I5, I8, I9 and I11 hold at every step of a %s',
  (change) => {
    const t = withSlot();
    t.set({ id: 2, gfn: 100, pages: 3, hva: HVA });
    t.idAt(12);
    const steps = {
      move: () => move(t, 15),
      delete: () => t.deleteSteps(1),
      flags: () => t.setSteps({ id: 1, gfn: 10, pages: 10, hva: HVA, flags: LOG }),
      create: () => t.setSteps({ id: 9, gfn: 500, pages: 1 }),
    }[change]!();
    const seen = new Map<MemSlot, string>();
    for (let next = steps.next(); !next.done; next = steps.next()) {
      expect(checkInvariants(t.vm, 'in flight')).toEqual([]);
      expectUnchanged(t, seen);
      t.idAt(12);
    }
    t.expectInvariants();
  },
);

test('T34 and I10: a slot is freed only when no reader can have it', () => {
  const t = withSlot();
  const token = t.vm.srcu.readLock();
  const held = t.vm.gfnToMemslot(12)!;
  const steps = t.deleteSteps(1);
  stepTo(steps, 'wait:readers');
  for (let i = 0; i < 3; i++) steps.next();
  expect([held.isFreed, held.baseGfn]).toEqual([false, 10]);
  t.vm.srcu.readUnlock(token);
  finish(steps);
  expect([held.isFreed, held.baseGfn]).toEqual([true, NaN]);
});

test('T35 and R13: a fault that retries within one read section deadlocks with a delete; leaving it does not', () => {
  const stuck = withSlot();
  const deletion = stuck.deleteSteps(1);
  stepTo(deletion, 'invalidations');
  const token = stuck.vm.srcu.readLock();
  // The bad handler: waits for the slot to become valid or to go, and stays in its section meanwhile.
  const badRetry = (): boolean => stuck.vm.gfnToMemslot(12)?.isInvalid === true;
  stepTo(deletion, 'wait:readers');
  expect(badRetry()).toBe(true);
  expect(() => runToEnd(deletion, () => !badRetry())).toThrow(DeadlockError);
  stuck.vm.srcu.readUnlock(token);

  const t = flatVm();
  t.setMapped({ id: 1, gfn: 10, pages: 10 });
  const vcpu = t.vm.createVcpu();
  const fault = t.guest.faultSteps(vcpu, 12, 'write');
  stepTo(fault, 'resolved');
  const steps = t.deleteSteps(1);
  stepTo(steps, 'wait:readers');
  // The INVALID slot is published but not flushed: the fault may install, and the flush must drop it.
  finish(fault);
  expect(finish(steps)).toBe(0);
  expect(t.arch.maps[0]!.size).toBe(0);
  t.expectInvariants();
});

test('2.11: the flush of a slot defeats faults that sampled the sequence before it', () => {
  const t = withSlot();
  const { seq } = t.vm.invalidate;
  t.set({ id: 1, gfn: 50, pages: 10, hva: HVA });
  expect(t.vm.invalidate.seq).toBe(seq + 1);
  expect(t.vm.invalidate.retryGfn(seq, 12)).toBe(true);
  t.delete(1);
  expect(t.vm.invalidate.seq).toBe(seq + 2);
});

test('R18: after a move nothing is left at the old frames', () => {
  const t = flatVm();
  const hva = t.setMapped({ id: 1, gfn: 10, pages: 10 });
  const vcpu = t.vm.createVcpu();
  expect(t.guest.access(vcpu, 12, 'write')).toBe('mapped');
  const frame = t.arch.mappedFrame(0, 12);
  t.set({ id: 1, gfn: 50, pages: 10, hva });
  expect(t.guest.access(vcpu, 12, 'read')).toBe('mmio');
  expect(t.guest.access(vcpu, 52, 'read')).toBe('mapped');
  expect(t.arch.mappedFrame(0, 52)).toBe(frame);
});

test('two slot changes at once: the second waits for slots_lock', async () => {
  const t = withSlot();
  const first = t.setSteps({ id: 2, gfn: 100, pages: 1 });
  stepTo(first, 'prepare');
  const second = t.setSteps({ id: 3, gfn: 200, pages: 1 });
  expect(second.next().value).toBe('wait:slots_lock');
  let pauses = 0;
  const pause = (): Promise<void> => {
    if (++pauses === 3) finish(first);
    return Promise.resolve();
  };
  expect(await runAsync(second, pause)).toBe(0);
  expect([100, 200].map((gfn) => t.idAt(gfn))).toEqual([2, 3]);
  t.expectInvariants();
});
