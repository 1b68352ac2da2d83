/**
 * L0's trees in the format of debugfs `kvm/<pid>-<fd>/radix` (Linux book3s_64_mmu_radix.c, debugfs_radix_read): a
 * header with the root, a line for each leaf, and the same for each nested guest. Scripts that read that file read
 * this. Like it, it does not show orphans, nor a nested guest with LPID 0, and is empty while L1 has a hashed table.
 */
import type { RadixTable } from '../guest/radix-table';
import { TREE_BITS } from '../guest/radix-format';
import type { Nested } from './nested';
import { nestedLpids } from './nested-guests';

/** Where Linux's linear map has real address 0: `pgdir` is a kernel virtual address. */
const LINEAR_MAP = 0xc000_0000_0000_0000n;

/** Address of the root as debugfs shows it. */
const pgdir = ({ root }: RadixTable): string => (LINEAR_MAP | BigInt(root)).toString(16);

/** Hands the lines to `write`, each with its newline. */
export function writeDebugfsRadix(nested: Nested, write: (text: string) => void): void {
  const leaves = (tree: RadixTable): void =>
    tree.each(0, 2 ** TREE_BITS, (address, { pte, shift }) =>
      write(` ${address.toString(16)}: ${pte.toString(16)} ${shift}\n`),
    );
  if (nested.host.isHashed) return;
  write(`pgdir: ${pgdir(nested.host.tree)}\n`);
  leaves(nested.host.tree);
  for (const lpid of nestedLpids(nested)) {
    if (lpid === 0) continue;
    const { tree } = nested.find(lpid)!;
    write(`\nNested LPID ${lpid}: pgdir: ${pgdir(tree)}\n`);
    leaves(tree);
  }
}
