/** Trace format `jsonl`: the header and every event as a line of JSON (docs/trace.md). */
import type { TraceEvent } from '../events';
import { encodeEvent, encodeHeader } from '../json';
import type { TextOutput } from './output';
import type { HeaderFields, TraceSink } from './sink';

export class JsonlSink implements TraceSink {
  constructor(private readonly output: TextOutput) {}

  begin(header: HeaderFields): void {
    this.output.write(`${encodeHeader(header)}\n`);
  }

  event(event: TraceEvent): void {
    this.output.write(`${encodeEvent(event)}\n`);
  }

  end(): void {}
}
