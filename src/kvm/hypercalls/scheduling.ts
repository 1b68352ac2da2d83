/**
 * Hypercalls by which vCPUs wait for and wake each other (PAPR, "Shared Processor LPAR": H_CEDE, H_CONFER, H_PROD,
 * H_JOIN), and the system reset that one sends to others.
 */
import { MSR } from '../../../isa/registers/msr';
import { PENDING, setPending, STOPPED } from '../../cpu/pending';
import { hdecGivenUp } from '../../cpu/asynchronous';
import { offsetOf } from '../../state/layout';
import type { L0 } from '../l0';
import type { GuestVcpu } from '../guest/vcpu';
import { H } from './status';
import { dispatched, yielded } from './yield-count';
import type { Hypercall, HypercallHandler } from './table';

const STOPPED_AT = offsetOf('STOPPED');
const RESLEN_AT = offsetOf('RESLEN');
const ALL = 0xffffffffffffffffn;
const ALL_BUT_SELF = 0xfffffffffffffffen;
const LARGEST_VCPU = 0xffff;

const target = (call: Hypercall): GuestVcpu | undefined => call.l0.vcpus[call.small(0, LARGEST_VCPU)];

/** Lets a vCPU that waits run on. */
function wake(l0: L0, vcpu: GuestVcpu): void {
  if (vcpu.isCeded) dispatched(l0, vcpu);
  vcpu.cpu.state.setInt(STOPPED_AT, STOPPED.RUNNING);
  vcpu.isProdded = false;
  vcpu.isJoined = false;
}

/** The vCPU waits. @param until one of STOPPED */
export function stopVcpu({ cpu }: GuestVcpu, until: number): void {
  cpu.state.setInt(STOPPED_AT, until);
  cpu.state.setInt(RESLEN_AT, 0);
  hdecGivenUp(cpu);
  cpu.hooks.contextChanged(cpu);
}

/** Waits with external interrupts enabled until an interrupt or an H_PROD comes; the one that came before counts. */
function cede(call: Hypercall): number {
  const { vcpu, cpu } = call;
  cpu.msr |= MSR.EE.mask;
  cpu.hooks.contextChanged(cpu);
  if (vcpu.isProdded) vcpu.isProdded = false;
  else {
    yielded(call.l0, vcpu);
    stopVcpu(vcpu, STOPPED.UNTIL_EXCEPTION);
  }
  return H.SUCCESS;
}

function prod(call: Hypercall): number {
  const vcpu = target(call);
  if (!vcpu) return H.PARAMETER;
  const waits = vcpu.isStarted && vcpu.cpu.state.int(STOPPED_AT) !== STOPPED.RUNNING;
  if (waits) wake(call.l0, vcpu);
  else vcpu.isProdded = true;
  return H.SUCCESS;
}

/** Gives the rest of the time to another: every vCPU has its turn here anyway. */
function confer(call: Hypercall): number {
  return call.arg(0) === ALL || target(call) ? H.SUCCESS : H.PARAMETER;
}

/** Waits for an H_PROD only; the last one that runs must not. */
function join(call: Hypercall): number {
  const { vcpu, cpu, l0 } = call;
  if (cpu.inState(MSR.EE)) return H.BAD_MODE;
  const others = l0.vcpus.filter((other) => other !== vcpu && other.isStarted);
  if (others.every((other) => other.isJoined)) return H.CONTINUE;
  if (vcpu.isProdded) vcpu.isProdded = false;
  else {
    vcpu.isJoined = true;
    stopVcpu(vcpu, STOPPED.CEDED);
  }
  return H.SUCCESS;
}

function signalSystemReset(call: Hypercall): number {
  const which = call.arg(0);
  const { l0, vcpu } = call;
  const one = target(call);
  const to =
    which === ALL || which === ALL_BUT_SELF
      ? l0.vcpus.filter((each) => which === ALL || each !== vcpu)
      : one
        ? [one]
        : undefined;
  if (!to) return H.PARAMETER;
  for (const each of to.filter(({ isStarted }) => isStarted)) {
    if (each.isJoined) wake(l0, each);
    setPending(each.cpu, PENDING.SYSTEM_RESET, { on: true });
  }
  return H.SUCCESS;
}

export const SCHEDULING_HYPERCALLS = {
  H_CEDE: cede,
  H_PROD: prod,
  H_CONFER: confer,
  H_JOIN: join,
  H_SIGNAL_SYS_RESET: signalSystemReset,
} as const satisfies Record<string, HypercallHandler>;
