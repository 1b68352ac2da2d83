/**
 * The random life of a guest with a hashed page table: hypercalls, accesses, events of the host, dirty logs, slot changes
 * and resizes; beside it an obvious model of the guest's table.
 */
import { getDirtyLog } from '../../../src/kvm/dirty-log';
import { discardPages, makeOld, mergeIdentical, migratePages, perform, swapOut, writeProtect } from '../../../src/kvm/host/operations'; // prettier-ignore
import { H } from '../../../src/kvm/hypercalls/status';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/memslot';
import { offsetOf } from '../../../src/state/layout';
import { randomOf } from '../../support/random';
import { AVPN, BOLTED, C, entryOf, HptWorld, M, MIB, R, V, type PageSpec } from './support';
import { AMR, HOLE, IAMR, KEYED, PAGE, PLACES, PP, SLOT0_PAGES, SLOT1, type Place } from './places';

/** A page as the guest entered it. */
interface Entered {
  readonly place: Place;
  readonly ptex: number;
  readonly gpa: bigint;
  readonly bolted: boolean;
  /** Doubleword 1 as the guest last made it, without R and C. */
  r: bigint;
  recorded: bigint;
  pp: number;
  key: number;
  noExecute: boolean;
}

/** One life, which follows from its seed. */
export class Life {
  readonly world: HptWorld;
  readonly random: (below: number) => number;
  readonly entered = new Map<Place, Entered>();
  readonly counts: Record<string, number> = {};
  readonly hva1: number;
  slot1: bigint | undefined;
  logging = false;
  /** Frames of slot 1 that were stored to since the last log. */
  readonly stored = new Set<number>();

