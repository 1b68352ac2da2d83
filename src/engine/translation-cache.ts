/**
 * The translation caches of one CPU, in linear memory: loads and stores, and fetches. An implementation detail: it
 * holds only what TypeScript found by a translation, and software sees no staleness from it (the architected TLB
 * is `src/mmu/tlb/`).
 */
import type { CpuState } from '../state/cpu-state';
import {
  FETCH_ENTRIES,
  FETCH_ENTRY,
  offsetOf,
  TLB_ENTRIES,
  TLB_ENTRY,
  type MemoryMap,
} from '../state/layout';

const EMPTY = -1;
/** EA bits of a tag: the page, without the quadrant, in the upper and lower half. */
const QUADRANT_FREE = 0x3fffffff;
const PAGE_LOW = ~0xfff;
/** ... the page in a segment of 256 MiB. */
const SEGMENT_PAGE = 0x0ffff000;

/** Number of places that {@link TranslationCache.select} distinguishes. */
export const PLACES = 8;
const tlbFlip = (place: number): number => place * (TLB_ENTRIES / PLACES) * TLB_ENTRY.size;
const fetchFlip = (place: number): number => place * (FETCH_ENTRIES / PLACES) * FETCH_ENTRY.size;

/** The same of one place, in bytes and in words. */
const PLACE_BYTES = tlbFlip(1);
const TLB_FLIP = PLACE_BYTES >> 2;
const FETCH_FLIP = fetchFlip(1) >> 2;

// Constants of this module: the code below is hot, and exports of another one are loaded at each use.
const TLB_INDEX = TLB_ENTRIES - 1;
const TLB_SHIFT = Math.log2(TLB_ENTRY.size);
const FETCH_INDEX = FETCH_ENTRIES - 1;
const FETCH_SHIFT = Math.log2(FETCH_ENTRY.size);
const ALL_PLACES: number = PLACES;

const TLB_AT = offsetOf('TLBBASE');
const FETCH_AT = offsetOf('FETCHBASE');
const DCTX = offsetOf('DCTX');
const ICTX = offsetOf('ICTX');

/** What an entry says of its page. */
export interface CachedTranslation {
  readonly read: boolean;
  readonly write: boolean;
  /** What a cycle model wants to know of the translation; default 0: nothing. */
  readonly leaf?: number;
}

export class TranslationCache {
  private readonly words: Int32Array;
  private readonly tlb: number;
  private readonly fetch: number;
  private readonly ramBase: number;
  /** Places that were selected since the caches were empty: a set of bits. The others have no entries. */
  private used = 0;

  constructor(
    buffer: ArrayBufferLike,
    map: MemoryMap,
    private readonly cpu: CpuState,
  ) {
    this.words = new Int32Array(buffer);
    this.tlb = map.tlbBase + cpu.index * TLB_ENTRIES * TLB_ENTRY.size;
    this.fetch = map.fetchBase + cpu.index * FETCH_ENTRIES * FETCH_ENTRY.size;
    this.ramBase = map.ramBase;
    this.select(0);
    cpu.setInt(offsetOf('RAMBASE'), this.ramBase);
    this.clear();
  }

  /**
   * Empties both caches because numbers of contexts start again. A CPU that does not get its number now goes on under 0,
   * which is nobody's.
   */
  renumber(): void {
    this.clear();
    this.cpu.setHalves(DCTX, 0, 0);
    this.cpu.setHalves(ICTX, 0, 0);
  }

  /** Empties both caches. */
  clear(): void {
    this.words.fill(EMPTY, this.tlb >> 2, (this.tlb + TLB_ENTRIES * TLB_ENTRY.size) >> 2);
    this.words.fill(EMPTY, this.fetch >> 2, (this.fetch + FETCH_ENTRIES * FETCH_ENTRY.size) >> 2);
    this.used = 1 << this.place();
  }

  /**
   * Selects one of {@link PLACES} places for the contexts to come: where two of them use the same page number, their
   * entries then do not drive each other out.
   */
  select(place: number): void {
    this.used |= 1 << place;
    this.cpu.setInt(TLB_AT, this.tlb ^ tlbFlip(place));
    this.cpu.setInt(FETCH_AT, this.fetch ^ fetchFlip(place));
  }

  /** The place that is selected, which generated code may have done. */
  private place(): number {
    return (this.cpu.int(TLB_AT) ^ this.tlb) / PLACE_BYTES;
  }

  private entry(eaLo: number): number {
    return (this.cpu.int(TLB_AT) ^ (((eaLo >>> 12) & TLB_INDEX) << TLB_SHIFT)) >> 2;
  }

  private fetchEntry(eaLo: number): number {
    return (this.cpu.int(FETCH_AT) ^ (((eaLo >>> 12) & FETCH_INDEX) << FETCH_SHIFT)) >> 2;
  }

