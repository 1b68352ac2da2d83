/** Every scalar floating-point instruction without storage against QEMU: operands rich in what is special, all rounding modes. */
import fc from 'fast-check';
import { FPSCR } from '../../isa/registers/float';
import { FPRF_CLASS } from '../../isa/vocabulary/float-arithmetic';
import { maskOf } from '../../src/core/bits';
import type { TestMachine } from '../support/evaluate';
import { fieldOf } from '../support/find-instruction';
import { double, integer } from '../support/float-values';
import { quietFpscr, runHere, testEach, word32, word64, type Single } from '../support/qemu-compare';
import type { UserState } from '../support/qemu-user';

/** A double that is a single, as arithmetic on singles wants it. */
const single = double.map((x) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, x);
  const value = view.getFloat64(0);
  if (Number.isNaN(value)) return (x >> 29n) << 29n;
  view.setFloat64(0, Math.fround(value));
  return view.getBigUint64(0);
});
const registers = (value: fc.Arbitrary<bigint>): fc.Arbitrary<bigint[]> =>
  fc.array(value, { minLength: 32, maxLength: 32 });
const state: fc.Arbitrary<UserState> = fc
  .record({
    fpr: fc.oneof(registers(double), registers(single), registers(fc.oneof(integer, double))),
    low: word64,
    related: fc.array(fc.tuple(fc.nat(31), fc.nat(31), fc.bigInt(0n, 3n), fc.nat(1)), { minLength: 12, maxLength: 12 }),
    cr: word32,
    fpscr: fc.oneof(word64, fc.bigInt(0n, 3n)),
  })
  .map(({ fpr, low, related, cr, fpscr }) => {
    for (const [to, from, change, negate] of related) fpr[to] = fpr[from]! ^ change ^ (BigInt(negate) << 63n);
    const vsr = Array.from({ length: 64 }, (_, n) => (fpr[n % 32]! << 64n) | (low ^ BigInt(n >> 5)));
    return { gpr: Array<bigint>(32).fill(0n), vsr, cr, xer: 0n, fpscr: quietFpscr(fpscr), vscr: 0n };
  }); // prettier-ignore

/** What QEMU 7.2 gets wrong, by the manual, or does not compute: bits of FPSCR that are not compared. */
function notCompared({ instruction }: Single, { resources: { FPSCR: status } }: TestMachine): bigint {
  const { mnemonic, fixed } = instruction.row;
  // Nor has it NI.
  let mask = FPSCR.FR.mask | FPSCR.NI.mask;
  // A signalling addend counts beside infinity times zero.
  if (/^fn?m(add|sub)/.test(mnemonic) && status & FPSCR.VXIMZ.mask) mask |= FPSCR.VXSNAN.mask;
  // Comparisons leave FI and the class (an invalid one too) alone; conversions from unsigned integers, or to single, set it, and FPRF.
  if (/^fcmp/.test(mnemonic)) mask |= FPSCR.FI.mask | (FPSCR.FPRF.mask & ~FPSCR.FPCC.mask);
  if (/^fcfid./.test(mnemonic)) mask |= maskOf(FPSCR.FI, FPSCR.FPRF);
  // The class of a denormalised single.
  const fprf = (status & FPSCR.FPRF.mask) >> BigInt(FPSCR.FPRF.shift);
  const isDenormal =
    Number(fprf) === FPRF_CLASS.POSITIVE_DENORMAL || Number(fprf) === FPRF_CLASS.NEGATIVE_DENORMAL;
  if ((fixed['PO'] === 59 || mnemonic === 'frsp') && isDenormal) mask |= FPSCR.FPRF.mask;
  return mask;
}
/** True where QEMU 7.2 is wrong altogether, or the program would not go on. */
function cannotCompare(c: Single): boolean {
  const { instruction, image, state } = c;
  const operand = (name: string): bigint => state.vsr[fieldOf(instruction, image, name)]! >> 64n;
  const { mnemonic } = instruction.row;
  // The estimate of the reciprocal of zero is infinity, not a half.
  if (/^fres?$/.test(mnemonic)) return BigInt.asUintN(63, operand('FRB')) === 0n;
  // It negates before it rounds.
  if (mnemonic.startsWith('fnm') && (state.fpscr & 3n) >= 2n) return true;
  // An enabled exception would end the program.
  return (runHere(c, 'big').resources.FPSCR & FPSCR.FEX.mask) !== 0n;
}

testEach({
  feature: 'float',
  samples: 25,
  stateOf: () => state,
  isLeftOut: cannotCompare,
  fpscr: notCompared,
});
