/** Every vector-scalar instruction without storage against QEMU: random operands, all registers, CR and FPSCR. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import { effectsOfInstruction } from '../../isa/vocabulary/analysis';
import { fieldBits } from '../../isa/vocabulary/forms';
import { insertField } from '../../isa/vocabulary/field-bits';
import { atLeast, type Instruction } from '../../isa/vocabulary/row';
import {
  FPSCR, FPSCR_BITS, FPSCR_ENABLES, FPSCR_EXCEPTIONS, FPSCR_INVALID, FPSCR_SUMMARIES,
} from '../../isa/registers/float'; // prettier-ignore
import { quadFloat } from '../../src/cpu/quad';
import { isInvalidForm } from '../../src/asm/row-facts';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { fieldOf, findInstruction } from '../support/find-instruction';
import { anyRegister } from '../support/format-values';
import {
  qemuUserMissing,
  runOnQemu,
  type QemuUser,
  type UserBlock,
  type UserState,
} from '../support/qemu-user';

const SEED = Number(process.env['BOOK3S_SEED'] ?? Date.now() % 1_000_000);
const SAMPLES = Number(process.env['BOOK3S_SAMPLES'] ?? 12);
const ONLY = process.env['BOOK3S_ONLY'] ? new RegExp(process.env['BOOK3S_ONLY']) : undefined;
const BLOCKS_PER_RUN = 1500;

const missing = qemuUserMissing();
const withQemu = missing ? describe.skip : describe;
if (missing) process.stderr.write(`VSX against QEMU skipped: ${missing}\n`);

const LEVEL = { power9: 'v3.0B', power10: 'v3.1' } as const;
type Cpu = keyof typeof LEVEL;

const has = (instruction: Instruction, cpu: Cpu): boolean => {
  const { reads, writes } = effectsOfInstruction(instruction);
  const { row } = instruction;
  if (ONLY && !ONLY.test(row.mnemonic)) return false;
  return row.feature === 'vsx' && atLeast(LEVEL[cpu], row.level) && !reads.storage && !writes.storage;
};

/** Registers that the harness has for itself. */
const OWN_GPRS = new Set([30, 31]);
const GPR_FIELDS = ['RT', 'RA', 'RB'] as const;

/** An image whose GPRs are not the harness's and whose form is valid. */
function imageWith(instruction: Instruction, random: bigint): bigint | undefined {
  const { row, mask, match, size } = instruction;
  let image = BigInt.asUintN(size, (random & ~mask) | match);
  const operands = row.operands.split(/[,()]/);
  let covered = mask;
  for (const name of operands.filter((n) => n !== ''))
    covered |= insertField((1n << BigInt(bitsOf(row, name))) - 1n, size, fieldBits(row.form, name));
  image &= covered;
  for (const name of GPR_FIELDS) {
    if (!operands.includes(name)) continue;
    const pieces = fieldBits(row.form, name);
    const all = insertField(31n, size, pieces);
    if ((image & all) > insertField(29n, size, pieces)) image &= ~insertField(2n, size, pieces);
  }
  return findInstruction(image, size) === instruction ? image : undefined;
}
const bitsOf = (row: Instruction['row'], name: string): number =>
  fieldBits(row.form, name).reduce((width, [from, to]) => width + to - from + 1, 0);

const wordsOf = (image: bigint, size: 32 | 64): number[] =>
  size === 64 ? [Number(image >> 32n), Number(image & 0xffff_ffffn)] : [Number(image)];

interface Case extends UserBlock {
  readonly instruction: Instruction;
  readonly image: bigint;
}

/** The exceptions that FX tells of, and the causes of VX. */
const EXCEPTIONS = FPSCR_EXCEPTIONS;
/**
 * FPSCR without enabled exceptions, which would end the program. The summaries are those of the other bits. FX is set
 * with any exception: QEMU sets it again where an exception that is set already occurs, against Book I, 4.2.2.
 */
const fpscrOf = (random: bigint): bigint => {
  const own = FPSCR_BITS & ~(FPSCR_ENABLES | FPSCR_SUMMARIES | FPSCR.NI.mask | FPSCR.DRN.mask);
  const plain = random & own;
  const summary = (bits: bigint, bit: bigint): bigint => ((plain & bits) === 0n ? 0n : bit);
  return plain | summary(FPSCR_INVALID, FPSCR.VX.mask) | summary(EXCEPTIONS, FPSCR.FX.mask);
};

