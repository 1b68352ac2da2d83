/**
 * Errors that a person can act on. Everything a guest does wrong is an architected interrupt or a dead guest, never
 * one of these.
 */

/** Bad input from the user: option, file, image, snapshot. The command line prints the message and exits with 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** A defect of the emulator itself. The command line prints it and exits with 3. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}
