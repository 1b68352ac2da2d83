/**
 * The invariants of slot management, checked from outside: what must hold at rest after every operation, and what must
 * hold even in the middle of one. It returns what is broken in words; it repairs nothing.
 */
import type { RbTree } from './rbtree';
import { NIL } from './rbtree-links';
import type { IntervalTree } from './interval-tree';
import { isUpdating, TreeSet } from './memslot-set';
import type { MemSlot } from './memslot';
import type { Kvm } from './vm';

/** What is broken, nothing where all is well. `at rest` is between operations, `in flight` within one. */
export function checkInvariants(vm: Kvm, when: 'at rest' | 'in flight' = 'at rest'): string[] {
  const broken: string[] = [];
  const invalid: string[] = [];
  for (let asId = 0; asId < vm.sets.count; asId++) {
    const pair = [vm.sets.active(asId), vm.sets.inactive(asId)];
    for (const [i, set] of pair.entries()) {
      const name = `address space ${asId}, ${i === 0 ? 'active' : 'inactive'} set`;
      if (!(set instanceof TreeSet)) continue;
      for (const slot of set.slots()) if (slot.isInvalid) invalid.push(name);
      broken.push(...checkSet(set, vm.pageSize).map((text) => `${name}: ${text}`));
    }
    if (when === 'at rest') broken.push(...checkAtRest(vm, asId));
  }
  if (invalid.length > (when === 'at rest' ? 0 : 1))
    broken.push(`I5: INVALID slots in ${invalid.join(' and ')}`);
  if (when === 'at rest') broken.push(...checkCounters(vm));
  return broken;
}

function checkAtRest(vm: Kvm, asId: number): string[] {
  const broken: string[] = [];
  const active = vm.sets.active(asId);
  const inactive = vm.sets.inactive(asId);
  if (active instanceof TreeSet) {
    const other = new Set(inactive.slots());
    const same = active.size === inactive.size && [...active.slots()].every((slot) => other.has(slot));
    if (!same) broken.push(`I1: the sets of address space ${asId} differ`);
  }
  if (isUpdating(active.generation)) broken.push(`I7: address space ${asId} has the update flag at rest`);
  else if (active.generation % vm.sets.count !== asId)
    broken.push(`I7: generation ${active.generation} in address space ${asId}`);
  const last = active.lastUsedSlot;
  if (last && active.byId(last.id) !== last) broken.push(`I8: slot cache of address space ${asId} dangles`);
  return broken;
}

function checkCounters(vm: Kvm): string[] {
  const broken: string[] = [];
  let pages = 0;
  let logging = 0;
  for (let asId = 0; asId < vm.sets.count; asId++) {
    for (const slot of vm.sets.active(asId).slots()) {
      pages += slot.npages;
      logging += Number(slot.logsDirtyPages);
      if (slot.isFreed) broken.push('I10: a freed slot is linked');
    }
  }
  if (pages !== vm.nrMemslotPages) broken.push(`I6: ${vm.nrMemslotPages} pages counted, ${pages} there`);
  if (logging !== vm.nrMemslotsDirtyLogging)
    broken.push(`I6: ${vm.nrMemslotsDirtyLogging} logging slots counted, ${logging} there`);
  if (vm.slotsLock.isHeld || vm.slotsArchLock.isHeld || vm.mmuLock.isHeld)
    broken.push('a lock is held at rest');
  return broken;
}

