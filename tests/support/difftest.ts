/**
 * Random instruction blocks with QEMU's results (`../shared/oracle/difftest`, its README has the format), run on the
 * evaluator. What the architecture leaves undefined is followed through a block bit by bit of registers, so that only
 * what really depends on it is not compared.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { effectsOfImage, type Effects, type RegisterRef } from '../../isa/vocabulary/analysis';
import type { ResourceName } from '../../isa/vocabulary/expr';
import type { Instruction } from '../../isa/vocabulary/row';
import { arithmeticService } from './arithmetic-service';
import { evaluate, newMachine, type Access, type TestMachine } from './evaluate';
import { fieldOf, findInstruction } from './find-instruction';

const MEMORY_BASE = 0x2000_0000n;

interface State {
  readonly r: readonly string[];
  readonly cr: string;
  readonly xer: string;
  readonly lr: string;
  readonly ctr: string;
  readonly v: readonly string[];
  readonly mem: string;
}
interface Block {
  readonly i: number;
  readonly s: number;
  readonly w: readonly string[];
  readonly m: readonly string[];
  readonly d: Readonly<Record<string, string>>;
}
export interface DiffTest {
  readonly endian: 'le' | 'be';
  readonly states: readonly State[];
  readonly blocks: readonly Block[];
}

/** The contents of a file. */
export function readDiffTest(file: string): DiffTest {
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n').map((l): unknown => JSON.parse(l)); // prettier-ignore
  const [header, ...rest] = lines;
  return {
    endian: (header as { endian: 'le' | 'be' }).endian,
    states: rest.slice(0, 32) as State[],
    blocks: rest.slice(32) as Block[],
  };
}

const hex = (digits: string): bigint => BigInt(`0x${digits || '0'}`);
const XER_PARTS: readonly [ResourceName, shift: bigint, mask: bigint][] = [
  ['SO', 31n, 1n],
  ['OV', 30n, 1n],
  ['CA', 29n, 1n],
  ['OV32', 19n, 1n],
  ['CA32', 18n, 1n],
  ['XERLOW', 0n, 0x1ff3_ffffn],
];
const xerOf = (m: TestMachine): bigint =>
  XER_PARTS.reduce((xer, [name, shift]) => xer | (m.resources[name] << shift), 0n);
const crOf = (m: TestMachine): bigint => m.cr.reduce((word, f) => (word << 4n) | BigInt(f), 0n);

function machineOf(state: State, endian: 'le' | 'be'): TestMachine {
  const machine = newMachine({
    modes: { sf: 1, le: endian === 'le' ? 1 : 0, blockShift: 7, xerReserved: 1 },
    service: arithmeticService,
  });
  machine.gpr = state.r.map(hex);
  machine.vsr = state.v.map(hex);
  machine.cr = [...state.cr.padStart(8, '0')].map((digit) => parseInt(digit, 16));
  for (const [name, shift, mask] of XER_PARTS) machine.resources[name] = (hex(state.xer) >> shift) & mask;
  machine.resources.LR = hex(state.lr);
  machine.resources.CTR = hex(state.ctr);
  Buffer.from(state.mem, 'hex').forEach((byte, i) => machine.storage.set(MEMORY_BASE + BigInt(i), byte));
  return machine;
}

const ALL = (1n << 64n) - 1n;
const HIGH = ALL << 32n;
const low32 = (value: bigint): bigint => value & 0xffff_ffffn;
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);
const fits = (value: bigint, bits: number): boolean => BigInt.asIntN(bits, value) === value;

/** True where a quotient does not exist or does not fit: by the manual, not by the rows. */
const NO_QUOTIENT: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  divw: (a, b) => low32(b) === 0n || !fits(s32(a) / s32(b), 32),
  divwu: (_, b) => low32(b) === 0n,
  divwe: (a, b) => low32(b) === 0n || !fits((s32(a) << 32n) / s32(b), 32),
  divweu: (a, b) => low32(b) === 0n || ((low32(a) << 32n) / low32(b)) >> 32n !== 0n,
  divd: (a, b) => b === 0n || !fits(s64(a) / s64(b), 64),
  divdu: (_, b) => b === 0n,
  divde: (a, b) => b === 0n || !fits((s64(a) << 64n) / s64(b), 64),
  divdeu: (a, b) => b === 0n || ((a << 64n) / b) >> 64n !== 0n,
  modsw: (a, b) => low32(b) === 0n || !fits(s32(a) / s32(b), 32),
  moduw: (_, b) => low32(b) === 0n,
  modsd: (a, b) => b === 0n || !fits(s64(a) / s64(b), 64),
  modud: (_, b) => b === 0n,
};
const HIGH_WORD_UNDEFINED = new Set(['mulhw', 'mulhwu', 'divw', 'divwu', 'divwe', 'divweu']);
const notDecimal = (value: bigint): boolean =>
  [24n, 32n + 24n].some((end) =>
    [4n, 8n, 12n, 16n, 20n, 24n].some((digit) => ((value >> (end - digit)) & 15n) > 9n),
  );

