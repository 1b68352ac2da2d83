/** Vector (VMX) instructions without storage against QEMU: each by itself, and many after each other in blocks. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import { VSCR } from '../../isa/registers/vector';
import { effectsOfInstruction } from '../../isa/vocabulary/analysis';
import { parseOperands } from '../../isa/extended/model';
import { extractField, insertField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import { atLeast, type Instruction } from '../../isa/vocabulary/row';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { fieldOf } from '../support/find-instruction';
import {
  qemuUserMissing, runOnQemu, type QemuUser, type UserBlock, type UserState,
} from '../support/qemu-user'; // prettier-ignore
import { decimals, integers, singles } from '../support/vector-values';

const SEED = Number(process.env['BOOK3S_SEED'] ?? Date.now() % 1_000_000);
const SAMPLES = Number(process.env['BOOK3S_SAMPLES'] ?? 15);
const ONLY = new RegExp(process.env['BOOK3S_ONLY'] ?? '');
const BLOCKS = 400;
const BLOCK_LENGTH = 12;
const AT_ONCE = 1500;

const missing = qemuUserMissing();
const withQemu = missing ? describe.skip : describe;
if (missing) process.stderr.write(`VMX against QEMU skipped: ${missing}\n`);

const LEVEL = { power9: 'v3.0C', power10: 'v3.1' } as const;
type Cpu = keyof typeof LEVEL;
const instructionsOf = (cpu: Cpu): Instruction[] =>
  INSTRUCTIONS.filter((instruction) => {
    const { row, mnemonic } = instruction;
    const { reads, writes } = effectsOfInstruction(instruction);
    const isHere = row.feature === 'vector' && atLeast(LEVEL[cpu], row.level);
    return isHere && ONLY.test(mnemonic) && !reads.storage && !writes.storage && !/^(dss|dst)/.test(mnemonic);
  });

interface Decoded {
  readonly instruction: Instruction;
  readonly image: bigint;
}
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

const GPRS = ['RT', 'RA', 'RB', 'RC'];
/** Register 31 is the harness's; 30 too in what it does before and after. */
function imageOf({ row, match }: Instruction, random: bigint): bigint {
  let image = match;
  for (const { name } of parseOperands(row.operands)) {
    const pieces = fieldBits(row.form, name);
    const value = extractField(random, 32, pieces);
    image |= insertField(GPRS.includes(name) && value > 29n ? value - 2n : value, 32, pieces);
  }
  return image;
}

const word64 = fc.bigInt(0n, (1n << 64n) - 1n);
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
      cr: fc.bigInt(0n, 0xffff_ffffn),
      vscr: fc.constantFrom(0n, VSCR.NJ.mask, VSCR.SAT.mask, VSCR.NJ.mask | VSCR.SAT.mask),
    })
    .map((state) => ({ ...state, xer: 0n, fpscr: 0n }));

function machineOf(state: UserState, byteOrder: QemuUser['byteOrder']): TestMachine {
  const modes = { sf: 1, le: byteOrder === 'little' ? 1 : 0, blockShift: 7, xerReserved: 0 };
  const machine = newMachine({ modes });
  machine.gpr = [...state.gpr];
  machine.vsr = [...state.vsr];
  machine.cr = Array.from({ length: 8 }, (_, n) => Number((state.cr >> BigInt(28 - 4 * n)) & 15n));
  machine.resources.VSCR = state.vscr;
  return machine;
}

interface Case extends UserBlock {
  readonly program: readonly Decoded[];
}
/** A block of those instructions that can be compared where they stand. */
function caseOf(program: readonly Decoded[], state: UserState): Case {
  const machine = machineOf(state, 'little');
  const kept = program.filter((d) => {
    if (!isCompared(d, machine.vsr)) return false;
    evaluate(d.instruction, d.image, machine);
    return true;
  });
  return { state, program: kept, words: kept.map(({ image }) => Number(image)) };
}

