/**
 * What translation costs: the first-level structures, the second level, the walk with its cache of page tables, and
 * the data cache that a walk reads through. Addresses come from the translator; this only says how long it takes.
 */
import { TABLE_LEVELS, tableLevelName, type TableReads } from '../mmu/table-reads';
import { endsSmall } from './leaf-kinds';
import type { MemoryPort } from './memory-port';
import type { PageCosts } from './page-costs';
import { PageWalk, type WalkedAddress } from './page-walk';
import type { TimingProfile } from './profile';
import { countCell, ticksOf, type Cells } from './state';
import { tlbSet, type Structures } from './structures';

/** What the model asks of the machine. Answers are good until the next question. */
export interface WalkSource {
  /** The reads of a walk from its root, for an address that translates. */
  walk(use: 'fetch' | 'data', eaHi: number, eaLo: number): TableReads;
  /** The last of them. */
  leaf(use: 'fetch' | 'data', eaHi: number, eaLo: number): TableReads;
  /** PID and LPID of the current context, for effective addresses with that upper half, as one number of at most 12 bits. */
  context(eaHi: number): number;
}

/** log2 of what one page table maps, relative to its pages. */
const TABLE_SHIFT = 9;
const PAGE_SHIFT = 12;
/** Ways of the second level that are compared first. */
export const FAST_WAYS = 2;
/** Behind the numbers of what walks read: the second level. */
const SECOND_LEVEL = TABLE_LEVELS;

/** Cells of what is counted here. */
const COUNTED = {
  instructionTlbMisses: countCell('instructionTlbMisses'),
  dataTlbMisses: countCell('dataTlbMisses'),
  secondHits: countCell('secondHits'),
  walks: countCell('walks'),
  instructionWalks: countCell('instructionWalks'),
} as const;

export class TranslationModel {
  /** Ticks by what was looked up or read, but for what generated code books. */
  private readonly ticksAt = new Float64Array(TABLE_LEVELS + 1);
  /** The last walk was of a page that the second level keeps. */
  private isSmall = true;
  /** All that has been booked. */
  private allBooked = 0;

  private readonly cells: Cells;
  private readonly structures: Structures;
  /** Durations in ticks. */
  private readonly secondHit: number;
  private readonly secondSlow: number;
  private readonly fetchMore: number;
  /** Undefined: walks cost so much a read. */
  private readonly machine: PageWalk | undefined;
  private readonly readHit: number;
  private readonly readMiss: number;

  constructor(
    private readonly profile: TimingProfile,
    parts: { readonly cells: Cells; readonly structures: Structures; readonly port: MemoryPort },
    private readonly source: WalkSource,
  ) {
    this.cells = parts.cells;
    this.structures = parts.structures;
    const { second, read, readMiss, walk } = profile.translation;
    this.secondHit = ticksOf(second.hit);
    this.secondSlow = ticksOf(second.slow ?? 0);
    this.fetchMore = ticksOf(profile.translation.fetchMore ?? 0);
    this.machine = walk && new PageWalk(profile, walk, parts, (level, ticks) => this.book(level, ticks));
    this.readHit = ticksOf(read);
    this.readMiss = ticksOf(readMiss);
  }

  reset(): void {
    this.ticksAt.fill(0);
    this.structures.leaves.reset();
    this.structures.pages.clear();
    this.machine?.forget();
  }

  /** What the walks of each page have cost. */
  get pages(): PageCosts {
    return this.structures.pages;
  }

  /** Ticks by what was looked up or read, for the second part of the CPI stack. */
  get byLevel(): ReadonlyMap<string, number> {
    const { leaves } = this.structures;
    const all = this.ticksAt.slice();
    all[SECOND_LEVEL]! += leaves.lookedUp;
    for (const [level, ticks] of leaves.ticks()) all[level]! += ticks;
    const levels = [SECOND_LEVEL, ...Array(TABLE_LEVELS).keys()].filter((level) => all[level]! > 0);
    const name = (level: number): string => (level === SECOND_LEVEL ? 'second level' : tableLevelName(level));
    return new Map(levels.map((level) => [name(level), all[level]!]));
  }