  constructor(seed: number, hostPages: 'base' | '2M') {
    this.random = randomOf(seed);
    this.world = new HptWorld({ tlb: true });
    const { world } = this;
    world.cpu().state.set(offsetOf('AMR'), AMR);
    world.cpu().state.set(offsetOf('IAMR'), IAMR);
    [...new Set(PLACES.map(({ segment }) => segment))].forEach((segment, i) => {
      const { ea } = PLACES.find((place) => place.segment === segment)!;
      world.slb(i + 1, ea, segment);
    });
    this.hva1 = world.l0.mm.mmap({ bytes: SLOT1.bytes, pageSize: hostPages });
    this.setSlot1(SLOT1.homes[0], 0);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  step(): void {
    const name = this.pick(WEIGHTED);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    OPERATIONS[name]!(this);
  }

  setSlot1(gpa: bigint | undefined, flags: number): void {
    const bytes = gpa === undefined ? 0 : SLOT1.bytes;
    expect(this.world.slot({ id: 1, gpa: gpa ?? 0n, bytes, hva: this.hva1, flags })).toBe(0);
    this.slot1 = gpa;
    this.logging = flags !== 0;
    if (!this.logging) this.stored.clear();
  }

  /** Some page of the guest, present or not, or of nobody. */
  anyGpa(shift: number): bigint {
    const page = BigInt(this.random(16) * PAGE) + BigInt(shift === 12 ? this.random(16) * 0x1000 : 0);
    return this.pick([SLOT0_PAGES, SLOT1.homes[0], SLOT1.homes[0], SLOT1.homes[1], HOLE]) + page;
  }

  isMemory(gpa: bigint): boolean {
    const { slot1 } = this;
    return (
      gpa < BigInt(4 * MIB) || (slot1 !== undefined && gpa >= slot1 && gpa < slot1 + BigInt(SLOT1.bytes))
    );
  }

  one(): Entered | undefined {
    const all = [...this.entered.values()];
    return all.length > 0 ? this.pick(all) : undefined;
  }

  /** A range of pages of either slot in the host. */
  hostRange(): [number, number] {
    const base = this.random(2) ? this.hva1 : this.world.hva + Number(SLOT0_PAGES);
    const first = this.random(16);
    return [base + first * PAGE, base + Math.min(16, first + 1 + this.random(3)) * PAGE];
  }

  /** What the guest's words say of an access: the cause that it is told, or undefined where it may. */
  denial(entry: Entered | undefined, kind: 'load' | 'store' | 'fetch', program: boolean): bigint | undefined {
    const store = kind === 'store' ? 0x0200_0000n : 0n;
    if (!entry) return 0x4000_0000n | store;
    let cause = 0n;
    if (kind === 'fetch' && entry.noExecute) cause = 0x1000_0000n;
    else if (!PP[entry.pp]!.may(program, kind === 'store')) cause = 0x0800_0000n;
    if (KEYED[entry.key]?.[kind]) cause |= 0x0020_0000n;
    return cause === 0n ? undefined : cause | store;
  }

  access(): void {
    const place = this.pick(PLACES);
    const entry = this.entered.get(place);
    const kind = this.pick(['load', 'store', 'store', 'fetch'] as const);
    const program = this.random(3) === 0;
    // A page that is larger than its base page is in the table for its first base page alone.
    const offset = BigInt(this.random(64) * 8);
    const ended = this.world.access(place.ea + offset, kind, { problem: program });
    const cause = this.denial(entry, kind, program);
    const fetched = kind === 'fetch';
    if (cause !== undefined) {
      expect(ended).toMatchObject({ taken: { interrupt: fetched ? 'instructionStorage' : 'dataStorage' } });
      if (!fetched) expect(this.world.dsisr).toBe(cause);
      else if (typeof ended === 'object' && 'taken' in ended)
        expect(ended.taken.status & 0x7820_0000n).toBe(cause);
      return;
    }
    const gpa = entry!.gpa + offset;
    if (!this.isMemory(gpa)) {
      expect(ended).toMatchObject({ taken: { interrupt: 'machineCheck' } });
      return;
    }
    expect(ended).toEqual({ host: this.world.hostOf(gpa) });
    entry!.recorded |= kind === 'store' ? R | C : R;
    if (kind === 'store' && this.logging && this.slot1 !== undefined && gpa >= this.slot1)
      this.stored.add(Number((gpa - this.slot1) / BigInt(PAGE)));
  }

  enter(): void {
    const place = this.pick(PLACES);
    if (this.entered.has(place)) return;
    const [pp, key, noExecute] = [this.random(PP.length), this.random(6), this.random(4) === 0];
    const recorded = this.pick([0n, 0n, R, R | C]);
    const gpa = this.anyGpa(place.actual);
    const bolted = this.random(2) === 0;
    const bits = M | PP[pp]!.bits | (KEYED[key]?.bits ?? 0n) | (noExecute ? 4n : 0n) | recorded;
    const spec: PageSpec = { ...place, gpa, bits, v: (bolted ? BOLTED : 0n) | this.pick([0n, 2n]) };
    const { status, ptex } = this.world.enter(spec);
    // Groups of this table are never full: few pages share one.
    expect(status).toBe(0n);
    const { r } = entryOf(spec, this.world.table.groups);
    this.entered.set(place, { place, ptex, gpa, bolted, r: r & ~(R | C), recorded, pp, key, noExecute });
  }

  /** What the guest reads of an entry is what it wrote, and what hardware recorded. */
  compare(entry: Entered, v: bigint, r: bigint): void {
    expect(v & (V | 0x20n)).toBe(V);
    expect(r).toBe(entry.r | entry.recorded);
  }

  remove(): void {
    const entry = this.one();
    if (!entry) return;
    const { v } = this.world.table.guestEntry(entry.ptex);
    expect(this.world.call('H_REMOVE', [AVPN, entry.ptex, v & ~0x7fn])).toBe(0n);
    this.compare(entry, this.world.out(0), this.world.out(1));
    this.entered.delete(entry.place);
  }

  bulkRemove(): void {
    const some = [this.one(), this.one()].filter(
      (e, i, all) => e !== undefined && all.indexOf(e) === i,
    ) as Entered[];
    const requests = some.flatMap(({ ptex }) => [(1n << 62n) | BigInt(ptex), 0n]);
    expect(this.world.call('H_BULK_REMOVE', [...requests, 3n << 62n])).toBe(0n);
    some.forEach((entry, i) => {
      const rc = entry.recorded << 51n;
      expect(this.world.out(2 * i)).toBe((0x80n << 56n) | rc | BigInt(entry.ptex));
      this.entered.delete(entry.place);
    });
  }

  protect(): void {
    const entry = this.one();
    if (!entry) return;
    const pp = this.random(PP.length);
    const { bits } = PP[pp]!;
    const flags = ((bits >> 55n) & 0x100n) | (bits & 3n);
    expect(this.world.call('H_PROTECT', [flags, entry.ptex])).toBe(0n);
    Object.assign(entry, { pp, key: KEYED.length, noExecute: false });
    const all = (1n << 63n) | (3n << 60n) | 0xe00n | 7n;
    entry.r = (entry.r & ~all) | bits;
  }

  read(): void {
    const entry = this.one();
    if (!entry) return;
    expect(this.world.call('H_READ', [0, entry.ptex])).toBe(0n);
    this.compare(entry, this.world.out(0), this.world.out(1));
  }

  clear(name: 'H_CLEAR_REF' | 'H_CLEAR_MOD', bit: bigint): void {
    const entry = this.one();
    if (!entry) return;
    expect(this.world.call(name, [0, entry.ptex])).toBe(0n);
    expect(this.world.out(0)).toBe(entry.r | entry.recorded);
    entry.recorded &= ~bit;
  }

  resize(): void {
    const { world } = this;
    const order = this.pick([18, 19, 20]);
    world.call('H_RESIZE_HPT_PREPARE', [0, 0]);
    const started = world.call('H_RESIZE_HPT_PREPARE', [0, order]);
    if (started === BigInt(H.RESOURCE)) return;
    expect(started).toBe(BigInt(H.LONG_BUSY_ORDER_100_MSEC));
    expect(world.call('H_RESIZE_HPT_PREPARE', [0, order])).toBe(0n);
    const before = world.table;
    const result = world.call('H_RESIZE_HPT_COMMIT', [0, order]);
    if (result !== 0n) {
      expect(result).toBe(BigInt(H.PTEG_FULL));
      expect(world.table).toBe(before);
      return;
    }
    for (const entry of [...this.entered.values()]) {
      this.entered.delete(entry.place);
      if (!entry.bolted) continue;
      const { ea, segment } = entry.place;
      const ptex = world.table.find({ ea, segment, valid: V | 0x20n });
      expect(ptex % 8).toBe(entry.ptex % 8);
      this.entered.set(entry.place, { ...entry, ptex });
    }
  }

  /** The log has everything that was stored to, and nothing that no entry could reach. */
  dirtyLog(): void {
    if (!this.logging) return;
    const reported = new Set<number>();
    const result = getDirtyLog(this.world.l0.vm, 1, (bytes) => {
      for (let i = 0; i < 16; i++) if (bytes[i >> 3]! & (1 << (i & 7))) reported.add(i);
      return true;
    });
    expect(result).toBe(0);
    for (const page of this.stored) expect([...reported]).toContain(page);
    this.stored.clear();
  }
}

type Operation = (life: Life) => void;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  access: (life) => life.access(),
  enter: (life) => life.enter(),
  remove: (life) => life.remove(),
  bulkRemove: (life) => life.bulkRemove(),
  protect: (life) => life.protect(),
  read: (life) => life.read(),
  clearReference: (life) => life.clear('H_CLEAR_REF', R),
  clearChange: (life) => life.clear('H_CLEAR_MOD', C),
  resize: (life) => life.resize(),
  discard: (life) => {
    const [start, end] = life.hostRange();
    perform(discardPages(life.world.l0.mm, { start, end }));
  },
  migrate: (life) => void perform(migratePages(life.world.l0.mm, ...life.hostRange())),
  protectHost: (life) => void perform(writeProtect(life.world.l0.mm, ...life.hostRange())),
  swap: (life) => void perform(swapOut(life.world.l0.mm, ...life.hostRange())),
  merge: (life) => void mergeIdentical(life.world.l0.mm, life.hostRange()[0], life.hostRange()[0]),
  age: (life) => {
    const [start, end] = life.hostRange();
    makeOld(life.world.l0.mm, { start, end }, life.random(2) ? 'flush' : 'no flush');
  },
  log: (life) => {
    if (life.slot1 !== undefined) life.setSlot1(life.slot1, life.logging ? 0 : KVM_MEM_LOG_DIRTY_PAGES);
  },
  dirtyLog: (life) => life.dirtyLog(),
  slot: (life) => {
    const other = SLOT1.homes[life.slot1 === SLOT1.homes[0] ? 1 : 0];
    const next = life.slot1 !== undefined && life.random(2) ? undefined : other;
    life.setSlot1(next, life.logging && next !== undefined ? KVM_MEM_LOG_DIRTY_PAGES : 0);
    life.stored.clear();
  },
};
const WEIGHTS: Readonly<Record<string, number>> = {
  access: 60,
  enter: 20,
  remove: 5,
  protect: 6,
  read: 4,
  dirtyLog: 5,
  clearChange: 3,
};
const WEIGHTED = Object.keys(OPERATIONS).flatMap((name) =>
  Array.from({ length: WEIGHTS[name] ?? 1 }, () => name),
);
