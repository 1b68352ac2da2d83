/**
 * The cycle model of one CPU, an instruction at a time: an in-order pipeline that issues an instruction when what it
 * reads is ready, with the caches, the translation structures and the branch predictor around it.
 *
 * The driver calls, for each instruction, `begin` before it executes, `access` for each of its loads and stores, and
 * `branched` when it is a branch and its outcome is known. Generated code (`weave.ts`) does the same on the same state.
 */
import { BranchUnit, type BranchOutcome } from './branch-unit';
import { CAUSE } from './causes';
import { Core, slotOf, timeOf, type Place } from './core';
import { divideCycles } from './divide';
import { FetchUnit } from './fetch-unit';
import { MemoryPort } from './memory-port';
import { PageFilter } from './page-filter';
import type { TimingProfile } from './profile';
import { RESOURCE } from './resources';
import type { Schedule } from './schedule';
import { CELL, HISTORY, TICKS, ticksOf, type Cells } from './state';
import { StorageUnit, type DataAccess } from './storage-unit';
import type { Structures } from './structures';
import { TranslationModel, type WalkSource } from './translation';

export class Pipeline {
  readonly translation: TranslationModel;
  private readonly core: Core;
  private readonly port: MemoryPort;
  private readonly pages: PageFilter;
  private readonly fetching: FetchUnit;
  private readonly storage: StorageUnit;
  private readonly branches: BranchUnit;
  private readonly share: number;
  private readonly completion: number;

  constructor(
    readonly profile: TimingProfile,
    readonly cells: Cells,
    readonly structures: Structures,
    source: WalkSource,
  ) {
    const { core } = profile;
    const port = new MemoryPort(profile, cells);
    this.port = port;
    this.translation = new TranslationModel(profile, { cells, structures, port }, source);
    this.core = new Core(profile, cells, structures);
    this.pages = new PageFilter(this.core, this.translation);
    this.fetching = new FetchUnit(this.core, port, this.pages);
    this.storage = new StorageUnit(this.core, port, this.pages, this.fetching);
    this.branches = new BranchUnit(this.core, this.fetching);
    this.share = ticksOf(1 / core.issueWidth);
    this.completion = ticksOf(core.completion);
    this.reset();
  }

  reset(): void {
    this.cells.reset(ticksOf(this.profile.core.reset));
    this.structures.clear();
    this.translation.reset();
  }

  /** Who sees what the current instruction waited or made others wait, in ticks. */
  set blame(see: (ticks: number) => void) {
    this.core.blame = see;
  }

  /** Cycles since reset. */
  get cycles(): number {
    return Math.floor(this.cells.get(CELL.next) / TICKS.cycle);
  }

  /** Cycle from which an instruction could be fetched: fetching is ahead by so many instructions, if nothing changed. */
  fetchable(place: Place): number {
    return Math.floor(this.fetching.earliest(place) / TICKS.cycle);
  }

  /** Cycles at which the last instruction issued, and at which it and what it wrote is complete. */
  timesOf({ completes, interval, writes }: Schedule, { lo }: Place): { issued: number; completed: number } {
    const { cells } = this;
    const issue = cells.get(CELL.history + slotOf(lo));
    const ready = writes.map(({ resource }) => cells.get(CELL.ready + resource));
    const end = Math.max(issue + Math.max(completes, interval), ...ready);
    return { issued: Math.floor(issue / TICKS.cycle), completed: Math.floor(end / TICKS.cycle) };
  }

  /** True where the time to leave has come and fetching looks up, so that generated code can leave. */
  mustLeave({ real }: Place): boolean {
    const { cells } = this;
    const sameLine = cells.hi(CELL.line) === real >>> this.profile.fetch.lineShift;
    return !sameLine && cells.get(CELL.next) >= cells.get(CELL.deadline);
  }

  /** Issues an instruction. @param a @param b contents of RA and RB, for divides */
  begin(schedule: Schedule, place: Place, a = 0n, b = 0n): void {
    const { cells } = this;
    this.branches.first = cells.get(CELL.next) === cells.get(CELL.redirect);
    this.fetching.fetch(place);
    this.issue(schedule, place, a, b);
  }

