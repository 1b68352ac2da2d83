/**
 * The one stream of typed events that every trace format is made from. Types only: this file is at the bottom of the
 * house, its sinks are at the top. `docs/trace.md` documents the schema as JSON lines.
 */
import type { ExecutionEvent } from './events/execution';
import type { HypervisorEvent } from './events/hypervisor';
import type { MemslotEvent } from './events/memslot';
import type { NestedEvent } from './events/nested';
import type { TlbEvent, WalkEvent } from './events/walk';

/** Every event says when and where: `t` counts the instructions that the CPU has retired. */
export interface EventBase {
  readonly t: number;
  readonly cpu: number;
}

export type TraceEvent = ExecutionEvent | WalkEvent | TlbEvent | MemslotEvent | HypervisorEvent | NestedEvent;

/** The first line of a recorded trace. */
export interface TraceHeader {
  readonly ev: 'trace';
  /** Version of the schema: readers refuse another one. */
  readonly version: number;
  readonly machine?: string;
  readonly model?: string;
  readonly cpus?: number;
}
