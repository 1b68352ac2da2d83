/** The guests of `fixtures/` on whole machines: assembled, run, and what they did kept for comparison. */
import fs from 'node:fs';
import path from 'node:path';
import { assemble } from '../../src/asm/assemble';
import type { ModelName } from '../../src/cpu/models';
import { readImage } from '../../src/loader';
import { Machine, type MachineEnd } from '../../src/machine/machine';
import { POWERNV_MACHINE } from '../../src/machine/powernv';
import { allRegisters } from '../../src/machine/registers';
import { Tracer, type WatchedKind } from '../../src/machine/tracer';
import type { TraceEvent } from '../../src/trace/events';
import { encodeEvent } from '../../src/trace/json';

const FIXTURES = path.join(__dirname, '..', '..', 'fixtures');
/** Where the guests of powernv start. */
const ENTRY = 0x10n;
const MEMORY = 32 * 2 ** 20;
/** Every guest ends well before this. */
const BUDGET = 1_000_000;

export interface GuestOptions {
  readonly model?: ModelName;
  /** Bytes of memory; default 32 MiB. */
  readonly memory?: number;
  readonly tlb?: 'coherent' | 'architected';
  /** Symbols to define, as `--defsym`. */
  readonly symbols?: Readonly<Record<string, bigint>>;
  /** Changes the source before it is assembled. */
  readonly edit?: (source: string) => string;
  /** Kinds of event to keep; none: the guest runs untraced. */
  readonly trace?: readonly WatchedKind[];
  /** Instructions of each call of `run`. Default: all in one. */
  readonly slice?: number;
  /** Called after every slice with the budget that was used so far. */
  readonly afterSlice?: (guest: Guest, used: number) => void;
}

/** A guest that has run to its end. */
export interface GuestRun {
  readonly machine: Machine;
  readonly end: MachineEnd;
  /** What it printed. */
  readonly console: string;
  readonly events: readonly TraceEvent[];
  readonly instructions: bigint;
  readonly registers: Readonly<Record<string, string>>;
}

/** The bytes of a fixture, by its name in `fixtures/`. */
export function assembleFixture(name: string, options: GuestOptions = {}): Uint8Array {
  const file = path.join(FIXTURES, name);
  const { edit = (source: string) => source, symbols = {} } = options;
  return assemble(edit(fs.readFileSync(file, 'utf8')), {
    file,
    symbols,
    include: (included, from) => fs.readFileSync(path.join(path.dirname(from), included), 'utf8'),
  }).bytes;
}

/** A fixture on a machine, ready to run. */
export class Guest {
  readonly machine: Machine;
  readonly events: TraceEvent[] = [];
  console = '';

  constructor(name: string, options: GuestOptions = {}) {
    this.machine = new Machine({
      description: POWERNV_MACHINE,
      memory: options.memory ?? MEMORY,
      ...(options.model ? { model: options.model } : {}),
      ...(options.tlb ? { tlb: options.tlb } : {}),
      output: (byte) => {
        this.console += String.fromCharCode(byte);
      },
    });
    this.machine.load(readImage(name, assembleFixture(name, options), { entry: ENTRY }));
    if (options.trace)
      new Tracer(this.machine, {
        kinds: new Set(options.trace),
        emit: (event) => this.events.push(event),
      });
  }

  get registers(): Record<string, string> {
    return allRegisters(this.machine.cpus[0]!);
  }
}

/** Runs a fixture to its end. */
export function runGuest(name: string, options: GuestOptions = {}): GuestRun {
  const guest = new Guest(name, options);
  const { machine } = guest;
  const slice = options.slice ?? BUDGET;
  let end: MachineEnd = { kind: 'budget' };
  for (let used = 0; used < BUDGET && end.kind === 'budget';) {
    const ran = machine.run(slice);
    ({ end } = ran);
    used += ran.used;
    options.afterSlice?.(guest, used);
  }
  const { console, events, registers } = guest;
  return { machine, end, console, events, registers, instructions: machine.instructions };
}

/** A golden file of `fixtures/golden/`. To renew one: delete it, run with BOOK3S_GOLDEN=write, and review it. */
export function golden(name: string, actual: string): string {
  const file = path.join(FIXTURES, 'golden', name);
  if (process.env['BOOK3S_GOLDEN'] === 'write' && !fs.existsSync(file)) fs.writeFileSync(file, actual);
  return fs.readFileSync(file, 'utf8');
}

/** Events as lines of JSON, for comparison. */
export const eventLines = (events: readonly TraceEvent[]): string[] => events.map(encodeEvent);
