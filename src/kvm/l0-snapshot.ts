/**
 * The built-in hypervisor in snapshots. Tables, reverse maps and lists lie in real memory, which the machine saves; here
 * is what knows of them, and everything that is not in memory. After a restore L0 goes on as if nothing had happened.
 *
 * A snapshot may be damaged, or made up: L0 follows pointers in its tables, and its guest may not reach them. So every
 * table is checked to be L0's own, and every page of the guest to be one of the guest's, before anything runs.
 */
import { MSR } from '../../isa/registers/msr';
import { UserError } from '../core/errors';
import type { Json, StateReader } from '../core/saved-state';
import { hex0x } from '../core/u64';
import { readCounters } from './counters';
import { checkTables } from './guest/check';
import type { L0 } from './l0';
import { NO_RMAP } from './memslot';
import { restoreKvmMemory, saveKvmMemory } from './snapshot';

/** The clock stays within the years that a date can have. */
const FARTHEST = 2 ** 42;

/** @throws UserError where something is under way; between two instructions of the guest nothing is */
export function saveL0(l0: L0): Json {
  return {
    memory: saveKvmMemory(l0.vm),
    partitions: l0.partitions.save(),
    tree: l0.arch.save(),
    lpcr: hex0x(l0.lpcr),
    clockOffset: l0.clockOffset,
    counters: { ...l0.counters },
    tlb: { ...l0.tlb.counters },
    vcpus: l0.vcpus.map((vcpu) => vcpu.save()),
    console: l0.console.save(),
    xics: l0.xics.save(),
    hpt: l0.hpt.save(),
    nested: l0.nested?.save() ?? null,
  };
}

/**
 * Takes over a saved L0. Real memory and the CPUs' registers have been restored.
 * @throws UserError where something does not fit; L0 is then of no use any more
 */
export function restoreL0(l0: L0, reader: StateReader): void {
  const claims = restoreKvmMemory(l0.vm, reader.child('memory'));
  for (const slot of l0.vm.sets.active(0).slots())
    if (slot.rmap === NO_RMAP) reader.fail('memory', 'a reverse map for every slot');
  l0.partitions.restore(reader.child('partitions'), claims.pieces);
  l0.partitions.adopt(l0.lpid);
  l0.arch.restore(reader.child('tree'), claims.pieces);
  l0.lpcr = reader.hex('lpcr');
  l0.clockOffset = reader.integer('clockOffset', -FARTHEST, FARTHEST);
  readCounters(reader.child('counters'), l0.counters);
  readCounters(reader.child('tlb'), l0.tlb.counters);
  const vcpus = reader.children('vcpus', l0.vcpus.length);
  if (vcpus.length !== l0.vcpus.length) reader.fail('vcpus', `${l0.vcpus.length} of them`);
  vcpus.forEach((saved, i) => l0.vcpus[i]!.restore(saved));
  l0.console.restore(reader.child('console'));
  l0.xics.restore(reader.child('xics'));
  l0.hpt.restore(reader.child('hpt'), claims.pieces);
  if (l0.nested) l0.nested.restore(reader.child('nested'), claims);
  else if (reader.any('nested') !== null) reader.fail('nested', 'nothing: there is no nested part');
  reader.done();
  check(l0, reader);
}

/** Nothing that a guest can reach is L0's. */
function check(l0: L0, reader: StateReader): void {
  const fail = (message: string): never => {
    throw new UserError(`${reader.where}: ${message}; the snapshot is damaged`);
  };
  const stray = l0.partitions.firstStray();
  if (stray >= 0) fail(`the partition table has an entry of LPID ${stray}, which nobody has`);
  for (const vcpu of l0.vcpus) {
    const { state } = vcpu.cpu;
    const lpid = l0.nested?.isRunning(vcpu) ? undefined : BigInt(l0.lpid);
    if (vcpu.cpu.inState(MSR.HV)) fail(`vCPU ${vcpu.id} is in hypervisor state`);
    if (state.named('PTCR') !== l0.partitions.ptcr) fail(`PTCR of vCPU ${vcpu.id} is not L0's`);
    if (lpid !== undefined && state.named('LPIDR') !== lpid) fail(`LPIDR of vCPU ${vcpu.id} is not L1's`);
  }
  const [problem] = checkTables(l0);
  if (problem !== undefined) fail(problem);
}
