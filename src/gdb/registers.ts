/**
 * The registers of a CPU as gdb knows them: numbers, types, features and values. The first ones have the numbers and the
 * order that gdb expects of a 64-bit Power CPU without a description (gdb manual, appendix G.5.12, PowerPC Features);
 * every SPR that the model can read follows.
 */
import type { SprRow } from '../../isa/registers/spr';
import { MSR } from '../../isa/registers/msr';
import type { Cpu } from '../cpu/cpu';
import type { CpuModel } from '../cpu/models';
import { peekSpr, pokeSpr } from '../cpu/spr';
import { readXer, writeXerWord } from '../cpu/spr/registers';
import { loOf } from '../core/u64';

export interface Register {
  readonly name: string;
  /** As in the protocol. */
  readonly number: number;
  readonly bits: 32 | 64 | 128;
  /** Its type in target descriptions. */
  readonly type: string;
  readonly group?: string;
  readonly read: (cpu: Cpu) => bigint;
  /** False: it cannot be written. */
  readonly write: (cpu: Cpu, value: bigint) => boolean;
}

export interface Feature {
  readonly name: string;
  /** Types that its registers have, as elements of the description. */
  readonly types?: string;
  readonly registers: readonly Register[];
}

/** First numbers of groups of registers. */
const NUMBER = {
  gpr: 0, fpr: 32, pc: 64, msr: 65, cr: 66, lr: 67, ctr: 68, xer: 69, fpscr: 70,
  vr: 71, vscr: 103, vrsave: 104, vsh: 105, further: 137,
} as const; // prettier-ignore
/** The registers of `g` and `G`: the others are read one by one. */
export const G_REGISTERS = NUMBER.further;

const WORD = 0xffffffffn;
const DOUBLEWORD = 0xffffffffffffffffn;
const [FPRS, HALVES, VRS] = [32, 32, 32];

type Shape = Pick<Register, 'name' | 'number' | 'bits' | 'type'> & { readonly group?: string };

const register = (
  shape: Shape,
  read: Register['read'],
  write: (cpu: Cpu, value: bigint) => boolean | void,
): Register => ({
  ...shape,
  read,
  write: (cpu, value) => write(cpu, value) ?? true,
});

const many = (count: number, make: (n: number) => Register): Register[] => [...Array(count).keys()].map(make);

/** A register with a slot of its own. */
const slotted = (shape: Shape, slot: string): Register =>
  register(
    shape,
    ({ state }) => state.named(slot),
    ({ state }, value) => state.setNamed(slot, value),
  );

const spr = (shape: Shape, num: number): Register =>
  register(
    shape,
    (cpu) => peekSpr(cpu, num) ?? 0n,
    (cpu, value) => pokeSpr(cpu, num, value),
  );

function core(): Register[] {
  const { pc, msr, cr, lr, ctr, xer } = NUMBER;
  return [
    ...many(32, (n) =>
      register(
        { name: `r${n}`, number: NUMBER.gpr + n, bits: 64, type: 'uint64' },
        ({ state }) => state.gpr(n),
        ({ state }, value) => state.setGpr(n, value),
      ),
    ),
    register(
      { name: 'pc', number: pc, bits: 64, type: 'code_ptr' },
      (cpu) => cpu.nia,
      (cpu, value) => {
        cpu.nia = value;
      },
    ),
    register(
      { name: 'msr', number: msr, bits: 64, type: 'uint64' },
      (cpu) => cpu.msr,
      (cpu, value) => {
        cpu.msr = value;
      },
    ),
    register(
      { name: 'cr', number: cr, bits: 32, type: 'uint32' },
      ({ state }) => BigInt(state.cr),
      ({ state }, value) => {
        state.cr = Number(value);
      },
    ),
    slotted({ name: 'lr', number: lr, bits: 64, type: 'code_ptr' }, 'LR'),
    slotted({ name: 'ctr', number: ctr, bits: 64, type: 'uint64' }, 'CTR'),
    register({ name: 'xer', number: xer, bits: 32, type: 'uint32' }, readXer, (cpu, value) =>
      writeXerWord(cpu, loOf(value)),
    ),
  ];
}

const fpu = (): Register[] => [
  ...many(FPRS, (n) =>
    register(
      { name: `f${n}`, number: NUMBER.fpr + n, bits: 64, type: 'ieee_double' },
      ({ state }) => state.vsr(n)[0],
      ({ state }, value) => state.setVsr(n, value, state.vsr(n)[1]),
    ),
  ),
  slotted({ name: 'fpscr', number: NUMBER.fpscr, bits: 64, type: 'uint64', group: 'float' }, 'FPSCR'),
];

const altivec = (): Register[] => [
  ...many(VRS, (n) =>
    register(
      { name: `vr${n}`, number: NUMBER.vr + n, bits: 128, type: 'vec128' },
      ({ state }) => {
        const [dw0, dw1] = state.vsr(VRS + n);
        return (dw0 << 64n) | dw1;
      },
      ({ state }, value) => state.setVsr(VRS + n, value >> 64n, value & DOUBLEWORD),
    ),
  ),
  slotted({ name: 'vscr', number: NUMBER.vscr, bits: 32, type: 'uint32', group: 'vector' }, 'VSCR'),
  slotted({ name: 'vrsave', number: NUMBER.vrsave, bits: 32, type: 'uint32', group: 'vector' }, 'VRSAVE'),
];

