/**
 * Flattened device trees (Devicetree Specification v0.4, chapter 5): built from a tree of nodes and parsed back. The
 * parser trusts nothing: a tree that a user gives is input from outside.
 */
import { UserError } from '../core/errors';

const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
const RESERVATION_BYTES = 16;
const TOKEN = { BEGIN_NODE: 1, END_NODE: 2, PROP: 3, NOP: 4, END: 9 } as const;
/** Nodes deeper than this are no device tree that anybody makes. */
const MAX_DEPTH = 64;
const CELL = 4;

/** Memory that the guest must leave alone. */
export interface Reservation {
  readonly address: bigint;
  readonly size: bigint;
}

/** A node: name without its path (`cpu@0`), properties as bytes, children in order. */
export interface FdtNode {
  readonly name: string;
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly FdtNode[];
}

export interface Fdt {
  readonly root: FdtNode;
  readonly reservations: readonly Reservation[];
  /** Number of the CPU that boots. */
  readonly bootCpu: number;
}

/** A property as the author of a tree writes it: text, 32-bit cells, bytes, texts; `true` for one without a value. */
export type PropertyValue = string | readonly string[] | readonly number[] | Uint8Array | true;

const encoder = new TextEncoder();
const isTexts = (value: readonly unknown[]): value is readonly string[] => typeof value[0] === 'string';

function encode(value: PropertyValue): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return encoder.encode(`${value}\0`);
  if (isTexts(value)) return encoder.encode(value.map((text) => `${text}\0`).join(''));
  const bytes = new Uint8Array(value.length * CELL);
  const view = new DataView(bytes.buffer);
  value.forEach((cell, i) => view.setUint32(i * CELL, cell));
  return bytes;
}

/** A node of a tree that is being made. Properties whose value is undefined are left out. */
export function node(
  name: string,
  properties: Readonly<Record<string, PropertyValue | undefined>>,
  children: readonly FdtNode[] = [],
): FdtNode {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return { name, properties: new Map(entries.map(([key, value]) => [key, encode(value!)])), children };
}

/** An address or size as two cells. */
export const cells64 = (value: bigint | number): [number, number] => {
  const wide = BigInt(value);
  return [Number(wide >> 32n), Number(wide & 0xffffffffn)];
};

/** Bytes that grow, big-endian and aligned as the format has them. */
class Writer {
  private bytes = new Uint8Array(4096);
  length = 0;

  u32(value: number): void {
    this.reserve(CELL);
    new DataView(this.bytes.buffer).setUint32(this.length, value);
    this.length += CELL;
  }

  u64(value: bigint): void {
    for (const cell of cells64(value)) this.u32(cell);
  }

  raw(data: Uint8Array): void {
    this.reserve(data.length);
    this.bytes.set(data, this.length);
    this.length += data.length;
  }

  text(text: string): void {
    this.raw(encoder.encode(`${text}\0`));
  }

