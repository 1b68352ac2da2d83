/**
 * What a device is to the machine: registers in a range of host real addresses, and state that a snapshot keeps.
 * Values on the bus are little-endian: the byte at the lowest address is the least significant one. The CPU reverses
 * them for a big-endian access; a device with big-endian registers reverses them itself.
 */
import type { Json } from '../../core/saved-state';

export type AccessSize = 1 | 2 | 4 | 8;

/** Registers, addressed from the start of their range. */
export interface Registers {
  /** The `size` bytes from `offset`, which lie in the device's range; 0 <= result < 2^(8*size). */
  read(offset: number, size: AccessSize): bigint;
  /** @param value 0 <= value < 2^(8*size) */
  write(offset: number, size: AccessSize, value: bigint): void;
}

/** State that goes into snapshots. */
export interface Snapshotable {
  /** All state, as JSON. */
  save(): Json;
  /**
   * Takes over saved state and brings outputs (interrupt lines) up to date. Registers and memory have been restored.
   * @param where names the state in messages: `end.snap: devices.uart0`
   * @throws UserError when it is not what `save` gives; a device then has not changed
   */
  restore(state: Json, where: string): void;
}

export interface Device extends Registers, Snapshotable {}

const BYTE = 8n;
const bits = (bytes: number): number => 8 * bytes;

/** `size` bytes from byte `at` of a little-endian register; bytes beyond the register are 0. */
export const extractBytes = (register: bigint, at: number, size: number): bigint =>
  BigInt.asUintN(bits(size), register >> (BYTE * BigInt(at)));

/** The little-endian register with `size` bytes from byte `at` replaced. */
export function insertBytes(register: bigint, at: number, size: number, value: bigint): bigint {
  const shift = BYTE * BigInt(at);
  const mask = BigInt.asUintN(bits(size), -1n) << shift;
  return (register & ~mask) | ((value << shift) & mask);
}

/** The `size` bytes of `value` in reverse order. */
export function reverseBytes(value: bigint, size: number): bigint {
  let out = 0n;
  for (let i = 0; i < size; i++) out = (out << BYTE) | extractBytes(value, i, 1);
  return out;
}
