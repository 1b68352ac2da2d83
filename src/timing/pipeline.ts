/**
 * The cycle model of one CPU, an instruction at a time: an in-order pipeline that issues an instruction when what it
 * reads is ready, with the caches, the translation structures and the branch predictor around it.
 *
 * The driver calls, for each instruction, `begin` before it executes, `access` for each of its loads and stores, and
 * `branched` when it is a branch and its outcome is known. Generated code (`weave.ts`) does the same on the same state.
 */
import { CAUSE } from './causes';
import { divideCycles } from './divide';
import type { CacheTiming, TimingProfile } from './profile';
import { RESOURCE } from './resources';
import type { Schedule } from './schedule';
import { CELL, HISTORY, TICKS, ticksOf, type Cells } from './state';
import type { Structures } from './structures';
import { TranslationModel, type WalkSource } from './translation';

/** Where an instruction is: its effective address in halves, and its real address. */
export interface Place {
  readonly hi: number;
  readonly lo: number;
  readonly real: number;
}

/** A load or store that succeeds. */
export interface DataAccess {
  readonly hi: number;
  readonly lo: number;
  readonly real: number;
  readonly bytes: number;
  readonly store: boolean;
  /** True for devices and other storage that no cache holds. */
  readonly inhibited: boolean;
}

export interface BranchOutcome {
  readonly taken: boolean;
  /** Its displacement is negative: what decoding predicts as taken. */
  readonly backward: boolean;
}

/** The place of an instruction in the history: instructions that follow each other have different ones. */
const slotOf = (lo: number): number => (lo >>> 2) & (HISTORY - 1);
const timeOf = (ticks: number): number => ticks - (ticks % TICKS.slot);

/** How translation sees addresses. */
export const RELOCATION = { real: 0, translated: 1, guestReal: 2 } as const;

export class Pipeline {
  readonly translation: TranslationModel;
  /** Sees what the current instruction waited or made others wait, in ticks. */
  blame: (ticks: number) => void = () => undefined;
  private readonly share: number;
  private readonly runAhead: number;
  private readonly completion: number;
  /** The instruction whose accesses and outcome are to come. */
  private current: Schedule | undefined;
  private slot = 0;
  private first = false;

  constructor(
    readonly profile: TimingProfile,
    readonly cells: Cells,
    readonly structures: Structures,
    source: WalkSource,
  ) {
    const { core } = profile;
    this.translation = new TranslationModel(profile, cells, structures, source);
    this.share = ticksOf(1 / core.issueWidth);
    this.runAhead = ticksOf(core.runAhead / core.issueWidth);
    this.completion = ticksOf(core.completion);
    this.reset();
  }

  reset(): void {
    this.cells.reset(ticksOf(this.profile.core.reset));
    this.structures.clear();
    this.translation.reset();
  }

  /** Cycles since reset. */
  get cycles(): number {
    return Math.floor(this.cells.get(CELL.next) / TICKS.cycle);
  }

  /** Cycle from which an instruction could be fetched: fetching is ahead by so many instructions, if nothing changed. */
  fetchable({ lo }: Place): number {
    const { cells } = this;
    const ahead = cells.get(CELL.history + slotOf(lo));
    return Math.floor(Math.max(ahead, cells.get(CELL.redirect) - this.runAhead, 0) / TICKS.cycle);
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
    this.first = cells.get(CELL.next) === cells.get(CELL.redirect);
    this.fetch(place);
    this.issue(schedule, place.lo, a, b);
  }

  /** What follows is about an instruction that has been issued. @param lo its address, in the lowest bits at least */
  resume(schedule: Schedule, lo: number): void {
    this.current = schedule;
    this.slot = slotOf(lo);
  }

  /** The same as {@link begin} for an instruction that has been fetched. */
  issue(schedule: Schedule, lo: number, a: bigint, b: bigint): void {
    const { cells } = this;
    this.resume(schedule, lo);
    const issue = this.issueTime(schedule);
    cells.set(CELL.history + this.slot, issue);
    const { divide } = schedule;
    const extra = divide
      ? ticksOf(divideCycles(this.profile.divide, divide, a, b) - this.profile.divide.trivial)
      : 0;
    for (const { resource, ready } of schedule.writes)
      cells.set(CELL.ready + resource, issue + extra + ready);
    const interval = schedule.interval + extra;
    if (interval > this.share) this.book(schedule.cause, interval - this.share);
    cells.set(CELL.next, issue + interval);
    if (schedule.storage && this.profile.core.issueWidth > 1)
      cells.set(CELL.ready + RESOURCE.STORAGE, issue + TICKS.cycle + CAUSE.storageUnit);
    this.completes(issue + schedule.completes + extra);
    if (schedule.refetches) cells.set(CELL.redirect, cells.get(CELL.next));
    if (schedule.drops === 'instructions') this.dropInstructions();
  }

