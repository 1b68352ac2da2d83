/** Asks the translator what a walk reads, without any effect of it. */
import { MSR } from '../../isa/registers/msr';
import type { Cpu } from '../cpu/cpu';
import { ACCESS } from '../mmu/access';
import type { TableReads } from '../mmu/table-reads';
import { offsetOf } from '../state/layout';
import type { WalkSource } from './translation';

const PIDR = offsetOf('PIDR');
const LPIDR = offsetOf('LPIDR');
/** Bits of a context's number, and where LPID is in it. */
export const CONTEXT_MASK = 0xfff;
export const LPID_SHIFT = 4;

export class TranslatorWalks implements WalkSource {
  constructor(private readonly cpu: Cpu) {}

  /** The kernel's quadrant is that of process 0. */
  context(eaHi: number): number {
    const { state } = this.cpu;
    const pid = eaHi < 0 ? 0 : state.lo(PIDR);
    return (pid ^ (state.lo(LPIDR) << LPID_SHIFT)) & CONTEXT_MASK;
  }

  // The access itself succeeded, so that a load of the same address does.
  walk(use: 'fetch' | 'data', eaHi: number, eaLo: number): TableReads {
    const { translator, state } = this.cpu;
    return translator.tables.all(state, use === 'fetch' ? ACCESS.fetch : ACCESS.load, eaHi, eaLo);
  }

  leaf(use: 'fetch' | 'data', eaHi: number, eaLo: number): TableReads {
    const { translator, state } = this.cpu;
    return translator.tables.last(state, use === 'fetch' ? ACCESS.fetch : ACCESS.load, eaHi, eaLo);
  }

  /** How MSR has loads and stores, and fetches, translated. */
  relocated(which: 'DR' | 'IR'): boolean {
    return this.cpu.inState(MSR[which]);
  }
}
