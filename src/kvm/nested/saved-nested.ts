/**
 * The nested half of L0 in snapshots. Shadow trees, reverse maps and the partition table lie in real memory; here is who
 * they belong to. Counts of tables, list nodes and references are made anew from what is found.
 */
import { PTE } from '../../../isa/tables/radix';
import type { Json, StateReader } from '../../core/saved-state';
import { hex0x } from '../../core/u64';
import { readCounters } from '../counters';
import { partitionEntry0, TREE_BITS } from '../guest/radix-format';
import type { MemoryClaims } from '../snapshot';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { adoptedGuest } from './nested-guests';
import { isPartitionTable } from './partition-table';
import { MAX_NESTED_LPIDS } from './rmap-entry';
import type { NestedRun } from './run';

/** Every hardware LPID can be one. */
const MOST_GUESTS = 4096;
const MOST = Number.MAX_SAFE_INTEGER;
const LONGEST_CAUSE = 256;

export function saveNested(nested: Nested, runs: readonly NestedRun[]): Json {
  const { guests, orphans, l0Timer, rmap } = nested;
  const all = [...guests.values(), ...orphans];
  return {
    ptcr: hex0x(nested.l1Ptcr),
    l0Timer: l0Timer === undefined ? null : hex0x(l0Timer),
    counters: { ...nested.counters },
    scanned: rmap.scanned,
    guests: [...guests.values()].map(saveGuest),
    orphans: [...orphans].map(saveGuest),
    runs: runs.map((run) => ({ guest: run.guest ? all.indexOf(run.guest) : -1, state: run.kept.save() })),
  };
}

const saveGuest = (guest: NestedGuest): Json => ({
  lpid: guest.lpid,
  shadowLpid: guest.shadowLpid,
  root: guest.tree.root,
  pate0: hex0x(guest.pate0),
  pate1: hex0x(guest.pate1),
  previousCpu: [...guest.previousCpu],
  cause: guest.cause,
  isOrphan: guest.isOrphan,
});

/**
 * Takes over what {@link saveNested} gave. L1's memory, its tree and the CPUs' registers have been restored.
 * @throws UserError where something does not fit
 */
export function restoreNested(
  nested: Nested,
  runs: readonly NestedRun[],
  { reader, claims, lists }: { reader: StateReader; claims: MemoryClaims; lists: 'in memory' | 'none' },
): void {
  nested.guests.clear();
  nested.orphans.clear();
  nested.reserved.clear();
  nested.shadowBytes = 0;
  nested.l1Ptcr = reader.hex('ptcr');
  if (nested.l1Ptcr !== 0n && !isPartitionTable(nested.l1Ptcr)) reader.fail('ptcr', 'what L1 may register');
  nested.l0Timer = reader.any('l0Timer') === null ? undefined : reader.hex('l0Timer');
  for (const saved of reader.children('guests', MOST_GUESTS)) {
    const guest = readGuest(nested, saved, { claims, cpus: runs.length });
    if (nested.guests.has(guest.lpid)) saved.fail('lpid', 'a number of its own');
    nested.guests.set(guest.lpid, guest);
    guest.references = 1;
  }
  for (const saved of reader.children('orphans', MOST_GUESTS))
    nested.orphans.add(readGuest(nested, saved, { claims, cpus: runs.length }));
  readCounters(reader.child('counters'), nested.counters);
  nested.rmap.scanned = reader.integer('scanned', 0, MOST);
  if (lists === 'none' && nested.guests.size + nested.orphans.size > 0)
    reader.fail('guests', 'none of a guest that has no tree of its own');
  nested.rmap.nodes = 0;
  if (lists === 'in memory') restoreLists(nested, reader, claims);
  restoreRuns(nested, runs, reader);
  reader.done();
}

