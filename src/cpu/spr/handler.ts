/** What reading and writing an SPR does where it is more than a doubleword of state. */
import type { SprRow } from '../../../isa/registers/spr';
import { u64 } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import type { RegisterMask } from '../models/model';

/** Whether translation, timers or what may interrupt has to be looked at again after a write. */
export type Effect = 'none' | 'context';

export interface SprHandler {
  readonly read: (cpu: Cpu, row: SprRow) => bigint;
  readonly write: (cpu: Cpu, value: bigint, row: SprRow) => Effect;
}

/** For the direction that the row does not permit: it is never asked. */
export const neverWritten = (): Effect => 'none';
export const neverRead = (): bigint => 0n;

/** The bits that a write of this register changes, and those that are always 1. */
export const maskFor = (cpu: Cpu, row: SprRow): RegisterMask =>
  cpu.model.sprMasks[row.name] ?? { writable: row.mask ?? u64(-1n), fixed: 0n };

/** Writes a doubleword of state as the model implements it. */
export function writeMasked(
  cpu: Cpu,
  slotName: string,
  value: bigint,
  { writable, fixed }: RegisterMask,
): void {
  cpu.state.set(offsetOf(slotName), (value & writable) | fixed);
}

/** A register that is a doubleword of state. */
export const plain = (effect: Effect, slotName?: string): SprHandler => ({
  read: (cpu, row) => cpu.state.get(offsetOf(slotName ?? row.name)),
  write(cpu, value, row) {
    writeMasked(cpu, slotName ?? row.name, value, maskFor(cpu, row));
    return effect;
  },
});

/** A register that can only be read. */
export const readOnly = (read: (cpu: Cpu, row: SprRow) => bigint): SprHandler => ({
  read,
  write: neverWritten,
});
