/** Several CPUs: turns, reservations of one that stores of another end, what all of them share. */
import { MSR } from '../../isa/registers/msr';
import type { Cpu } from '../../src/cpu/cpu';
import { program, type Program, type ProgramOptions } from '../support/program';

/** Runs one CPU by itself for a number of instructions. */
const run = ({ machine }: Program, cpu: number, instructions: number): void => {
  const { used } = machine.execution.run(machine.cpus[cpu]!, instructions);
  expect(used).toBe(instructions);
};

/** Two CPUs in hypervisor real mode: CPU 0 at `start`, CPU 1 at `other`. r3 = 0x8000 in both, r4 = 0x8000 + `offset`. */
function pair(source: string, options: ProgramOptions & { offset?: number } = {}): Program {
  const guest = program(source, { cpus: 2, ...options });
  const other = guest.machine.cpus[1]!;
  other.nia = guest.at('other');
  other.msr = guest.cpu.msr;
  for (const { state } of guest.machine.cpus) {
    state.setGpr(3, 0x8000n);
    state.setGpr(4, 0x8000n + BigInt(options.offset ?? 0));
  }
  guest.machine.execution.memoryReplaced();
  return guest;
}

const RESERVE = `
start:  std     0, 0(3)         # the page is in the caches of both
        ldarx   5, 0, 3
        stdcx.  5, 0, 3
        mfcr    6
        attn
`;
const EQ = 0x20000000n;

describe.each([
  ['a store', 'std 7, 0(4)', 1],
  ['a byte', 'stb 7, 0(4)', 1],
  ['a store conditional', 'ldarx 7, 0, 4\n stdcx. 7, 0, 4', 2],
  ['an atomic memory operation', 'stdat 7, 4, 0', 1],
  ['dcbz', 'dcbz 0, 4', 1],
  ['stmw', 'stmw 30, 0(4)', 1],
  ['paste', 'copy 0, 3\n paste. 0, 4', 2],
  ['a quadword store conditional', 'lqarx 8, 0, 4\n stqcx. 8, 0, 4', 2],
])('%s of another CPU', (_name, store, instructions) => {
  const source = `${RESERVE}\nother: std 0, 0(3)\n ${store}\n attn`;

  test.each([0, 0x70])('ends the reservation of the granule, at offset %d', (offset) => {
    const guest = pair(source, { offset: store.includes('paste') ? 0 : offset });
    run(guest, 1, 1);
    run(guest, 0, 2);
    run(guest, 1, instructions);
    run(guest, 0, 2);
    expect(guest.gpr(6) & EQ).toBe(0n);
  });

  test.each([-0x80, 0x80, 0x1000])('leaves it when it is to another granule, at offset %d', (offset) => {
    const guest = pair(source, { offset });
    run(guest, 1, 1);
    run(guest, 0, 2);
    run(guest, 1, instructions);
    run(guest, 0, 2);
    expect(guest.gpr(6) & EQ).toBe(EQ);
  });
});

test('a store that puts back the same value ends a reservation (ABA)', () => {
  const guest = pair(`${RESERVE}\nother: ld 7, 0(4)\n li 8, 1\n std 8, 0(4)\n std 7, 0(4)\n attn`);
  run(guest, 1, 1);
  run(guest, 0, 2);
  run(guest, 1, 3);
  run(guest, 0, 2);
  expect(guest.gpr(6) & EQ).toBe(0n);
});

test('a CPU that stores fast before and after the reservation of another still ends it', () => {
  const guest = pair(`${RESERVE}\nother: std 0, 0x800(3)\n std 0, 0x808(3)\n std 0, 8(3)\n attn`);
  run(guest, 1, 2);
  run(guest, 0, 2);
  run(guest, 1, 1);
  run(guest, 0, 2);
  expect(guest.gpr(6) & EQ).toBe(0n);
});

test('own stores leave the own reservation, and the other reservation is judged by itself', () => {
  const guest = pair(
    `
start:  ldarx   5, 0, 3
        std     5, 8(3)
        stdcx.  5, 0, 3
        mfcr    6
        attn
other:  ldarx   5, 0, 3
        stdcx.  5, 0, 3
        mfcr    6
        attn`,
  );
  run(guest, 0, 1);
  run(guest, 1, 1);
  run(guest, 0, 3);
  run(guest, 1, 2);
  expect(guest.gpr(6) & EQ).toBe(EQ);
  expect(guest.machine.cpus[1]!.state.gpr(6) & EQ).toBe(0n);
});

test('a store that crosses into the granule ends the reservation', () => {
  const guest = pair(`${RESERVE}\nother: std 7, -4(3)\n attn`);
  run(guest, 0, 2);
  run(guest, 1, 1);
  run(guest, 0, 2);
  expect(guest.gpr(6) & EQ).toBe(0n);
});

