/**
 * Names for addresses: what a trace prints as `memcpy+0x24`. Names are decoded when they are asked for, so that a
 * hostile string table costs nothing.
 */

/** A symbol as a reader of images finds it. */
export interface SymbolEntry {
  /** Effective address. */
  readonly address: bigint;
  /** Bytes that the name covers; 0 for the address alone. */
  readonly extent: bigint;
  /** Which of several names of one address is shown: the highest. */
  readonly rank: number;
  /** What `nameOf` turns into the name. */
  readonly key: number;
}

/** The symbol that covers an address. */
export interface SymbolHit {
  readonly name: string;
  /** Distance from the symbol's address. */
  readonly offset: bigint;
}

/** Symbols in order of address. */
export class SymbolTable {
  static readonly EMPTY = new SymbolTable([], () => '');

  /** One entry per address: the one of the highest rank. */
  private readonly entries: readonly SymbolEntry[];

  constructor(
    private readonly all: readonly SymbolEntry[],
    private readonly nameOf: (key: number) => string,
  ) {
    const sorted = [...all].sort((a, b) =>
      a.address === b.address ? b.rank - a.rank : a.address < b.address ? -1 : 1,
    );
    this.entries = sorted.filter((entry, i) => entry.address !== sorted[i - 1]?.address);
  }

  /** A table from names, addresses and sizes in bytes (the labels of an assembly source, a map file). */
  static of(list: readonly { name: string; address: bigint; size: bigint }[]): SymbolTable {
    const entries = list.map(({ address, size }, key) => ({ address, extent: size, rank: 0, key }));
    return new SymbolTable(entries, (key) => list[key]!.name);
  }

  /** Number of addresses with a name. */
  get length(): number {
    return this.entries.length;
  }

  /** The nearest symbol at or below `address`, if it covers the address. */
  symbolAt(address: bigint): SymbolHit | undefined {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries[low - 1];
    if (!entry) return undefined;
    const offset = address - entry.address;
    return offset === 0n || offset < entry.extent ? { name: this.nameOf(entry.key), offset } : undefined;
  }

  /** The address of the symbol with this name, if there is one: a linear search. */
  addressOf(name: string): bigint | undefined {
    return this.all.find(({ key }) => this.nameOf(key) === name)?.address;
  }

  /** `name+0x24`, `name` at its first byte, or undefined. */
  format(address: bigint): string | undefined {
    const hit = this.symbolAt(address);
    if (!hit) return undefined;
    return hit.offset === 0n ? hit.name : `${hit.name}+0x${hit.offset.toString(16)}`;
  }
}
