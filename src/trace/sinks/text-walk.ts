/** A walk as text: one line per table entry, indented by stage and level, then what came of it. */
import type { Chalk } from 'chalk';
import { INTERRUPTS } from '../../../isa/interrupts';
import { HASH_BITS } from '../../../isa/tables/hpte';
import { hex16 } from '../../core/u64';
import type { PermissionStep, ReferenceChangeStep, WalkEvent, WalkFault, WalkStep } from '../events/walk';
import { stepTree } from '../steps';
import { entryGlance, formatOf, sizeText, type HpteFormat } from './entry-fields';

const INDENT = '  ';
const MAX_DEPTH = 16;
const ENTRY_COLUMN = 34;
const SLOT_COLUMN = 8;
/** pp0 || pp1 || pp2. */
const PP_BITS = 3;
/** All bits of a hash. */
const HASH = (1n << BigInt(HASH_BITS)) - 1n;

const address = (value: bigint): string => `0x${hex16(value).toLowerCase()}`;

export { sizeText };

/** Title of an interrupt by its key; a key that this version does not know is shown as it is. */
export const interruptTitle = (name: string): string =>
  Object.hasOwn(INTERRUPTS, name) ? INTERRUPTS[name as keyof typeof INTERRUPTS].title : name;

/** The lines below the head line of a walk. */
export const walkLines = (walk: WalkEvent, color: Chalk): string[] => [
  ...stepText(walk, color).map(({ text }) => text),
  ...walkOutcome(walk, color),
];

/** A line of a walk; with the entry where it is about one that the walk goes through, or stops at. */
export interface StepLine {
  readonly text: string;
  readonly step?: WalkStep;
}

/**
 * The table entries in order, one a line: in a hashed page table below a line for each group, with invalid slots in a
 * row together.
 */
export function stepText(walk: WalkEvent, color: Chalk): StepLine[] {
  const format = formatOf(walk);
  const nodes = stepTree(walk.steps);
  const lines: StepLine[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const { step, below } = nodes[i]!;
    const depth = step.level ?? 0;
    for (const s of below)
      lines.push({ text: stepLine(s, depth + 1 + (s.level ?? 0), { color, format }), step: s });
    if (step.group === undefined) {
      lines.push({ text: stepLine(step, depth, { color, format }), step });
      continue;
    }
    if (step.group.hash !== nodes[i - 1]?.step.group?.hash) lines.push({ text: groupLine(step, color) });
    const last = lastInvalid(
      nodes.map((node) => node.step),
      i,
    );
    lines.push(
      last > i ? { text: invalidSlots(step, nodes[last]!.step, color) } : slotLine(step, { color, format }),
    );
    i = last;
  }
  return lines;
}

/** Index of the last of the invalid slots that begin at an index, in the same group; that index where there is one. */
function lastInvalid(steps: readonly WalkStep[], from: number): number {
  let last = from;
  const hash = steps[from]!.group!.hash;
  while (steps[from]!.decision === 'invalid' && steps[last + 1]?.decision === 'invalid') {
    if (steps[last + 1]!.group?.hash !== hash) break;
    last++;
  }
  return last;
}

/** `hash HPTE primary hash 0x104: PTEG 4, AVPN=0x2001 wanted`. */
function groupLine({ scope, what, group }: WalkStep, color: Chalk): string {
  const { hash, pteg, hashValue, avpn } = group!;
  const value =
    hashValue === undefined ? '' : ` 0x${(hash === 'primary' ? hashValue : ~hashValue & HASH).toString(16)}`;
  const wanted = avpn === undefined ? '' : `, AVPN=0x${avpn.toString(16)} wanted`;
  return color.magenta(`${scope} ${what} ${hash} hash${value}: PTEG ${pteg}${wanted}`);
}

function slotLine(step: WalkStep, how: { color: Chalk; format: HpteFormat }): StepLine {
  const text = entryText(step, `${INDENT}slot ${step.index}`.padEnd(SLOT_COLUMN), how);
  return step.decision === 'match' ? { text, step } : { text };
}

const invalidSlots = (first: WalkStep, last: WalkStep, color: Chalk): string =>
  color.dim(`${INDENT}slots ${first.index} to ${last.index}: invalid`);

