/**
 * The fast walkers against their slow twin: equal result or equal register image, and equal memory afterwards.
 */
import fc from 'fast-check';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, loOf } from '../../../src/core/u64';
import { ACCESS } from '../../../src/mmu/access';
import type { MmuPolicy } from '../../../src/mmu/policy';
import { ArchitectedCaches } from '../../../src/mmu/tlb/caches';
import { Translator } from '../../../src/mmu/translate';
import { CpuState } from '../../../src/state/cpu-state';
import { SEED } from '../../support/random';
import { fastOutcome, type TwinOutcome } from '../outcome';
import { hostileMachine, MEMORY_SIZE, soundMachine, type RandomMachine } from './tables';
import { Twin } from './twin';

const memory = RealMemory.ofSize(MEMORY_SIZE);
const twinMemory = new DataView(new ArrayBuffer(MEMORY_SIZE));

/** Fills memory with a repeated pattern of 2^n doublewords. */
function fill(pattern: readonly bigint[]): void {
  pattern.forEach((value, i) => memory.setDoubleword(8 * i, value));
  for (let filled = 8 * pattern.length; filled < MEMORY_SIZE; filled *= 2)
    memory.bytes.copyWithin(filled, 0, filled);
}

/** How often each outcome came up, to see that the tables are worth something. */
const seen = new Map<string, number>();

function compare(machine: RandomMachine): void {
  fill(machine.pattern ?? [0n]);
  for (const [address, value] of machine.words) memory.setDoubleword(address, value);
  new Uint8Array(twinMemory.buffer).set(memory.bytes);
  const cpu = CpuState.detached();
  for (const [name, value] of Object.entries(machine.registers)) cpu.setNamed(name, value);
  const mmu = new Translator(memory, machine.policy);
  for (const { access, ea, probe } of machine.accesses) {
    const kind = ACCESS[access];
    const ask = probe ? 'probe' : 'access';
    const fast = fastOutcome(mmu, mmu[ask](cpu, kind, hiOf(ea), loOf(ea)));
    const { registers, policy } = machine;
    const slow = new Twin({ memory: twinMemory, registers, policy }, kind, ea).run(!probe);
    expect(fast).toEqual(slow);
    const name = 'ra' in slow ? 'translated' : slow.interrupt;
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  if (Buffer.compare(memory.bytes, new Uint8Array(twinMemory.buffer)) !== 0)
    throw new Error('memory differs after the accesses');
}

/** Without changes to the tables (R and C are left to software) cached translations are as good as new ones. */
function compareCached(machine: RandomMachine): void {
  fill([0n]);
  for (const [address, value] of machine.words) memory.setDoubleword(address, value);
  const cpu = CpuState.detached();
  for (const [name, value] of Object.entries(machine.registers)) cpu.setNamed(name, value);
  const policy: MmuPolicy = { ...machine.policy, referenceChange: 'interrupt' };
  const coherent = new Translator(memory, policy);
  const cached = new Translator(memory, policy);
  cached.caches = ArchitectedCaches.of(policy.name);
  // Each access twice and all of them three times, so that every one finds what the others left.
  for (let round = 0; round < 3; round++)
    for (const { access, ea } of machine.accesses.flatMap((one) => [one, one])) {
      const ask = (mmu: Translator): TwinOutcome =>
        fastOutcome(mmu, mmu.access(cpu, ACCESS[access], hiOf(ea), loOf(ea)));
      expect(ask(cached)).toEqual(ask(coherent));
    }
}

describe(`fast walkers and slow twin (seed ${SEED})`, () => {
  beforeEach(() => seen.clear());

  test('agree on random tables, one stage and two', () => {
    fc.assert(fc.property(soundMachine, compare), { numRuns: 1500 });
    // Not one kind of outcome, but all: otherwise the tables are too good or too bad. (Alignment is rare: faults.test.ts.)
    for (const outcome of [
      'dataStorage',
      'instructionStorage',
      'hypervisorDataStorage',
      'hypervisorInstructionStorage',
      'dataSegment',
      'instructionSegment',
      'machineCheck',
    ])
      expect([outcome, seen.has(outcome)]).toEqual([outcome, true]);
    expect(seen.get('translated')).toBeGreaterThan(100);
  });

  test('agree with and without architected caches', () => {
    fc.assert(fc.property(soundMachine, compareCached), { numRuns: 300 });
  });

  test('agree on hostile tables, and never throw', () => {
    fc.assert(fc.property(hostileMachine, compare), { numRuns: 300 });
  });
});
