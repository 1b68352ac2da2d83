/** What all dumps of nested guests have in common, and what debugfs shows. */
import { dumpGuests, dumpPartitionTable, dumpRmap, dumpShadow } from '../../../src/cli/dump/nested';
import { switchToHpt } from '../../../src/kvm/hpt/switch';
import { checkNested } from '../../../src/kvm/nested/check';
import { describeAccess } from '../../../src/kvm/nested/describe-fault';
import { writeDebugfsRadix } from '../../../src/kvm/nested/describe-radix';
import { describeRmap } from '../../../src/kvm/nested/describe-rmap';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { NGPA, GPA, textOf, jsonOf, setup } from './describe-support';
import { L2Tree, LPID, World } from './support';

describe('debugfs radix', () => {
  /** A reader by the rules of that file: headers have `pgdir:`, leaves begin with a space, sizes are decimal. */
  const LINE = /^(?:(?:Nested LPID (\d+): )?pgdir: ([0-9a-f]+)| ([0-9a-f]+): ([0-9a-f]+) (12|16|21|30)|)$/;

  test('is what its readers expect, tree by tree', () => {
    const { world, nested } = setup();
    let text = '';
    writeDebugfsRadix(nested, (piece) => (text += piece));
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(LINE);
    const shadow = world.shadow(NGPA)!.pte.toString(16);
    expect(text).toBe(
      `pgdir: ${(0xc000_0000_0000_0000n | BigInt(world.l0.arch.tree.root)).toString(16)}\n` +
        ` 400000: ${world.l0.arch.tree.find(GPA)!.pte.toString(16)} 16\n` +
        `\nNested LPID 5: pgdir: ${(0xc000_0000_0000_0000n | BigInt(world.guest().tree.root)).toString(16)}\n` +
        ` 50000000: ${shadow} 16\n 50010000: ${world.shadow(NGPA + 65536)!.pte.toString(16)} 16\n`,
    );
  });
});

test('as JSON every number of 64 bits is "0x..." and the rest is plain', () => {
  const { world, nested } = setup();
  expect(jsonOf(dumpShadow(nested, { limit: 1 }))).toMatchObject({
    guests: [{ lpid: LPID, count: 2, entries: [{ nGpa: NGPA, shadow: { shift: 16, bits: 'rwxRC' } }] }],
    omitted: 1,
  });
  expect(jsonOf(dumpRmap(nested, {}))).toMatchObject({
    totals: { live: 2 },
    lists: [{ gfn: 0x40, entries: [{ word: '0x50000050010000', state: 'live' }, { state: 'live' }] }],
  });
  expect(jsonOf(dumpGuests(world.part, 1))).toMatchObject({ guests: [{ pate: { state: 'current' } }] });
  expect(jsonOf(dumpPartitionTable(nested, 1))).toMatchObject({
    ptcr: '0x100000',
    entries: [{ lpid: LPID }],
  });
});

test('an LPID that is no nested guest is an error that names those there are', () => {
  const { nested } = setup();
  expect(() => dumpShadow(nested, { lpid: 6, limit: 1 })).toThrow(
    '--lpid 6: L0 has no such nested guest; it has 5',
  );
});

test('while L1 has a hashed page table the words are rings: there is nothing nested to show, and nothing broken', () => {
  const { world, nested } = setup();
  expect(switchToHpt(world.l0)).toBe(true);
  world.memory.setDoubleword(world.headAt(GPA / 65536), 0x0100_0001_0000_0005n);
  expect(describeRmap(nested)).toMatchObject({ lists: [], totals: { frames: 0 } });
  expect(checkNested(nested)).toEqual([]);
  let text = '';
  writeDebugfsRadix(nested, (piece) => (text += piece));
  expect(text).toBe('');
  expect(textOf(dumpGuests(world.part, 10))).toMatch(/^0 nested guests: /);
});

describe('an access that L0 cannot serve (H-9)', () => {
  test.each([
    ['strict', STRICT],
    ['linux', LINUX],
  ] as const)('%s: what is told is what L1 gets', (_name, hazards) => {
    for (const kind of ['load', 'store', 'fetch'] as const) {
      const world = new World({ hazards });
      // 4K pages of L1 under 64K pages of L0.
      new L2Tree(world, LPID, 9).map(NGPA, GPA);
      const done = world.access(NGPA, kind);
      const told = 'result' in done && done.result.kind === 'reflect' ? { dsisr: done.result.dsisr } : {};
      const guest = world.nested.find(LPID)!;
      const access = { nGpa: NGPA, store: kind === 'store', fetch: kind === 'fetch', faults: true };
      expect(describeAccess(world.nested, guest, access).outcome).toEqual({ kind: 'reflect', ...told });
    }
  });
});
