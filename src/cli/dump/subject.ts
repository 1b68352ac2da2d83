/** What can be dumped: the shape of a row of `SUBJECTS` (../commands/dump.ts). */
import type { Parsed } from '../options';

/** What a dump came to, in the form that is asked for. */
export type Dumped =
  | { readonly bytes: Uint8Array }
  /** Text ends with a newline; JSON has no bigint. */
  | { readonly text: () => string; readonly json: () => unknown };

export interface Subject {
  /** For --help, after the subject's name. */
  readonly describe: string;
  /** Options of {@link FILTERS} that it takes. */
  readonly options: readonly string[];
  readonly run: (argv: Parsed) => Dumped;
}
