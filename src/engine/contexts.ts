/**
 * Context numbers: what the tags of the translation caches carry beside the page, so that a switch of partition,
 * process, privilege or relocation needs no flush. A context is everything but the address that a translation
 * depends on. Dropping all translations of a context is giving it a new number.
 */

/** Tags have 12 bits for the number (the page offset's place); all ones is the tag of an empty entry. */
const NUMBERS = 0xfff;

/** What a context translates for: its translations come from these two or, in quadrants 1-3, from LPID or PID 0. */
export interface Context {
  readonly lpid: number;
  readonly pid: number;
}

/** Bits of a mode: MSR and engine modes that select a context within a regime. */
export const MODE_BITS = 8;

/** All contexts of one key. It holds until it is dropped: who keeps one looks at `live`. */
export interface Regime extends Context {
  /** Context number by mode, 0 where none has been given. */
  numbers: Uint16Array;
  live: boolean;
}

/** Arrays that are kept for regimes to come: a kernel that changes its tables drops and makes one each time. */
const SPARE = 16;
const NO_NUMBERS = new Uint16Array(0);

export class Contexts {
  private readonly regimes = new Map<string, Regime>();
  private readonly spare: Uint16Array[] = [];
  private next = 1;

  /** Counts the times when numbers ran out or all contexts were dropped. */
  generation = 0;

  /**
   * @param onExhausted empties every tag of every cache: numbers start again
   * @param onEnd is told of contexts that have been dropped: their numbers are nobody's
   */
  constructor(
    private readonly onExhausted: () => void,
    private readonly onEnd: () => void = () => undefined,
  ) {}

  /**
   * The number of a context, 1..4094.
   * @param key everything beyond the mode that translations depend on, as text
   * @param mode 0..2^MODE_BITS-1
   */
  number(key: string, context: Context, mode: number): number {
    return this.numberIn(this.regime(key, context), mode) || this.number(key, context, mode);
  }

  /** The contexts of a key: everything beyond the mode that translations depend on, as text. */
  regime(key: string, context: Context): Regime {
    let regime = this.regimes.get(key);
    if (!regime) {
      const { lpid, pid } = context;
      regime = { lpid, pid, numbers: this.spare.pop() ?? new Uint16Array(1 << MODE_BITS), live: true };
      this.regimes.set(key, regime);
    }
    return regime;
  }

  /** The number of a context, or 0: numbers have run out, and all contexts were dropped. @param regime live */
  numberIn(regime: Regime, mode: number): number {
    return regime.numbers[mode]! || this.allocate(regime, mode);
  }

  private allocate(regime: Regime, mode: number): number {
    if (this.next >= NUMBERS) {
      this.dropAll();
      return 0;
    }
    regime.numbers[mode] = this.next;
    return this.next++;
  }

  /** Regimes that are known: bounded, because numbers are. */
  get size(): number {
    return this.regimes.size;
  }

  /** Drops the translations of every context that `matches`; returns whether there was one. */
  drop(matches: (context: Context) => boolean): boolean {
    let dropped = false;
    for (const [key, regime] of this.regimes) {
      if (!matches(regime)) continue;
      this.regimes.delete(key);
      this.end(regime);
      dropped = true;
    }
    return dropped;
  }

  private end(regime: Regime): void {
    regime.live = false;
    if (this.spare.length < SPARE) this.spare.push(regime.numbers.fill(0));
    regime.numbers = NO_NUMBERS;
    this.onEnd();
  }

  /** Drops the contexts of one key, which will not come again. */
  forget(key: string): void {
    const regime = this.regimes.get(key);
    if (!regime) return;
    this.end(regime);
    this.regimes.delete(key);
  }

  /** Drops all contexts and starts numbering again with empty caches. */
  dropAll(): void {
    for (const regime of this.regimes.values()) this.end(regime);
    this.regimes.clear();
    this.next = 1;
    this.generation++;
    this.onExhausted();
  }
}
