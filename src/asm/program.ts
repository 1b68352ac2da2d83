/**
 * The program that is being assembled: location counter, symbols, and what will be written where. Everything has its
 * address when it is read; values are known at the end, so that forward references need no second reading.
 */
import { SourceProblem, type Diagnostic, type Location } from './errors';
import { evaluate, type Expression, type Names } from './expression';

export type ByteOrder = 'big' | 'little';

type Symbol =
  | { readonly kind: 'label'; readonly value: bigint; readonly location: Location }
  | { readonly kind: 'assigned'; readonly value: Expression };

/** Writes bytes of the output. */
export interface Writer {
  /** The low `size` bytes of a value, in the program's byte order. */
  value(size: number, value: bigint): void;
  bytes(bytes: ArrayLike<number>): void;
}

interface Piece {
  readonly offset: number;
  readonly size: number;
  readonly location: Location;
  readonly write: (out: Writer) => void;
}

/** An address that a source line made. */
export interface LineEntry {
  readonly address: bigint;
  readonly file: string;
  readonly line: number;
}

/** Symbols that are defined by one another: evaluation recurses. */
const MAX_CHAIN = 500;

const localName = (number: string, instance: number): string => `${number}:${instance}`;

/** `1:3` is the third label `1:`. */
const shownName = (name: string): string => (/^\d+:\d+$/.test(name) ? `${name.split(':')[0]}f` : name);

export class Program implements Names {
  private offset = 0;
  private readonly pieces: Piece[] = [];
  private readonly symbols = new Map<string, Symbol>();
  private readonly localCounts = new Map<string, number>();
  /** Labels at the present address that nothing follows yet. */
  private labelsHere: string[] = [];
  private readonly evaluating = new Set<string>();

  constructor(
    readonly origin: bigint,
    private readonly maxSize: number,
    readonly byteOrder: ByteOrder,
  ) {}

  get here(): bigint {
    return BigInt.asIntN(64, this.origin + BigInt(this.offset));
  }

  /** Something of a known size that {@link finish} will write at the present address. */
  add(size: number, location: Location, write: (out: Writer) => void): void {
    if (this.offset + size > this.maxSize)
      throw new SourceProblem(`the program grows beyond ${this.maxSize} bytes`);
    if (size > 0) this.labelsHere = [];
    this.pieces.push({ offset: this.offset, size, location, write });
    this.offset += size;
  }

  /** Moves the labels that stand directly here behind `size` bytes that are then written. */
  padBeforeLabels(size: number, location: Location, write: (out: Writer) => void): void {
    const labels = this.labelsHere;
    this.add(size, location, write);
    for (const name of labels) {
      const symbol = this.symbols.get(name) as Extract<Symbol, { kind: 'label' }>;
      this.symbols.set(name, { ...symbol, value: this.here });
    }
    this.labelsHere = labels;
  }

  defineLabel(name: string, location: Location): void {
    const known = this.symbols.get(name);
    if (known?.kind === 'label')
      throw new SourceProblem(`label ${name} is already at ${known.location.file}:${known.location.line}`);
    if (known) throw new SourceProblem(`${name} already has a value that was assigned`);
    this.symbols.set(name, { kind: 'label', value: this.here, location });
    this.labelsHere.push(name);
  }

  defineLocalLabel(number: string, location: Location): void {
    const instance = (this.localCounts.get(number) ?? 0) + 1;
    this.localCounts.set(number, instance);
    this.defineLabel(localName(number, instance), location);
  }

  assign(name: string, value: Expression): void {
    if (this.symbols.get(name)?.kind === 'label') throw new SourceProblem(`${name} is already a label`);
    this.symbols.set(name, { kind: 'assigned', value });
  }

  isDefined(name: string): boolean {
    return this.symbols.has(name);
  }

  assigned(name: string): Expression | undefined {
    const symbol = this.symbols.get(name);
    return symbol?.kind === 'assigned' ? symbol.value : undefined;
  }

  local(reference: string): string | undefined {
    const number = String(Number(reference.slice(0, -1)));
    const count = this.localCounts.get(number) ?? 0;
    if (reference.endsWith('f')) return localName(number, count + 1);
    return count === 0 ? undefined : localName(number, count);
  }

  /** The value of a symbol as it is known now. */
  lookup = (name: string, column: number): bigint => {
    const symbol = this.symbols.get(name);
    if (!symbol) throw new SourceProblem(`${shownName(name)} is not defined`, column);
    if (symbol.kind === 'label') return symbol.value;
    if (this.evaluating.has(name)) throw new SourceProblem(`${name} is defined by itself`, column);
    if (this.evaluating.size >= MAX_CHAIN)
      throw new SourceProblem(
        `${name} is defined by more than ${MAX_CHAIN} symbols one after the other`,
        column,
      );
    this.evaluating.add(name);
    try {
      return evaluate(symbol.value, this.lookup);
    } finally {
      this.evaluating.delete(name);
    }
  };

  /** The value of an expression that must be known now. */
  valueNow(expression: Expression): bigint {
    return evaluate(expression, this.lookup);
  }

  /** Writes everything; what cannot be written is reported. */
  finish(report: (diagnostic: Diagnostic) => void): Uint8Array {
    const bytes = new Uint8Array(this.offset);
    for (const { offset, location, write } of this.pieces) {
      let at = offset;
      const put = (from: ArrayLike<number>): void => {
        bytes.set(from, at);
        at += from.length;
      };
      const little = this.byteOrder === 'little';
      const value = (size: number, number: bigint): void => {
        const octets = Array.from({ length: size }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
        put(little ? octets : octets.reverse());
      };
      collecting(location, report, () => write({ value, bytes: put }));
    }
    return bytes;
  }

  /** Every label and assigned symbol with its value, unsigned 64 bits; numeric labels are left out. */
  values(): Map<string, bigint> {
    const out = new Map<string, bigint>();
    for (const name of this.symbols.keys()) {
      if (name.includes(':')) continue;
      try {
        out.set(name, BigInt.asUintN(64, this.lookup(name, 1)));
      } catch (error) {
        // A symbol that nothing uses may stand for one that does not exist.
        if (!(error instanceof SourceProblem)) throw error;
      }
    }
    return out;
  }

  /** What each address was made from, in order of addresses. */
  lines(): LineEntry[] {
    return this.pieces
      .filter(({ size }) => size > 0)
      .map(({ offset, location: { file, line } }) => ({
        address: BigInt.asUintN(64, this.origin + BigInt(offset)),
        file,
        line,
      }));
  }
}

/** Runs something for a statement; its problems become diagnostics at the statement's place. */
export function collecting(
  location: Location,
  report: (diagnostic: Diagnostic) => void,
  run: () => void,
): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
    report({ ...location, column: error.column ?? location.column, message: error.message });
  }
}
