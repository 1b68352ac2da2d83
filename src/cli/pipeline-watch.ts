/** `--pipeline`: writes the pipeline trace of a window of a run that `session.ts` runs in slices. */
import { disassembleOne } from '../asm/disassemble';
import type { Cpu } from '../cpu/cpu';
import type { Machine } from '../machine/machine';
import { PipelineTrace, type Timing } from '../timing';
import { FileOutput } from '../trace/sinks/output';
import type { PipelineOptions } from './timing-options';

/** Text of the instruction that a CPU is at. */
export const instructionText = (cpu: Cpu): string =>
  cpu.prefixed
    ? disassembleOne(cpu.imageHi, cpu.imageLo, cpu.nia).text
    : disassembleOne(cpu.imageLo, undefined, cpu.nia).text;

export class PipelineWatch {
  private readonly output: FileOutput;
  private readonly trace: PipelineTrace;
  private readonly cpu: Cpu;
  /** Instructions that the CPU had retired before the run. */
  private readonly before: bigint;
  private state: 'waiting' | 'watching' | 'done' = 'waiting';
  /** Who else watches instructions. */
  private readonly other: ((cpu: Cpu) => void) | undefined;

  /** @throws UserError where the file cannot be written */
  constructor(
    private readonly machine: Machine,
    timing: Timing,
    private readonly options: PipelineOptions,
  ) {
    this.cpu = machine.cpus[0]!;
    this.before = machine.execution.clock.retired(this.cpu);
    this.other = machine.execution.observers.instruction;
    this.output = FileOutput.open(options.file, '--pipeline');
    this.trace = new PipelineTrace(timing, {
      window: options.window,
      disassemble: instructionText,
      write: (text) => this.output.write(text),
    });
  }

  /** How many instructions may run until this has to be asked again; begins and ends watching. */
  next(): number {
    if (this.state === 'waiting') {
      const seen = Number(this.machine.execution.clock.retired(this.cpu) - this.before);
      const left = this.options.window.first - seen;
      if (left > 0) return left;
      this.begin();
    }
    if (this.state === 'watching' && this.trace.left > 0) return this.trace.left;
    this.end();
    return Infinity;
  }

  private begin(): void {
    const { observers } = this.machine.execution;
    this.state = 'watching';
    observers.instruction = (cpu) => {
      this.other?.(cpu);
      if (cpu === this.cpu) this.trace.before(cpu);
    };
  }

  /** Ends the trace, however much of the window there was. */
  end(): void {
    if (this.state === 'done') return;
    this.state = 'done';
    this.machine.execution.observers.instruction = this.other;
    this.trace.close(this.cpu);
    this.output.close();
  }
}
