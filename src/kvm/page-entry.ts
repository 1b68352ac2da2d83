/**
 * The software page entry that host mappings and the flat guest map share: a frame number and state bits in one
 * int32, so that a table is an Int32Array. It is not an architected format; radix and hashed entries are elsewhere.
 */

/** Frames are below 2^20: emulated real memory ends below 4 GiB. */
const FRAME_BITS = 20;
const FRAME_MASK = (1 << FRAME_BITS) - 1;

export const PTE_NONE = 0;
export const PTE_PRESENT = 1 << FRAME_BITS;
export const PTE_WRITABLE = 1 << (FRAME_BITS + 1);
export const PTE_YOUNG = 1 << (FRAME_BITS + 2);
export const PTE_DIRTY = 1 << (FRAME_BITS + 3);
/** The entry is not present; its frame field is a number in the swap device. */
export const PTE_SWAPPED = 1 << (FRAME_BITS + 4);
/** The frame is shared by identical pages: a write must copy it first. */
export const PTE_SHARED = 1 << (FRAME_BITS + 5);
/** The page is part of a 2 MiB or 1 GiB mapping. */
export const PTE_2M = 1 << (FRAME_BITS + 6);
export const PTE_1G = 1 << (FRAME_BITS + 7);

/** The entry of a frame with state bits. */
export const makeEntry = (frame: number, bits: number): number => frame | bits;
export const frameOf = (entry: number): number => entry & FRAME_MASK;
/** All of `bits` are set. */
export const hasBits = (entry: number, bits: number): boolean => (entry & bits) === bits;
export const hasAnyBit = (entry: number, bits: number): boolean => (entry & bits) !== 0;
export const withBits = (entry: number, bits: number): number => entry | bits;
export const withoutBits = (entry: number, bits: number): number => entry & ~bits;
/** The same state for another frame. */
export const withFrame = (entry: number, frame: number): number => (entry & ~FRAME_MASK) | frame;
