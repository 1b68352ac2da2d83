/** What a hashed translation tells an observer: segments, groups with every slot looked at, the permission decision. */
import { HPTE0, HPTE1, HPTE_SIZE, PTEG_SLOTS } from '../../../isa/tables/hpte';
import { SLB_ENTRIES, SLBE, SLBV } from '../../../isa/tables/slb-entry';
import type { WalkDecision } from '../../trace/events/walk';
import { get } from '../../core/bits';
import { offsetOf } from '../../state/layout';
import { rightsText } from '../access';
import type { TranslationContext } from '../context';
import { toBigint } from '../recorder';
import { keyClassOf, ppOf, segmentKeyOf } from './protection-fields';
import type { HashWalk } from './walk';

const SLBE_AT = offsetOf('SLBE') >> 3;
const SLBV_AT = offsetOf('SLBV') >> 3;
/** Steps that are about no particular entry. */
const NO_ENTRY = -1;

const esidWord = (ctx: TranslationContext, entry: number): bigint => ctx.cpu.doublewords[SLBE_AT + entry]!;
const vsidWord = (ctx: TranslationContext, entry: number): bigint => ctx.cpu.doublewords[SLBV_AT + entry]!;

function segmentStep(ctx: TranslationContext, entry: number, decision: WalkDecision): void {
  if (!ctx.recorder!.detailed) return;
  ctx.recorder!.step({
    scope: 'hash',
    what: 'SLBE',
    purpose: 'access',
    value: esidWord(ctx, entry),
    value1: vsidWord(ctx, entry),
    index: entry,
    decision,
  });
}

/** The one entry that matches. */
export function recordSegment(ctx: TranslationContext, walk: HashWalk, supported: boolean): void {
  segmentStep(ctx, walk.entry, supported ? 'used' : 'unsupported');
}

/** The descriptor of guest real mode, which is in no entry. */
export function recordImplicitSegment(ctx: TranslationContext, walk: HashWalk, supported: boolean): void {
  if (!ctx.recorder!.detailed) return;
  ctx.recorder!.step({
    scope: 'hash',
    what: 'SLBE',
    purpose: 'access',
    value: SLBE.V.mask,
    value1: toBigint(walk.vsidHi, walk.vsidLo),
    index: NO_ENTRY,
    decision: supported ? 'used' : 'unsupported',
  });
}

/** Every valid entry, none of which is the one; and that tables in memory were asked for and are not looked at. */
export function recordSegmentMiss(ctx: TranslationContext, tables: boolean): void {
  let valid = 0;
  for (let entry = 0; entry < SLB_ENTRIES; entry++) {
    if ((esidWord(ctx, entry) & SLBE.V.mask) === 0n) continue;
    segmentStep(ctx, entry, 'other segment');
    valid++;
  }
  const none = { scope: 'hash', purpose: 'access', value: 0n, index: NO_ENTRY } as const;
  if (valid === 0) ctx.recorder!.step({ ...none, what: 'SLBE', decision: 'invalid' });
  if (tables) ctx.recorder!.step({ ...none, what: 'STE', decision: 'unsupported' });
}

/** The entries that match, of which there are several. */
export function recordSegmentMultihit(ctx: TranslationContext): void {
  const ea = toBigint(ctx.eaHi, ctx.eaLo);
  for (let entry = 0; entry < SLB_ENTRIES; entry++) {
    const esid = esidWord(ctx, entry);
    const size = vsidWord(ctx, entry) & SLBV.B.mask;
    const compared = size === 0n ? SLBE.ESID.mask : SLBE.ESID_1T.mask;
    const reserved = size >> BigInt(SLBV.B.shift) > 1n;
    if (reserved || (esid & SLBE.V.mask) === 0n || ((esid ^ ea) & compared) !== 0n) continue;
    segmentStep(ctx, entry, 'several match');
  }
}

/** A group: by which hash, its number, its address, all by halves. */
export interface Group {
  readonly h: number;
  readonly indexHi: number;
  readonly indexLo: number;
  readonly hi: number;
  readonly lo: number;
}

const groupOf = (walk: HashWalk, { h, indexHi, indexLo }: Group) => ({
  hash: h === 0 ? ('primary' as const) : ('secondary' as const),
  pteg: Number(toBigint(indexHi, indexLo)),
  hashValue: toBigint(walk.hashHi, walk.hashLo),
  avpn: get(toBigint(walk.wantHi, walk.wantLo), walk.policy.format.avpn),
});

