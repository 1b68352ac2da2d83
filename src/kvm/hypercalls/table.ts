/**
 * Who answers which hypercall. Parts of L0 add their handlers; a number without a handler is answered with
 * H_FUNCTION, as PAPR wants. A handler never throws for what a guest asks.
 */
import { InternalError } from '../../core/errors';
import { u64 } from '../../core/u64';
import type { Cpu } from '../../cpu/cpu';
import type { L0 } from '../l0';
import type { GuestVcpu } from '../guest/vcpu';
import { HYPERCALL_ROWS, type HypercallName, type HypercallRow } from './rows';
import { H } from './status';

/** First register of the arguments and of the results; the number and the status are in the one before. */
const FIRST_ARGUMENT = 4;
const STATUS_REGISTER = 3;

/** What a handler returns that has set every register itself, r3 included: it may be another guest that goes on. */
export const HANDLED = undefined;

/** A status, a positive result of the call such as a trap number, or {@link HANDLED}. */
export type HypercallResult = number | bigint | typeof HANDLED;

/** One hypercall under way. */
export class Hypercall {
  constructor(
    readonly l0: L0,
    readonly vcpu: GuestVcpu,
    readonly number: number,
  ) {}

  get cpu(): Cpu {
    return this.vcpu.cpu;
  }

  /** Argument n, from 0: the register r4+n. */
  arg(n: number): bigint {
    return this.cpu.state.gpr(FIRST_ARGUMENT + n);
  }

  /** Argument n where it is at most `most`, else `most + 1`: for indexes, which are compared and never computed with. */
  small(n: number, most: number): number {
    const value = this.arg(n);
    return value > BigInt(most) ? most + 1 : Number(value);
  }

  /** Sets result n, from 0: the register r4+n. */
  result(n: number, value: bigint): void {
    this.cpu.state.setGpr(FIRST_ARGUMENT + n, u64(value));
  }
}

export type HypercallHandler = (call: Hypercall) => HypercallResult;

const ROW_OF = new Map<number, HypercallRow>(HYPERCALL_ROWS.map((row) => [row.number, row]));
const BY_NAME = new Map<string, HypercallRow>(HYPERCALL_ROWS.map((row) => [row.name, row]));

export class HypercallTable {
  private readonly handlers = new Map<number, HypercallHandler>();

  /** The row of a number, where L0 knows it. */
  static row(number: number): HypercallRow | undefined {
    return ROW_OF.get(number);
  }

  /** Adds the handlers of a part of L0; a name without a row or with two handlers is a defect. */
  add(handlers: Readonly<Record<HypercallName, HypercallHandler>>): void {
    for (const [name, handler] of Object.entries(handlers)) {
      const row = BY_NAME.get(name);
      if (!row) throw new InternalError(`no hypercall is named ${name}`);
      if (this.handlers.has(row.number)) throw new InternalError(`${name} has two handlers`);
      this.handlers.set(row.number, handler);
    }
  }

  /** True where a handler answers this number. */
  answers(number: number): boolean {
    return this.handlers.has(number);
  }

  /** Performs the call and sets r3. */
  perform(call: Hypercall): void {
    const handler = this.handlers.get(call.number);
    const result = handler ? handler(call) : H.FUNCTION;
    if (result !== HANDLED) call.cpu.state.setGpr(STATUS_REGISTER, u64(BigInt(result)));
  }
}
