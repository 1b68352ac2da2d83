/** Breakpoints and steps: where they stop, and that nothing else is different. */
import fc from 'fast-check';
import { MSR } from '../../isa/registers/msr';
import { assemble } from '../../src/asm/assemble';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { createTiming, MICROWATT_PROFILE } from '../../src/timing';
import { allRegisters } from '../../src/machine/registers';
import { describeThread } from '../../src/gdb/threads';
import { assembleGuest, OFF, PseriesGuest, runPseries } from '../support/pseries-guest';
import { GdbClient } from '../support/gdb-client';
import { Guest, runGuest } from '../support/guest';
import { program, type ProgramOptions } from '../support/program';

const hex = (value: bigint | number): string => value.toString(16);
const ATTN = { kind: 'attn' };

function debugged(source: string, options: ProgramOptions = {}) {
  const guest = program(source, options);
  return { guest, client: new GdbClient(guest.machine) };
}

const COUNTDOWN = `
start:  li      3, 5
loop:   addi    4, 4, 1
        bl      sub
        addic.  3, 3, -1
        bne     loop
        attn
sub:    addi    5, 5, 1
        blr
`;

test.each(['0', '1'])('Z%s stops before the instruction, as often as it is reached', (type) => {
  const { guest, client } = debugged(COUNTDOWN);
  client.ask('qSupported:swbreak+;hwbreak+');
  expect(client.ask(`Z${type},${hex(guest.at('sub'))},4`)).toBe('OK');
  const reason = type === '0' ? 'swbreak' : 'hwbreak';
  for (let n = 0; n < 5; n++) {
    expect(client.run('vCont;c')).toBe(`T05thread:1;${reason}:;`);
    expect([guest.cpu.nia, guest.gpr(5), guest.gpr(4)]).toEqual([guest.at('sub'), BigInt(n), BigInt(n + 1)]);
    expect(client.run('vCont;s:1')).toBe('T05thread:1;');
    expect([guest.cpu.nia, guest.gpr(5)]).toEqual([guest.at('sub') + 4n, BigInt(n + 1)]);
  }
  expect(client.run('vCont;c')).toEqual(ATTN);
  // Memory is as it was.
  expect(guest.memory(guest.at('sub'), 4)).toBe(0x38a50001n);
});

test('a client that knows no reasons gets none, and one that goes on where it stands stops again', () => {
  const { guest, client } = debugged(COUNTDOWN);
  client.ask(`Z0,${hex(guest.at('sub'))},4`);
  expect(client.run('c')).toBe('T05thread:1;');
  expect(client.run('c')).toBe('T05thread:1;');
  expect(guest.gpr(5)).toBe(0n);
  expect(client.ask('?')).toBe('T05thread:1;');
});

test('a breakpoint that is removed stops nothing', () => {
  const { guest, client } = debugged(COUNTDOWN);
  client.ask(`Z0,${hex(guest.at('sub'))},4`);
  client.run('vCont;c');
  expect(client.ask(`z0,${hex(guest.at('sub'))},4`)).toBe('OK');
  expect(client.run('vCont;c')).toEqual(ATTN);
  expect(guest.gpr(5)).toBe(5n);
});

test('a breakpoint in code that runs already stops it', () => {
  const { guest, client } = debugged('start: addi 3, 3, 1\nhere: addi 4, 4, 1\n b start');
  for (let n = 0; n < 3; n++) {
    expect(client.run('vCont;c', 1000)).toBe('still runs');
    client.stub.receive(Buffer.from([3]));
    client.take();
    expect(client.ask('Z0,4,4')).toBe('OK');
    const before = guest.machine.instructions;
    expect(client.run('vCont;c')).toBe('T05thread:1;');
    expect(guest.cpu.nia).toBe(4n);
    expect(guest.machine.instructions - before).toBeLessThan(3n);
    expect(client.ask('z0,4,4')).toBe('OK');
  }
});

