/**
 * A pipeline trace in Kanata 0004, the format of the viewer Konata: for each instruction when it was fetched (F), waited
 * (W), executed (X) and completed. Lines are written as soon as nothing earlier can follow: memory does not grow with
 * the trace.
 */

/** One instruction that issued. Times are cycles. */
export interface IssuedInstruction {
  readonly cpu: number;
  /** Its number in the run, and its effective address and what it is. */
  readonly number: number;
  readonly address: bigint;
  readonly text: string;
  /** What it waited for and made wait, for whoever points at it. */
  readonly detail: string;
  /** When fetching could begin with it, when it issued, when it completed. */
  readonly fetched: number;
  readonly issued: number;
  readonly completed: number;
  /** It ended in an interrupt. */
  readonly flushed: boolean;
}

const HEADER = 'Kanata\t0004';
/** Lines that are kept before those that are certain are written. */
const BATCH = 4096;
/** The last field of R. */
const END = { retired: 0, flushed: 1 } as const;

interface Line {
  readonly cycle: number;
  readonly text: string;
}

export class KanataWriter {
  private lines: Line[] = [];
  private begun = false;
  /** The cycle that the file is at. */
  private now = 0;
  private ids = 0;
  private retired = 0;
  /** Fetching and completion are in order: when the last ones were. */
  private lastFetch = 0;
  private lastEnd = 0;

  constructor(private readonly write: (text: string) => void) {}

  add(instruction: IssuedInstruction): void {
    const { cpu, number, address, text, detail, issued, flushed } = instruction;
    const id = this.ids++;
    const fetched = Math.min(Math.max(instruction.fetched, this.lastFetch), issued);
    const completed = Math.max(instruction.completed, issued + 1);
    const end = Math.max(completed, this.lastEnd);
    this.lastFetch = fetched;
    this.lastEnd = end;
    const at = (cycle: number, line: string): number => this.lines.push({ cycle, text: line });
    at(fetched, `I\t${id}\t${number}\t${cpu}`);
    at(fetched, `L\t${id}\t0\t${address.toString(16)}: ${text}`);
    if (detail !== '') at(fetched, `L\t${id}\t1\t${detail}`);
    at(fetched, `S\t${id}\t0\tF`);
    // It passed decoding one cycle before it issued, unless it had to wait.
    if (fetched + 1 < issued) at(fetched + 1, `S\t${id}\t0\tW`);
    at(issued, `S\t${id}\t0\tX`);
    at(completed, `E\t${id}\t0\tX`);
    at(end, `R\t${id}\t${this.retired}\t${flushed ? END.flushed : END.retired}`);
    if (!flushed) this.retired++;
    if (this.lines.length > BATCH) this.flush(this.lastFetch);
  }

  /** Writes what is left. */
  close(): void {
    this.flush(Infinity);
  }

  /** Writes all lines before a cycle, by cycle; lines of one cycle stay in their order. */
  private flush(before: number): void {
    const sorted = this.lines.sort((a, b) => a.cycle - b.cycle);
    const certain = sorted.findIndex(({ cycle }) => cycle >= before);
    const ready = certain < 0 ? sorted : sorted.slice(0, certain);
    this.lines = certain < 0 ? [] : sorted.slice(certain);
    const out: string[] = [];
    if (!this.begun) out.push(HEADER, `C=\t${(this.now = ready[0]?.cycle ?? 0)}`);
    this.begun = true;
    for (const { cycle, text } of ready) {
      if (cycle > this.now) out.push(`C\t${cycle - this.now}`);
      this.now = cycle;
      out.push(text);
    }
    if (out.length > 0) this.write(`${out.join('\n')}\n`);
  }
}
