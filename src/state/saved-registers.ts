/** The registers of a CPU as JSON: every architected slot of the state layout by name, and nothing else. */
import { UserError } from '../core/errors';
import { parseHex, StateReader, type Json } from '../core/saved-state';
import { hex0x } from '../core/u64';
import type { CpuState } from './cpu-state';
import { SLOTS, type Slot } from './layout';

const ARCHITECTED = SLOTS.filter(({ architected }) => architected);
/** Registers that hold less than their slot could: the engine relies on it. */
const MOST: Readonly<Record<string, bigint>> = {
  ZERO: 0n,
  CR: 0xfn,
  SO: 1n,
  OV: 1n,
  CA: 1n,
  OV32: 1n,
  CA32: 1n,
};
const WIDTH = { u8: 8, i32: 32, i64: 64, v128: 128 } as const;

const text = (value: bigint, slot: Slot): string =>
  slot.type === 'v128' ? `0x${value.toString(16)}` : hex0x(value);

/**
 * Registers as `"0x..."`, or an array of them where a slot has several elements.
 * @param slots which, default all architected ones
 */
export function saveRegisters(
  state: CpuState,
  slots: readonly Slot[] = ARCHITECTED,
): { readonly [name: string]: Json } {
  const out: Record<string, Json> = {};
  for (const slot of slots) {
    const values = Array.from({ length: slot.count }, (_, i) => text(state.read(slot, i), slot));
    out[slot.name] = slot.count === 1 ? values[0]! : values;
  }
  return out;
}

/**
 * Writes saved registers into a CPU.
 * @param where names the CPU for messages: `snapshot: cpus.0`
 * @throws UserError when a register is missing, unknown or too wide; then nothing has been written
 */
export function restoreRegisters(state: CpuState, saved: Json | undefined, where: string): void {
  readRegisters(state, new StateReader(where, saved), ARCHITECTED);
}

/** The same of some slots. */
export function readRegisters(state: CpuState, reader: StateReader, slots: readonly Slot[]): void {
  const values = slots.map((slot) => ({ slot, elements: readSlot(reader, slot) }));
  reader.done();
  for (const { slot, elements } of values) elements.forEach((value, i) => state.write(slot, i, value));
}

function readSlot(reader: StateReader, slot: Slot): bigint[] {
  const width = WIDTH[slot.type];
  const items = slot.count === 1 ? [reader.any(slot.name)] : reader.list(slot.name, slot.count);
  return items.map((item, i) => {
    const value = parseHex(item, width);
    const most = MOST[slot.name] ?? (1n << BigInt(width)) - 1n;
    if (value !== undefined && value <= most) return value;
    const name = slot.count === 1 ? slot.name : `${slot.name}[${i}]`;
    throw new UserError(
      `${reader.where}.${name}: expected "0x..." up to 0x${most.toString(16)}; the snapshot is damaged`,
    );
  });
}
