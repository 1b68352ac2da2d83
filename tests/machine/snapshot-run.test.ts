/** A run that is saved anywhere and goes on in another machine ends as if nothing had happened. */
import fs from 'node:fs';
import zlib from 'node:zlib';
import { assemble } from '../../src/asm/assemble';
import { UserError } from '../../src/core/errors';
import { readRaw } from '../../src/loader';
import { Machine, type MachineEnd } from '../../src/machine/machine';
import type { MachineOptions } from '../../src/machine/machine-options';
import { allRegisters } from '../../src/machine/registers';
import { decodeSnapshot, encodeSnapshot, type Compressor, type Snapshot } from '../../src/machine/snapshot';
import { DESCRIPTIONS, include, program, type Program } from '../support/program';
import { Random, SEED } from '../support/random';

const ZLIB: Compressor = {
  compress: (bytes) => zlib.deflateSync(bytes, { level: 1 }),
  decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
};

/** What is in the file of a machine's snapshot. */
const saved = (machine: Machine): Snapshot =>
  decodeSnapshot('s.snap', encodeSnapshot(machine.save(), machine.memory.bytes, ZLIB), ZLIB);

interface Fixture {
  readonly machine: Machine;
  readonly console: string[];
}

const HYPERVISOR = assemble(fs.readFileSync(`${__dirname}/../../fixtures/hypervisor.s`, 'utf8'), {
  include,
}).bytes;

function powernv(options: Partial<MachineOptions> = {}): Fixture {
  const console: string[] = [];
  const output = (byte: number): unknown => console.push(String.fromCharCode(byte));
  const machine = new Machine({
    description: DESCRIPTIONS.powernv,
    memory: 64 * 2 ** 20,
    output,
    ...options,
  });
  return { machine, console };
}

function started(): Fixture {
  const fixture = powernv();
  fixture.machine.load(readRaw('hypervisor', HYPERVISOR, { entry: 0x10n }));
  return fixture;
}

const outcome = ({ machine, console }: Fixture, end: MachineEnd): unknown => ({
  end,
  console: console.join(''),
  registers: machine.cpus.map(allRegisters),
  instructions: machine.instructions,
  time: machine.cpus[0]!.hooks.now(),
});

test('hypervisor.s, stopped at random points', () => {
  const whole = started();
  const { end } = whole.machine.run(10_000_000);
  const expected = outcome(whole, end);
  expect(end).toMatchObject({ kind: 'power' });
  const random = new Random(SEED);
  for (let i = 0; i < 5; i++) {
    const first = started();
    const point = 1 + random.below(Number(whole.machine.instructions) - 1);
    first.machine.run(point);
    const second = powernv();
    second.machine.restore('s.snap', saved(first.machine));
    const rest = second.machine.run(10_000_000);
    second.console.unshift(...first.console);
    expect({ point, ...(outcome(second, rest.end) as object) }).toEqual({ point, ...(expected as object) });
    expect(Buffer.from(second.machine.memory.bytes).equals(whole.machine.memory.bytes)).toBe(true);
  }
});

/** Machines that are quickly made: there is one for every few instructions. */
const SMALL = { memory: 65536, recordSlots: 16 };

/** Runs a program with a save and a restore into a new machine after every `n` instructions. */
function inPieces(make: () => Program, n: number): { guest: Program; console: string } {
  let guest = make();
  let console = '';
  for (let i = 0; i < 500; i++) {
    const { end } = guest.machine.run(n);
    if (end.kind !== 'budget') return { guest, console: console + guest.console };
    const next = make();
    next.machine.restore('s.snap', saved(guest.machine));
    console += guest.console;
    guest = next;
  }
  throw new Error('the guest did not end');
}

