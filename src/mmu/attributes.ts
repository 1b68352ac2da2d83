/** Storage control attributes of a radix access (Power ISA v3.1 Book III, 6.7.12.3; Book II, 1.6). */
import { ATT } from '../../isa/tables/radix';
import type { OnInhibited } from './access';
import type { TranslationContext } from './context';
import type { FaultKind, FaultStage } from './fault';
import { attributes } from './radix/entry';
import type { RadixTree } from './radix/tree';

const NORMAL = ATT.findIndex(({ name }) => name === 'normal');
const INHIBITED = ATT.map(({ inhibited }) => inhibited);
const GUARDED = ATT.map(({ guarded }) => guarded);

/**
 * Adds the attributes of a leaf to the result: caching inhibited and guarded each win over their absence.
 * choice: combinations that v3.0 lets an implementation refuse (DSISR bit 34) are combined instead.
 */
export function combineAttributes(ctx: TranslationContext, tree: RadixTree): void {
  const att = attributes(tree.valueLo);
  if (att === NORMAL) return;
  if (INHIBITED[att]!) ctx.cachingInhibited = true;
  if (GUARDED[att]!) ctx.guarded = true;
}

const INHIBITED_FAULT: Readonly<Record<Exclude<OnInhibited, 'permitted'>, FaultKind>> = {
  attribute: 'attribute',
  copyPaste: 'copyPaste',
  alignment: 'alignment',
};

/**
 * Refuses accesses that caching-inhibited storage cannot have: in the name of the process where its own leaf says so,
 * else of the partition.
 */
export function checkAttributes(ctx: TranslationContext, stage: FaultStage): boolean {
  const { onInhibited } = ctx.access;
  if (onInhibited === 'permitted' || !ctx.cachingInhibited) return true;
  if (ctx.policy.inhibitedAtomics === 'permitted') return true;
  return ctx.fail(INHIBITED_FAULT[onInhibited], stage, -1);
}

/** Whose attribute it is: the process's leaf decides where there is one and it is caching inhibited. */
export function inhibitingStage(ctx: TranslationContext): FaultStage {
  return ctx.mode === 'radix' && INHIBITED[attributes(ctx.process.valueLo)]! ? 'process' : 'partition';
}
