/**
 * What keeps the default machine coherent: stores to tables of translation, and invalidations, drop what was kept of
 * translations on every CPU. Which stores matter is decided in `table-stores.ts`.
 */
import type { Engine } from '../engine/engine';
import { STRUCTURE, type Invalidation } from '../mmu/invalidate';
import { LARGEST_BY_PAGE, type ContextTracker } from './contexts';
import type { Cpu } from './cpu';
import { storeAround } from './table-stores';
import type { TimingPort } from './timing-port';

const PAGE_SHIFT = 12;

export class Coherence {
  constructor(
    private readonly engine: Engine,
    private readonly cpus: readonly Cpu[],
    private readonly tracker: ContextTracker,
    private readonly timing: TimingPort | undefined,
  ) {}

  /** Does a store to real memory that no translation cache did. */
  storeReal(address: number, bytes: number, store: () => void): void {
    const stale = storeAround(this.engine.ram, address, bytes, store);
    this.engine.written(address, bytes);
    if (stale) this.tablesChanged();
  }

  /** Bytes changed that no CPU stored: what was decoded from them goes, and what was translated from tables there. */
  memoryChanged(address: number, bytes: number): void {
    this.engine.written(address, bytes);
    const { tablePages } = this.engine.ram;
    const last = (address + bytes - 1) >>> PAGE_SHIFT;
    for (let page = address >>> PAGE_SHIFT; page <= last; page++)
      if (tablePages[page] !== 0) {
        this.tablesChanged();
        return;
      }
  }

  /** Nothing that was translated so far is certain any more. */
  tablesChanged(): void {
    this.engine.contexts.drop(() => true);
    this.forgetWalks();
    this.cpus.forEach((cpu) => this.tracker.changed(cpu));
  }

  /** Walks begin at their roots again. */
  forgetWalks(): void {
    for (const { translator } of this.cpus) translator.walks?.clear();
  }

  /**
   * {@link invalidate} of a page of processes where only the translation caches have to know; false: others do too, or the
   * page is too large.
   */
  invalidateProcessPage(eaHi: number, eaLo: number, shift: number): boolean {
    if (this.timing !== undefined || shift > LARGEST_BY_PAGE) return false;
    const { cpus } = this;
    for (let i = 0; i < cpus.length; i++) if (cpus[i]!.translator.isWatched) return false;
    for (const cache of this.engine.caches) cache.dropPages(eaHi, eaLo, shift);
    return true;
  }

  /** An instruction of a CPU invalidates translations. */
  invalidate(by: Cpu, what: Invalidation): void {
    for (const each of this.cpus)
      if (!what.local || each === by) each.translator.invalidate(each.state, what);
    this.tracker.invalidate(by, what);
    if (!ofPages(what)) this.forgetWalks();
    this.cpus.forEach((each) => {
      this.tracker.changed(each);
      if (!what.local || each === by) this.timing?.invalidated(each, what);
    });
  }
}

/** Structures that hold final translations of effective addresses, and nothing of tables. */
const FINAL = STRUCTURE.ERAT | STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_COMBINED;

/** True where only pages of processes are invalidated, and no tables. */
const ofPages = ({ scope, structures }: Invalidation): boolean =>
  scope === 'process' && (structures & ~FINAL) === 0;
