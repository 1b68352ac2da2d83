/** How a service ended: what the engine does next. Numbers, so that generated code can compare them. */
export const OUTCOME = {
  /** Done: go on at the following instruction, in the same context. */
  NEXT: 0,
  /** Done: go on at the following instruction; MSR, timers or translation may have changed. */
  RESUME: 1,
  /** Done: NIA was set by the service. */
  REDIRECT: 2,
  /** Not completed: an interrupt was taken instead, NIA and MSR are its handler's. The instruction is not retired. */
  FAULT: 3,
  /** Done, and this thread runs no further: the machine ends, or the thread waits. NIA is where it would go on. */
  STOP: 4,
} as const;

export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];
