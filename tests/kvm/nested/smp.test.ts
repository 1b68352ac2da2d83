/**
 * Two vCPUs of L1 in nested guests, of the same LPID or of two, fault while a third party takes host pages away and user
 * space moves a slot, all of them cut into steps that are put together at random. While a page is being taken away nobody
 * reaches it; when all is quiet, every access gives what the tables say.
 */
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/memslot';
import {
  discardPages,
  migratePages,
  performSteps,
  swapOut,
  type HostOperation,
  writeProtect,
} from '../../../src/kvm/host/operations';
import { checkL0 } from '../../../src/kvm/guest/check';
import { checkNested } from '../../../src/kvm/nested/check';
import { nestedPageFaultSteps, type NestedFaultResult } from '../../../src/kvm/nested/fault';
import type { NestedGuest } from '../../../src/kvm/nested/nested-guest';
import { getOrCreateNested, putNested } from '../../../src/kvm/nested/nested-guests';
import { MIB } from '../../../src/kvm/page';
import { setUserMemoryRegionSteps } from '../../../src/kvm/set-memory-region';
import type { Steps } from '../../../src/kvm/steps';
import { randomOf, seedOf } from '../../support/random';
import { L2Tree, World, type L2Access } from './support';

const ROUNDS = 12_000;
const PAGE = 65536;
const PAGES = 16;
/** Where the nested guests have the pages, and L1: slot 1. */
const NGPA = 0x40_0000;
const GPA = 0x100_0000;
const BYTES = PAGES * PAGE;
const QUIET_EVERY = 60;
/** Milliseconds; a busy machine is slow. */
const TIMEOUT = 300_000;

interface Vcpu {
  readonly cpu: number;
  readonly guest: NestedGuest;
  /** Its page fault that is being served. */
  fault?: { readonly steps: Steps<NestedFaultResult> } | undefined;
}

class Schedule {
  readonly world = new World({ memory: 64 * MIB, cpus: 2, record: false, rmapListLimit: 3 });
  readonly random: (below: number) => number;
  readonly vcpus: readonly Vcpu[];
  readonly hva: number;
  /** Faults served, those of them while something was being taken away, and waits for the other vCPU's tlb_lock. */
  readonly seen = { faults: 0, meanwhile: 0, waited: 0, moves: 0, host: 0 };
  private host: { steps: Steps<number>; op: HostOperation; begun: boolean } | undefined;
  private slot: Steps<number> | undefined;

  constructor(seed: number, lpids: readonly [number, number]) {
    this.random = randomOf(seed);
    const { world } = this;
    this.hva = world.l0.mm.mmap({ bytes: BYTES });
    world.slot({ id: 1, gpa: GPA, bytes: BYTES, hva: this.hva });
    for (const lpid of new Set(lpids)) {
      const tree = new L2Tree(world, lpid);
      // Two addresses for each page.
      for (let n = 0; n < 2 * PAGES; n++) tree.map(NGPA + n * PAGE, GPA + (n % PAGES) * PAGE);
    }
    this.vcpus = lpids.map((lpid, cpu) => ({ cpu, guest: getOrCreateNested(world.nested, lpid)! }));
  }

  turn(): void {
    const who = this.random(8);
    if (who < 3) this.vcpuTurn(this.vcpus[0]!);
    else if (who < 6) this.vcpuTurn(this.vcpus[1]!);
    else if (who < 7 || this.host) this.hostTurn();
    else this.slotTurn();
  }

  /** Everybody ends what was begun; then all accesses are right. */
  quiet(): void {
    while (this.slot || this.host || this.vcpus.some(({ fault }) => fault)) {
      for (const vcpu of this.vcpus) if (vcpu.fault) this.vcpuTurn(vcpu);
      if (this.host) this.hostTurn();
      if (this.slot) this.slotTurn();
    }
    const { world } = this;
    for (const { guest, cpu } of this.vcpus)
      for (let n = 0; n < 2 * PAGES; n++)
        expect(world.accessAs(guest, NGPA + n * PAGE, 'load', { cpu })).toEqual({
          host: world.hostOf(GPA + (n % PAGES) * PAGE),
        });
    expect(checkNested(world.nested, { withStale: true })).toEqual([]);
    expect(checkL0(world.l0)).toEqual([]);
  }

