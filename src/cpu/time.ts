/**
 * The timers of a CPU (Power ISA v3.1 Book III, chapter 8): time base, virtual time base, PURR, SPURR, decrementers.
 * All of them are offsets from the machine's time, so that nothing has to be done while time passes.
 */
import { LPCR } from '../../isa/registers/lpcr';
import { u64 } from '../core/u64';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';

const LPCR_AT = offsetOf('LPCR');
const IDLE_AT = offsetOf('IDLETIME');

/** Slots of the counters that count up with the time base. */
export const COUNTER = {
  TB: offsetOf('TBOFFSET'),
  VTB: offsetOf('VTBOFFSET'),
  PURR: offsetOf('PURROFFSET'),
  SPURR: offsetOf('SPURROFFSET'),
} as const;

/** Instructions that the CPU has retired. */
export const retiredOf = (cpu: Cpu): bigint =>
  cpu.hooks.retired?.(cpu) ?? cpu.hooks.now() - cpu.state.get(IDLE_AT);

/** Time base ticks since the machine's time began. */
export const ticks = (cpu: Cpu): bigint => cpu.hooks.now() / cpu.model.timebase.unitsPerTick;

export const readCounter = (cpu: Cpu, offsetAt: number): bigint => u64(cpu.state.get(offsetAt) + ticks(cpu));

export function writeCounter(cpu: Cpu, offsetAt: number, value: bigint): void {
  cpu.state.set(offsetAt, u64(value - ticks(cpu)));
}

/** A decrementer: the slot of the tick at which it passes from 0 to -1, and how many bits it has. */
export interface Decrementer {
  readonly expiryAt: number;
  readonly width: (cpu: Cpu) => number;
}

export const DEC: Decrementer = {
  expiryAt: offsetOf('DECEXPIRY'),
  width: ({ state, model: { decrementer } }) =>
    state.has(LPCR_AT, LPCR.LD) ? decrementer.large : decrementer.small,
};

export const HDEC: Decrementer = {
  expiryAt: offsetOf('HDECEXPIRY'),
  width: ({ model }) => model.decrementer.hypervisor,
};

/** The decrementer's value, signed: its sign is that of its most significant implemented bit. */
export const decrementerValue = (cpu: Cpu, { expiryAt, width }: Decrementer): bigint =>
  BigInt.asIntN(width(cpu), cpu.state.get(expiryAt) - 1n - ticks(cpu));

/** What reading the register gives. */
export function readDecrementer(cpu: Cpu, which: Decrementer): bigint {
  const value = decrementerValue(cpu, which);
  return cpu.model.decrementer.above === 'sign' ? u64(value) : BigInt.asUintN(which.width(cpu), value);
}

export function writeDecrementer(cpu: Cpu, { expiryAt }: Decrementer, value: bigint): void {
  cpu.state.set(expiryAt, u64(value + 1n + ticks(cpu)));
}

/**
 * Units of machine time until the tick at which a decrementer of this value has changed its sign.
 * @param value as {@link decrementerValue} gives it
 */
export function unitsToSignChange(cpu: Cpu, which: Decrementer, value: bigint): bigint {
  const half = 1n << BigInt(which.width(cpu) - 1);
  const ticksToGo = value >= 0n ? value + 1n : value + half + 1n;
  const { unitsPerTick } = cpu.model.timebase;
  return ticksToGo * unitsPerTick - (cpu.hooks.now() % unitsPerTick);
}
