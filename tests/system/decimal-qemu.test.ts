/** Every decimal instruction against QEMU: random operands in every rounding mode, all registers, CR and FPSCR. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import { fieldBits } from '../../isa/vocabulary/forms';
import { fieldWidth, insertField } from '../../isa/vocabulary/field-bits';
import { atLeast, type Instruction } from '../../isa/vocabulary/row';
import {
  FPSCR, FPSCR_BITS, FPSCR_ENABLES, FPSCR_EXCEPTIONS, FPSCR_INVALID, FPSCR_SUMMARIES,
} from '../../isa/registers/float'; // prettier-ignore
import { isInvalidForm } from '../../src/asm/row-facts';
import { decimalFloat } from '../../src/cpu/decimal';
import {
  decode,
  encode,
  EXTENDED,
  isNan,
  LONG,
  SHORT,
  type Format,
  type Operand,
} from '../../src/cpu/decimal/format';
import { decimalBits } from '../support/decimal-values';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { fieldOf, findInstruction } from '../support/find-instruction';
import {
  qemuUserMissing,
  runOnQemu,
  type QemuUser,
  type UserBlock,
  type UserState,
} from '../support/qemu-user';

const SEED = Number(process.env['BOOK3S_SEED'] ?? Date.now() % 1_000_000);
const SAMPLES = Number(process.env['BOOK3S_SAMPLES'] ?? 60);
const ONLY = process.env['BOOK3S_ONLY'] ? new RegExp(process.env['BOOK3S_ONLY']) : undefined;
const BLOCKS_PER_RUN = 1500;

const missing = qemuUserMissing();
const withQemu = missing ? describe.skip : describe;
if (missing) process.stderr.write(`decimal instructions against QEMU skipped: ${missing}\n`);

const LEVEL = { power9: 'v3.0B', power10: 'v3.1' } as const;
type Cpu = keyof typeof LEVEL;
const has = ({ row }: Instruction, cpu: Cpu): boolean =>
  row.feature === 'decimal' && atLeast(LEVEL[cpu], row.level) && !(ONLY && !ONLY.test(row.mnemonic));

interface Case extends UserBlock {
  readonly instruction: Instruction;
  readonly image: bigint;
}

/** An image with random operands, of which pairs begin with an even number. */
function imageWith({ row, mask, match, size }: Instruction, random: bigint): bigint {
  let image = match;
  for (const name of row.operands.split(',')) {
    const pieces = fieldBits(row.form, name);
    const all = (1n << BigInt(fieldWidth(pieces))) - (name.endsWith('p') ? 2n : 1n);
    image |= random & insertField(all, size, pieces) & ~mask;
  }
  return image;
}

/** FPSCR without enabled exceptions, which would end the program. FI, which QEMU leaves where it is, is 0. */
const fpscrOf = (random: bigint): bigint => {
  const own = FPSCR_BITS & ~(FPSCR_ENABLES | FPSCR_SUMMARIES | FPSCR.NI.mask | FPSCR.FI.mask);
  const plain = random & own;
  const summary = (bits: bigint, bit: bigint): bigint => ((plain & bits) === 0n ? 0n : bit);
  return plain | summary(FPSCR_INVALID, FPSCR.VX.mask) | summary(FPSCR_EXCEPTIONS, FPSCR.FX.mask);
};

const word64 = fc.bigInt(0n, (1n << 64n) - 1n);
/** Numbers near the ends of the ranges of integers, and small ones. */
const integer64 = fc.oneof(word64, fc.bigInt(-12n, 12n).map((n) => BigInt.asUintN(64, n)), fc.bigInt(0n, 13000n)); // prettier-ignore
/** Digits and a sign or another digit. QEMU takes 0xA for a digit. */
const digits64 = fc
  .tuple(fc.bigInt(0n, 10n ** 15n - 1n), fc.constantFrom('0', '7', '9', 'b', 'c', 'd', 'e', 'f'))
  .map(([digits, last]) => BigInt(`0x${digits}${last}`));

