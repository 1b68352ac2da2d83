/**
 * From the vocabulary to WebAssembly: the body of one generated function. Parameters of every handler are the CPU
 * block, the decoded record of the instruction and the number of instructions left; see `tier1.ts`.
 */
import type { Expr, I64, LocalNode } from '../../isa/vocabulary/expr';
import { fieldBits, fieldWidth } from '../../isa/vocabulary/forms';
import type { InsnRow } from '../../isa/vocabulary/row';
import { RAISE_REASONS, SERVICES, type ServiceName, type ServiceSpec } from '../../isa/vocabulary/services';
import type { Stmt, Target } from '../../isa/vocabulary/stmt';
import { offsetOf, RECORD, slot } from '../state/layout';
import { Folder } from './fold';
import type { Helpers } from './helpers';
import { emitOperator } from './operators';
import { emitReadSpr, emitWriteSpr, type PlainSpr } from './spr-code';
import { emitLoad, emitStore, emitStoreConditional, type StoragePort } from './storage-code';
import type { Variant } from './variant';
import type { WovenHandler } from './weaver';
import { OP, SIMD_OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

/** Parameters of a handler. */
export const CPU = 0;
export const IP = 1;
export const LEFT = 2;

/** Numbers of services and reasons, as generated code passes them to TypeScript. */
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
const serviceNumber = new Map(SERVICE_NAMES.map((name, i) => [name, i]));

const GPR = offsetOf('GPR');
const ARG = offsetOf('ARG');
/** Distance from GPR 0 to the register that is always zero: what (RA|0) adds for RA = 0. */
const ZERO_FROM_GPR = offsetOf('ZERO') - GPR;
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

/** The bits of a record address, and of a displacement in records, that select the decoded page. */
const OUTSIDE_PAGE = ~(RECORD.perPage * RECORD.size - 1);

/** What the functions of one module have in common, and what is woven into this one. */
export interface LoweringContext {
  readonly variant: Variant;
  readonly helpers: Helpers;
  readonly prefixed: boolean;
  readonly woven: WovenHandler | undefined;
}

export class Lowering {
  private readonly folder: Folder;
  private readonly locals = new Map<LocalNode, number>();
  private readonly word: number;
  private readonly suffix: number | undefined;
  /** Bytes from this record to the next instruction's. */
  private readonly length: number;
  private readonly storage: StoragePort;
  private readonly variant: Variant;
  private readonly helpers: Helpers;
  private readonly woven: WovenHandler | undefined;

  constructor(
    private readonly code: Code,
    private readonly row: InsnRow,
    fixed: Readonly<Record<string, number>>,
    { variant, helpers, prefixed, woven }: LoweringContext,
  ) {
    this.variant = variant;
    this.helpers = helpers;
    this.woven = woven;
    this.folder = new Folder({
      fields: fixed,
      widthOf: (name) => fieldWidth(fieldBits(row.form, name)),
      modes: variant.modes,
    });
    this.length = RECORD.size * (prefixed ? 2 : 1);
    this.word = code.local('i32');
    code.get(IP).memory(OP.i32Load, RECORD.word).set(this.word);
    if (prefixed) {
      this.suffix = code.local('i32');
      code
        .get(IP)
        .memory(OP.i32Load, RECORD.size + RECORD.word)
        .set(this.suffix);
    }
    this.storage = {
      code,
      variant,
      helpers,
      woven,
      exitIf: (status) => this.exitIf(status),
    };
  }

  /** Emits an instruction: its statements, then the step to the next one. */
  instruction(sem: readonly Stmt[]): void {
    this.woven?.before({ word: this.word, suffix: this.suffix });
    if (this.statements(sem)) return;
    this.woven?.notTaken();
    if (this.variant.countsCracked && isLoadWithUpdate(this.row)) this.countCracked();
    this.next();
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
    switch (stmt.s) {
      case 'let':
        this.bind(stmt.local, stmt.value);
        return false;
      case 'set':
        this.assign(stmt.target, stmt.value);
        return false;
      case 'store':
        emitStore(this.storage, stmt, this.valueLocal(stmt.ea), this.valueLocal(stmt.value));
        return false;
      case 'if':
        return this.conditional(stmt);
      case 'repeat':
        this.loop(stmt);
        return false;
      case 'branch':
        if (stmt.relative) this.branchBy(stmt.target);
        else this.branchTo(stmt.target);
        return true;
      case 'raise':
        this.code.get(CPU);
        this.push(stmt.operand);
        this.code.memory(OP.i64Store, ARG);
        this.code.get(CPU).get(IP).get(LEFT).i32(RAISE_REASONS.indexOf(stmt.reason));
        this.code.returnCall(this.helpers.raise);
        return true;
      case 'call':
        this.perform(stmt.service, stmt.args);
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
    this.push(folded);
    this.code.set(index);
    this.locals.set(local, index);
  }

  private conditional(stmt: Extract<Stmt, { s: 'if' }>): boolean {
    const cond = this.folder.fold(stmt.cond);
    if (cond.k === 'const') return this.statements(cond.value !== 0n ? stmt.then : stmt.else);
    this.push(cond);
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
    this.push(stmt.times);
    code.set(times).i32(0).set(index);
    this.locals.set(stmt.local, index);
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
    const { code } = this;
    switch (target.t) {
      case 'local':
        this.push(value);
        code.set(this.locals.get(target.local)!);
        return;
      case 'gpr':
        this.element(target.index, 3);
        this.push(value);
        code.memory(OP.i64Store, GPR);
        return;
      case 'vsr':
        this.element(target.index, 4);
        this.push(value);
        code.simdMemory(SIMD_OP.v128Store, offsetOf('VSR'));
        return;
      case 'crField':
        this.element(target.index, 0);
        this.push(value);
        code.memory(OP.i32Store8, offsetOf('CR'));
        return;
      case 'resource': {
        const { type, offset } = slot(target.name);
        code.get(CPU);
        this.push(value);
        code.memory(type === 'i64' ? OP.i64Store : type === 'u8' ? OP.i32Store8 : OP.i32Store, offset);
      }
    }
  }

  /** The SPR that a move is of, where its number is known and it is nothing but a doubleword. */
  private plainSpr(number: I64): PlainSpr | undefined {
    const folded = this.folder.fold(number);
    return folded.k === 'const' ? this.variant.plainSprs.get(Number(folded.value)) : undefined;
  }

  /** A service that gives nothing. */
  private perform(name: ServiceName, args: readonly I64[]): void {
    const spr = name === 'mtspr' ? this.plainSpr(args[0]!) : undefined;
    const otherwise = (): void => this.service(name, args);
    if (spr && emitWriteSpr(this.code, spr, { value: () => this.push(args[1]!), otherwise })) return;
    otherwise();
  }

  /** Pushes what a service gives. */
  private result(name: ServiceName, args: readonly I64[]): void {
    const spr = name === 'mfspr' ? this.plainSpr(args[0]!) : undefined;
    const otherwise = (): void => this.service(name, args);
    if (spr && emitReadSpr(this.code, spr, otherwise)) return;
    otherwise();
    this.code.get(CPU).memory(OP.i64Load, offsetOf('RESULT'));
  }

  /** Calls a service and leaves where it did not simply succeed. */
  private service(name: ServiceName, args: readonly I64[]): void {
    const { code } = this;
    const spec: ServiceSpec = SERVICES[name];
    if (spec.ordersOnly) return;
    args.forEach((arg, i) => {
      code.get(CPU);
      this.push(arg);
      code.memory(OP.i64Store, ARG + 8 * i);
    });
    const status = code.local('i32');
    code.get(CPU).get(IP).get(LEFT).i32(serviceNumber.get(name)!);
    code.call(this.helpers.service).set(status);
    this.exitIf(status);
  }

  private exitIf(status: number): void {
    this.code.get(status).if().get(CPU).get(status).returnCall(this.helpers.leave).op(OP.end);
  }

  /** The value of an expression in a local of its own, or the local it already has. */
  private valueLocal(e: Expr): number {
    const folded = this.folder.fold(e);
    if (folded.k === 'local') return this.locals.get(folded)!;
    const local = this.code.local(folded.ty);
    this.push(folded);
    this.code.set(local);
    return local;
  }

  /** Pushes the value of an expression. */
  private push(e: Expr): void {
    this.emit(this.folder.fold(e));
  }

  private emit(e: Expr): void {
    const { code } = this;
    switch (e.k) {
      case 'const':
        this.constant(e.ty, e.value);
        return;
      case 'field':
        this.field(e.name, e.signed ? 'signed' : 'unsigned');
        return;
      case 'local':
        code.get(this.locals.get(e)!);
        return;
      case 'gpr':
        if (e.orZero) this.elementOrZero(e.index);
        else this.element(e.index, 3);
        code.memory(OP.i64Load, GPR);
        return;
      case 'vsr':
        this.element(e.index, 4);
        code.simdMemory(SIMD_OP.v128Load, offsetOf('VSR'));
        return;
      case 'crField':
        this.element(e.index, 0);
        code.memory(OP.i32Load8U, offsetOf('CR'));
        return;
      case 'resource': {
        const { type, offset } = slot(e.name);
        code.get(CPU);
        code.memory(type === 'i64' ? OP.i64Load : type === 'u8' ? OP.i32Load8U : OP.i32Load, offset);
        return;
      }
      case 'cia':
        this.address(IP);
        return;
      case 'op':
        for (const arg of e.args) this.emit(arg);
        emitOperator(code, e.op);
        return;
      case 'select':
        this.emit(e.then);
        this.emit(e.else);
        this.emit(e.cond);
        code.op(OP.select);
        return;
      case 'load':
        emitLoad(this.storage, e, this.valueLocal(e.ea));
        return;
      case 'storeConditional':
        emitStoreConditional(this.storage, e, this.valueLocal(e.ea), this.valueLocal(e.value));
        return;
      case 'call':
        this.result(e.service, e.args);
        return;
      case 'mode':
        throw new Error('modes are constants');
    }
  }

  private constant(ty: Expr['ty'], value: bigint): void {
    if (ty === 'i32') this.code.i32(Number(BigInt.asIntN(32, value)));
    else if (ty === 'i64') this.code.i64(value);
    else throw new Error(`constants of type ${ty} are made by reinterpretation`);
  }

  /** Pushes CPU + index << log2(element size). */
  private element(index: Expr, shift: number): void {
    const folded = this.folder.fold(index);
    this.code.get(CPU);
    this.scaled(folded, shift);
    emitOperator(this.code, 'i32.add');
  }

  private elementOrZero(index: Expr): void {
    const { code } = this;
    const offset = code.local('i32');
    this.scaled(this.folder.fold(index), 3);
    code.tee(offset).i32(ZERO_FROM_GPR).get(offset).op(OP.select);
    code.get(CPU);
    emitOperator(code, 'i32.add');
  }

  /** Pushes index << shift, for a field of one piece with one shift and one mask. */
  private scaled(index: Expr, shift: number): void {
    if (index.k === 'field' && !index.signed) {
      const pieces = fieldBits(this.row.form, index.name);
      if (pieces.length === 1) {
        const [from, to] = pieces[0]!;
        this.piece(from, to, shift);
        return;
      }
    }
    this.emit(index);
    if (shift) {
      this.code.i32(shift);
      emitOperator(this.code, 'i32.shl');
    }
  }

  /** Pushes bits from..to of the instruction, right-aligned and then moved left by `shift`. */
  private piece(from: number, to: number, shift: number): void {
    const { code } = this;
    const inSuffix = from >= 32;
    const right = 31 - (to & 31) - shift;
    code.get(inSuffix ? this.suffix! : this.word);
    if (right) {
      code.i32(Math.abs(right));
      emitOperator(code, right > 0 ? 'i32.shrU' : 'i32.shl');
    }
    const mask = (2 ** (to - from + 1) - 1) * 2 ** shift;
    if (from % 32 !== 0 || right < 0) {
      code.i32(mask | 0);
      emitOperator(code, 'i32.and');
    }
  }

  private field(name: string, kind: 'signed' | 'unsigned'): void {
    const { code } = this;
    const pieces = fieldBits(this.row.form, name);
    const width = fieldWidth(pieces);
    let below = width;
    pieces.forEach(([from, to], i) => {
      below -= to - from + 1;
      this.piece(from, to, below);
      if (i) emitOperator(code, 'i32.or');
    });
    if (kind === 'signed' && width === 16) emitOperator(code, 'i32.sext16');
    else if (kind === 'signed' && width < 32) {
      code.i32(32 - width);
      emitOperator(code, 'i32.shl');
      code.i32(32 - width);
      emitOperator(code, 'i32.shrS');
    } else if (width > 32) throw new Error(`field ${name} of ${width} bits is read as a doubleword`);
  }

  /** Pushes the address of the instruction whose record is in a local. */
  private address(record: number): void {
    const { code } = this;
    code.get(CPU).memory(OP.i64Load, offsetOf('FETCHBIAS'));
    code.get(record).i32(1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.add');
  }

  /** Goes on with the next record. */
  private next(): void {
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

  /** Counts this instruction as retired and pushes whether it was the last of the budget. */
  private count(): void {
    const { code } = this;
    code.get(LEFT).i32(1);
    emitOperator(code, 'i32.sub');
    code.tee(LEFT);
    emitOperator(code, 'i32.eqz');
  }

  private recordCfar(): void {
    this.code.get(CPU);
    this.address(IP);
    this.code.memory(OP.i64Store, offsetOf('CFAR'));
  }

  private branchTo(target: I64): void {
    const { code } = this;
    const to = this.valueLocal(target);
    this.woven?.taken();
    this.recordCfar();
    code.get(CPU).get(to).get(LEFT).i32(1);
    emitOperator(code, 'i32.sub');
    code.returnCall(this.helpers.goto);
  }

  /** A branch by a displacement: within the decoded page without looking the address up. */
  private branchBy(displacement: I64): void {
    const { code } = this;
    const by = this.valueLocal(displacement);
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
    this.address(IP);
    code.get(by);
    emitOperator(code, 'i64.add');
    code.get(LEFT).i32(1);
    emitOperator(code, 'i32.sub');
    code.returnCall(this.helpers.goto);
  }
}