  private vcpuTurn(vcpu: Vcpu): void {
    if (vcpu.fault) {
      const next = vcpu.fault.steps.next();
      if (next.value === 'wait:tlb_lock') this.seen.waited++;
      if (!next.done) return;
      vcpu.fault = undefined;
      this.seen.faults++;
      if (this.host) this.seen.meanwhile++;
      return;
    }
    const n = this.random(2 * PAGES);
    const nGpa = NGPA + n * PAGE + this.random(PAGE / 8) * 8;
    const kind: L2Access = this.random(2) ? 'load' : 'store';
    const done = this.world.translate(vcpu.guest, nGpa, kind, vcpu.cpu);
    if (typeof done === 'number') this.reached(done, n % PAGES);
    else this.begin(vcpu, { nGpa, kind, cause: done.cause });
  }

  /** An access went through: not to a page that is being taken away. */
  private reached(host: number, page: number): void {
    const { l0 } = this.world;
    const at = this.hva + page * PAGE;
    if (this.host?.begun && at >= this.host.op.start && at < this.host.op.end)
      throw new Error(`page ${page} was reached while the host takes it away`);
    const frame = l0.mm.resolve(at, 'read');
    expect(host - (host % PAGE)).toBe(l0.frames.addressOf(frame));
  }

  private begin(vcpu: Vcpu, { nGpa, kind, cause }: { nGpa: number; kind: L2Access; cause: number }): void {
    const ea = BigInt(nGpa);
    const dsisr = cause | (kind === 'store' ? 0x0200_0000 : 0);
    const { guest } = vcpu;
    const fault = { guest, fetch: false, dsisr, ea, asdr: ea & ~0xfffn };
    vcpu.fault = { steps: nestedPageFaultSteps(this.world.nested, fault) };
  }

  private hostTurn(): void {
    if (!this.host) {
      const op = this.operation();
      this.host = { op, steps: performSteps(op), begun: false };
    }
    const { steps } = this.host;
    const next = steps.next();
    if (next.done) {
      this.host = undefined;
      this.seen.host++;
    } else if (next.value === 'invalidated') this.host.begun = true;
  }

  private operation(): HostOperation {
    const { mm } = this.world.l0;
    const page = this.random(PAGES);
    const start = this.hva + page * PAGE;
    const end = start + Math.min(PAGES - page, 1 + this.random(4)) * PAGE;
    switch (this.random(4)) {
      case 0:
        return discardPages(mm, { start, end });
      case 1:
        return swapOut(mm, start, end);
      case 2:
        return writeProtect(mm, start, end);
      default:
        return migratePages(mm, start, end);
    }
  }

  /** User space switches the dirty log of the slot, which empties it. */
  private slotTurn(): void {
    this.slot ??= setUserMemoryRegionSteps(this.world.vm, {
      slot: 1,
      flags: this.random(2) ? KVM_MEM_LOG_DIRTY_PAGES : 0,
      guestPhysAddr: BigInt(GPA),
      memorySize: BigInt(BYTES),
      userspaceAddr: BigInt(this.hva),
    });
    if (!this.slot.next().done) return;
    this.slot = undefined;
    this.seen.moves++;
  }
}

test.each([
  ['the same LPID', [5, 5]],
  ['two LPIDs', [5, 9]],
] as const)(
  'two vCPUs in nested guests of %s, a host that takes pages away meanwhile',
  (_name, lpids) => {
    for (const seed of [1, 2, 3].map(seedOf)) {
      const schedule = new Schedule(seed, lpids);
      for (let round = 0; round < ROUNDS; round++) {
        try {
          schedule.turn();
          if (round % QUIET_EVERY === 0) schedule.quiet();
        } catch (error) {
          throw new Error(`seed ${seed}, round ${round}: ${String(error)}`, { cause: error });
        }
      }
      schedule.quiet();
      const { faults, meanwhile, waited, host, moves } = schedule.seen;
      expect([faults > ROUNDS / 20, meanwhile > 100, host > ROUNDS / 100, moves > 50]).toEqual(
        Array(4).fill(true),
      );
      if (lpids[0] === lpids[1]) expect(waited).toBeGreaterThan(50);
      for (const { guest } of schedule.vcpus) putNested(schedule.world.nested, guest);
    }
  },
  TIMEOUT,
);
