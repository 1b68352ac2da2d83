/** `book3s dump`, `walk --lpid` and `boot --check` on snapshots of an L1 with nested guests (fixtures/nested.s). */
import fs from 'node:fs';
import { PTE } from '../../isa/tables/radix';
import { runBoot } from '../../src/cli/session';
import { ZLIB } from '../../src/cli/snapshot-file';
import { runWalk } from '../../src/cli/walk-body';
import type { NestedGuests } from '../../src/kvm/nested/part';
import { readRaw } from '../../src/loader';
import { Machine } from '../../src/machine/machine';
import { POWERNV_MACHINE } from '../../src/machine/powernv';
import { PSERIES_MACHINE } from '../../src/machine/pseries';
import { encodeSnapshot } from '../../src/machine/snapshot';
import { cli } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { assembleFixture } from '../support/guest';

const file = temporaryFolder();
const MIB = 2 ** 20;

/** A page of nested guest 1: 2 MiB, which it reads and writes. */
const PAGE = 0x20_0000;

/** The fixture at the first moment at which CPU 0 is in guest 1, which has that page, while there are two guests. */
function midway(): { machine: Machine; part: NestedGuests } {
  const machine = new Machine({ description: PSERIES_MACHINE, memory: 16 * MIB, output: () => undefined });
  machine.load(readRaw('nested', assembleFixture('nested.s'), { entry: 0n }), {});
  const part = machine.l0!.nested as NestedGuests;
  const { guests } = part.nested;
  const isThere = (): boolean =>
    guests.size === 2 && part.runs[0]!.guest?.lpid === 1 && guests.get(1)!.tree.find(PAGE) !== undefined;
  for (let used = 0; used < 100_000 && !isThere(); used++) machine.run(1);
  expect(isThere()).toBe(true);
  return { machine, part };
}

const save = (machine: Machine, name: string): string =>
  file(name, encodeSnapshot(machine.save(), machine.memory.bytes, ZLIB));

const { machine, part } = midway();
const snapshot = save(machine, 'mid.snap');
const run = (line: string, name = snapshot) =>
  cli([...line.split(' '), '--snapshot', name], { runWalk, runBoot });

async function json(line: string): Promise<Record<string, unknown>> {
  const { code, out, err } = await run(`${line} --json`);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Record<string, unknown>;
}

