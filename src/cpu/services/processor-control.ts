/** Messages, stopping, waiting, attn, random numbers, branch history (Power ISA v3.1 Books II and III). */
import { FACILITIES } from '../../../isa/registers/facilities';
import { MSR } from '../../../isa/registers/msr';
import { PSSCR } from '../../../isa/registers/thread';
import { get, has } from '../../core/bits';
import { u64 } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import { hdecGivenUp } from '../asynchronous';
import type { Cpu } from '../cpu';
import {
  clearHypervisorDoorbell,
  clearPrivilegedDoorbell,
  sendHypervisorDoorbell,
  sendPrivilegedDoorbell,
} from '../doorbell';
import { OUTCOME, type Outcome } from '../outcome';
import { STOPPED } from '../pending';
import { raise } from '../raise';
import { valueService, type Service } from './service';

const PSSCR_AT = offsetOf('PSSCR');
const HID0_AT = offsetOf('HID0');
const STOPPED_AT = offsetOf('STOPPED');
const RESLEN_AT = offsetOf('RESLEN');

const message =
  (perform: (cpu: Cpu, operand: bigint) => void): Service =>
  (cpu) => {
    perform(cpu, cpu.arg(0));
    return OUTCOME.RESUME;
  };

/** The thread waits at the following instruction. */
function stopThread(cpu: Cpu, until: number): Outcome {
  cpu.state.setInt(STOPPED_AT, until);
  hdecGivenUp(cpu);
  cpu.nia = cpu.following;
  return OUTCOME.STOP;
}

/**
 * stop: how deep is of no consequence here, what wakes the thread and how is. Outside hypervisor state only the levels
 * that lose nothing may be asked for (3.3.2): ESL, EC or a level beyond PSLL is the hypervisor's to grant.
 */
const stop: Service = (cpu) => {
  const psscr = cpu.state.get(PSSCR_AT);
  const stateLoss = has(psscr, PSSCR.ESL);
  const selects = has(psscr, PSSCR.EC);
  if (!cpu.inState(MSR.HV)) {
    const tooDeep = get(psscr, PSSCR.RL) > get(psscr, PSSCR.PSLL);
    if (stateLoss || selects || tooDeep)
      return raise(cpu, 'hypervisorFacilityUnavailable', BigInt(FACILITIES.STOP.ic));
  }
  if (stateLoss) return stopThread(cpu, STOPPED.UNTIL_SELECTED_RESET);
  return stopThread(cpu, selects ? STOPPED.UNTIL_SELECTED : STOPPED.UNTIL_EXCEPTION);
};

/** doze, nap, sleep, rvwinkle of v2.07: all wake through a system reset. */
const powerSave: Service = (cpu) => stopThread(cpu, STOPPED.UNTIL_SELECTED_RESET);

/** WC of wait. */
const WAIT = { FOR_EXCEPTION: 0, FOR_RESERVATION_LOSS: 1 } as const;

/**
 * wait: until an exception exists, enabled or not. choice: waiting for the loss of a reservation, or for a short time,
 * goes on at once, which the ISA permits.
 */
const wait: Service = (cpu) => {
  if (cpu.argInt(0) !== WAIT.FOR_EXCEPTION) return OUTCOME.NEXT;
  cpu.state.setInt(STOPPED_AT, STOPPED.UNTIL_EXCEPTION);
  cpu.nia = cpu.following;
  return OUTCOME.STOP;
};

/** attn ends the run. Where HID0 can enable it, it is illegal until it does; it is never for problem state. */
const attn: Service = (cpu) => {
  const { attnEnable } = cpu.model;
  if (attnEnable && !cpu.state.has(HID0_AT, attnEnable)) return raise(cpu, 'illegal');
  if (cpu.problemState) return raise(cpu, attnEnable ? 'illegal' : 'privileged');
  cpu.nia = cpu.following;
  cpu.hooks.machineStop(cpu, { kind: 'attn' });
  return OUTCOME.STOP;
};

/** L of darn: 32 bits, conditioned, raw; the rest is invalid and gives the error value. */
const DARN = { WORD: 0, CONDITIONED: 1, RAW: 2 } as const;
const DARN_ERROR = u64(-1n);

/** A random number is never the error value. */
function darn(cpu: Cpu): bigint {
  const l = cpu.argInt(0);
  if (l > DARN.RAW) return DARN_ERROR;
  const random = cpu.hooks.random();
  if (l === DARN.WORD) return BigInt.asUintN(32, random);
  return random === DARN_ERROR ? 0n : random;
}

/** The branch history buffer is empty: nothing records branches, so that every entry reads as 0, the end mark. */
const BHRB_END = 0n;

/** rfebb and interrupts leave the reservation; only `stop` and power-saving lose it. */
const losesReservation =
  (service: Service): Service =>
  (cpu) => {
    const outcome = service(cpu);
    if (outcome === OUTCOME.STOP) cpu.state.setInt(RESLEN_AT, 0);
    return outcome;
  };

export const PROCESSOR_SERVICES = {
  msgsnd: message(sendHypervisorDoorbell),
  msgclr: message(clearHypervisorDoorbell),
  msgsndp: message(sendPrivilegedDoorbell),
  msgclrp: message(clearPrivilegedDoorbell),
  stop: losesReservation(stop),
  powerSave: losesReservation(powerSave),
  wait,
  attn,
  darn: valueService(darn),
  clrbhrb: (): Outcome => OUTCOME.NEXT,
  mfbhrbe: valueService(() => BHRB_END),
} as const satisfies Record<string, Service>;
