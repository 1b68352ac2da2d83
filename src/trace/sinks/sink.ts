/** What every trace format is: something that takes the header, then events, and is told when there are no more. */
import type { TraceEvent, TraceHeader } from '../events';

/** The header without what every trace has. */
export type HeaderFields = Omit<TraceHeader, 'ev' | 'version'>;

export interface TraceSink {
  begin(header: HeaderFields): void;
  event(event: TraceEvent): void;
  /** Writes what closes the format; the output is the caller's. */
  end(): void;
}
