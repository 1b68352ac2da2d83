/**
 * Loads and stores of a nested guest to addresses where L1 has no memory: emulated MMIO (Linux book3s_64_mmu_hv.c,
 * kvmppc_hv_emulate_mmio; emulate_loadstore.c). Fixed-point loads and stores of one register; what else there is gets
 * the machine check that the same access makes in L1.
 */
import { MSR } from '../../../isa/registers/msr';
import { fields, get } from '../../core/bits';
import { u64 } from '../../core/u64';
import type { Cpu } from '../../cpu/cpu';

const IMAGE = fields({ PO: [32, 37], RT: [38, 42], RA: [43, 47], DS_XO: [62, 63], X_XO: [53, 62] });
const X_FORM = 31;
const LD_FORM = 58;
const STD_FORM = 62;

type Bytes = 1 | 2 | 4 | 8;

/** One load or store. */
export interface MmioAccess {
  readonly store: boolean;
  readonly bytes: Bytes;
  readonly signed: boolean;
  /** The form that reverses bytes. */
  readonly reversed: boolean;
  /** RA becomes the effective address. */
  readonly update: boolean;
  readonly register: number;
  readonly base: number;
}

type Kind = Omit<MmioAccess, 'register' | 'base'>;
const plain = { signed: false, reversed: false, update: false };
const load = (bytes: Bytes, more: Partial<Kind> = {}): Kind => ({ ...plain, store: false, bytes, ...more });
const store = (bytes: Bytes, more: Partial<Kind> = {}): Kind => ({ ...plain, store: true, bytes, ...more });
const update = { update: true };
const reversed = { reversed: true };
const signed = { signed: true };

const D_FORMS: Readonly<Record<number, Kind>> = {
  32: load(4), 33: load(4, update), 34: load(1), 35: load(1, update), 36: store(4), 37: store(4, update),
  38: store(1), 39: store(1, update), 40: load(2), 41: load(2, update), 42: load(2, signed),
  43: load(2, { ...signed, ...update }), 44: store(2), 45: store(2, update),
}; // prettier-ignore
const X_FORMS: Readonly<Record<number, Kind>> = {
  21: load(8), 23: load(4), 53: load(8, update), 55: load(4, update), 87: load(1), 119: load(1, update),
  149: store(8), 151: store(4), 181: store(8, update), 183: store(4, update), 215: store(1), 247: store(1, update),
  279: load(2), 311: load(2, update), 341: load(4, signed), 343: load(2, signed), 407: store(2), 439: store(2, update),
  532: load(8, reversed), 534: load(4, reversed), 660: store(8, reversed), 662: store(4, reversed),
  790: load(2, reversed), 918: store(2, reversed),
}; // prettier-ignore
const LD_FORMS: readonly (Kind | undefined)[] = [load(8), load(8, update), load(4, signed)];
const STD_FORMS: readonly (Kind | undefined)[] = [store(8), store(8, update)];

const number = (image: bigint, f: (typeof IMAGE)[keyof typeof IMAGE]): number => Number(get(image, f));

/** The access that an instruction image is, or undefined. */
function decodeMmio(image: bigint): MmioAccess | undefined {
  const opcode = number(image, IMAGE.PO);
  const kind =
    opcode === X_FORM
      ? X_FORMS[number(image, IMAGE.X_XO)]
      : opcode === LD_FORM
        ? LD_FORMS[number(image, IMAGE.DS_XO)]
        : opcode === STD_FORM
          ? STD_FORMS[number(image, IMAGE.DS_XO)]
          : D_FORMS[opcode];
  return kind && { ...kind, register: number(image, IMAGE.RT), base: number(image, IMAGE.RA) };
}

/** A device access in L1's real address space: values are those of big-endian bytes. */
export interface MmioBus {
  /** @returns what a load gives; for a store anything but undefined. Undefined: nothing is there. */
  (gpa: bigint, access: { readonly bytes: Bytes; readonly store?: bigint }): bigint | undefined;
}

/** Performs the access and completes the instruction. @returns false: not such an instruction, or nothing is there */
export function performMmio(
  cpu: Cpu,
  bus: MmioBus,
  at: { gpa: bigint; ea: bigint; store: boolean },
): boolean {
  const access = decodeMmio(cpu.image);
  if (!access || access.store !== at.store || cpu.prefixed) return false;
  const { state } = cpu;
  const { bytes } = access;
  const little = cpu.inState(MSR.LE) !== access.reversed;
  if (access.store) {
    const value = BigInt.asUintN(8 * bytes, state.gpr(access.register));
    if (bus(at.gpa, { bytes, store: little ? reverse(value, bytes) : value }) === undefined) return false;
  } else {
    const read = bus(at.gpa, { bytes });
    if (read === undefined) return false;
    const value = little ? reverse(read, bytes) : read;
    state.setGpr(access.register, access.signed ? u64(BigInt.asIntN(8 * bytes, value)) : value);
  }
  if (access.update) state.setGpr(access.base, at.ea);
  return true;
}

function reverse(value: bigint, bytes: number): bigint {
  let result = 0n;
  for (let i = 0n; i < bytes; i++) result = (result << 8n) | ((value >> (8n * i)) & 0xffn);
  return result;
}
