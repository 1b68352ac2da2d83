/**
 * The memory slots of a VM as text for people: both sets of each address space, generation, overlaps of host
 * addresses, dirty pages, and the trees themselves on request. It reads and changes nothing, lookup caches included.
 */
import { hex0x } from '../core/u64';
import type { MemSlot } from './memslot';
import { generationBits, isUpdating, TreeSet, type MemslotSet } from './memslot-set';
import type { RbTree } from './rbtree';
import { NIL } from './rbtree-links';
import type { Kvm } from './vm';

export interface DescribeOptions {
  /** Show the trees by gfn and by hva, one node a line, children indented. */
  readonly trees?: boolean;
}

export function describeMemslots(vm: Kvm, options: DescribeOptions = {}): string {
  const lines = [
    `page size ${vm.pageSize}, ${vm.nrMemslotPages} pages in slots, ${vm.nrMemslotsDirtyLogging} slots with dirty logging`,
  ];
  for (let asId = 0; asId < vm.sets.count; asId++) {
    const [active, inactive] = [vm.sets.active(asId), vm.sets.inactive(asId)];
    lines.push('', `address space ${asId}`);
    lines.push(...describeSet(vm, active, 'active', options));
    // At rest both sets link the same slots; only a difference is worth the lines.
    if (sameSlots(active, inactive)) lines.push(`  ${headOf(inactive, 'inactive')}: the same slots`);
    else lines.push(...describeSet(vm, inactive, 'inactive', options));
    lines.push(...describeOverlaps(active));
  }
  return lines.join('\n') + '\n';
}

function describeSet(vm: Kvm, set: MemslotSet, role: string, { trees }: DescribeOptions): string[] {
  const lines = [`  ${headOf(set, role)}: ${set.size} slots, ${set.byteLength} bytes`];
  if (set.size > 0) lines.push('     id  guest real address   pages  host virtual address  flags');
  for (const slot of byGfn(set)) lines.push(`  ${describeSlot(vm, slot)}`);
  if (trees && set instanceof TreeSet) {
    lines.push('    by gfn:', ...describeTree(set.gfnTree, (start) => gpaOf(vm, start)));
    lines.push('    by hva:', ...describeTree(set.hvaTree, (start) => hex0x(BigInt(start))));
  }
  return lines;
}

function headOf(set: MemslotSet, role: string): string {
  const generation = hex0x(generationBits(set.generation));
  return `${role} set (node ${set.nodeIdx}), generation ${generation}${isUpdating(set.generation) ? ', update in progress' : ''}`;
}

function describeSlot(vm: Kvm, slot: MemSlot): string {
  const flags = [
    slot.isInvalid ? 'INVALID' : '',
    slot.isReadonly ? 'READONLY' : '',
    slot.logsDirtyPages ? 'LOG_DIRTY_PAGES' : '',
    slot.dirtyBitmap ? `${slot.dirtyBitmap.count()} dirty` : '',
  ].filter((flag) => flag !== '');
  return [
    String(slot.id).padStart(5),
    gpaOf(vm, slot.baseGfn).padEnd(19),
    String(slot.npages).padStart(6),
    hex0x(BigInt(slot.userspaceAddr)).padEnd(20),
    flags.join(' '),
  ]
    .join('  ')
    .trimEnd();
}

/** Pairs of neighbours, by host address, that share host pages: legal, and often the answer to a riddle. */
function describeOverlaps(set: MemslotSet): string[] {
  const slots = [...set.slots()].sort((a, b) => a.userspaceAddr - b.userspaceAddr || a.id - b.id);
  const lines: string[] = [];
  for (const [i, slot] of slots.entries()) {
    for (let other = i + 1; other < slots.length; other++) {
      const next = slots[other]!;
      if (next.userspaceAddr > slot.userspaceLast) break;
      const end = Math.min(slot.userspaceLast, next.userspaceLast) + 1;
      const range = `[${hex0x(BigInt(next.userspaceAddr))}, ${hex0x(BigInt(end))})`;
      lines.push(`  slots ${slot.id} and ${next.id} share host addresses ${range}`);
    }
  }
  return lines;
}

function describeTree(tree: RbTree, label: (start: number) => string): string[] {
  const lines: string[] = [];
  const visit = (node: number, depth: number): void => {
    if (node === NIL) return;
    visit(tree.left(node), depth + 1);
    lines.push(
      `      ${'  '.repeat(depth)}${tree.isRed(node) ? 'red' : 'black'} ${label(tree.startOf(node))}`,
    );
    visit(tree.right(node), depth + 1);
  };
  visit(tree.root, 0);
  return lines;
}

const gpaOf = (vm: Kvm, gfn: number): string => hex0x(BigInt(gfn) * BigInt(vm.pageSize));
const byGfn = (set: MemslotSet): MemSlot[] => [...set.slots()].sort((a, b) => a.baseGfn - b.baseGfn);

function sameSlots(a: MemslotSet, b: MemslotSet): boolean {
  const others = new Set(b.slots());
  return a.size === b.size && [...a.slots()].every((slot) => others.has(slot));
}
