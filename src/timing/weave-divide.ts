/** Cycles of a divide from its operands, as generated code: the twin of `divide.ts`. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { kindCycles } from './divide';
import type { TimingProfile } from './profile';
import type { DivideKind } from './schedule';
import { ticksOf } from './state';

/** One function for each kind of divide that a module has. */
export class DivideHelpers {
  private readonly divides = new Map<string, number>();

  constructor(
    private readonly builder: ModuleBuilder,
    private readonly profile: TimingProfile,
  ) {}

  /** (a, b) -> ticks beyond those of a trivial divide. */
  divide(kind: DivideKind): number {
    const key = JSON.stringify(kind);
    let func = this.divides.get(key);
    if (func === undefined) {
      func = this.builder.declare({ params: ['i64', 'i64'], results: ['i64'] });
      this.builder.define(func, this.divideCode(kind));
      this.divides.set(key, func);
    }
    return func;
  }

  private divideCode(kind: DivideKind): Code {
    const { divide } = this.profile;
    const beyond = (cycles: number): bigint => BigInt(ticksOf(cycles - divide.trivial));
    const [a, b] = [0, 1];
    const code = new Code(2);
    const more = this.signMatters(kind) ? code.local('i32') : undefined;
    if (more !== undefined) emitNegative(code, a, kind, more);
    const bits = code.local('i64');
    const ticks = code.local('i64');
    for (const operand of [a, b]) emitMagnitude(code, operand, kind);
    for (const operand of [a, b]) {
      code.get(operand);
      emitOperator(code, 'i64.eqz');
      code.if().i64(0n).op(OP.return).op(OP.end);
    }
    if (kind.extended || !kind.remainder) {
      code.get(a).get(b);
      emitOperator(code, kind.extended ? 'i64.geU' : 'i64.ltU');
      code.if();
      code
        .i64(beyond(kind.extended ? divide.overflow : divide.smaller))
        .op(OP.return)
        .op(OP.end);
    }
    code.i64(64n + (kind.extended ? BigInt(kind.bits) : 0n)).get(a);
    emitOperator(code, 'i64.clz');
    emitOperator(code, 'i64.sub');
    code.set(bits);
    const [short, middle, long] = divide.iterations;
    const extra = kindCycles(divide, kind);
    code.i64(beyond(short + extra));
    code
      .i64(beyond(middle + extra))
      .i64(beyond(long + extra))
      .get(bits)
      .i64(32n);
    emitOperator(code, 'i64.leS');
    code.op(OP.select).get(bits).i64(16n);
    emitOperator(code, 'i64.leS');
    code.op(OP.select).set(ticks);
    if (divide.half) {
      code.i64(beyond(divide.half.cycles + extra)).get(ticks);
      emitRoundsUp(code, b, divide.half.bits);
      code.op(OP.select).set(ticks);
    }
    code
      .get(ticks)
      .get(ticks)
      .i64(BigInt(ticksOf(divide.longQuotient.cycles)));
    emitOperator(code, 'i64.add');
    code.get(bits).i64(64n).get(b);
    emitOperator(code, 'i64.clz');
    emitOperator(code, 'i64.sub');
    emitOperator(code, 'i64.sub');
    code.i64(BigInt(divide.longQuotient.bits));
    emitOperator(code, 'i64.ltS');
    code.op(OP.select);
    this.operands(code, kind, more);
    return code;
  }

  private signMatters({ remainder, signed }: DivideKind): boolean {
    return remainder && signed && (this.profile.divide.negativeRemainder ?? 0) !== 0;
  }

  /** Adds what signs and lengths of the operands add. @param negative local: the dividend is; undefined: is not asked */
  private operands(code: Code, { extended, bits }: DivideKind, negative: number | undefined): void {
    const { negativeRemainder = 0, close = 0 } = this.profile.divide;
    const [a, b] = [0, 1];
    const add = (cycles: number, pushWhether: () => void): void => {
      code.i64(BigInt(ticksOf(cycles))).i64(0n);
      pushWhether();
      code.op(OP.select);
      emitOperator(code, 'i64.add');
    };
    if (negative !== undefined)
      add(negativeRemainder, () => {
        code.get(a).get(b);
        emitOperator(code, 'i64.remU');
        code.i64(0n);
        emitOperator(code, 'i64.ne');
        code.get(negative);
        emitOperator(code, 'i32.and');
      });
    if (extended && bits === 64 && close !== 0)
      add(close, () => {
        for (const operand of [a, b]) {
          code.get(operand);
          emitOperator(code, 'i64.clz');
        }
        emitOperator(code, 'i64.eq');
      });
  }
}

/** Pushes whether the first bits of a local are all ones, and others behind those not all zeros. */
function emitRoundsUp(code: Code, value: number, bits: number): void {
  const normal = code.local('i64');
  code.get(value).get(value);
  emitOperator(code, 'i64.clz');
  emitOperator(code, 'i64.shl');
  code.tee(normal).i64(BigInt(64 - bits));
  emitOperator(code, 'i64.shrU');
  code.i64((1n << BigInt(bits)) - 1n);
  emitOperator(code, 'i64.eq');
  code.get(normal).i64(BigInt(bits));
  emitOperator(code, 'i64.shl');
  code.i64(0n);
  emitOperator(code, 'i64.ne');
  emitOperator(code, 'i32.and');
}

/** Sets a local: whether an operand is negative. */
function emitNegative(code: Code, operand: number, { bits }: DivideKind, negative: number): void {
  code.get(operand);
  if (bits === 32) emitOperator(code, 'i64.sext32');
  code.i64(0n);
  emitOperator(code, 'i64.ltS');
  code.set(negative);
}

/** Replaces an operand by its magnitude in the width and signedness of the divide. */
function emitMagnitude(code: Code, operand: number, { bits, signed }: DivideKind): void {
  code.get(operand);
  if (bits === 32 && signed) emitOperator(code, 'i64.sext32');
  if (bits === 32 && !signed) {
    code.i64(0xffffffffn);
    emitOperator(code, 'i64.and');
  }
  code.set(operand);
  if (!signed) return;
  code.i64(0n).get(operand);
  emitOperator(code, 'i64.sub');
  code.get(operand).get(operand).i64(0n);
  emitOperator(code, 'i64.ltS');
  code.op(OP.select).set(operand);
}
