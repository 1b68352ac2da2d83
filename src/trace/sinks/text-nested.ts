/** Events of the built-in hypervisor as text: hypercalls, and nested guests: a head line, and below it the story. */
import type { Chalk } from 'chalk';
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { PTE } from '../../../isa/tables/radix';
import { has, type Field } from '../../core/bits';
import type { GuestFaultEvent, HypercallEvent } from '../events/hypervisor';
import type {
  ChangedRegister,
  NestedEnterEvent,
  NestedEvent,
  NestedExitEvent,
  NestedFaultEvent,
  NestedLeaf,
  NestedWalkStep,
  RmapEvent,
  ShadowInvalidateEvent,
} from '../events/nested';
import { sizeText } from './entry-fields';

/** The head line, and the lines below it. */
export interface EventText {
  readonly head: string;
  readonly lines: readonly string[];
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const hexNumber = (value: number): string => `0x${value.toString(16)}`;
const BITS = Object.entries({ r: PTE.READ, w: PTE.WRITE, x: PTE.EXECUTE, R: PTE.R, C: PTE.C });
/** `rwxRC` with `-` for what is not set. */
const bitsText = (pte: bigint): string => BITS.map(([name, bit]) => (has(pte, bit) ? name : '-')).join('');
/** `0xc000000000310187  64K rwxRC`. */
export const leafText = ({ pte, shift }: NestedLeaf): string =>
  `${hex(pte)}  ${sizeText(shift)} ${bitsText(pte)}`;

/** `LPID 1 (shadow 2)`: L1's number and the hardware's. */
const guestText = ({ lpid, shadowLpid }: { lpid: number; shadowLpid: number }): string =>
  `LPID ${lpid} (shadow ${shadowLpid})`;

/** Lines of at most this many characters for lists of registers. */
const LINE = 110;

export function hypercallText(event: HypercallEvent): EventText {
  const { name, args, result, results, fields, effect } = event;
  const text = (values: HypercallEvent['args']): string =>
    values.map((v) => `${v.name} ${hex(v.value)}`).join(', ');
  const gives = results.length > 0 ? `, ${text(results)}` : '';
  const decoded = (fields ?? []).map((v) => `${v.name}=${hex(v.value)}`).join(' ');
  return {
    head: `${name}(${text(args)}) = ${result}${gives}`,
    lines: effect === undefined ? [] : [`${decoded ? `${decoded}: ` : ''}${effect}`],
  };
}

export function guestFaultText({ gpa, ea, access, outcome, host, shift }: GuestFaultEvent): EventText {
  const where =
    host === undefined ? '' : ` to host ${hex(host)}${shift === undefined ? '' : ` ${sizeText(shift)}`}`;
  return { head: `${access} of guest RA ${hex(gpa)} (EA ${hex(ea)}): ${outcome}${where}`, lines: [] };
}

/** Any event of nested guests. */
export function nestedText(event: NestedEvent, color: Chalk): EventText {
  switch (event.ev) {
    case 'nested.enter':
      return enterText(event);
    case 'nested.exit':
      return exitText(event);
    case 'nested.fault':
      return faultText(event, color);
    case 'nested.guest': {
      const { op, cause, pate0, pate1 } = event;
      const why = cause === undefined ? '' : ` by ${cause}`;
      return { head: `${op} ${guestText(event)}${why}, PATE ${hex(pate0)} ${hex(pate1)}`, lines: [] };
    }
    case 'nested.warning':
      return { head: color.red(`${event.hazard}: ${event.message}`), lines: [] };
    case 'shadow.invalidate':
      return { head: invalidateText(event), lines: [] };
    case 'rmap':
      return { head: rmapText(event), lines: [] };
  }
}

function enterText(event: NestedEnterEvent): EventText {
  const { token, nip, msr, budget, wanted, hdecBy, sanitised } = event;
  const late = wanted !== undefined && wanted !== budget ? ` (L1's deadline in ${wanted})` : '';
  const timer = budget === undefined ? '' : `, HDEC in ${budget} ticks by ${hdecBy ?? 'nobody'}${late}`;
  return {
    head: `${guestText(event)} vCPU ${token} at ${hex(nip)} MSR ${hex(msr)}${timer}`,
    lines: registerLines('sanitised', sanitised),
  };
}

function exitText(event: NestedExitEvent): EventText {
  const { trap, reason, nip, msr, ticks, faults, instructions, changed } = event;
  const ran = instructions === undefined ? '' : `${instructions} instructions, `;
  return {
    head:
      `${guestText(event)} trap ${hexNumber(trap)} ${reason} at ${hex(nip)} MSR ${hex(msr)} ` +
      `after ${ran}${ticks} ticks, ${faults} faults`,
    lines: registerLines('changed', changed ?? []),
  };
}

/** `changed NIP 0x0 -> 0x1c, ...`, as many lines as it takes. */
function registerLines(title: string, registers: readonly ChangedRegister[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const { register, from, to } of registers) {
    const item = `${register} ${hex(from)} -> ${hex(to)}`;
    if (line && line.length + item.length > LINE) {
      lines.push(`${line},`);
      line = '';
    }
    line += line ? `, ${item}` : `${lines.length ? ' '.repeat(title.length) : title} ${item}`;
  }
  return line ? [...lines, line] : lines;
}

/** Names of the cause bits that are set: `STORE+PROTECTION`. */
const causeText = (dsisr: bigint): string => {
  const names = Object.entries<Field>(STORAGE_CAUSE)
    .filter(([, bit]) => has(dsisr, bit))
    .map(([name]) => name);
  return names.length === 0 ? hex(dsisr) : `${hex(dsisr)} ${names.join('+')}`;
};

const FETCH_TRAP = 0xe20;

function faultText(event: NestedFaultEvent, color: Chalk): EventText {
  const { trap, ea, nGpa, dsisr, outcome, walk, l1, l0, instantiated, shadow, rmapGfn, rmap } = event;
  const access = trap === FETCH_TRAP ? 'fetch' : has(dsisr, STORAGE_CAUSE.STORE) ? 'store' : 'load';
  const lines = walk.map((step, i) => stepText(step, i === walk.length - 1 ? event : undefined, color));
  if (walk.length === 0) lines.push(`L1 ${event.verdict}`);
  if (l1) lines.push(`L1     ${leafText(l1)} -> L1 RA ${hex(l1.ra)}`);
  if (l0)
    lines.push(
      `L0     ${leafText(l0)} -> host RA ${hex(l0.ra)}${instantiated ? ', made for this access' : ''}`,
    );
  if (shadow) lines.push(color.green(`shadow ${leafText(shadow)} at n_gpa ${hex(shadow.ra)}`));
  if (rmapGfn !== undefined && rmap !== undefined) lines.push(`rmap   gfn ${hexNumber(rmapGfn)}: ${rmap}`);
  return {
    head:
      `${guestText(event)} ${access} of n_gpa ${hex(nGpa)} (EA ${hex(ea)}), ${hexNumber(trap)} ` +
      `HDSISR ${causeText(dsisr)}: ${outcome}`,
    lines: [...lines, ...outcomeText(event, color)],
  };
}

function stepText(
  { level, guestRa, value }: NestedWalkStep,
  last: NestedFaultEvent | undefined,
  color: Chalk,
): string {
  const next = last ? (VERDICTS[last.verdict] ?? last.verdict) : 'next level';
  const decision = last?.verdict === 'ok' ? color.green('leaf') : last ? color.red(next) : color.dim(next);
  return `L1 level ${level} @ ${hex(guestRa)} = ${hex(value)} ${decision}`;
}

const VERDICTS: Readonly<Record<string, string>> = {
  ENOENT: 'not valid (ENOENT)',
  EINVAL: 'not a tree that L0 serves (EINVAL)',
  EFAULT: 'leads to where L1 has no memory (EFAULT)',
};

function outcomeText(event: NestedFaultEvent, color: Chalk): string[] {
  const { outcome, trap, reflectedDsisr, reflectedAsdr } = event;
  const cause = reflectedDsisr === undefined ? '' : ` with ${causeText(reflectedDsisr)}`;
  const asdr = reflectedAsdr === undefined ? '' : `, ASDR ${hex(reflectedAsdr)}`;
  switch (outcome) {
    case 'reflect':
      return [color.yellow(`=> L1 gets ${hexNumber(trap)}${cause || ' as the hardware reported it'}${asdr}`)];
    case 'inject':
      return [color.yellow(`=> the nested guest gets 0x300${cause}`)];
    case 'mmio':
      return [color.yellow('=> no memory of L1 there: MMIO')];
    case 'error':
      return [color.red('=> L0 failed; L1 sees the fault itself')];
    default:
      return [];
  }
}

function invalidateText(event: ShadowInvalidateEvent): string {
  const { cause, nGpa, pte, shift, tables } = event;
  const what =
    nGpa === undefined
      ? `the whole tree${tables === undefined ? '' : ` (${tables} tables)`}`
      : `n_gpa ${hex(nGpa)}${shift === undefined ? '' : ` ${sizeText(shift)}`}${pte === undefined ? '' : ` ${hex(pte)} ${bitsText(pte)}`}`;
  return `${guestText(event)} ${what} by ${cause}`;
}

function rmapText({ op, gfn, lpid, nGpa, live, cause }: RmapEvent): string {
  const why = cause === undefined ? '' : ` by ${cause}`;
  return `${op} gfn ${hexNumber(gfn)}: LPID ${lpid} n_gpa ${hex(nGpa)}, ${live ? 'live' : 'stale'}${why}`;
}