test('a lock and a counter: nothing is lost, whatever the length of turns', () => {
  const loop = (label: string): string => `
${label}:  li      8, 400
        mtctr   8
1:      ldarx   5, 0, 3
        addi    5, 5, 1
        stdcx.  5, 0, 3
        bne-    1b
        bdnz    1b
`;
  for (const turn of [1, 2, 3, 5, 7, 100]) {
    const guest = pair(`${loop('start')}\n b .\n${loop('other')}\n b .`);
    for (let i = 0; i < 24_000 / turn; i++) run(guest, i % 2, turn);
    expect({ turn, count: guest.memory(0x8000, 8) }).toEqual({ turn, count: 800n });
  }
});

test('two CPUs take turns the same way in every run', () => {
  const once = (): unknown => {
    const guest = pair('start:\nother: mftb 5\n lwzx 6, 0, 3\n add 6, 6, 5\n stw 6, 0(3)\n b other');
    guest.machine.turns.enable(3);
    guest.run(95_000);
    return guest.machine.cpus
      .map(({ state, nia }) => [state.gpr(5), state.gpr(6), nia])
      .concat([[guest.memory(0x8000, 4)]]);
  };
  const first = once();
  expect(once()).toEqual(first);
});

test('numbers of contexts that run out on one CPU leave no translation behind on another', () => {
  const guest = pair('start: b .\nother: ld 5, 0(3)\n ld 5, 0(3)\n ld 5, 0(3)\n attn');
  const { execution, memory } = guest.machine;
  const [one, two] = guest.machine.cpus as [Cpu, Cpu];
  memory.setDoubleword(0x18000, 0x77n);
  const changeUntil = (cpu: Cpu, done: () => boolean): void => {
    for (let amr = 1n; !done(); amr++) {
      cpu.state.setNamed('AMR', amr);
      execution.registersChanged(cpu);
    }
  };
  run(guest, 1, 1);
  const number = two.state.named('DCTX');
  const { contexts } = execution.engine;
  const { generation } = contexts;
  changeUntil(one, () => contexts.generation !== generation);
  // CPU 1 enters the page once more without having been given a new number...
  run(guest, 1, 1);
  expect(two.state.gpr(5)).toBe(0n);
  // ... and gets to a context of the old number in which the page is another.
  two.state.setNamed('HRMOR', 0x10000n);
  changeUntil(two, () => two.state.named('DCTX') === number);
  memory.bytes.copyWithin(0x10000, 0, 0x1000);
  execution.engine.written(0x10000, 0x1000);
  run(guest, 1, 1);
  expect(two.state.gpr(5)).toBe(0x77n);
  expect(contexts.size).toBeLessThanOrEqual(4095);
});

test('an observer of instructions sees every CPU', () => {
  const guest = pair('start: nop\n b start\nother: nop\n b other');
  run(guest, 0, 100);
  run(guest, 1, 100);
  const seen = [0, 0];
  guest.machine.execution.observers.instruction = ({ state }) => {
    seen[state.index]!++;
  };
  run(guest, 0, 100);
  run(guest, 1, 100);
  expect(seen).toEqual([100, 100]);
  guest.machine.execution.observers.instruction = undefined;
  run(guest, 0, 100);
  run(guest, 1, 100);
  expect(seen).toEqual([100, 100]);
});

test('one CPU steps while the other runs', () => {
  const guest = pair('.org 0xd00\n b .\n.org 0x1000\nstart: nop\n b start\nother: nop\n b other');
  run(guest, 1, 50);
  guest.cpu.msr |= MSR.SE.mask;
  guest.machine.execution.registersChanged(guest.cpu);
  run(guest, 0, 1);
  run(guest, 1, 50);
  expect(guest.cpu.nia).toBe(0xd00n);
  expect(guest.machine.cpus[1]!.nia).toBe(guest.at('other'));
});

test('time of a CPU is its own, whichever ran last', () => {
  const guest = pair('start: b .\nother: b .');
  run(guest, 0, 100);
  run(guest, 1, 30);
  const timeOf = (cpu: number): bigint => guest.machine.cpus[cpu]!.hooks.now();
  expect([timeOf(0), timeOf(1)]).toEqual([100n, 30n]);
});

test('no CPU sees a time base behind what another has read', () => {
  const watch = `mftb 6
        ld      5, 0(3)
        mftb    6
        cmpld   6, 5
        bge     1f
        std     6, 8(3)         # behind
1:      std     6, 0(3)
        bdnz    WHERE`;
  const guest = pair(`
start:  li 7, 20000
        mtctr   7
2:      ${watch.replace('WHERE', '2b')}
        b .
other:  li 7, 20000
        mtctr   7
3:      ${watch.replace('WHERE', '3b').replaceAll('1f', '4f').replace('1:', '4:')}
        b .
`);
  guest.machine.turns.enable(3);
  guest.machine.run(400_000);
  const at = (address: number): bigint => {
    const bytes = guest.machine.memory.bytes.subarray(address, address + 8);
    return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  };
  expect(at(0x8008)).toBe(0n);
  expect(at(0x8000)).toBeGreaterThan(200_000n);
});
