/** Fetching: the page at NIA is translated and entered into the engine's cache of fetched pages. */
import type { Engine } from '../engine/engine';
import { ACCESS } from '../mmu/access';
import { offsetOf } from '../state/layout';
import { compatibilitySet } from './compatibility';
import type { Cpu } from './cpu';
import { takeStorageInterrupt } from './interrupts';
import type { TimingPort } from './timing-port';

const NIA = offsetOf('NIA');
const PAGE_MASK = ~0xfff;

/**
 * Translates NIA for fetching, or takes the interrupt.
 * @param variant of generated code that the CPU runs
 * @returns the page's host real address, or undefined: the interrupt was taken
 */
export function fetchPage(
  engine: Engine,
  cpu: Cpu,
  variant: number,
  timing?: TimingPort,
): number | undefined {
  const { state, translator } = cpu;
  if (!translator.access(state, ACCESS.fetch, state.hi(NIA), state.lo(NIA))) {
    takeStorageInterrupt(cpu);
    return undefined;
  }
  const page = (translator.raLo & PAGE_MASK) >>> 0;
  if (!engine.ram.contains(translator.raHi, page, 4096)) {
    translator.failBadRealAddress();
    takeStorageInterrupt(cpu);
    return undefined;
  }
  const mode = engine.decodeMode(variant, compatibilitySet(cpu));
  engine.cacheFetch(state, page, mode, timing?.leaf?.(cpu));
  return page;
}
