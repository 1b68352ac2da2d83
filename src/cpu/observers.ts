/** Who watches a run. */
import type { Cpu, TakenInterrupt } from './cpu';
import type { ExecutionObservers } from './execution-options';

type InterruptObserver = (cpu: Cpu, taken: TakenInterrupt) => void;

export class Observers implements ExecutionObservers {
  instruction: ((cpu: Cpu) => void) | undefined;
  private ofInterrupts: InterruptObserver | undefined;

  /** @param onChange called when interrupts begin or cease to be watched */
  constructor(private readonly onChange: () => void) {}

  get interrupt(): InterruptObserver | undefined {
    return this.ofInterrupts;
  }

  set interrupt(observer: InterruptObserver | undefined) {
    this.ofInterrupts = observer;
    this.onChange();
  }
}
