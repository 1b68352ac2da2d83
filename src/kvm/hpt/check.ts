/**
 * Whether the guest's hashed page table, its reverse map and the rings fit together and to the host: every valid entry
 * is in the ring of its frame, leads to the host's page with no more rights than guest and host give, and nothing else
 * is in a ring. For tests and tools; reads everything and changes nothing.
 */
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { has } from '../../core/bits';
import type { MemSlot } from '../memslot';
import { frameOf, hasBits, PTE_PRESENT, PTE_WRITABLE } from '../page-entry';
import { hostAddressOf } from './enter';
import { VRMA_LLP, type GuestPage, type HptGuest } from './guest';
import { grantedBy, HPTE_SW, isWritable, KEY } from './hpte';
import { HPT_RMAP } from './rmap';

const MOST_PROBLEMS = 100;

/** What is found while the table is read. */
interface Findings {
  readonly problems: string[];
  /** Host frames that the guest reaches. */
  readonly reached: Set<number>;
  /** The frame in whose ring an entry is. */
  readonly ringOf: Map<number, number>;
}

/** What is wrong, one sentence each; empty where nothing is, or there is no table. */
export function checkHpt(hpt: HptGuest, reached = new Set<number>()): string[] {
  const findings: Findings = { problems: [], reached, ringOf: new Map() };
  if (!hpt.isActive) return findings.problems;
  const { vm, current, options } = hpt;
  const [dw0] = options.partitions.get(options.lpid);
  if (dw0 !== current.partitionEntry0(VRMA_LLP))
    findings.problems.push(`PATE of the HPT guest is 0x${dw0.toString(16)}`);
  for (let asId = 0; asId < vm.sets.count; asId++)
    for (const slot of vm.sets.active(asId).slots()) checkRings(hpt, slot, findings);
  for (let index = 0; index < current.entries && !isEnough(findings); index++)
    if (!current.isFree(index)) checkEntry(hpt, index, findings);
  return findings.problems;
}

/** Nobody reads more; and a table that somebody made up can have a problem in each of its words. */
const isEnough = ({ problems }: Pick<Findings, 'problems'>): boolean => problems.length > MOST_PROBLEMS;

function checkRings(hpt: HptGuest, slot: MemSlot, { problems, ringOf }: Findings): void {
  const { current } = hpt;
  for (let gfn = slot.baseGfn; gfn < slot.endGfn && !isEnough({ problems }); gfn++) {
    const ring = hpt.ring(slot, gfn);
    if (ring.isBlank) continue;
    const what = `the ring of frame ${gfn}`;
    if (ring.isEmpty && has(ring.word, HPT_RMAP.INDEX)) problems.push(`${what} is empty and has a head`);
    if (!ring.isEmpty && ring.head >= current.entries) {
      problems.push(`${what} begins at entry ${ring.head}, which there is not`);
      continue;
    }
    for (const index of ring.entries()) {
      const next = index < current.entries ? current.forw(index) : current.entries;
      if (next >= current.entries || current.back(next) !== index) {
        problems.push(`${what} is broken at entry ${index}`);
        break;
      }
      if (ringOf.has(index))
        problems.push(`entry ${index} is in ${what} and in that of ${ringOf.get(index)}`);
      ringOf.set(index, gfn);
      if (!has(current.read(index).v, HPTE0.V))
        problems.push(`${what} has entry ${index}, which is not valid`);
    }
  }
}

function checkEntry(hpt: HptGuest, index: number, findings: Findings): void {
  const { problems, ringOf } = findings;
  const { v, r } = hpt.current.read(index);
  const what = `entry ${index}`;
  if (has(v, HPTE_SW.HVLOCK)) problems.push(`${what} is locked`);
  if (has(v, HPTE0.V) === has(v, HPTE_SW.ABSENT)) problems.push(`${what} is valid and absent`);
  const page = hpt.pageAt(index, v);
  if (!page) problems.push(`${what} has no page size`);
  else if (has(v, HPTE0.V)) {
    if (ringOf.get(index) !== page.gfn)
      problems.push(`${what} maps frame ${page.gfn} and is in the ring of ${ringOf.get(index) ?? 'none'}`);
    if (page.actual > hpt.largestPage) problems.push(`${what} is larger than any page that was counted`);
    checkRights(hpt.current.guestR(index), r, { what, problems });
    checkMapping(hpt, { what, r, page }, findings);
  } else if ((r & KEY) !== KEY && (r & KEY) !== 0n) problems.push(`${what} is absent and has a key`);
}

function checkRights(
  guestR: bigint,
  r: bigint,
  { what, problems }: { what: string; problems: string[] },
): void {
  for (const key of [0, 1] as const)
    if ((grantedBy(r, key) & ~grantedBy(guestR, key)) !== 0)
      problems.push(`${what} grants more than the guest does, with storage key ${key}`);
  if (((guestR ^ r) & (KEY | HPTE1.N.mask)) !== 0n) problems.push(`${what} has not the guest's key and N`);
}

function checkMapping(
  hpt: HptGuest,
  { what, r, page }: { what: string; r: bigint; page: GuestPage },
  { problems, reached }: Findings,
): void {
  const { vm } = hpt;
  const host = hostAddressOf(r, page);
  if (host % vm.pageSize !== Number(page.gpa % BigInt(vm.pageSize)))
    problems.push(`${what} leads into another part of its frame`);
  for (let i = 0; i < page.frames && !isEnough({ problems }); i++) {
    const gfn = page.gfn + i;
    const frame = Math.floor(host / vm.pageSize) + i;
    reached.add(frame);
    const slot = vm.gfnToMemslot(gfn);
    const entry = slot ? vm.mm.entryAt(slot.userspaceAddr + (gfn - slot.baseGfn) * vm.pageSize) : 0;
    if (!slot) problems.push(`${what} maps frame ${gfn}, which no slot has`);
    else if (!hasBits(entry, PTE_PRESENT)) problems.push(`${what} maps frame ${gfn}, which the host has not`);
    else if (frameOf(entry) !== frame)
      problems.push(`${what} maps frame ${gfn} to ${frame}, the host has it at ${frameOf(entry)}`);
    else if (isWritable(r) && !hasBits(entry, PTE_WRITABLE))
      problems.push(`${what} permits stores to frame ${gfn}, the host does not`);
  }
}