  /** Books a wait of the current instruction, or one that it makes. */
  private book(cause: number, ticks: number): void {
    this.cells.add(CELL.stalls + cause, ticks);
    this.blame(ticks);
  }

  private completes(at: number): void {
    if (at > this.cells.get(CELL.done)) this.cells.set(CELL.done, at);
  }

  /** When everything that the instruction reads is ready; books the wait. */
  private issueTime(schedule: Schedule): number {
    const { cells } = this;
    const next = cells.get(CELL.next);
    let at = next;
    for (const resource of schedule.reads) at = Math.max(at, cells.get(CELL.ready + resource));
    if (schedule.serialises) {
      const idle = Math.max(this.lastIssue() + this.completion, cells.get(CELL.done));
      if (idle > timeOf(at)) at = idle + CAUSE.serialisation;
    }
    const issue = timeOf(at);
    if (issue > next) this.book(at % TICKS.slot, issue - next);
    return issue;
  }

  /** Issue time of the instruction before: one of the last few is it. */
  private lastIssue(): number {
    let last = 0;
    for (let i = 0; i < HISTORY; i++) last = Math.max(last, this.cells.get(CELL.history + i));
    return last;
  }

  /** Fetching of a line other than the one before. */
  private fetch({ hi, lo, real }: Place): void {
    const { cells, profile } = this;
    const line = real >>> profile.fetch.lineShift;
    if (cells.hi(CELL.line) === line) return;
    cells.setHalves(CELL.line, line, line);
    this.fetchLine({ hi, lo, real });
  }

  /** Fetching of a line that is not the one before. */
  fetchLine({ hi, lo, real }: Place): void {
    const { cells, structures, profile } = this;
    const line = real >>> profile.fetch.lineShift;
    cells.count('fetchedLines');
    let cause: number = CAUSE.instructionCache;
    const translation = this.translated('fetch', hi, lo);
    if (translation > 0) cause = CAUSE.instructionTranslation;
    const set = line & (profile.fetch.sets - 1);
    const isThere = structures.fetch.lookup(set, 0, line);
    if (isThere && translation === 0) return;
    const next = cells.get(CELL.next);
    const from = Math.max(cells.get(CELL.history + slotOf(lo)) + this.runAhead, cells.get(CELL.redirect));
    let ready = from + translation;
    if (!isThere) {
      structures.fetch.insert(set, 0, line);
      cells.count('instructionMisses');
      ready = this.refill(ready, profile.fetch) + ticksOf(profile.fetch.miss);
    }
    if (ready <= next) return;
    this.book(cause, ready - next);
    cells.set(CELL.next, ready);
  }

  /** A line is brought in as soon as the port to memory is free. @returns when that is, `at` or later */
  private refill(at: number, { refill }: CacheTiming): number {
    const { cells } = this;
    const start = Math.max(at, cells.get(CELL.port));
    if (refill > 0) cells.set(CELL.port, start + ticksOf(refill));
    return start;
  }

  /** Ticks of translating an address, where it is on another page than the one before. */
  private translated(use: 'fetch' | 'data', hi: number, lo: number): number {
    const { cells } = this;
    const mode = use === 'fetch' ? cells.hi(CELL.relocation) : cells.lo(CELL.relocation);
    if (mode === RELOCATION.real) return 0;
    const cell = use === 'fetch' ? CELL.fetchPage : CELL.dataPage;
    const pageHi = hi >>> 12;
    const pageLo = (lo >>> 12) | (hi << 20);
    if (cells.hi(cell) === pageHi && cells.lo(cell) === pageLo) return 0;
    cells.setHalves(cell, pageHi, pageLo);
    return this.translation.cost(use, hi, lo);
  }

  /** One load or store of the instruction that was begun. */
  access(access: DataAccess): void {
    this.cells.count(access.store ? 'stores' : 'loads');
    this.look(access);
  }

  /** An access that has been counted. */
  look(access: DataAccess): void {
    const { hi, lo, inhibited } = access;
    const translation = this.translated('data', hi, lo);
    const miss = inhibited ? 0 : this.cached(access, translation);
    this.aligned(access);
    if (miss > 0) this.delay(miss, CAUSE.dataCache);
    if (access.store) this.passed();
    if (translation > 0) this.unresolved(translation);
  }

  /** A store goes through to memory: the next access waits until the port has taken it. */
  private passed(): void {
    const { cells } = this;
    const port = cells.get(CELL.port);
    if (port > timeOf(cells.get(CELL.ready + RESOURCE.STORAGE)) && port > cells.get(CELL.next))
      cells.set(CELL.ready + RESOURCE.STORAGE, port + CAUSE.dataCache);
  }

