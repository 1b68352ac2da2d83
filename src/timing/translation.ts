/**
 * What translation costs: the first-level structures, the second level, the walk with its cache of page tables, and
 * the data cache that a walk reads through. Addresses come from the translator; this only says how long it takes.
 */
import { TABLE_LEVELS, tableLevelName, type TableReads } from '../mmu/table-reads';
import { PageCosts } from './page-costs';
import type { TimingProfile } from './profile';
import { ticksOf, type Cells } from './state';
import { tlbSet, type Structures } from './structures';

/** What the model asks of the machine. Answers are good until the next question. */
export interface WalkSource {
  /** The reads of a walk from its root, for an address that translates. */
  walk(use: 'fetch' | 'data', eaHi: number, eaLo: number): TableReads;
  /** The last of them. */
  leaf(use: 'fetch' | 'data', eaHi: number, eaLo: number): TableReads;
  /** PID and LPID of the current context as one number of at most 12 bits. */
  context(): number;
}

/** log2 of what one page table maps, relative to its pages. */
const TABLE_SHIFT = 9;
const PAGE_SHIFT = 12;
/** Behind the numbers of what walks read: the second level. */
const SECOND_LEVEL = TABLE_LEVELS;

export class TranslationModel {
  readonly pages = new PageCosts();
  /** Ticks by what was looked up or read, and the numbers of that in the order of the first time. */
  private readonly ticksAt = new Float64Array(TABLE_LEVELS + 1);
  private readonly isBooked = new Uint8Array(TABLE_LEVELS + 1);
  private readonly booked: number[] = [];

  /** Durations in ticks. */
  private readonly secondHit: number;
  private readonly readHit: number;
  private readonly readMiss: number;

  constructor(
    private readonly profile: TimingProfile,
    private readonly cells: Cells,
    private readonly structures: Structures,
    private readonly source: WalkSource,
  ) {
    const { second, read, readMiss } = profile.translation;
    this.secondHit = ticksOf(second.hit);
    this.readHit = ticksOf(read);
    this.readMiss = ticksOf(readMiss);
  }

  reset(): void {
    this.ticksAt.fill(0);
    this.isBooked.fill(0);
    this.booked.length = 0;
    this.pages.clear();
  }

  /** Ticks by what was looked up or read, for the second part of the CPI stack. */
  get byLevel(): ReadonlyMap<string, number> {
    const name = (level: number): string => (level === SECOND_LEVEL ? 'second level' : tableLevelName(level));
    return new Map(this.booked.map((level) => [name(level), this.ticksAt[level]!]));
  }

  private book(level: number, ticks: number): void {
    this.ticksAt[level]! += ticks;
    if (this.isBooked[level] !== 0) return;
    this.isBooked[level] = 1;
    this.booked.push(level);
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
    const ticks = this.secondHit;
    this.book(SECOND_LEVEL, ticks);
    if (structures.second.lookup(secondSet, tag, lo)) {
      cells.count('secondHits');
      return ticks;
    }
    structures.second.insert(secondSet, tag, lo);
    const walk = this.walk(use, eaHi, eaLo, context);
    this.pages.charge(hi, lo, ticks + walk);
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
    const reads = known ? source.leaf(use, eaHi, eaLo) : source.walk(use, eaHi, eaLo);
    let ticks = 0;
    for (let i = 0; i < reads.count; i++) ticks += this.read(reads.levels[i]!, reads.addresses[i]!);
    if (!known) structures.walkCache.insert(set, tag, table);
    return ticks;
  }

  /** One read of a table, through the data cache. */
  private read(level: number, address: number): number {
    const { profile, cells, structures } = this;
    const { data } = profile;
    cells.count('walkReads');
    let ticks = this.readHit;
    const line = address >>> data.lineShift;
    const set = line & (data.sets - 1);
    if (!structures.data.lookup(set, 0, line)) {
      structures.data.insert(set, 0, line);
      cells.count('walkReadMisses');
      ticks += this.readMiss;
    }
    this.book(level, ticks);
    return ticks;
  }

  /** Drops translations: of one effective page (its number in halves), or all. */
  drop(page?: { hi: number; lo: number }): void {
    const { structures, profile } = this;
    const t = profile.translation;
    if (!page) {
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
    this.structures.walkCache.clear();
  }
}
