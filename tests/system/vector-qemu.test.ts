/** Vector (VMX) instructions without storage against QEMU: each by itself, and many after each other in blocks. */
import fc from 'fast-check';
import { VSCR } from '../../isa/registers/vector';
import type { Instruction } from '../../isa/vocabulary/row';
import { evaluate } from '../support/evaluate';
import { fieldOf } from '../support/find-instruction';
import {
  caseOf,
  instructionsOf,
  machineOf,
  randomImage,
  testEach,
  testOnQemu,
  word32,
  word64,
  wrongOnes,
  type Case,
  type Decoded,
} from '../support/qemu-compare';
import type { UserState } from '../support/qemu-user';
import { SEED } from '../support/random';
import { decimals, integers, singles } from '../support/vector-values';

const BLOCKS = 400;
const BLOCK_LENGTH = 12;

const field = ({ instruction, image }: Decoded, name: string): number => fieldOf(instruction, image, name);
const register = (d: Decoded, name: string, vsr: readonly bigint[]): bigint => vsr[field(d, name) + 32]!;

/** Nibbles above 9 among the digits before the sign. */
const isWrong = (value: bigint): boolean => /[a-f]/.test(value.toString(16).slice(0, -1));
const size = (value: bigint): bigint => (value < 0n ? -value : value);
/** True where a quotient of an extended dividend fits, by the manual. */
const fits = (d: Decoded, vsr: readonly bigint[], isSigned: boolean): boolean => {
  const [a, b] = ['VRA', 'VRB'].map((name) => register(d, name, vsr)) as [bigint, bigint];
  if (!isSigned) return a < b;
  const [x, y] = [BigInt.asIntN(128, a), BigInt.asIntN(128, b)];
  return y !== 0n && size(x) < size(y) / 2n;
};

type Exception = (d: Decoded, vsr: readonly bigint[]) => boolean;
/** What cannot be compared: where QEMU 7.2 is not as the manual says, or the manual says nothing. */
const NOT_COMPARED: Readonly<Record<string, Exception>> = {
  // Inserts nothing: what the mask leaves out becomes 0.
  vrldmi: () => true,
  // A series that is wrong for all but small numbers.
  vexptefp: () => true,
  // Quotients that do not fit.
  vdiveuq: (d, vsr) => !fits(d, vsr, false),
  vdivesq: (d, vsr) => !fits(d, vsr, true),
  // Every bit, or every "0th", is no form.
  vgnb: (d) => field(d, 'N') < 2,
  // Wrong digits are not seen before it is decided which magnitude is greater, and zeros may be negative or "greater".
  'bcdadd.': (d, vsr) =>
    [register(d, 'VRA', vsr), register(d, 'VRB', vsr)].some((v) => isWrong(v) || v < 16n),
  'bcdsub.': (d, vsr) =>
    [register(d, 'VRA', vsr), register(d, 'VRB', vsr)].some((v) => isWrong(v) || v < 16n),
  // The last digit is taken for a sign.
  'bcdus.': () => true,
  // Lengths from 2^15 - 1 on are negative.
  'bcdtrunc.': (d, vsr) => ((register(d, 'VRA', vsr) >> 64n) & 0xffffn) >= 0x7fffn,
  'bcdutrunc.': (d, vsr) => ((register(d, 'VRA', vsr) >> 64n) & 0xffffn) >= 0x8000n,
  // Only the digits that are converted are looked at.
  'bcdctn.': (d, vsr) => isWrong(register(d, 'VRB', vsr)),
  'bcdctz.': (d, vsr) => isWrong(register(d, 'VRB', vsr)),
  // VRB is looked at after VRT is written.
  'bcdctsq.': (d) => field(d, 'VRT') === field(d, 'VRB'),
  'bcdsetsgn.': (d) => field(d, 'VRT') === field(d, 'VRB'),
  'bcdcpsgn.': (d) => field(d, 'VRT') === field(d, 'VRB') || field(d, 'VRT') === field(d, 'VRA'),
};
const isCompared = (d: Decoded, vsr: readonly bigint[]): boolean =>
  NOT_COMPARED[d.instruction.mnemonic]?.(d, vsr) !== true;

const FLOAT = /fp\.?$|^vrfi|^vc[ft]/;
const valuesOf = (instruction?: Instruction): fc.Arbitrary<bigint> => {
  if (!instruction) return fc.oneof(integers, decimals, singles);
  return /^bcd/.test(instruction.mnemonic) ? decimals : FLOAT.test(instruction.mnemonic) ? singles : integers;
};
const stateOf = (instruction?: Instruction): fc.Arbitrary<UserState> =>
  fc
    .record({
      gpr: fc.array(fc.oneof(word64, fc.bigInt(0n, 31n)), { minLength: 32, maxLength: 32 }),
      vsr: fc.array(valuesOf(instruction), { minLength: 64, maxLength: 64 }),
      cr: word32,
      vscr: fc.constantFrom(0n, VSCR.NJ.mask, VSCR.SAT.mask, VSCR.NJ.mask | VSCR.SAT.mask),
    })
    .map((state) => ({ ...state, xer: 0n, fpscr: 0n }));

/** A block of those instructions that can be compared where they stand. */
function blockOf(program: readonly Decoded[], state: UserState): Case {
  const machine = machineOf(state, 'little');
  const kept = program.filter((d) => {
    if (!isCompared(d, machine.vsr)) return false;
    evaluate(d.instruction, d.image, machine);
    return true;
  });
  return caseOf(kept, state);
}

testEach({
  feature: 'vector',
  samples: 15,
  stateOf,
  isLeftOut: (c) => !isCompared(c, c.state.vsr),
  neverCompared: ['vrldmi', 'vexptefp', 'bcdus.'],
});

testOnQemu('blocks of vector instructions', (machine) => {
  const decoded = fc
    .tuple(fc.constantFrom(...instructionsOf('vector', machine.cpu)), word64)
    .map(([instruction, random]): Decoded => ({ instruction, image: randomImage(instruction, random) }));
  const program = fc.array(decoded, { minLength: BLOCK_LENGTH, maxLength: BLOCK_LENGTH });
  const cases = fc
    .sample(fc.tuple(program, stateOf()), { numRuns: BLOCKS, seed: SEED })
    .map(([list, state]) => blockOf(list, state));
  expect(wrongOnes(cases, machine)).toEqual([]);
  const ran = cases.reduce((sum, c) => sum + c.program.length, 0);
  expect(ran).toBeGreaterThan(BLOCKS * BLOCK_LENGTH * 0.8);
});