  /**
   * Enters the 4K page of an effective address for the current context.
   * @param page real address of the page, inside host real memory
   * @param what which accesses may use it, and the word for a cycle model
   * @returns the number of the entry
   */
  insert(eaHi: number, eaLo: number, page: number, what: CachedTranslation): number {
    const { words } = this;
    const at = this.entry(eaLo);
    const low = (eaLo & PAGE_LOW) | this.cpu.lo(DCTX);
    const same =
      (words[at] === low && words[at + 1] === eaHi) || (words[at + 2] === low && words[at + 3] === eaHi);
    const pageEA = eaLo & PAGE_LOW;
    const addend = (this.ramBase + page - pageEA) | 0;
    if (!same || words[at + 4] !== addend) {
      this.setTag(at, EMPTY, EMPTY);
      this.setTag(at + 2, EMPTY, EMPTY);
    }
    if (what.read) this.setTag(at, eaHi, low);
    if (what.write) this.setTag(at + 2, eaHi, low);
    words[at + 4] = addend;
    words[at + 5] = what.leaf ?? 0;
    return (at - (this.tlb >> 2)) >> (TLB_SHIFT - 2);
  }

  private setTag(at: number, hi: number, lo: number): void {
    this.words[at] = lo;
    this.words[at + 1] = hi;
  }

  /**
   * Enters a fetch translation: the page's decoded records begin at a linear address.
   * @param leaf the word for a cycle model
   */
  insertFetch(eaHi: number, eaLo: number, records: number, leaf: number): void {
    const at = this.fetchEntry(eaLo);
    this.words[at] = (eaLo & PAGE_LOW) | this.cpu.lo(ICTX);
    this.words[at + 1] = eaHi;
    this.words[at + 2] = records;
    this.words[at + 3] = leaf;
  }

  /**
   * Drops the pages from an effective address on, in every context and quadrant.
   * @param shift log2 of the bytes; up to 24, larger ranges are dropped by context
   */
  dropPages(eaHi: number, eaLo: number, shift: number): void {
    const bytes = 1 << shift;
    const first = eaLo & -bytes;
    for (let offset = 0; offset < bytes; offset += 4096) this.dropPage(eaHi, first + offset);
  }

  private dropPage(eaHi: number, eaLo: number): void {
    // Where place 0 has them.
    const entry = (this.tlb ^ (((eaLo >>> 12) & TLB_INDEX) << TLB_SHIFT)) >> 2;
    const fetch = (this.fetch ^ (((eaLo >>> 12) & FETCH_INDEX) << FETCH_SHIFT)) >> 2;
    for (let place = 0; place < ALL_PLACES; place++) {
      if ((this.used & (1 << place)) === 0) continue;
      const at = entry ^ (place * TLB_FLIP);
      this.dropTag(at, eaHi, eaLo);
      this.dropTag(at + 2, eaHi, eaLo);
      this.dropTag(fetch ^ (place * FETCH_FLIP), eaHi, eaLo);
    }
  }

  /**
   * Drops the pages that have this offset in a segment of hashed translation, in every context and segment: the last 28
   * bits of an effective and of its virtual address are the same, whatever the segment's size.
   * @param shift log2 of the bytes; up to 24
   */
  dropSegmentPages(offset: number, shift: number): void {
    const bytes = 1 << shift;
    const first = offset & -bytes;
    for (let at = first; at < first + bytes; at += 4096)
      for (let place = 0; place < PLACES; place++) {
        const entry = this.entry(at) ^ (tlbFlip(place) >> 2);
        for (const tag of [entry, entry + 2, this.fetchEntry(at) ^ (fetchFlip(place) >> 2)])
          if (((this.words[tag]! ^ at) & SEGMENT_PAGE) === 0) this.words.fill(EMPTY, tag, tag + 2);
      }
  }

  private dropTag(tag: number, eaHi: number, eaLo: number): void {
    if (this.matches(tag, eaHi, eaLo)) this.setTag(tag, EMPTY, EMPTY);
  }

  private matches(tag: number, eaHi: number, eaLo: number): boolean {
    return (
      ((this.words[tag]! ^ eaLo) & PAGE_LOW) === 0 && ((this.words[tag + 1]! ^ eaHi) & QUADRANT_FREE) === 0
    );
  }

  /**
   * Drops every write permission of a real page: its stores must be seen.
   * @param only the number of the entry where the only one can be; absent: any
   */
  dropWrites(page: number, only?: number): void {
    const step = TLB_ENTRY.size >> 2;
    const first = (this.tlb >> 2) + (only ?? 0) * step;
    const end = only === undefined ? first + TLB_ENTRIES * step : first + step;
    for (let at = first; at < end; at += step) this.dropWrite(at, page);
  }

  private dropWrite(at: number, page: number): void {
    const { words } = this;
    if (words[at + 3] === EMPTY && words[at + 2] === EMPTY) return;
    const pageEA = words[at + 2]! & PAGE_LOW;
    if (((words[at + 4]! + pageEA) | 0) === ((this.ramBase + page) | 0)) words.fill(EMPTY, at + 2, at + 4);
  }

  /** Drops every fetch entry: decoded pages moved. */
  dropFetches(): void {
    this.words.fill(EMPTY, this.fetch >> 2, (this.fetch + FETCH_ENTRIES * FETCH_ENTRY.size) >> 2);
  }
}
