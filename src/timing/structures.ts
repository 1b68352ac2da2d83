/** The caches, lookaside buffers and the branch target cache of one CPU, empty after reset. */
import type { TimingProfile, TlbTiming, TreeReplacement } from './profile';
import { LeafKinds } from './leaf-kinds';
import { PageCosts } from './page-costs';
import { FirstWayTable, NumberedTable, Table } from './tables';
import { LruTable, TreeTable, type WayTable } from './tree-tables';

/** Where what generated code looks into lies in its region, in words. */
export interface StructureMap {
  readonly fetch: number;
  readonly data: number;
  readonly instructionTlb: number;
  readonly dataTlb: number;
  readonly targets: number;
  /** Only where a tree of bits chooses what leaves. */
  readonly second: number;
  readonly walkCache: number;
  readonly leaves: number;
  readonly notes: number;
  readonly words: number;
}

export function structureMap({ fetch, data, translation: t, branch }: TimingProfile): StructureMap {
  let words = 0;
  const take = (size: number): number => {
    words += size;
    return words - size;
  };
  return {
    fetch: take(Table.words(fetch.sets, fetch.ways)),
    data: take(Table.words(data.sets, data.ways)),
    instructionTlb: take(Table.words(t.instruction.sets, t.instruction.ways)),
    dataTlb: take(Table.words(t.data.sets, t.data.ways)),
    targets: take(2 * branch.targetCache),
    second: take(regionWords(t.second)),
    walkCache: take(regionWords(t.walkCache)),
    leaves: take(LeafKinds.words),
    notes: take(PageCosts.words),
    get words() {
      return words;
    },
  };
}

/** Set of a page. @param page the page number's low 32 bits @param context PID, for hashed structures */
export function tlbSet({ sets, index }: TlbTiming, page: number, context: number): number {
  const field = 31 - Math.clz32(sets);
  const folded = page ^ (page >>> field);
  if (index === 'page') return page & (sets - 1);
  if (index === 'folded') return (folded ^ (page >>> (2 * field))) & (sets - 1);
  return (folded ^ context) & (sets - 1);
}

type WayTableShape = { sets: number; ways: number; replacement?: TreeReplacement };

/** Words of a structure behind the first level that are in the region: the others are TypeScript's alone. */
const regionWords = ({ sets, ways, replacement }: WayTableShape): number =>
  replacement === 'tree' ? TreeTable.words(sets, ways) : 0;

const wayTable = ({ sets, ways, replacement }: WayTableShape, words: Int32Array, at: number): WayTable =>
  replacement === 'tree' ? new TreeTable(sets, ways, words, at) : LruTable.of(sets, ways);

export class Structures {
  readonly fetch: Table | NumberedTable;
  readonly data: Table;
  readonly instructionTlb: Table;
  readonly dataTlb: Table;
  readonly second: WayTable;
  readonly walkCache: WayTable;
  readonly targets: BranchTargets;
  readonly leaves: LeafKinds;
  /** What walks have cost. */
  readonly pages: PageCosts;

  /** @param region words of {@link structureMap} from `at` on: of linear memory, or private */
  constructor(profile: TimingProfile, region?: Int32Array, at = 0) {
    const map = structureMap(profile);
    const words = region ?? new Int32Array(map.words);
    const { fetch, data, translation: t, branch } = profile;
    const FetchTable = fetch.replacement === 'handedOn' ? NumberedTable : Table;
    this.fetch = new FetchTable(words, at + map.fetch, fetch.sets, fetch.ways);
    const DataTable = data.replacement === 'firstWay' ? FirstWayTable : Table;
    this.data = new DataTable(words, at + map.data, data.sets, data.ways);
    this.instructionTlb = new Table(words, at + map.instructionTlb, t.instruction.sets, t.instruction.ways);
    this.dataTlb = new Table(words, at + map.dataTlb, t.data.sets, t.data.ways);
    this.targets = new BranchTargets(words, at + map.targets, branch.targetCache);
    this.second = wayTable(t.second, words, at + map.second);
    this.walkCache = wayTable(t.walkCache, words, at + map.walkCache);
    this.leaves = new LeafKinds(words, at + map.leaves);
    this.pages = new PageCosts(words, at + map.notes);
  }

  /** As after reset. */
  clear(): void {
    const { fetch, data, instructionTlb, dataTlb, second, walkCache, targets } = this;
    for (const each of [fetch, data, instructionTlb, dataTlb, second, walkCache, targets]) each.clear();
  }
}

/** What the branch target cache says of a branch. */
export type Prediction = 'taken' | 'notTaken' | 'unknown';

/**
 * A direct-mapped branch target cache with full tags that keeps the last direction. A direct branch has one target, so
 * that the target needs no place: an entry is the address of the branch, with its direction in the lowest bit.
 */
export class BranchTargets {
  constructor(
    private readonly words: Int32Array,
    private readonly at: number,
    private readonly entries: number,
  ) {
    this.clear();
  }

  clear(): void {
    this.words.fill(-1, this.at, this.at + 2 * this.entries);
  }

  private place(lo: number): number {
    return this.at + 2 * ((lo >>> 2) & (this.entries - 1));
  }

  predict(hi: number, lo: number): Prediction {
    const i = this.place(lo);
    const entry = this.words[i]!;
    if (this.words[i + 1] !== hi || (entry & ~1) !== lo) return 'unknown';
    return entry & 1 ? 'taken' : 'notTaken';
  }

  record(hi: number, lo: number, { taken }: { taken: boolean }): void {
    const i = this.place(lo);
    this.words[i] = lo | (taken ? 1 : 0);
    this.words[i + 1] = hi;
  }
}
