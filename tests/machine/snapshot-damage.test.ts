/**
 * Snapshots of machine pseries that somebody changed: in what they say of the hypervisor, and in its tables in memory.
 * Each is refused with the place named, or gives a machine that runs: whatever its guest then does is the guest's.
 */
import { UserError } from '../../src/core/errors';
import type { Json } from '../../src/core/saved-state';
import type { Machine } from '../../src/machine/machine';
import type { Snapshot } from '../../src/machine/snapshot';
import { Random, SEED } from '../support/random';
import { mutated, pathsOf, replaced, valueAt } from '../support/mutate-json';
import { PseriesGuest, type PseriesOptions } from '../support/pseries-guest';
import { fileOf, snapshotOf } from '../support/resume';

/** How often each; more by BOOK3S_DAMAGE. */
const TIMES = Number(process.env['BOOK3S_DAMAGE'] ?? 60);
/** Instructions that a machine with a changed snapshot runs. */
const AFTERWARDS = 4000;

/** A snapshot from the middle of a run, and a machine that others are restored in. */
class Subject {
  readonly snapshot: Snapshot;
  readonly machine: Machine;
  readonly bytes: Uint8Array;
  /** Of L0's kernel memory: addresses and sizes. */
  readonly pieces: readonly (readonly [number, number])[];
  refused = 0;

  constructor(name: string, stop: (guest: PseriesGuest) => boolean, options: PseriesOptions = {}) {
    const guest = new PseriesGuest(name, options);
    while (!stop(guest)) guest.machine.run(50);
    this.snapshot = snapshotOf(fileOf(guest.machine));
    this.bytes = guest.machine.memory.bytes.slice();
    this.pieces = guest.machine.l0!.heap.save().pieces;
    this.machine = new PseriesGuest(name, options).machine;
  }

  /** Takes over a changed snapshot and runs. */
  play(what: unknown, change: Partial<Snapshot>): void {
    try {
      const copyMemory = (target: Uint8Array): void => target.set(this.bytes);
      this.machine.restore('s.snap', { ...this.snapshot, copyMemory, ...change });
    } catch (error) {
      if (!(error instanceof UserError))
        throw new Error(`${JSON.stringify(what)}: restore`, { cause: error });
      expect(error.message).toMatch(/^s\.snap/);
      this.refused++;
      return;
    }
    try {
      this.machine.run(AFTERWARDS);
      this.machine.save();
    } catch (error) {
      throw new Error(`${JSON.stringify(what)}: run`, { cause: error });
    }
  }
}

const inNested = ({ machine }: PseriesGuest): boolean =>
  machine.l0!.nested!.isRunning(machine.l0!.vcpus[0]!) && machine.instructions > 2500n;
const SUBJECTS: readonly (readonly [string, () => Subject])[] = [
  ['nested.s within a nested guest', () => new Subject('nested.s', inNested)],
  ['nested.s with lookaside buffers', () => new Subject('nested.s', inNested, { tlb: 'architected' })],
  [
    'pseries-hpt.s with its table',
    () =>
      new Subject('pseries-hpt.s', ({ machine }) => machine.instructions > 1500n, {
        append: 'disable_radix',
      }),
  ],
];

describe.each(SUBJECTS)('%s', (_name, make) => {
  let subject: Subject;
  beforeAll(() => void (subject = make()));

  test('unchanged it is taken', () => {
    subject.play('nothing', {});
    expect(subject.refused).toBe(0);
  });

  test(`one value of the description is another (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const { devices, cpus, tlb } = subject.snapshot;
    const description = { devices, tlb, cpus } as unknown as Json;
    // That `cpus` and `tlb` are lists, and how long, is what reading the file checks (snapshot.test.ts).
    const paths = pathsOf(description, 12).filter(([of, ...rest]) => of === 'devices' || rest.length > 0);
    for (let i = 0; i < TIMES; i++) {
      const path = paths[random.below(paths.length)]!;
      const value = mutated(valueAt(description, path), random);
      const changed = JSON.parse(JSON.stringify(replaced(description, path, value))) as Partial<Snapshot>;
      subject.play([path.join('.'), value], changed);
    }
    expect(subject.refused).toBeGreaterThan(TIMES / 4);
  });

  test(`one word of L0's tables is another (seed ${SEED})`, () => {
    const random = new Random(SEED + 1);
    for (let i = 0; i < TIMES; i++) {
      const [address, bytes] = subject.pieces[random.below(subject.pieces.length)]!;
      const view = new DataView(subject.bytes.buffer);
      // Words that are something already are the interesting ones.
      let at = address;
      for (let tries = 0; tries < 64 && view.getBigUint64(at) === 0n; tries++)
        at = address + 8 * random.below(bytes / 8);
      const old = view.getBigUint64(at);
      const bit = 1n << BigInt(random.below(64));
      const value = random.below(3) === 0 ? random.doubleword() : old ^ bit;
      const copyMemory = (target: Uint8Array): void => {
        target.set(subject.bytes);
        new DataView(target.buffer, target.byteOffset).setBigUint64(at, value);
      };
      subject.play([at.toString(16), old.toString(16), value.toString(16)], { copyMemory });
    }
  });
});

test('a cached partition table entry that leads nowhere: L0 cannot help, and the run ends all the same', () => {
  const subject = new Subject('nested.s', inNested, { tlb: 'architected' });
  const tlb = JSON.parse(JSON.stringify(subject.snapshot.tlb)) as { partitions: { entries: number[][] } }[];
  // The upper half of each entry's first doubleword: no tree is at such an address.
  for (const entry of tlb[0]!.partitions.entries) entry[8] = 0xfff;
  subject.play('partitions', { tlb: tlb });
  expect(subject.refused).toBe(0);
});
