/** How generated code ends. */

/** Why generated code returned to TypeScript. State is exact in each case: NIA, LEFT, registers, memory. */
export const EXIT = {
  /** The budget of instructions is used up. */
  budget: 1,
  /** NIA is on a page that is not in the fetch cache. */
  fetch: 2,
  /** TypeScript did something that may have changed the context: an interrupt, a service, a stop. */
  event: 3,
  /** Not returned: TypeScript did such a thing, and generated code is to go on at NIA with LEFT. */
  resume: 4,
  /** NIA is where a debugger wants to look: nothing of the instruction has happened. */
  stop: 5,
} as const;