/** What came of the entries: permissions, reference and change bits, the result or the fault. */
export const walkOutcome = (walk: WalkEvent, color: Chalk): string[] => [
  ...walk.permissions.map((p) => permissionLine(p, color)),
  ...walk.referenceChange.map(referenceChangeLine),
  walk.fault ? color.red(faultText(walk.fault)) : resultText(walk, color),
];

function stepLine(step: WalkStep, depth: number, how: { color: Chalk; format: HpteFormat }): string {
  const { color } = how;
  const level = step.level === undefined ? '' : ` level ${step.level}`;
  const margin = INDENT.repeat(Math.min(Math.max(depth, 0), MAX_DEPTH));
  const index = step.index < 0 ? '' : `[${step.index}]`;
  const head = `${margin}${step.scope} ${step.what}${level}${index}`;
  const tint =
    step.scope === 'process' ? color.cyan : step.scope === 'partition' ? color.yellow : color.magenta;
  return entryText(step, tint(head.padEnd(ENTRY_COLUMN)), how);
}

/** Where an entry is, what it is, and what the walk concluded. */
function entryText(
  step: WalkStep,
  head: string,
  { color, format }: { color: Chalk; format: HpteFormat },
): string {
  const guest = step.guestRa === undefined ? '' : ` ra ${address(step.guestRa)}`;
  const host = step.hostRa === undefined ? '' : ` @ ${address(step.hostRa)}`;
  const value = `${address(step.value)}${step.value1 === undefined ? '' : ` ${address(step.value1)}`}`;
  const paint = step.decision === 'leaf' || step.decision === 'match' ? color.green : color.dim;
  const glance = entryGlance(step, format);
  return `${head}${guest}${host} = ${value} ${glance ? color.dim(`${glance} `) : ''}${paint(step.decision)}`;
}

function permissionLine(p: PermissionStep, color: Chalk): string {
  const what = p.segmentKey === undefined ? radixPermission(p) : hashPermission(p, p.segmentKey);
  const text = `${p.scope} permission: ${what}, ${p.needed} needed`;
  return p.allowed ? color.dim(text) : color.red(`${text}: denied`);
}

function radixPermission({ authority, granted, keyRights }: PermissionStep): string {
  const keys = keyRights === undefined ? '' : `, keys leave ${keyRights}`;
  return `authority 0x${authority.toString(16)} grants ${granted}${keys}`;
}

/** `granted` is what is left after pp with the segment's key, no-execute and the class key. */
function hashPermission(
  { authority, granted, keyRights, keyClass }: PermissionStep,
  segmentKey: number,
): string {
  const pp = authority.toString(2).padStart(PP_BITS, '0');
  const keys = keyRights === undefined ? '' : `, class key ${keyClass ?? 0} leaves ${keyRights}`;
  return `pp ${pp} with storage key ${segmentKey}${keys}: ${granted} granted`;
}

const referenceChangeLine = (step: ReferenceChangeStep): string =>
  `${step.scope} reference/change: ${step.sets} of ${address(step.hostRa)}: ${step.action}`;

function resultText(walk: WalkEvent, color: Chalk): string {
  const { result } = walk;
  if (!result) return 'no result';
  const inhibited = result.cachingInhibited ? ', caching inhibited' : '';
  const guarded = result.guarded ? ', guarded' : '';
  const text = `=> host RA ${address(result.ra)}  ${sizeText(result.pageShift)} page, ${result.rights}${inhibited}${guarded}`;
  return color.green(text);
}

/** `!! protection in the process's tree at level 3: Data Storage 0x300, DSISR 0x8000000`. */
export function faultText(fault: WalkFault): string {
  const level = fault.level === undefined ? '' : ` at level ${fault.level}`;
  const image = (['dar', 'dsisr', 'hdar', 'hdsisr', 'asdr'] as const)
    .filter((name) => fault[name] !== undefined)
    .map((name) => `, ${name.toUpperCase()} 0x${fault[name]!.toString(16)}`);
  const cause = fault.cause ? `, cause bits 0x${fault.cause.toString(16)}` : '';
  return (
    `!! ${fault.kind} (${fault.stage})${level}: ${interruptTitle(fault.interrupt)} ` +
    `0x${fault.vector.toString(16)}${cause}${image.join('')}`
  );
}