const word64 = fc.bigInt(0n, (1n << 64n) - 1n);
const stateOf: fc.Arbitrary<UserState> = fc
  .record({
    gpr: fc.array(word64, { minLength: 32, maxLength: 32 }),
    vsr: fc.array(anyRegister, { minLength: 64, maxLength: 64 }),
    related: fc.array(fc.tuple(fc.nat(63), fc.nat(63), fc.bigInt(0n, 3n)), { minLength: 8, maxLength: 8 }),
    cr: fc.bigInt(0n, 0xffff_ffffn),
    fpscr: fc.oneof(word64, fc.bigInt(0n, 3n)),
  })
  .map(({ gpr, vsr, related, cr, fpscr }) => {
    // Equal and nearly equal operands.
    for (const [to, from, change] of related) vsr[to] = vsr[from]! ^ change;
    return { gpr, vsr, cr, xer: 0n, fpscr: fpscrOf(fpscr), vscr: 0n };
  });

/** QEMU negates before it rounds, where the architecture rounds first: the same where rounding is symmetrical. */
const isNegatedFirst = ({ mnemonic }: Instruction, { fpscr }: UserState): boolean =>
  /nm(add|sub)/.test(mnemonic) && (fpscr & 2n) !== 0n;

/** Of a NaN element after one out of range, QEMU makes the greatest integer. */
function hasNanElement(instruction: Instruction, image: bigint, { vsr }: UserState): boolean {
  if (!/^xvcv[sd]p[su]x/.test(instruction.mnemonic)) return false;
  const value = vsr[fieldOf(instruction, image, 'XB')]!;
  const [bits, infinity] = /^xvcvsp/.test(instruction.mnemonic) ? [32, 0xffn << 24n] : [64, 0x7ffn << 53n];
  return Array.from({ length: 128 / bits }, (_, n) =>
    BigInt.asUintN(bits, (value >> BigInt(n * bits)) << 1n),
  ).some((doubled) => doubled > infinity);
}

/** R=0 with RMC 1 and 2 is reserved; with RMC 3 QEMU takes RN 1 and 3 for other modes. */
const isOtherRounding = (instruction: Instruction, image: bigint, { fpscr }: UserState): boolean =>
  instruction.row.operands.endsWith('RMC') &&
  fieldOf(instruction, image, 'R') === 0 &&
  ([1, 2].includes(fieldOf(instruction, image, 'RMC')) ||
    (fieldOf(instruction, image, 'RMC') === 3 && (fpscr & 1n) === 1n));

/** Numbers that the single format has as denormalised ones match every mask in QEMU. */
function isTinySingle(instruction: Instruction, image: bigint, { vsr }: UserState): boolean {
  if (instruction.mnemonic !== 'xststdcsp') return false;
  const exponent = (vsr[fieldOf(instruction, image, 'XB')]! >> 116n) & 0x7ffn;
  return exponent > 0n && exponent < 897n;
}

/** What is not compared because QEMU 7.2 does something else than the architecture. */
const isLeftOut = (instruction: Instruction, image: bigint, state: UserState): boolean =>
  isNegatedFirst(instruction, state) ||
  hasNanElement(instruction, image, state) ||
  isOtherRounding(instruction, image, state) ||
  isTinySingle(instruction, image, state) ||
  isInvalidForm(instruction, image) ||
  // It does not round to odd.
  instruction.mnemonic === 'xsnmsubqpo';

function casesOf(cpu: Cpu): Case[] {
  const instructions = INSTRUCTIONS.filter((instruction) => has(instruction, cpu));
  return instructions.flatMap((instruction, n) =>
    fc.sample(fc.tuple(word64, stateOf), { numRuns: SAMPLES, seed: SEED + n }).flatMap(([random, state]) => {
      const image = imageWith(instruction, random);
      if (image === undefined || isLeftOut(instruction, image, state)) return [];
      return [{ instruction, image, state, words: wordsOf(image, instruction.size) }];
    }),
  );
}

