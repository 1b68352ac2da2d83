/** A run on machine pseries that is saved again and again, each time resumed in another machine and compared. */
import zlib from 'node:zlib';
import { checkInvariants } from '../../src/kvm/check-invariants';
import { checkL0 } from '../../src/kvm/guest/check';
import { checkNested } from '../../src/kvm/nested/check';
import type { NestedGuests } from '../../src/kvm/nested/part';
import { STOPPED } from '../../src/cpu/pending';
import type { Machine, MachineEnd } from '../../src/machine/machine';
import { allRegisters } from '../../src/machine/registers';
import { decodeSnapshot, encodeSnapshot, type Compressor, type Snapshot } from '../../src/machine/snapshot';
import type { WatchedKind } from '../../src/machine/tracer';
import { encodeEvent } from '../../src/trace/json';
import { PseriesGuest, type PseriesOptions } from './pseries-guest';

const ZLIB: Compressor = {
  compress: (bytes) => zlib.deflateSync(bytes, { level: 1 }),
  decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
};

export const fileOf = (machine: Machine): Uint8Array =>
  encodeSnapshot(machine.save(), machine.memory.bytes, ZLIB);

export const snapshotOf = (file: Uint8Array): Snapshot => decodeSnapshot('s.snap', file, ZLIB);

const BUDGET = 5_000_000;
/** What does not come again when translations are found anew. */
const TRACED: readonly WatchedKind[] = ['hcall', 'nested', 'rmap', 'memslot', 'interrupt', 'console'];

/** In which states the run was saved. */
export interface Covered {
  points: number;
  /** A vCPU was in a nested guest; waited in H_CEDE; was not started. */
  nested: number;
  ceded: number;
  stopped: number;
}

export interface ResumeOptions extends PseriesOptions {
  /** Instructions from one save to the next. */
  readonly every: (point: number) => number;
  /** Called before each slice of the run that goes on without a break. */
  readonly between?: (guest: PseriesGuest, point: number) => void;
}

const problemsOf = (machine: Machine): unknown[] => {
  const l0 = machine.l0!;
  return [...checkL0(l0), ...checkNested((l0.nested as NestedGuests).nested), ...checkInvariants(l0.vm)];
};

function look(machine: Machine, covered: Covered): void {
  const { vcpus, nested } = machine.l0!;
  covered.points++;
  if (vcpus.some((vcpu) => nested!.isRunning(vcpu))) covered.nested++;
  if (vcpus.some(({ isCeded }) => isCeded)) covered.ceded++;
  if (vcpus.some(({ cpu }) => cpu.state.named('STOPPED') === BigInt(STOPPED.CEDED))) covered.stopped++;
}

interface Save {
  readonly file: Uint8Array;
  readonly console: number;
  readonly events: number;
  readonly used: number;
}

const outcome = ({ machine }: PseriesGuest, end: MachineEnd): unknown => ({
  end,
  registers: machine.cpus.map(allRegisters),
  instructions: machine.instructions,
  time: machine.cpus.map((cpu) => cpu.hooks.now()),
  counters: { ...machine.l0!.counters, ...(machine.l0!.nested as NestedGuests).nested.counters },
  tlb: machine.l0!.tlb.counters,
});

/**
 * Runs a fixture, saving as it goes; then resumes each save in one other machine. A difference fails the test that
 * calls this.
 */
export function resumeEverywhere(name: string, { every, between, ...options }: ResumeOptions): Covered {
  const covered: Covered = { points: 0, nested: 0, ceded: 0, stopped: 0 };
  const whole = new PseriesGuest(name, { ...options, trace: TRACED });
  const saves: Save[] = [];
  let used = 0;
  for (let point = 0; whole.end.kind === 'budget' && used < BUDGET; point++) {
    between?.(whole, point);
    const ran = whole.machine.run(every(point));
    used += ran.used;
    whole.end = ran.end;
    look(whole.machine, covered);
    saves.push({
      file: fileOf(whole.machine),
      console: whole.console.length,
      events: whole.events.length,
      used,
    });
  }
  const expected = outcome(whole, whole.end);
  const last = saves.pop()!;
  const other = new PseriesGuest(name, { ...options, trace: TRACED });
  // What the machine did before does not matter.
  other.machine.run(777);
  for (const save of saves) {
    other.console = '';
    other.machine.restore('s.snap', snapshotOf(save.file));
    other.events.length = 0;
    const at = { name, at: save.used };
    expect({ ...at, problems: problemsOf(other.machine) }).toEqual({ ...at, problems: [] });
    expect({ ...at, same: Buffer.from(fileOf(other.machine)).equals(save.file) }).toEqual({
      ...at,
      same: true,
    });
    if (between) continue;
    const { end } = other.machine.run(last.used - save.used);
    expect({ ...at, ...(outcome(other, end) as object) }).toEqual({ ...at, ...(expected as object) });
    expect({ ...at, console: other.console }).toEqual({ ...at, console: whole.console.slice(save.console) });
    expect(other.events.map(encodeEvent)).toEqual(whole.events.slice(save.events).map(encodeEvent));
    expect(Buffer.from(other.machine.memory.bytes).equals(whole.machine.memory.bytes)).toBe(true);
  }
  return covered;
}
