/**
 * Instructions with random operands and registers on the evaluator and on QEMU (qemu-user.ts): all registers afterwards
 * are compared, but for what a suite says that QEMU does otherwise. `BOOK3S_ONLY` is a pattern of the mnemonics to try,
 * `BOOK3S_SAMPLES` how many cases each instruction has.
 */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import { parseOperands } from '../../isa/extended/model';
import { FPSCR, FPSCR_BITS, FPSCR_ENABLES, FPSCR_EXCEPTIONS, FPSCR_INVALID } from '../../isa/registers/float';
import { effectsOfInstruction } from '../../isa/vocabulary/analysis';
import { extractField, insertField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import { atLeast, type Instruction } from '../../isa/vocabulary/row';
import { maskOf } from '../../src/core/bits';
import { arithmeticService } from './arithmetic-service';
import { evaluate, newMachine, type TestMachine } from './evaluate';
import { fieldOf, findInstruction } from './find-instruction';
import { qemuUserMissing, runOnQemu, type QemuUser, type UserBlock, type UserState } from './qemu-user';
import { SEED } from './random';
import { describeUnless } from './requirements';

const ONLY = new RegExp(process.env['BOOK3S_ONLY'] ?? '');
const SAMPLES = process.env['BOOK3S_SAMPLES'];
/** Blocks of one program of QEMU's. */
const BLOCKS_AT_ONCE = 1500;
/** How much of the cases of a suite is compared at least. */
const LEAST_COMPARED = 0.8;
/** Differences that are shown. */
const SHOWN = 40;

const LEVEL = { power9: 'v3.0C', power10: 'v3.1' } as const;
export type Cpu = keyof typeof LEVEL;
export type QemuMachine = QemuUser & { readonly cpu: Cpu };
const MACHINES = (['power9', 'power10'] as const).flatMap((cpu) =>
  (['little', 'big'] as const).map((byteOrder): QemuMachine => ({ cpu, byteOrder })),
);

/** An instruction and its operands. */
export interface Decoded {
  readonly instruction: Instruction;
  readonly image: bigint;
}
export interface Case extends UserBlock {
  readonly program: readonly Decoded[];
}
/** A block of one instruction. */
export interface Single extends Case, Decoded {}

/** What QEMU does otherwise. */
export interface Exceptions {
  /** Bits of the FPSCR that are not compared, by what an instruction did here. */
  readonly fpscr?: (c: Single, ours: TestMachine) => bigint;
  /** QEMU's registers as they should be. */
  readonly corrected?: (c: Single, theirs: UserState, ours: TestMachine) => UserState;
}

/** Instructions of a feature, how often each is tried and on what. */
export interface Suite extends Exceptions {
  readonly feature: Instruction['row']['feature'];
  /** Cases of each instruction. */
  readonly samples: number;
  readonly stateOf: (instruction: Instruction) => fc.Arbitrary<UserState>;
  /** Cases that cannot be compared. */
  readonly isLeftOut: (c: Single) => boolean;
  /** Rows of which none can. */
  readonly neverCompared?: readonly string[];
}

/** Instructions of a feature that a CPU has, without those that access storage or do nothing but for a cache. */
export const instructionsOf = (feature: Suite['feature'], cpu: Cpu): Instruction[] =>
  INSTRUCTIONS.filter((instruction) => {
    const { row, mnemonic } = instruction;
    const { reads, writes } = effectsOfInstruction(instruction);
    const isHere = row.feature === feature && atLeast(LEVEL[cpu], row.level) && ONLY.test(mnemonic);
    return isHere && !reads.storage && !writes.storage && !/^dst|^dss/.test(mnemonic);
  });

/** r31 is the harness's; r30 too in what it does before and after a block. */
const HARNESS_GPRS = 30n;
const GPR_FIELDS = ['RT', 'RA', 'RB', 'RC'];
/** An image with random operands, of which pairs begin with an even number. */
export function randomImage({ row, mask, match, size }: Instruction, random: bigint): bigint {
  return parseOperands(row.operands).reduce((image, { name }) => {
    const pieces = fieldBits(row.form, name);
    let value = extractField(random, size, pieces);
    if (GPR_FIELDS.includes(name) && value >= HARNESS_GPRS) value -= 2n;
    if (name.endsWith('p')) value &= ~1n;
    return image | (insertField(value, size, pieces) & ~mask);
  }, match);
}

export const word64 = fc.bigInt(0n, (1n << 64n) - 1n);
export const word32 = fc.bigInt(0n, (1n << 32n) - 1n);

/**
 * FPSCR without enabled exceptions, which would end the program, and NI, which QEMU has not. VX is that of the other
 * bits; with an exception there is FX: QEMU sets it again where one that is set already occurs, against Book I, 4.2.2.
 */
export function quietFpscr(random: bigint): bigint {
  const plain = random & FPSCR_BITS & ~(FPSCR_ENABLES | maskOf(FPSCR.FEX, FPSCR.VX, FPSCR.NI));
  const summary = (bits: bigint, bit: bigint): bigint => ((plain & bits) === 0n ? 0n : bit);
  return plain | summary(FPSCR_INVALID, FPSCR.VX.mask) | summary(FPSCR_EXCEPTIONS, FPSCR.FX.mask);
}

const wordsOf = ({ image, instruction: { size } }: Decoded): number[] =>
  size === 64 ? [Number(image >> 32n), Number(image & 0xffff_ffffn)] : [Number(image)];
export const caseOf = (program: readonly Decoded[], state: UserState): Case => ({
  program,
  state,
  words: program.flatMap(wordsOf),
});

/** The evaluator's machine at the beginning of a block. */
export function machineOf(state: UserState, byteOrder: QemuUser['byteOrder']): TestMachine {
  const modes = { sf: 1, le: byteOrder === 'little' ? 1 : 0, blockShift: 7, xerReserved: 0 };
  const machine = newMachine({ modes, service: arithmeticService });
  machine.gpr = [...state.gpr];
  machine.vsr = [...state.vsr];
  machine.cr = Array.from({ length: 8 }, (_, n) => Number((state.cr >> BigInt(28 - 4 * n)) & 15n));
  machine.resources.FPSCR = state.fpscr;
  machine.resources.VSCR = state.vscr;
  return machine;
}

/** The evaluator's machine after a block. @throws Error where that ends otherwise than after its last instruction */
export function runHere({ program, state }: Case, byteOrder: QemuUser['byteOrder']): TestMachine {
  const machine = machineOf(state, byteOrder);
  for (const { instruction, image } of program) {
    const outcome = evaluate(instruction, image, machine);
    if (outcome.kind !== 'next') throw new Error(`${instruction.mnemonic} ended with ${outcome.kind}`);
  }
  return machine;
}

const hex = (value: bigint): string => value.toString(16);

/** Registers that are not the same, with both values. */
function differences(ours: TestMachine, theirs: UserState, fpscrCompared: bigint): string[] {
  const pairs: [name: string, here: bigint, there: bigint][] = [
    ...ours.gpr.slice(0, Number(HARNESS_GPRS)).map((value, n): [string, bigint, bigint] => [`r${n}`, value, theirs.gpr[n]!]),
    ...ours.vsr.map((value, n): [string, bigint, bigint] => [`vs${n}`, value, theirs.vsr[n]!]),
    ['cr', ours.cr.reduce((word, field) => (word << 4n) | BigInt(field), 0n), theirs.cr],
    ['fpscr', ours.resources.FPSCR & fpscrCompared, theirs.fpscr & fpscrCompared],
    ['vscr', ours.resources.VSCR, theirs.vscr],
  ]; // prettier-ignore
  return pairs
    .filter(([, here, there]) => here !== there)
    .map(([name, here, there]) => `${name} is ${hex(here)}, QEMU ${hex(there)}`);
}

/** An instruction as a message has it, with the VSRs that it names. */
function shown({ instruction, image }: Decoded, { vsr }: UserState): string {
  const registers = parseOperands(instruction.row.operands)
    .filter(({ name }) => /^(X|FR|VR)[A-CTS]p?$/.test(name))
    .map(({ name }) => {
      const n = fieldOf(instruction, image, name) + (name.startsWith('V') ? 32 : 0);
      return ` ${name}=vs${n}=${hex(vsr[n]!)}`;
    });
  return `${instruction.mnemonic} ${hex(image)}${registers.join('')}`;
}

const isSingle = (c: Case): c is Single => 'instruction' in c;
/** Runs cases on QEMU and here; messages of those that differ. */
export function wrongOnes(cases: readonly Case[], machine: QemuUser, exceptions: Exceptions = {}): string[] {
  const check = (c: Case, left: UserState): string[] => {
    const ours = runHere(c, machine.byteOrder);
    if (!isSingle(c)) return differences(ours, left, ~0n);
    const { fpscr = () => 0n, corrected = () => left } = exceptions;
    return differences(ours, corrected(c, left, ours), ~fpscr(c, ours));
  };
  const found: string[] = [];
  for (let first = 0; first < cases.length; first += BLOCKS_AT_ONCE) {
    const part = cases.slice(first, first + BLOCKS_AT_ONCE);
    const results = runOnQemu(part, machine);
    part.forEach((c, i) => {
      const wrong = check(c, results[i]!);
      const program = c.program.map((d) => shown(d, c.state)).join(', ');
      if (wrong.length > 0) found.push(`${program} fpscr=${hex(c.state.fpscr)}: ${wrong.join('; ')}`);
    });
  }
  return found.slice(0, SHOWN);
}

const samplesOf = ({ samples }: Suite): number => Number(SAMPLES ?? samples);

/** Cases of every instruction of a suite by itself. */
function singlesOf(suite: Suite, cpu: Cpu): Single[] {
  const numRuns = samplesOf(suite);
  return instructionsOf(suite.feature, cpu).flatMap((instruction, n) =>
    fc
      .sample(fc.tuple(word64, suite.stateOf(instruction)), { numRuns, seed: SEED + n })
      .map(([random, state]): Single => {
        const decoded = { instruction, image: randomImage(instruction, random) };
        return { ...decoded, ...caseOf([decoded], state) };
      })
      .filter((c) => findInstruction(c.image, instruction.size) === instruction && !suite.isLeftOut(c)),
  );
}

/** A test on each machine of QEMU's. */
export function testOnQemu(name: string, body: (machine: QemuMachine) => void): void {
  describeUnless(qemuUserMissing(), `${name}, on QEMU`, () => {
    test.each(MACHINES)('$cpu, $byteOrder-endian', body);
  });
}

/** Tests that every instruction of a suite by itself does here what it does on QEMU. */
export function testEach(suite: Suite): void {
  testOnQemu(`every ${suite.feature} instruction by itself`, (machine) => {
    const cases = singlesOf(suite, machine.cpu);
    expect(wrongOnes(cases, machine, suite)).toEqual([]);
    const all = instructionsOf(suite.feature, machine.cpu).map(({ row }) => row.mnemonic);
    const done = new Set([
      ...cases.map(({ instruction }) => instruction.row.mnemonic),
      ...(suite.neverCompared ?? []),
    ]);
    expect(all.filter((mnemonic) => !done.has(mnemonic))).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(LEAST_COMPARED * samplesOf(suite) * all.length);
  });
}
