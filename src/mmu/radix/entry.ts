/** Accessors of radix page directory and page table entries, and of the doubleword that describes a tree, by halves.
 * The fields are taken apart here once, so that a walk loads constants. */
import { PRTE0_RADIX } from '../../../isa/tables/process-table';
import { PDE, PTE, SMALLEST_TREE_SIZE } from '../../../isa/tables/radix';

const VALID = PTE.V.hi;
const LEAF = PTE.L.hi;
const RPN_HI = PTE.RPN.hi;
const RPN_LO = PTE.RPN.lo;
const NLB_HI = PDE.NLB.hi;
const NLB_LO = PDE.NLB.lo;
const EAA = PTE.EAA.lo;
const NLS = PDE.NLS.lo;
const NLS_SHIFT = PDE.NLS.shift;
const ATT = PTE.ATT.lo;
const ATT_SHIFT = PTE.ATT.shift;
const RTS_HIGH = PRTE0_RADIX.RTS_HIGH.hi;
const RTS_LOW = PRTE0_RADIX.RTS_LOW.lo;
/** From the upper field in the upper half, and the lower field in the lower half, to their places in RTS. */
const RTS_HIGH_SHIFT = PRTE0_RADIX.RTS_HIGH.shift - 32 - PRTE0_RADIX.RTS_LOW.width;
const RTS_LOW_SHIFT = PRTE0_RADIX.RTS_LOW.shift;

export function isValid(hi: number): boolean {
  return (hi & VALID) !== 0;
}
export function isLeaf(hi: number): boolean {
  return (hi & LEAF) !== 0;
}

/** Base address of the next table. The field is the same in PDEs, PATEs and PRTEs. */
export function tableHi(hi: number): number {
  return hi & NLB_HI;
}
export function tableLo(lo: number): number {
  return lo & NLB_LO;
}

/** log2 of the number of entries of the next table: NLS, or RPDS of the doubleword that describes a tree. */
export function tableEntries(lo: number): number {
  return (lo & NLS) >>> NLS_SHIFT;
}

/** log2 of the bytes that a tree translates (31..62), from the doubleword that describes it. */
export function treeSize(hi: number, lo: number): number {
  return SMALLEST_TREE_SIZE + radixTreeSize(hi, lo);
}

/** RTS: two fields, the upper one two bits wide. */
export function radixTreeSize(hi: number, lo: number): number {
  return ((hi & RTS_HIGH) >>> RTS_HIGH_SHIFT) | ((lo & RTS_LOW) >>> RTS_LOW_SHIFT);
}

export function realPageHi(hi: number): number {
  return hi & RPN_HI;
}
export function realPageLo(lo: number): number {
  return lo & RPN_LO;
}

/** The four EAA bits. */
export function authority(lo: number): number {
  return lo & EAA;
}
/** ATT, an index of the ATT table. */
export function attributes(lo: number): number {
  return (lo & ATT) >>> ATT_SHIFT;
}