/** Registers for an instruction: decimal numbers of its format, or what else it takes. */
function registersFor({ row: { mnemonic } }: Instruction): fc.Arbitrary<readonly bigint[]> {
  const isPairs = mnemonic.endsWith('q') && mnemonic !== 'dctqpq';
  const pair: fc.Arbitrary<readonly bigint[]> = isPairs
    ? decimalBits(EXTENDED).map((bits) => [bits >> 64n, BigInt.asUintN(64, bits)])
    : fc.tuple(decimalBits(LONG), decimalBits(LONG));
  const other: Readonly<Record<string, fc.Arbitrary<bigint>>> = {
    dctdp: decimalBits(SHORT), dcffix: integer64, dcffixq: integer64, dcffixqq: integer64, denbcd: digits64, denbcdq: digits64,
  }; // prettier-ignore
  const single = other[mnemonic];
  // The digits before the last sixteen are digits to the end.
  const plainDigits = fc.bigInt(0n, 10n ** 16n - 1n).map((n) => BigInt(`0x${n}`));
  const one =
    mnemonic === 'denbcdq' ? fc.tuple(plainDigits, digits64) : single ? fc.tuple(single, single) : pair;
  // Instructions that take an integer beside a number.
  const mixed = /^(diex|drrnd|dtstsf)q?$/.test(mnemonic)
    ? fc.oneof(one, one, fc.tuple(integer64, integer64))
    : one;
  return fc.array(mixed, { minLength: 16, maxLength: 16 }).map((pairs) => pairs.flat());
}

const stateFor = (instruction: Instruction): fc.Arbitrary<UserState> =>
  fc
    .record({
      fprs: registersFor(instruction),
      low: word64,
      vrs: fc.array(fc.tuple(integer64, integer64), { minLength: 32, maxLength: 32 }),
      equal: fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { minLength: 3, maxLength: 3 }),
      cr: fc.bigInt(0n, 0xffff_ffffn),
      fpscr: word64,
    })
    .map(({ fprs, low, vrs, equal, cr, fpscr }) => {
      const registers = [...fprs];
      for (const [to, from] of equal)
        registers.splice(2 * to, 2, registers[2 * from]!, registers[2 * from + 1]!);
      const vsr = [...registers.map((value) => (value << 64n) | low), ...vrs.map(([a, b]) => (a << 64n) | b)];
      return { gpr: new Array<bigint>(32).fill(0n), vsr, cr, xer: 0n, fpscr: fpscrOf(fpscr), vscr: 0n };
    });

/** The number in FRA or FRB, or undefined where the instruction has none. */
function operand(
  { instruction, image, state }: Case,
  start: 'FRA' | 'FRB',
): readonly [bigint, Format] | undefined {
  const name = instruction.row.operands.split(',').find((each) => each.startsWith(start));
  if (!name) return undefined;
  const n = fieldOf(instruction, image, name);
  const fpr = (at: number): bigint => state.vsr[at]! >> 64n;
  return name.endsWith('p') ? [(fpr(n) << 64n) | fpr(n + 1), EXTENDED] : [fpr(n), LONG];
}
/** What denbcd takes: digits, and a sign where S is 1. */
function areDigits(c: Case): boolean {
  const [bits] = operand(c, 'FRB')!;
  return (fieldOf(c.instruction, c.image, 'S1') ? /^\d*[a-f]$/ : /^\d+$/).test(bits.toString(16));
}
const isInfinityWithDigits = (x: Operand): boolean => x.kind === 'infinity' && x.coefficient !== 0n;

/** What is not compared because QEMU 7.2 does something else than the architecture. */
function isLeftOut(c: Case): boolean {
  const { mnemonic } = c.instruction.row;
  const operands = (['FRA', 'FRB'] as const).flatMap((name) => {
    const found = operand(c, name);
    return found ? [decode(...found)] : [];
  });
  // It forgets the digits of infinities.
  if (/^(ddedpd|dsc[lr]i|diex)q?$/.test(mnemonic) && operands.some(isInfinityWithDigits)) return true;
  // Of the digits of NaNs that do not fit it keeps some or none, and may take a NaN that signals for another.
  const fitting = { drsp: 10n ** 6n, drdpq: 10n ** 15n }[mnemonic];
  if (fitting && operands.some((x) => isNan(x) && x.coefficient >= fitting)) return true;
  // It tests NI and RN for the enable of invalid operations.
  if (/^(drrnd|denbcd)q?$/.test(mnemonic) && (c.state.fpscr & 7n) !== 0n) return true;
  // Where digits are none it does nothing.
  if (/^denbcdq?$/.test(mnemonic) && !areDigits(c)) return true;
  return isInvalidForm(c.instruction, c.image);
}

function casesOf(cpu: Cpu): Case[] {
  const instructions = INSTRUCTIONS.filter((instruction) => has(instruction, cpu));
  return instructions.flatMap((instruction, n) =>
    fc.sample(fc.tuple(word64, stateFor(instruction)), { numRuns: SAMPLES, seed: SEED + n }).flatMap(([random, state]) => {
      const image = imageWith(instruction, random);
      if (findInstruction(image, 32) !== instruction) throw new Error(`${instruction.mnemonic} is not what ${image} is`);
      const made = { instruction, image, state, words: [Number(image)] };
      return isLeftOut(made) ? [] : [made];
    }),
  ); // prettier-ignore
}

