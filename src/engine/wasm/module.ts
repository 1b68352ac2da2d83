/** A WebAssembly module encoder (core specification, section 5): just what the engine needs, no text format. */
import type { Ty } from '../../../isa/vocabulary/ops';
import { OP, SIMD, SIMD_OP, TYPE } from './opcodes';

const textEncoder = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

/** Appends an unsigned LEB128 number, 0..2^53. */
function unsigned(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

/** Appends a signed LEB128 number of 32 bits. */
function signed32(out: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) {
      out.push(low);
      return;
    }
    out.push(low | 0x80);
  }
}

/** Appends a signed LEB128 number of 64 bits. */
function signed64(out: number[], value: bigint): void {
  let rest = BigInt.asIntN(64, value);
  if (rest >= -0x80000000n && rest <= 0x7fffffffn) {
    signed32(out, Number(rest));
    return;
  }
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && !(low & 0x40)) || (rest === -1n && low & 0x40)) {
      out.push(low);
      return;
    }
    out.push(low | 0x80);
  }
}

/** The body of one function: parameters are locals 0..n-1, further locals are declared as they are needed. */
export class Code {
  readonly bytes: number[] = [];
  private readonly locals: Ty[] = [];

  constructor(private readonly params: number) {}

  /** A new local of a type; its number. */
  local(ty: Ty): number {
    this.locals.push(ty);
    return this.params + this.locals.length - 1;
  }

  op(opcode: number): this {
    this.bytes.push(opcode);
    return this;
  }

  simd(opcode: number): this {
    this.bytes.push(SIMD);
    unsigned(this.bytes, opcode);
    return this;
  }

  i32(value: number): this {
    this.bytes.push(OP.i32Const);
    signed32(this.bytes, value);
    return this;
  }

  i64(value: bigint): this {
    this.bytes.push(OP.i64Const);
    signed64(this.bytes, value);
    return this;
  }

  v128(value: bigint): this {
    this.simd(SIMD_OP.v128Const);
    for (let at = 0n; at < 128n; at += 8n) this.bytes.push(Number((value >> at) & 0xffn));
    return this;
  }

  get(local: number): this {
    this.bytes.push(OP.localGet);
    unsigned(this.bytes, local);
    return this;
  }

  set(local: number): this {
    this.bytes.push(OP.localSet);
    unsigned(this.bytes, local);
    return this;
  }

  tee(local: number): this {
    this.bytes.push(OP.localTee);
    unsigned(this.bytes, local);
    return this;
  }

  /** A scalar load or store at a static offset; no alignment is promised. */
  memory(opcode: number, offset: number): this {
    this.bytes.push(opcode, 0);
    unsigned(this.bytes, offset);
    return this;
  }

  simdMemory(opcode: number, offset: number): this {
    this.simd(opcode);
    this.bytes.push(0);
    unsigned(this.bytes, offset);
    return this;
  }

  /** Opens an `if`; the condition is on the stack. */
  if(result?: Ty): this {
    this.bytes.push(OP.if, result ? TYPE[result] : TYPE.empty);
    return this;
  }

  block(opcode: typeof OP.block | typeof OP.loop): this {
    this.bytes.push(opcode, TYPE.empty);
    return this;
  }

  branch(opcode: typeof OP.br | typeof OP.brIf, depth: number): this {
    this.bytes.push(opcode);
    unsigned(this.bytes, depth);
    return this;
  }

  call(func: number): this {
    this.bytes.push(OP.call);
    unsigned(this.bytes, func);
    return this;
  }

  returnCall(func: number): this {
    this.bytes.push(OP.returnCall);
    unsigned(this.bytes, func);
    return this;
  }

  /** Tail call through table 0; the index is on the stack above the arguments. */
  returnCallIndirect(type: number): this {
    this.bytes.push(OP.returnCallIndirect);
    unsigned(this.bytes, type);
    this.bytes.push(0);
    return this;
  }

