/**
 * L0's walk of a radix tree that lies in L1's memory: L1's partition-scoped tree of a nested guest, read through the
 * memory slots (Linux book3s_64_mmu_radix.c, kvmppc_mmu_walk_radix_tree; Power ISA v3.1 Book III, 6.7.10). It checks
 * the tree's form; permissions are the caller's. The result is overwritten by the next walk.
 */
import {
  PDE,
  PTE,
  RADIX_ENTRY_SIZE,
  SMALLEST_PAGE_SHIFT,
  SMALLEST_TREE_SIZE,
} from '../../../isa/tables/radix';
import { bitsAt, offsetIn } from '../../mmu/halves';
import {
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
import type { GuestWords } from './guest-memory';

const TREE_BITS = 52;
const ENTRY_SHIFT = Math.log2(RADIX_ENTRY_SIZE);
const HALF = 2 ** 32;
const ROOT_LEVEL = 3;
/** Sizes of the tables that each level may have: bit n for 2^n entries; the root directory is level 3. */
const TABLE_SIZES: readonly number[] = [(1 << 5) | (1 << 9), 1 << 9, 1 << 9, 1 << 13];
const NLB_LO = PDE.NLB.lo;

/** One entry that a walk read: its level (3 is the root), guest real address and content. */
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

/** Doubleword 0 of a partition table entry as halves. */
export interface TreeRoot {
  readonly hi: number;
  readonly lo: number;
}

export class GuestTreeWalk {
  verdict: GuestWalkVerdict = 'ok';
  /** Real address in L1 of the 4 KiB that were looked up. */
  raddr = 0;
  /** log2 of the page. */
  shift = 0;
  /** The leaf, and where it is in L1's memory. */
  pteHi = 0;
  pteLo = 0;
  entryAddress = 0;
  /** Where an entry could not be read. */
  badAddress = 0;
  /** Entries read, while {@link records} is set. */
  readonly steps: GuestWalkStep[] = [];
  records = false;

  constructor(private readonly words: GuestWords) {}

  get mayRead(): boolean {
    return (authority(this.pteLo) & PTE.READ.lo) !== 0;
  }
  get mayWrite(): boolean {
    return (authority(this.pteLo) & PTE.WRITE.lo) !== 0;
  }
  get mayExecute(): boolean {
    return (authority(this.pteLo) & PTE.EXECUTE.lo) !== 0;
  }
  get referenced(): boolean {
    return (this.pteLo & PTE.R.lo) !== 0;
  }
  get changed(): boolean {
    return (this.pteLo & PTE.C.lo) !== 0;
  }

  /**
   * Looks an address up.
   * @param root neither HR nor a valid bit is looked at
   * @param address below 2^52
   */
  walk(root: TreeRoot, address: number): GuestWalkVerdict {
    this.steps.length = 0;
    return (this.verdict = this.descend(root, address));
  }

  private descend(root: TreeRoot, address: number): GuestWalkVerdict {
    let { hi, lo } = root;
    let offset = SMALLEST_TREE_SIZE + radixTreeSize(hi, lo);
    if (offset !== TREE_BITS) return 'EINVAL';
    const addressHi = Math.floor(address / HALF);
    const addressLo = address | 0;
    for (let level = ROOT_LEVEL; level >= 0; level--) {
      const bits = tableEntries(lo);
      if (((TABLE_SIZES[level]! >>> bits) & 1) === 0 || !isTableAligned(lo, bits)) return 'EINVAL';
      offset -= bits;
      const index = bitsAt(addressHi, addressLo, offset, bits);
      const at = (tableHi(hi) >>> 0) * HALF + (tableLo(lo) >>> 0) + index * RADIX_ENTRY_SIZE;
      if (!this.words.read(at)) {
        this.badAddress = at;
        return 'EFAULT';
      }
      hi = this.words.hi;
      lo = this.words.lo;
      if (this.records) this.steps.push({ level, address: at, hi, lo });
      if (!isValid(hi)) return 'ENOENT';
      if (!isLeaf(hi)) continue;
      this.entryAddress = at;
      this.pteHi = hi;
      this.pteLo = lo;
      this.shift = offset;
      return level === ROOT_LEVEL ? 'EINVAL' : this.leaf(address);
    }
    return 'EINVAL';
  }

  /** The page that the leaf gives; its frame must be aligned to the page. */
  private leaf(address: number): GuestWalkVerdict {
    const { shift } = this;
    const frame = (realPageHi(this.pteHi) >>> 0) * HALF + (realPageLo(this.pteLo) >>> 0);
    if (offsetIn(frame, shift) !== 0) return 'EINVAL';
    this.raddr = frame + offsetIn(address, shift) - offsetIn(address, SMALLEST_PAGE_SHIFT);
    return 'ok';
  }
}

/** A table of 2^`bits` entries lies at a multiple of its size; the hardware would ignore the bits. */
const isTableAligned = (lo: number, bits: number): boolean =>
  (lo & NLB_LO & ((1 << (bits + ENTRY_SHIFT)) - 1)) === 0;
