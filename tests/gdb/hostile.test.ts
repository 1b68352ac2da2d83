/** Clients that send anything: the stub answers or is silent, and the machine is none the worse. */
import fc from 'fast-check';
import { PACKET_SIZE } from '../../src/gdb/packet';
import { framed, GdbClient, unframed } from '../support/gdb-client';
import { PseriesGuest } from '../support/pseries-guest';
import { program } from '../support/program';

const MEMORY = 0x10000;
const live = () => new GdbClient(program('start: b start', { cpus: 2, memory: MEMORY }).machine);

/** Something that looks like a packet. */
const digits = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), maxLength: 20 });
const piece = fc.oneof(
  digits,
  fc.constantFrom(',', ';', ':', '=', '-1', '0', '1', '?', 'target.xml', 'p1.1', '+', '*', '}'),
  fc.string({ maxLength: 8 }),
);
const begin = fc.constantFrom(
  ...'gGpPmMXZzcsCSHTDk?!'.split(''),
  ...[
    'Z0,',
    'Z2,',
    'z4,',
    'vCont;',
    'vCont;s:',
    'qSupported:',
    'qXfer:features:read:target.xml:',
    'qRcmd,',
    'Hg',
    'Hc',
  ],
  ...['qThreadExtraInfo,', 'Qqemu.PhyMemMode:', 'QStartNoAckMode', 'vKill;', 'm0,', 'M0,', 'G', 'P0='],
);
const packets = fc
  .tuple(begin, fc.array(piece, { maxLength: 6 }))
  .map(([first, rest]) => framed(`${first}${rest.join('')}`));

test('any packets, and any bytes between them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: packets }, fc.uint8Array({ maxLength: 40 })), {
        maxLength: 30,
      }),
      (all) => {
        const client = live();
        for (const bytes of all) {
          client.stub.receive(bytes);
          // Every answer is a packet of no more than the size that was agreed on.
          expect(client.take().length).toBeLessThan(2 * PACKET_SIZE + 100);
          if (client.debug.running) client.machine.run(10);
        }
        client.debug.detach('go on');
        expect(client.machine.memory.bytes.length).toBe(MEMORY);
        expect(['budget', 'interruptLoop', 'checkstop', 'attn', 'idle', 'debug']).toContain(
          client.machine.run(1000).end.kind,
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('any monitor command', () => {
  const client = live();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 100 }),
        fc.constantFrom('walk', 'walk 0x', 'walk 1 2', 'info', 'info x y', 'endian'),
      ),
      (line) => {
        expect(client.ask(`qRcmd,${Buffer.from(line).toString('hex')}`)).toBe('OK');
      },
    ),
  );
});

test('what monitor says arrives whole, in packets of the size that was agreed on', () => {
  const explanation = 'walk\n'.repeat(10_000);
  const client = new GdbClient(program('start: b start').machine, { explanation });
  client.stub.receive(framed(`qRcmd,${Buffer.from('walk 0x10 store').toString('hex')}`));
  const packets = unframed(client.take());
  expect(packets.pop()).toBe('OK');
  expect(Math.max(...packets.map(({ length }) => length))).toBeLessThanOrEqual(PACKET_SIZE);
  const hex = packets.map((packet) => packet.replace(/^O/, '')).join('');
  expect(Buffer.from(hex, 'hex').toString()).toBe(explanation);
});

test('any register of any value, on a guest of L0 that then runs', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(300), fc.bigInt(0n, (1n << 64n) - 1n)), { maxLength: 20 }),
      (writes) => {
        const guest = new PseriesGuest('nested.s');
        const client = new GdbClient(guest.machine);
        guest.machine.run(1200);
        for (const [number, value] of writes)
          client.ask(`P${number.toString(16)}=${value.toString(16).padStart(16, '0')}`);
        client.ask('m0,1000');
        client.ask('Z0,4,4');
        client.run('vCont;c', 2000);
      },
    ),
    { numRuns: 12 },
  );
});

test.each(['T1', 'qfThreadInfo', 'm0,4', 'g'])('%s is answered while the machine runs', (asked) => {
  const client = live();
  client.run('vCont;c', 1000);
  expect(client.ask(asked)).not.toBe('(none)');
});

test('a packet that is wanted again is sent again, a damaged one is asked for', () => {
  const client = live();
  client.ask('m0,4');
  client.stub.receive(Buffer.from('-'));
  expect(client.take().toString()).toBe('$48000000#8c');
  client.stub.receive(Buffer.from('$m0,4#00'));
  expect(client.take().toString()).toBe('-');
  expect(client.ask('QStartNoAckMode')).toBe('OK');
  client.stub.receive(Buffer.from('$m0,4#00-'));
  expect(client.take().toString()).toBe('');
  client.stub.receive(framed('m0,4'));
  expect(client.take().toString()).toBe('$48000000#8c');
});

test('a packet that is too long is refused', () => {
  expect(live().ask(`M0,4000:${'00'.repeat(PACKET_SIZE)}`)).toBe('E07');
});

test.each(['k', 'vKill;1'])('%s gives the run up', (asked) => {
  const client = live();
  const killed = jest.fn();
  client.debug.events.killed = killed;
  client.ask(asked);
  expect(killed).toHaveBeenCalledTimes(1);
  expect(client.closed).toBe(true);
  // Nothing that follows is heard.
  expect(client.ask('m0,4')).toBe('(none)');
});
