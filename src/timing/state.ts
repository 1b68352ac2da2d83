/**
 * Where the cycle model keeps its state: cells of 64 bits in the CPU block, for generated code and TypeScript alike.
 *
 * A time is a number of ticks since reset: a multiple of a slot (`TICKS.slot`), plus the number of a cause in the bits
 * below. So the later of two times brings the reason with it, at no cost.
 */
import { SLOTS_PER_CYCLE } from './profile';
import { CAUSES } from './causes';
import { RESOURCE } from './resources';

/** A slot is 16 ticks: room for the number of a cause. */
const SLOT = 16;
export const TICKS = { slot: SLOT, cycle: SLOT * SLOTS_PER_CYCLE } as const;

/** Ticks of a number of cycles: a whole number of slots. */
export const ticksOf = (cycles: number): number => Math.round(cycles * SLOTS_PER_CYCLE) * SLOT;

/** How many instructions the history of issue times holds. */
export const HISTORY = 4;

/** What is counted; the position is the number of the cell after `CELL.counts`. */
export const COUNTS = [
  'loads', 'stores', 'dataMisses', 'storeMisses', 'instructionMisses', 'dataTlbMisses', 'instructionTlbMisses',
  'secondHits', 'walks', 'instructionWalks', 'walkReads', 'walkReadMisses', 'branches', 'takenBranches', 'decodedBranches',
  'mispredictions', 'interrupts', 'fetchedLines',
] as const; // prettier-ignore
export type Count = (typeof COUNTS)[number];

const HISTORY_AT = 25;
const PARTS_AT = HISTORY_AT + HISTORY;
const READY_AT = PARTS_AT + HISTORY;
const STALLS_AT = READY_AT + RESOURCE.COUNT;
const COUNTS_AT = STALLS_AT + SLOT;

/** Numbers of cells. */
export const CELL = {
  /** When the next instruction can issue at the earliest. */
  next: 0,
  /** When everything has completed that takes longer than its interval. */
  done: 1,
  /** Value of `next` after the last change of the stream of fetching: what follows is first at its target. */
  redirect: 2,
  /** Line that was fetched last, -1 for none. High half: in real memory; low half: of the decoded records. */
  line: 3,
  /** Effective pages (address / 4096) of the last fetch and of the last load or store, while they are translated. */
  fetchPage: 4,
  dataPage: 5,
  /** Low half: 1 while loads and stores are translated; high half: the same for fetches. */
  relocation: 6,
  /** Time at which generated code has to leave. */
  deadline: 7,
  /** Until when a refill keeps the port to memory busy. */
  port: 8,
  /** Until when stores keep it, since when the last burst of them has asked for it, and the end of the one before. */
  stored: 9,
  storeFrom: 10,
  storeBefore: 11,
  /** Region of the last store, in the low half. */
  storeRegion: 12,
  /** When the data cache can bring in another line, and the start of its last refill. */
  dataIdle: 13,
  dataStart: 14,
  /** High half: the number of the line; low half: the real address that was asked for. */
  dataLine: 15,
  /** When all of that line is there. */
  dataRows: 16,
  /** The same of the instruction cache. */
  fetchIdle: 17,
  fetchStart: 18,
  fetchLine: 19,
  /** The page of fetches before the last one, -1 for none. */
  fetchBefore: 20,
  /** A branch whose new entry the target cache shows late: `redirect` behind it, -1 for none; its address; its old entry. */
  lateSince: 21,
  lateBranch: 22,
  lateEntry: 23,
  /** Low half: where the record of the last load or store is; generated code's alone. */
  accessRecord: 24,
  history: HISTORY_AT,
  /** When the second part of the last instruction with two parts issued of those in a place of the history. */
  parts: PARTS_AT,
  ready: READY_AT,
  stalls: STALLS_AT,
  counts: COUNTS_AT,
  total: COUNTS_AT + COUNTS.length,
} as const;

const COUNT_CELLS = Object.fromEntries(COUNTS.map((name, i) => [name, COUNTS_AT + i])) as Record<
  Count,
  number
>;
export const countCell = (name: Count): number => COUNT_CELLS[name];

const WORD = 2 ** 32;

/** The cells of one CPU. Values are integers up to 2^53. */
export class Cells {
  /** @param words at least `2 * CELL.total` words from `at` on */
  constructor(
    readonly words: Int32Array,
    private readonly at = 0,
  ) {}

  static detached(): Cells {
    return new Cells(new Int32Array(2 * CELL.total));
  }

  get(cell: number): number {
    const i = this.at + 2 * cell;
    return this.words[i + 1]! * WORD + (this.words[i]! >>> 0);
  }

  set(cell: number, value: number): void {
    const i = this.at + 2 * cell;
    // What | keeps is the number modulo 2^32: % would be a call.
    const lo = value | 0;
    this.words[i] = lo;
    this.words[i + 1] = (value - (lo >>> 0)) / WORD;
  }

  add(cell: number, value: number): void {
    this.set(cell, this.get(cell) + value);
  }

  lo(cell: number): number {
    return this.words[this.at + 2 * cell]!;
  }

  hi(cell: number): number {
    return this.words[this.at + 2 * cell + 1]!;
  }

  setHalves(cell: number, hi: number, lo: number): void {
    this.words[this.at + 2 * cell] = lo;
    this.words[this.at + 2 * cell + 1] = hi;
  }

  /** @param by below 2^32 */
  count(name: Count, by = 1): void {
    this.increment(COUNT_CELLS[name], by);
  }

  /** The same by the number of the cell, for what is counted often: {@link countCell}. */
  increment(cell: number, by = 1): void {
    const i = this.at + 2 * cell;
    const lo = (this.words[i]! + by) | 0;
    this.words[i] = lo;
    if (lo >>> 0 < by) this.words[i + 1]!++;
  }

  /** The state after reset. */
  reset(startTicks: number): void {
    this.words.fill(0, this.at, this.at + 2 * CELL.total);
    this.set(CELL.next, startTicks);
    this.setHalves(CELL.line, -1, -1);
    this.setHalves(CELL.fetchPage, -1, -1);
    this.setHalves(CELL.fetchBefore, -1, -1);
    this.setHalves(CELL.lateSince, -1, -1);
    this.setHalves(CELL.dataPage, -1, -1);
    this.setHalves(CELL.deadline, 0x7fffffff, -1);
  }

  static readonly causes = CAUSES.length;
}
