/** Bringing vCPUs of L1 to life: registers of the partition, and the first instruction. */
import { FSCR, HFSCR } from '../../../isa/registers/facilities';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { CTRL } from '../../../isa/registers/thread';
import { maskOf } from '../../core/bits';
import { STOPPED } from '../../cpu/pending';
import { hasSlot, offsetOf } from '../../state/layout';
import type { L0 } from '../l0';
import type { GuestVcpu } from './vcpu';

const STOPPED_AT = offsetOf('STOPPED');
/** The hypervisor's decrementer is far away: L0 has nothing to do at a time. */
const NEVER = 1n << 54n;

/**
 * What a radix partition of L0 runs under: its own interrupts, external ones too, are its own; time goes to it alone.
 */
export const PARTITION_LPCR = maskOf(
  ...[LPCR.UPRT, LPCR.HR, LPCR.GTSE, LPCR.LPES, LPCR.PECE, LPCR.ONL, LPCR.LD],
);
const FACILITIES = maskOf(
  ...[
    HFSCR.PREFIX,
    HFSCR.MSGP,
    HFSCR.TAR,
    HFSCR.EBB,
    HFSCR.BHRB,
    HFSCR.PM,
    HFSCR.DSCR,
    HFSCR.VECVSX,
    HFSCR.FP,
  ],
);

const MASKS_OF_AUTHORITY = 0xffffffffffffffffn;

/** Gives a CPU that was reset to L1: partition, facilities, authority. It waits until it is started. */
export function enterPartition(l0: L0, { cpu }: GuestVcpu): void {
  const { state, model } = cpu;
  const set = (name: string, value: bigint): void => {
    if (hasSlot(name))
      state.set(offsetOf(name), value & (model.sprMasks[name]?.writable ?? MASKS_OF_AUTHORITY));
  };
  set('PTCR', l0.partitions.ptcr);
  set('LPIDR', BigInt(l0.lpid));
  set('LPCR', l0.lpcr);
  set('HFSCR', FACILITIES);
  set('FSCR', maskOf(FSCR.PREFIX, FSCR.SCV, FSCR.TAR, FSCR.EBB, FSCR.DSCR));
  set('AMOR', MASKS_OF_AUTHORITY);
  // As Linux starts a vCPU: without it PMC5 and PMC6 stand still.
  set('CTRL', CTRL.RUN.mask);
  state.setNamed('HDECEXPIRY', NEVER);
  cpu.msr = MSR.SF.mask | MSR.ME.mask;
  state.setInt(STOPPED_AT, STOPPED.CEDED);
  cpu.hooks.contextChanged(cpu);
}

/** Where a vCPU starts. */
export interface StartOptions {
  /** Guest real address of the first instruction. */
  readonly entry: bigint;
  /** Its r3. */
  readonly argument: bigint;
  readonly littleEndian?: boolean;
}

/** Starts a vCPU in guest real mode, 64-bit, big-endian unless said otherwise. */
export function startVcpu(l0: L0, vcpu: GuestVcpu, { entry, argument, littleEndian }: StartOptions): void {
  const { cpu } = vcpu;
  const { state } = cpu;
  const lpcr = offsetOf('LPCR');
  state.set(lpcr, l0.lpcr);
  cpu.msr = MSR.SF.mask | MSR.ME.mask | (littleEndian ? MSR.LE.mask : 0n);
  for (let n = 0; n < 32; n++) state.setGpr(n, 0n);
  state.setGpr(3, argument);
  cpu.nia = entry;
  vcpu.isStarted = true;
  vcpu.isProdded = vcpu.isJoined = vcpu.isCeded = false;
  state.setInt(STOPPED_AT, STOPPED.RUNNING);
  cpu.hooks.contextChanged(cpu);
}
