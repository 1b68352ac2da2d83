/**
 * The steps of a walk as the tree that they are: a table entry whose address had to be translated in the partition's
 * tables has that translation below it.
 */
import type { WalkStep } from './events/walk';

export interface StepNode {
  readonly step: WalkStep;
  /** The partition-scoped steps that found the entry's host real address, in order. */
  readonly below: readonly WalkStep[];
}

/**
 * Groups steps. Partition-scoped steps on behalf of a table entry precede that entry's own step; those of a walk that
 * ended there stand for themselves.
 */
export function stepTree(steps: readonly WalkStep[]): StepNode[] {
  const nodes: StepNode[] = [];
  let waiting: WalkStep[] = [];
  for (const step of steps) {
    if (step.scope === 'partition' && step.purpose !== 'access') {
      waiting.push(step);
      continue;
    }
    nodes.push({ step, below: step.scope === 'partition' ? [] : waiting });
    if (step.scope === 'partition') nodes.splice(-1, 0, ...waiting.map((s) => ({ step: s, below: [] })));
    waiting = [];
  }
  return [...nodes, ...waiting.map((step) => ({ step, below: [] }))];
}
