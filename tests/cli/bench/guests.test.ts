/** The guests of the benchmarks do what their figures say that they do. Nothing is timed here. */
import { benchProgram, rateFigure, peerNote } from '../../../src/cli/bench/guest-timing';
import { SWITCH_WORKLOADS } from '../../../src/cli/bench/cpu-switch';
import { WORKLOADS } from '../../../src/cli/bench/mmu-guest';
import { u64 } from '../../../src/core/u64';
import { readImage } from '../../../src/loader';
import { Machine } from '../../../src/machine/machine';
import { POWERNV_MACHINE } from '../../../src/machine/powernv';
import { Tracer } from '../../../src/machine/tracer';

const TOUCHES = 40;
const ROUNDS = 3;
const MEMORY = 2n ** 28n;
const SEED = 0x9e3779b97f4a7c15n;

function run(name: string, symbols: Readonly<Record<string, number>>) {
  let console = '';
  const modes = new Set<string>();
  const machine = new Machine({
    description: POWERNV_MACHINE,
    memory: 512 * 2 ** 20,
    output: (byte) => {
      console += String.fromCharCode(byte);
    },
  });
  machine.load(readImage(name, benchProgram(name, symbols), { entry: 0x10n }));
  new Tracer(machine, {
    kinds: new Set(['walk']),
    emit: (event) => {
      if (event.ev === 'walk' && event.ea >= 0x40000000n && event.ea < 0x80000000n) modes.add(event.mode);
    },
  });
  const { end } = machine.run(10_000_000);
  return { console, end, machine, modes };
}

const xorshift = (value: bigint): bigint => {
  let x = value;
  x ^= u64(x << 13n);
  x ^= x >> 7n;
  return x ^ u64(x << 17n);
};

/** The touched doublewords and what they hold in the end, as the guest's comments have it. */
function expectedMemory(span: bigint, stores: boolean): Map<bigint, bigint> {
  const memory = new Map<bigint, bigint>();
  let x = SEED;
  for (let i = 0; i < TOUCHES * ROUNDS; i++) {
    x = xorshift(x);
    const at = (x & (span - 1n) & ~7n) % MEMORY;
    // Each page had its number of pages stored to its first doubleword before.
    const before = memory.get(at) ?? (at % 4096n === 0n ? MEMORY / 4096n : 0n);
    memory.set(at, stores ? u64(before + x) : before);
  }
  return memory;
}

describe.each(WORKLOADS)('$name', ({ program, symbols }) => {
  test('touches the doublewords that the generator says, through its tables', () => {
    const { console, end, machine, modes } = run(program, { ...symbols, TOUCHES, ROUNDS });
    expect(end).toEqual({ kind: 'power', request: { kind: 'off' } });
    expect(console).toBe(`B${'.'.repeat(ROUNDS)}E`);
    expect([...modes]).toEqual([program.includes('hpt') ? 'hash' : 'radix']);
    const expected = expectedMemory(2n ** BigInt(symbols['SPAN_SHIFT'] ?? 28), symbols['STORES'] !== 0);
    const actual = [...expected.keys()].map((at) => machine.memory.getDoubleword(Number(MEMORY + at)));
    expect(actual).toEqual([...expected.values()]);
  });
});

test.each([0, 1])('the loop executes eight instructions an iteration (TRANSLATED=%d)', (TRANSLATED) => {
  const count = (ITERATIONS: number): bigint => {
    const { console, machine } = run('loop.s', { ITERATIONS, ROUNDS, TRANSLATED });
    expect(console).toBe(`B${'.'.repeat(ROUNDS)}E`);
    return machine.instructions;
  };
  expect(count(1100) - count(100)).toBe(8n * 1000n * BigInt(ROUNDS));
});

describe.each(SWITCH_WORKLOADS)('$name', ({ workload }) => {
  test('does the same in each iteration, and ends', () => {
    const done = (COUNT: number) => {
      const { console, end, machine } = run('switch.s', { WORKLOAD: workload, COUNT, ROUNDS });
      expect(end).toEqual({ kind: 'power', request: { kind: 'off' } });
      expect(console).toBe(`B${'.'.repeat(ROUNDS)}E`);
      return machine;
    };
    const [few, many] = [done(10), done(110)];
    const iterations = 100n * BigInt(ROUNDS);
    expect(many.instructions - few.instructions).toBe(LENGTHS[workload]! * iterations);
    // No decrementer interrupt comes again.
    const taken = (m: Machine) => m.execution.counters.interrupts;
    expect(taken(many) - taken(few)).toBe(workload === 0 || workload === 4 ? Number(iterations) : 0);
  });
});

/** Instructions of an iteration of `switch.s`, by its workload. */
const LENGTHS = [7n, 13n, 6n, 5n, 20n];

describe('figures', () => {
  test('have the ratio to the peer, larger is faster', () => {
    expect(rateFigure('a', 'M/s', { here: 6e6, qemu: 3e6 })).toEqual({
      name: 'a', value: 6, unit: 'M/s', peer: 3, ratio: 2,
    }); // prettier-ignore
  });

  test('say so where there is no peer', () => {
    const figure = rateFigure('a', 'M/s', { here: 6e6, qemu: undefined });
    expect(figure).toEqual({ name: 'a', value: 6, unit: 'M/s' });
    expect(peerNote([figure])).toMatch(/not installed/);
  });
});
