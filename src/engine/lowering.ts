/**
 * From the vocabulary to WebAssembly: the body of one generated function, statement by statement. Values are in
 * `expression-code.ts`, the way to the next instruction in `step-code.ts`, services in `service-code.ts`.
 */
import type { Expr, LocalNode } from '../../isa/vocabulary/expr';
import { fieldBits } from '../../isa/vocabulary/forms';
import { fieldWidth } from '../../isa/vocabulary/field-bits';
import type { InsnRow } from '../../isa/vocabulary/row';
import { RAISE_REASONS } from '../../isa/vocabulary/services';
import type { Stmt, Target } from '../../isa/vocabulary/stmt';
import { offsetOf, RECORD, slot } from '../state/layout';
import { ExpressionCode, type LoweringContext } from './expression-code';
import { FieldCode } from './field-code';
import { Folder } from './fold';
import { emitOperator } from './operators';
import { CPU, IP, LEFT } from './parameters';
import { emitService } from './service-code';
import { StepCode } from './step-code';
import { emitStore } from './storage-code';
import { OP, SIMD_OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

const GPR = offsetOf('GPR');
const ARG = offsetOf('ARG');
/** True where the row loads a register and writes the address back to its base. */
const isLoadWithUpdate = ({ timing, sem }: InsnRow): boolean =>
  timing === 'load' &&
  sem.some(
    (stmt) =>
      stmt.s === 'set' &&
      stmt.target.t === 'gpr' &&
      stmt.target.index.k === 'field' &&
      stmt.target.index.name === 'RA',
  );

export class Lowering {
  private readonly folder: Folder;
  private readonly fields: FieldCode;
  private readonly values: ExpressionCode;
  private readonly step: StepCode;

  constructor(
    private readonly code: Code,
    private readonly row: InsnRow,
    fixed: Readonly<Record<string, number>>,
    private readonly context: LoweringContext,
  ) {
    this.folder = new Folder({
      fields: fixed,
      widthOf: (name) => fieldWidth(fieldBits(row.form, name)),
      modes: context.variant.modes,
    });
    this.fields = new FieldCode(code, row, context.prefixed ? 'prefixed' : 'word');
    this.values = new ExpressionCode(code, context, this.fields, this.folder);
    this.step = new StepCode(code, context, RECORD.size * (context.prefixed ? 2 : 1));
  }

  /** Emits an instruction: its statements, then the step to the next one. */
  instruction(sem: readonly Stmt[]): void {
    this.context.woven?.before(this.fields);
    if (this.statements(sem)) return;
    this.context.woven?.notTaken();
    if (this.context.variant.countsCracked && isLoadWithUpdate(this.row)) this.countCracked();
    this.step.next();
  }

  private countCracked(): void {
    const { code } = this;
    code.get(CPU).get(CPU).memory(OP.i64Load, offsetOf('CRACKED')).i64(1n);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, offsetOf('CRACKED'));
  }

  /** Emits statements; true where control does not come out at the end. */
  private statements(list: readonly Stmt[]): boolean {
    for (const stmt of list) if (this.statement(stmt)) return true;
    return false;
  }

  private statement(stmt: Stmt): boolean {
    const { values } = this;
    switch (stmt.s) {
      case 'let':
        this.bind(stmt.local, stmt.value);
        return false;
      case 'set':
        this.assign(stmt.target, stmt.value);
        return false;
      case 'store':
        emitStore(values.port, stmt, values.valueLocal(stmt.ea), values.valueLocal(stmt.value));
        return false;
      case 'if':
        return this.conditional(stmt);
      case 'repeat':
        this.loop(stmt);
        return false;
      case 'branch':
        if (stmt.relative) this.step.branchBy(values.valueLocal(stmt.target));
        else this.step.branchTo(values.valueLocal(stmt.target));
        return true;
      case 'raise':
        this.code.get(CPU);
        values.push(stmt.operand);
        this.code.memory(OP.i64Store, ARG);
        this.code.get(CPU).get(IP).get(LEFT).i32(RAISE_REASONS.indexOf(stmt.reason));
        this.code.returnCall(this.context.helpers.raise);
        return true;
      case 'call':
        emitService(values.port, stmt.service, stmt.args);
        return false;
    }
  }

  private bind(local: LocalNode, value: Expr): void {
    const folded = this.folder.fold(value);
    if (!local.variable && folded.k === 'const') {
      this.folder.bind(local, folded);
      return;
    }
    const index = this.code.local(local.ty);
    this.values.push(folded);
    this.code.set(index);
    this.values.locals.set(local, index);
  }

  private conditional(stmt: Extract<Stmt, { s: 'if' }>): boolean {
    const cond = this.folder.fold(stmt.cond);
    if (cond.k === 'const') return this.statements(cond.value !== 0n ? stmt.then : stmt.else);
    this.values.push(cond);
    this.code.if();
    const thenEnds = this.statements(stmt.then);
    let elseEnds = false;
    if (stmt.else.length) {
      this.code.op(OP.else);
      elseEnds = this.statements(stmt.else);
    }
    this.code.op(OP.end);
    if (thenEnds && elseEnds) this.code.op(OP.unreachable);
    return thenEnds && elseEnds;
  }

  private loop(stmt: Extract<Stmt, { s: 'repeat' }>): void {
    const { code } = this;
    const times = code.local('i32');
    const index = code.local('i32');
    this.values.push(stmt.times);
    code.set(times).i32(0).set(index);
    this.values.locals.set(stmt.local, index);
    code.block(OP.block).block(OP.loop);
    code.get(index).get(times);
    emitOperator(code, 'i32.geU');
    code.branch(OP.brIf, 1);
    this.statements(stmt.body);
    code.get(index).i32(1);
    emitOperator(code, 'i32.add');
    code.set(index).branch(OP.br, 0).op(OP.end).op(OP.end);
  }

  private assign(target: Target, value: Expr): void {
    const { code, values } = this;
    switch (target.t) {
      case 'local':
        values.push(value);
        code.set(values.locals.get(target.local)!);
        return;
      case 'gpr':
        values.element(target.index, 3);
        values.push(value);
        code.memory(OP.i64Store, GPR);
        return;
      case 'vsr':
        values.element(target.index, 4);
        values.push(value);
        code.simdMemory(SIMD_OP.v128Store, offsetOf('VSR'));
        return;
      case 'crField':
        values.element(target.index, 0);
        values.push(value);
        code.memory(OP.i32Store8, offsetOf('CR'));
        return;
      case 'resource': {
        const { type, offset } = slot(target.name);
        code.get(CPU);
        values.push(value);
        code.memory(type === 'i64' ? OP.i64Store : type === 'u8' ? OP.i32Store8 : OP.i32Store, offset);
      }
    }
  }
}
