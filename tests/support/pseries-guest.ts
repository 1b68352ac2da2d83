/** Guests of machine pseries, of `fixtures/` and handmade: assembled, run to their end, with what L0 has afterwards. */
import { createHash } from 'node:crypto';
import { assemble } from '../../src/asm/assemble';
import { checkInvariants } from '../../src/kvm/check-invariants';
import { checkNested } from '../../src/kvm/nested/check';
import type { Nested } from '../../src/kvm/nested/nested';
import type { NestedGuests } from '../../src/kvm/nested/part';
import { readRaw } from '../../src/loader';
import { Machine, type MachineEnd } from '../../src/machine/machine';
import { PSERIES_MACHINE } from '../../src/machine/pseries';
import { Tracer, type WatchedKind } from '../../src/machine/tracer';
import type { TraceEvent } from '../../src/trace/events';
import { encodeEvent } from '../../src/trace/json';
import { assembleFixture } from './guest';
import { include } from './program';

export const MIB = 2 ** 20;

export interface PseriesOptions {
  /** Bytes of L1's memory; default 64 MiB. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly model?: 'power9' | 'power10';
  readonly tlb?: 'coherent' | 'architected';
  readonly symbols?: Readonly<Record<string, bigint>>;
  /** Changes the source before it is assembled. */
  readonly edit?: (source: string) => string;
  /** The command line that the machine gives it. */
  readonly append?: string;
  /** Kinds of event to keep. */
  readonly trace?: readonly WatchedKind[];
  /** Instructions of each call of `run`. Default: all in one. */
  readonly slice?: number;
  /** Instructions after which the guest counts as one that does not end. */
  readonly budget?: number;
  /** Called after every slice. */
  readonly afterSlice?: (guest: PseriesGuest) => void;
  /** Gets the events instead of {@link PseriesGuest.events}. */
  readonly emit?: (event: TraceEvent) => void;
}

const DEFAULT_BUDGET = 2_000_000;

/** A guest on the machine, loaded. */
export class PseriesGuest {
  readonly machine: Machine;
  readonly events: TraceEvent[] = [];
  console = '';
  end: MachineEnd = { kind: 'budget' };

  /** @param image what to load at 0; default: the fixture of this name, assembled */
  constructor(name: string, options: PseriesOptions = {}, image = assembled(name, options)) {
    const { memory = 64 * MIB, cpus = 1, model, tlb, trace, emit } = options;
    this.machine = new Machine({
      description: PSERIES_MACHINE,
      memory,
      cpus,
      ...(model ? { model } : {}),
      ...(tlb ? { tlb } : {}),
      output: (byte) => (this.console += String.fromCharCode(byte)),
    });
    if (trace)
      new Tracer(this.machine, {
        kinds: new Set(trace),
        emit: emit ?? ((event) => void this.events.push(event)),
      });
    this.machine.load(readRaw(name, image, { entry: 0n }), { append: options.append ?? '' });
  }

  get l0(): NonNullable<Machine['l0']> {
    return this.machine.l0!;
  }

  get nested(): Nested {
    return (this.l0.nested as NestedGuests).nested;
  }

  /** What is broken in L0, nothing where all is well. */
  get problems(): unknown[] {
    return [...checkNested(this.nested), ...checkInvariants(this.l0.vm)];
  }
}

function assembled(name: string, { symbols, edit }: PseriesOptions): Uint8Array {
  return assembleFixture(name, { ...(symbols ? { symbols } : {}), ...(edit ? { edit } : {}) });
}

/** A handmade guest that starts at 0, with the include file of the fixtures. */
export function assembleGuest(source: string): Uint8Array {
  return assemble(`.include "book3s.inc"\n${source}`, { byteOrder: 'big', origin: 0n, include }).bytes;
}

/** Runs a guest to its end: the fixture of this name, or an image. */
export function runPseries(name: string, options: PseriesOptions = {}, image?: Uint8Array): PseriesGuest {
  const guest = new PseriesGuest(name, options, image);
  const { budget = DEFAULT_BUDGET, slice = budget } = options;
  for (let used = 0; used < budget && guest.end.kind === 'budget';) {
    const ran = guest.machine.run(Math.min(slice, budget - used));
    guest.end = ran.end;
    used += ran.used;
    options.afterSlice?.(guest);
  }
  return guest;
}

/** One word for a whole trace. */
export class TraceHash {
  events = 0;
  private readonly hash = createHash('sha256');

  readonly add = (event: TraceEvent): void => {
    this.events++;
    this.hash.update(`${encodeEvent(event)}\n`);
  };

  /** Ends it. */
  digest(): string {
    return this.hash.digest('hex');
  }
}

export const OFF = { kind: 'power', request: { kind: 'off' } };
