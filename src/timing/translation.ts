/**
 * What translation costs: the first-level structures, the second level, the walk with its cache of page tables, and
 * the data cache that a walk reads through. Addresses come from the translator; this only says how long it takes.
 */
import type { TimingProfile } from './profile';
import { ticksOf, type Cells } from './state';
import { tlbSet, type Structures } from './structures';

/** One table entry that a walk reads. */
export interface WalkRead {
  /** What it is, as the CPI stack's second part names it: `PATE`, `PRTE`, `level 0`... */
  readonly level: string;
  /** Host real address: its line in the data cache counts. */
  readonly address: number;
  readonly leaf: boolean;
  /** log2 of what the entry maps, where its neighbours map what comes before and behind. */
  readonly shift?: number;
}

/** What the model asks of the machine. */
export interface WalkSource {
  /** The reads of a walk from its root, for an address that translates. */
  walk(use: 'fetch' | 'data', eaHi: number, eaLo: number): readonly WalkRead[];
  /** PID and LPID of the current context as one number of at most 12 bits. */
  context(): number;
}

/** log2 of what one page table maps, relative to its pages. */
const TABLE_SHIFT = 9;
const PAGE_SHIFT = 12;
/** A page table of 512 entries of 8 bytes. */
const TABLE_MASK = (1 << TABLE_SHIFT) - 1;
const ENTRY = 8;
const WORD = 2 ** 32;
/** Tables whose places are remembered. */
const TABLES_KEPT = 65536;
/** Entries that statistics keep for pages. */
const PAGES_KEPT = 65536;

/** What one page's walks cost. */
export interface PageCost {
  readonly page: bigint;
  walks: number;
  ticks: number;
}

export class TranslationModel {
  /** Ticks by what was read, for the second part of the CPI stack. */
  readonly byLevel = new Map<string, number>();
  /** By page number of the effective address, as text of its halves. */
  readonly pages = new Map<number, PageCost>();

  constructor(
    private readonly profile: TimingProfile,
    private readonly cells: Cells,
    private readonly structures: Structures,
    private readonly source: WalkSource,
  ) {}

  /** First entry of the last table of a walk, by the 2 MiB that it maps and the context. */
  private readonly leaves = new Map<number, WalkRead>();

  reset(): void {
    this.leaves.clear();
    this.byLevel.clear();
    this.pages.clear();
  }

  /** Ticks that translating adds to an access whose page is not the one before it. */
  cost(use: 'fetch' | 'data', eaHi: number, eaLo: number): number {
    const { structures, profile, cells } = this;
    const t = profile.translation;
    const first = use === 'fetch' ? structures.instructionTlb : structures.dataTlb;
    const hi = eaHi >>> PAGE_SHIFT;
    const lo = (eaLo >>> PAGE_SHIFT) | (eaHi << (32 - PAGE_SHIFT));
    const set = tlbSet(use === 'fetch' ? t.instruction : t.data, lo, 0);
    if (first.lookup(set, hi, lo)) return 0;
    cells.count(use === 'fetch' ? 'instructionTlbMisses' : 'dataTlbMisses');
    first.insert(set, hi, lo);
    const context = this.source.context();
    const tag = hi | (context << (32 - PAGE_SHIFT));
    const secondSet = tlbSet(t.second, lo, context);
    const ticks = ticksOf(t.second.hit);
    this.book('second level', ticks);
    if (structures.second.lookup(secondSet, tag, lo)) {
      cells.count('secondHits');
      return ticks;
    }
    structures.second.insert(secondSet, tag, lo);
    const walk = this.walk(use, eaHi, eaLo, context);
    this.charge(hi, lo, ticks + walk);
    return ticks + walk;
  }

  private walk(use: 'fetch' | 'data', eaHi: number, eaLo: number, context: number): number {
    const { structures, profile, cells, source } = this;
    cells.count('walks');
    if (use === 'fetch') cells.count('instructionWalks');
    const table = (eaLo >>> (PAGE_SHIFT + TABLE_SHIFT)) | (eaHi << (32 - PAGE_SHIFT - TABLE_SHIFT));
    const tag = (eaHi >>> (PAGE_SHIFT + TABLE_SHIFT)) | (context << (32 - PAGE_SHIFT));
    const set = (table ^ context) & (profile.translation.walkCache.sets - 1);
    const known = structures.walkCache.lookup(set, tag, table);
    const key = (tag >>> 0) * WORD + (table >>> 0);
    const leaves = known ? this.leaves.get(key) : undefined;
    if (leaves) return this.read(leaves.level, leaves.address + ENTRY * ((eaLo >>> PAGE_SHIFT) & TABLE_MASK));
    let ticks = 0;
    for (const read of source.walk(use, eaHi, eaLo)) {
      if (!known || read.leaf) ticks += this.read(read.level, read.address);
      if (read.leaf && read.shift === PAGE_SHIFT) this.remember(key, read, eaLo);
    }
    if (!known) structures.walkCache.insert(set, tag, table);
    return ticks;
  }

  /** The next walk that needs only a leaf of the same table knows where it is. */
  private remember(key: number, leaf: WalkRead, eaLo: number): void {
    if (this.leaves.size >= TABLES_KEPT) this.leaves.clear();
    const address = leaf.address - ENTRY * ((eaLo >>> PAGE_SHIFT) & TABLE_MASK);
    this.leaves.set(key, { ...leaf, address });
  }

  /** One read of a table, through the data cache. */
  private read(level: string, address: number): number {
    const { profile, cells, structures } = this;
    const { data, translation } = profile;
    cells.count('walkReads');
    let ticks = ticksOf(translation.read);
    const line = address >>> data.lineShift;
    const set = line & (data.sets - 1);
    if (!structures.data.lookup(set, 0, line)) {
      structures.data.insert(set, 0, line);
      cells.count('walkReadMisses');
      ticks += ticksOf(translation.readMiss);
    }
    this.book(level, ticks);
    return ticks;
  }

  private book(level: string, ticks: number): void {
    this.byLevel.set(level, (this.byLevel.get(level) ?? 0) + ticks);
  }

  private charge(hi: number, lo: number, ticks: number): void {
    const key = hi * 2 ** 32 + (lo >>> 0);
    let page = this.pages.get(key);
    if (!page) {
      if (this.pages.size >= PAGES_KEPT) return;
      page = { page: (BigInt(hi) << 32n) | BigInt(lo >>> 0), walks: 0, ticks: 0 };
      this.pages.set(key, page);
    }
    page.walks++;
    page.ticks += ticks;
  }

  /** Drops translations: of one effective page (its number in halves), or all. */
  drop(page?: { hi: number; lo: number }): void {
    const { structures, profile } = this;
    const t = profile.translation;
    if (!page) {
      this.leaves.clear();
      structures.second.clear();
      this.dropFirst();
      return;
    }
    structures.instructionTlb.dropSet(tlbSet(t.instruction, page.lo, 0));
    structures.dataTlb.dropSet(tlbSet(t.data, page.lo, 0));
    const context = this.source.context();
    structures.second.drop(
      tlbSet(t.second, page.lo, context),
      page.hi | (context << (32 - PAGE_SHIFT)),
      page.lo,
    );
  }

  dropFirst(): void {
    this.structures.instructionTlb.clear();
    this.structures.dataTlb.clear();
  }

  dropWalks(): void {
    this.leaves.clear();
    this.structures.walkCache.clear();
  }
}
