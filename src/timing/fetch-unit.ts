/** Fetching: the instruction cache, and the translation of where instructions are. */
import { CAUSE } from './causes';
import { RELOCATION, slotOf, type Core, type Place } from './core';
import type { MemoryPort } from './memory-port';
import type { PageFilter } from './page-filter';
import { CELL, countCell, HISTORY, ticksOf } from './state';
import { NumberedTable } from './tables';

const PAGE_SHIFT = 12;
const FETCHED_LINES = countCell('fetchedLines');
const MISSES = countCell('instructionMisses');

export class FetchUnit {
  private readonly runAhead: number;
  private readonly share: number;
  /** From the instruction cache until issue. */
  private readonly stages: number;

  constructor(
    private readonly core: Core,
    private readonly port: MemoryPort,
    private readonly pages: PageFilter,
  ) {
    const { runAhead, issueWidth, decode } = core.profile.core;
    this.runAhead = ticksOf(runAhead / issueWidth);
    this.share = ticksOf(1 / issueWidth);
    this.stages = decode ?? 0;
  }

  /** When an instruction could be fetched: fetching is ahead by so many instructions, if nothing changed. */
  earliest({ lo }: Place): number {
    const { cells } = this.core;
    const ahead = cells.get(CELL.history + slotOf(lo));
    return Math.max(ahead, cells.get(CELL.redirect) - this.runAhead, 0);
  }

  /** Fetching of a line other than the one before. */
  fetch(place: Place): void {
    const { cells, profile } = this.core;
    const line = place.real >>> profile.fetch.lineShift;
    if (cells.hi(CELL.line) === line) return;
    cells.setHalves(CELL.line, line, line);
    this.line(place);
  }

  /** Fetching of a line that is not the one before. */
  line({ hi, lo, real }: Place): void {
    const { cells, structures, profile } = this.core;
    const line = real >>> profile.fetch.lineShift;
    cells.increment(FETCHED_LINES);
    let cause: number = CAUSE.instructionCache;
    const from = this.lookedUp(lo);
    const translation = this.pages.ticks('fetch', { hi, lo }, from);
    if (translation > 0) cause = CAUSE.instructionTranslation;
    const set = line & (profile.fetch.sets - 1);
    const isThere = structures.fetch.lookup(set, 0, line);
    const there = isThere ? this.port.instructionsThere(real) : 0;
    const next = cells.get(CELL.next);
    if (isThere && translation === 0 && there <= next) return;
    let ready = Math.max(from + translation, there);
    if (!isThere) {
      this.enter(line, { isUsed: true, isStalled: this.isStalled(lo, ready) });
      cells.increment(MISSES);
      ready = this.port.fetch(real, ready) + ticksOf(profile.fetch.miss);
    }
    ready = this.passed(ready, lo);
    if (ready <= next) return;
    this.core.book(cause, ready - next);
    cells.set(CELL.next, ready);
  }

  /** A line comes in, which an instruction has asked for or nobody will perhaps use. */
  private enter(line: number, { isUsed, isStalled }: { isUsed: boolean; isStalled: boolean }): void {
    const { structures, profile } = this.core;
    const { fetch } = structures;
    const { sets } = profile.fetch;
    const set = line & (sets - 1);
    if (fetch instanceof NumberedTable) {
      const asked = isStalled ? (set - 1) & (sets - 1) : set;
      if (isUsed) fetch.insertLike(set, asked, line);
      else fetch.insertUnusedLike(set, asked, line);
    } else if (isUsed) fetch.insert(set, 0, line);
    else fetch.insertUnused(set, 0, line);
  }

  /**
   * True where an instruction waits to issue when the cache sees that it does not have another one: then the last one
   * that the cache has found stays where it is, in the line before.
   *
   * @param at when the cache looks, as the time at which the instruction could issue
   * @param distance how far it is behind the last instruction that issued
   */
  private isStalled(lo: number, at: number, distance = 1): boolean {
    const { cells, profile } = this.core;
    if (profile.fetch.replacement !== 'handedOn' || distance > this.stages) return false;
    const issued = (before: number): number => cells.get(CELL.history + slotOf(lo - 4 * before));
    const redirect = cells.get(CELL.redirect);
    for (let before = distance; before <= this.stages; before++) if (issued(before) < redirect) return false;
    const looks = Math.max(at, cells.get(CELL.fetchIdle)) - this.stages * this.share;
    return issued(this.stages) > looks;
  }

