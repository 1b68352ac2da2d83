/** Loads and stores: the data cache, and what an access makes others wait for. */
import { CAUSE } from './causes';
import { timeOf, type Core } from './core';
import type { MemoryPort } from './memory-port';
import type { PageFilter } from './page-filter';
import { RESOURCE } from './resources';
import { CELL, ticksOf } from './state';

/** A load or store that succeeds. */
export interface DataAccess {
  readonly hi: number;
  readonly lo: number;
  readonly real: number;
  readonly bytes: number;
  readonly store: boolean;
  /** True for devices and other storage that no cache holds. */
  readonly inhibited: boolean;
}

export class StorageUnit {
  constructor(
    private readonly core: Core,
    private readonly port: MemoryPort,
    private readonly pages: PageFilter,
  ) {}

  /** An access of the current instruction that has been counted. */
  look(access: DataAccess): void {
    const { hi, lo, inhibited } = access;
    const translation = this.pages.ticks('data', hi, lo);
    const miss = inhibited ? 0 : this.cached(access, translation);
    this.aligned(access);
    if (miss > 0) this.delay(miss, CAUSE.dataCache);
    if (access.store) this.passed();
    if (translation > 0) this.unresolved(translation);
  }

  /** A store goes through to memory: the next access waits until the port has taken it. */
  private passed(): void {
    const { cells } = this.core;
    const port = this.port.busyUntil;
    if (port > timeOf(cells.get(CELL.ready + RESOURCE.STORAGE)) && port > cells.get(CELL.next))
      cells.set(CELL.ready + RESOURCE.STORAGE, port + CAUSE.dataCache);
  }

  /** Ticks of the data cache. @param translation ticks until it is asked */
  private cached({ real, store }: DataAccess, translation: number): number {
    const { structures, cells, profile } = this.core;
    const { data } = profile;
    const line = real >>> data.lineShift;
    const set = line & (data.sets - 1);
    if (structures.data.lookup(set, 0, line)) return 0;
    cells.count(store ? 'storeMisses' : 'dataMisses');
    if (!store || data.writeAllocates) structures.data.insert(set, 0, line);
    if (store) return 0;
    const asked = this.core.issued + translation;
    return this.port.refill(asked, data) - asked + ticksOf(data.miss);
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
    cells.add(CELL.ready + RESOURCE.STORAGE, ticks);
    core.completes(core.issued + current!.completes + ticks);
  }

  private aligned({ lo, bytes }: DataAccess): void {
    const { core } = this;
    const { alignment, unaligned } = core.profile.core;
    if ((lo & (alignment - 1)) + bytes <= alignment) return;
    const ticks = ticksOf(unaligned);
    core.cells.add(CELL.next, ticks);
    core.book(CAUSE.storageUnit, ticks);
    this.later(ticks, CAUSE.storageUnit);
  }

  /** The access takes longer: what it loads comes later, and the next access waits for it. */
  private delay(ticks: number, cause: number): void {
    const { core } = this;
    const { interval, latency } = core.current!;
    this.later(ticks, cause);
    const busy = core.issued + Math.max(interval, latency) + ticks;
    const unit = CELL.ready + RESOURCE.STORAGE;
    if (busy > core.cells.get(unit)) core.cells.set(unit, busy + cause);
    core.completes(busy);
  }

  private later(ticks: number, cause: number): void {
    const { cells, current } = this.core;
    for (const { resource } of current!.writes)
      cells.set(CELL.ready + resource, timeOf(cells.get(CELL.ready + resource)) + ticks + cause);
  }
}
