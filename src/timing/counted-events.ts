/** What the counters of the performance monitor see of the cycle model. */
import type { CountedEvent } from '../cpu/counter-events';
import { CAUSE, type Cause } from './causes';
import { CELL, countCell, TICKS, type Cells, type Count } from './state';

/** An event is one of the model's counts, without another one, or the cycles of some causes. */
type Source = { readonly count: Count; readonly without?: Count } | { readonly cycles: readonly Cause[] };

const SOURCES: Readonly<Record<CountedEvent, Source>> = {
  loads: { count: 'loads' },
  stores: { count: 'stores' },
  branches: { count: 'branches' },
  takenBranches: { count: 'takenBranches' },
  mispredictions: { count: 'mispredictions' },
  loadMisses: { count: 'dataMisses' },
  storeMisses: { count: 'storeMisses' },
  instructionMisses: { count: 'instructionMisses' },
  dataEratMisses: { count: 'dataTlbMisses' },
  instructionEratMisses: { count: 'instructionTlbMisses' },
  tlbHits: { count: 'secondHits' },
  dataTlbMisses: { count: 'walks', without: 'instructionWalks' },
  instructionTlbMisses: { count: 'instructionWalks' },
  stallCycles: {
    cycles: [
      'dependencies', 'multiplyDivide', 'loadUse', 'dataCache', 'dataTranslation', 'serialisation', 'storageUnit',
    ],
  },
  dataCacheStallCycles: { cycles: ['dataCache'] },
  storageStallCycles: { cycles: ['loadUse', 'dataCache', 'dataTranslation', 'storageUnit'] },
  longStallCycles: { cycles: ['multiplyDivide'] },
  emptyCycles: { cycles: ['instructionCache', 'instructionTranslation', 'branches', 'interrupts'] },
  instructionCacheEmptyCycles: { cycles: ['instructionCache'] },
}; // prettier-ignore

/** Events since the model's reset; whole cycles of those that are cycles. */
export function countedEvents(cells: Cells, event: CountedEvent): number {
  const source = SOURCES[event];
  if ('count' in source)
    return cells.get(countCell(source.count)) - (source.without ? cells.get(countCell(source.without)) : 0);
  const ticks = source.cycles.reduce((sum, cause) => sum + cells.get(CELL.stalls + CAUSE[cause]), 0);
  return Math.floor(ticks / TICKS.cycle);
}