/** A group where there is no memory. */
export function recordNoGroup(ctx: TranslationContext, walk: HashWalk, group: Group): void {
  ctx.recorder!.step({
    scope: 'hash',
    what: 'HPTE',
    purpose: 'access',
    hostRa: toBigint(group.hi, group.lo),
    value: 0n,
    index: 0,
    group: groupOf(walk, group),
    decision: 'outside memory',
  });
}

/**
 * The entries of a group that hardware reads, one after the other until one matches: that all of both groups are
 * searched here only serves to see another one.
 */
function recordReads(ctx: TranslationContext, walk: HashWalk, { lo }: Group): void {
  const first = lo >>> 0;
  const end = first + PTEG_SLOTS * HPTE_SIZE;
  const isFound = walk.matches !== 0;
  if (isFound && (walk.at < first || walk.at >= end)) return;
  for (let at = first; at < end; at += HPTE_SIZE) {
    ctx.recorder!.hashedEntry(at);
    if (isFound && at === walk.at) return;
  }
}

/** The eight slots of a group that was searched. */
export function recordGroup(ctx: TranslationContext, walk: HashWalk, group: Group): void {
  if (!ctx.recorder!.detailed) {
    recordReads(ctx, walk, group);
    return;
  }
  for (let slot = 0; slot < PTEG_SLOTS; slot++) {
    const at = (group.lo >>> 0) + slot * HPTE_SIZE;
    const value = ctx.memory.getDoubleword(at);
    const value1 = ctx.memory.getDoubleword(at + 8);
    ctx.recorder!.step({
      scope: 'hash',
      what: 'HPTE',
      purpose: 'access',
      hostRa: BigInt(at),
      value,
      value1,
      index: slot,
      group: groupOf(walk, group),
      decision: decide(ctx, walk, { at, h: group.h }),
    });
  }
}

/** Why the entry at an address is or is not the one: the first difference. */
function decide(ctx: TranslationContext, walk: HashWalk, { at, h }: { at: number; h: number }): WalkDecision {
  const hi0 = ctx.memory.getWord(at);
  const lo0 = ctx.memory.getWord(at + 4);
  const hi1 = ctx.memory.getWord(at + 8);
  const lo1 = ctx.memory.getWord(at + 12);
  const { avpn, segmentSizeIn, segmentSize } = walk.policy.format;
  if ((lo0 & HPTE0.V.lo) === 0) return 'invalid';
  if ((lo0 & HPTE0.H.lo) !== h) return 'other hash';
  const [sizeIn, wantSize] = segmentSizeIn === 0 ? [hi0, walk.wantHi] : [hi1, walk.wantSize];
  if (((sizeIn ^ wantSize) & segmentSize.hi) !== 0) return 'other segment size';
  const wantHi = segmentSizeIn === 0 ? walk.wantHi & ~segmentSize.hi : walk.wantHi;
  if ((hi0 & avpn.hi) !== wantHi || ((lo0 ^ walk.wantLo) & avpn.lo) !== 0) return 'other page';
  return walk.base.actualShift(lo0, hi1, lo1) === 0 ? 'other page size' : 'match';
}

/** How protection was decided. */
export function recordPermission(ctx: TranslationContext, walk: HashWalk, keys: number): void {
  if (!ctx.recorder!.detailed) return;
  const { needs } = ctx.access;
  ctx.recorder!.permissionOf({
    scope: 'hash',
    purpose: 'access',
    authority: ppOf(walk.valueHi, walk.valueLo),
    keyRights: rightsText(keys),
    keyClass: keyClassOf(walk.valueHi, walk.valueLo),
    segmentKey: segmentKeyOf(ctx, walk),
    granted: rightsText(walk.rights),
    needed: rightsText(needs),
    allowed: (walk.rights & needs) === needs,
  });
}

/** The bits that are set, or that a probe would have set. */
export function recordUpdate(ctx: TranslationContext, walk: HashWalk, bits: number): void {
  if (!ctx.recorder!.detailed) return;
  ctx.recorder!.referenceChangeOf({
    scope: 'hash',
    hostRa: BigInt(walk.at),
    sets: bits === HPTE1.R.lo ? 'R' : bits === HPTE1.C.lo ? 'C' : 'RC',
    action: ctx.sideEffects ? 'updated' : 'pending',
  });
}