  /** The encoded body with its local declarations. */
  encode(): number[] {
    const body: number[] = [];
    unsigned(body, this.locals.length);
    for (const ty of this.locals) body.push(1, TYPE[ty]);
    const size: number[] = [];
    unsigned(size, body.length + this.bytes.length + 1);
    return [...size, ...body].concat(this.bytes, OP.end);
  }
}

export interface Signature {
  readonly params: readonly Ty[];
  readonly results: readonly Ty[];
}

/** A module with an imported memory and table, functions, exports and table segments. */
export class ModuleBuilder {
  private readonly types: Signature[] = [];
  private readonly imports: { name: string; type: number }[] = [];
  private readonly functions: { type: number; code?: Code }[] = [];
  private readonly exports: { name: string; func: number }[] = [];
  private readonly segments: { offset: number; funcs: readonly number[] }[] = [];

  /** Number of a function type, added once. */
  type(signature: Signature): number {
    const same = (a: readonly Ty[], b: readonly Ty[]): boolean =>
      a.length === b.length && a.every((ty, i) => ty === b[i]);
    const found = this.types.findIndex(
      (t) => same(t.params, signature.params) && same(t.results, signature.results),
    );
    return found >= 0 ? found : this.types.push(signature) - 1;
  }

  /** Imports a function from module `env`; all imports come before the first function. */
  importFunction(name: string, signature: Signature): number {
    if (this.functions.length) throw new Error('imports come first');
    return this.imports.push({ name, type: this.type(signature) }) - 1;
  }

  /** Declares a function, so that others may call it before its code is there. */
  declare(signature: Signature): number {
    return this.imports.length + this.functions.push({ type: this.type(signature) }) - 1;
  }

  define(func: number, code: Code): void {
    this.functions[func - this.imports.length]!.code = code;
  }

  export(name: string, func: number): void {
    this.exports.push({ name, func });
  }

  /** Puts functions into the imported table from `offset` when the module is instantiated. */
  fillTable(offset: number, funcs: readonly number[]): void {
    this.segments.push({ offset, funcs });
  }

  /** The binary; any memory with a maximum will do. @param table size of the imported table */
  encode(table: number): Uint8Array<ArrayBuffer> {
    const out: number[][] = [[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const section = (id: number, count: number, body: readonly number[][]): void => {
      const head: number[] = [];
      unsigned(head, count);
      const length = body.reduce((sum, part) => sum + part.length, head.length);
      const size: number[] = [id];
      unsigned(size, length);
      out.push(size, head, ...body);
    };
    const leb = (value: number): number[] => {
      const bytes: number[] = [];
      unsigned(bytes, value);
      return bytes;
    };
    const name = (text: string): number[] => [...leb(text.length), ...textEncoder(text)];
    const types = (list: readonly Ty[]): number[] => [...leb(list.length), ...list.map((ty) => TYPE[ty])];

    section(
      1,
      this.types.length,
      this.types.map((t) => [0x60, ...types(t.params), ...types(t.results)]),
    );
    section(2, this.imports.length + 2, [
      ...this.imports.map((i) => [...name('env'), ...name(i.name), 0, ...leb(i.type)]),
      [...name('env'), ...name('memory'), 2, 1, ...leb(1), ...leb(65536)],
      [...name('env'), ...name('table'), 1, 0x70, 0, ...leb(table)],
    ]);
    section(
      3,
      this.functions.length,
      this.functions.map((f) => leb(f.type)),
    );
    section(
      7,
      this.exports.length,
      this.exports.map((e) => [...name(e.name), 0, ...leb(e.func)]),
    );
    section(
      9,
      this.segments.length,
      this.segments.flatMap(({ offset, funcs }) => [
        [0, ...new Code(0).i32(offset).op(OP.end).bytes, ...leb(funcs.length)],
        ...funcs.map(leb),
      ]),
    );
    section(
      10,
      this.functions.length,
      this.functions.map((f) => f.code!.encode()),
    );
    return join(out);
  }
}

function join(parts: readonly number[][]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
