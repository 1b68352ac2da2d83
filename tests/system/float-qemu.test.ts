/** Every scalar floating-point instruction without storage against QEMU: operands rich in what is special, all rounding modes. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import { FPSCR, FPSCR_BITS, FPSCR_ENABLES, FPSCR_EXCEPTIONS, FPSCR_INVALID } from '../../isa/registers/float';
import { FPRF_CLASS } from '../../isa/vocabulary/float-arithmetic';
import { effectsOfInstruction } from '../../isa/vocabulary/analysis';
import { fieldBits } from '../../isa/vocabulary/forms';
import { fieldWidth, insertField } from '../../isa/vocabulary/field-bits';
import type { Instruction } from '../../isa/vocabulary/row';
import { maskOf } from '../../src/core/bits';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { fieldOf, findInstruction } from '../support/find-instruction';
import { double, integer } from '../support/float-values';
import {
  qemuUserMissing, runOnQemu, type QemuUser, type UserBlock, type UserState,
} from '../support/qemu-user'; // prettier-ignore

const SEED = Number(process.env['BOOK3S_SEED'] ?? Date.now() % 1_000_000);
const SAMPLES = Number(process.env['BOOK3S_SAMPLES'] ?? 25);
const ONLY = process.env['BOOK3S_ONLY'] ? new RegExp(process.env['BOOK3S_ONLY']) : undefined;
const BLOCKS_PER_RUN = 1500;

const missing = qemuUserMissing();
const withQemu = missing ? describe.skip : describe;
if (missing) process.stderr.write(`floating-point against QEMU skipped: ${missing}\n`);

const TESTED = INSTRUCTIONS.filter((instruction) => {
  const { reads, writes } = effectsOfInstruction(instruction);
  const { feature } = instruction.row;
  if (ONLY && !ONLY.test(instruction.mnemonic)) return false;
  return feature === 'float' && !reads.storage && !writes.storage;
});

/** An image of an instruction: random operands, no reserved bits. */
function imageOf({ row, mask, match, size }: Instruction, random: bigint): bigint {
  const names = row.operands.split(',');
  const ones = (name: string): bigint => {
    const pieces = fieldBits(row.form, name);
    return insertField((1n << BigInt(fieldWidth(pieces))) - 1n, size, pieces);
  };
  const covered = names.reduce((bits, name) => bits | ones(name), mask);
  return ((random & ~mask) | match) & covered;
}

interface Case extends UserBlock {
  readonly instruction: Instruction;
  readonly image: bigint;
}

/**
 * FPSCR without enabled exceptions, which would end the program. With an exception there is FX: QEMU sets it where an
 * exception happens again.
 */
const fpscrOf = (random: bigint): bigint => {
  const enabled = FPSCR_ENABLES | maskOf(FPSCR.FEX, FPSCR.VX, FPSCR.NI, FPSCR.DRN);
  const plain = random & FPSCR_BITS & ~enabled;
  const summary = (plain & FPSCR_INVALID) === 0n ? 0n : FPSCR.VX.mask;
  return plain | summary | ((plain & FPSCR_EXCEPTIONS) === 0n ? 0n : FPSCR.FX.mask);
};

/** A double that is a single, as arithmetic on singles wants it. */
const single = double.map((x) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, x);
  const value = view.getFloat64(0);
  if (Number.isNaN(value)) return (x >> 29n) << 29n;
  view.setFloat64(0, Math.fround(value));
  return view.getBigUint64(0);
});
const word64 = fc.bigInt(0n, (1n << 64n) - 1n);
const registers = (value: fc.Arbitrary<bigint>): fc.Arbitrary<bigint[]> =>
  fc.array(value, { minLength: 32, maxLength: 32 });
const stateOf: fc.Arbitrary<UserState> = fc
  .record({
    fpr: fc.oneof(registers(double), registers(single), registers(fc.oneof(integer, double))),
    low: word64,
    related: fc.array(fc.tuple(fc.nat(31), fc.nat(31), fc.bigInt(0n, 3n), fc.nat(1)), { minLength: 12, maxLength: 12 }),
    cr: fc.bigInt(0n, 0xffff_ffffn),
    fpscr: fc.oneof(word64, fc.bigInt(0n, 3n)),
  })
  .map(({ fpr, low, related, cr, fpscr }) => {
    for (const [to, from, change, negate] of related) fpr[to] = fpr[from]! ^ change ^ (BigInt(negate) << 63n);
    const vsr = Array.from({ length: 64 }, (_, n) => (fpr[n % 32]! << 64n) | (low ^ BigInt(n >> 5)));
    return { gpr: Array<bigint>(32).fill(0n), vsr, cr, xer: 0n, fpscr: fpscrOf(fpscr), vscr: 0n };
  }); // prettier-ignore