  /** What follows is about an instruction that has been issued. @param lo its address, in the lowest bits at least */
  resume(schedule: Schedule, lo: number): void {
    this.core.current = schedule;
    this.core.slot = slotOf(lo);
    this.core.lo = lo;
  }

  /** The same as {@link begin} for an instruction that has been fetched. */
  issue(schedule: Schedule, place: Place, a: bigint, b: bigint): void {
    const { cells, core } = this;
    this.resume(schedule, place.lo);
    const issue = this.issueTime(schedule);
    cells.set(CELL.history + core.slot, issue);
    if (schedule.twoParts) cells.set(CELL.parts + core.slot, issue + this.share);
    const { divide } = schedule;
    const extra = divide
      ? ticksOf(divideCycles(this.profile.divide, divide, a, b) - this.profile.divide.trivial)
      : 0;
    for (const { resource, ready } of schedule.writes)
      cells.set(CELL.ready + resource, issue + extra + ready);
    const interval = schedule.interval + extra;
    if (interval > this.share) core.book(schedule.cause, interval - this.share);
    cells.set(CELL.next, issue + interval);
    if (schedule.storage && this.profile.core.issueWidth > 1)
      cells.set(CELL.ready + RESOURCE.STORAGE, issue + TICKS.cycle + CAUSE.storageUnit);
    core.completes(issue + schedule.completes + extra);
    if (schedule.refetches) {
      this.fetching.onTheWrongPath(place);
      cells.set(CELL.redirect, cells.get(CELL.next));
      // Perhaps the line is not in the cache any more.
      cells.setHalves(CELL.line, -1, -1);
    }
    if (schedule.drops === 'instructions') this.dropInstructions();
  }

  /** When everything that the instruction reads is ready; books the wait. */
  private issueTime(schedule: Schedule): number {
    const { cells } = this;
    const next = cells.get(CELL.next);
    let at = next;
    for (const resource of schedule.reads) at = Math.max(at, cells.get(CELL.ready + resource));
    if (schedule.serialises) {
      const completed = Math.max(this.lastIssue() + this.completion, cells.get(CELL.done));
      const idle = schedule.drains ? Math.max(completed, this.port.idle()) : completed;
      if (idle > timeOf(at)) at = idle + CAUSE.serialisation;
    }
    const issue = timeOf(at);
    if (issue > next) this.core.book(at % TICKS.slot, issue - next);
    return issue;
  }

  /** Issue time of the instruction before: one of the last few is it. */
  private lastIssue(): number {
    let last = 0;
    for (let i = 0; i < HISTORY; i++) last = Math.max(last, this.cells.get(CELL.history + i));
    return last;
  }

  /** Fetching of a line that is not the one before. */
  fetchLine(place: Place): void {
    this.fetching.line(place);
  }

  /** One load or store of the instruction that was begun. */
  access(access: DataAccess): void {
    this.cells.count(access.store ? 'stores' : 'loads');
    this.look(access);
  }

  /** An access that has been counted. */
  look(access: DataAccess): void {
    this.storage.look(access);
  }

  /** The outcome of the branch that was begun. */
  branched(place: Place, outcome: BranchOutcome): void {
    this.branches.branched(place, outcome);
  }

  /** Fetching starts anew after a number of cycles. */
  refetch(cycles: number, cause: number): void {
    this.core.refetch(cycles, cause);
  }

  /** Nothing issues for a number of cycles. */
  charge(cycles: number, cause: number): void {
    this.core.charge(cycles, cause);
  }

  interrupted(): void {
    this.cells.count('interrupts');
    this.refetch(this.profile.core.interrupt, CAUSE.interrupts);
  }

  /** icbi: the structures are empty; what has been fetched of the current line stays. */
  dropInstructions(): void {
    this.structures.fetch.forget();
    this.structures.targets.clear();
  }

  /** The context of translation changed: the page filters and the first level know nothing. */
  dropTranslations(page?: { hi: number; lo: number }): void {
    this.forgetPages();
    this.translation.drop(page);
    this.structures.targets.clear();
  }

  /** PIDR or LPIDR changed. */
  contextSwitched(): void {
    this.forgetPages();
    this.translation.dropTables('process');
    this.translation.dropFirst();
    this.structures.targets.clear();
  }

  /** The next access of each kind is looked up. */
  forgetPages(): void {
    this.pages.forget();
  }
}
