/**
 * The port to memory and who asks for it: refills of both caches, and stores, which go through to memory. One of them has
 * it at a time. Each cache brings in one line at a time, the doubleword that was asked for first.
 *
 * Times are those at which the instruction issues that asks; `request` in the profile says how much later (or, for
 * fetching, earlier) that reaches the port. Stores to the same region follow each other without letting go of the port:
 * a burst. Only the last two bursts are remembered: who asked before the last one began comes before it.
 */
import type { CacheTiming, TimingProfile } from './profile';
import { CELL, TICKS, ticksOf, type Cells } from './state';

/** A cache's part, in ticks. */
interface RefillTicks {
  readonly request: number;
  readonly refill: number;
  readonly busy: number;
  readonly beat: number;
  readonly miss: number;
}

const refillTicks = ({ request = 0, refill, busy = refill, beat = 0, miss }: CacheTiming): RefillTicks => ({
  request: ticksOf(request),
  refill: ticksOf(refill),
  busy: ticksOf(busy),
  beat: ticksOf(beat),
  miss: ticksOf(miss),
});

const DOUBLEWORD_SHIFT = 3;

/** From the start of a refill until all of its line is there. */
export const arrivalTicks = ({ lineShift, miss, beat = 0 }: CacheTiming): number =>
  ticksOf(miss) + ticksOf(beat) * ((1 << (lineShift - DOUBLEWORD_SHIFT)) - 1);

/** Which cells hold the refill that one cache is busy with. */
interface RefillCells {
  readonly idle: number;
  readonly start: number;
  readonly line: number;
}
const DATA_CELLS: RefillCells = { idle: CELL.dataIdle, start: CELL.dataStart, line: CELL.dataLine };
const FETCH_CELLS: RefillCells = { idle: CELL.fetchIdle, start: CELL.fetchStart, line: CELL.fetchLine };

export class MemoryPort {
  private readonly data: RefillTicks;
  private readonly fetching: RefillTicks;
  private readonly store: number;
  private readonly zero: number;
  private readonly region: number;
  /** From when a store has let go of the port until the data cache can begin something else: negative is earlier. */
  private readonly turn: number;

  constructor(
    private readonly profile: TimingProfile,
    private readonly cells: Cells,
  ) {
    const { data, fetch } = profile;
    this.data = refillTicks(data);
    this.fetching = refillTicks(fetch);
    this.store = ticksOf(data.store ?? 0);
    this.zero = ticksOf(data.zero ?? 0);
    this.region = data.storeRegion ?? 12;
    this.turn = this.data.busy - this.data.request - this.data.refill;
  }

  /** A load misses. @returns when its refill starts: `at` or later */
  load(real: number, at: number): number {
    return this.dataRefill(real, this.free(at), this.data.refill);
  }

  /** dcbz writes a line, which the cache then holds. @returns when that starts */
  zeroLine(real: number, at: number): number {
    return this.dataRefill(real, this.free(at), this.zero);
  }

  /** When the data cache has nothing to do: neither a refill nor stores. */
  idle(): number {
    const { cells } = this;
    return Math.max(cells.get(CELL.dataIdle), cells.get(CELL.stored) + this.turn);
  }

  /** When an access asks for the port. */
  asks(at: number): number {
    return Math.max(at, this.idle()) + this.data.request;
  }

  /** When the data cache and the port are free. */
  private free(at: number): number {
    const port = this.cells.get(CELL.port) - this.data.request;
    return Math.max(at, this.idle(), port);
  }

  private dataRefill(real: number, start: number, refill: number): number {
    if (refill === 0) return start;
    this.begin(DATA_CELLS, real, start, this.profile.data.lineShift);
    this.cells.set(CELL.dataIdle, start + this.data.request + refill + this.turn);
    this.cells.set(CELL.port, start + this.data.request + refill);
    if (this.data.beat > 0) this.cells.set(CELL.dataRows, start + arrivalTicks(this.profile.data));
    return start;
  }

