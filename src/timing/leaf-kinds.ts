/**
 * Leaf entries of page tables as generated code knows them, and entries of the primary group of a hashed one: one word
 * beside each cached translation, the real address of the entry with the number of its kind in the low bits. A kind is
 * what the statistics call the entry, and whether the second level keeps its page. What reads of a kind have cost is
 * counted in linear memory.
 */
import { HPTE_SIZE, PTEG_SIZE } from '../../isa/tables/hpte';
import { HASHED_ENTRY, type TableReads } from '../mmu/table-reads';
import { Cells } from './state';

/** Words of a kind: ticks (two), whether the second level keeps its pages, what gives the first entry that is read. */
const KIND_WORDS = 4;
const [TICKS, IS_SMALL, FIRST] = [0, 2, 3];
/** Instead, of the kind that is no leaf: whether the entry of the partition table is known. */
const BASE_KNOWN = 2;
/** Of a radix tree one entry is read, of a group those up to the one that matches. */
const ONLY_ONE = -1;
const OF_GROUP = -PTEG_SIZE;
/** Entries of tables are doublewords: their addresses have three bits for a kind. */
const KINDS = 8;
/** Not of leaves: what is looked up in the second level, and the state machine itself. */
const LOOKED_UP = 0;
/** log2 of the bytes that what the cache of tables keeps maps at least: the model looks at such leaves itself. */
const TABLE_SHIFT = 21;
const SMALL_PAGE = 12;

/** Whether a walk's last entry is of a page that the second level keeps. */
export function endsSmall({ count, shifts }: TableReads): boolean {
  const shift = shifts[count - 1];
  return shift === SMALL_PAGE || shift === 0;
}

/** Where generated code finds them, in bytes within a kind and as a mask of the word. */
export const LEAF_KIND = {
  size: 4 * KIND_WORDS,
  ticks: 4 * TICKS,
  isSmall: 4 * IS_SMALL,
  /** A mask for the address of the last entry: all ones where that is the only one. */
  first: 4 * FIRST,
  baseKnown: 4 * BASE_KNOWN,
  entry: HPTE_SIZE,
  mask: KINDS - 1,
  lookedUp: LOOKED_UP,
} as const;

export class LeafKinds {
  static readonly words = KINDS * KIND_WORDS;
  /** Numbers of levels ({@link TableReads.levels}) by kind. */
  private readonly levels: number[] = [-1];
  private readonly small: boolean[] = [false];

  /** @param words {@link LeafKinds.words} of them, from `at` on */
  constructor(
    private readonly words: Int32Array,
    private readonly at: number,
  ) {}

  /** The word for a translation whose walk ended with the only one of these; 0: there is no kind for it. */
  wordOf(reads: TableReads): number {
    if (reads.shifts[0]! >= TABLE_SHIFT) return 0;
    const kind = this.kindOf(reads.levels[0]!, endsSmall(reads));
    return kind === undefined ? 0 : reads.addresses[0]! | kind;
  }

  private kindOf(level: number, small: boolean): number | undefined {
    const known = this.levels.findIndex((one, kind) => one === level && this.small[kind] === small);
    if (known >= 0) return known;
    if (this.levels.length === KINDS) return undefined;
    this.small.push(small);
    const words = this.at + KIND_WORDS * this.levels.length;
    this.words[words + IS_SMALL] = small ? 1 : 0;
    this.words[words + FIRST] = level === HASHED_ENTRY ? OF_GROUP : ONLY_ONE;
    return this.levels.push(level) - 1;
  }

  /** The machine that walks has read the entry of the partition table. */
  get baseKnown(): boolean {
    return this.words[this.at + BASE_KNOWN] !== 0;
  }

  set baseKnown(known: boolean) {
    this.words[this.at + BASE_KNOWN] = known ? 1 : 0;
  }

  private ticksOf(kind: number): number {
    return new Cells(this.words, this.at + KIND_WORDS * kind + TICKS).get(0);
  }

  /** What generated code has booked of looking up. */
  get lookedUp(): number {
    return this.ticksOf(LOOKED_UP);
  }

  /** What it has booked of reads, by the number of the level. */
  *ticks(): Iterable<readonly [level: number, ticks: number]> {
    for (let kind = LOOKED_UP + 1; kind < this.levels.length; kind++)
      yield [this.levels[kind]!, this.ticksOf(kind)];
  }

  /** Nothing has been booked. Kinds stay: words that have their numbers do. */
  reset(): void {
    for (let kind = 0; kind < KINDS; kind++)
      this.words.fill(0, this.at + KIND_WORDS * kind + TICKS, this.at + KIND_WORDS * kind + TICKS + 2);
  }
}
