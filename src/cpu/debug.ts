/** Data address watchpoints (Power ISA v3.1 Book III, 9.3). Instruction breakpoints are in trace-interrupt.ts. */
import { DAWR, DAWRX } from '../../isa/registers/debug';
import { MSR } from '../../isa/registers/msr';
import { get, has, type Field } from '../core/bits';
import { u64 } from '../core/u64';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';

/** The pairs of registers, in order; a model has the first `dawrs` of them. */
const WATCHPOINTS = [
  { address: offsetOf('DAWR0'), control: offsetOf('DAWRX0') },
  { address: offsetOf('DAWR1'), control: offsetOf('DAWRX1') },
] as const;

/** An access to be compared. */
export interface WatchedAccess {
  /** Effective address of the first byte, truncated in 32-bit mode. */
  readonly ea: bigint;
  /** Bytes. */
  readonly length: number;
  readonly store: boolean;
}

const DOUBLEWORD = 8n;

/** EA bit 0, which HRAMMC keeps out of the comparison in hypervisor state. */
const WITHOUT_BIT_0 = 0x7fffffffffffffffn;

/** True where the watchpoint is active in the CPU's state of privilege and translation. */
function isActive(cpu: Cpu, control: bigint): boolean {
  const state: Field = cpu.problemState ? DAWRX.PRO : cpu.hypervisorState ? DAWRX.HYP : DAWRX.PNH;
  if (!has(control, state)) return false;
  return has(control, DAWRX.WTI) || has(control, DAWRX.WT) === cpu.inState(MSR.DR);
}

/** True where `length` bytes from `ea` and the doublewords that the watchpoint covers have a byte in common. */
function overlaps(
  cpu: Cpu,
  watchpoint: { address: bigint; control: bigint },
  access: { ea: bigint; length: number },
) {
  const ignoresBit0 = has(watchpoint.control, DAWRX.HRAMMC) && cpu.hypervisorState;
  const compared = (address: bigint): bigint => (ignoresBit0 ? address & WITHOUT_BIT_0 : address);
  const first = compared(watchpoint.address & DAWR.DEAW.mask);
  const bytes = (get(watchpoint.control, DAWRX.MRD) + 1n) * DOUBLEWORD;
  const ea = compared(u64(access.ea));
  return ea < first + bytes && first < ea + BigInt(access.length);
}

/** The control bits without which a watchpoint matches nothing. */
const ANY_ACCESS = DAWRX.DW.lo | DAWRX.DR.lo;

/** False where no watchpoint can match anything: the cheap question to ask first. */
export function dawrArmed({ state, model: { dawrs } }: Cpu): boolean {
  for (let i = 0; i < dawrs; i++) if ((state.lo(WATCHPOINTS[i]!.control) & ANY_ACCESS) !== 0) return true;
  return false;
}

/**
 * True where an access is watched: it is a data storage interrupt with DSISR bit 41, once translation has succeeded and
 * before anything is stored. Cache management other than dcbz is not an access.
 */
export function dawrMatch(cpu: Cpu, access: WatchedAccess): boolean {
  if (!dawrArmed(cpu)) return false;
  const kind = access.store ? DAWRX.DW : DAWRX.DR;
  for (const slots of WATCHPOINTS.slice(0, cpu.model.dawrs)) {
    const control = cpu.state.get(slots.control);
    if (!has(control, kind) || !isActive(cpu, control)) continue;
    if (overlaps(cpu, { address: cpu.state.get(slots.address), control }, access)) return true;
  }
  return false;
}

/**
 * True where a watchpoint could match some access to these bytes in the CPU's current state: what a cache must not let
 * through. State changes and writes to DAWR and DAWRX change the context.
 */
export function dawrWatches(cpu: Cpu, ea: bigint, length: number): boolean {
  return dawrMatch(cpu, { ea, length, store: false }) || dawrMatch(cpu, { ea, length, store: true });
}