  /** Ticks of the data cache. @param translation ticks until it is asked */
  private cached({ real, store }: DataAccess, translation: number): number {
    const { structures, cells, profile } = this;
    const { data } = profile;
    const line = real >>> data.lineShift;
    const set = line & (data.sets - 1);
    if (structures.data.lookup(set, 0, line)) return 0;
    cells.count(store ? 'storeMisses' : 'dataMisses');
    if (!store || data.writeAllocates) structures.data.insert(set, 0, line);
    if (store) return 0;
    const asked = cells.get(CELL.history + this.slot) + translation;
    return this.refill(asked, data) - asked + ticksOf(data.miss);
  }

  /**
   * The access may still end in an interrupt: nothing behind it issues until it is known to be translated, and all that
   * it does comes later.
   */
  private unresolved(ticks: number): void {
    const { cells } = this;
    cells.add(CELL.next, ticks);
    this.book(CAUSE.dataTranslation, ticks);
    for (const { resource } of this.current!.writes) cells.add(CELL.ready + resource, ticks);
    cells.add(CELL.ready + RESOURCE.STORAGE, ticks);
    this.completes(cells.get(CELL.history + this.slot) + this.current!.completes + ticks);
  }

  private aligned({ lo, bytes }: DataAccess): void {
    const { core } = this.profile;
    if ((lo & (core.alignment - 1)) + bytes <= core.alignment) return;
    const ticks = ticksOf(core.unaligned);
    this.cells.add(CELL.next, ticks);
    this.book(CAUSE.storageUnit, ticks);
    this.later(ticks, CAUSE.storageUnit);
  }

  /** The access takes longer: what it loads comes later, and the next access waits for it. */
  private delay(ticks: number, cause: number): void {
    const { cells } = this;
    const { interval, latency } = this.current!;
    this.later(ticks, cause);
    const busy = cells.get(CELL.history + this.slot) + Math.max(interval, latency) + ticks;
    const unit = CELL.ready + RESOURCE.STORAGE;
    if (busy > cells.get(unit)) cells.set(unit, busy + cause);
    this.completes(busy);
  }

  private later(ticks: number, cause: number): void {
    const { cells } = this;
    for (const { resource } of this.current!.writes)
      cells.set(CELL.ready + resource, timeOf(cells.get(CELL.ready + resource)) + ticks + cause);
  }

  /** The outcome of the branch that was begun. */
  branched({ hi, lo }: Place, { taken, backward }: BranchOutcome): void {
    const { cells } = this;
    cells.count('branches');
    if (taken) cells.count('takenBranches');
    this.outcome(hi, lo, { taken, backward });
    if (taken && cells.get(CELL.next) >= cells.get(CELL.deadline)) cells.setHalves(CELL.line, -1, -1);
  }

  private outcome(hi: number, lo: number, { taken, backward }: BranchOutcome): void {
    const { cells, structures } = this;
    if (this.current!.branch === 'indirect') {
      if (taken) this.redirect('mispredicted');
      return;
    }
    const known = this.first ? 'unknown' : structures.targets.predict(hi, lo);
    structures.targets.record(hi, lo, { taken });
    const decoded = this.current!.branch === 'always' || backward;
    const expected = known === 'unknown' ? decoded : known === 'taken';
    if (expected !== taken) this.redirect('mispredicted');
    else if (taken && known === 'unknown') this.redirect('decoded');
    else if (taken) cells.set(CELL.redirect, cells.get(CELL.next));
  }

  private redirect(how: 'mispredicted' | 'decoded'): void {
    this.cells.count(how === 'decoded' ? 'decodedBranches' : 'mispredictions');
    const cycles = this.profile.branch[how];
    this.blame(ticksOf(cycles));
    this.refetch(cycles, CAUSE.branches);
  }

  /** Fetching starts anew after a number of cycles. */
  refetch(cycles: number, cause: number): void {
    const { cells } = this;
    this.charge(cycles, cause);
    cells.set(CELL.redirect, cells.get(CELL.next));
  }

  /** Nothing issues for a number of cycles. */
  charge(cycles: number, cause: number): void {
    const ticks = ticksOf(cycles);
    this.cells.add(CELL.next, ticks);
    this.cells.add(CELL.stalls + cause, ticks);
  }

  interrupted(): void {
    this.cells.count('interrupts');
    this.refetch(this.profile.core.interrupt, CAUSE.interrupts);
  }

  /** icbi: the structures are empty; what has been fetched of the current line stays. */
  dropInstructions(): void {
    this.structures.fetch.clear();
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
    this.translation.dropFirst();
    this.structures.targets.clear();
  }

  /** The next access of each kind is looked up. */
  forgetPages(): void {
    const { cells } = this;
    cells.setHalves(CELL.fetchPage, -1, -1);
    cells.setHalves(CELL.dataPage, -1, -1);
    cells.setHalves(CELL.line, -1, -1);
  }
}