/** One set on its own: the three structures agree and are well-formed. */
function checkSet(set: TreeSet, pageSize: number): string[] {
  const broken: string[] = [];
  const slots = [...set.slots()];
  const { gfnTree, hvaTree } = set;
  if (new Set(slots.map((slot) => slot.id)).size !== slots.length) broken.push('I3: an id twice');
  if (gfnTree.size !== slots.length || hvaTree.size !== slots.length)
    broken.push(`I2: ${slots.length} slots by id, ${gfnTree.size} by gfn, ${hvaTree.size} by hva`);
  const inGfn = new Set(nodesOf(gfnTree));
  const inHva = new Set(nodesOf(hvaTree));
  for (const slot of slots) {
    if (slot.isFreed) broken.push('I10: a freed slot is linked');
    if (!inGfn.has(slot.handle) || !inHva.has(slot.handle))
      broken.push(`I2: slot ${slot.id} is not in every structure`);
    if (slot.npages === 0) broken.push(`slot ${slot.id} has no pages`);
    broken.push(...checkNodes(set, slot, pageSize));
  }
  if (set.lastUsedSlot && !slots.includes(set.lastUsedSlot)) broken.push('I8: the slot cache dangles');
  broken.push(
    ...checkGfnOrder(gfnTree),
    ...checkTree(gfnTree, 'gfn tree'),
    ...checkTree(hvaTree, 'hva tree'),
  );
  broken.push(...checkMaxima(hvaTree));
  return broken;
}

function checkNodes({ gfnTree, hvaTree }: TreeSet, slot: MemSlot, pageSize: number): string[] {
  const { handle } = slot;
  const last = slot.userspaceAddr + slot.npages * pageSize - 1;
  const hvaRight = hvaTree.startOf(handle) === slot.userspaceAddr && hvaTree.lastOf(handle) === last;
  const gfnRight = gfnTree.startOf(handle) === slot.baseGfn && gfnTree.lastOf(handle) === slot.endGfn - 1;
  return hvaRight && gfnRight ? [] : [`I4: the nodes of slot ${slot.id} do not have its ranges`];
}

function checkGfnOrder(tree: RbTree): string[] {
  const nodes = nodesOf(tree);
  return nodes.every((node, i) => i === 0 || tree.lastOf(nodes[i - 1]!) < tree.startOf(node))
    ? []
    : ['I3: ranges of guest frames meet'];
}

/** Order, links, colours and equal black heights of a red-black tree; nothing where it is well-formed. */
export function checkTree(tree: RbTree, name: string): string[] {
  const broken: string[] = [];
  if (tree.isRed(NIL) || tree.isRed(tree.root)) broken.push(`I11: ${name}: red root or leaf`);
  /** Black height of the subtree, or -1 where it is not the same everywhere. */
  const height = (node: number, parent: number): number => {
    if (node === NIL) return 1;
    if (tree.parent(node) !== parent) broken.push(`I11: ${name}: wrong parent of node ${node}`);
    if (tree.isRed(node) && tree.isRed(parent)) broken.push(`I11: ${name}: two red nodes in a row`);
    const left = height(tree.left(node), node);
    const right = height(tree.right(node), node);
    if (left !== right) broken.push(`I11: ${name}: black heights differ at node ${node}`);
    return left + (tree.isRed(node) ? 0 : 1);
  };
  height(tree.root, NIL);
  const nodes = nodesOf(tree);
  if (nodes.some((node, i) => i > 0 && tree.startOf(nodes[i - 1]!) > tree.startOf(node)))
    broken.push(`I11: ${name}: not in order`);
  if (nodes.length !== tree.size) broken.push(`I11: ${name}: ${nodes.length} nodes, ${tree.size} counted`);
  return broken;
}

/** The subtree maxima of an interval tree are exact. */
export function checkMaxima(tree: IntervalTree): string[] {
  const broken: string[] = [];
  const largest = (node: number): number => {
    if (node === NIL) return -Infinity;
    const max = Math.max(tree.lastOf(node), largest(tree.left(node)), largest(tree.right(node)));
    if (max !== tree.maxOf(node)) broken.push(`I11: hva tree: wrong maximum at node ${node}`);
    return max;
  };
  largest(tree.root);
  return broken;
}

/** The nodes in order. */
export function nodesOf(tree: RbTree): number[] {
  const nodes: number[] = [];
  for (let node = tree.first(); node !== NIL; node = tree.next(node)) nodes.push(node);
  return nodes;
}
