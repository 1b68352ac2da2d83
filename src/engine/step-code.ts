/** Steps from one instruction to another: the next record, branches, and what counts them. */
import { offsetOf, RECORD } from '../state/layout';
import type { Helpers } from './helper-parts';
import { emitOperator } from './operators';
import { CPU, IP, LEFT } from './parameters';
import type { WovenHandler } from './weaver';
import { OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

/** The bits of a record address, and of a displacement in records, that select the decoded page. */
const OUTSIDE_PAGE = ~(RECORD.perPage * RECORD.size - 1);

/** Pushes the address of the instruction whose record is in a local. */
export function emitAddress(code: Code, record: number): void {
  code.get(CPU).memory(OP.i64Load, offsetOf('FETCHBIAS'));
  code.get(record).i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i64.extendU');
  emitOperator(code, 'i64.add');
}

export class StepCode {
  private readonly helpers: Helpers;
  private readonly woven: WovenHandler | undefined;

  /** @param length bytes from this record to the next instruction's */
  constructor(
    private readonly code: Code,
    { helpers, woven }: { readonly helpers: Helpers; readonly woven: WovenHandler | undefined },
    private readonly length: number,
  ) {
    this.helpers = helpers;
    this.woven = woven;
  }

  /** Goes on with the next record. */
  next(): void {
    const { code } = this;
    this.count();
    code.if().get(CPU).get(IP).i32(this.length);
    emitOperator(code, 'i32.add');
    code.returnCall(this.helpers.budget).op(OP.end);
    code.get(CPU).get(IP).i32(this.length);
    emitOperator(code, 'i32.add');
    code.tee(IP).get(LEFT).get(IP).memory(OP.i32Load, RECORD.handler);
    code.returnCallIndirect(this.helpers.handlerType);
  }

  /** Branches to an address that is in a local. */
  branchTo(to: number): void {
    const { code } = this;
    this.woven?.taken();
    this.recordCfar();
    code.get(CPU).get(to).get(LEFT).i32(1);
    emitOperator(code, 'i32.sub');
    code.returnCall(this.helpers.goto);
  }

  /** Branches by a displacement that is in a local: within the decoded page without looking the address up. */
  branchBy(by: number): void {
    const { code } = this;
    this.woven?.taken();
    const record = code.local('i32');
    this.recordCfar();
    code.get(by);
    emitOperator(code, 'i32.wrap');
    code.i32(1);
    emitOperator(code, 'i32.shl');
    code.get(IP);
    emitOperator(code, 'i32.add');
    code.tee(record).get(IP);
    emitOperator(code, 'i32.xor');
    code.i32(OUTSIDE_PAGE);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.eqz');
    code.if();
    this.count();
    code.if().get(CPU).get(record).returnCall(this.helpers.budget).op(OP.end);
    code.get(CPU).get(record).get(LEFT).get(record).memory(OP.i32Load, RECORD.handler);
    code.returnCallIndirect(this.helpers.handlerType).op(OP.end);
    code.get(CPU);
    emitAddress(code, IP);
    code.get(by);
    emitOperator(code, 'i64.add');
    code.get(LEFT).i32(1);
    emitOperator(code, 'i32.sub');
    code.returnCall(this.helpers.goto);
  }

  /** Counts this instruction as retired and pushes whether it was the last of the budget. */
  private count(): void {
    const { code } = this;
    code.get(LEFT).i32(1);
    emitOperator(code, 'i32.sub');
    code.tee(LEFT);
    emitOperator(code, 'i32.eqz');
  }

  private recordCfar(): void {
    const { code } = this;
    code.get(CPU);
    emitAddress(code, IP);
    code.memory(OP.i64Store, offsetOf('CFAR'));
  }
}
