/**
 * A pipeline trace of a window of instructions in Kanata 0004, the format of the viewer Konata: for each instruction
 * when it was fetched (F), waited (W), executed (X) and completed. Made by the reference model, which sees every
 * instruction.
 */
import { UserError } from '../core/errors';

/** One instruction that issued. Times are cycles. */
export interface IssuedInstruction {
  readonly cpu: number;
  /** Effective address and what it is. */
  readonly address: bigint;
  readonly text: string;
  /** When fetching could begin with it, when it issued, when it completed. */
  readonly fetched: number;
  readonly issued: number;
  readonly completed: number;
}

/** Which instructions of a CPU are traced: `count` from the `first` on, the first after reset being 0. */
export interface TraceWindow {
  readonly first: number;
  readonly count: number;
}

/** Instructions that one trace may have. */
const MOST_TRACED = 1_000_000;
/** One CPU is one thread. */
const HEADER = 'Kanata\t0004';

interface Line {
  readonly cycle: number;
  readonly text: string;
}

export class KanataTrace {
  private readonly lines: Line[] = [];
  /** Instructions seen, traced and completed, and the end of the last one: completion is in order. */
  private seen = 0;
  private traced = 0;
  private lastEnd = 0;

  /** @throws UserError where the window is none */
  constructor(private readonly window: TraceWindow) {
    const { first, count } = window;
    if (!Number.isInteger(first) || first < 0 || !Number.isInteger(count) || count < 1 || count > MOST_TRACED)
      throw new UserError(
        `pipeline trace: expected the first instruction from 0 on and 1 to ${MOST_TRACED} instructions, got ${first} and ${count}`,
      );
  }

  /** True when everything of the window has been seen. */
  get complete(): boolean {
    return this.traced >= this.window.count;
  }

  add(instruction: IssuedInstruction): void {
    if (this.seen++ < this.window.first || this.complete) return;
    const { cpu, address, text, issued, completed } = instruction;
    const id = this.traced++;
    const fetched = Math.min(instruction.fetched, issued);
    const end = Math.max(completed, this.lastEnd, issued + 1);
    this.lastEnd = end;
    const at = (cycle: number, line: string): number => this.lines.push({ cycle, text: line });
    at(fetched, `I\t${id}\t${this.seen - 1}\t${cpu}`);
    at(fetched, `L\t${id}\t0\t${address.toString(16)}: ${text}`);
    at(fetched, `S\t${id}\t0\tF`);
    // It passed decoding one cycle before it issued, unless it had to wait.
    if (fetched + 1 < issued) at(fetched + 1, `S\t${id}\t0\tW`);
    at(issued, `S\t${id}\t0\tX`);
    at(completed, `E\t${id}\t0\tX`);
    at(end, `R\t${id}\t${id}\t0`);
  }

  /** The whole trace. */
  text(): string {
    const lines = [...this.lines].sort((a, b) => a.cycle - b.cycle);
    const first = lines[0]?.cycle ?? 0;
    const out = [HEADER, `C=\t${first}`];
    let now = first;
    for (const { cycle, text } of lines) {
      if (cycle > now) out.push(`C\t${cycle - now}`);
      now = cycle;
      out.push(text);
    }
    return `${out.join('\n')}\n`;
  }
}
