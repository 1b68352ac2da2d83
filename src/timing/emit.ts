/** Pieces of generated code that the cycle model is made of: cells, fields of the instruction, tables. */
import { fieldBits, type FormName } from '../../isa/vocabulary/forms';
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import type { Code } from '../engine/wasm/module';
import { offsetOf, RECORD, RECORD_COUNTERS, RECORD_SLOT_SIZE } from '../state/layout';
import { RESOURCE } from './resources';
import type { Ref } from './schedule';
import { CELL, type Count, countCell, HISTORY, TICKS } from './state';

/** Parameters of a handler, and of helpers that take the same. */
export const P = { cpu: 0, ip: 1, left: 2 } as const;

const TIMING = offsetOf('TIMING');
/** Byte offset of a cell in the CPU block. */
export const cellAt = (cell: number): number => TIMING + 8 * cell;
/** Byte offset of a resource's cell. */
export const readyAt = (resource: number): number => cellAt(CELL.ready + resource);

/** A record is as long as a cell: its low bits choose the cell of the history. */
export const HISTORY_MASK = 8 * (HISTORY - 1);

/** Locals with the instruction image. */
export interface Image {
  readonly word: number;
  readonly suffix: number | undefined;
}

/** Pushes the value of a cell. */
export function load(code: Code, cell: number): Code {
  return code.get(P.cpu).memory(OP.i64Load, cellAt(cell));
}

/** Emits cell += ticks. */
export function addTo(code: Code, cell: number, ticks: number): void {
  code.get(P.cpu);
  load(code, cell).i64(BigInt(ticks));
  emitOperator(code, 'i64.add');
  code.memory(OP.i64Store, cellAt(cell));
}

export const count = (code: Code, name: Count): void => addTo(code, countCell(name), 1);

/** Sets a cell to the value of a local. */
export function store(code: Code, cell: number, local: number): void {
  code.get(P.cpu).get(local).memory(OP.i64Store, cellAt(cell));
}

/** Pushes the larger of two locals. */
export function maximum(code: Code, a: number, b: number): void {
  code.get(a).get(b).get(a).get(b);
  emitOperator(code, 'i64.gtS');
  code.op(OP.select);
}

/** Sets a cell to a local where that is later. */
export function raise(code: Code, cell: number, local: number): void {
  const old = code.local('i64');
  load(code, cell).set(old);
  code.get(P.cpu);
  maximum(code, local, old);
  code.memory(OP.i64Store, cellAt(cell));
}

/** log2 of the bytes of a cell. */
const CELL_SHIFT = 3;

/** Pushes an instruction field times the bytes of a cell, or of a GPR. */
export function fieldOffset(code: Code, image: Image, form: FormName, name: string): void {
  const pieces = fieldBits(form, name);
  let below = pieces.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  pieces.forEach(([from, to], i) => {
    const width = to - from + 1;
    below -= width;
    const shift = below + CELL_SHIFT;
    const right = 31 - (to & 31) - shift;
    code.get(from >= 32 ? image.suffix! : image.word).i32(Math.abs(right));
    emitOperator(code, right >= 0 ? 'i32.shrU' : 'i32.shl');
    code.i32((2 ** width - 1) << shift);
    emitOperator(code, 'i32.and');
    if (i) emitOperator(code, 'i32.or');
  });
}

/** Pushes CPU + 8 * the number of a field's register: to be used with {@link readyAt} of the file's first one. */
function registerAt(code: Code, image: Image, form: FormName, ref: Extract<Ref, { field: string }>): void {
  fieldOffset(code, image, form, ref.field);
  if (ref.orZero) {
    const offset = code.local('i32');
    code
      .tee(offset)
      .i32(RESOURCE.NOTHING << CELL_SHIFT)
      .get(offset)
      .op(OP.select);
  }
  code.get(P.cpu);
  emitOperator(code, 'i32.add');
}

/** Pushes the time at which a resource is ready. */
export function loadReady(code: Code, image: Image, form: FormName, ref: Ref): void {
  if ('resource' in ref) {
    load(code, CELL.ready + ref.resource);
    return;
  }
  registerAt(code, image, form, ref);
  code.memory(OP.i64Load, readyAt(ref.base));
}

/** Sets the time at which a resource is ready: what `push` pushes. */
export function storeReady(
  code: Code,
  at: { image: Image; form: FormName; ref: Ref },
  push: () => void,
): void {
  const { ref } = at;
  if ('resource' in ref) code.get(P.cpu);
  else registerAt(code, at.image, at.form, ref);
  push();
  code.memory(OP.i64Store, readyAt('resource' in ref ? ref.resource : ref.base));
}

/** Pushes the effective address of the instruction at the record in parameter `ip`. */
export function pushAddress(code: Code): void {
  code.get(P.cpu).memory(OP.i64Load, offsetOf('FETCHBIAS'));
  code.get(P.ip).i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i64.extendU');
  emitOperator(code, 'i64.add');
}

/** Pushes whether the low half of a cell differs from the i32 on the stack. */
export function differs(code: Code, cell: number): void {
  code.get(P.cpu).memory(OP.i32Load, cellAt(cell));
  emitOperator(code, 'i32.ne');
}

/** Emits: the counter of the instruction's record grows by the ticks that are pushed, as slots, up to its limit. */
export function emitBlame(code: Code, push: () => void): void {
  emitBlameOf(code, P.ip, push);
}

/** The same for an instruction whose record is in a local. */
export function emitBlameOf(code: Code, record: number, push: () => void): void {
  const at = code.local('i32');
  const old = code.local('i32');
  const sum = code.local('i32');
  code.get(record).i32(~(RECORD_SLOT_SIZE - 1));
  emitOperator(code, 'i32.and');
  code.get(record).i32(RECORD.perPage * RECORD.size - 1);
  emitOperator(code, 'i32.and');
  code.i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.add');
  code.tee(at).get(at).memory(OP.i32Load, RECORD_COUNTERS).tee(old);
  push();
  emitOperator(code, 'i32.wrap');
  code.i32(Math.log2(TICKS.slot));
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.add');
  code.set(sum).i32(-1).get(sum).get(sum).get(old);
  emitOperator(code, 'i32.ltU');
  code.op(OP.select).memory(OP.i32Store, RECORD_COUNTERS);
}
