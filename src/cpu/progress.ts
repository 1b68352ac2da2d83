/**
 * Whether a CPU gets anywhere: interrupts between which no instruction completes. They use up budget and time like
 * instructions, wherever a run was cut into pieces, and a CPU that takes nothing else, in states in which no timer ends
 * it, is stuck: only another CPU can change that.
 */
import { hex0x } from '../core/u64';
import type { CpuState } from '../state/cpu-state';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import type { RunEnd } from './execution-options';

/** Such interrupts in a row after which the CPU changes nothing any more. */
const INTERRUPT_LOOP = 1000;
/**
 * Interrupts in a row that the built-in hypervisor may serve for one instruction: more than the pages, and the tables that
 * lead to them, of any.
 */
const MOST_SERVED = 256;

const INTERRUPTED = offsetOf('INTERRUPTED');
const RETIRED = offsetOf('RETIRED');

export class Progress {
  private inRow = 0;
  private untaken = 0;
  /** Interrupts that the hypervisor has served since an instruction completed, and how many had completed then. */
  private served = 0;
  private servedAt = 0;

  constructor(private readonly state: CpuState) {}

  /**
   * To be called for each interrupt.
   * @param at instructions since RETIRED was brought up to date; whether the one that it comes from retires with it, as a
   *   system call does: that one uses up budget by itself
   * @returns true where none came since the interrupt before, nor retires with this one
   */
  isBarren({ inFlight, retires }: { inFlight: number; retires: boolean }): boolean {
    const { state } = this;
    const hi = state.hi(INTERRUPTED);
    const lo = state.lo(INTERRUPTED);
    state.setHalves(INTERRUPTED, state.hi(RETIRED), state.lo(RETIRED));
    state.add(INTERRUPTED, inFlight + 1);
    const barren = !retires && state.hi(INTERRUPTED) === hi && state.lo(INTERRUPTED) === lo;
    this.inRow = barren ? this.inRow + 1 : 0;
    if (barren) this.untaken++;
    return barren;
  }

  /**
   * To be called for each interrupt that the built-in hypervisor serves, so that the CPU does the same again.
   * @param inFlight instructions since RETIRED was brought up to date
   * @returns true where it has served more than an instruction can need: it cannot help
   */
  isBarrenService(inFlight: number): boolean {
    // Two counts that differ by a multiple of 2^32 are not told apart: then one service counts too early.
    const at = (this.state.lo(RETIRED) + inFlight) | 0;
    this.served = at === this.servedAt ? this.served + 1 : 0;
    this.servedAt = at;
    if (this.served < MOST_SERVED) return false;
    this.inRow++;
    this.untaken++;
    return true;
  }

  /** Barren interrupts since this was last asked. */
  takeBarren(): number {
    const { untaken } = this;
    this.untaken = 0;
    return untaken;
  }

  /** True where {@link takeBarren} would give some. */
  get hasBarren(): boolean {
    return this.untaken > 0;
  }

  get isLoop(): boolean {
    return this.inRow >= INTERRUPT_LOOP;
  }

  /** An asynchronous interrupt was taken, or a timer will bring one: what came before was no loop. */
  breakLoop(): void {
    this.inRow = 0;
  }

  /** Starts again: state was replaced, or the loop was reported. */
  forget(): void {
    this.inRow = 0;
    this.untaken = 0;
    this.served = 0;
  }
}

/** How the run of a CPU that is stuck ends. */
export function loopReport(cpu: Cpu): RunEnd {
  const message =
    `CPU ${cpu.state.index} takes interrupts without completing an instruction: ` +
    `NIA ${hex0x(cpu.nia)}, MSR ${hex0x(cpu.msr)}`;
  return { kind: 'interruptLoop', message };
}
