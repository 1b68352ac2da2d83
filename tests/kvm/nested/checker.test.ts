/** Nested guests checked while they run: what is broken is found at the next rest, with its history. */
import { PTE } from '../../../isa/tables/radix';
import { discardPages, perform } from '../../../src/kvm/host/operations';
import { checkNested } from '../../../src/kvm/nested/check';
import { NestedChecker, problemLines } from '../../../src/kvm/nested/checker';
import { LINUX } from '../../../src/kvm/nested/hazards';
import { historyText, NestedHistory } from '../../../src/kvm/nested/history';
import { getOrCreateNested } from '../../../src/kvm/nested/nested-guests';
import type { NestedEvent } from '../../../src/trace/events/nested';
import { CALL, L2Tree, LPID, TLBIE, World, type WorldOptions } from './support';

const NGPA = 0x5000_0000;
const GPA = 0x40_0000;

/** A world that is checked; time is the number of the event. */
function checked(options: WorldOptions = {}, every = 1) {
  const world = new World(options);
  let stops = 0;
  const checker = new NestedChecker({ nested: world.nested, every, broken: () => stops++ });
  let t = 0;
  world.nested.observer = { time: () => ++t, cpu: () => 0, emit: (event) => checker.observe(event) };
  const tree = new L2Tree(world);
  tree.map(NGPA, GPA);
  tree.map(NGPA + 65536, GPA + 65536);
  return { world, tree, checker, stops: () => stops };
}

/** L1 removes a guest that somebody runs, brings the entry back, and the guest goes on (hazard H-6). */
function orphaned() {
  const all = checked({ hazards: LINUX });
  const { world, tree } = all;
  const user = getOrCreateNested(world.nested, LPID)!;
  world.setEntry(LPID, 0n);
  world.hypercall(CALL.tlbie, TLBIE.full, LPID, 0x800);
  world.setEntry(LPID, tree.pate0);
  world.accessAs(user, NGPA);
  return { ...all, user };
}

test('all is well: nothing is said, and nothing is checked that nothing touched', () => {
  const { world, checker, stops } = checked();
  world.access(NGPA, 'store');
  checker.settled();
  checker.settled();
  expect([checker.checks, checker.problems, stops(), checker.report(5)]).toEqual([1, [], 0, []]);
});

test('every N-th time', () => {
  const { world, checker } = checked({}, 3);
  for (let i = 0; i < 7; i++) {
    world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 0xa0);
    world.access(NGPA);
    checker.settled();
  }
  expect(checker.checks).toBe(2);
});

test('a shadow entry with more than L0 gives is found at the next rest, once', () => {
  const { world, checker, stops } = checked();
  world.access(NGPA);
  const l0 = world.l0.arch.tree.find(GPA)!;
  world.memory.setDoubleword(l0.at, l0.pte & ~PTE.WRITE.mask);
  checker.settled();
  checker.settled();
  checker.check();
  expect([checker.checks, stops()]).toEqual([1, 1]);
  expect(checker.report(5)[0]).toMatch(
    /^rights: shadow entry 0xc[0-9a-f]+ at 0x50000000 of LPID 5 has 0x2 that L0 does not have for L1$/,
  );
  expect(checker.report(5)[1]).toBe(
    '  nested guest 5 (shadow LPID 2) was made at instruction 1, entered 0 times',
  );
});

test('an orphan comes with its history: made, removed by what, mapped since, which event of the host missed it', () => {
  const { checker, stops } = orphaned();
  checker.settled();
  expect(stops()).toBe(1);
  const [problem, ...life] = checker.report(5);
  expect(problem).toMatch(/^unfiled: shadow entry .* the nested guest was removed, nobody finds the entry$/);
  expect(life.map((line) => line.replace(/0x[0-9a-f]{5,}$/, 'H').replace(/\d+(?= n_gpa| by)/, 'T'))).toEqual([
    '  nested guest 5 (shadow LPID 2) was made at instruction 1, entered 0 times',
    '  removed from the map at T by H_TLB_INVALIDATE',
    '  mapped since: at T n_gpa 0x50000000 to host H',
  ]);
});

test('the host event that would have had to find an orphan s entry is named', () => {
  const { world, user } = orphaned();
  const history = new NestedHistory();
  const events: NestedEvent[] = [];
  world.nested.observer = { time: () => 50, cpu: () => 0, emit: (event) => events.push(event) };
  // The host takes the page of L1 away: the entry is in the list, but its LPID leads to nobody.
  perform(discardPages(world.l0.mm, { start: world.hva + GPA, end: world.hva + GPA + 65536 }));
  const drop = events.find((event) => event.ev === 'rmap');
  expect(drop).toMatchObject({ op: 'drop', live: false, cause: 'host unmap' });
  const base = { t: 1, cpu: 0, lpid: LPID, shadowLpid: user.shadowLpid, pate0: 0n, pate1: 0n };
  history.observe({ ev: 'nested.guest', op: 'create', ...base });
  history.observe({ ev: 'nested.guest', op: 'remove', cause: 'H_TLB_INVALIDATE', ...base });
  for (let i = 0; i < 40; i++)
    history.observe({
      ev: 'nested.fault', ...base, trap: 0xe00, ea: 0n, nGpa: 0n, dsisr: 0n, walk: [], verdict: 'ok',
      instantiated: false, outcome: 'resume', shadow: { ra: BigInt(NGPA), pte: 0x7_0000n, shift: 16 },
    }); // prettier-ignore
  events.forEach((event) => history.observe(event));
  const life = history.of(user.shadowLpid)!;
  expect(life).toMatchObject({ insertions: 40, misses: 1 });
  expect(life.inserted).toHaveLength(16);
  const lines = historyText(life);
  expect(lines).toContain('mapped since: and 24 more');
  expect(lines.at(-1)).toBe('not found: at 50 host unmap of frame 0x40 needed n_gpa 0x50000000');
  history.observe({ ev: 'nested.guest', op: 'release', ...base });
  expect(history.of(user.shadowLpid)).toBeUndefined();
});

test('many problems are counted, not all told', () => {
  const problems = Array.from({ length: 9 }, (_, i) => ({ kind: 'list' as const, message: `m${i}` }));
  expect(problemLines(problems, 2)).toEqual(['list: m0', 'list: m1', '7 more']);
});

test('a damaged list of the reverse map is a problem', () => {
  const { world } = checked();
  world.access(NGPA);
  world.memory.setDoubleword(world.headAt(GPA / 65536), 0x123n * 8n + 4n);
  expect(checkNested(world.nested).map(({ kind }) => kind)).toContain('list');
});