/** The bits of the target GPR that the architecture leaves undefined for these operands. */
function undefinedBits(instruction: Instruction, image: bigint, machine: TestMachine): bigint {
  const { mnemonic } = instruction.row;
  const operand = (name: string): bigint => machine.gpr[fieldOf(instruction, image, name)]!;
  if (mnemonic === 'cbcdtd') return notDecimal(operand('RS')) ? ALL : 0n;
  if (NO_QUOTIENT[mnemonic]?.(operand('RA'), operand('RB'))) return ALL;
  return HIGH_WORD_UNDEFINED.has(mnemonic) ? HIGH : 0n;
}

/**
 * QEMU 7.2 does not see the overflow of divde where only the sign bit is missing: the quotient's magnitude is 2^63 or
 * more but below 2^64. Then its OV, OV32, SO and CR0 are wrong too.
 */
const oracleMissesOverflow = (instruction: Instruction, image: bigint, machine: TestMachine): boolean => {
  if (instruction.row.mnemonic !== 'divde') return false;
  const operand = (name: string): bigint => s64(machine.gpr[fieldOf(instruction, image, name)]!);
  const [a, b] = [operand('RA'), operand('RB')];
  const size = (x: bigint): bigint => (x < 0n ? -x : x);
  return size(a) < size(b) && NO_QUOTIENT['divde']!(a, b);
};

/** What in a machine's state depends on something undefined: masks of bits, and storage bytes. */
class Undefined {
  readonly gpr = Array<bigint>(32).fill(0n);
  readonly cr = Array<bigint>(8).fill(0n);
  readonly resources = new Set<ResourceName>();
  readonly bytes = new Set<bigint>();
  /** By VSR: undefined bits of its 128. */
  readonly vsr = Array<bigint>(64).fill(0n);

  /** True where something that an instruction reads is undefined. */
  isRead({ reads }: Effects, accesses: readonly Access[]): boolean {
    return (
      reads.vsrs.some((ref) => this.vsr[numberOf(ref)] !== 0n) ||
      reads.gprs.some((ref) => this.gpr[numberOf(ref)] !== 0n) ||
      reads.crFields.some((ref) => this.cr[numberOf(ref)] !== 0n) ||
      [...reads.resources].some((name) => this.resources.has(name)) ||
      accesses.some((a) => a.kind === 'load' && bytesOf(a).some((ea) => this.bytes.has(ea)))
    );
  }

  /** Takes what an instruction wrote: undefined in `own` bits by itself, in all where it read something undefined. */
  written(
    { writes }: Effects,
    accesses: readonly Access[],
    { own, read }: { own: bigint; read: boolean },
  ): void {
    for (const ref of writes.vsrs) this.vsr[numberOf(ref)] = read ? (ALL << 64n) | ALL : own;
    for (const ref of writes.gprs) this.gpr[numberOf(ref)] = read ? ALL : own;
    // The copy of SO in CR0 is defined even where the result is not.
    for (const ref of writes.crFields) this.cr[numberOf(ref)] = read ? 0xfn : own ? 0xen : 0n;
    for (const name of writes.resources) mark(this.resources, name, read);
    for (const a of accesses) if (a.kind === 'store') for (const ea of bytesOf(a)) mark(this.bytes, ea, read);
  }
}

function mark<T>(set: Set<T>, member: T, present: boolean): void {
  if (present) set.add(member);
  else set.delete(member);
}
const bytesOf = (a: Access): bigint[] => [...Array(a.bytes).keys()].map((i) => a.ea + BigInt(i));
const numberOf = (ref: RegisterRef): number => {
  if (ref.by !== 'number') throw new Error('the image does not tell which register');
  return ref.number;
};

export interface BlockResult {
  /** Differences, as text; empty where all is equal. */
  readonly differences: readonly string[];
  /** Registers and bytes that were not compared, or not in all bits. */
  readonly skipped: number;
}

class BlockRun {
  private readonly machine: TestMachine;
  private readonly open = new Undefined();
  private readonly differences: string[] = [];
  private skipped = 0;

