/** Reads a recorded trace (format `jsonl`) event by event, in memory that does not depend on its length. */
import fs from 'node:fs';
import { UserError } from '../../core/errors';
import type { TraceEvent, TraceHeader } from '../events';
import { decodeEvent, decodeHeader } from '../json';

const CHUNK = 1 << 18;
/** Longest line: a walk with all its steps is below 20 KiB. */
const MAX_LINE = 1 << 20;
const STDIN = 0;

export interface RecordedTrace {
  readonly header: TraceHeader;
  /** The events in order; to be read once. */
  readonly events: IterableIterator<TraceEvent>;
  /** After the last event: the file ends within a line, because its writer was killed. */
  readonly truncated: () => boolean;
}

const reason = (error: unknown): string => (error as Error).message;

/**
 * Opens a recorded trace, `-` being standard input.
 * @throws UserError when it cannot be read or is not one; reading events throws one at the first damaged line
 */
export function readTrace(path: string): RecordedTrace {
  let fd: number;
  try {
    fd = path === '-' ? STDIN : fs.openSync(path, 'r');
  } catch (error) {
    throw new UserError(
      `${path}: cannot be read: ${reason(error)}; give a trace recorded with --trace-format jsonl`,
    );
  }
  const state = { truncated: false };
  const source = lines(path, fd, state);
  const first = source.next();
  if (first.done) throw new UserError(`${path}: the file is empty; expected a recorded trace`);
  if (state.truncated) throw new UserError(`${path}: the file ends within its first line; record it again`);
  const header = decodeHeader(first.value, `${path}:1`);
  return { header, events: decodeAll(path, source, state), truncated: () => state.truncated };
}

function* decodeAll(
  path: string,
  source: Iterable<string>,
  state: { truncated: boolean },
): Generator<TraceEvent, undefined> {
  let number = 1;
  for (const line of source) {
    number++;
    if (state.truncated) return;
    if (line !== '') yield decodeEvent(line, `${path}:${number}`);
  }
}

/** The lines of a file without their ends; sets `truncated` with a last line that has no end. */
function* lines(path: string, fd: number, state: { truncated: boolean }): Generator<string, undefined> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const length = readSome(path, fd, buffer);
      if (length === 0) break;
      rest += decoder.decode(buffer.subarray(0, length), { stream: true });
      let from = 0;
      for (let end = rest.indexOf('\n', from); end >= 0; end = rest.indexOf('\n', from)) {
        yield rest.slice(from, end);
        from = end + 1;
      }
      rest = rest.slice(from);
      if (rest.length > MAX_LINE)
        throw new UserError(
          `${path}: a line is longer than ${MAX_LINE} characters; it is not a recorded trace`,
        );
    }
    state.truncated = rest !== '';
    if (rest !== '') yield rest;
  } finally {
    if (fd !== STDIN) fs.closeSync(fd);
  }
}

function readSome(path: string, fd: number, buffer: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(fd, buffer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw new UserError(`${path}: cannot be read: ${reason(error)}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}