function differences(
  { program, state }: Case,
  theirs: UserState,
  byteOrder: QemuUser['byteOrder'],
): string[] {
  const machine = machineOf(state, byteOrder);
  for (const { instruction, image } of program) {
    const outcome = evaluate(instruction, image, machine);
    if (outcome.kind !== 'next') return [`${instruction.mnemonic} ended with ${outcome.kind}`];
  }
  const out: string[] = [];
  const compare = (name: string, got: bigint, expected: bigint): void => {
    if (got !== expected) out.push(`${name} is ${got.toString(16)}, QEMU ${expected.toString(16)}`);
  };
  machine.gpr.forEach((value, n) => n < 30 && compare(`r${n}`, value, theirs.gpr[n]!));
  machine.vsr.forEach((value, n) => compare(`vs${n}`, value, theirs.vsr[n]!));
  compare('cr', machine.cr.reduce((word, f) => (word << 4n) | BigInt(f), 0n), theirs.cr); // prettier-ignore
  compare('vscr', machine.resources.VSCR, theirs.vscr);
  return out;
}

/** Runs cases on QEMU; texts of those that differ. */
function wrongOnes(cases: readonly Case[], machine: QemuUser): string[] {
  const found: string[] = [];
  for (let first = 0; first < cases.length; first += AT_ONCE) {
    const part = cases.slice(first, first + AT_ONCE);
    const results = runOnQemu(part, machine);
    part.forEach((c, i) => {
      const wrong = differences(c, results[i]!, machine.byteOrder);
      const text = c.program.map((d) => `${d.instruction.mnemonic} ${d.image.toString(16)}`).join(' ');
      if (wrong.length > 0) found.push(`${text}: ${wrong.join('; ')}`);
    });
  }
  return found;
}

const MACHINES: readonly (QemuUser & { cpu: Cpu })[] = (['power9', 'power10'] as const).flatMap((cpu) =>
  (['little', 'big'] as const).map((byteOrder) => ({ cpu, byteOrder })),
);

withQemu(`against QEMU (BOOK3S_SEED=${SEED})`, () => {
  test.each(MACHINES)('every vector instruction by itself, $cpu, $byteOrder-endian', (machine) => {
    const cases = instructionsOf(machine.cpu).flatMap((instruction, n) =>
      fc
        .sample(fc.tuple(word64, stateOf(instruction)), { numRuns: SAMPLES, seed: SEED + n })
        .map(([random, state]) => caseOf([{ instruction, image: imageOf(instruction, random) }], state)),
    );
    expect(wrongOnes(cases, machine).slice(0, 20)).toEqual([]);
    const compared = new Set(cases.flatMap(({ program }) => program.map((d) => d.instruction.row.mnemonic)));
    const left = instructionsOf(machine.cpu).map(({ row }) => row.mnemonic).filter((m) => !compared.has(m)); // prettier-ignore
    expect(left.filter((m) => !['vrldmi', 'vexptefp', 'bcdus.'].includes(m))).toEqual([]);
  });

  test.each(MACHINES)('blocks of vector instructions, $cpu, $byteOrder-endian', (machine) => {
    const all = instructionsOf(machine.cpu);
    const decoded = fc
      .tuple(fc.constantFrom(...all), word64)
      .map(([instruction, random]): Decoded => ({ instruction, image: imageOf(instruction, random) }));
    const program = fc.array(decoded, { minLength: BLOCK_LENGTH, maxLength: BLOCK_LENGTH });
    const cases = fc
      .sample(fc.tuple(program, stateOf()), { numRuns: BLOCKS, seed: SEED })
      .map(([list, state]) => caseOf(list, state));
    expect(wrongOnes(cases, machine).slice(0, 20)).toEqual([]);
    const ran = cases.reduce((sum, c) => sum + c.program.length, 0);
    expect(ran).toBeGreaterThan(BLOCKS * BLOCK_LENGTH * 0.8);
  });
});
