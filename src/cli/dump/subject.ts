/** What can be dumped: the shape of a row of `SUBJECTS` (../commands/dump.ts). */
import type { Chalk } from 'chalk';
import type { ExitCode } from '../exit-codes';
import type { Parsed } from '../options';

/** What a dump came to, in the form that is asked for. */
export type Dumped =
  | { readonly bytes: Uint8Array }
  /** Text ends with a newline; JSON has no bigint. */
  | {
      readonly text: (color: Chalk) => string;
      readonly json: () => unknown;
      /** Absent: all is well. */
      readonly exitCode?: ExitCode;
    }
  /** Text of any length, written piece by piece; it has no JSON. */
  | { readonly write: (write: (text: string) => void) => void };

export interface Subject {
  /** For --help, after the subject's name. */
  readonly describe: string;
  /** Options of the filters (../dump/filters.ts) that it takes. */
  readonly options: readonly string[];
  readonly run: (argv: Parsed) => Dumped;
}