const casesOf = (): Case[] =>
  TESTED.flatMap((instruction, n) =>
    fc.sample(fc.tuple(word64, stateOf), { numRuns: SAMPLES, seed: SEED + n }).flatMap(([random, state]) => {
      const image = imageOf(instruction, random);
      const c: Case = { instruction, image, state, words: [Number(image)] };
      return findInstruction(image) === instruction && !cannotCompare(c) ? [c] : [];
    }),
  );

function ours({ instruction, image, state }: Case, byteOrder: QemuUser['byteOrder']): TestMachine {
  const modes = { sf: 1, le: byteOrder === 'little' ? 1 : 0, blockShift: 7, xerReserved: 0 };
  const machine = newMachine({ modes });
  machine.vsr = [...state.vsr];
  machine.cr = Array.from({ length: 8 }, (_, n) => Number((state.cr >> BigInt(28 - 4 * n)) & 15n));
  machine.resources.FPSCR = state.fpscr;
  const outcome = evaluate(instruction, image, machine);
  if (outcome.kind !== 'next') throw new Error(`${instruction.mnemonic} ended with ${outcome.kind}`);
  return machine;
}

const hex = (value: bigint): string => value.toString(16);
const ALL = (1n << 64n) - 1n;
/** What QEMU 7.2 gets wrong, by the manual, or does not compute: bits of FPSCR that are not compared. */
function notCompared({ instruction }: Case, status: bigint): bigint {
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
function cannotCompare(c: Case): boolean {
  const { instruction, image, state } = c;
  const operand = (name: string): bigint => state.vsr[fieldOf(instruction, image, name)]! >> 64n;
  const { mnemonic } = instruction.row;
  // The estimate of the reciprocal of zero is infinity, not a half.
  if (/^fres?$/.test(mnemonic)) return BigInt.asUintN(63, operand('FRB')) === 0n;
  // It negates before it rounds.
  if (mnemonic.startsWith('fnm') && (state.fpscr & 3n) >= 2n) return true;
  // An enabled exception would end the program.
  return (ours(c, 'big').resources.FPSCR & FPSCR.FEX.mask) !== 0n;
}

function differences(c: Case, theirs: UserState, byteOrder: QemuUser['byteOrder']): string[] {
  const machine = ours(c, byteOrder);
  const out: string[] = [];
  const compare = (name: string, got: bigint, expected: bigint): void => {
    if (got !== expected) out.push(`${name} is ${hex(got)}, QEMU ${hex(expected)}`);
  };
  machine.vsr.forEach((value, n) => compare(`vs${n}`, value, theirs.vsr[n]!));
  compare('cr', machine.cr.reduce((word, f) => (word << 4n) | BigInt(f), 0n), theirs.cr); // prettier-ignore
  const compared = ALL & ~notCompared(c, machine.resources.FPSCR);
  compare('fpscr', machine.resources.FPSCR & compared, theirs.fpscr & compared);
  return out;
}

/** The registers that an image names, for messages. */
function inputs({ instruction, image, state }: Case): string {
  const names = instruction.row.operands.split(',').filter((n) => /^FR[ABC]$/.test(n));
  const shown = names.map((name) => `${name}=${hex(state.vsr[fieldOf(instruction, image, name)]! >> 64n)}`);
  return `${hex(image)} ${shown.join(' ')} fpscr=${hex(state.fpscr)}`;
}

withQemu(`against QEMU (BOOK3S_SEED=${SEED})`, () => {
  test.each([{ cpu: 'power9', byteOrder: 'little' }, { cpu: 'power10', byteOrder: 'big' }] as const)(
    'scalar floating-point, $cpu, $byteOrder-endian',
    (machine) => {
      const cases = casesOf();
      const found: string[] = [];
      for (let first = 0; first < cases.length; first += BLOCKS_PER_RUN) {
        const part = cases.slice(first, first + BLOCKS_PER_RUN);
        const results = runOnQemu(part, machine);
        part.forEach((c, i) => {
          const wrong = differences(c, results[i]!, machine.byteOrder);
          if (wrong.length > 0) found.push(`${c.instruction.mnemonic} ${inputs(c)}: ${wrong.join('; ')}`);
        });
      }
      process.stdout.write(`${cases.length} cases, ${found.length} differ\n`);
      expect(found.slice(0, Number(process.env["BOOK3S_SHOWN"] ?? 40))).toEqual([]);
      expect(cases.length).toBeGreaterThan(SAMPLES * TESTED.length * 0.9);
    },
  );
}); // prettier-ignore
