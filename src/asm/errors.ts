/** Errors of the assembler: where, what was found, what was expected. All of a run are collected before it gives up. */
import { UserError } from '../core/errors';

/** A place in the source, lines and columns counted from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where the macro, repetition or include that holds the line was used. */
  readonly from?: Location;
}

export interface Diagnostic extends Location {
  readonly message: string;
}

/** So many places of use are named. */
const SHOWN_USES = 4;

/** `file:3:7`, then where that came from. */
function locationText({ file, line, column, from }: Location, uses = SHOWN_USES): string {
  const here = `${file}:${line}:${column}`;
  if (!from) return here;
  return `${here} (used at ${uses === 0 ? '...' : locationText(from, uses - 1)})`;
}

/** More than so many errors are of one cause: the rest is counted only. */
const SHOWN = 50;

/** The source cannot be assembled. */
export class AssemblyError extends UserError {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    const shown = diagnostics.slice(0, SHOWN).map((d) => `${locationText(d)}: ${d.message}`);
    if (diagnostics.length > SHOWN) shown.push(`and ${diagnostics.length - SHOWN} more errors`);
    super(shown.join('\n'));
  }
}

/** One problem at a place: thrown within a statement, collected by the assembler. */
export class SourceProblem extends Error {
  constructor(
    message: string,
    /** Column, from 1; undefined: the statement's. */
    readonly column?: number,
  ) {
    super(message);
  }
}
