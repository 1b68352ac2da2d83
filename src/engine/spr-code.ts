/**
 * Moves to and from SPRs that are nothing but a doubleword of state: generated code makes them itself where the state
 * of the CPU permits the access, and asks the service where it does not. Purely a matter of speed: the service does the
 * same.
 */
import { MSR } from '../../isa/registers/msr';
import type { SprAccess } from '../../isa/registers/spr';
import { maskOf } from '../core/bits';
import { offsetOf } from '../state/layout';
import { emitOperator } from './operators';
import { OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

/** An SPR of a CPU model that no write of which has an effect beyond its value. */
export interface PlainSpr {
  readonly num: number;
  /** Name of its slot. */
  readonly name: string;
  /** Who may read and write it. */
  readonly read: SprAccess;
  readonly write: SprAccess;
  /** Bits that a write changes, and those that are 1 after it. */
  readonly writable: bigint;
  readonly fixed: bigint;
}

const CPU = 0;
const ALL = 0xffffffffffffffffn;

/** What of MSR decides about an access, and what it must be. */
const STATE: Readonly<Record<'privileged' | 'hypervisor', { mask: bigint; value: bigint }>> = {
  privileged: { mask: MSR.PR.mask, value: 0n },
  hypervisor: { mask: maskOf(MSR.PR, MSR.HV), value: MSR.HV.mask },
};

/** Begins an `if` that holds where the access is permitted; false: it always is, and no block was begun. */
function emitPermitted(code: Code, access: 'problem' | 'privileged' | 'hypervisor'): boolean {
  if (access === 'problem') return false;
  const { mask, value } = STATE[access];
  code.get(CPU).memory(OP.i64Load, offsetOf('MSR')).i64(mask);
  emitOperator(code, 'i64.and');
  code.i64(value);
  emitOperator(code, 'i64.eq');
  code.if();
  return true;
}

/**
 * Pushes the value of the register. @param otherwise emits the service, which leaves a value in RESULT
 * @returns false where nothing was emitted: the register cannot be read
 */
export function emitReadSpr(code: Code, spr: PlainSpr, otherwise: () => void): boolean {
  if (spr.read === 'none') return false;
  const value = code.local('i64');
  const conditional = emitPermitted(code, spr.read);
  code.get(CPU).memory(OP.i64Load, offsetOf(spr.name)).set(value);
  if (conditional) {
    code.op(OP.else);
    otherwise();
    code.get(CPU).memory(OP.i64Load, offsetOf('RESULT')).set(value).op(OP.end);
  }
  code.get(value);
  return true;
}

/**
 * Emits a move to the register. @param value pushes the value; `otherwise` emits the service
 * @returns false where nothing was emitted: the register cannot be written
 */
export function emitWriteSpr(
  code: Code,
  spr: PlainSpr,
  { value, otherwise }: { value: () => void; otherwise: () => void },
): boolean {
  if (spr.write === 'none') return false;
  const conditional = emitPermitted(code, spr.write);
  code.get(CPU);
  value();
  if (spr.writable !== ALL) {
    code.i64(spr.writable);
    emitOperator(code, 'i64.and');
  }
  if (spr.fixed !== 0n) {
    code.i64(spr.fixed);
    emitOperator(code, 'i64.or');
  }
  code.memory(OP.i64Store, offsetOf(spr.name));
  if (conditional) {
    code.op(OP.else);
    otherwise();
    code.op(OP.end);
  }
  return true;
}
