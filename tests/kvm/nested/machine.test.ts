/** L1 and its nested guests on a whole machine: real instructions through shadow tables. */
import { Machine, type MachineEnd } from '../../../src/machine/machine';
import { PSERIES_MACHINE } from '../../../src/machine/pseries';
import type { NestedGuests } from '../../../src/kvm/nested/part';
import { checkNested } from '../../../src/kvm/nested/check';
import { Tracer } from '../../../src/machine/tracer';
import type { TraceEvent } from '../../../src/trace/events';
import { encodeEvent } from '../../../src/trace/json';
import { readRaw } from '../../../src/loader';
import { assembleFixture } from '../../support/guest';

const MIB = 2 ** 20;
const PRINTED = 'L1 is a hypervisor\nA\nB\na\nall nested guests are gone\n';

interface Shape {
  readonly tlb?: 'architected';
  readonly model?: 'power9' | 'power10';
  readonly slice?: number;
}

function play({ tlb, model, slice = 1_000_000 }: Shape = {}) {
  let console = '';
  const machine = new Machine({
    description: PSERIES_MACHINE,
    memory: 64 * MIB,
    ...(tlb ? { tlb } : {}),
    ...(model ? { model } : {}),
    output: (byte) => (console += String.fromCharCode(byte)),
  });
  machine.load(readRaw('nested', assembleFixture('nested.s'), { entry: 0n }), {});
  const part = machine.l0!.nested as NestedGuests;
  let end: MachineEnd = { kind: 'budget' };
  for (let used = 0; used < 1_000_000 && end.kind === 'budget';) {
    const ran = machine.run(slice);
    ({ end } = ran);
    used += ran.used;
    if (slice < 1000) expect(checkNested(part.nested)).toEqual([]);
  }
  return { console, end, machine, part };
}

test.each([{}, { tlb: 'architected' }, { model: 'power10' }] as const)(
  'nested.s prints what its guests print and tears down: %p',
  (shape) => {
    const { console, end, part } = play(shape);
    expect([console, end]).toEqual([PRINTED, { kind: 'power', request: { kind: 'off' } }]);
    expect([part.nested.guests.size, part.nested.shadowBytes, part.nested.counters.warnings]).toEqual([
      0, 0, 0,
    ]);
    expect(part.nested.counters.entries).toBe(9);
  },
);

test('the run is the same however it is cut, and every invariant holds at each cut', () => {
  const whole = play();
  const cut = play({ slice: 97 });
  expect(cut.console).toBe(whole.console);
  expect(cut.machine.instructions).toBe(whole.machine.instructions);
});

test('the trace tells each entry, exit and fault as one story, and every rmap entry', () => {
  const machine = new Machine({ description: PSERIES_MACHINE, memory: 64 * MIB, output: () => undefined });
  const events: TraceEvent[] = [];
  new Tracer(machine, { kinds: new Set(['nested', 'rmap']), emit: (event) => events.push(event) });
  machine.load(readRaw('nested', assembleFixture('nested.s'), { entry: 0n }), {});
  machine.run(1_000_000);
  const exits = events.flatMap((event) => (event.ev === 'nested.exit' ? [event.trap] : []));
  expect(exits).toEqual(Array(9).fill(0xc00));
  const stories = events.flatMap((event) => (event.ev === 'nested.fault' && event.shadow ? [event] : []));
  expect(
    stories.map(({ lpid, l1, l0, shadow, rmap }) => [lpid, l1!.shift, l0!.shift, shadow!.shift, rmap]),
  ).toEqual([
    // A: its 64K page of code, its 2M page of data. B: one page. A again: other data.
    [1, 16, 21, 16, 'single'],
    [1, 21, 21, 21, 'single'],
    [2, 21, 21, 21, 'single'],
    [1, 21, 21, 21, 'single'],
  ]);
  const causes = events.flatMap((event) => (event.ev === 'shadow.invalidate' ? [event.cause] : []));
  expect(causes[0]).toBe('H_TLB_INVALIDATE');
  expect(events.filter(({ ev }) => ev === 'rmap')).toHaveLength(4);
  for (const event of events) expect(encodeEvent(event)).toContain(`"ev":"${event.ev}"`);
});
