/** Storage protection of radix pages: EAA, problem state, key 0 (Power ISA v3.1 Book III, 6.7.13.1). */
import { PTE } from '../../isa/tables/radix';
import { AMR, IAMR } from '../../isa/registers/translation';
import { offsetOf } from '../state/layout';
import { RIGHT } from './access';
import type { TranslationContext } from './context';
import { attributes, authority } from './radix/entry';
import type { RadixTree } from './radix/tree';

const AMR_AT = offsetOf('AMR');
const IAMR_AT = offsetOf('IAMR');

const NO_STORE = AMR.KEY0_NO_STORE.hi;
const NO_LOAD = AMR.KEY0_NO_LOAD.hi;
const NO_FETCH = IAMR.KEY0_NO_FETCH.hi;
const { READ, WRITE, FETCH, ALL } = RIGHT;

const PRIVILEGED = PTE.PRIV.lo;

/** The rights that EAA1:3 grant, by the four EAA bits: EAA2 reads too, EAA3 only executes. */
const GRANTED: readonly number[] = Array.from({ length: 16 }, (_, eaa) => {
  const read = eaa & (PTE.READ.lo | PTE.WRITE.lo) ? READ : 0;
  const write = eaa & PTE.WRITE.lo ? WRITE : 0;
  const fetch = eaa & PTE.EXECUTE.lo ? FETCH : 0;
  return read | write | fetch;
});

/** What AMR and IAMR leave of the rights to a page that is subject to key 0. */
export function keyRights(ctx: TranslationContext): number {
  if (!ctx.policy.keys || ctx.pr) return ALL;
  const amr = ctx.cpu.hi(AMR_AT);
  let rights: number = ALL;
  if ((amr & NO_STORE) !== 0) rights &= ~WRITE;
  if ((amr & NO_LOAD) !== 0) rights &= ~READ;
  if ((ctx.cpu.hi(IAMR_AT) & NO_FETCH) !== 0) rights &= ~FETCH;
  return rights;
}

/** What a process-scoped leaf permits in the access's machine state. */
export function processRights(ctx: TranslationContext, tree: RadixTree): number {
  const eaa = authority(tree.valueLo);
  const privileged = (eaa & PRIVILEGED) !== 0;
  if (privileged && ctx.pr) return 0;
  const granted = storageRights(ctx, tree);
  // Key 0 applies to privileged accesses to unprivileged pages (KUAP, KUEP).
  return privileged ? granted : granted & ctx.keyRights;
}

/** What a partition-scoped leaf permits: EAA0 and the keys do not count here. */
export function partitionRights(ctx: TranslationContext, tree: RadixTree): number {
  return storageRights(ctx, tree);
}

function storageRights(ctx: TranslationContext, tree: RadixTree): number {
  const granted = GRANTED[authority(tree.valueLo)]!;
  return ctx.policy.fetchDenied[attributes(tree.valueLo)]! ? granted & ~FETCH : granted;
}

/** Fails where the leaf's rights do not have `needs`. A radix fetch is denied as no-execute, whatever denies it. */
export function checkProtection(ctx: TranslationContext, tree: RadixTree, needs: number): boolean {
  const allowed = (tree.rights & needs) === needs;
  if (ctx.recorder !== undefined) ctx.recorder.permission(ctx, tree, needs);
  if (allowed) return true;
  return ctx.fail(needs === FETCH ? 'noExecute' : 'protection', tree.scope, tree.level);
}
