/** What an observer is told of a translation: every table read in order, the decision at each, and the outcome. */
import { ACCESS } from '../../src/mmu/access';
import { POWER9 } from '../../src/mmu/policy';
import { Translator } from '../../src/mmu/translate';
import { hiOf, loOf } from '../../src/core/u64';
import type { WalkEvent } from '../../src/trace/events/walk';
import { GUEST } from './golden/guest-tables';
import { HOST } from './golden/host-tables';
import { build, UPDATING, type Machine } from './golden/run';

function walk(
  machine: Machine,
  ea: bigint,
  access: keyof typeof ACCESS = 'load',
  policy = UPDATING,
): WalkEvent {
  const { memory, cpu } = build(machine);
  const mmu = new Translator(memory, policy);
  let seen: WalkEvent | undefined;
  mmu.observer = { walk: (event) => (seen = event) };
  mmu.access(cpu, ACCESS[access], hiOf(ea), loOf(ea));
  mmu.observer = undefined;
  mmu.access(cpu, ACCESS[access], hiOf(ea), loOf(ea));
  return seen!;
}

const brief = ({ steps }: WalkEvent): string[] =>
  steps.map(({ scope, what, purpose, hostRa, decision }) =>
    [scope, what, purpose, hostRa?.toString(16), decision].join(' '),
  );

test('a walk of the host, with the translation of the process table by LPID 0', () => {
  const event = walk(HOST, 0x1008n);
  expect(brief(event)).toEqual([
    'partition PATE access 400000 used',
    'partition PDE PRTE 420000 next level',
    'partition PDE PRTE 440000 next level',
    'partition PTE PRTE 441010 leaf',
    'process PRTE access 410050 used',
    'process PDE access 460000 next level',
    'process PDE access 480000 next level',
    'process PDE access 481000 next level',
    'process PTE access 482008 leaf',
  ]);
  expect(event).toMatchObject({
    ev: 'walk',
    ea: 0x1008n,
    access: 'load',
    hv: true,
    pr: false,
    relocation: true,
    mode: 'radix',
    effLPID: 0,
    effPID: 5,
    result: { ra: 0x801008n, pageShift: 12, cachingInhibited: false, guarded: false, rights: 'rwx' },
  });
  expect(event.fault).toBeUndefined();
  expect(event.steps.at(-1)).toMatchObject({ level: 3, index: 1, shift: 12, value: 0xc00000000080118fn });
  expect(event.permissions.at(-1)).toEqual({
    scope: 'process',
    purpose: 'access',
    authority: 0xf,
    granted: 'rwx',
    needed: 'r--',
    allowed: true,
  });
});

test('a two-stage walk names guest real addresses and never reads more than 30 entries', () => {
  const event = walk(GUEST, 0x1008n);
  expect(event.steps).toHaveLength(30);
  expect(event.steps[5]).toMatchObject({ what: 'PRTE', guestRa: 0x100050n, hostRa: 0xc00050n });
  expect(event.steps.at(-1)).toMatchObject({ scope: 'partition', purpose: 'access', decision: 'leaf' });
});

test('R and C, and who sets them', () => {
  expect(walk(HOST, 0x2008n, 'store').referenceChange).toEqual([
    { scope: 'process', hostRa: 0x482010n, sets: 'RC', action: 'updated' },
  ]);
  expect(walk(HOST, 0x2008n, 'store', POWER9)).toMatchObject({
    referenceChange: [{ action: 'interrupt' }],
    fault: { kind: 'referenceChange', stage: 'process', level: 3, interrupt: 'dataStorage', vector: 0x300 },
  });
});

test('a fault carries the register image', () => {
  const { fault, result } = walk(GUEST, 0x3008n, 'store');
  expect(result).toBeUndefined();
  expect(fault).toEqual({
    kind: 'noTranslation',
    stage: 'partition',
    level: 3,
    interrupt: 'hypervisorDataStorage',
    vector: 0xe00,
    cause: 0n,
    hdar: 0x3008n,
    hdsisr: 0x42000000n,
    asdr: 0x132008n,
  });
});

test('a step that cannot be read says so', () => {
  const machine = { ...HOST, memory: [...HOST.memory, [0x481000, 0x8000000010000009n] as const] };
  expect(brief(walk(machine, 0x1008n)).at(-1)).toBe('process PDE access 10000008 outside memory');
});

test('real mode has no steps', () => {
  const machine = { ...HOST, set: { ...HOST.set, MSR: 0x9000000000001002n } };
  expect(walk(machine, 0x801008n)).toMatchObject({
    mode: 'hypervisor real',
    steps: [],
    result: { ra: 0x801008n },
  });
});
