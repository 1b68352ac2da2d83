/**
 * Who deals with an interrupt of a nested guest: L0 and the nested guest goes on, or L1, and the run ends (Linux
 * book3s_hv.c, kvmppc_handle_nested_exit).
 */
import { INTERRUPTS, type InterruptName } from '../../../isa/interrupts';
import { HFSCR } from '../../../isa/registers/facilities';
import { PREFIXED_CAUSE, SRR1_CAUSE_MASK } from '../../../isa/registers/interrupt-status';
import { field, get, halvesOf, type Halves } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';
import { resumeAddress, takeInterrupt, type InterruptDetail } from '../../cpu/interrupts';
import { offsetOf } from '../../state/layout';
import { DSISR, SRR1_MATCH } from './fault-verdict';
import { nestedPageFault, type NestedFaultResult } from './fault';
import { HV_STATE } from './hv-guest-state';
import type { Nested } from './nested';
import type { NestedExit, NestedRun } from './run';

const HFSCR_AT = offsetOf('HFSCR');
const MSR_AT = offsetOf('MSR');
const GPR_AT = offsetOf('GPR');
const HYPERCALL_NUMBER = 3;
const H_RPT_INVALIDATE = 0x448;
/** H_RPT_INVALIDATE, type: translations of the caller's own guests. */
const RPT_NESTED = field(63);
const TYPE_ARGUMENT = 6;
const EMULATION_ASSISTANCE = 'hypervisorEmulationAssistance';
/** HSRR1 of a fetch: the walker could not record R or C. */
const HISI_WRITE = field(47);

type Handler = (nested: Nested, run: NestedRun, detail: InterruptDetail) => void;

const CAUSES = halvesOf(SRR1_CAUSE_MASK);
const PREFIXED = PREFIXED_CAUSE.PREFIXED.lo;

/** Address and status that the interrupt would save. */
function saved({ vcpu }: NestedRun, detail: InterruptDetail): { nip: Halves; msr: Halves } {
  const { cpu } = vcpu;
  const { state } = cpu;
  const { cause } = detail;
  const prefixed = detail.byInstruction && cpu.prefixed ? PREFIXED : 0;
  let hi = state.hi(MSR_AT) & ~CAUSES.hi;
  let lo = (state.lo(MSR_AT) & ~CAUSES.lo) | prefixed;
  if (cause !== undefined) {
    hi |= hiOf(cause);
    lo |= loOf(cause);
  }
  return { nip: resumeAddress(cpu, detail), msr: { hi, lo } };
}

/** The run ends with this interrupt. */
function toL1(
  run: NestedRun,
  name: InterruptName,
  detail: InterruptDetail,
  set: NestedExit['set'] = [],
): void {
  run.leave({ trap: INTERRUPTS[name].vector, reason: name, ...saved(run, detail), set });
}

const forL1 =
  (name: InterruptName): Handler =>
  (_nested, run, detail) =>
    toL1(run, name, detail);

/** L0's own business; nothing is pending for it here. */
const forL0: Handler = () => undefined;

/** L1's deadline, or a timer of L0's own. */
const decrementer: Handler = (nested, run, detail) => {
  if (run.isOver) {
    toL1(run, 'hypervisorDecrementer', detail);
    return;
  }
  nested.l0Timer = undefined;
  run.armTimer();
};

/** The line is L1's. A mediated interrupt is what L1 asked for by LPCR[MER]: the nested guest takes it. */
const external: Handler = (_nested, run, detail) => {
  if (run.hasInterruptForL1) toL1(run, 'external', detail);
  else takeInterrupt(run.vcpu.cpu, 'external', { ...detail, toGuest: true });
};

/** A hypercall of the nested guest is L1's, but an invalidation of its own translations L0 does in L1's stead. */
const systemCall: Handler = (nested, run, detail) => {
  const { cpu } = run.vcpu;
  const { state } = cpu;
  const own =
    state.lo(GPR_AT + 8 * HYPERCALL_NUMBER) === H_RPT_INVALIDATE &&
    state.hi(GPR_AT + 8 * HYPERCALL_NUMBER) === 0 &&
    !state.has(GPR_AT + 8 * TYPE_ARGUMENT, RPT_NESTED);
  if (!own || cpu.problemState) {
    toL1(run, 'systemCall', detail);
    return;
  }
  // More than asked for: all of the nested guest's translations.
  nested.host.tlb.partition(run.guest!.shadowLpid);
  state.setGpr(HYPERCALL_NUMBER, 0n);
  cpu.nia = detail.resume ?? cpu.following;
};

