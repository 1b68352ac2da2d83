/**
 * What the model knows of an instruction before it executes: what it waits for, what waits for it, and for how long.
 * Derived from its row (what it reads and writes) and the profile (how long that takes).
 */
import { SPR_ROWS } from '../../isa/registers/spr';
import { effectsOf, type RegisterRef, type StateUse } from '../../isa/vocabulary/analysis';
import { extractField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import type { Instruction, InsnRow, TimingClass } from '../../isa/vocabulary/row';
import { SERVICES, type ServiceName } from '../../isa/vocabulary/services';
import { SWITCH_KINDS } from '../state/layout';
import { CAUSE } from './causes';
import type { InstructionTiming, TimingProfile } from './profile';
import { RESOURCE, resourceOf } from './resources';
import { ticksOf } from './state';

/** A resource by number, or the register that a field of the instruction numbers. */
export type Ref =
  { readonly resource: number } | { readonly field: string; readonly base: number; readonly orZero: boolean };

export interface Write {
  readonly ref: Ref;
  /** Ticks from issue until it can be read, and the cause of waiting for it in the bits below. */
  readonly ready: number;
}

/** How the end of a branch is predicted. */
export type BranchKind = 'always' | 'conditional' | 'indirect';

export interface DivideKind {
  readonly bits: 32 | 64;
  readonly signed: boolean;
  readonly extended: boolean;
  readonly remainder: boolean;
}

/** What all instructions have in common that one handler executes. */
export interface Template {
  readonly row: InsnRow;
  readonly reads: readonly Ref[];
  readonly writes: readonly Write[];
  /** Ticks until the next one can issue, and what they are booked under beyond one slot. */
  readonly interval: number;
  readonly cause: number;
  /** Ticks until its result can be read. */
  readonly latency: number;
  /** Ticks after which it has completed. */
  readonly completes: number;
  readonly serialises: boolean;
  /** It is decoded as two instructions. */
  readonly twoParts: boolean;
  /** It waits for refills of the data cache and for stores. */
  readonly drains: boolean;
  readonly refetches: boolean;
  readonly branch: BranchKind | undefined;
  readonly divide: DivideKind | undefined;
  readonly storage: 'load' | 'store' | undefined;
  /** Its own effect on the structures of the model. */
  readonly drops: 'translations' | 'instructions' | undefined;
}

/** An instruction with its registers. */
export interface Schedule extends Omit<Template, 'reads' | 'writes'> {
  readonly reads: readonly number[];
  readonly writes: readonly { readonly resource: number; readonly ready: number }[];
  readonly mnemonic: string;
  /** GPRs of dividend and divisor. */
  readonly operands: readonly [number, number];
}

const CLASS_CAUSE: Readonly<Partial<Record<TimingClass, number>>> = {
  mul32: CAUSE.multiplyDivide,
  mul64: CAUSE.multiplyDivide,
  div: CAUSE.multiplyDivide,
  bitPermute: CAUSE.multiplyDivide,
  load: CAUSE.loadUse,
  atomic: CAUSE.loadUse,
  cache: CAUSE.storageUnit,
  tlb: CAUSE.storageUnit,
  sync: CAUSE.serialisation,
  spr: CAUSE.serialisation,
  system: CAUSE.serialisation,
};

const sprNames = new Map(SPR_ROWS.map(({ num, name }) => [num, name]));
/** The field of mfspr and mtspr. */
const SPR_FIELD = 'SPR';

const movesSpr = ({ mnemonic }: InsnRow): boolean => mnemonic === 'mfspr' || mnemonic === 'mtspr';

/** Name of the special register that an instruction moves, where its image says so. */
export function sprOf({ row, size, fixed }: Instruction, image?: bigint): string | undefined {
  if (!movesSpr(row)) return undefined;
  const number =
    fixed[SPR_FIELD] ??
    (image === undefined ? undefined : Number(extractField(image, size, fieldBits(row.form, SPR_FIELD))));
  return number === undefined ? undefined : (sprNames.get(number) ?? String(number));
}

export function timingOf(
  profile: TimingProfile,
  { row, mnemonic }: Instruction,
  spr?: string,
): InstructionTiming {
  const { instructions, classes } = profile;
  return (
    (spr === undefined ? undefined : instructions[`${row.mnemonic}:${spr}`]) ??
    instructions[mnemonic] ??
    instructions[row.mnemonic] ??
    classes[row.timing]
  );
}

const DIVIDE = /^(div|mod)(s|)(w|d)(e|)(u|)|^mod([su])([wd])/;

/** From the mnemonic: `divweu`, `modsd`... */
function divideKind({ mnemonic, timing }: InsnRow): DivideKind | undefined {
  if (timing !== 'div' || !DIVIDE.test(mnemonic)) return undefined;
  const remainder = mnemonic.startsWith('mod');
  const rest = mnemonic.slice(3);
  return {
    remainder,
    bits: rest.includes('w') ? 32 : 64,
    signed: remainder ? rest.startsWith('s') : !rest.endsWith('u'),
    extended: !remainder && rest.includes('e'),
  };
}

function branchKind({ mnemonic, timing }: InsnRow): BranchKind | undefined {
  if (timing !== 'branch') return undefined;
  if (mnemonic === 'b') return 'always';
  return mnemonic === 'bc' ? 'conditional' : 'indirect';
}

function registers(use: StateUse): Ref[] {
  const refs: Ref[] = [];
  const add = (base: number) => (ref: RegisterRef) => {
    if (ref.by === 'number') refs.push({ resource: base + ref.number });
    else if (ref.by === 'field') refs.push({ field: ref.field, base: base + ref.plus, orZero: ref.orZero });
    // A register that only execution tells: whoever wants to be exact asks with the image.
  };
  use.gprs.forEach(add(0));
  use.vsrs.forEach(add(RESOURCE.VSR));
  return refs;
}

function named(use: StateUse): number[] {
  const out = new Set<number>();
  if (use.crFields.length > 0) out.add(RESOURCE.CR);
  for (const name of use.resources) out.add(resourceOf(name));
  out.delete(RESOURCE.OTHER);
  return [...out];
}

/** True where the row loads or stores and writes the address back. */
const updates = (row: InsnRow): boolean =>
  (row.timing === 'load' || row.timing === 'store') && /^(p?l|st)\w*u(x?)$/.test(row.mnemonic);

/** True with Rc=1, and for instructions that always set CR0 from their result: the mnemonic says it. */
const recordsResult = ({ row, fixed }: Instruction): boolean =>
  fixed['Rc'] === 1 || row.mnemonic.endsWith('.');

/** Whether only instructions with Rc=1 wait for each other's CR0: where CR is not written as a whole anyway. */
const recordsAlone = (
  { core }: TimingProfile,
  fixed: Readonly<Record<string, number>>,
  { record }: InstructionTiming,
): boolean => !core.wholeFlags && fixed['Rc'] === 1 && record !== undefined;

/** The writes of an instruction with their latencies. */
function writesOf(profile: TimingProfile, use: StateUse, insn: Instruction, t: InstructionTiming): Write[] {
  const cause = CLASS_CAUSE[insn.row.timing] ?? CAUSE.dependencies;
  const at = (cycles: number, why = cause): number => ticksOf(cycles) + why;
  const out: Write[] = registers(use).map((ref) => {
    const isBase = updates(insn.row) && 'field' in ref && ref.field === 'RA';
    return { ref, ready: at(t.latency + (isBase ? (t.update ?? 0) : 0)) };
  });
  const records = recordsResult(insn);
  for (const resource of named(use)) {
    let latency = t.latency;
    if (resource === RESOURCE.CR && records) latency += t.record ?? 0;
    if (resource === RESOURCE.OVERFLOW && insn.fixed['OE'] === 1) latency += t.overflow ?? 0;
    out.push({ ref: { resource }, ready: at(latency) });
  }
  if (recordsAlone(profile, insn.fixed, t))
    out.push({ ref: { resource: RESOURCE.RECORD }, ready: at(t.latency + (t.record ?? 0)) });
  return out;
}

function storageOf({ row }: Instruction, reads: StateUse, writes: StateUse): 'load' | 'store' | undefined {
  if (writes.storage) return 'store';
  if (reads.storage) return 'load';
  return row.timing === 'load' ? 'load' : row.timing === 'store' ? 'store' : undefined;
}

/**
 * True where the template of a handler says all that there is to know: no service is involved, which executes in
 * TypeScript, and every register is numbered by a field. A special register that is known is moved in the same time
 * whether a service does it or not, and so is MSR switched.
 */
export function isRegular({ row }: Instruction, fixed: Readonly<Record<string, number>>): boolean {
  const { services, reads, writes } = effectsOf(row.sem, (name) => fixed[name]);
  const computed = (use: StateUse): boolean => [...use.gprs, ...use.vsrs].some(({ by }) => by === 'computed');
  const moves = fixed[SPR_FIELD] !== undefined && movesSpr(row);
  const served = !moves && [...services].some((name) => !isOrder(name) && !SWITCHES.has(name));
  return !served && !computed(reads) && !computed(writes);
}

/** Services that switch MSR and read no register but what their instruction names. */
const SWITCHES: ReadonlySet<ServiceName> = new Set(SWITCH_KINDS);
const isOrder = (name: ServiceName): boolean => (SERVICES[name] as { ordersOnly?: true }).ordersOnly === true;

/** A divide as if its operands were trivial: what the others take more is added when they are known. */
function trivialDivide({ divide: { trivial } }: TimingProfile, t: InstructionTiming): InstructionTiming {
  return { ...t, latency: trivial, interval: Math.max(1, trivial + t.interval - t.latency) };
}

/** Flags that are written as a whole, of which an instruction writes a part: it waits for the others. */
function wholeFlags({ core }: TimingProfile, written: readonly number[]): number[] {
  if (!core.wholeFlags) return [];
  const out = written.includes(RESOURCE.CR) ? [RESOURCE.CR] : [];
  return written.includes(RESOURCE.CARRY) ? [...out, RESOURCE.OVERFLOW] : out;
}

/**
 * The template of a handler.
 *
 * @param fixed fields that are known, as the engine's handlers have them
 * @param image where given, all fields are known
 */
export function templateOf(
  profile: TimingProfile,
  instruction: Instruction,
  fixed: Readonly<Record<string, number>>,
  image?: bigint,
): Template {
  const { row, size } = instruction;
  const known = { ...instruction, fixed };
  const field = (name: string): number | undefined =>
    image === undefined ? fixed[name] : Number(extractField(image, size, fieldBits(row.form, name)));
  const { reads, writes } = effectsOf(row.sem, field);
  const spr = sprOf(known, image);
  const divide = divideKind(row);
  const t = divide ? trivialDivide(profile, timingOf(profile, known)) : timingOf(profile, known, spr);
  if (image === undefined && !isRegular(instruction, fixed))
    throw new Error(`${row.mnemonic} has no template`);
  const storage = storageOf(instruction, reads, writes);
  const flags = new Set([...named(reads), ...wholeFlags(profile, named(writes))]);
  const waits: Ref[] = [...registers(reads), ...[...flags].map((resource) => ({ resource }))];
  if (recordsAlone(profile, fixed, t)) waits.push({ resource: RESOURCE.RECORD });
  // Behind a change of the stream nothing may be outstanding that can still interrupt, or that looks at the context.
  if (storage && (profile.core.issueWidth > 1 || !profile.data.stalls))
    waits.push({ resource: RESOURCE.STORAGE });
  if (t.refetches) waits.push({ resource: RESOURCE.OUTSTANDING });
  if (t.waitsForTarget) waits.push({ field: 'RT', base: 0, orZero: false });
  const cause = CLASS_CAUSE[row.timing] ?? CAUSE.serialisation;
  const update = updates(row) ? (t.update ?? 0) : 0;
  return {
    row,
    reads: waits,
    writes: writesOf(profile, writes, known, t),
    interval: intervalOf(profile, t, update),
    cause: t.serialises ? CAUSE.serialisation : cause === CAUSE.loadUse ? CAUSE.storageUnit : cause,
    latency: ticksOf(t.latency),
    completes: ticksOf(Math.max(t.latency, profile.core.completion)),
    serialises: t.serialises ?? false,
    twoParts: t.twoParts ?? false,
    drains: t.drains ?? false,
    refetches: t.refetches ?? false,
    branch: branchKind(row),
    divide,
    storage,
    drops:
      spr === 'PIDR' && row.mnemonic === 'mtspr'
        ? 'translations'
        : row.mnemonic === 'icbi'
          ? 'instructions'
          : undefined,
  };
}

/** One instruction takes its share of a cycle, or as long as it blocks. */
function intervalOf({ core }: TimingProfile, t: InstructionTiming, update: number): number {
  const cycles = t.interval + update;
  return ticksOf(cycles > 1 ? cycles : 1 / core.issueWidth);
}

const bound = (ref: Ref, instruction: Instruction, image: bigint): number => {
  if ('resource' in ref) return ref.resource;
  const n = Number(extractField(image, instruction.size, fieldBits(instruction.row.form, ref.field)));
  return ref.orZero && n === 0 ? RESOURCE.NOTHING : ref.base + n;
};

/** A template with the registers of an image. */
export function bind(template: Template, instruction: Instruction, image: bigint): Schedule {
  const number = (name: string): number =>
    Number(extractField(image, instruction.size, fieldBits(instruction.row.form, name)));
  return {
    ...template,
    mnemonic: instruction.mnemonic,
    reads: template.reads.map((ref) => bound(ref, instruction, image)),
    writes: template.writes.map(({ ref, ready }) => ({ resource: bound(ref, instruction, image), ready })),
    operands: template.divide ? [number('RA'), number('RB')] : [0, 0],
  };
}