  private begin(at: RefillCells, real: number, start: number, lineShift: number): void {
    this.cells.set(at.start, start);
    this.cells.setHalves(at.line, real >>> lineShift, real);
  }

  /** When the doubleword is there, of a line that is perhaps being brought in: 0 where it is not. */
  private arrival(which: RefillCells, ticks: RefillTicks, lineShift: number, real: number): number {
    const { cells } = this;
    if (ticks.beat === 0 || cells.hi(which.line) !== real >>> lineShift) return 0;
    const last = (1 << (lineShift - DOUBLEWORD_SHIFT)) - 1;
    const behind = ((real >>> DOUBLEWORD_SHIFT) - (cells.lo(which.line) >>> DOUBLEWORD_SHIFT)) & last;
    return cells.get(which.start) + ticks.miss + behind * ticks.beat;
  }

  /** When data of a line that the cache holds can be loaded as any hit; 0: now. */
  dataThere(real: number): number {
    return this.arrival(DATA_CELLS, this.data, this.profile.data.lineShift, real);
  }

  /** When instructions of a line that the cache holds are there; 0: now. */
  instructionsThere(real: number): number {
    return this.arrival(FETCH_CELLS, this.fetching, this.profile.fetch.lineShift, real);
  }

  /** A fetch misses. @returns when its refill starts: `at` or later */
  fetch(real: number, at: number): number {
    const { cells, fetching } = this;
    if (fetching.refill === 0) return at;
    const asked = Math.max(at, cells.get(CELL.fetchIdle)) + fetching.request;
    const stored = cells.get(CELL.stored);
    const before = asked < cells.get(CELL.storeFrom);
    const granted = Math.max(asked, cells.get(CELL.port), before ? cells.get(CELL.storeBefore) : stored);
    const end = granted + fetching.refill;
    cells.set(CELL.port, end);
    // The stores that asked later come behind it.
    if (stored > granted) cells.set(CELL.stored, end + this.store);
    const start = granted - fetching.request;
    this.begin(FETCH_CELLS, real, start, this.profile.fetch.lineShift);
    cells.set(CELL.fetchIdle, start + fetching.busy);
    return start;
  }

  /**
   * A store goes through to memory. The first one of a burst goes on its way without the port, what follows waits.
   *
   * @returns when the next access can issue; 0: nothing waits
   */
  write(real: number, at: number): number {
    const { cells, store, data } = this;
    if (store === 0) return data.refill > 0 || this.fetching.refill > 0 ? cells.get(CELL.port) : 0;
    const stored = cells.get(CELL.stored);
    const start = Math.max(at, cells.get(CELL.dataIdle));
    const region = (real >>> this.region) | 0;
    if (stored + this.turn > start && cells.lo(CELL.storeRegion) === region) {
      const granted = Math.max(start + data.request, stored - store + TICKS.cycle);
      cells.set(CELL.stored, granted + store);
      return granted > at + data.request ? granted - data.request + TICKS.cycle : 0;
    }
    const begun = Math.max(start, stored + this.turn);
    this.burst(begun, region);
    return begun > at ? begun + TICKS.cycle : 0;
  }

  /** A store that waits for the port. @returns when it has it */
  writeNow(real: number, at: number): number {
    if (this.store === 0) return Math.max(at, this.write(real, at));
    const start = Math.max(at, this.cells.get(CELL.dataIdle), this.cells.get(CELL.stored) + this.turn);
    return this.burst(start, (real >>> this.region) | 0) - this.data.request;
  }

  private burst(start: number, region: number): number {
    const { cells } = this;
    const granted = Math.max(start + this.data.request, cells.get(CELL.port));
    cells.set(CELL.storeBefore, cells.get(CELL.stored));
    cells.set(CELL.storeFrom, start + this.data.request);
    cells.set(CELL.stored, granted + this.store);
    cells.setHalves(CELL.storeRegion, 0, region);
    return granted;
  }
}