test('a guest that traces itself is traced the same', () => {
  const source = `start: mfmsr 3\n ori 4, 3, 0x400\n mtmsrd 4\n addi 5, 5, 1\n addi 5, 5, 1\n std 5, 0x2000(0)
    mtmsrd 3\n attn\n .org 0xd00\n addi 6, 6, 1\n rfid`;
  const plain = debugged(source).guest.finish();
  const { guest, client } = debugged(source);
  for (const at of ['c', '10', '14', 'd00', 'd04']) client.ask(`Z0,${at},4`);
  client.ask('Z2,2000,8');
  const { stops, end } = runOver(client);
  expect([end, stops > 8]).toEqual([ATTN, true]);
  expect([guest.gpr(6), guest.machine.instructions]).toEqual([plain.gpr(6), plain.machine.instructions]);
  expect(allRegisters(guest.cpu)).toEqual(allRegisters(plain.cpu));
});

test('c and s from an address go on there', () => {
  const { guest, client } = debugged(COUNTDOWN);
  expect(client.run(`s${hex(guest.at('sub'))}`)).toBe('T05thread:1;');
  expect([guest.cpu.nia, guest.gpr(5)]).toEqual([guest.at('sub') + 4n, 1n]);
  expect(client.run(`C05;${hex(guest.at('sub') - 4n)}`)).toEqual(ATTN);
});

test('steps follow branches one by one', () => {
  const { guest, client } = debugged(COUNTDOWN);
  const at: bigint[] = [];
  for (let n = 0; n < 7; n++) {
    client.run('vCont;s:1');
    at.push(guest.cpu.nia);
  }
  const [loop, sub] = [guest.at('loop'), guest.at('sub')];
  expect(at).toEqual([loop, loop + 4n, sub, sub + 4n, loop + 8n, loop + 12n, loop]);
});

test('a step onto and over a prefixed instruction takes it whole', () => {
  const { guest, client } = debugged('start: nop\n nop\n paddi 3, 0, 100000, 0\n attn', { model: 'power10' });
  client.ask(`Z0,8,4`);
  expect(client.run('vCont;c')).toBe('T05thread:1;');
  client.run('vCont;s:1');
  expect([guest.cpu.nia, guest.gpr(3)]).toEqual([16n, 100000n]);
});

test('a step of a system call, and of an interrupt, stops at the handler', () => {
  const { guest, client } = debugged(`start: sc\n attn\n .org 0xc00\n addi 3, 3, 1\n rfid`);
  client.run('vCont;s:1');
  expect([guest.cpu.nia, guest.gpr(3)]).toEqual([0xc00n, 0n]);
  client.run('vCont;s:1');
  client.run('vCont;s:1');
  expect(guest.cpu.nia).toBe(4n);
});

test('a step where an interrupt is due stops at its handler with the instruction still to come', () => {
  const { guest, client } = debugged(`start: addi 4, 4, 1\n b start\n .org 0x900\n nop\n rfid`);
  guest.cpu.state.setNamed('DECEXPIRY', 5n);
  guest.cpu.msr |= MSR.EE.mask;
  guest.machine.execution.memoryReplaced();
  const at: bigint[] = [];
  for (let n = 0; n < 8; n++) {
    client.run('vCont;s:1');
    at.push(guest.cpu.nia);
  }
  expect(at).toContain(0x900n);
  expect(at[at.indexOf(0x900n) + 1]).toBe(0x904n);
});

test('a breakpoint is one in new code too, and in a page that was decoded again', () => {
  const { guest, client } = debugged(
    `start: lis 6, 0x3880\n ori 6, 6, 7\n stw 6, 0x2000(0)\n lis 6, 0x4e80\n ori 6, 6, 0x20\n stw 6, 0x2004(0)
     bl far\n bl far\n attn\n .org 0x2000\nfar: nop\n blr`,
    { recordSlots: 2 },
  );
  client.ask('Z0,2000,4');
  expect(client.run('vCont;c')).toBe('T05thread:1;');
  expect(guest.memory(0x2000, 4)).toBe(0x38800007n);
  client.run('vCont;s:1');
  expect(guest.gpr(4)).toBe(7n);
  expect(client.run('vCont;c')).toBe('T05thread:1;');
  client.run('vCont;s:1');
  expect(client.run('vCont;c')).toEqual(ATTN);
});

