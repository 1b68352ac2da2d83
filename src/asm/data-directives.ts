/** Directives that put bytes: data, strings, fills and alignment. */
import { hex0x } from '../core/u64';
import type { Directive, DirectiveUse } from './directive';
import { SourceProblem } from './errors';
import { evaluate, ExpressionParser, partOf, unexpected, type Expression } from './expression';

/** Sizes of the data directives, in bytes. */
const DATA_SIZES: Readonly<Record<string, number>> = {
  '.byte': 1, '.short': 2, '.hword': 2, '.2byte': 2, '.word': 2, '.long': 4, '.int': 4, '.4byte': 4,
  '.quad': 8, '.llong': 8, '.8byte': 8,
}; // prettier-ignore

const expression = ({ reader, program }: DirectiveUse): Expression =>
  new ExpressionParser(reader, program).parse();

/** `expr` or `expr@l`, with the function that gives its value at the end. */
function datum(use: DirectiveUse): () => bigint {
  const { reader, program } = use;
  const { column } = reader.peek();
  const parsed = expression(use);
  const modifier = reader.peek().kind === 'modifier' ? reader.take() : undefined;
  if (modifier && partOf(modifier.text, 0n, { signed: false }) === undefined)
    throw new SourceProblem(`unknown modifier @${modifier.text}`, modifier.column);
  return () => {
    const value = located(column, () => evaluate(parsed, program.lookup));
    return modifier ? partOf(modifier.text, value, { signed: false })! : value;
  };
}

/** Runs something whose problems belong to a column if they have none. */
function located<T>(column: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof SourceProblem && error.column === undefined)
      throw new SourceProblem(error.message, column);
    throw error;
  }
}

function checkFits(size: number, value: bigint, column: number): bigint {
  const bits = BigInt(8 * size);
  if (size < 8 && (value >= 1n << bits || value < -(1n << (bits - 1n))))
    throw new SourceProblem(`expected a value of ${size * 8} bits, found ${hex0x(value)}`, column);
  return value;
}

const data =
  (size: number): Directive =>
  (use) => {
    const { reader, program, location } = use;
    if (reader.atEnd) return;
    do {
      // Value by value: `.` is the address of each.
      const { column } = reader.peek();
      const value = datum(use);
      program.add(size, location, (out) => out.value(size, checkFits(size, value(), column)));
    } while (reader.accept(','));
    reader.expectEnd();
  };

const text =
  (terminator: readonly number[]): Directive =>
  ({ reader, program, location }) => {
    do {
      const token = reader.take();
      if (token.kind !== 'string') throw unexpected(token, 'a string in quotation marks');
      const bytes = [...[...token.text].map((c) => c.charCodeAt(0)), ...terminator];
      program.add(bytes.length, location, (out) => out.bytes(bytes));
    } while (reader.accept(','));
    reader.expectEnd();
  };

/** A size that must be known now. */
function sizeNow(use: DirectiveUse, what: string): number {
  const { column } = use.reader.peek();
  const value = located(column, () => use.program.valueNow(expression(use)));
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new SourceProblem(`expected ${what} of 0 or more, found ${value}`, column);
  return Number(value);
}

/** The operand after a comma, or undefined; an empty one counts as left out. */
function optional<T>({ reader }: DirectiveUse, parse: () => T): T | undefined {
  if (!reader.accept(',')) return undefined;
  const next = reader.peek();
  return next.kind === 'end' || (next.kind === 'operator' && next.text === ',') ? undefined : parse();
}

function fillBytes(use: DirectiveUse, size: number, value: number): void {
  use.program.add(size, use.location, (out) => out.bytes(new Uint8Array(size).fill(value)));
}

const space: Directive = (use) => {
  const size = sizeNow(use, 'a number of bytes');
  const value = optional(use, () => datum(use)) ?? (() => 0n);
  use.reader.expectEnd();
  use.program.add(size, use.location, (out) =>
    out.bytes(new Uint8Array(size).fill(Number(BigInt.asUintN(8, value())))),
  );
};

/** The largest unit of .fill; its value has 4 bytes at most, as GNU as has it. */
const FILL_UNIT = 8;
const FILL_VALUE_BITS = 32;

