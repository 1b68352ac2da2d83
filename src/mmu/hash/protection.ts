/** Storage protection of hashed pages: PP with the segment's key, no-execute, virtual page class keys (Power ISA v3.0B Book III, 5.7.13). */
import { HPTE1 } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { offsetOf } from '../../state/layout';
import { RIGHT } from '../access';
import type { TranslationContext } from '../context';
import type { FaultKind } from '../fault';
import { keyClassOf, ppOf, segmentKeyOf } from './protection-fields';
import { recordPermission } from './record';
import type { HashWalk } from './walk';

const AMR_AT = offsetOf('AMR');
const IAMR_AT = offsetOf('IAMR');

const { ALL, FETCH } = RIGHT;
const NOTHING = 0;
const READ_FETCH = RIGHT.READ | RIGHT.FETCH;

/** What pp0 || pp1:2 grants with a storage key of 0 and of 1; 100, 101 and 111 are reserved and grant nothing. */
export const GRANTED: readonly (readonly number[])[] = [
  [RIGHT.ALL, RIGHT.ALL, RIGHT.ALL, READ_FETCH, NOTHING, NOTHING, READ_FETCH, NOTHING],
  [NOTHING, READ_FETCH, RIGHT.ALL, READ_FETCH, NOTHING, NOTHING, NOTHING, NOTHING],
];

/** Storage that has no instructions to fetch: no-execute or guarded. */
const NO_FETCH = HPTE1.N.lo | HPTE1.G.lo;
const KEYS_PER_HALF = 16;
/** The two bits of a key in AMR: no store, no load. In IAMR the lower: no fetch. */
const NO_STORE = 2;
const NO_LOAD = 1;
const NO_EXECUTE = 1;

/** The two bits of a key class in AMR or IAMR. */
function keyBits(ctx: TranslationContext, register: number, keyClass: number): number {
  const half = keyClass < KEYS_PER_HALF ? ctx.cpu.hi(register) : ctx.cpu.lo(register);
  return (half >>> (2 * (KEYS_PER_HALF - 1 - (keyClass & (KEYS_PER_HALF - 1))))) & (NO_STORE | NO_LOAD);
}

/**
 * What AMR and IAMR leave of a page's rights, in every state that has relocation on.
 * choice: guest real mode is not subject to keys, as Linux has it for VRMA accesses; QEMU applies them there too.
 */
function keyClassRights(ctx: TranslationContext, keyClass: number): number {
  if (!ctx.relocate || !ctx.policy.keys) return RIGHT.ALL;
  const authority = keyBits(ctx, AMR_AT, keyClass);
  let rights: number = RIGHT.ALL;
  if ((authority & NO_STORE) !== 0) rights &= ~RIGHT.WRITE;
  if ((authority & NO_LOAD) !== 0) rights &= ~RIGHT.READ;
  if ((keyBits(ctx, IAMR_AT, keyClass) & NO_EXECUTE) !== 0) rights &= ~RIGHT.FETCH;
  return rights;
}

/** Segment N is looked at before the page table is. */
export function checkSegment(ctx: TranslationContext, walk: HashWalk): boolean {
  const denied = ctx.access.fetch && (walk.vsidLo & SLBV.N.lo) !== 0;
  return !denied || ctx.fail('noExecute', 'hash', -1);
}

function deniesFetch(walk: HashWalk): boolean {
  return (walk.valueLo & NO_FETCH) !== 0 || (walk.vsidLo & SLBV.N.lo) !== 0;
}

function fetchable(walk: HashWalk): number {
  return deniesFetch(walk) ? ALL & ~FETCH : ALL;
}

/** What the entry's PP grant, without keys and no-execute. */
function grantedRights(ctx: TranslationContext, walk: HashWalk): number {
  return GRANTED[segmentKeyOf(ctx, walk)]![ppOf(walk.valueHi, walk.valueLo)]!;
}

/** What an entry permits: a set of RIGHT bits. */
export function pageRights(ctx: TranslationContext, walk: HashWalk): number {
  const keys = keyClassRights(ctx, keyClassOf(walk.valueHi, walk.valueLo));
  return grantedRights(ctx, walk) & keys & fetchable(walk);
}

/** Checks the entry found; leaves what it permits in the walk's `rights`. */
export function checkPage(ctx: TranslationContext, walk: HashWalk): boolean {
  const needs = ctx.access.needs;
  const granted = grantedRights(ctx, walk);
  const keys = keyClassRights(ctx, keyClassOf(walk.valueHi, walk.valueLo));
  walk.rights = granted & keys & fetchable(walk);
  if (ctx.recorder !== undefined) recordPermission(ctx, walk, keys);
  return (walk.rights & needs) !== 0 || deny(ctx, walk, { granted, keys });
}

function deny(
  ctx: TranslationContext,
  walk: HashWalk,
  { granted, keys }: { granted: number; keys: number },
): false {
  const needs = ctx.access.needs;
  const kind = denial({
    page:
      deniesFetch(walk) && ctx.access.fetch
        ? 'noExecute'
        : (granted & needs) === 0
          ? 'protection'
          : undefined,
    key: (keys & needs) === 0,
  });
  return ctx.fail(kind, ctx.relocate ? 'hash' : 'hashReal', -1);
}

/** Page and key may both deny: both causes are then reported. */
function denial({ page, key }: { page: 'noExecute' | 'protection' | undefined; key: boolean }): FaultKind {
  if (page === undefined) return 'key';
  if (!key) return page;
  return page === 'noExecute' ? 'noExecuteAndKey' : 'protectionAndKey';
}