test.each(['Z0,1,4', 'Z0,', 'Z0', 'Z1,x,4', 'Z2,0,0', 'Z2,0,100000000', 'z0,,'])('%s is refused', (asked) => {
  expect(debugged('start: attn').client.ask(asked)).toBe('E22');
});

test('there is an end to breakpoints and watchpoints', () => {
  const { client } = debugged('start: attn');
  for (let n = 0; n < 1024; n++) expect(client.ask(`Z0,${hex(4 * n)},4`)).toBe('OK');
  expect(client.ask('Z1,100000,4')).toBe('E28');
  for (let n = 0; n < 1024; n++) expect(client.ask(`Z2,${hex(4 * n)},4`)).toBe('OK');
  expect(client.ask('Z3,100000,4')).toBe('E28');
});

/** Runs to the end of the machine, over every stop. @returns stops */
function runOver(client: GdbClient): { stops: number; end: unknown } {
  for (let stops = 0; ; stops++) {
    const end = client.run('vCont;c');
    if (typeof end !== 'string') return { stops, end };
    const step = client.run('vCont;s:1');
    if (typeof step !== 'string') return { stops, end: step };
  }
}

describe('a machine that was stopped and went on ends as one that was not', () => {
  const whole = runGuest('radix.s');

  test('with breakpoints anywhere, in any translation', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 4, max: 0x300 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 500 }),
        (words, slice) => {
          const guest = new Guest('radix.s');
          const client = new GdbClient(guest.machine, { slice });
          for (const word of words) client.ask(`Z0,${hex(4 * word)},4`);
          const { end } = runOver(client);
          expect(end).toEqual(whole.end);
          expect(guest.console).toBe(whole.console);
          expect(guest.machine.instructions).toBe(whole.instructions);
          expect(allRegisters(guest.machine.cpus[0]!)).toEqual(whole.registers);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('and step by step', () => {
    const guest = new Guest('radix.s');
    const client = new GdbClient(guest.machine);
    for (let n = 0; n < 2000; n++) if (typeof client.run('vCont;s:1') !== 'string') break;
    runOver(client);
    expect(guest.machine.instructions).toBe(whole.instructions);
    expect(allRegisters(guest.machine.cpus[0]!)).toEqual(whole.registers);
  });
});

