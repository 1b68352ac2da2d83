/** L0 as nested virtualisation sees it. */
import type { L0 } from '../l0';
import { instantiatePage } from '../guest/page-fault';
import type { NestedHost } from './host';

export const nestedHostOf = (l0: L0): NestedHost => ({
  vm: l0.vm,
  tree: l0.arch.tree,
  partitions: l0.partitions,
  tlb: l0.tlb,
  lpid: l0.lpid,
  get isHashed() {
    return l0.hpt.isActive;
  },
  instantiate: ({ gpa, slot, store, withinSlot }) =>
    instantiatePage(l0, { slot, gfn: Math.floor(gpa / l0.vm.pageSize), store, withinSlot }).result,
});
