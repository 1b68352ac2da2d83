/** A trace that is being written: filter, format and output together. What a run is given to send its events to. */
import type { TraceEvent } from '../events';
import { matcher, type TraceFilter } from '../filter';
import { JsonlSink } from './jsonl';
import { FileOutput, onExit, type TextOutput } from './output';
import { PerfettoSink } from './perfetto';
import type { HeaderFields, TraceSink } from './sink';
import { TextSink, type TextOptions } from './text';

export const TRACE_FORMATS = ['text', 'jsonl', 'perfetto'] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

export interface RecorderOptions {
  readonly format: TraceFormat;
  readonly filter: TraceFilter;
  readonly header: HeaderFields;
  readonly text: TextOptions;
}

/** The sink of a format. */
export function makeSink(output: TextOutput, format: TraceFormat, text: TextOptions): TraceSink {
  switch (format) {
    case 'text':
      return new TextSink(output, text);
    case 'jsonl':
      return new JsonlSink(output);
    case 'perfetto':
      return new PerfettoSink(output);
  }
}

export class TraceRecorder {
  private readonly sink: TraceSink;
  private readonly matches: (event: TraceEvent) => boolean;
  private closed = false;
  private readonly forget: () => void;

  constructor(
    private readonly output: TextOutput,
    options: RecorderOptions,
  ) {
    this.sink = makeSink(output, options.format, options.text);
    this.matches = matcher(options.filter);
    this.sink.begin(options.header);
    this.forget = onExit(() => this.close());
  }

  /**
   * Opens the file and writes what comes first.
   * @param path a file, or `-` for standard output
   * @throws UserError when it cannot be written
   */
  static open(path: string, option: string, options: RecorderOptions): TraceRecorder {
    return new TraceRecorder(FileOutput.open(path, option), options);
  }

  /** Writes to standard error, beside the guest's console. */
  static toStandardError(options: RecorderOptions): TraceRecorder {
    return new TraceRecorder(FileOutput.standardError(), options);
  }

  /** Writes the event, if the filter wants it. Usable as a plain function. */
  readonly emit = (event: TraceEvent): void => {
    if (!this.closed && this.matches(event)) this.sink.event(event);
  };

  /** Writes what is still in the buffer: before a prompt, or when somebody may be looking. */
  flush(): void {
    this.output.flush();
  }

  /** Ends the format and closes the output; also happens when the process exits. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.forget();
    this.sink.end();
    this.output.close();
  }
}
