/**
 * The hash of hashst and hashchk and what enables it (Power ISA v3.1B Book I, 3.3.17; Book III, 9.2). The digest is
 * made of four runs of a Simon-like cipher with 32-bit blocks and a 64-bit key; the run of lane 0 is Simon32/64 itself.
 */
import { DEXCR } from '../../../isa/registers/thread';
import { MSR } from '../../../isa/registers/msr';
import type { Field } from '../../core/bits';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { valueService, type Service } from './service';

const ROUNDS = 32;
const KEY_WORDS = 4;
/** Simon's constants: 2^16 - 4, and the sequence z0 of 62 bits, first bit first. */
const ROUND_CONSTANT = 0xfffc;
const Z0 = '11111010001001010110000111001101111101000100101011000011100110';

const rotateLeft16 = (value: number, by: number): number =>
  ((value << by) | ((value & 0xffff) >>> (16 - by))) & 0xffff;
const rotateRight16 = (value: number, by: number): number => rotateLeft16(value, 16 - by);

/** The round keys; word 0 of the key is its most significant one. */
function keySchedule(key: bigint): number[] {
  const keys = [48n, 32n, 16n, 0n].map((shift) => Number((key >> shift) & 0xffffn));
  for (let i = 0; i + KEY_WORDS < ROUNDS; i++) {
    const mixed = rotateRight16(keys[i + 3]!, 3) ^ keys[i + 1]!;
    keys.push(ROUND_CONSTANT ^ Number(Z0[i]) ^ keys[i]! ^ mixed ^ rotateRight16(mixed, 1));
  }
  return keys;
}

/** Each lane uses the keys of four rounds in an order of its own. */
const keyOfRound = (keys: readonly number[], round: number, lane: number): number =>
  keys[(round & -KEY_WORDS) + ((round + lane) % KEY_WORDS)]!;

/** One run of the cipher on 32 bits, the right half of the block in the upper 16. @param lane 0..3 */
export function simonLike(block: number, key: bigint, lane: number): number {
  const keys = keySchedule(key);
  let left = block & 0xffff;
  let right = block >>> 16;
  for (let round = 0; round < ROUNDS; round++) {
    const mixed = (rotateLeft16(left, 1) & rotateLeft16(left, 8)) ^ rotateLeft16(left, 2);
    [left, right] = [right ^ mixed ^ keyOfRound(keys, round, lane), left];
  }
  return ((right << 16) | left) >>> 0;
}

/** Byte n of a doubleword, 0 being the least significant. */
const byteOf = (value: bigint, n: number): bigint => (value >> BigInt(8 * n)) & 0xffn;

/**
 * Eight bytes in turn from RB upwards and from RA downwards: the first is byte `upwards` of RB, the second byte
 * `downwards` of RA.
 */
function interleave(ra: bigint, rb: bigint, from: { upwards: number; downwards: number }): bigint {
  let out = 0n;
  for (let i = 0; i < 4; i++)
    out = (out << 16n) | (byteOf(rb, from.upwards + i) << 8n) | byteOf(ra, from.downwards - i);
  return out;
}

/** The digest of RA and RB under a key. */
export function hashDigest(ra: bigint, rb: bigint, key: bigint): bigint {
  const high = interleave(ra, rb, { upwards: 0, downwards: 7 });
  const low = interleave(ra, rb, { upwards: 4, downwards: 3 });
  const run = (block: bigint, lane: number): bigint =>
    BigInt(simonLike(Number(block & 0xffffffffn), key, lane));
  const pair = (blocks: bigint, lane: number): bigint =>
    (run(blocks >> 32n, lane) << 32n) | run(blocks, lane + 1);
  return pair(high, 0) ^ pair(low, 2);
}

const DEXCR_AT = offsetOf('DEXCR');
const HDEXCR_AT = offsetOf('HDEXCR');

/** Bits of an aspect: for privileged states (hypervisor in HDEXCR), for problem state (enforced in HDEXCR). */
interface Aspect {
  readonly privileged: Field;
  readonly problem: Field;
}
const ASPECTS: readonly Aspect[] = [
  { privileged: DEXCR.PNH_NPHIE, problem: DEXCR.PRO_NPHIE },
  { privileged: DEXCR.PNH_PHIE, problem: DEXCR.PRO_PHIE },
];

/** HDEXCR alone decides in hypervisor state; elsewhere DEXCR does, or HDEXCR enforces it. */
function hashEnabled(cpu: Cpu): bigint {
  const { privileged, problem } = ASPECTS[cpu.argInt(0)]!;
  const { state } = cpu;
  const byState = cpu.inState(MSR.PR) ? problem : privileged;
  const enabled = cpu.hypervisorState
    ? state.has(HDEXCR_AT, privileged)
    : state.has(DEXCR_AT, byState) || state.has(HDEXCR_AT, problem);
  return enabled ? 1n : 0n;
}

export const HASH_SERVICES = {
  hashDigest: valueService((cpu) => hashDigest(cpu.arg(0), cpu.arg(1), cpu.arg(2))),
  hashEnabled: valueService(hashEnabled),
} as const satisfies Record<string, Service>;
