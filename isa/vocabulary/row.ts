/**
 * A row: one instruction, stated once. From it come the decoder, disassembler, assembler, both engine tiers, the
 * cycle model's resources and the coverage page.
 */
import type { I32 } from './expr';
import { extractField, insertField } from './field-bits';
import { fieldBits, isPrefixed, type FormName } from './forms';
import { flatten, type Sem, type Stmt } from './stmt';

/** Levels of the architecture in order of age. */
export const ISA_LEVELS = [
  'P1', 'P2', 'PPC', 'v2.00', 'v2.01', 'v2.02', 'v2.03', 'v2.04', 'v2.05', 'v2.06', 'v2.07', 'v3.0', 'v3.0B',
  'v3.0C', 'v3.1', 'v3.1B',
] as const; // prettier-ignore
export type IsaLevel = (typeof ISA_LEVELS)[number];

export const atLeast = (level: IsaLevel, than: IsaLevel): boolean =>
  ISA_LEVELS.indexOf(level) >= ISA_LEVELS.indexOf(than);

/** Who may execute it: anybody, PR=0, HV=1 and PR=0, or ultravisor. */
export type Privilege = 'problem' | 'privileged' | 'hypervisor' | 'ultravisor';

/** Optional parts of the architecture that a CPU model has or lacks. */
export type Feature =
  | 'base'
  | 'string'
  | 'atomicMemory'
  | 'copyPaste'
  | 'hpt'
  | 'hash'
  | 'bhrb'
  | 'attn'
  | 'doorbell'
  | 'prefixed'
  | 'ebb'
  | 'ultravisor'
  | 'stop'
  | 'float'
  | 'vector'
  | 'vsx'
  | 'decimal';

/** Facilities that MSR or FSCR/HFSCR enable; an instruction of a disabled one raises its interrupt. */
export type Facility = 'FP' | 'VEC' | 'VSX' | 'TAR' | 'SCV' | 'PREFIX' | 'EBB' | 'BHRB' | 'MSGP' | 'STOP';

/** What the cycle model schedules an instruction as: unit and latency class. */
export type TimingClass =
  | 'alu'
  | 'count'
  | 'mul32'
  | 'mul64'
  | 'div'
  | 'bitPermute'
  /** Scalar floating-point: addition, conversion, estimates; moves and FPSCR; the others. */
  | 'float'
  | 'floatMove'
  | 'floatCompare'
  | 'floatMultiply'
  | 'floatMultiplyAdd'
  | 'floatDivide'
  | 'floatSquareRoot'
  /** VMX: simple integer operations, permutes, multiplies, divides, floating-point, AES and SHA, decimal (DFP too). */
  | 'vector'
  | 'vectorPermute'
  | 'vectorMultiply'
  | 'vectorDivide'
  | 'vectorFloat'
  | 'crypto'
  | 'vectorDecimal'
  | 'load'
  | 'store'
  | 'branch'
  | 'cr'
  | 'trap'
  | 'sprFast'
  | 'spr'
  | 'cache'
  | 'sync'
  | 'atomic'
  | 'tlb'
  | 'system';

/** Fields that make mnemonic variants of one row: `add add. addo addo.`, `b ba bl bla`, `dst dstt`. */
export type SuffixField = 'OE' | 'Rc' | 'AA' | 'LK' | 'T' | 'RO';
const SUFFIX_TEXT: Record<SuffixField, string> = { OE: 'o', Rc: '.', LK: 'l', AA: 'a', T: 't', RO: 'o' };
/** Order of the letters in the mnemonic. */
const SUFFIX_ORDER: readonly SuffixField[] = ['OE', 'RO', 'Rc', 'LK', 'AA', 'T'];

export interface RowProperties {
  /** First level of the architecture that has it. */
  readonly level: IsaLevel;
  /** Last level that has it, where it was removed. */
  readonly until?: IsaLevel;
  readonly feature?: Feature;
  readonly privilege?: Privilege;
  readonly facility?: Facility;
  readonly timing: TimingClass;
  /** Fields whose values make variants of the mnemonic. */
  readonly suffixes?: readonly SuffixField[];
  /** Condition over fields that makes the form invalid (an illegal instruction). */
  readonly invalid?: I32;
}

export interface InsnRow extends RowProperties {
  readonly mnemonic: string;
  readonly form: FormName;
  /** Fields with one value for the row, opcodes first. */
  readonly fixed: Readonly<Record<string, number>>;
  /** Operands in GNU syntax, by field name: `RT,D(RA)`. */
  readonly operands: string;
  readonly sem: readonly Stmt[];
}

/** Declares an instruction. `fixed` has every opcode field; bits that neither it nor `operands` covers are reserved. */
export function insn(
  mnemonic: string,
  form: FormName,
  fixed: Readonly<Record<string, number>>,
  operands: string,
  properties: RowProperties,
  sem: Sem,
): InsnRow {
  for (const name of Object.keys(fixed)) fieldBits(form, name);
  return { mnemonic, form, fixed, operands, ...properties, sem: flatten(sem) };
}

/** A row with one value for each suffix field: what is decoded, executed and printed. */
export interface Instruction {
  readonly row: InsnRow;
  /** `addo.` */
  readonly mnemonic: string;
  /** The row's fixed fields and the suffix fields. */
  readonly fixed: Readonly<Record<string, number>>;
  readonly size: 32 | 64;
  /** The image's fixed bits, and their values. */
  readonly mask: bigint;
  readonly match: bigint;
}

/** The variants of a row, plain one first. */
export function expand(row: InsnRow): Instruction[] {
  const size = isPrefixed(row.form) ? 64 : 32;
  const suffixes = SUFFIX_ORDER.filter((name) => row.suffixes?.includes(name));
  const out: Instruction[] = [];
  for (let choice = 0; choice < 1 << suffixes.length; choice++) {
    const fixed: Record<string, number> = { ...row.fixed };
    let mnemonic = row.mnemonic;
    suffixes.forEach((name, i) => {
      fixed[name] = (choice >> i) & 1;
      if (fixed[name]) mnemonic += SUFFIX_TEXT[name];
    });
    let mask = 0n;
    let match = 0n;
    for (const [name, value] of Object.entries(fixed)) {
      const pieces = fieldBits(row.form, name);
      mask |= insertField(extractField(-1n, size, pieces), size, pieces);
      match |= insertField(BigInt(value), size, pieces);
    }
    out.push({ row, mnemonic, fixed, size, mask, match });
  }
  return out;
}
