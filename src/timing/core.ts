/** What the units of one CPU's model share: its cells and structures, and the instruction that they are about. */
import type { TimingProfile } from './profile';
import type { Schedule } from './schedule';
import { CELL, HISTORY, TICKS, ticksOf, type Cells } from './state';
import type { Structures } from './structures';

/** Where an instruction is: its effective address in halves, and its real address. */
export interface Place {
  readonly hi: number;
  readonly lo: number;
  readonly real: number;
}

/** How translation sees addresses. */
export const RELOCATION = { real: 0, translated: 1, guestReal: 2 } as const;

/** The place of an instruction in the history: instructions that follow each other have different ones. */
export const slotOf = (lo: number): number => (lo >>> 2) & (HISTORY - 1);
/** A time without the cause in the bits below. */
export const timeOf = (ticks: number): number => ticks - (ticks % TICKS.slot);

export class Core {
  /** Sees what the current instruction waited or made others wait, in ticks. */
  blame: (ticks: number) => void = () => undefined;
  /** The instruction whose accesses and outcome are to come. */
  current: Schedule | undefined;
  slot = 0;
  /** Its address, in the lowest bits at least. */
  lo = 0;

  constructor(
    readonly profile: TimingProfile,
    readonly cells: Cells,
    readonly structures: Structures,
  ) {}

  /** When the current instruction issued. */
  get issued(): number {
    return this.cells.get(CELL.history + this.slot);
  }

  /** Books a wait of the current instruction, or one that it makes. */
  book(cause: number, ticks: number): void {
    this.cells.add(CELL.stalls + cause, ticks);
    this.blame(ticks);
  }

  /** Something goes on until then. */
  completes(at: number): void {
    if (at > this.cells.get(CELL.done)) this.cells.set(CELL.done, at);
  }

  /** Nothing issues for a number of cycles. */
  charge(cycles: number, cause: number): void {
    const ticks = ticksOf(cycles);
    this.cells.add(CELL.next, ticks);
    this.cells.add(CELL.stalls + cause, ticks);
  }

  /** Fetching starts anew after a number of cycles. */
  refetch(cycles: number, cause: number): void {
    this.charge(cycles, cause);
    this.cells.set(CELL.redirect, this.cells.get(CELL.next));
  }
}
