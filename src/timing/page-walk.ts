/**
 * The state machine of an MMU that walks radix trees: it looks into the second level and the cache of tables side by
 * side, knows where partition and process tables are once it has read that, and reads entries one after the other
 * through the data cache, whose refills they wait for.
 */
import { PARTITION_ENTRY, PROCESS_ENTRY, type TableReads } from '../mmu/table-reads';
import type { MemoryPort } from './memory-port';
import type { TimingProfile, WalkTiming } from './profile';
import { countCell, ticksOf, type Cells } from './state';
import type { Structures } from './structures';
import { EMPTY } from './tables';

/** What is asked: effective address in halves, and the number of the process's context. */
export interface WalkedAddress {
  readonly hi: number;
  readonly lo: number;
  readonly context: number;
}

/** What the cache of tables knows of an address, by log2 of what its entry maps. */
type Known = 'page' | 21 | 30 | 39 | undefined;

const TABLES = [21, 30, 39] as const;
/** A page of 2 MiB: its entry is kept where those of tables are. */
export const LARGE_PAGE = 21;
/** In the upper word of a tag, above a context's 12 bits: which entries it is of. Beside it the quadrant. */
export const LEVEL_SHIFT = 12;
export const QUADRANT = 3 << 30;
export const LEVELS = { 21: 1, 30: 2, 39: 3, page: 4 } as const;
/** What makes sets of one address different for entries of different levels. */
export const SALT = { 21: 9, 30: 18, 39: 36, page: 9 } as const;
/** First bit of the upper half of an address that is folded into the number of a set. */
export const TOP_SHIFT = 46 - 32;

/** Bits of an address from `shift` on. */
const above = ({ hi, lo }: WalkedAddress, shift: number): number =>
  shift >= 32 ? hi >>> (shift - 32) : (lo >>> shift) | (hi << (32 - shift));

const READS = countCell('walkReads');
const READ_MISSES = countCell('walkReadMisses');

const tagOf = ({ hi, context }: WalkedAddress, level: number): number =>
  context | (level << LEVEL_SHIFT) | (hi & QUADRANT);

export class PageWalk {
  /** The machine knows the trees of lower and upper addresses. */
  private readonly trees = [false, false];
  private readonly ticks: Readonly<Record<keyof WalkTiming, number>>;
  private readonly readHit: number;
  private readonly miss: number;
  /** Of the cache of tables: the number of its last set, and how many bits that has. */
  private readonly lastSet: number;
  private readonly field: number;

  constructor(
    private readonly profile: TimingProfile,
    timing: WalkTiming,
    private readonly parts: { cells: Cells; structures: Structures; port: MemoryPort },
    private readonly book: (level: number, ticks: number) => void,
  ) {
    const { base, page, table, topTable, nothing, check, finish } = timing;
    this.ticks = {
      base: ticksOf(base),
      page: ticksOf(page),
      table: ticksOf(table),
      topTable: ticksOf(topTable),
      nothing: ticksOf(nothing),
      check: ticksOf(check),
      finish: ticksOf(finish),
    };
    this.readHit = ticksOf(profile.translation.read);
    this.miss = ticksOf(profile.data.miss);
    const { sets } = profile.translation.walkCache;
    this.lastSet = sets - 1;
    this.field = 31 - Math.clz32(sets);
  }

  /** Nothing of before is known: RIC=2 of tlbie, or reset. */
  forget(): void {
    this.parts.structures.leaves.baseKnown = false;
    this.trees.fill(false);
  }

  /** Another process. */
  forgetProcess(): void {
    this.trees[0] = false;
  }

  /** What an access takes whose large page the cache of tables knows. */
  get pageTicks(): number {
    return this.ticks.page;
  }

  /** What the cache of tables has of an address: the smallest. */
  known(at: WalkedAddress): Known {
    if (this.has(at, LARGE_PAGE, LEVELS.page, SALT.page)) return 'page';
    if (this.has(at, 21, LEVELS[21], SALT[21])) return 21;
    if (this.has(at, 30, LEVELS[30], SALT[30])) return 30;
    return this.has(at, 39, LEVELS[39], SALT[39]) ? 39 : undefined;
  }

  private has(at: WalkedAddress, shift: number, level: number, salt: number): boolean {
    const page = above(at, shift);
    return this.parts.structures.walkCache.find(this.setOf(at, page, salt), tagOf(at, level), page) >= 0;
  }

  private setOf({ hi, context }: WalkedAddress, page: number, salt: number): number {
    const { field } = this;
    const folded = page ^ (page >>> field) ^ (hi >>> TOP_SHIFT) ^ context ^ (context >>> field);
    return (folded ^ salt) & this.lastSet;
  }

  /**
   * A walk that begins after an access at `at`.
   *
   * @param known from {@link known}; not `page`
   * @param reads all that a walk from the root reads, or the last of that where a table of 2 MiB is known
   * @returns when the access goes on
   */
  walk(at: number, address: WalkedAddress, known: Exclude<Known, 'page'>, reads: TableReads): number {
    const { ticks } = this;
    const { leaves } = this.parts.structures;
    let time = at + (known === 39 ? ticks.topTable : known === undefined ? ticks.nothing : ticks.table);
    const upper = address.hi < 0 ? 1 : 0;
    let checked = known !== undefined;
    for (let i = 0; i < reads.count; i++) {
      const level = reads.levels[i]!;
      const shift = reads.shifts[i]!;
      if (level === PARTITION_ENTRY) {
        if (!leaves.baseKnown) time = Math.max(time, this.read(at + ticks.base, reads, i) + ticks.check);
        leaves.baseKnown = true;
        continue;
      }
      if (level === PROCESS_ENTRY && (known !== undefined || this.trees[upper])) continue;
      if (known !== undefined && shift >= known) continue;
      if (level === PROCESS_ENTRY) this.trees[upper] = true;
      else if (!checked) {
        time += ticks.check;
        checked = true;
      }
      time = this.read(time, reads, i);
      this.remember(address, shift, i === reads.count - 1);
    }
    return time + ticks.finish;
  }

  /** The table that an entry points to, or the large page that it is of, is found in the cache of tables from now on. */
  private remember(at: WalkedAddress, shift: number, leaf: boolean): void {
    const table = TABLES.find((one) => one === shift);
    if (table === undefined || (leaf && shift !== LARGE_PAGE)) return;
    const level = leaf ? 'page' : table;
    const page = above(at, table);
    this.parts.structures.walkCache.insert(this.setOf(at, page, SALT[level]), tagOf(at, LEVELS[level]), page);
  }

  /** One read, asked for at `at`. @returns when the machine goes on */
  private read(at: number, { levels, addresses }: TableReads, i: number): number {
    const { cells, structures, port } = this.parts;
    const { data } = this.profile;
    const address = addresses[i]!;
    cells.increment(READS);
    const line = address >>> data.lineShift;
    const set = line & (data.sets - 1);
    let there = port.dataThere(address);
    if (!structures.data.lookup(set, 0, line)) {
      structures.data.insert(set, 0, line);
      cells.increment(READ_MISSES);
      there = port.load(address, at) + this.miss;
    }
    const end = Math.max(at, there) + this.readHit;
    this.book(levels[i]!, end - at);
    return end;
  }

  /** tlbie without RIC: pages, and not tables, leave the cache of tables. */
  dropPages(): void {
    const level = LEVELS.page << LEVEL_SHIFT;
    this.parts.structures.walkCache.dropWhere((hi) => hi !== EMPTY && (hi & (7 << LEVEL_SHIFT)) === level);
  }
}