describe('dump of nested guests', () => {
  test('rmap: text and JSON say the same as the machine that was saved', async () => {
    const { code, out } = await run('dump rmap');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+ frames of L1 with nested mappings: \d+ entries, \d+ live, \d+ stale\n/);
    expect(out).toMatch(/\ngfn 0x20: a list of \d+, head 0x[0-9a-f]+, L0 0xc[0-9a-f]+ {3}2M rwxRC\n/);
    const { totals, lists } = (await json('dump rmap')) as {
      totals: { entries: number; live: number; nodes: number };
      lists: { gfn: number; entries: { lpid: number; state: string }[] }[];
    };
    expect(totals.nodes).toBe(part.nested.rmap.nodes);
    const entries = lists.flatMap((list) => list.entries);
    expect(entries).toHaveLength(totals.entries);
    expect(entries.filter(({ state }) => state === 'live')).toHaveLength(totals.live);
    const of1 = (await json('dump rmap --lpid 1')) as { lists: { entries: { lpid: number }[] }[] };
    expect(new Set(of1.lists.flatMap((list) => list.entries.map(({ lpid }) => lpid)))).toEqual(new Set([1]));
    expect((await run('dump rmap --gfn 0x20-0x21')).out.match(/^gfn /gm)).toEqual(['gfn ']);
    expect((await run('dump rmap --limit 0')).out).toMatch(/\n\d+ more entries not listed\n$/);
  });

  test('shadow: each entry beside those it is made of', async () => {
    const { out } = await run('dump shadow --lpid 1');
    expect(out).toMatch(/^nested guest 1: shadow LPID 2, root 0x[0-9a-f]+, \d+ tables, \d+ shadow entries\n/);
    expect(out).toMatch(/\n {2}L1 +0xc[0-9a-f]+ +64K {2}rwxRC {2}normal +at 0x212000\n/);
    const { guests } = (await json('dump shadow')) as { guests: { lpid: number; count: number }[] };
    expect(guests.map(({ lpid }) => lpid)).toEqual([1, 2]);
    expect(await run('dump shadow --lpid 7')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--lpid 7: L0 has no such nested guest; it has 1, 2') as string,
    });
  });

  test('nested: who is inside, and when nobody is', async () => {
    const { out } = await run('dump nested');
    expect(out).toMatch(/\nLPID 1: shadow LPID 2, 2 references\n/);
    expect(out).toMatch(/\n {2}inside +CPU 0 as vCPU 0 at 0x[0-9a-f]+\n/);
    expect(out).toMatch(/\n {2}inside +nobody\n/);
    expect(out).toMatch(/, as L1 has it\n/);
  });

  test('partition-table and radix', async () => {
    expect((await run('dump partition-table')).out).toMatch(
      /^PTCR 0x100000: 256 entries at 0x100000, 2 in use\nLPID 1 at 0x100010: 0xc[0-9a-f]+ 0x0\n {2}HR=1 RTS=21 /,
    );
    const { out } = await run('dump radix');
    expect(out).toMatch(
      /^pgdir: c[0-9a-f]{15}\n( [0-9a-f]+: [0-9a-f]{16} (16|21|30)\n)+\nNested LPID 1: pgdir: /,
    );
    const name = file('radix.txt');
    expect((await run(`dump radix --out ${name}`)).out).toBe('');
    expect(fs.readFileSync(name, 'utf8')).toBe(out);
    expect((await run('dump radix --json')).err).toContain('--json: dump radix has no JSON');
  });

  test('colour is for terminals and on request', async () => {
    expect((await run('dump rmap')).out).not.toContain('\u001b');
    expect((await run('dump rmap --color')).out).toContain('\u001b[32m');
  });

  test.each(['rmap', 'shadow', 'nested', 'partition-table', 'radix'])(
    '%s of a machine without nested guests is refused',
    async (subject) => {
      const other = new Machine({ description: POWERNV_MACHINE, memory: MIB, output: () => undefined });
      const { code, err } = await run(`dump ${subject}`, save(other, 'powernv.snap'));
      expect(code).toBe(2);
      expect(err).toContain('machine powernv has no nested guests; machine pseries has');
    },
  );

  test('filters of other subjects are refused', async () => {
    expect((await run('dump nested --gfn 0x40')).err).toContain(
      '--gfn: dump nested does not take it; it is for dump rmap',
    );
  });
});

describe('check', () => {
  /** The snapshot with a shadow entry that gives more than L0 does. */
  function damaged(): string {
    const { machine: other, part: its } = midway();
    const { nested } = its;
    const host = nested.guests.get(1)!.tree.find(PAGE)!.pte & PTE.RPN.mask;
    nested.host.tree.each(0, 64 * MIB, (_gpa, leaf) => {
      if ((leaf.pte & PTE.RPN.mask) === host) other.memory.setDoubleword(leaf.at, leaf.pte & ~PTE.WRITE.mask);
    });
    return save(other, 'damaged.snap');
  }

  test('a snapshot in which every invariant holds', async () => {
    expect(await run('dump check')).toMatchObject({ code: 0, out: 'every invariant holds\n', err: '' });
    expect(await json('dump check --stale')).toMatchObject({ broken: 0 });
    const run64 = await cli(['boot', '--snapshot-in', snapshot, '--check', 'nested'], { runBoot });
    expect(run64).toMatchObject({ code: 0, err: '' });
  });

  test('a broken one: exit code 7 and the entry, from dump and from boot', async () => {
    const name = damaged();
    const { code, out } = await run('dump check', name);
    expect(code).toBe(7);
    expect(out).toMatch(
      /^1 broken\nrights: shadow entry 0xc[0-9a-f]+ at 0x200000 of LPID 1 has 0x2 that L0 /,
    );
    const ran = await cli(['boot', '--snapshot-in', name, '--check', 'nested'], { runBoot });
    expect(ran.code).toBe(7);
    expect(ran.err).toMatch(
      /^book3s: an invariant of nested guests is broken after \d+ instructions\n {2}rights: shadow entry /,
    );
    // A check that comes too late for a run that is short is made at its end.
    const late = await cli(['boot', '--snapshot-in', name, '--check', 'nested:1000000', '--max-insns', '1'], {
      runBoot,
    });
    expect(late.code).toBe(7);
  });

  test('what cannot be checked is said', async () => {
    const image = file('raw.bin', new Uint8Array(4));
    expect(await cli(['boot', image, '--check', 'everything'], { runBoot })).toMatchObject({
      code: 2,
      err: expect.stringContaining('--check: expected nested or nested:N') as string,
    });
    expect((await cli(['boot', image, '--check', 'nested:0'], { runBoot })).err).toContain(
      '--check: expected',
    );
    expect((await cli(['boot', image, '--check', 'nested'], { runBoot })).err).toContain(
      '--check nested: machine powernv has no nested guests; machine pseries has',
    );
  });
});