const fill: Directive = (use) => {
  const count = sizeNow(use, 'a count');
  const size = optional(use, () => sizeNow(use, 'a size')) ?? 1;
  const value = optional(use, () => datum(use)) ?? (() => 0n);
  use.reader.expectEnd();
  if (size > FILL_UNIT) throw new SourceProblem(`expected a size of 0 to ${FILL_UNIT}, found ${size}`);
  if (size === 0) return;
  use.program.add(count * size, use.location, (out) => {
    const unit = BigInt.asUintN(FILL_VALUE_BITS, value());
    for (let i = 0; i < count; i++) out.value(size, unit);
  });
};

/** Skips to an address: forwards only. */
export function skipTo(use: DirectiveUse, address: bigint, value: number): void {
  const distance = address - use.program.here;
  if (distance < 0n)
    throw new SourceProblem(
      `cannot go back from ${hex0x(use.program.here)} to ${hex0x(address)}: an address only grows`,
    );
  if (distance > BigInt(Number.MAX_SAFE_INTEGER)) throw new SourceProblem(`${hex0x(address)} is too far`);
  fillBytes(use, Number(distance), value);
}

const org: Directive = (use) => {
  const { column } = use.reader.peek();
  const address = located(column, () => use.program.valueNow(expression(use)));
  const value = optional(use, () => sizeNow(use, 'a fill value')) ?? 0;
  use.reader.expectEnd();
  located(column, () => skipTo(use, address, value));
};

const MAX_ALIGNMENT_POWER = 30;
const WORD_BYTES = 4;
const NOP = 0x60000000n;

/** GNU as jumps over more nops than these. */
const FEW_NOPS = 4;
/** As far as a branch reaches, in words. */
const BRANCH_REACH = 2 ** 23;
const BRANCH = 0x48000000n;

/** Zeros to a word boundary, then nops, behind a branch over them if they are many: what stands in code is executable. */
function fillWithNops({ program, location }: DirectiveUse, size: number): void {
  const head = size % WORD_BYTES;
  const words = (size - head) / WORD_BYTES;
  const jumps = words > FEW_NOPS && words < BRANCH_REACH;
  program.add(size, location, (out) => {
    out.bytes(new Uint8Array(head));
    for (let i = 0; i < words; i++)
      out.value(WORD_BYTES, i === 0 && jumps ? BRANCH + BigInt(words * WORD_BYTES) : NOP);
  });
}

const align =
  (unit: 'bytes' | 'power'): Directive =>
  (use) => {
    const { reader, program } = use;
    const { column } = reader.peek();
    const wanted = reader.atEnd ? 0 : sizeNow(use, 'an alignment');
    const value = optional(use, () => sizeNow(use, 'a fill value'));
    const most = optional(use, () => sizeNow(use, 'a limit'));
    reader.expectEnd();
    if (unit === 'power' && wanted > MAX_ALIGNMENT_POWER)
      throw new SourceProblem(`expected a power of 0 to ${MAX_ALIGNMENT_POWER}, found ${wanted}`, column);
    const alignment = unit === 'power' ? 2 ** wanted : Math.max(wanted, 1);
    if (!Number.isInteger(Math.log2(alignment)))
      throw new SourceProblem(`expected an alignment that is a power of 2, found ${wanted}`, column);
    const here = BigInt.asUintN(64, program.here);
    const size = Number(BigInt.asUintN(64, -here) % BigInt(alignment));
    if (size === 0 || (most !== undefined && most > 0 && size > most)) return;
    if (value === undefined && use.inCode) fillWithNops(use, size);
    else fillBytes(use, size, (value ?? 0) & 0xff);
  };

export const DATA_DIRECTIVES: Readonly<Record<string, Directive>> = {
  ...Object.fromEntries(Object.entries(DATA_SIZES).map(([name, size]) => [name, data(size)])),
  '.ascii': text([]),
  '.asciz': text([0]),
  '.string': text([0]),
  '.space': space,
  '.skip': space,
  '.zero': space,
  '.fill': fill,
  '.org': org,
  '.align': align('power'),
  '.p2align': align('power'),
  '.balign': align('bytes'),
};