  constructor(
    private readonly state: State,
    private readonly block: Block,
    endian: 'le' | 'be',
  ) {
    this.machine = machineOf(state, endian);
  }

  run(instructions: readonly Decoded[]): BlockResult {
    for (const { instruction, image } of instructions) {
      const own = this.undefinedBy(instruction, image);
      const wrong = oracleMissesOverflow(instruction, image, this.machine);
      const outcome = evaluate(instruction, image, this.machine);
      if (outcome.kind !== 'next')
        return { differences: [`${instruction.mnemonic} ended with ${outcome.kind}`], skipped: 0 };
      const effects = effectsOfImage(instruction, image);
      const read = wrong || this.open.isRead(effects, outcome.accesses);
      this.open.written(effects, outcome.accesses, { own, read });
      this.machine.cia = outcome.nia;
    }
    this.compareRegisters();
    this.compareStorage();
    return { differences: this.differences, skipped: this.skipped };
  }

  private undefinedBy(instruction: Instruction, image: bigint): bigint {
    return undefinedBits(instruction, image, this.machine);
  }

  private check(name: string, got: bigint, initial: string, ignored: bigint): void {
    if (ignored) this.skipped++;
    const expected = hex(this.block.d[name] ?? initial);
    if ((got & ~ignored) !== (expected & ~ignored))
      this.differences.push(`${name} is ${got.toString(16)}, expected ${expected.toString(16)}`);
  }

  private compareRegisters(): void {
    const { machine, open, state } = this;
    machine.gpr.forEach((value, n) => {
      if (n !== 1 && n !== 13 && n !== 31) this.check(`r${n}`, value, state.r[n]!, open.gpr[n]!);
    });
    this.check(
      'cr',
      crOf(machine),
      state.cr,
      open.cr.reduce((mask, bits) => (mask << 4n) | bits, 0n),
    );
    const xer = XER_PARTS.filter(([name]) => open.resources.has(name));
    this.check(
      'xer',
      xerOf(machine),
      state.xer,
      xer.reduce((mask, [, at, bits]) => mask | (bits << at), 0n),
    );
    machine.vsr.forEach((value, n) => this.check(`v${n}`, value, state.v[n]!, open.vsr[n]!));
    this.check('lr', machine.resources.LR, state.lr, open.resources.has('LR') ? ALL : 0n);
    this.check('ctr', machine.resources.CTR, state.ctr, open.resources.has('CTR') ? ALL : 0n);
  }

  private compareStorage(): void {
    const expected = Buffer.from(this.state.mem, 'hex');
    for (const [key, bytes] of Object.entries(this.block.d))
      if (key.startsWith('m')) expected.set(Buffer.from(bytes, 'hex'), Number(key.slice(1)));
    expected.forEach((byte, i) => {
      const ea = MEMORY_BASE + BigInt(i);
      if (this.open.bytes.has(ea)) this.skipped++;
      else if (this.machine.storage.get(ea) !== byte)
        this.differences.push(`byte ${i} is ${this.machine.storage.get(ea)}, expected ${byte}`);
    });
  }
}

interface Decoded {
  readonly instruction: Instruction;
  readonly image: bigint;
}
const decode = (word: string): Decoded | undefined => {
  const instruction = findInstruction(hex(word));
  return instruction && { instruction, image: hex(word) };
};
const isFound = (d: Decoded | undefined): d is Decoded => d !== undefined;

/** What a run of blocks found. */
export interface Summary {
  ran: number;
  /** Mnemonics of the oracle in blocks that did not run because an instruction has no row, with their number. */
  readonly withoutRow: Map<string, number>;
  /** Registers and bytes not compared, or not in all bits, because the architecture leaves them undefined. */
  skipped: number;
  readonly differences: string[];
}

/** Runs every block whose instructions all have rows. */
export function runBlocks(test: DiffTest): Summary {
  const summary: Summary = { ran: 0, withoutRow: new Map(), skipped: 0, differences: [] };
  for (const block of test.blocks) {
    const decoded = block.w.map(decode);
    const missing = block.m.filter((_, i) => !decoded[i]);
    for (const name of missing) summary.withoutRow.set(name, (summary.withoutRow.get(name) ?? 0) + 1);
    if (!decoded.every(isFound)) continue;
    const result = new BlockRun(test.states[block.s]!, block, test.endian).run(decoded);
    summary.ran++;
    summary.skipped += result.skipped;
    for (const text of result.differences)
      summary.differences.push(`block ${block.i} (${block.m.join(' ')}; ${block.w.join(' ')}): ${text}`);
  }
  return summary;
}
