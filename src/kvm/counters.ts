/** Counters of what has happened, in snapshots. */
import type { StateReader } from '../core/saved-state';

/** Reads counters by name, exactly those that there are. @throws UserError for any other */
export function readCounters(reader: StateReader, counters: Record<string, number>): void {
  for (const name of Object.keys(counters)) counters[name] = reader.integer(name, 0, Number.MAX_SAFE_INTEGER);
  reader.done();
}
