/** Every decimal instruction against QEMU: random operands in every rounding mode, all registers, CR and FPSCR. */
import fc from 'fast-check';
import type { Instruction } from '../../isa/vocabulary/row';
import { FPSCR } from '../../isa/registers/float';
import { isInvalidForm } from '../../src/asm/row-facts';
import {
  decode, encode, EXTENDED, isNan, LONG, SHORT, type Format, type Operand,
} from '../../src/cpu/decimal/format'; // prettier-ignore
import { decimalBits } from '../support/decimal-values';
import type { TestMachine } from '../support/evaluate';
import { fieldOf } from '../support/find-instruction';
import { quietFpscr, testEach, word32, word64, type Single } from '../support/qemu-compare';
import type { UserState } from '../support/qemu-user';

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

/** FI, which QEMU leaves where it is, is 0. */
const stateOf = (instruction: Instruction): fc.Arbitrary<UserState> =>
  fc
    .record({
      fprs: registersFor(instruction),
      low: word64,
      vrs: fc.array(fc.tuple(integer64, integer64), { minLength: 32, maxLength: 32 }),
      equal: fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { minLength: 3, maxLength: 3 }),
      cr: word32,
      fpscr: word64,
    })
    .map(({ fprs, low, vrs, equal, cr, fpscr }) => {
      const registers = [...fprs];
      for (const [to, from] of equal)
        registers.splice(2 * to, 2, registers[2 * from]!, registers[2 * from + 1]!);
      const vsr = [...registers.map((value) => (value << 64n) | low), ...vrs.map(([a, b]) => (a << 64n) | b)];
      return {
        gpr: new Array<bigint>(32).fill(0n),
        vsr,
        cr,
        xer: 0n,
        fpscr: quietFpscr(fpscr) & ~FPSCR.FI.mask,
        vscr: 0n,
      };
    });

/** The number in FRA or FRB, or undefined where the instruction has none. */
function operand(
  { instruction, image, state }: Single,
  start: 'FRA' | 'FRB',
): readonly [bigint, Format] | undefined {
  const name = instruction.row.operands.split(',').find((each) => each.startsWith(start));
  if (!name) return undefined;
  const n = fieldOf(instruction, image, name);
  const fpr = (at: number): bigint => state.vsr[at]! >> 64n;
  return name.endsWith('p') ? [(fpr(n) << 64n) | fpr(n + 1), EXTENDED] : [fpr(n), LONG];
}
/** What denbcd takes: digits, and a sign where S is 1. */
function areDigits(c: Single): boolean {
  const [bits] = operand(c, 'FRB')!;
  return (fieldOf(c.instruction, c.image, 'S1') ? /^\d*[a-f]$/ : /^\d+$/).test(bits.toString(16));
}
const isInfinityWithDigits = (x: Operand): boolean => x.kind === 'infinity' && x.coefficient !== 0n;

/** What is not compared because QEMU 7.2 does something else than the architecture. */
function isLeftOut(c: Single): boolean {
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

/** It leaves declets as they were where it makes infinities and NaNs by inserting exponents, and other bits of NaNs in long shifts. */
function makeCanonical({ instruction, image }: Single, fprs: bigint[]): void {
  if (!instruction.row.operands.startsWith('FRTp')) {
    const t = fieldOf(instruction, image, 'FRT');
    fprs[t] = encode(decode(fprs[t]!, LONG), LONG);
    return;
  }
  const t = fieldOf(instruction, image, 'FRTp');
  const whole = encode(decode((fprs[t]! << 64n) | fprs[t + 1]!, EXTENDED), EXTENDED);
  [fprs[t], fprs[t + 1]] = [whole >> 64n, BigInt.asUintN(64, whole)];
}

function corrected(c: Single, theirs: UserState, ours: TestMachine): UserState {
  const { mnemonic } = c.instruction.row;
  const fprs = theirs.vsr.slice(0, 32).map((value) => value >> 64n);
  if (mnemonic === 'drdpq') {
    // It has the result in the odd register. GCC, which knows real ones, takes it from the even one.
    const t = fieldOf(c.instruction, c.image, 'FRTp');
    [fprs[t], fprs[t + 1]] = [fprs[t + 1]!, fprs[t]!];
  }
  if (/^(diex|dsc[lr]i)q?$/.test(mnemonic)) makeCanonical(c, fprs);
  // Doubleword 1 of the VSRs that are FPRs is undefined before v3.1; QEMU leaves it as it was.
  const vsr = theirs.vsr.map((value, n) =>
    n < 32 ? (fprs[n]! << 64n) | BigInt.asUintN(64, ours.vsr[n]!) : value,
  );
  return { ...theirs, vsr };
}

testEach({
  feature: 'decimal',
  samples: 60,
  stateOf,
  isLeftOut,
  // It does not compute FR.
  fpscr: () => FPSCR.FR.mask,
  corrected,
});
