/**
 * Texts for sets of register values. Making a text costs more than a switch of processes should, so those made last are
 * kept and found by a hash of the values.
 */

/** Texts kept; a power of two. */
const KEPT = 256;

export class RegisterKeys {
  private readonly values: Int32Array;
  private readonly keys: string[] = Array<string>(KEPT).fill('');

  /** @param words values in a set */
  constructor(private readonly words: number) {
    this.values = new Int32Array(KEPT * words);
  }

  /** The text of these values: the same for the same values, another for others. */
  keyOf(values: Int32Array): string {
    const { words } = this;
    const slot = hash(values) & (KEPT - 1);
    const at = slot * words;
    if (this.keys[slot] !== '' && this.matches(at, values)) return this.keys[slot]!;
    this.values.set(values, at);
    return (this.keys[slot] = values.join());
  }

  private matches(at: number, values: Int32Array): boolean {
    for (let i = 0; i < this.words; i++) if (this.values[at + i] !== values[i]) return false;
    return true;
  }
}

/** FNV-1a by words, its upper bits folded down. */
function hash(values: Int32Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < values.length; i++) h = Math.imul(h ^ values[i]!, 0x01000193);
  return h ^ (h >>> 15);
}