  align(to: number): void {
    this.raw(new Uint8Array((to - (this.length % to)) % to));
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** Property names, each once. */
class Strings {
  readonly writer = new Writer();
  private readonly offsets = new Map<string, number>();

  offsetOf(name: string): number {
    let offset = this.offsets.get(name);
    if (offset === undefined) {
      offset = this.writer.length;
      this.offsets.set(name, offset);
      this.writer.text(name);
    }
    return offset;
  }
}

function writeNode(out: Writer, strings: Strings, { name, properties, children }: FdtNode): void {
  out.u32(TOKEN.BEGIN_NODE);
  out.text(name);
  out.align(CELL);
  for (const [key, value] of properties) {
    out.u32(TOKEN.PROP);
    out.u32(value.length);
    out.u32(strings.offsetOf(key));
    out.raw(value);
    out.align(CELL);
  }
  for (const child of children) writeNode(out, strings, child);
  out.u32(TOKEN.END_NODE);
}

/** The tree as a blob: header, reservations, structure, strings. */
export function buildFdt({ root, reservations, bootCpu }: Fdt): Uint8Array {
  const structure = new Writer();
  const strings = new Strings();
  writeNode(structure, strings, root);
  structure.u32(TOKEN.END);
  const reserveAt = HEADER_BYTES;
  const structureAt = reserveAt + (reservations.length + 1) * RESERVATION_BYTES;
  const stringsAt = structureAt + structure.length;
  const out = new Writer();
  const total = stringsAt + strings.writer.length;
  for (const word of [MAGIC, total, structureAt, stringsAt, reserveAt, VERSION, LAST_COMPATIBLE_VERSION])
    out.u32(word);
  for (const word of [bootCpu, strings.writer.length, structure.length]) out.u32(word);
  for (const { address, size } of [...reservations, { address: 0n, size: 0n }]) {
    out.u64(address);
    out.u64(size);
  }
  out.raw(structure.finish());
  out.raw(strings.writer.finish());
  return out.finish();
}

/** Reads one blob. */
class Parser {
  private readonly view: DataView;
  private structureEnd = 0;
  private stringsAt = 0;
  private stringsEnd = 0;
  private at = 0;

  constructor(
    private readonly name: string,
    private readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  parse(): Fdt {
    if (this.bytes.length < HEADER_BYTES || this.view.getUint32(0) !== MAGIC)
      this.fail(0, `a device tree blob (magic 0x${MAGIC.toString(16)})`, 'something else');
    const header = (index: number): number => this.view.getUint32(index * CELL);
    const total = header(1);
    const version = header(5);
    if (total > this.bytes.length) this.fail(CELL, `at most ${this.bytes.length} bytes`, total);
    if (version < VERSION || header(6) > VERSION) this.fail(5 * CELL, `version ${VERSION}`, version);
    this.stringsAt = header(3);
    this.stringsEnd = this.inside(3, this.stringsAt + header(8), total);
    this.at = header(2);
    this.structureEnd = this.inside(2, this.at + header(9), total);
    const reservations = this.reservations(header(4), total);
    if (this.token() !== TOKEN.BEGIN_NODE) this.fail(this.at - CELL, 'the root node', 'another token');
    return { root: this.node(0), reservations, bootCpu: header(7) };
  }

  private inside(index: number, end: number, total: number): number {
    if (end > total) this.fail(index * CELL, `an end within ${total} bytes`, end);
    return end;
  }

  private reservations(from: number, total: number): Reservation[] {
    const out: Reservation[] = [];
    for (let at = from; at + RESERVATION_BYTES <= total; at += RESERVATION_BYTES) {
      const entry = { address: this.view.getBigUint64(at), size: this.view.getBigUint64(at + 8) };
      if (entry.address === 0n && entry.size === 0n) return out;
      out.push(entry);
    }
    return this.fail(4 * CELL, 'a memory reservation map with an end', 'none');
  }

  /** The next token that means something. */
  private token(): number {
    for (;;) {
      const token = this.word();
      if (token !== TOKEN.NOP) return token;
    }
  }

  private word(): number {
    if (this.at + CELL > this.structureEnd) this.fail(this.at, 'another token', 'the end of the structure');
    this.at += CELL;
    return this.view.getUint32(this.at - CELL);
  }

  /** A node whose BEGIN_NODE was read. */
  private node(depth: number): FdtNode {
    if (depth > MAX_DEPTH) this.fail(this.at, `at most ${MAX_DEPTH} levels of nodes`, 'more');
    const name = this.text(this.at, this.structureEnd);
    this.at += Math.ceil((name.length + 1) / CELL) * CELL;
    const properties = new Map<string, Uint8Array>();
    const children: FdtNode[] = [];
    for (;;) {
      const token = this.token();
      if (token === TOKEN.END_NODE) return { name, properties, children };
      if (token === TOKEN.BEGIN_NODE) children.push(this.node(depth + 1));
      else if (token === TOKEN.PROP) this.property(properties);
      else this.fail(this.at - CELL, 'a node, a property or the end of the node', `token ${token}`);
    }
  }

  private property(properties: Map<string, Uint8Array>): void {
    const length = this.word();
    const nameAt = this.stringsAt + this.word();
    const end = this.at + length;
    if (end > this.structureEnd) this.fail(this.at, `a value within ${this.structureEnd} bytes`, end);
    properties.set(this.text(nameAt, this.stringsEnd), this.bytes.slice(this.at, end));
    this.at += Math.ceil(length / CELL) * CELL;
  }

  private text(from: number, end: number): string {
    const stop = this.bytes.indexOf(0, from);
    if (stop < 0 || stop >= end) this.fail(from, 'a text that ends', 'none');
    return String.fromCharCode(...this.bytes.subarray(from, stop));
  }

  private fail(at: number, expected: string, found: string | number): never {
    throw new UserError(
      `${this.name}: device tree at offset 0x${at.toString(16)}: expected ${expected}, found ${found}; ` +
        'give a blob that dtc made',
    );
  }
}

/**
 * Parses a blob.
 * @param name the file as the user named it, for messages
 * @throws UserError where it is no device tree of version 17, or is damaged
 */
export const parseFdt = (name: string, bytes: Uint8Array): Fdt => new Parser(name, bytes).parse();

/** The node at a path such as `/cpus/cpu@0`, or undefined. */
export function findNode(root: FdtNode, path: string): FdtNode | undefined {
  let at: FdtNode | undefined = root;
  for (const part of path.split('/').filter((name) => name !== ''))
    at = at?.children.find(({ name }) => name === part);
  return at;
}
