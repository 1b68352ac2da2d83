/** Trace format `text`: for people. One event is one head line; a walk or a nested fault has its steps below. */
import chalk, { type Chalk } from 'chalk';
import { hex16 } from '../../core/u64';
import type { TraceEvent } from '../events';
import type { InsnEvent } from '../events/execution';
import type { WalkEvent } from '../events/walk';
import type { TextOutput } from './output';
import type { HeaderFields, TraceSink } from './sink';
import { guestFaultText, hypercallText, nestedText, type EventText } from './text-nested';
import { faultText, interruptTitle, walkLines } from './text-walk';

export interface TextOptions {
  readonly color: boolean;
  /** Name of an effective address, where there is one: `memcpy+0x24`. */
  readonly symbol?: (ea: bigint) => string | undefined;
  /** Disassembly of an instruction that the event does not have. */
  readonly disassemble?: (insn: InsnEvent) => string | undefined;
}

const TIME_COLUMNS = 12;
const EVENT_COLUMNS = 10;
const MARGIN = ' '.repeat(TIME_COLUMNS + 7);

const ea = (value: bigint): string => `0x${hex16(value).toLowerCase()}`;
const short = (value: bigint): string => `0x${value.toString(16)}`;

/** `LPID 1 PID 5 HV PR`. */
function contextText(c: { lpid: number; pid: number; hv: boolean; pr: boolean }): string {
  return `LPID ${c.lpid} PID ${c.pid}${c.hv ? ' HV' : ''}${c.pr ? ' PR' : ''}`;
}

const numbersText = (numbers: Readonly<Record<string, number>>): string =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

export class TextSink implements TraceSink {
  private readonly color: Chalk;

  constructor(
    private readonly output: TextOutput,
    private readonly options: TextOptions,
  ) {
    this.color = new chalk.Instance({ level: options.color ? 1 : 0 });
  }

  begin({ machine, model, cpus }: HeaderFields): void {
    const parts = [machine, model, cpus === undefined ? undefined : `${cpus} CPU${cpus === 1 ? '' : 's'}`];
    const text = parts.filter((part) => part !== undefined).join(', ');
    if (text) this.output.write(`${this.color.bold(`# ${text}`)}\n`);
  }

  event(event: TraceEvent): void {
    const { dim, bold } = this.color;
    const when = `${String(event.t).padStart(TIME_COLUMNS)} cpu${event.cpu}`;
    const { head, lines } = this.textOf(event);
    let out = `${dim(when.padEnd(MARGIN.length - 1))} ${bold(event.ev.padEnd(EVENT_COLUMNS))} ${head}\n`;
    for (const line of lines) out += `${MARGIN}${line}\n`;
    this.output.write(out);
  }

  end(): void {}

  private at(address: bigint): string {
    const name = this.options.symbol?.(address);
    return name === undefined ? ea(address) : `${ea(address)} <${name}>`;
  }

  private textOf(event: TraceEvent): EventText {
    switch (event.ev) {
      case 'walk':
        return { head: this.walkText(event), lines: walkLines(event, this.color) };
      case 'hcall':
        return hypercallText(event);
      case 'l0.fault':
        return guestFaultText(event);
      case 'nested.enter':
      case 'nested.exit':
      case 'nested.fault':
      case 'nested.guest':
      case 'nested.warning':
      case 'shadow.invalidate':
      case 'rmap':
        return nestedText(event, this.color);
      default:
        return { head: this.head(event), lines: [] };
    }
  }

  private head(event: TraceEvent): string {
    switch (event.ev) {
      case 'insn':
        return this.insnText(event);
      case 'interrupt':
        return this.color.yellow(
          `${interruptTitle(event.interrupt)} ${short(BigInt(event.vector))} from ${this.at(event.from)} to ${this.at(event.to)} ` +
            `SRR1 ${short(event.srr1)} MSR ${short(event.msr)}  ${contextText(event)}`,
        );
      case 'fault':
        return this.color.red(
          `${event.access} ${this.at(event.ea)}  ${contextText(event)}  ${faultText(event.fault)}`,
        );
      case 'console':
        return `${event.device} ${event.direction} ${JSON.stringify(event.text)}`;
      case 'timing':
        return `${event.elapsed} cycles for ${event.t - event.since} instructions: ${numbersText(event.stack)}; ${numbersText(event.counts)}`;
      case 'stats':
        return numbersText(event.counters);
      case 'end':
        return `${event.reason}, exit code ${event.exitCode}`;
      default:
        return plainText(event);
    }
  }

  private insnText(event: InsnEvent): string {
    const text = event.text ?? this.options.disassemble?.(event) ?? '';
    const image = event.image.toString(16).padStart(event.size === 8 ? 16 : 8, '0');
    return `${this.at(event.ea)}  ${this.color.dim(image)}  ${text}`;
  }

  private walkText(event: WalkEvent): string {
    const { hv, pr, effLPID: lpid, effPID: pid } = event;
    const tlb = event.tlb === undefined ? '' : `, TLB ${event.tlb}`;
    const probe = event.sideEffects ? '' : ', probe';
    return `${event.access} ${this.at(event.ea)}  ${contextText({ hv, pr, lpid, pid })}  ${event.mode}${tlb}${probe}`;
  }
}

/** Any other event: its fields as they come. */
function plainText(event: TraceEvent): string {
  const hidden = new Set(['ev', 't', 'cpu']);
  return Object.entries(event)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}

/** A field's value; objects and lists in brackets. */
function valueText(value: unknown): string {
  if (typeof value === 'bigint') return short(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `(${Object.entries(value)
    .map(([name, of]) => `${name} ${valueText(of)}`)
    .join(' ')})`;
}