describe('walk --lpid', () => {
  test('a page that is mapped: the hardware s walk, then the tables that the shadow entry is made of', async () => {
    const { code, out } = await run('walk 0x200008 --lpid 1');
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^load of EA 0x200008: guest real, .* effective LPID 2,/);
    expect(lines).toContain("process: tables of nested guest 1; partition: L0's shadow tables, LPID 2");
    expect(lines.at(-1)).toBe('L0 has nothing to do');
    const to = lines.flatMap(
      (line) => /^ {2}(?:L0|shadow) .*-> host RA (0x[0-9a-f]+)$/.exec(line)?.[1] ?? [],
    );
    expect(to).toHaveLength(2);
    expect(to[0]).toBe(to[1]);
  });

  test('one that faults: who gets which interrupt', async () => {
    const denied = await run('walk 0x40001000 --lpid 1 --access store');
    expect(denied.code).toBe(6);
    expect(denied.out).toMatch(
      /\nL1 gets 0xe00 as the result of H_ENTER_NESTED: HDSISR 0xa000000 \(PROTECTION, STORE\), HDAR 0x40001000, ASDR 0x40001000\n$/,
    );
    const absent = await run('walk 0x80000000 --lpid 1');
    expect(absent.out).toMatch(/\n {2}L1 +no valid entry \(ENOENT\)\n/);
    expect(absent.out).toContain('L1 gets 0xe00');
    const fetch = await run('walk 0x40001000 --lpid 1 --access fetch');
    expect(fetch.out).toMatch(
      /L1 gets 0xe20 as the result of H_ENTER_NESTED: HSRR1 with 0x10000000 \(NO_EXECUTE\)/,
    );
  });

  test('a store to a page that was only read: L0 alone deals with it', async () => {
    const { code, out } = await run('walk 0 --lpid 1 --access store');
    expect(code).toBe(6);
    expect(out).toMatch(
      /\nL0 gets the interrupt, makes the shadow entry 0xc[0-9a-f]+ 64K rwxRC, and .*\nL1 sees nothing\n$/,
    );
  });

  test('a guest that nobody is in has the relocation that its tables ask for; a guest that is not is an error', async () => {
    const { out } = await run('walk 0x400000 --lpid 2');
    expect(out).toMatch(/^load of EA 0x400000: radix, .*effective LPID 3, effective PID 0\n/);
    expect(await run('walk 0 --lpid 9')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--lpid 9: L0 has no such nested guest; it has 1, 2') as string,
    });
    const other = new Machine({ description: POWERNV_MACHINE, memory: MIB, output: () => undefined });
    expect((await run('walk 0 --lpid 1', save(other, 'p.snap'))).err).toContain('has no nested guests');
  });
});
