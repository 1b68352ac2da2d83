/** Arithmetic on times in generated code: locals of 64 bits, in ticks. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import type { Code } from '../engine/wasm/module';
import { RECORD } from '../state/layout';
import { cellAt, emitBlameOf, HISTORY_MASK, load, P, readyAt, store } from './emit';
import type { TimingProfile } from './profile';
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
  pushOfHistory(code, CELL.history, before);
}

/** Pushes when the second part of an instruction issued there that has two: perhaps that of one long before. */
export function pushSecondPart(code: Code, before: number): void {
  pushOfHistory(code, CELL.parts, before);
}

function pushOfHistory(code: Code, cell: number, before: number): void {
  code.get(P.cpu).get(P.ip);
  if (before !== 0) {
    code.i32(-RECORD.size * before);
    emitOperator(code, 'i32.add');
  }
  code.i32(HISTORY_MASK);
  emitOperator(code, 'i32.and');
  emitOperator(code, 'i32.add');
  code.memory(OP.i64Load, cellAt(cell));
}

/** Pushes a time without the cause in the bits below. */
export function emitTimeOf(code: Code): void {
  code.i64(~BigInt(TICKS.slot - 1));
  emitOperator(code, 'i64.and');
}

/** Emits: the unit of loads and stores is busy until then: the twin of `StorageUnit.unitBusy`. @param until local */
export function emitUnitBusy(code: Code, until: number, cause: number, { data }: TimingProfile): void {
  if (data.stalls) {
    emitStall(code, until, cause);
    return;
  }
  code.get(until).get(P.cpu).memory(OP.i64Load, readyAt(RESOURCE.STORAGE));
  emitTimeOf(code);
  emitOperator(code, 'i64.gtS');
  code.if().get(P.cpu).get(until);
  plus(code, cause).memory(OP.i64Store, readyAt(RESOURCE.STORAGE)).op(OP.end);
}

/** Emits: nothing behind the last load or store issues before a time. */
function emitStall(code: Code, until: number, cause: number): void {
  const wait = code.local('i64');
  const record = code.local('i32');
  code.get(until);
  load(code, CELL.next);
  emitOperator(code, 'i64.sub');
  code.tee(wait).i64(0n);
  emitOperator(code, 'i64.gtS');
  code.if();
  store(code, CELL.next, until);
  code.get(P.cpu);
  load(code, CELL.stalls + cause).get(wait);
  emitOperator(code, 'i64.add');
  code.memory(OP.i64Store, cellAt(CELL.stalls + cause));
  code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.accessRecord)).set(record);
  emitBlameOf(code, record, () => code.get(wait));
  code.op(OP.end);
}