/** Doubleword 1 of the VSRs whose doubleword 0 is an FPR. */
const vsx = (): Register[] =>
  many(HALVES, (n) =>
    register(
      { name: `vs${n}h`, number: NUMBER.vsh + n, bits: 64, type: 'uint64' },
      ({ state }) => state.vsr(n)[1],
      ({ state }, value) => state.setVsr(n, state.vsr(n)[0], value),
    ),
  );

const VEC128 = `
    <vector id="v4f" type="ieee_single" count="4"/>
    <vector id="v2d" type="ieee_double" count="2"/>
    <vector id="v16i8" type="int8" count="16"/>
    <vector id="v8i16" type="int16" count="8"/>
    <vector id="v4i32" type="int32" count="4"/>
    <union id="vec128">
      <field name="uint128" type="uint128"/>
      <field name="v4_float" type="v4f"/>
      <field name="v2_double" type="v2d"/>
      <field name="v4_int32" type="v4i32"/>
      <field name="v8_int16" type="v8i16"/>
      <field name="v16_int8" type="v16i8"/>
    </union>`;

/** Features of gdb's that are SPRs, with their numbers; a model has all of one or the feature is not there. */
const SPR_FEATURES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'org.gnu.gdb.power.ppr': { ppr: 896 },
  'org.gnu.gdb.power.dscr': { dscr: 17 },
  'org.gnu.gdb.power.tar': { tar: 815 },
  'org.gnu.gdb.power.ebb': { bescr: 806, ebbhr: 804, ebbrr: 805 },
  'org.gnu.gdb.power.linux.pmu': { mmcr0: 795, mmcr2: 785, siar: 796, sdar: 797, sier: 784 },
};

/** Names of the performance monitor's registers, which have numbers in the table of SPRs (Book III, 10.4). */
const PERFORMANCE: Readonly<Record<number, string>> = {
  786: 'mmcra', 787: 'pmc1', 788: 'pmc2', 789: 'pmc3', 790: 'pmc4', 791: 'pmc5', 792: 'pmc6', 798: 'mmcr1',
}; // prettier-ignore
/** They are registers of other features, or other numbers for the performance monitor. */
const elsewhere = ({ name }: SprRow): boolean => /^(?:XER|LR|CTR|VRSAVE|UPMU\d+)$/.test(name);

/** Every feature of a CPU model; numbers are by position. */
export function featuresOf(model: CpuModel): Feature[] {
  const { sprs } = model;
  let number: number = NUMBER.further;
  const readable = (num: number): boolean => sprs.has(num) && sprs.get(num)!.read !== 'none';
  const named = Object.entries(SPR_FEATURES)
    .filter(([, members]) => Object.values(members).every(readable))
    .map(([name, members]) => ({
      name,
      registers: Object.entries(members).map(([member, num]) =>
        spr({ name: member, number: number++, bits: 64, type: 'uint64' }, num),
      ),
    }));
  const known = new Set(Object.values(SPR_FEATURES).flatMap((members) => Object.values(members)));
  const rest = [...sprs.values()]
    .filter((row) => row.read !== 'none' && !elsewhere(row) && !known.has(row.num))
    .map((row) =>
      spr(
        {
          name: PERFORMANCE[row.num] ?? row.name.toLowerCase(),
          number: number++,
          bits: 64,
          type: 'uint64',
          group: 'spr',
        },
        row.num,
      ),
    );
  return [
    { name: 'org.gnu.gdb.power.core', registers: core() },
    { name: 'org.gnu.gdb.power.fpu', registers: fpu() },
    { name: 'org.gnu.gdb.power.altivec', types: VEC128, registers: altivec() },
    { name: 'org.gnu.gdb.power.vsx', registers: vsx() },
    ...named,
    { name: 'org.book3s.spr', registers: rest },
  ];
}

/** The order of a register's bytes. */
export type ByteOrder = 'big' | 'little';

/** That of a CPU's storage accesses now: QEMU's stub sends registers in it. */
export const currentOrder = (cpu: Cpu): ByteOrder => (cpu.inState(MSR.LE) ? 'little' : 'big');

export function registerBytes({ bits, read }: Register, cpu: Cpu, order: ByteOrder): Uint8Array {
  const value = bits === 32 ? read(cpu) & WORD : read(cpu);
  const bytes = Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex');
  return order === 'little' ? bytes.reverse() : bytes;
}

/** @param bytes as many as the register has; @returns false where it cannot be written */
export function setRegister(register: Register, cpu: Cpu, bytes: Uint8Array, order: ByteOrder): boolean {
  const big = Buffer.from(bytes);
  if (order === 'little') big.reverse();
  return register.write(cpu, BigInt(`0x${big.toString('hex')}`));
}
