/** Exit codes of `book3s`: the same for every command. */
export const EXIT = {
  /** The guest ended well; the command did what it was asked. */
  OK: 0,
  /** The guest reported failure. */
  GUEST_FAILURE: 1,
  /** Wrong usage: options, files, images. */
  USAGE: 2,
  /** A fault of the emulator. */
  INTERNAL: 3,
  /** A limit was reached (`--max-insns`). */
  LIMIT: 4,
  /** The guest is dead: checkstop, unhandled machine check. */
  DEAD_GUEST: 5,
  /** `walk`: the access would fault. */
  WOULD_FAULT: 6,
  /** `--check`, `dump check`: an invariant does not hold. */
  BROKEN: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