/**
 * A facility that HFSCR denies. What L0 denies L1, or L1 believes to have granted, is an illegal instruction to L1;
 * otherwise it is L1's denial and L1 gets the interrupt.
 */
const facility: Handler = (_nested, run, detail) => {
  const { cpu } = run.vcpu;
  const cause = get(cpu.state.get(HFSCR_AT), HFSCR.IC);
  const enable = 1n << cause;
  const granted = (run.requestedHfscr & enable) !== 0n;
  if ((run.hfscrOfL1 & enable) === 0n || granted) {
    const image = detail.heir ?? cpu.image;
    toL1(run, EMULATION_ASSISTANCE, detail, [[HV_STATE.heir, image]]);
    return;
  }
  const hfscr = (run.hv.get(HV_STATE.hfscr) & ~HFSCR.IC.mask) | (cause << BigInt(HFSCR.IC.shift));
  toL1(run, 'hypervisorFacilityUnavailable', detail, [[HV_STATE.hfscr, hfscr]]);
};

const dataStorage: Handler = (nested, run, detail) => {
  const { hdar: ea = 0n, asdr = 0n, hdsisr = 0n } = detail;
  const result = nestedPageFault(nested, { guest: run.guest!, fetch: false, dsisr: loOf(hdsisr), ea, asdr });
  if (result.kind === 'reflect' || result.kind === 'error') {
    const told: { dsisr?: number; asdr?: number } = result.kind === 'reflect' ? result : {};
    toL1(run, 'hypervisorDataStorage', detail, [
      [HV_STATE.hdar, ea],
      [HV_STATE.hdsisr, told.dsisr === undefined ? hdsisr : BigInt(told.dsisr >>> 0)],
      [HV_STATE.asdr, told.asdr === undefined ? asdr : BigInt(told.asdr)],
    ]);
  } else settle(run, result, { ea, fetch: false });
};

const instructionStorage: Handler = (nested, run, detail) => {
  const { asdr = 0n, cause = 0n } = detail;
  const ea = run.vcpu.cpu.nia;
  const store = (cause & HISI_WRITE.mask) !== 0n ? DSISR.ISSTORE : 0;
  const dsisr = (loOf(cause) & SRR1_MATCH) | store;
  const result = nestedPageFault(nested, { guest: run.guest!, fetch: true, dsisr, ea, asdr });
  if (result.kind === 'reflect' || result.kind === 'error') {
    const told: { dsisr?: number; asdr?: number } = result.kind === 'reflect' ? result : {};
    const flags = told.dsisr === undefined ? cause : BigInt(told.dsisr >>> 0);
    toL1(run, 'hypervisorInstructionStorage', { ...detail, cause: flags }, [
      [HV_STATE.asdr, told.asdr === undefined ? asdr : BigInt(told.asdr)],
    ]);
  } else settle(run, result, { ea, fetch: true });
};

/** A fault that is no affair of L1: the nested guest goes on, with an interrupt of its own or after MMIO. */
function settle(
  run: NestedRun,
  result: NestedFaultResult,
  { ea, fetch }: { ea: bigint; fetch: boolean },
): void {
  const { cpu } = run.vcpu;
  if (result.kind === 'inject')
    takeInterrupt(cpu, 'dataStorage', { dar: ea, dsisr: BigInt(result.dsisr >>> 0), byInstruction: true });
  else if (result.kind === 'mmio') run.emulateMmio({ ...result, ea, fetch });
}

const HANDLERS: Readonly<Partial<Record<InterruptName, Handler>>> = {
  systemCall,
  external,
  hypervisorDecrementer: decrementer,
  hypervisorDataStorage: dataStorage,
  hypervisorInstructionStorage: instructionStorage,
  hypervisorFacilityUnavailable: facility,
  hypervisorEmulationAssistance: (_nested, run, detail) =>
    toL1(run, EMULATION_ASSISTANCE, detail, [[HV_STATE.heir, detail.heir ?? 0n]]),
  machineCheck: forL1('machineCheck'),
  hypervisorDoorbell: forL0,
  hypervisorVirtualization: forL0,
  hypervisorMaintenance: forL0,
  systemReset: forL0,
};

/** Deals with an interrupt that comes while a nested guest runs. False for one that cannot come here. */
export function nestedInterrupt(
  nested: Nested,
  run: NestedRun,
  name: InterruptName,
  detail: InterruptDetail,
): boolean {
  const handler = HANDLERS[name];
  handler?.(nested, run, detail);
  return handler !== undefined;
}
