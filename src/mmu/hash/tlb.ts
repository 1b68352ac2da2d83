/**
 * The architected TLB of hashed translation: virtual page to page table entry, by LPID (Power ISA v3.0B Book III,
 * 5.9.1 and 5.9.3.3). With it an entry that software has changed but not invalidated survives; and a page that is
 * larger than its segment's base page is found for all its addresses, not only for those whose hash finds the entry.
 *
 * It keeps the page table entry and not the permission: segment key, AMR and IAMR are looked at in each use.
 */
import { HPTE_SIZE } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import type { Json, StateReader } from '../../core/saved-state';
import type { TlbEvent } from '../../trace/events/walk';
import type { TranslationContext } from '../context';
import type { Invalidation } from '../invalidate';
import { toBigint } from '../recorder';
import type { CacheGeometry } from '../tlb/geometry';
import { SetAssociative } from '../tlb/set-associative';
import { AVPN_PLACE } from './page-sizes';
import type { HashWalk } from './walk';

/** Words of a key. The virtual address is VA >> 16 in two halves, and for a 4K page the four bits below. */
const KEY = { LPID: 0, SEGMENT: 1, HI: 2, LO: 3, BELOW: 4, BASE: 5, SHIFT: 6 } as const;
const KEY_WORDS = 7;
/** Data: address of the page table entry, its doubleword 1. */
const DATA_WORDS = 3;
const SMALLEST = 12;
const WIDEST = 64;
const BELOW_MASK = (1 << (AVPN_PLACE - SMALLEST)) - 1;

const VSID_HI = SLBV.VSID.hi;
const SEGMENT_OFFSET = (1 << 28) - 1;
const OFFSET_1T_HI = (1 << 8) - 1;

export class HashTlb {
  private readonly cache: SetAssociative;
  private readonly key = new Int32Array(KEY_WORDS);

  constructor(readonly geometry: CacheGeometry) {
    this.cache = new SetAssociative(geometry, KEY_WORDS, DATA_WORDS);
  }

  /** The entry of the page that is being translated, as a search would have left it in the walk. */
  find(ctx: TranslationContext, walk: HashWalk): boolean {
    const { cache } = this;
    cache.frozen = !ctx.sideEffects;
    for (const { shift } of walk.base.actual) {
      const set = this.setKey(ctx, walk, shift);
      if (!cache.find(set, this.key)) continue;
      const { words, at } = cache;
      walk.at = words[at + KEY_WORDS]!;
      walk.valueHi = words[at + KEY_WORDS + 1]!;
      walk.valueLo = words[at + KEY_WORDS + 2]!;
      walk.actualShift = shift;
      this.report(ctx, { action: 'hit', set, way: cache.way, pageShift: shift });
      return true;
    }
    this.report(ctx, { action: 'miss' });
    return false;
  }

  /** Keeps the entry that was found. */
  keep(ctx: TranslationContext, walk: HashWalk): void {
    const { cache } = this;
    const set = this.setKey(ctx, walk, walk.actualShift);
    const evicts = cache.place(set, this.key);
    cache.words.set([walk.at, walk.valueHi, walk.valueLo], cache.at + KEY_WORDS);
    const where = { set, way: cache.way };
    if (evicts) this.report(ctx, { action: 'evict', ...where });
    const ra = toBigint(ctx.raHi, ctx.raLo);
    this.report(ctx, { action: 'insert', ...where, pageShift: walk.actualShift, ra });
  }

  save(): Json {
    return this.cache.save();
  }

  /** @param memorySize bytes of real memory, in which every page table entry lies */
  restore(reader: StateReader, memorySize: number): void {
    const { words } = this.cache;
    this.cache.restore(reader, (at) => {
      const entry = words[at + KEY_WORDS]! >>> 0;
      return (
        entry % HPTE_SIZE === 0 && entry + HPTE_SIZE <= memorySize && words[at + KEY.SHIFT]! >>> 0 < WIDEST
      );
    });
  }

  clear(): void {
    this.cache.clear();
  }

  /** Drops what an invalidation names; how many entries went. */
  drop({ scope, lpid, page, set }: Invalidation): number {
    // Pages of radix translation are not here; whole partitions are, whichever form of the instruction names them.
    if (scope !== 'hash' && page !== undefined) return 0;
    const { words } = this.cache;
    return this.cache.drop((at, inSet) => {
      if (lpid !== undefined && words[at + KEY.LPID] !== lpid) return false;
      if (set !== undefined && inSet !== set) return false;
      if (page === undefined) return true;
      const shift = BigInt(Math.max(page.shift, words[at + KEY.SHIFT]!));
      return this.address(at) >> shift === page.address >> shift;
    });
  }

  /** VA[14:77] of the page of an entry: all of the address that instructions can name. */
  private address(at: number): bigint {
    const { words } = this.cache;
    const place = toBigint(words[at + KEY.HI]!, words[at + KEY.LO]!) << BigInt(AVPN_PLACE);
    return BigInt.asUintN(64, place | (BigInt(words[at + KEY.BELOW]!) << BigInt(SMALLEST)));
  }

  /** Sets the key of the page of this size around the address; the congruence class that it belongs to. */
  private setKey(ctx: TranslationContext, walk: HashWalk, shift: number): number {
    const { key } = this;
    const terabyte = walk.segmentSize !== 0;
    const offsetLo = terabyte ? ctx.eaLo : ctx.eaLo & SEGMENT_OFFSET;
    const offset =
      (offsetLo >>> AVPN_PLACE) | (terabyte ? (ctx.eaHi & OFFSET_1T_HI) << (32 - AVPN_PLACE) : 0);
    const vsidLo = walk.vsidLo & (terabyte ? SLBV.VSID_1T.lo : SLBV.VSID.lo);
    const below = shift < AVPN_PLACE ? (ctx.eaLo >>> SMALLEST) & BELOW_MASK : 0;
    const within = shift < AVPN_PLACE ? 0 : shift - AVPN_PLACE;
    key[KEY.LPID] = ctx.lpid;
    key[KEY.SEGMENT] = walk.segmentSize;
    key[KEY.HI] = walk.vsidHi & VSID_HI;
    key[KEY.LO] = (vsidLo | offset) & (-1 << within);
    key[KEY.BELOW] = below;
    key[KEY.BASE] = walk.base.shift;
    key[KEY.SHIFT] = shift;
    const page =
      shift < AVPN_PLACE ? (key[KEY.LO]! << (AVPN_PLACE - SMALLEST)) | below : key[KEY.LO]! >>> within;
    return page & (this.geometry.sets - 1);
  }

  private report(ctx: TranslationContext, what: Partial<TlbEvent> & Pick<TlbEvent, 'action'>): void {
    ctx.recorder?.tlbEvent(ctx, { structure: 'TLB', ea: toBigint(ctx.eaHi, ctx.eaLo), ...what });
  }
}