test('interrupts in a row, a decrementer, a reservation and random numbers, saved after every instruction', () => {
  const make = (): Program => {
    const guest = program(
      `
        .org    0x200
        mfspr   30, SPR_HSRR0
        addi    30, 30, 4
        mtspr   SPR_HSRR0, 30
        hrfid
        .org    0x700
        ld      8, 0(10)                # a third: there is no such memory
        .org    0x900
        mftb    20
        mfspr   21, SPR_SRR0
        attn
        .org    0xe40
        trap                            # a second interrupt at once
        .org    0x1000
start:  lis     10, 0x4000
        mfmsr   3
        ori     3, 3, MSR_EE
        mtmsrd  3, 1
        li      3, 60
        mtspr   22, 3
        li      4, 0x4000
        ldarx   5, 0, 4
        .long   0
        stdcx.  5, 0, 4
        mfcr    6
        darn    7, 1
        .long   0
        b       .`,
      SMALL,
    );
    guest.cpu.state.setNamed('DECEXPIRY', 1000n);
    guest.machine.execution.memoryReplaced();
    return guest;
  };
  const whole = make().finish();
  for (const n of [1, 2, 3]) {
    const { guest } = inPieces(make, n);
    expect({ n, registers: allRegisters(guest.cpu) }).toEqual({ n, registers: allRegisters(whole.cpu) });
    expect(guest.machine.instructions).toBe(whole.machine.instructions);
    expect(guest.cpu.hooks.now()).toBe(whole.cpu.hooks.now());
  }
});

test('devices in the middle of what they do', () => {
  const make = (): Program =>
    program(
      `
start:  load64  3, UART
        li      4, 0x80                 # divisor latch open
        stbcix  4, 0, 3
        addi    5, 3, 3
        stbcix  4, 0, 5
        li      6, 12
        stbcix  6, 0, 3
        li      4, 3
        stbcix  4, 0, 5
        li      6, 0x42
        stbcix  6, 0, 3
        addi    7, 3, 7
        li      8, 0x5a
        stbcix  8, 0, 7                 # scratch
        lbzcix  9, 0, 7
        lbzcix  10, 0, 3                # input
        lbzcix  11, 0, 3
        li      12, 0x43
        stbcix  12, 0, 3
        attn`,
      SMALL,
    );
  const input = (guest: Program): Program => {
    guest.machine.input(Buffer.from('xy'));
    return guest;
  };
  const whole = input(make()).finish();
  let fresh = true;
  const { guest, console } = inPieces(() => {
    const made = make();
    if (fresh) input(made);
    fresh = false;
    return made;
  }, 1);
  expect(console).toBe(whole.console);
  expect([9, 10, 11].map((n) => guest.gpr(n))).toEqual([0x5an, 0x78n, 0x79n]);
  expect(allRegisters(guest.cpu)).toEqual(allRegisters(whole.cpu));
});

test('several CPUs: turns, reservations and whose turn it is', () => {
  const make = (): Program => {
    const guest = program(
      'start:\nother: ldarx 5, 0, 3\n addi 5, 5, 1\n stdcx. 5, 0, 3\n bne- other\n addi 6, 6, 1\n b other',
      { ...SMALL, cpus: 2 },
    );
    guest.machine.cpus[1]!.nia = guest.at('other');
    for (const { state } of guest.machine.cpus) state.setGpr(3, 0x8000n);
    guest.machine.turns.enable(3);
    guest.machine.execution.memoryReplaced();
    return guest;
  };
  const registers = ({ machine }: Program): unknown => machine.cpus.map(allRegisters);
  const whole = make();
  whole.run(60_000);
  let guest = make();
  for (let i = 0; i < 60; i++) {
    guest.run(1000);
    const next = make();
    next.machine.restore('s.snap', saved(guest.machine));
    guest = next;
  }
  expect(registers(guest)).toEqual(registers(whole));
  const done = whole.machine.cpus.reduce((sum, { state }) => sum + state.gpr(6), 0n);
  expect(whole.memory(0x8000, 8) - done).toBeLessThanOrEqual(2n);
});

test.each<[string, Partial<MachineOptions>, string]>([
  ['memory', { memory: 32 * 2 ** 20 }, '-m'],
  ['model', { model: 'power10' }, '--cpu'],
  ['number of CPUs', { cpus: 2 }, '--smp'],
  ['machine', { description: DESCRIPTIONS.microwatt, memory: 2 ** 20 }, '--machine'],
])('a snapshot of another %s is refused, and nothing has changed', (_what, options, option) => {
  const snapshot = saved(started().machine);
  const { machine } = powernv(options);
  const before = machine.cpus.map(allRegisters);
  expect(() => machine.restore('s.snap', snapshot)).toThrow(UserError);
  expect(() => machine.restore('s.snap', snapshot)).toThrow(option);
  expect(machine.cpus.map(allRegisters)).toEqual(before);
});