function ours({ instruction, image, state }: Case, byteOrder: QemuUser['byteOrder']): TestMachine {
  const modes = { sf: 1, le: byteOrder === 'little' ? 1 : 0, blockShift: 7, xerReserved: 0 };
  const machine = newMachine({ modes, service: (_name, args) => quadFloat(args) });
  machine.gpr = [...state.gpr];
  machine.vsr = [...state.vsr];
  machine.cr = Array.from({ length: 8 }, (_, n) => Number((state.cr >> BigInt(28 - 4 * n)) & 15n));
  machine.resources.FPSCR = state.fpscr;
  const outcome = evaluate(instruction, image, machine);
  if (outcome.kind !== 'next') throw new Error(`${instruction.mnemonic} ended with ${outcome.kind}`);
  return machine;
}

const hex = (value: bigint): string => value.toString(16);
/** Bits of FPSCR in which QEMU 7.2 differs from the architecture, by the instruction and our FPSCR afterwards. */
function notCompared({ row: { mnemonic } }: Instruction, after: bigint, scalarResult: bigint): bigint {
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

/** The VSR that the instruction writes; the first where it writes none. */
const targetOf = ({ instruction, image }: Case): number =>
  instruction.row.operands.startsWith('XT,') ? fieldOf(instruction, image, 'XT') : 0;

function differences(c: Case, theirs: UserState, byteOrder: QemuUser['byteOrder']): string[] {
  const machine = ours(c, byteOrder);
  const out: string[] = [];
  const compare = (name: string, got: bigint, expected: bigint): void => {
    if (got !== expected) out.push(`${name} is ${hex(got)}, QEMU ${hex(expected)}`);
  };
  machine.gpr.forEach((value, n) => {
    if (!OWN_GPRS.has(n)) compare(`r${n}`, value, theirs.gpr[n]!);
  });
  machine.vsr.forEach((value, n) => compare(`vs${n}`, value, theirs.vsr[n]!));
  compare('cr', machine.cr.reduce((word, f) => (word << 4n) | BigInt(f), 0n), theirs.cr); // prettier-ignore
  const target = machine.vsr[targetOf(c)] ?? 0n;
  const compared = ~notCompared(c.instruction, machine.resources.FPSCR, target >> 64n);
  compare('fpscr', machine.resources.FPSCR & compared, theirs.fpscr & compared);
  return out;
}

/** The registers that an image names, for messages. */
function inputs({ instruction, image, state }: Case): string {
  const names = instruction.row.operands.split(/[,()]/).filter((n) => /^(X|VR)/.test(n));
  const show = (name: string): string => {
    const pieces = fieldBits(instruction.row.form, name);
    let n = 0;
    for (const [from, to] of pieces)
      n = (n << (to - from + 1)) | Number((image >> BigInt(instruction.size - 1 - to)) & ((1n << BigInt(to - from + 1)) - 1n)); // prettier-ignore
    return `${name}=${hex(state.vsr[name.startsWith('V') ? n + 32 : n]!)}`;
  };
  return `${hex(image)} ${names.map(show).join(' ')} fpscr=${hex(state.fpscr)}`;
}

const MACHINES = (['power9', 'power10'] as const).flatMap((cpu) =>
  (['little', 'big'] as const).map((byteOrder) => ({ cpu, byteOrder })),
);

withQemu(`against QEMU (BOOK3S_SEED=${SEED})`, () => {
  test.each(MACHINES)('vector-scalar instructions, $cpu, $byteOrder-endian', (machine) => {
    const cases = casesOf(machine.cpu);
    const found: string[] = [];
    for (let first = 0; first < cases.length; first += BLOCKS_PER_RUN) {
      const part = cases.slice(first, first + BLOCKS_PER_RUN);
      const results = runOnQemu(part, machine);
      part.forEach((c, i) => {
        const wrong = differences(c, results[i]!, machine.byteOrder);
        if (wrong.length > 0) found.push(`${c.instruction.mnemonic} ${inputs(c)}: ${wrong.join('; ')}`);
      });
    }
    expect(found.slice(0, 40)).toEqual([]);
    expect(cases.length).toBeGreaterThan(ONLY ? 0 : SAMPLES * 150);
  });
});
