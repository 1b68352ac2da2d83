/**
 * Whether L0's own tables are what they should be: every page that L1 reaches is the host's page of its slot, and no
 * table of L0's can be reached by L1. For tests and tools; reads everything and changes nothing.
 */
import { PTE } from '../../../isa/tables/radix';
import { has } from '../../core/bits';
import { checkHpt } from '../hpt/check';
import type { L0 } from '../l0';
import { frameOf, hasBits, PTE_PRESENT, PTE_WRITABLE } from '../page-entry';
import { partitionEntry0 } from './radix-format';
import type { RadixLeaf } from './radix-leaf';

/** Nobody reads more; and a tree that somebody made up can have a problem in each page. */
const MOST_PROBLEMS = 100;

/** What is wrong, one sentence each; empty where nothing is. */
export const checkL0 = (l0: L0): string[] => [...checkTables(l0), ...l0.vm.warnings];

/** The same of what lies in memory. */
export function checkTables(l0: L0): string[] {
  const problems: string[] = [];
  const [dw0] = l0.partitions.get(l0.lpid);
  if (!l0.hpt.isActive && dw0 !== partitionEntry0(l0.arch.tree.root))
    problems.push(`PATE of L1 is ${hex(dw0)}`);
  if (l0.partitions.get(0).some((word) => word !== 0n)) problems.push('PATE of LPID 0 is not empty');
  const reached = new Set<number>();
  problems.push(...checkHpt(l0.hpt, reached));
  l0.arch.tree.each(0, 2 ** 52, (gpa, leaf) => checkLeaf(l0, { gpa, leaf, reached, problems }));
  for (const [address, bytes] of l0.heap.save().pieces)
    for (let at = address; at < address + bytes; at += l0.vm.pageSize)
      if (reached.has(l0.vm.geometry.pageOf(at))) problems.push(`L1 reaches L0's table at ${hex(address)}`);
  return problems;
}

interface LeafCheck {
  readonly gpa: number;
  readonly leaf: RadixLeaf;
  /** Host frames that L1 reaches. */
  readonly reached: Set<number>;
  readonly problems: string[];
}

function checkLeaf({ vm, mm }: L0, { gpa, leaf, reached, problems }: LeafCheck): void {
  const pages = 2 ** leaf.shift / vm.pageSize;
  const first = Number(leaf.pte & PTE.RPN.mask) / vm.pageSize;
  for (let i = 0; i < pages && problems.length < MOST_PROBLEMS; i++) {
    const gfn = gpa / vm.pageSize + i;
    reached.add(first + i);
    const slot = vm.gfnToMemslot(gfn);
    const entry = slot ? mm.entryAt(slot.userspaceAddr + (gfn - slot.baseGfn) * vm.pageSize) : 0;
    const what = `frame ${gfn} of L1 is mapped to ${first + i}`;
    if (!slot) problems.push(`${what} but no slot has it`);
    else if (!hasBits(entry, PTE_PRESENT)) problems.push(`${what} but the host has no page there`);
    else if (frameOf(entry) !== first + i) problems.push(`${what} but the host has ${frameOf(entry)} there`);
    else if (has(leaf.pte, PTE.WRITE) && !hasBits(entry, PTE_WRITABLE))
      problems.push(`${what} for writing but the host's page is read-only`);
  }
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
