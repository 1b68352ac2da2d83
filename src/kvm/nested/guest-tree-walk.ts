/**
 * L0's walk of a radix tree that lies in L1's memory: L1's partition-scoped tree of a nested guest, read through the
 * memory slots (Linux book3s_64_mmu_radix.c, kvmppc_mmu_walk_radix_tree; Power ISA v3.1 Book III, 6.7.10). It checks
 * the tree's form; permissions are the caller's. The result object is overwritten by the next walk.
 */
import { PDE, PTE, RADIX_ENTRY_SIZE, SMALLEST_TREE_SIZE } from '../../../isa/tables/radix';
import { isAligned, bitsAt } from '../../mmu/halves';
import {
  attributes,
  authority,
  isLeaf,
  isValid,
  radixTreeSize,
  realPageHi,
  realPageLo,
  tableEntries,
  tableHi,
  tableLo,
} from '../../mmu/radix/entry';
import { PGD_SHIFT_LIMIT, type GuestWords } from './guest-words';

const TREE_BITS = 52;
const ENTRY_SHIFT = Math.log2(RADIX_ENTRY_SIZE);
const HALF = 2 ** 32;
const ROOT_LEVEL = 3;
/** Sizes of the tables that each level may have, root directory last, log2 of the entries. */
const TABLE_BITS: readonly (readonly number[])[] = [[5, 9], [9], [9], [13]];
const READ = PTE.READ.lo;
const WRITE = PTE.WRITE.lo;
const EXECUTE = PTE.EXECUTE.lo;
const R = PTE.R.lo;
const C = PTE.C.lo;
void attributes;
void PDE;

/** One entry that a walk read: its level (3 the root), guest real address and content. */
export interface GuestWalkStep {
  readonly level: number;
  readonly address: number;
  readonly hi: number;
  readonly lo: number;
}

/**
 * `ok`; `EINVAL`: a configuration that is not supported; `ENOENT`: no valid entry; `EFAULT`: an entry where L1 has no
 * memory.
 */
export type GuestWalkVerdict = 'ok' | 'EINVAL' | 'ENOENT' | 'EFAULT';

export class GuestTreeWalk {
  verdict: GuestWalkVerdict = 'ok';
  /** Real address in L1 of the byte that was looked up; a double, exact for the page that it lies in. */
  raddr = 0;
  /** log2 of the page. */
  shift = 0;
  /** The leaf. */
  pteHi = 0;
  pteLo = 0;
  /** Where an entry could not be read. */
  badAddress = 0;
  /** Where the leaf is in L1's memory. */
  entryAddress = 0;
  /** Entries read, while {@link records} is set. */
  readonly steps: GuestWalkStep[] = [];
  records = false;

  constructor(private readonly words: GuestWords) {}

  get mayRead(): boolean {
    return (authority(this.pteLo) & READ) !== 0;
  }
  get mayWrite(): boolean {
    return (authority(this.pteLo) & WRITE) !== 0;
  }
  get mayExecute(): boolean {
    return (authority(this.pteLo) & EXECUTE) !== 0;
  }
  get referenced(): boolean {
    return (this.pteLo & R) !== 0;
  }
  get changed(): boolean {
    return (this.pteLo & C) !== 0;
  }

  /**
   * Looks an address up.
   * @param root doubleword 0 of the partition table entry; neither HR nor a valid bit is looked at
   * @param address below 2^52
   */
  walk(root: { readonly hi: number; readonly lo: number }, address: number): GuestWalkVerdict {
    this.steps.length = 0;
    return (this.verdict = this.descend(root, address));
  }

  private descend(root: { readonly hi: number; readonly lo: number }, address: number): GuestWalkVerdict {
    const hi = Math.floor(address / HALF);
    const lo = address >>> 0;
    let valueHi = root.hi;
    let valueLo = root.lo;
    let offset = SMALLEST_TREE_SIZE + radixTreeSize(valueHi, valueLo);
    if (offset !== TREE_BITS) return 'EINVAL';
    for (let level = ROOT_LEVEL; level >= 0; level--) {
      const bits = tableEntries(valueLo);
      if (!TABLE_BITS[level]!.includes(bits)) return 'EINVAL';
      offset -= bits;
      if (
        !isAligned(tableHi(valueHi), tableLo(valueLo), Math.max(bits + ENTRY_SHIFT, 12)) &&
        !this.isAlignedSmall(valueLo, bits)
      )
        return 'EINVAL';
      const base = (tableHi(valueHi) >>> 0) * HALF + (tableLo(valueLo) >>> 0);
      const at = base + bitsAt(hi, lo, offset, bits) * RADIX_ENTRY_SIZE;
      if (!this.words.read(at)) {
        this.badAddress = at;
        return 'EFAULT';
      }
      valueHi = this.words.hi;
      valueLo = this.words.lo;
      if (this.records) this.steps.push({ level, address: at, hi: valueHi, lo: valueLo });
      if (!isValid(valueHi)) return 'ENOENT';
      if (!isLeaf(valueHi)) continue;
      this.entryAddress = at;
      return level === ROOT_LEVEL ? 'EINVAL' : this.leaf(valueHi, valueLo, { offset, address });
    }
    return 'EINVAL';
  }
}
void PGD_SHIFT_LIMIT;
