/**
 * Whose turn it is: the CPUs of a machine run one after the other. Without a cycle model they take turns of equal
 * length and share one processor's time; with one the CPU that is behind all others runs.
 */
import type { StateReader } from '../core/saved-state';
import type { Cpu } from '../cpu/cpu';
import type { Execution } from '../cpu/execution';
import { MAX_CPUS } from './machine-options';

/** Instructions that one CPU runs before the next one has its turn. */
const TURN = 10_000;

/** What a snapshot has of the turns. */
export interface SavedTurns {
  /** Number of the CPU whose turn it is, plus 1; 0: no CPU has run yet. */
  readonly turn: number;
  /** What is left of its turn. */
  readonly turnLeft: number;
  /** Bit n: CPU n runs. */
  readonly enabled: number;
}

export class Turns {
  private enabledMask = 1;
  /** Bit n: a debugger lets CPU n rest. It is no state of the machine. */
  private restingMask = 0;
  private turn = 0;
  private turnLeft = 0;
  private readonly cpus: readonly Cpu[];

  /** @param timed whether time is a cycle model's */
  constructor(
    private readonly execution: Execution,
    private readonly timed: boolean,
  ) {
    this.cpus = execution.cpus;
  }

  /** Every CPU runs from now on. */
  enableAll(): void {
    this.enabledMask = (1 << this.cpus.length) - 1;
  }

  /**
   * Sets which CPUs run. Time of those that did not was that of those that did, where a cycle model counts it for each.
   * @param mask bit n: CPU n runs
   */
  enable(mask: number): void {
    const now = Math.max(...this.enabled.map((cpu) => Number(cpu.hooks.now())));
    const before = this.enabledMask;
    this.enabledMask = mask;
    if (!this.timed) return;
    for (const cpu of this.enabled)
      if (!(before & (1 << cpu.state.index))) this.execution.clock.pass(cpu, now - Number(cpu.hooks.now()));
  }

  /** Lets CPUs rest while others run, until it is called again. @param mask bit n: CPU n rests */
  rest(mask: number): void {
    this.restingMask = mask;
  }

  /** The CPUs that run. */
  get enabled(): readonly Cpu[] {
    return this.cpus.filter((_, i) => this.runs(i));
  }

  /** The CPU that had the last turn. */
  get current(): Cpu {
    return this.cpus[this.turn - 1] ?? this.cpus[0]!;
  }

  private runs(index: number): boolean {
    return (this.enabledMask & ~this.restingMask & (1 << index)) !== 0;
  }

  /** The CPU whose turn it is: all that are enabled, in order. */
  next(): Cpu {
    const { cpus } = this;
    // A turn that the budget cut short goes on.
    const current = cpus[this.turn - 1];
    if (current && this.turnLeft > 0 && this.runs(this.turn - 1)) return current;
    this.turnLeft = TURN;
    if (this.timed) return this.earliest();
    for (let i = 0; i < cpus.length; i++) {
      const index = (this.turn + i) % cpus.length;
      if (!this.runs(index)) continue;
      this.turn = index + 1;
      return cpus[index]!;
    }
    return cpus[0]!;
  }

  /** The budget for the CPU whose turn it is: one that is alone has no turns. */
  grant(budget: number): number {
    return this.cpus.length > 1 ? Math.min(budget, this.turnLeft) : budget;
  }

  /**
   * Counts what a CPU did with its turn. One that waits lets it pass. Without a cycle model what one uses passes for
   * all, so that none ever sees a time base that is behind what another has read.
   * @param used instructions
   */
  used(cpu: Cpu, used: number, how: { readonly waits: boolean }): void {
    if (this.cpus.length === 1) return;
    const time = how.waits ? this.turnLeft : used;
    this.execution.clock.pass(cpu, time - used);
    this.turnLeft -= time;
    if (this.timed) return;
    for (const other of this.cpus) if (other !== cpu) this.execution.clock.pass(other, time);
  }

  save(): SavedTurns {
    return { turn: this.turn, turnLeft: this.turnLeft, enabled: this.enabledMask };
  }

  restore({ turn, turnLeft, enabled }: SavedTurns): void {
    this.turn = turn;
    this.turnLeft = turnLeft;
    this.enabledMask = enabled;
  }

  /** Instructions take different times: the CPU that is behind all others runs, the first of several. */
  private earliest(): Cpu {
    const first = this.enabled.reduce<Cpu | undefined>(
      (least, cpu) => (least && least.hooks.now() <= cpu.hooks.now() ? least : cpu),
      undefined,
    );
    const cpu = first ?? this.cpus[0]!;
    this.turn = cpu.state.index + 1;
    return cpu;
  }
}

/** Reads what {@link Turns.save} gave. @throws UserError where it is not that */
export function readTurns(reader: StateReader): SavedTurns {
  return {
    turn: reader.integer('turn', 0, MAX_CPUS),
    turnLeft: reader.integer('turnLeft', 0, TURN),
    enabled: reader.integer('enabled', 0, 2 ** MAX_CPUS - 1),
  };
}
