/** CPUs as threads, and packets that ask what there is. */
import { MSR } from '../../isa/registers/msr';
import { GdbClient, unframed } from '../support/gdb-client';
import { PseriesGuest } from '../support/pseries-guest';
import { program } from '../support/program';

const hex = (value: bigint): string => value.toString(16);
const text = (answer: string): string => Buffer.from(answer, 'hex').toString();

/** Two CPUs that count, CPU 0 in r3 and CPU 1 in r4. */
function pair() {
  const source = 'start: addi 3, 3, 1\n b start\nother: addi 4, 4, 1\n b other';
  const guest = program(source, { cpus: 2 });
  const other = guest.machine.cpus[1]!;
  other.nia = guest.at('other');
  other.msr = guest.cpu.msr;
  guest.machine.turns.enableAll();
  guest.machine.execution.memoryReplaced();
  return { guest, other, client: new GdbClient(guest.machine) };
}

test('CPUs are threads from 1 on, with their state of privilege', () => {
  const { guest, other, client } = pair();
  expect([client.ask('qfThreadInfo'), client.ask('qsThreadInfo')]).toEqual(['m1,2', 'l']);
  other.msr = MSR.SF.mask | MSR.PR.mask;
  other.state.setNamed('LPIDR', 5n);
  expect(text(client.ask('qThreadExtraInfo,1'))).toBe('CPU 0 [hypervisor]');
  expect(text(client.ask('qThreadExtraInfo,2'))).toBe('CPU 1 [guest LPID 5, problem state]');
  guest.machine.turns.enable(1);
  expect(text(client.ask('qThreadExtraInfo,2'))).toMatch(/not started/);
  expect([client.ask('T1'), client.ask('T3'), client.ask('qThreadExtraInfo,9')]).toEqual([
    'OK',
    'E03',
    'E03',
  ]);
});

test('a guest of L0 is L1', () => {
  const client = new GdbClient(new PseriesGuest('nested.s').machine);
  expect(text(client.ask('qThreadExtraInfo,1'))).toBe('CPU 0 [L1]');
});

test('Hg chooses whose registers are meant', () => {
  const { guest, other, client } = pair();
  other.state.setGpr(7, 0x77n);
  expect(client.ask('Hg2')).toBe('OK');
  expect([client.register(7), client.ask('qC')]).toEqual(['0000000000000077', 'QC2']);
  expect(client.ask('Hg0')).toBe('OK');
  expect(client.register(7)).toBe('0000000000000077');
  expect([client.ask('Hg3'), client.ask('Hx1'), client.ask('Hgzz')]).toEqual(['E03', 'E22', 'E03']);
  client.ask('P8=0000000000000008');
  expect([other.state.gpr(8), guest.gpr(8)]).toEqual([8n, 0n]);
});

test('a stop names its CPU, and chooses it', () => {
  const { guest, client } = pair();
  client.ask(`Z0,${hex(guest.at('other'))},4`);
  expect(client.run('vCont;c')).toBe('T05thread:2;');
  expect(client.ask('qC')).toBe('QC2');
});

test('a step of one CPU alone lets the other rest', () => {
  const { guest, other, client } = pair();
  for (let n = 1; n <= 3; n++) {
    expect(client.run('vCont;s:2')).toBe('T05thread:2;');
    expect(client.run('vCont;s:2')).toBe('T05thread:2;');
    expect([guest.gpr(3), other.state.gpr(4)]).toEqual([0n, BigInt(n)]);
  }
});

test('a step of one while the others run ends with its instruction', () => {
  const { guest, other, client } = pair();
  expect(client.run('vCont;s:2;c')).toBe('T05thread:2;');
  expect(other.state.gpr(4)).toBe(1n);
  expect(guest.gpr(3)).toBeGreaterThan(0n);
});

test('a machine with two CPUs runs as it does without a debugger', () => {
  const [debugged, plain] = [pair(), pair()];
  debugged.client.ask(`Z0,${hex(debugged.guest.at('other'))},4`);
  for (let n = 0; n < 50; n++) {
    debugged.client.run('vCont;c');
    debugged.client.run('vCont;s:2;c');
  }
  const total = Number(debugged.guest.machine.instructions);
  plain.guest.machine.run(total);
  expect([plain.guest.gpr(3), plain.other.state.gpr(4)]).toEqual([
    debugged.guest.gpr(3),
    debugged.other.state.gpr(4),
  ]);
});

test('a CPU that nobody has started is not stepped', () => {
  const { guest, client } = pair();
  guest.machine.turns.enable(1);
  expect(client.run('vCont;s:2')).toBe('T02thread:2;');
});

test.each(['vCont', 'vCont;', 'vCont;x', 'vCont;s:9', 'vCont;C', 'vCont;t', 'cxyz'])(
  '%s is refused',
  (asked) => {
    expect(pair().client.ask(asked)).toMatch(/^E/);
  },
);

test('what is not known is answered with nothing', () => {
  const { client } = pair();
  const unknown = [
    'vMustReplyEmpty',
    'qCRC:0,1',
    'qTStatus',
    'R00',
    'i',
    'vRun;x',
    'qXfer:memory-map:read::0,10',
  ];
  expect(unknown.map((each) => client.ask(each))).toEqual(unknown.map(() => ''));
});

test('what is offered', () => {
  const { client } = pair();
  expect(client.ask('qSupported:xmlRegisters=i386')).toBe(
    'PacketSize=4000;qXfer:features:read+;vContSupported+;QStartNoAckMode+;swbreak+;hwbreak+',
  );
  expect([client.ask('vCont?'), client.ask('qAttached'), client.ask('qSymbol::')]).toEqual([
    'vCont;c;C;s;S',
    '1',
    'OK',
  ]);
});

test('Ctrl-C stops a machine that runs, and only that', () => {
  const { guest, client } = pair();
  expect(client.run('vCont;c', 25_000)).toBe('still runs');
  client.stub.receive(Buffer.from([3]));
  expect(unframed(client.take())).toEqual(['T02thread:1;']);
  const { instructions } = guest.machine;
  client.stub.receive(Buffer.from([3]));
  expect(client.take().toString()).toBe('');
  expect(client.debug.running).toBe(false);
  expect(guest.machine.instructions).toBe(instructions);
});
