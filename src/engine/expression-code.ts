/** Values of expressions: generated code that leaves one on the stack, or in a local. */
import type { Expr, I64, LocalNode } from '../../isa/vocabulary/expr';
import { isIeee } from '../../isa/vocabulary/ops';
import { offsetOf, slot } from '../state/layout';
import type { FieldCode } from './field-code';
import type { FloatOperators } from './float';
import type { Folder } from './fold';
import type { Helpers } from './helper-parts';
import { emitOperator, emitShuffle } from './operators';
import { CPU, IP } from './parameters';
import { emitServiceResult, type ServicePort } from './service-code';
import { emitAddress } from './step-code';
import { emitLoad, emitStoreConditional } from './storage-code';
import type { Variant } from './variant';
import type { WovenHandler } from './weaver';
import { OP, SIMD_OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

const GPR = offsetOf('GPR');
/** Distance from GPR 0 to the register that is always zero: what (RA|0) adds for RA = 0. */
const ZERO_FROM_GPR = offsetOf('ZERO') - GPR;

/** What the functions of one module have in common, and what is woven into this one. */
export interface LoweringContext {
  readonly variant: Variant;
  readonly helpers: Helpers;
  /** Absent in the module of general instructions, whose rows have no such operators. */
  readonly float: FloatOperators | undefined;
  readonly prefixed: boolean;
  readonly woven: WovenHandler | undefined;
}

export class ExpressionCode {
  /** Where variables of the semantics are. */
  readonly locals = new Map<LocalNode, number>();
  /** What accesses to storage and services are emitted with. */
  readonly port: ServicePort;

  constructor(
    private readonly code: Code,
    private readonly context: LoweringContext,
    private readonly fields: FieldCode,
    private readonly folder: Folder,
  ) {
    const { variant, helpers, woven } = context;
    this.port = {
      code,
      variant,
      helpers,
      woven,
      exitIf: (status) => code.get(status).if().get(CPU).get(status).returnCall(helpers.leave).op(OP.end),
      push: (arg) => this.push(arg),
      known: (arg) => this.known(arg),
    };
  }

  private known(e: I64): bigint | undefined {
    const folded = this.folder.fold(e);
    return folded.k === 'const' ? folded.value : undefined;
  }

  /** The value of an expression in a local of its own, or the local it already has. */
  valueLocal(e: Expr): number {
    const folded = this.folder.fold(e);
    if (folded.k === 'local') return this.locals.get(folded)!;
    const local = this.code.local(folded.ty);
    this.push(folded);
    this.code.set(local);
    return local;
  }

  /** Pushes the value of an expression. */
  push(e: Expr): void {
    this.emit(this.folder.fold(e));
  }

  /** Pushes CPU + index << log2(element size). */
  element(index: Expr, shift: number): void {
    const folded = this.folder.fold(index);
    this.code.get(CPU);
    this.scaled(folded, shift);
    emitOperator(this.code, 'i32.add');
  }

  private emit(e: Expr): void {
    const { code } = this;
    switch (e.k) {
      case 'const':
        this.constant(e.ty, e.value);
        return;
      case 'field':
        this.fields.push(e.name, e.signed ? 'signed' : 'unsigned');
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
        emitAddress(code, IP);
        return;
      case 'op':
        this.operator(e);
        return;
      case 'select':
        this.emit(e.then);
        this.emit(e.else);
        this.emit(e.cond);
        code.op(OP.select);
        return;
      case 'load':
        emitLoad(this.port, e, this.valueLocal(e.ea));
        return;
      case 'storeConditional':
        emitStoreConditional(this.port, e, this.valueLocal(e.ea), this.valueLocal(e.value));
        return;
      case 'call':
        emitServiceResult(this.port, e.service, e.args);
        return;
      case 'mode':
        throw new Error('modes are constants');
    }
  }

  private operator({ op, args }: Extract<Expr, { k: 'op' }>): void {
    if (op !== 'v128.shuffle') {
      for (const arg of args) this.emit(arg);
      if (isIeee(op)) this.code.call(this.context.float![op]);
      else emitOperator(this.code, op);
      return;
    }
    const [a, b, numbers] = args;
    if (numbers?.k !== 'const') throw new Error('the numbers of a shuffle are constant');
    this.emit(a!);
    this.emit(b!);
    emitShuffle(this.code, numbers.value);
  }

  private constant(ty: Expr['ty'], value: bigint): void {
    if (ty === 'i32') this.code.i32(Number(BigInt.asIntN(32, value)));
    else if (ty === 'i64') this.code.i64(value);
    else if (ty === 'v128') this.code.v128(value);
    else throw new Error(`constants of type ${ty} are made by reinterpretation`);
  }

  private elementOrZero(index: Expr): void {
    const { code } = this;
    const offset = code.local('i32');
    this.scaled(this.folder.fold(index), 3);
    code.tee(offset).i32(ZERO_FROM_GPR).get(offset).op(OP.select);
    code.get(CPU);
    emitOperator(code, 'i32.add');
  }

  /** Pushes index << shift. */
  private scaled(index: Expr, shift: number): void {
    if (index.k === 'field' && !index.signed && this.fields.scaled(index.name, shift)) return;
    this.emit(index);
    if (shift) {
      this.code.i32(shift);
      emitOperator(this.code, 'i32.shl');
    }
  }
}
