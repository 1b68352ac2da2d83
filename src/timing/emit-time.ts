/** Arithmetic on times in generated code: locals of 64 bits, in ticks. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import type { Code } from '../engine/wasm/module';
import { RECORD } from '../state/layout';
import { cellAt, HISTORY_MASK, P, readyAt } from './emit';
import { RESOURCE } from './resources';
import { CELL, TICKS } from './state';

/** Adds a number of ticks to what is on the stack. */
export function plus(code: Code, ticks: number): Code {
  if (ticks === 0) return code;
  code.i64(BigInt(ticks));
  emitOperator(code, 'i64.add');
  return code;
}

/** Sets a local to what is pushed, where that is later. @param other a local to use */
export function raiseTo(code: Code, time: number, other: number, push: () => void): void {
  push();
  code.tee(other).get(time).get(other).get(time);
  emitOperator(code, 'i64.gtS');
  code.op(OP.select).set(time);
}

/** Pushes when an instruction issued: the history has it at its record, or that many instructions before it. */
export function pushIssued(code: Code, before = 0): void {
  code.get(P.cpu).get(P.ip);
  if (before !== 0) {
    code.i32(-RECORD.size * before);
    emitOperator(code, 'i32.add');
  }
  code.i32(HISTORY_MASK);
  emitOperator(code, 'i32.and');
  emitOperator(code, 'i32.add');
  code.memory(OP.i64Load, cellAt(CELL.history));
}

/** Pushes a time without the cause in the bits below. */
export function emitTimeOf(code: Code): void {
  code.i64(~BigInt(TICKS.slot - 1));
  emitOperator(code, 'i64.and');
}

/** Emits: the unit of loads and stores is busy until then. @param until local */
export function emitUnitBusy(code: Code, until: number, cause: number): void {
  code.get(until).get(P.cpu).memory(OP.i64Load, readyAt(RESOURCE.STORAGE));
  emitTimeOf(code);
  emitOperator(code, 'i64.gtS');
  code.if().get(P.cpu).get(until);
  plus(code, cause).memory(OP.i64Store, readyAt(RESOURCE.STORAGE)).op(OP.end);
}
