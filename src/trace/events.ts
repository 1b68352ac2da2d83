/**
 * The one stream of typed events that every trace format is made from. Types only: this file is at the bottom of the
 * house, its sinks are at the top. `docs/trace.md` documents the schema as JSON lines.
 */

/** Every event says when and where: `t` counts the instructions that the CPU has retired. */
export interface EventBase {
  readonly t: number;
  readonly cpu: number;
}