  /**
   * When an instruction can issue that leaves the cache for the stages of decoding so that it could at `ready`. While one
   * before it waits to issue, no stage lets go of what it has, also if the next one is empty.
   */
  private passed(ready: number, lo: number): number {
    const { cells } = this.core;
    const issued = (before: number): number => cells.get(CELL.history + slotOf(lo - 4 * before));
    const leaves = ready - this.stages * this.share;
    const redirect = cells.get(CELL.redirect);
    // What issued before the stream changed is not in front of it, and nothing waited until then.
    const since = Math.max(leaves, redirect);
    let moves = 0;
    while (moves < this.stages && issued(moves + 1) >= since) moves++;
    if (moves === 0) return ready;
    return Math.max(ready, issued(1) + (this.stages + 1 - moves) * this.share - (since - leaves));
  }

  /**
   * When an instruction is looked up, as the time at which it could issue: one after the other since the last change of
   * the stream, and as far ahead as there is room for it. What issued before that change does not hold fetching up.
   *
   * @param distance how far it is behind the last instruction that issued
   */
  private lookedUp(lo: number, distance = 1): number {
    const { cells } = this.core;
    const issued = (before: number): number => cells.get(CELL.history + slotOf(lo - 4 * before));
    const redirect = cells.get(CELL.redirect);
    let known = 0;
    while (known < HISTORY && issued(distance + known) >= redirect) known++;
    const isKnown = (before: number): boolean => before >= distance && before < distance + known;
    let from = redirect + (known + distance - 1) * this.share;
    if (isKnown(HISTORY)) from = Math.max(from, this.lastPart(lo, HISTORY) + this.runAhead);
    // The second part of the next one is decoded before anything moves.
    if (isKnown(HISTORY - 1) && this.lastPart(lo, HISTORY - 1) > issued(HISTORY - 1))
      from = Math.max(from, this.lastPart(lo, HISTORY - 1) + this.runAhead - this.share);
    return from;
  }

  /** When the second part of an instruction issued that is decoded as two, else when it did. */
  private lastPart(lo: number, before: number): number {
    const { cells } = this.core;
    const slot = slotOf(lo - 4 * before);
    const issued = cells.get(CELL.history + slot);
    const second = issued + this.share;
    return cells.get(CELL.parts + slot) === second ? second : issued;
  }

  /**
   * Fetching goes on behind an instruction that will change its stream: it may bring in the line behind. Nobody has
   * used that line, and nothing is looked up in another page.
   *
   * @param place of an instruction that has issued
   */
  onTheWrongPath(place: Place): void {
    this.goOn(place, this.core.cells.get(CELL.history + slotOf(place.lo)) + this.runAhead);
  }

  /** Fetching asks for the port before an access of an instruction on the line that was fetched last does. */
  aheadOf(lo: number, asks: number): void {
    const line = this.core.cells.hi(CELL.line);
    if (line === -1) return;
    const { lineShift } = this.core.profile.fetch;
    const size = 1 << lineShift;
    this.goOn(
      { hi: 0, lo, real: line * size + (lo & (size - 1)) },
      asks - ticksOf(this.core.profile.fetch.request ?? 0) - 1,
    );
  }

  private goOn({ hi, lo, real }: Place, until: number): void {
    const { cells, profile, structures } = this.core;
    const { lineShift, sets } = profile.fetch;
    const size = 1 << lineShift;
    const more = size - (real & (size - 1));
    if (more > 4 * HISTORY) return;
    const next = { hi, lo: (lo + more) | 0, real: real + more };
    const otherPage = real >>> PAGE_SHIFT !== next.real >>> PAGE_SHIFT;
    if (otherPage && cells.hi(CELL.relocation) !== RELOCATION.real) return;
    const at = Math.max(this.lookedUp(next.lo, more >> 2), cells.get(CELL.fetchIdle));
    if (at > until) return;
    const line = next.real >>> lineShift;
    const set = line & (sets - 1);
    if (structures.fetch.holds(set, 0, line)) return;
    this.enter(line, { isUsed: false, isStalled: this.isStalled(next.lo, at, more >> 2) });
    cells.count('instructionMisses');
    this.port.fetch(next.real, at);
  }
}
