/** Loads and stores: the data cache, and what an access makes others wait for. */
import { CAUSE } from './causes';
import { timeOf, type Core } from './core';
import type { MemoryPort } from './memory-port';
import type { FetchUnit } from './fetch-unit';
import type { PageFilter } from './page-filter';
import { RESOURCE } from './resources';
import { CELL, TICKS, ticksOf } from './state';

/** What an access does beside loading or storing. */
export type AccessKind = 'plain' | 'conditional' | 'zero';

/** Where an access lies: effective address in halves, and real address. */
interface Part {
  readonly hi: number;
  readonly lo: number;
  readonly real: number;
}

/** A load or store that succeeds. */
export interface DataAccess extends Part {
  readonly bytes: number;
  readonly store: boolean;
  /** True for devices and other storage that no cache holds. */
  readonly inhibited: boolean;
  readonly kind?: AccessKind;
  /** The part in the next page, where there is one. */
  readonly second?: Part;
}

export class StorageUnit {
  /** Ticks by which the part of an access is asked for later than its instruction issued. */
  private moved = 0;
  /** Ticks by which what it loads is later than the instruction's schedule has it. */
  private added = 0;

  constructor(
    private readonly core: Core,
    private readonly port: MemoryPort,
    private readonly pages: PageFilter,
    private readonly fetching: FetchUnit,
  ) {}

  /** An access of the current instruction that has been counted. */
  look(access: DataAccess): void {
    const { data } = this.core.profile;
    this.added = 0;
    this.moved = 0;
    this.part(access, access);
    if (!this.aligned(access)) return;
    const { lo, hi, real, bytes } = access;
    const size = 1 << data.lineShift;
    const end = (real & (size - 1)) + bytes;
    if (access.second) this.part(access.second, access);
    else if (end > size) {
      const more = size - (real & (size - 1));
      this.part({ hi, lo: (lo + more) | 0, real: real + more }, access);
    }
  }

  /** The part of an access that lies in one line. */
  private part({ hi, lo, real }: Part, { inhibited, store, kind }: DataAccess): void {
    const translation = this.pages.ticks('data', { hi, lo }, this.core.issued + this.moved);
    if (translation > 0) this.unresolved(translation);
    const at = this.core.issued + this.moved;
    if (!inhibited && kind === 'zero') this.zero(real, at);
    else if (!inhibited) {
      this.cached(real, store, at);
      if (kind === 'conditional') this.conditional(real, at);
      else if (store) this.written(real, at);
    }
  }

  /** An access that asks for the port. Fetching has gone on and may have asked for it before. */
  private asked(at: number): void {
    const { fetch, data } = this.core.profile;
    if (fetch.refill > 0 && data.stalls) this.fetching.aheadOf(this.core.lo, this.port.asks(at));
  }

  /** A store goes through to memory: the next access may have to wait. */
  private written(real: number, at: number): void {
    const free = this.port.write(real, at);
    if (free > this.core.cells.get(CELL.next)) this.unitBusy(free, CAUSE.dataCache);
  }

  /** A conditional store has to have the port. */
  private conditional(real: number, at: number): void {
    this.asked(at);
    const wait = this.port.writeNow(real, at) - at;
    if (wait > 0) this.delay(wait, at + this.core.current!.interval + wait, CAUSE.dataCache);
  }

  /** dcbz brings in a line of zeros; what follows waits for the first of them to be on its way. */
  private zero(real: number, at: number): void {
    const { structures, profile, cells } = this.core;
    const { data } = profile;
    const line = real >>> data.lineShift;
    if ((real & ((1 << data.lineShift) - 1)) !== 0) return;
    const set = line & (data.sets - 1);
    if (!structures.data.lookup(set, 0, line)) {
      cells.count('storeMisses');
      structures.data.insert(set, 0, line);
    }
    if (!data.zero) return;
    const start = this.port.zeroLine(real, at);
    this.unitBusy(start + ticksOf(data.miss), CAUSE.dataCache);
  }

  private cached(real: number, store: boolean, at: number): void {
    const { structures, cells, profile } = this.core;
    const { data } = profile;
    const line = real >>> data.lineShift;
    const set = line & (data.sets - 1);
    if (structures.data.lookup(set, 0, line)) {
      if (!store) this.arriving(real, at);
      return;
    }
    cells.count(store ? 'storeMisses' : 'dataMisses');
    if (!store || data.writeAllocates) structures.data.insert(set, 0, line);
    if (store) return;
    this.asked(at);
    const start = this.port.load(real, at);
    const wait = start - at + ticksOf(data.miss);
    this.delay(wait, data.blocks === undefined ? undefined : start + ticksOf(data.blocks), CAUSE.dataCache);
  }

  /** The line is in the cache, perhaps because it is being brought in. */
  private arriving(real: number, at: number): void {
    const there = this.port.dataThere(real);
    if (there > at) this.delay(there - at, there + TICKS.cycle, CAUSE.dataCache);
  }

  /**
   * The access may still end in an interrupt: nothing behind it issues until it is known to be translated, and all that
   * it does comes later.
   */
  private unresolved(ticks: number): void {
    const { core } = this;
    const { cells, current } = core;
    cells.add(CELL.next, ticks);
    core.book(CAUSE.dataTranslation, ticks);
    for (const { resource } of current!.writes) cells.add(CELL.ready + resource, ticks);
    this.moved += ticks;
    this.added += ticks;
    core.completes(core.issued + current!.completes + ticks);
  }

  /** @returns whether it is not aligned, which takes longer */
  private aligned({ lo, bytes }: DataAccess): boolean {
    const { core } = this;
    const { alignment, unaligned } = core.profile.core;
    if ((lo & (alignment - 1)) + bytes <= alignment) return false;
    const ticks = ticksOf(unaligned);
    core.cells.add(CELL.next, ticks);
    core.book(CAUSE.storageUnit, ticks);
    this.later(ticks, CAUSE.storageUnit);
    this.moved += ticks;
    return true;
  }

  /** The access takes longer. @param free when the next access can issue; default: when what it loads is there */
  private delay(ticks: number, free: number | undefined, cause: number): void {
    const { core } = this;
    const { interval, latency } = core.current!;
    // A second part does not begin its wait when that of the first one is over.
    const more = this.moved + ticks - this.added;
    if (more > 0) this.later(more, cause);
    const busy = core.issued + this.moved + Math.max(interval, latency) + ticks;
    this.unitBusy(free ?? busy, cause);
    const outstanding = CELL.ready + RESOURCE.OUTSTANDING;
    if (busy > core.cells.get(outstanding)) core.cells.set(outstanding, busy + cause);
    core.completes(busy);
  }

  /** The unit of loads and stores is busy until then. */
  private unitBusy(until: number, cause: number): void {
    const { cells, profile } = this.core;
    if (profile.data.stalls) {
      const wait = until - cells.get(CELL.next);
      if (wait <= 0) return;
      cells.set(CELL.next, until);
      this.core.book(cause, wait);
      return;
    }
    const unit = CELL.ready + RESOURCE.STORAGE;
    if (until > timeOf(cells.get(unit))) cells.set(unit, until + cause);
  }

  private later(ticks: number, cause: number): void {
    const { cells, current } = this.core;
    this.added += ticks;
    for (const { resource } of current!.writes)
      cells.set(CELL.ready + resource, timeOf(cells.get(CELL.ready + resource)) + ticks + cause);
  }
}
