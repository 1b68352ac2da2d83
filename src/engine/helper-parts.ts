/** What the functions that handlers share are made of, and the pieces that several of them need. */
import { offsetOf } from '../state/layout';
import { emitOperator } from './operators';
import { CPU, IP, LEFT } from './parameters';
import type { Variant } from './variant';
import { OP } from './wasm/opcodes';
import type { Code, ModuleBuilder } from './wasm/module';

/** Function numbers that generated code calls. */
export interface Helpers {
  readonly handlerType: number;
  /** (cpu, record): leaves because the budget is used up before the instruction at `record`. */
  readonly budget: number;
  /** (cpu, address, left): goes on at an address. */
  readonly goto: number;
  /** (cpu, status): leaves with a status of TypeScript's, or goes on at NIA where that says so. */
  readonly leave: number;
  /** (cpu, record, left, reason): raises an interrupt; the operand is in ARG. */
  readonly raise: number;
  /** (cpu, record, left, service) -> status. */
  readonly service: number;
  /** (cpu, record, left, ea, access) -> value in storage order, status. */
  readonly load: number;
  readonly loadReserve: number;
  /** (cpu, record, left, ea, value, access) -> status. */
  readonly store: number;
  /** (cpu, record, left, ea, value, access) -> done, status. */
  readonly storeConditional: number;
  /** (cpu, record, left) -> status: reports an instruction about to execute. */
  readonly observe: number;
}

/** Functions that the module imports from TypeScript; all get the CPU block's address first. */
export interface Imports {
  service(cpu: number, service: number): number;
  raise(cpu: number, reason: number): number;
  storage(cpu: number, access: number): number;
  decode(cpu: number, record: number): void;
  observe(cpu: number): number;
}

/** The module being built: function numbers are declared already, code is not. */
export interface HelperParts {
  readonly builder: ModuleBuilder;
  readonly variant: Variant;
  readonly helpers: Helpers;
  readonly imports: Readonly<Record<keyof Imports, number>>;
}

/** Pushes the address of a record, which may be the one after a page: of 32 bits in 32-bit mode. */
export function emitRecordAddress(variant: Variant, code: Code, record: number): void {
  code.get(CPU).memory(OP.i64Load, offsetOf('FETCHBIAS'));
  code.get(record).i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i64.extendU');
  emitOperator(code, 'i64.add');
  if (variant.modes.sf) return;
  code.i64(0xffffffffn);
  emitOperator(code, 'i64.and');
}

/** Makes state exact: NIA is the instruction at `record`, LEFT the budget with it. */
export function emitExact(variant: Variant, code: Code): void {
  code.get(CPU).get(IP).memory(OP.i32Store, offsetOf('IP'));
  code.get(CPU).get(LEFT).memory(OP.i32Store, offsetOf('LEFT'));
  code.get(CPU);
  emitRecordAddress(variant, code, IP);
  code.memory(OP.i64Store, offsetOf('NIA'));
}