function readGuest(
  nested: Nested,
  saved: StateReader,
  { claims, cpus }: { claims: MemoryClaims; cpus: number },
): NestedGuest {
  const { partitions } = nested.host;
  const lpid = saved.integer('lpid', 0, MAX_NESTED_LPIDS - 1);
  const shadowLpid = saved.integer('shadowLpid', 1, MOST_GUESTS - 1);
  if (!partitions.adopt(shadowLpid)) saved.fail('shadowLpid', 'an LPID of its own');
  const root = saved.integer('root', 0, nested.vm.mm.frames.memory.size);
  const guest = adoptedGuest(nested, { lpid, shadowLpid, root });
  const problem = guest.tree.restore(root, claims.pieces) ?? foreignPage(nested, guest, claims);
  if (problem !== undefined) saved.fail('root', `a shadow tree, not one with ${problem}`);
  nested.shadowBytes += guest.shadowBytes;
  guest.pate0 = saved.hex('pate0');
  guest.pate1 = saved.hex('pate1');
  const [dw0, dw1] = partitions.get(shadowLpid);
  const isEmpty = dw0 === 0n && dw1 === 0n && guest.pate0 === 0n;
  if (!isEmpty && (dw0 !== partitionEntry0(root) || dw1 !== guest.pate1))
    saved.fail('root', `the tree of the partition table entry 0x${dw0.toString(16)}`);
  for (const [token, cpu] of saved.tuples('previousCpu', 2, nested.maxVcpuTokens) as [number, number][]) {
    if (token < 0 || token >= nested.maxVcpuTokens || cpu < 0 || cpu >= cpus)
      saved.fail('previousCpu', 'vCPU tokens and CPUs');
    guest.previousCpu.set(token, cpu);
  }
  guest.cause = saved.text('cause', LONGEST_CAUSE);
  guest.isOrphan = saved.boolean('isOrphan');
  saved.done();
  return guest;
}

/** A page of the shadow tree that is not in memory of L1. */
function foreignPage(nested: Nested, guest: NestedGuest, { frames }: MemoryClaims): string | undefined {
  const { geometry } = nested.vm;
  const seen = new Set<string>();
  let found: string | undefined;
  guest.tree.each(0, 2 ** TREE_BITS, (nGpa, { pte, shift }) => {
    const first = geometry.pageOf(Number(pte & PTE.RPN.mask));
    const key = `${first} ${shift}`;
    // A tree may map the same page everywhere.
    if (found !== undefined || seen.has(key)) return;
    seen.add(key);
    for (let page = first; page < first + 2 ** shift / geometry.size; page++)
      if (!frames.isShared(page)) found ??= `frame ${page} of L0 at 0x${nGpa.toString(16)}`;
  });
  return found;
}

function restoreLists(nested: Nested, reader: StateReader, { pieces }: MemoryClaims): void {
  const { vm, rmap } = nested;
  for (let asId = 0; asId < vm.sets.count; asId++)
    for (const slot of vm.sets.active(asId).slots())
      for (let gfn = slot.baseGfn; gfn < slot.endGfn; gfn++)
        if (!rmap.adopt(nested.headAt(slot, gfn), pieces))
          reader.fail('guests', `a reverse map, not the one that frame ${gfn} has`);
}

function restoreRuns(nested: Nested, runs: readonly NestedRun[], reader: StateReader): void {
  const all = [...nested.guests.values(), ...nested.orphans];
  const saved = reader.children('runs', runs.length);
  if (saved.length !== runs.length) reader.fail('runs', `${runs.length} of them`);
  saved.forEach((item, i) => {
    const run = runs[i]!;
    run.guest = all[item.integer('guest', -1, all.length - 1)];
    const state = item.child('state');
    run.kept.restore(state, run.guest && nested.host.lpid);
    state.done();
    if (run.guest && run.vcpu.cpu.state.named('LPIDR') !== BigInt(run.guest.shadowLpid))
      item.fail('guest', 'the one that LPIDR names');
    if (run.guest) run.guest.references++;
    item.done();
  });
}
