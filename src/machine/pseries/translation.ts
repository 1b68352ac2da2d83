/**
 * Which kind of page tables L1 begins with: a radix tree, or a hashed page table of which size. There is no firmware
 * here that negotiates it (PAPR, "ibm,client-architecture-support"): the device tree is its outcome.
 */
import { UserError } from '../../core/errors';
import { naturalOrder } from '../../kvm/hpt/size';
import { LARGEST_ORDER, SMALLEST_ORDER } from '../../kvm/hpt/table';
import { findNode, parseFdt, type FdtNode } from '../../loader/fdt';
import type { BootExtras } from './boot';

/** A guest with a hashed page table of 2^`order` bytes. */
export interface HashedTranslation {
  readonly order: number;
}

/** Option vector 5, byte 24: the MMU (PAPR, B.6.2.4). */
const VECTOR_5 = 'ibm,architecture-vec-5';
const MMU_BYTE = 24;
const MMU_MASK = 0xc0;
const MMU_RADIX = 0x40;
/** As Linux reads its command line before it negotiates. */
const DISABLE_RADIX = /(^|\s)disable_radix(=(1|y|yes|on))?(\s|$)/;
const CELL = 4;

/**
 * What the device tree says, or will say where it is generated: with `disable_radix` on the command line, hashed.
 * @throws UserError for a table size that there is not
 */
export function translationOf(
  { deviceTree, append = '' }: BootExtras,
  memory: number,
): HashedTranslation | undefined {
  if (!deviceTree) return DISABLE_RADIX.test(append) ? { order: naturalOrder(memory) } : undefined;
  const { root } = parseFdt(deviceTree.name, deviceTree.bytes);
  const vector = findNode(root, '/chosen')?.properties.get(VECTOR_5);
  if (vector && (vector[MMU_BYTE]! & MMU_MASK) === MMU_RADIX) return undefined;
  return { order: tableOrder(deviceTree.name, root) ?? naturalOrder(memory) };
}

/** The second cell of the first CPU's `ibm,pft-size`. */
function tableOrder(name: string, root: FdtNode): number | undefined {
  const cpus = findNode(root, '/cpus')?.children ?? [];
  const cell = cpus
    .map(({ properties }) => properties.get('ibm,pft-size'))
    .find((value) => value !== undefined);
  if (!cell) return undefined;
  const order = cell.length === 2 * CELL ? new DataView(cell.buffer, cell.byteOffset).getUint32(CELL) : 0;
  if (order < SMALLEST_ORDER || order > LARGEST_ORDER)
    throw new UserError(
      `${name}: ibm,pft-size of /cpus: expected <0 N> with N from ${SMALLEST_ORDER} to ${LARGEST_ORDER}, the log2 of the ` +
        `hashed page table's bytes, found N = ${order}`,
    );
  return order;
}
