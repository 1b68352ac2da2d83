/**
 * Time of the CPUs of a run loop: one unit an instruction, or a cycle model's cycles, and what passed while a CPU did
 * nothing.
 */
import { u64 } from '../core/u64';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import { countersBegin, settleActiveCounters } from './performance-monitor';
import type { Stretch } from './stretch';
import type { TimingPort } from './timing-port';

const RETIRED = offsetOf('RETIRED');
const CRACKED = offsetOf('CRACKED');
const IDLE = offsetOf('IDLETIME');

export class Clock {
  constructor(
    private readonly stretch: Stretch,
    private readonly timing: TimingPort | undefined,
  ) {}

  /** Instructions that a CPU has retired since reset. */
  retired(cpu: Cpu): bigint {
    return cpu.state.get(RETIRED) + BigInt(this.stretch.inFlight(cpu));
  }

  /**
   * Instructions as the CPU model counts them: where it completes a load with update as two operations, those count
   * as two.
   */
  instructions(cpu: Cpu): bigint {
    return this.retired(cpu) + cpu.state.get(CRACKED);
  }

  /** Time of a CPU, in units of the machine's time. */
  now(cpu: Cpu): bigint {
    const busy = this.timing ? BigInt(this.timing.cycles(cpu)) : this.retired(cpu);
    return busy + BigInt.asIntN(64, cpu.state.get(IDLE));
  }

  /** Lets time pass for a CPU that does nothing in it. @param units of the machine's time */
  pass(cpu: Cpu, units: number): void {
    if (units <= 0) return;
    if (this.timing) this.timing.idled(cpu, units);
    else cpu.state.set(IDLE, cpu.state.get(IDLE) + BigInt(units));
  }

  /** Instructions that can be granted until `next` units of time have passed; a cycle model leaves by itself. */
  until(cpu: Cpu, next: number): number {
    const { timing } = this;
    if (!timing) return next;
    timing.leaveAt(cpu, timing.cycles(cpu) + next);
    return Infinity;
  }

  /**
   * What IDLETIME is in a snapshot: time beyond one unit an instruction. So that time goes on from there under any
   * model of it.
   */
  savedIdleTime(cpu: Cpu): bigint {
    return u64(this.now(cpu) - this.retired(cpu));
  }

  /** The opposite, for registers that were restored. */
  restoredIdleTime(cpu: Cpu): void {
    const { timing } = this;
    if (!timing) return;
    cpu.state.set(IDLE, u64(cpu.state.get(IDLE) + this.retired(cpu) - BigInt(timing.cycles(cpu))));
    countersBegin(cpu);
  }

  /** What a cycle model has counted goes into the registers: a snapshot holds nothing of the model. */
  settleCounters(cpus: readonly Cpu[]): void {
    if (this.timing) cpus.forEach(settleActiveCounters);
  }
}
