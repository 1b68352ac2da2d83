/** Every vector-scalar instruction without storage against QEMU: random operands, all registers, CR and FPSCR. */
import fc from 'fast-check';
import { FPSCR } from '../../isa/registers/float';
import { isInvalidForm } from '../../src/asm/row-facts';
import type { TestMachine } from '../support/evaluate';
import { fieldOf } from '../support/find-instruction';
import { anyRegister } from '../support/format-values';
import { quietFpscr, testEach, word32, word64, type Single } from '../support/qemu-compare';
import type { UserState } from '../support/qemu-user';

const state: fc.Arbitrary<UserState> = fc
  .record({
    gpr: fc.array(word64, { minLength: 32, maxLength: 32 }),
    vsr: fc.array(anyRegister, { minLength: 64, maxLength: 64 }),
    related: fc.array(fc.tuple(fc.nat(63), fc.nat(63), fc.bigInt(0n, 3n)), { minLength: 8, maxLength: 8 }),
    cr: word32,
    fpscr: fc.oneof(word64, fc.bigInt(0n, 3n)),
  })
  .map(({ gpr, vsr, related, cr, fpscr }) => {
    // Equal and nearly equal operands.
    for (const [to, from, change] of related) vsr[to] = vsr[from]! ^ change;
    return { gpr, vsr, cr, xer: 0n, fpscr: quietFpscr(fpscr), vscr: 0n };
  });

/** QEMU negates before it rounds, where the architecture rounds first: the same where rounding is symmetrical. */
const isNegatedFirst = ({ instruction: { mnemonic }, state: { fpscr } }: Single): boolean =>
  /nm(add|sub)/.test(mnemonic) && (fpscr & 2n) !== 0n;

/** Of a NaN element after one out of range, QEMU makes the greatest integer. */
function hasNanElement({ instruction, image, state: { vsr } }: Single): boolean {
  if (!/^xvcv[sd]p[su]x/.test(instruction.mnemonic)) return false;
  const value = vsr[fieldOf(instruction, image, 'XB')]!;
  const [bits, infinity] = /^xvcvsp/.test(instruction.mnemonic) ? [32, 0xffn << 24n] : [64, 0x7ffn << 53n];
  return Array.from({ length: 128 / bits }, (_, n) =>
    BigInt.asUintN(bits, (value >> BigInt(n * bits)) << 1n),
  ).some((doubled) => doubled > infinity);
}

/** R=0 with RMC 1 and 2 is reserved; with RMC 3 QEMU takes RN 1 and 3 for other modes. */
const isOtherRounding = ({ instruction, image, state: { fpscr } }: Single): boolean =>
  instruction.row.operands.endsWith('RMC') &&
  fieldOf(instruction, image, 'R') === 0 &&
  ([1, 2].includes(fieldOf(instruction, image, 'RMC')) ||
    (fieldOf(instruction, image, 'RMC') === 3 && (fpscr & 1n) === 1n));

/** Numbers that the single format has as denormalised ones match every mask in QEMU. */
function isTinySingle({ instruction, image, state: { vsr } }: Single): boolean {
  if (instruction.mnemonic !== 'xststdcsp') return false;
  const exponent = (vsr[fieldOf(instruction, image, 'XB')]! >> 116n) & 0x7ffn;
  return exponent > 0n && exponent < 897n;
}

/** What is not compared because QEMU 7.2 does something else than the architecture. */
const isLeftOut = (c: Single): boolean =>
  isNegatedFirst(c) ||
  hasNanElement(c) ||
  isOtherRounding(c) ||
  isTinySingle(c) ||
  isInvalidForm(c.instruction, c.image) ||
  // It does not round to odd.
  c.instruction.mnemonic === 'xsnmsubqpo';

/** The VSR that the instruction writes; the first where it writes none. */
const targetOf = ({ instruction, image }: Single): number =>
  instruction.row.operands.startsWith('XT,') ? fieldOf(instruction, image, 'XT') : 0;

/** Bits of FPSCR in which QEMU 7.2 differs from the architecture, by the instruction and our FPSCR afterwards. */
function notCompared(c: Single, { resources, vsr }: TestMachine): bigint {
  const { mnemonic } = c.instruction.row;
  const after = resources.FPSCR;
  const scalarResult = vsr[targetOf(c)]! >> 64n;
  // It does not compute FR.
  let ignored = FPSCR.FR.mask;
  // An invalid operation of a vector clears FI.
  if (mnemonic.startsWith('xv')) ignored |= FPSCR.FI.mask;
  // Of overflow in one element and underflow in another it reports the former.
  if (mnemonic.startsWith('xv') && (after & FPSCR.OX.mask) !== 0n) ignored |= FPSCR.UX.mask;
  // Estimates of the reciprocal of zero do not set ZX; FX goes with it.
  if (/^x[sv](re|rsqrte)[sd]p/.test(mnemonic)) ignored |= FPSCR.ZX.mask | FPSCR.FX.mask;
  // It classes results of single precision as doubles: denormalised ones as normal, and not always as underflow.
  const isDenormalSingle = ((scalarResult >> 52n) & 0x7ffn) < 897n;
  if (/^xs.*sp$/.test(mnemonic) && isDenormalSingle)
    ignored |= (FPSCR.FPRF.mask & ~FPSCR.FPCC.mask) | FPSCR.UX.mask | FPSCR.FX.mask;
  return ignored;
}

testEach({
  feature: 'vsx',
  samples: 12,
  stateOf: () => state,
  isLeftOut,
  neverCompared: ['xsnmsubqpo'],
  fpscr: notCompared,
});
