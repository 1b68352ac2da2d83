/** A walk as text: one line per table entry, indented by stage and level, then what came of it. */
import type { Chalk } from 'chalk';
import { INTERRUPTS } from '../../../isa/interrupts';
import { hex16 } from '../../core/u64';
import type { PermissionStep, ReferenceChangeStep, WalkEvent, WalkFault, WalkStep } from '../events/walk';
import { stepTree } from '../steps';
import { entryGlance } from './entry-fields';

const INDENT = '  ';
const MAX_DEPTH = 16;
const ENTRY_COLUMN = 46;

const address = (value: bigint): string => `0x${hex16(value).toLowerCase()}`;

/** log2 of bytes as people say it: `4K`, `2M`, `1G`. */
export function sizeText(shift: number): string {
  if (!Number.isInteger(shift) || shift < 0 || shift > 63) return `2^${shift}`;
  const units = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
  const unit = Math.floor(shift / 10);
  return `${2 ** (shift - unit * 10)}${units[unit]}`;
}

/** Title of an interrupt by its key; a key that this version does not know is shown as it is. */
export const interruptTitle = (name: string): string =>
  Object.hasOwn(INTERRUPTS, name) ? INTERRUPTS[name as keyof typeof INTERRUPTS].title : name;

/** The lines below the head line of a walk. */
export const walkLines = (walk: WalkEvent, color: Chalk): string[] => [
  ...stepText(walk, color).map(({ text }) => text),
  ...walkOutcome(walk, color),
];

/** One line for each table entry, with the entry. */
export function stepText(walk: WalkEvent, color: Chalk): { text: string; step: WalkStep }[] {
  return stepTree(walk.steps).flatMap(({ step, below }) => {
    const depth = step.level ?? 0;
    const inner = below.map((s) => ({ text: stepLine(s, depth + 1 + (s.level ?? 0), color), step: s }));
    return [...inner, { text: stepLine(step, depth, color), step }];
  });
}

/** What came of the entries: permissions, reference and change bits, the result or the fault. */
export const walkOutcome = (walk: WalkEvent, color: Chalk): string[] => [
  ...walk.permissions.map((p) => permissionLine(p, color)),
  ...walk.referenceChange.map(referenceChangeLine),
  walk.fault ? color.red(faultText(walk.fault)) : resultText(walk, color),
];

function stepLine(step: WalkStep, depth: number, color: Chalk): string {
  const level = step.level === undefined ? '' : ` level ${step.level}`;
  const where = step.group ? ` ${step.group.hash} PTEG ${step.group.pteg} slot` : '';
  const margin = INDENT.repeat(Math.min(Math.max(depth, 0), MAX_DEPTH));
  const head = `${margin}${step.scope} ${step.what}${level}${where}[${step.index}]`;
  const guest = step.guestRa === undefined ? '' : ` ra ${address(step.guestRa)}`;
  const host = step.hostRa === undefined ? '' : ` @ ${address(step.hostRa)}`;
  const value = `${address(step.value)}${step.value1 === undefined ? '' : ` ${address(step.value1)}`}`;
  const paint = step.decision === 'leaf' || step.decision === 'match' ? color.green : color.dim;
  const tint =
    step.scope === 'process' ? color.cyan : step.scope === 'partition' ? color.yellow : color.magenta;
  const glance = entryGlance(step);
  return `${tint(head.padEnd(ENTRY_COLUMN))}${guest}${host} = ${value} ${glance ? color.dim(`${glance} `) : ''}${paint(step.decision)}`;
}

function permissionLine(p: PermissionStep, color: Chalk): string {
  const keys = p.keyRights === undefined ? '' : `, keys leave ${p.keyRights}`;
  const text = `${p.scope} permission: authority 0x${p.authority.toString(16)} grants ${p.granted}${keys}, ${p.needed} needed`;
  return p.allowed ? color.dim(text) : color.red(`${text}: denied`);
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
