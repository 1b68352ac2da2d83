/**
 * The reads of tables that the cycle model asks for, against the steps of walk events: the same entries in the same
 * order, and the last of them alone.
 */
import fc from 'fast-check';
import { benchProgram } from '../../../src/cli/bench/guest-timing';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, loOf } from '../../../src/core/u64';
import { readImage } from '../../../src/loader';
import { Machine } from '../../../src/machine/machine';
import { POWERNV_MACHINE } from '../../../src/machine/powernv';
import { HPTE0, HPTE_SIZE, PTEG_SIZE } from '../../../isa/tables/hpte';
import { ACCESS, type AccessName } from '../../../src/mmu/access';
import { tableLevel, tableLevelName, type TableReads } from '../../../src/mmu/table-reads';
import { Translator } from '../../../src/mmu/translate';
import { WalkCache } from '../../../src/mmu/walk-cache';
import { CpuState } from '../../../src/state/cpu-state';
import type { WalkStep } from '../../../src/trace/events/walk';
import { MEMORY_SIZE, soundMachine, type RandomMachine } from './tables';

type Read = readonly [what: string, address: number];

function nameOf({ what, level, scope, purpose }: WalkStep): string {
  const name = level === undefined ? what : `${what} level ${level}`;
  if (scope !== 'partition') return name;
  return purpose === 'access' ? `partition ${name}` : `partition ${name} of ${purpose}`;
}

/** What an event says was read in memory; undefined: the translation failed. */
function seenReads(mmu: Translator, cpu: CpuState, access: AccessName, ea: bigint): Read[] | undefined {
  let steps: readonly WalkStep[] = [];
  mmu.observer = { walk: (event) => (steps = event.steps) };
  const done = mmu.probe(cpu, ACCESS[access], hiOf(ea), loOf(ea));
  mmu.observer = undefined;
  if (!done) return undefined;
  // Of a hashed table events have all slots of both groups; hardware reads up to the one that matches.
  const match = steps.findIndex(({ decision }) => decision === 'match');
  return steps
    .slice(0, match < 0 ? steps.length : match + 1)
    .filter(({ hostRa }) => hostRa !== undefined)
    .map((step) => [nameOf(step), Number(step.hostRa! & 0xffffffffn)]);
}

const listed = ({ count, levels, addresses }: TableReads): Read[] =>
  Array.from({ length: count }, (_, i) => [tableLevelName(levels[i]!), addresses[i]!]);

/** @returns how many entries were compared */
function compare(mmu: Translator, cpu: CpuState, access: AccessName, ea: bigint): number {
  const expected = seenReads(mmu, cpu, access, ea);
  if (!expected) return 0;
  const [hi, lo] = [hiOf(ea), loOf(ea)];
  expect(listed(mmu.tables.all(cpu, ACCESS[access], hi, lo))).toEqual(expected);
  expect(listed(mmu.tables.last(cpu, ACCESS[access], hi, lo))).toEqual(expected.slice(-1));
  return expected.length;
}

const memory = RealMemory.ofSize(MEMORY_SIZE);

function compareAll({ words, registers, accesses, policy }: RandomMachine): number {
  memory.bytes.fill(0);
  memory.tablePages.fill(0);
  for (const [address, value] of words) memory.setDoubleword(address, value);
  const cpu = CpuState.detached();
  for (const [name, value] of Object.entries(registers)) cpu.setNamed(name, value);
  const mmu = new Translator(memory, policy);
  mmu.walks = new WalkCache();
  let compared = 0;
  // In the second pass walks are known.
  for (let pass = 0; pass < 2; pass++)
    for (const { access, ea } of accesses) {
      mmu.access(cpu, ACCESS[access], hiOf(ea), loOf(ea));
      compared += compare(mmu, cpu, access, ea);
    }
  return compared;
}

test('radix trees of one stage and two', () => {
  let compared = 0;
  fc.assert(
    fc.property(soundMachine, (machine) => void (compared += compareAll(machine))),
    { numRuns: 400 },
  );
  expect(compared).toBeGreaterThan(2000);
});

/** Moves the entry in the first slot of a page's group elsewhere: another slot, or the group of the other hash. */
function moveEntry(ram: RealMemory, page: number, slot: number, where: 'primary' | 'secondary'): void {
  const group = (hash: number): number => HPT.at + (hash & (HPT.groups - 1)) * PTEG_SIZE;
  const from = group(page ^ HPT.vsid);
  const to = group(where === 'primary' ? page ^ HPT.vsid : ~(page ^ HPT.vsid)) + slot * HPTE_SIZE;
  const [first, second] = [ram.getDoubleword(from), ram.getDoubleword(from + 8)];
  ram.setDoubleword(from, 0n);
  ram.setDoubleword(to, where === 'primary' ? first : first | HPTE0.H.mask);
  ram.setDoubleword(to + 8, second);
}

/** The table of random-touch-hpt.s. */
const HPT = { at: 0x400000, groups: 4096, vsid: 0x123 } as const;

test('a hashed page table: the slots up to the one that matches, in the first group or the second', () => {
  const machine = new Machine({
    description: POWERNV_MACHINE,
    memory: 512 * 2 ** 20,
    output: () => undefined,
  });
  const image = benchProgram('random-touch-hpt.s', { TOUCHES: 1000 });
  machine.load(readImage('hpt', image, { entry: 0x10n }));
  const { translator, state } = machine.cpus[0]!;
  const WINDOW = 0x40000000n;
  machine.run(400_000);
  for (let i = 0; i < 16; i++) {
    const where = i < 8 ? 'primary' : 'secondary';
    moveEntry(machine.memory, i, i % 8, where);
    // The partition table entry, the slots of the first group if it is not there, those up to it.
    const reads = 1 + (where === 'primary' ? 0 : 8) + (i % 8) + 1;
    expect(compare(translator, state, 'load', WINDOW + BigInt(i << 16))).toBe(reads);
  }
});

test('numbers of levels have the names of steps', () => {
  const step = { scope: 'partition', what: 'PTE', purpose: 'PDE/PTE', level: 3 } as const;
  expect(tableLevelName(tableLevel(step))).toBe('partition PTE level 3 of PDE/PTE');
  expect(tableLevelName(tableLevel({ scope: 'partition', what: 'PATE', purpose: 'access' }))).toBe(
    'partition PATE',
  );
  expect(tableLevelName(tableLevel({ scope: 'process', what: 'PRTE', purpose: 'access' }))).toBe('PRTE');
});
