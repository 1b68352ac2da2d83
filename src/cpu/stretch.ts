/**
 * One stretch in generated code: whose it is, the instructions that it may retire, and how many of them RETIRED has.
 * There is one at a time, so the CPUs of a run loop share it.
 */
import { offsetOf } from '../state/layout';
import type { Cpu, StopReason } from './cpu';
import type { DebugEnd } from './debug-stops';

const LEFT = offsetOf('LEFT');
const RETIRED = offsetOf('RETIRED');
const STRETCH_END = offsetOf('STRETCHEND');

export class Stretch {
  /** The CPU that runs. */
  cpu = 0;
  /** The variant of generated code that it runs. */
  variant = 0;
  /** It is one instruction, after which a trace interrupt may come. */
  stepping = false;
  /** Why the machine stopped: no other one begins. */
  stopped: StopReason | DebugEnd | undefined;
  /** The budget that it entered generated code with, less what is settled. */
  private granted = 0;
  /** Instructions that are in RETIRED already. */
  private settled = 0;

  begin({ state }: Cpu, grant: number): void {
    this.granted = grant;
    this.settled = 0;
    state.setInt(LEFT, grant);
    state.setHalves(STRETCH_END, state.hi(RETIRED), state.lo(RETIRED));
    state.add(STRETCH_END, grant);
  }

  /** @returns instructions retired */
  end(cpu: Cpu): number {
    this.settle(cpu);
    this.granted = 0;
    cpu.state.setInt(LEFT, 0);
    return this.settled;
  }

  /** Instructions of a CPU that are not in RETIRED yet. */
  inFlight({ state }: Cpu): number {
    return state.index === this.cpu ? this.granted - state.int(LEFT) : 0;
  }

  /** Brings RETIRED up to date. */
  settle({ state }: Cpu): void {
    const done = this.granted - state.int(LEFT);
    if (done === 0) return;
    state.add(RETIRED, done);
    this.granted -= done;
    this.settled += done;
  }
}
