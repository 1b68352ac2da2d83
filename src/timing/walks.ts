/** Asks the translator what a walk reads, without any effect of it. */
import { MSR } from '../../isa/registers/msr';
import type { Cpu } from '../cpu/cpu';
import { ACCESS } from '../mmu/access';
import { offsetOf } from '../state/layout';
import type { WalkEvent, WalkStep } from '../trace/events/walk';
import type { WalkRead, WalkSource } from './translation';

const PIDR = offsetOf('PIDR');
const LPIDR = offsetOf('LPIDR');
/** Bits of a context's number. */
const CONTEXT_MASK = 0xfff;
const PID_SHIFT = 4;

function levelOf({ what, level, scope, purpose }: WalkStep): string {
  const name = level === undefined ? what : `${what} level ${level}`;
  if (scope !== 'partition') return name;
  return purpose === 'access' ? `partition ${name}` : `partition ${name} of ${purpose}`;
}

export class TranslatorWalks implements WalkSource {
  constructor(private readonly cpu: Cpu) {}

  context(): number {
    const { state } = this.cpu;
    return (state.lo(PIDR) ^ (state.lo(LPIDR) << PID_SHIFT)) & CONTEXT_MASK;
  }

  walk(use: 'fetch' | 'data', eaHi: number, eaLo: number): readonly WalkRead[] {
    const { translator, state } = this.cpu;
    const { observer, caches } = translator;
    let seen: WalkEvent | undefined;
    translator.caches = undefined;
    translator.observer = { walk: (event) => (seen = event) };
    // The access itself succeeded, so that a load of the same address does.
    translator.probe(state, use === 'fetch' ? ACCESS.fetch : ACCESS.load, eaHi, eaLo);
    translator.observer = observer;
    translator.caches = caches;
    const steps = (seen?.steps ?? []).filter(({ hostRa }) => hostRa !== undefined);
    const nested = steps.some(({ scope, purpose }) => scope === 'partition' && purpose === 'PDE/PTE');
    return steps.map((step, i) => ({
      level: levelOf(step),
      address: Number(step.hostRa! & 0xffffffffn),
      leaf: i === steps.length - 1,
      // A leaf that was reached through one stage only.
      ...(step.scope === 'process' && step.shift !== undefined && !nested ? { shift: step.shift } : {}),
    }));
  }

  /** How MSR has loads and stores, and fetches, translated. */
  relocated(which: 'DR' | 'IR'): boolean {
    return this.cpu.inState(MSR[which]);
  }
}
