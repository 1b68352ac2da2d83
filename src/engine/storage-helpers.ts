/** The functions of storage accesses: those that ask TypeScript, and those with a reservation. */
import { offsetOf, TLB_ENTRY } from '../state/layout';
import { emitExact, type HelperParts } from './helper-parts';
import { emitOperator } from './operators';
import { CPU, IP, LEFT } from './parameters';
import { emitEntry, emitHit, emitLinear } from './storage-code';
import type { Variant } from './variant';
import type { ModuleWeaver } from './weaver';
import { OP } from './wasm/opcodes';
import { Code } from './wasm/module';

const ARG = offsetOf('ARG');
const LOADS = { 1: OP.i64Load8U, 2: OP.i64Load16U, 4: OP.i64Load32U, 8: OP.i64Load } as const;
const STORES = { 1: OP.i64Store8, 2: OP.i64Store16, 4: OP.i64Store32, 8: OP.i64Store } as const;

/** Loads and stores that generated code does not do itself. */
export function defineStorage({ builder, variant, helpers, imports }: HelperParts): void {
  const ea = 3;
  const load = new Code(5);
  const status = load.local('i32');
  emitExact(variant, load);
  load.get(CPU).get(ea).memory(OP.i64Store, ARG);
  load.get(CPU).get(4).call(imports.storage).set(status);
  load.get(CPU).memory(OP.i64Load, offsetOf('RESULT')).get(status);
  builder.define(helpers.load, load);

  const store = new Code(6);
  emitExact(variant, store);
  store.get(CPU).get(ea).memory(OP.i64Store, ARG);
  store
    .get(CPU)
    .get(4)
    .memory(OP.i64Store, ARG + 8);
  store.get(CPU).get(5).call(imports.storage);
  builder.define(helpers.store, store);
}

/** Loads and reserves where the translation is cached. */
export function defineReserve({ builder, helpers }: HelperParts, weaver: ModuleWeaver | undefined): void {
  const ea = 3;
  const access = 4;
  const code = new Code(5);
  const linear = code.local('i32');
  const entry = emitEntry(code, ea);
  emitHit(code, ea, TLB_ENTRY.readTag, 1);
  emitOperator(code, 'i32.eqz');
  code.if().get(CPU).get(IP).get(LEFT).get(ea).get(access).returnCall(helpers.load).op(OP.end);
  emitLinear(code, ea, entry);
  code.set(linear);
  weaver?.access(code, { ea, linear }, false);
  code.get(CPU);
  emitRealAddress(code, linear);
  code.memory(OP.i64Store, offsetOf('RESADDR'));
  code.get(CPU).get(access).i32(15);
  emitOperator(code, 'i32.and');
  code.memory(OP.i32Store, offsetOf('RESLEN'));
  bySize(code, access, (bytes) => {
    code.get(linear).memory(LOADS[bytes], 0).i32(0).op(OP.return);
  });
  code.op(OP.unreachable);
  builder.define(helpers.loadReserve, code);
}

/** Stores where the translation is cached and the reservation serves. */
export function defineConditional(parts: HelperParts, weaver: ModuleWeaver | undefined): void {
  const { builder, variant, helpers } = parts;
  const ea = 3;
  const value = 4;
  const access = 5;
  const code = new Code(6);
  const linear = code.local('i32');
  const held = code.local('i32');
  const entry = emitEntry(code, ea);
  emitHit(code, ea, TLB_ENTRY.writeTag, 1);
  emitOperator(code, 'i32.eqz');
  code.if();
  const status = code.local('i32');
  code.get(CPU).get(IP).get(LEFT).get(ea).get(value).get(access).call(helpers.store).set(status);
  code.get(CPU).memory(OP.i32Load, offsetOf('RESULT')).get(status).op(OP.return).op(OP.end);
  emitLinear(code, ea, entry);
  code.set(linear);
  weaver?.access(code, { ea, linear }, true);
  emitHeld(variant, code, { linear, access });
  code.set(held);
  code.get(CPU).i32(0).memory(OP.i32Store, offsetOf('RESLEN'));
  code.get(held).if();
  bySize(code, access, (bytes) => {
    code.get(linear).get(value).memory(STORES[bytes], 0);
  });
  code.op(OP.end).get(held).i32(0);
  builder.define(helpers.storeConditional, code);
}

/** Pushes whether the reservation serves a store conditional. */
function emitHeld(
  variant: Variant,
  code: Code,
  { linear, access }: { linear: number; access: number },
): void {
  const shift = variant.conditionalShift;
  code.get(CPU).memory(OP.i32Load, offsetOf('RESLEN'));
  if (shift > 0) {
    code.i32(0);
    emitOperator(code, 'i32.ne');
  } else {
    code.get(access).i32(15);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.eq');
  }
  emitRealAddress(code, linear);
  code.get(CPU).memory(OP.i64Load, offsetOf('RESADDR'));
  emitOperator(code, 'i64.xor');
  code.i64(BigInt(shift));
  emitOperator(code, 'i64.shrU');
  emitOperator(code, 'i64.eqz');
  emitOperator(code, 'i32.and');
}

/** Pushes the real address of a linear address in a local, as a doubleword. */
function emitRealAddress(code: Code, linear: number): void {
  code.get(linear).get(CPU).memory(OP.i32Load, offsetOf('RAMBASE'));
  emitOperator(code, 'i32.sub');
  emitOperator(code, 'i64.extendU');
}

function bySize(code: Code, access: number, emit: (bytes: 1 | 2 | 4 | 8) => void): void {
  for (const bytes of [1, 2, 4, 8] as const) {
    code.get(access).i32(bytes);
    emitOperator(code, 'i32.and');
    code.if();
    emit(bytes);
    code.op(OP.end);
  }
}