describe('with a cycle model', () => {
  const image = assemble(
    `b start
     .org 0x900
     mftb 10
     add 12, 12, 10
     mtdec 8
     rfid
     .org 0x1000
start: li 8, 377
     lis 20, 1
     mfmsr 7
     ori 7, 7, 0x8000
     mtdec 8
     mtmsrd 7
     li 30, 200
again: ld 4, 0(20)
     addi 20, 20, 72
     ${'nop\n'.repeat(20)}
     addi 30, 30, -1
     cmpdi 30, 0
     bne again
     attn`,
    { byteOrder: 'little' },
  ).bytes;
  const timed = () => {
    const timing = createTiming(MICROWATT_PROFILE);
    const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
    machine.memory.bytes.set(image);
    machine.execution.memoryReplaced();
    return { machine, timing, cpu: machine.cpus[0]! };
  };
  const outcome = ({ machine, timing, cpu }: ReturnType<typeof timed>) => ({
    cycles: timing.cycles(cpu),
    instructions: machine.instructions,
    registers: allRegisters(cpu),
  });

  test('not a cycle is different', () => {
    const whole = timed();
    while (whole.machine.run(100_000).end.kind === 'budget');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 4 }),
        fc.boolean(),
        (words, inHandler) => {
          const stopped = timed();
          const client = new GdbClient(stopped.machine);
          for (const word of words) client.ask(`Z0,${hex(0x1000 + 4 * word)},4`);
          if (inHandler) client.ask('Z0,904,4');
          expect(runOver(client).end).toEqual(ATTN);
          expect(outcome(stopped)).toEqual(outcome(whole));
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('nested guests', () => {
  test('a breakpoint in L2 stops there, in each of the two', () => {
    const guest = new PseriesGuest('nested.s');
    const client = new GdbClient(guest.machine);
    // A's code is at its address 0.
    client.ask('Z0,4,4');
    const where = new Set<string>();
    for (let n = 0; n < 20; n++) {
      if (typeof client.run('vCont;c') !== 'string') break;
      const text = describeThread(guest.machine, guest.machine.cpus[0]!);
      // What it executes is there to be read: lbz r3, 0(r22), in its byte order.
      if (text.includes('L2')) where.add(`${text} ${client.ask('m4,4')}`);
      client.run('vCont;s:1');
    }
    expect([...where]).toEqual(['CPU 0 [L2, LPID 1 of L1] 88760000', 'CPU 0 [L2, LPID 2 of L1] 00007688']);
  });

  test('they end as without', () => {
    const whole = runPseries('nested.s');
    const guest = new PseriesGuest('nested.s');
    const client = new GdbClient(guest.machine, { slice: 777 });
    for (let at = 0; at < 0x60; at += 8) client.ask(`Z1,${hex(at)},4`);
    const { stops, end } = runOver(client);
    expect(stops).toBeGreaterThan(20);
    expect(end).toEqual(OFF);
    expect([guest.console, guest.machine.instructions]).toEqual([whole.console, whole.machine.instructions]);
    expect(guest.problems).toEqual([]);
  });

  test('memory of a nested guest that no shadow entry maps yet is there, and looking makes none', () => {
    const guest = new PseriesGuest('nested.s');
    const client = new GdbClient(guest.machine);
    client.ask('Z0,4,4');
    const level = (): string => describeThread(guest.machine, guest.machine.cpus[0]!);
    for (; !level().includes('L2'); client.run('vCont;c')) client.run('vCont;s:1');
    const exits = (): number => guest.l0.counters.exits;
    const before = [exits(), guest.nested.shadowBytes];
    // Its text in the page of 2M, which its next but one instruction touches first.
    expect(client.ask('m200000,4')).toBe(Buffer.from(', 2M').toString('hex'));
    expect(client.ask('m7f000000,4')).toBe('E14');
    expect([exits(), guest.nested.shadowBytes]).toEqual(before);
  });

  test('a step that leaves a nested guest stops before anything of L1 is executed', () => {
    const guest = new PseriesGuest('nested.s');
    const client = new GdbClient(guest.machine);
    // The third load of B faults: L1 has no memory there.
    client.ask('Z0,8,4');
    const level = (): string => describeThread(guest.machine, guest.machine.cpus[0]!);
    for (let n = 0; n < 20; n++) {
      client.run('vCont;c');
      const { instructions } = guest.machine;
      const before = level();
      client.run('vCont;s:1');
      if (before === level()) continue;
      expect([before, level()]).toEqual(['CPU 0 [L2, LPID 2 of L1]', 'CPU 0 [L1]']);
      expect(guest.machine.instructions).toBe(instructions);
      return;
    }
    throw new Error('no step has left a nested guest');
  });

  test('a step of a hypercall goes to the instruction after it', () => {
    const guest = new PseriesGuest(
      'handmade',
      {},
      assembleGuest('start: li 3, 0x58\n li 4, 0\n li 5, 0\n sc 1\n b .'),
    );
    const client = new GdbClient(guest.machine);
    for (let n = 0; n < 4; n++) client.run('vCont;s:1');
    expect(guest.machine.cpus[0]!.nia).toBe(16n);
  });
});
