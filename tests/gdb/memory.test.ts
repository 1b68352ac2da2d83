/** Memory as the stopped CPU sees it: every kind of translation, and no effect of looking. */
import fc from 'fast-check';
import { MSR } from '../../isa/registers/msr';
import { ACCESS } from '../../src/mmu/access';
import { GdbClient } from '../support/gdb-client';
import { assembleGuest, PseriesGuest } from '../support/pseries-guest';
import { program } from '../support/program';

const standing = () => {
  const guest = program('start: b .\n .org 0x1000\n .long 0x11223344, 0x55667788', { memory: 0x10000 });
  return { guest, client: new GdbClient(guest.machine) };
};

test('reads real memory, and as much of a range as there is', () => {
  const { client } = standing();
  expect(client.ask('m1000,8')).toBe('1122334455667788');
  expect(client.ask('m1002,1')).toBe('33');
  expect(client.ask('mfffe,8')).toBe('0000');
  expect(client.ask('m1000,0')).toBe('');
});

test.each(['m10000,4', 'mffffffffffff0000,4', 'M10000,1:00', 'Mffff,2:0000'])('%s is nowhere', (asked) => {
  const { client } = standing();
  expect(client.ask(asked)).toBe('E14');
});

test.each([
  'm',
  'm1000',
  'm1000,',
  'mx,4',
  'm1,2,3',
  'm11111111111111111,4',
  'M1000,2:00',
  'M1000,1:0',
  'M1000,1',
  'X1000,1',
])('%s is refused', (asked) => {
  const { client } = standing();
  expect(client.ask(asked)).toBe('E22');
});

test('M and X write any bytes to any place that is there', () => {
  const { client } = standing();
  fc.assert(
    fc.property(
      fc.integer({ min: 0x1000, max: 0xf000 }),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.boolean(),
      (at, bytes, binary) => {
        const header = `${at.toString(16)},${bytes.length.toString(16)}:`;
        const hex = Buffer.from(bytes).toString('hex');
        expect(
          client.ask(binary ? Buffer.concat([Buffer.from(`X${header}`), bytes]) : `M${header}${hex}`),
        ).toBe('OK');
        expect(client.ask(`m${at.toString(16)},${bytes.length.toString(16)}`)).toBe(hex);
        expect(client.machine.memory.bytes.subarray(at, at + bytes.length)).toEqual(bytes);
      },
    ),
  );
});

test('a write that is nowhere at its end writes nothing', () => {
  const { client } = standing();
  expect(client.ask('Mfffc,8:0102030405060708')).toBe('E14');
  expect(client.ask('mfffc,4')).toBe('00000000');
});

test('code that is written is executed, and a reservation there is lost', () => {
  const { client, guest } = standing();
  guest.machine.run(10);
  client.ask('M0,4:38600007'); // li r3, 7
  client.ask('vCont;s:1');
  guest.machine.run(1);
  expect(guest.gpr(3)).toBe(7n);
});

test('PhyMemMode reads real addresses whatever the CPU translates', () => {
  const { client, guest } = standing();
  guest.cpu.msr |= MSR.DR.mask | MSR.IR.mask;
  expect(client.ask('m1000,4')).toBe('E14');
  expect(client.ask('Qqemu.PhyMemMode:1')).toBe('OK');
  expect([client.ask('qqemu.PhyMemMode'), client.ask('m1000,4')]).toEqual(['1', '11223344']);
  expect(client.ask('Qqemu.PhyMemMode:0')).toBe('OK');
  expect(client.ask('m1000,4')).toBe('E14');
});

test('devices are not read', () => {
  const { client, guest } = standing();
  const uart = guest.machine.devices;
  const read = jest.spyOn(uart, 'read');
  expect(client.ask('m60300d0010000,1').startsWith('E')).toBe(true);
  expect(read).not.toHaveBeenCalled();
});

test('memory of L1 that L0 has not mapped yet is there, and looking does not map it', () => {
  const source = 'start: b .\n .org 0x2000\n .quad 0x0123456789abcdef';
  const guest = new PseriesGuest('handmade', {}, assembleGuest(source));
  const client = new GdbClient(guest.machine);
  const before = { ...guest.machine.execution.counters, exits: guest.l0.counters.exits };
  expect(client.ask('m2000,8')).toBe('0123456789abcdef');
  expect(client.ask('M2000,2:ffff')).toBe('OK');
  expect(client.ask('m1ffe,6')).toBe('0000ffff4567');
  expect(client.ask('m4000000,4')).toBe('E14');
  expect({ ...guest.machine.execution.counters, exits: guest.l0.counters.exits }).toEqual(before);
  const { translator, state } = guest.machine.cpus[0]!;
  expect(translator.probe(state, ACCESS.load, 0, 0x2000)).toBe(false);
});

test('whoever traces walks does not see those of the debugger', () => {
  const { client, guest } = standing();
  const walk = jest.fn();
  guest.cpu.translator.observer = { walk };
  client.ask('m1000,4');
  expect(walk).not.toHaveBeenCalled();
  expect(guest.cpu.translator.observer).toEqual({ walk });
});
