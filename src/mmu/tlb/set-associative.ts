/** A set-associative store of entries made of 32-bit words, with least-recently-used replacement: deterministic. */
import type { Json, StateReader } from '../../core/saved-state';
import type { CacheGeometry } from './geometry';

const INVALID = 0;

export class SetAssociative {
  readonly entries: number;
  /** Words of the entry that {@link find} or {@link place} chose last. */
  readonly words: Int32Array;
  /** First word of it. */
  at = 0;
  /** While true, looking does not count as use. */
  frozen = false;
  private readonly used: Float64Array;
  private clock = INVALID;

  /** @param keyWords words at the start of an entry that must be equal; @param dataWords words that follow */
  constructor(
    readonly geometry: CacheGeometry,
    private readonly keyWords: number,
    private readonly dataWords: number,
  ) {
    this.entries = geometry.sets * geometry.ways;
    this.words = new Int32Array(this.entries * this.entryWords);
    this.used = new Float64Array(this.entries);
  }

  get entryWords(): number {
    return this.keyWords + this.dataWords;
  }

  /** The entry of this key in the set; `at` is then its first word. It becomes the most recently used. */
  find(set: number, key: Int32Array): boolean {
    const { ways } = this.geometry;
    for (let way = 0; way < ways; way++) {
      const entry = set * ways + way;
      if (this.used[entry] === INVALID || !this.matches(entry, key)) continue;
      if (!this.frozen) this.used[entry] = ++this.clock;
      this.at = entry * this.entryWords;
      return true;
    }
    return false;
  }

  /**
   * Makes room for a key in the set and writes it: its own entry, an invalid one, or the least recently used.
   * @returns true where a valid entry of another key had to go
   */
  place(set: number, key: Int32Array): boolean {
    if (this.find(set, key)) return false;
    const { ways } = this.geometry;
    let entry = set * ways;
    for (let way = 1; way < ways; way++)
      if (this.used[set * ways + way]! < this.used[entry]!) entry = set * ways + way;
    const evicts = this.used[entry] !== INVALID;
    this.used[entry] = ++this.clock;
    this.at = entry * this.entryWords;
    this.words.set(key, this.at);
    return evicts;
  }

  /** Invalidates every entry that the predicate accepts (given its first word and its set); how many there were. */
  drop(accepts: (at: number, set: number) => boolean): number {
    let dropped = 0;
    for (let entry = 0; entry < this.entries; entry++) {
      if (this.used[entry] === INVALID) continue;
      if (!accepts(entry * this.entryWords, Math.floor(entry / this.geometry.ways))) continue;
      this.used[entry] = INVALID;
      dropped++;
    }
    return dropped;
  }

  /** The valid entries: number, when it was used last, its words. */
  save(): Json {
    const { entryWords, words, used } = this;
    const entries: number[][] = [];
    for (let entry = 0; entry < this.entries; entry++)
      if (used[entry] !== INVALID)
        entries.push([entry, used[entry]!, ...words.subarray(entry * entryWords, (entry + 1) * entryWords)]);
    return { clock: this.clock, entries };
  }

  /**
   * Takes over what {@link save} gave; nothing else is valid then.
   * @param isPossible whether an entry can be believed, given its first word; its words are in `words` already
   * @throws UserError where it is not that
   */
  restore(reader: StateReader, isPossible: (at: number) => boolean): void {
    this.clear();
    this.clock = reader.integer('clock', 0, Number.MAX_SAFE_INTEGER);
    for (const [entry, used, ...words] of reader.tuples('entries', 2 + this.entryWords, this.entries)) {
      const isNew = Number.isInteger(entry) && this.used[entry!] === INVALID;
      if (!isNew || used! <= INVALID || used! > this.clock || words.some((word) => word !== (word | 0)))
        reader.fail('entries', `each of ${this.entries} entries at most once, with words of 32 bits`);
      const at = entry! * this.entryWords;
      this.words.set(words, at);
      this.used[entry!] = used!;
      if (!isPossible(at)) reader.fail('entries', `an entry ${entry} that a walk could have left`);
    }
    reader.done();
  }

  /** Invalidates everything. */
  clear(): void {
    this.used.fill(INVALID);
    this.words.fill(0);
    this.clock = INVALID;
  }

  /** Way of the entry that was chosen last. */
  get way(): number {
    return (this.at / this.entryWords) % this.geometry.ways;
  }

  private matches(entry: number, key: Int32Array): boolean {
    const at = entry * this.entryWords;
    for (let i = 0; i < this.keyWords; i++) if (this.words[at + i] !== key[i]) return false;
    return true;
  }
}
