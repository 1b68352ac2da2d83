/**
 * Directed doorbells (Power ISA v3.1 Book III, chapter 11): messages to another thread of the machine (hypervisor) or
 * of the core (privileged). A privileged doorbell that waits is a 1 in the DPDES slot of its thread.
 */
import { DOORBELL_TYPE, MESSAGE } from '../../isa/registers/thread';
import { get } from '../core/bits';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import { PENDING, setPending } from './pending';

const DPDES_AT = offsetOf('DPDES');
const PIR_AT = offsetOf('PIR');

/** Number of the thread in its core. */
export const threadNumber = (cpu: Cpu): number => cpu.state.index % cpu.model.threadsPerCore;

const coreNumber = (cpu: Cpu): number => Math.floor(cpu.state.index / cpu.model.threadsPerCore);

/** The threads of this CPU's core, itself included. */
const threadsOfCore = (cpu: Cpu): Cpu[] =>
  cpu.hooks.cpus().filter((other) => coreNumber(other) === coreNumber(cpu));

/** DPDES: bit 63-t is 1 where thread t of the core has a doorbell waiting. */
export const readDpdes = (cpu: Cpu): bigint =>
  threadsOfCore(cpu).reduce(
    (value, thread) => (thread.state.get(DPDES_AT) ? value | (1n << BigInt(threadNumber(thread))) : value),
    0n,
  );

/** Makes doorbells wait for exactly the threads of the core whose bits are 1. */
export function writeDpdes(cpu: Cpu, value: bigint): void {
  for (const thread of threadsOfCore(cpu))
    setPrivilegedDoorbell(thread, (value >> BigInt(threadNumber(thread))) & 1n);
}

function setPrivilegedDoorbell(cpu: Cpu, to: bigint): void {
  cpu.state.set(DPDES_AT, to);
  cpu.hooks.contextChanged(cpu);
}

function setHypervisorDoorbell(cpu: Cpu, to: { on: boolean }): void {
  setPending(cpu, PENDING.HYPERVISOR_DOORBELL, to);
  cpu.hooks.contextChanged(cpu);
}

const isDoorbell = (message: bigint): boolean => get(message, MESSAGE.TYPE) === DOORBELL_TYPE;

/** Values of the broadcast field of msgsnd. */
const BROADCAST = { NONE: 0n, CORE: 1n } as const;

/**
 * msgsnd: to the thread whose PIR is the tag, or to every thread of its core. Other messages go nowhere, as does one
 * to a thread that does not exist.
 */
export function sendHypervisorDoorbell(cpu: Cpu, message: bigint): void {
  if (!isDoorbell(message)) return;
  const tag = get(message, MESSAGE.PIR_TAG);
  const addressed = cpu.hooks.cpus().filter(({ state }) => state.get(PIR_AT) === tag);
  const toCore = get(message, MESSAGE.BROADCAST) === BROADCAST.CORE;
  const to = toCore ? addressed.flatMap(threadsOfCore) : addressed;
  for (const thread of to) setHypervisorDoorbell(thread, { on: true });
}

/** msgclr: this thread's own. */
export function clearHypervisorDoorbell(cpu: Cpu, message: bigint): void {
  if (isDoorbell(message)) setHypervisorDoorbell(cpu, { on: false });
}

/** msgsndp: to the thread of this core that the tag numbers. */
export function sendPrivilegedDoorbell(cpu: Cpu, message: bigint): void {
  if (!isDoorbell(message)) return;
  const tag = Number(get(message, MESSAGE.TIR_TAG));
  const to = threadsOfCore(cpu).find((thread) => threadNumber(thread) === tag);
  if (to) setPrivilegedDoorbell(to, 1n);
}

/** msgclrp: this thread's own. */
export function clearPrivilegedDoorbell(cpu: Cpu, message: bigint): void {
  if (isDoorbell(message)) setPrivilegedDoorbell(cpu, 0n);
}