function ours({ instruction, image, state }: Case, byteOrder: QemuUser['byteOrder']): TestMachine {
  const modes = { sf: 1, le: byteOrder === 'little' ? 1 : 0, blockShift: 7, xerReserved: 0 };
  const machine = newMachine({ modes, service: (_name, args) => decimalFloat(args) });
  machine.vsr = [...state.vsr];
  machine.cr = Array.from({ length: 8 }, (_, n) => Number((state.cr >> BigInt(28 - 4 * n)) & 15n));
  machine.resources.FPSCR = state.fpscr;
  machine.resources.MSR = (1n << 25n) | (1n << 13n);
  const outcome = evaluate(instruction, image, machine);
  if (outcome.kind !== 'next') throw new Error(`${instruction.mnemonic} ended with ${outcome.kind}`);
  return machine;
}

/** It leaves declets as they were where it makes infinities and NaNs by inserting exponents, and other bits of NaNs in long shifts. */
function makeCanonical({ instruction, image }: Case, fprs: bigint[]): void {
  if (!instruction.row.operands.startsWith('FRTp')) {
    const t = fieldOf(instruction, image, 'FRT');
    fprs[t] = encode(decode(fprs[t]!, LONG), LONG);
    return;
  }
  const t = fieldOf(instruction, image, 'FRTp');
  const whole = encode(decode((fprs[t]! << 64n) | fprs[t + 1]!, EXTENDED), EXTENDED);
  [fprs[t], fprs[t + 1]] = [whole >> 64n, BigInt.asUintN(64, whole)];
}

const hex = (value: bigint): string => value.toString(16);
function differences(c: Case, theirs: UserState, byteOrder: QemuUser['byteOrder']): string[] {
  const machine = ours(c, byteOrder);
  const fprs = theirs.vsr.slice(0, 32).map((value) => value >> 64n);
  if (c.instruction.row.mnemonic === 'drdpq') {
    // It has the result in the odd register. GCC, which knows real ones, takes it from the even one.
    const t = fieldOf(c.instruction, c.image, 'FRTp');
    [fprs[t], fprs[t + 1]] = [fprs[t + 1]!, fprs[t]!];
  }
  if (/^(diex|dsc[lr]i)q?$/.test(c.instruction.row.mnemonic)) makeCanonical(c, fprs);
  const out: string[] = [];
  const compare = (name: string, got: bigint, expected: bigint): void => {
    if (got !== expected) out.push(`${name} is ${hex(got)}, QEMU ${hex(expected)}`);
  };
  // Doubleword 1 of the VSRs that are FPRs is undefined before v3.1; QEMU leaves it as it was.
  machine.vsr.forEach((value, n) => {
    if (n < 32) compare(`f${n}`, value >> 64n, fprs[n]!);
    else compare(`v${n - 32}`, value, theirs.vsr[n]!);
  });
  compare('cr', machine.cr.reduce((word, f) => (word << 4n) | BigInt(f), 0n), theirs.cr); // prettier-ignore
  // It does not compute FR.
  const compared = ~FPSCR.FR.mask;
  compare('fpscr', machine.resources.FPSCR & compared, theirs.fpscr & compared);
  return out;
}

const shown = (c: Case): string => {
  const operands = (['FRA', 'FRB'] as const).map((name) => operand(c, name));
  const texts = operands.map((found) => (found ? `${hex(found[0])} (${JSON.stringify(decode(...found), (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v))})` : '-')); // prettier-ignore
  return `${hex(c.image)} ${texts.join(' ')} fpscr=${hex(c.state.fpscr)}`;
};

const MACHINES = (['power9', 'power10'] as const).flatMap((cpu) =>
  (['little', 'big'] as const).map((byteOrder) => ({ cpu, byteOrder })),
);

withQemu(`against QEMU (BOOK3S_SEED=${SEED})`, () => {
  test.each(MACHINES)('decimal instructions, $cpu, $byteOrder-endian', (machine) => {
    const cases = casesOf(machine.cpu);
    const found: string[] = [];
    for (let first = 0; first < cases.length; first += BLOCKS_PER_RUN) {
      const part = cases.slice(first, first + BLOCKS_PER_RUN);
      const results = runOnQemu(part, machine);
      part.forEach((c, i) => {
        const wrong = differences(c, results[i]!, machine.byteOrder);
        if (wrong.length > 0) found.push(`${c.instruction.mnemonic} ${shown(c)}: ${wrong.join('; ')}`);
      });
    }
    expect(found.slice(0, 40)).toEqual([]);
    expect(cases.length).toBeGreaterThan(ONLY ? 0 : SAMPLES * 60);
  });
});
