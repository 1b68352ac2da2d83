/** Packets that stop the machine and let it run: breakpoints, watchpoints, steps. */
import type { Watchpoint } from '../cpu/debug-stops';
import type { Cpu } from '../cpu/cpu';
import { ERROR, hexNumber, OK, range, UNKNOWN, type Answer } from './answer';
import type { Conversation } from './conversation';
import type { BreakpointKind, CpuAction, StopReport } from './debugger';
import { threadOf } from './threads';

const BREAKPOINTS: Readonly<Record<string, BreakpointKind>> = { '0': 'software', '1': 'hardware' };
/** Kinds of watchpoint by their numbers, and their names in stop replies. */
const WATCHPOINTS: Readonly<Record<string, Watchpoint['kind']>> = {
  '2': 'write',
  '3': 'read',
  '4': 'access',
};
const WATCH_NAMES: Readonly<Record<Watchpoint['kind'], string>> = {
  write: 'watch',
  read: 'rwatch',
  access: 'awatch',
};
/** Longest range of a watchpoint, in bytes. */
const LONGEST_WATCH = 0x10000;

/** Sets or removes what `TYPE,ADDRESS,KIND` says; conditions and commands after a semicolon are not offered. */
function stopPoint(
  { debug }: Conversation,
  rest: string,
  action: { readonly add: boolean },
): string | undefined {
  const [type = ''] = rest;
  const where = range(rest.slice(2));
  const [breakpoint, kind] = [BREAKPOINTS[type], WATCHPOINTS[type]];
  if (!breakpoint && !kind) return UNKNOWN;
  if (!where || rest[1] !== ',') return ERROR.INVALID;
  const { ea, length } = where;
  if (breakpoint) {
    if (ea % 4n !== 0n) return ERROR.INVALID;
    if (action.add) return debug.addBreakpoint(ea, breakpoint) ? OK : ERROR.TOO_MANY;
    debug.removeBreakpoint(ea, breakpoint);
    return OK;
  }
  if (length < 1 || length > LONGEST_WATCH) return ERROR.INVALID;
  const watchpoint = { ea, length, kind: kind! };
  if (action.add) return debug.addWatchpoint(watchpoint) ? OK : ERROR.TOO_MANY;
  debug.removeWatchpoint(watchpoint);
  return OK;
}

/** What a letter of `vCont`, or a packet of that name, does. */
const ACTIONS: Readonly<Record<string, CpuAction>> = { c: 'continue', C: 'continue', s: 'step', S: 'step' };

/** `;ACTION:THREAD;ACTION...`: the first one that is for a thread counts, a thread without one rests. */
const resumeSome: Answer = (conversation, rest) => {
  const { debug } = conversation;
  const rules: { readonly does: CpuAction; readonly cpu: Cpu | undefined }[] = [];
  for (const text of rest.split(';').slice(1)) {
    const [action = '', thread] = text.split(':');
    const does = ACTIONS[action[0] ?? ''];
    const all = thread === undefined || thread === '-1' || thread === '0';
    const cpu = all ? undefined : conversation.cpuOf(Number(hexNumber(thread) ?? 0n));
    if (!does || !/^(?:[cs]|[CS][0-9a-fA-F]{2})$/.test(action)) return ERROR.INVALID;
    if (!all && !cpu) return ERROR.NO_THREAD;
    rules.push({ does, cpu });
  }
  if (rules.length === 0) return ERROR.INVALID;
  debug.resume((cpu) => rules.find((rule) => rule.cpu === undefined || rule.cpu === cpu)?.does ?? 'rest');
  return undefined;
};

/** `c`, `s` and, with a signal that guests have no use for, `C` and `S`: from an address, if there is one. */
function resumeAll(conversation: Conversation, letter: string, rest: string): string | undefined {
  const address = /^[CS]$/.test(letter) ? rest.split(';')[1] : rest || undefined;
  const { debug, subject } = conversation;
  const cpu = conversation.resumed ?? subject;
  if (address !== undefined) {
    const ea = hexNumber(address);
    if (ea === undefined) return ERROR.INVALID;
    cpu.nia = ea;
    conversation.registersChanged(cpu);
  }
  const does = ACTIONS[letter]!;
  debug.resume((each) => (does === 'step' && each !== cpu ? 'continue' : does));
  return undefined;
}

export const RUN_ANSWERS: Readonly<Record<string, Answer>> = {
  Z: (conversation, rest) => stopPoint(conversation, rest, { add: true }),
  z: (conversation, rest) => stopPoint(conversation, rest, { add: false }),
  'vCont?': () => 'vCont;c;C;s;S',
  vCont: resumeSome,
  '?': ({ debug }) => stopReply(debug.last, { reasons: 'plain' }),
  ...Object.fromEntries(
    ['c', 's', 'C', 'S'].map((letter): [string, Answer] => [
      letter,
      (conversation, rest) => resumeAll(conversation, letter, rest),
    ]),
  ),
};

/** @param has whether gdb knows `swbreak` and `hwbreak` */
export function stopReply(report: StopReport, has: { readonly reasons: 'plain' | 'breakpoints' }): string {
  const { signal, cpu, breakpoint, watchpoint } = report;
  const pairs = [`thread:${threadOf(cpu).toString(16)}`];
  if (watchpoint) pairs.push(`${WATCH_NAMES[watchpoint.kind]}:${watchpoint.ea.toString(16)}`);
  if (breakpoint && has.reasons === 'breakpoints')
    pairs.push(breakpoint === 'software' ? 'swbreak:' : 'hwbreak:');
  return `T${signal.toString(16).padStart(2, '0')}${pairs.map((pair) => `${pair};`).join('')}`;
}