  private book(level: number, ticks: number): void {
    this.allBooked += ticks;
    this.ticksAt[level]! += ticks;
  }

  /** Ticks that translating adds to an access at `at` whose page is not the one before it. */
  cost(use: 'fetch' | 'data', eaHi: number, eaLo: number, at: number): number {
    const { structures, profile, cells } = this;
    const t = profile.translation;
    const first = use === 'fetch' ? structures.instructionTlb : structures.dataTlb;
    const hi = eaHi >>> PAGE_SHIFT;
    const lo = (eaLo >>> PAGE_SHIFT) | (eaHi << (32 - PAGE_SHIFT));
    const set = tlbSet(use === 'fetch' ? t.instruction : t.data, lo, 0);
    if (first.lookup(set, hi, lo)) return 0;
    cells.increment(use === 'fetch' ? COUNTED.instructionTlbMisses : COUNTED.dataTlbMisses);
    first.insert(set, hi, lo);
    const more = use === 'fetch' ? this.fetchMore : 0;
    const context = this.source.context(eaHi);
    const tag = hi | (context << (32 - PAGE_SHIFT));
    const secondSet = tlbSet(t.second, lo, context);
    const way = structures.second.find(secondSet, tag, lo);
    if (way >= 0) {
      const ticks = this.secondHit + (way >= FAST_WAYS ? this.secondSlow : 0) + more;
      this.book(SECOND_LEVEL, ticks);
      cells.increment(COUNTED.secondHits);
      return ticks;
    }
    const ticks = this.machine
      ? this.machineWalk(this.machine, use, { hi: eaHi, lo: eaLo, context }, at)
      : this.simpleWalk(use, eaHi, eaLo, context);
    if (this.isSmall) structures.second.insert(secondSet, tag, lo);
    structures.pages.charge(hi, lo, ticks + more);
    return ticks + more;
  }

  private countWalk(use: 'fetch' | 'data'): void {
    this.cells.increment(COUNTED.walks);
    if (use === 'fetch') this.cells.increment(COUNTED.instructionWalks);
  }

  private machineWalk(machine: PageWalk, use: 'fetch' | 'data', address: WalkedAddress, at: number): number {
    this.countWalk(use);
    const known = machine.known(address);
    if (known === 'page') {
      const ticks = machine.pageTicks;
      this.book(SECOND_LEVEL, ticks);
      this.isSmall = false;
      return ticks;
    }
    const { source } = this;
    const reads =
      known === 21 ? source.leaf(use, address.hi, address.lo) : source.walk(use, address.hi, address.lo);
    const before = this.allBooked;
    const ticks = machine.walk(at, address, known, reads) - at;
    this.book(SECOND_LEVEL, ticks - (this.allBooked - before));
    this.isSmall = endsSmall(reads);
    return ticks;
  }

  private simpleWalk(use: 'fetch' | 'data', eaHi: number, eaLo: number, context: number): number {
    this.book(SECOND_LEVEL, this.secondHit);
    this.isSmall = true;
    return this.secondHit + this.walk(use, eaHi, eaLo, context);
  }

  private walk(use: 'fetch' | 'data', eaHi: number, eaLo: number, context: number): number {
    const { structures, profile, source } = this;
    this.countWalk(use);
    const table = (eaLo >>> (PAGE_SHIFT + TABLE_SHIFT)) | (eaHi << (32 - PAGE_SHIFT - TABLE_SHIFT));
    const tag = (eaHi >>> (PAGE_SHIFT + TABLE_SHIFT)) | (context << (32 - PAGE_SHIFT));
    const set = (table ^ context) & (profile.translation.walkCache.sets - 1);
    const known = structures.walkCache.find(set, tag, table) >= 0;
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
      this.machine?.dropPages();
      this.dropFirst();
      return;
    }
    structures.instructionTlb.dropSet(tlbSet(t.instruction, page.lo, 0));
    structures.dataTlb.dropSet(tlbSet(t.data, page.lo, 0));
    const context = this.source.context(0);
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

  /** Where tables are has to be read again: of all processes, or of the current one. */
  dropTables(which: 'all' | 'process'): void {
    if (which === 'all') this.machine?.forget();
    else this.machine?.forgetProcess();
  }
}
