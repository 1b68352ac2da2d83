/** `monitor` commands: what this machine can tell and gdb does not know of. */
import type { Cpu } from '../cpu/cpu';
import { MSR } from '../../isa/registers/msr';
import type { Conversation } from './conversation';
import { describeThread, threadOf } from './threads';

/** Explains how a CPU would translate an address: `access` is one of `load`, `store`, `fetch`. */
export type ExplainWalk = (cpu: Cpu, ea: bigint, access: WalkAccess) => string;
export const WALK_ACCESSES = ['load', 'store', 'fetch'] as const;
export type WalkAccess = (typeof WALK_ACCESSES)[number];

interface MonitorCommand {
  readonly usage: string;
  readonly what: string;
  readonly run: (conversation: Conversation, args: readonly string[]) => string | undefined;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const number = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^(?:0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(text) ? BigInt(text) : undefined;

export class Monitor {
  private readonly commands: readonly MonitorCommand[];

  constructor(private readonly explainWalk: ExplainWalk) {
    this.commands = [
      {
        usage: 'walk EA [load|store|fetch]',
        what: 'how the selected CPU translates an address, table entry by table entry',
        run: (conversation, args) => this.walk(conversation, args),
      },
      { usage: 'info cpus', what: 'what each CPU does', run: infoOf('cpus', cpus) },
      { usage: 'info translation', what: 'registers of translation of the selected CPU', run: infoOf('translation', translation) }, // prettier-ignore
      { usage: 'info breakpoints', what: 'what the stub stops at now', run: infoOf('breakpoints', breakpoints) }, // prettier-ignore
      { usage: 'endian auto|big|little', what: 'order of the bytes of registers; auto: as MSR[LE] says', run: endian }, // prettier-ignore
      { usage: 'help', what: 'this list', run: (_, args) => (args.length === 1 ? this.help() : undefined) },
    ];
  }

  /** @returns what to print */
  run(conversation: Conversation, line: string): string {
    const args = line.trim().split(/\s+/);
    for (const command of this.commands) {
      if (command.usage.split(' ')[0] !== args[0]) continue;
      const text = command.run(conversation, args);
      if (text !== undefined) return text;
    }
    return `monitor: expected one of these, got "${line.trim().slice(0, 80)}"\n${this.help()}`;
  }

  private help(): string {
    const width = Math.max(...this.commands.map(({ usage }) => usage.length));
    return this.commands.map(({ usage, what }) => `${usage.padEnd(width)}  ${what}\n`).join('');
  }

  private walk({ subject }: Conversation, [, text, kind = 'load']: readonly string[]): string | undefined {
    const ea = number(text);
    const access = WALK_ACCESSES.find((name) => name === kind);
    return ea === undefined || access === undefined
      ? undefined
      : this.explainWalk(subject, BigInt.asUintN(64, ea), access);
  }
}

const infoOf =
  (subject: string, text: (conversation: Conversation) => string) =>
  (conversation: Conversation, args: readonly string[]): string | undefined =>
    args.length === 2 && args[1] === subject ? text(conversation) : undefined;

function cpus({ debug: { machine } }: Conversation): string {
  const { execution } = machine;
  return machine.cpus
    .map(
      (cpu) =>
        `thread ${threadOf(cpu.state.index)}: ${describeThread(machine, cpu)} at ${hex(cpu.nia)}, ` +
        `MSR ${hex(cpu.msr)} (${cpu.inState(MSR.LE) ? 'little-endian' : 'big-endian'}), ` +
        `${execution.clock.retired(cpu)} instructions\n`,
    )
    .join('');
}

/** Slots that decide how addresses translate. */
const TRANSLATION = ['MSR', 'LPCR', 'LPIDR', 'PIDR', 'PTCR', 'SDR1', 'HRMOR', 'AMR', 'IAMR'] as const;

const translation = ({ subject: { state } }: Conversation): string =>
  TRANSLATION.map((name) => `${name.padEnd(5)} ${hex(state.named(name))}\n`).join('');

function breakpoints({ debug }: Conversation): string {
  const lines = [
    ...debug.breakpointList.map(({ ea, kind }) => `${kind} breakpoint at ${hex(ea)}`),
    ...debug.watchpointList.map(({ ea, length, kind }) => `watchpoint (${kind}) of ${length} bytes at ${hex(ea)}`), // prettier-ignore
  ];
  return `${lines.join('\n') || 'none'}\n`;
}

function endian(conversation: Conversation, [, order]: readonly string[]): string | undefined {
  if (order !== 'auto' && order !== 'big' && order !== 'little') return undefined;
  conversation.fixedOrder = order === 'auto' ? undefined : order;
  return `registers are sent ${order === 'auto' ? 'as MSR[LE] says' : `${order}-endian`}; say "maintenance flush register-cache" to gdb\n`;
}
