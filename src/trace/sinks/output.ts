/**
 * Where a trace is written: a file or standard output, in large synchronous writes. Nothing is queued: memory does not
 * grow with the trace, and what has been written is written when the process ends, however it ends.
 */
import fs from 'node:fs';
import { UserError } from '../../core/errors';

/** Text that goes somewhere. */
export interface TextOutput {
  write(text: string): void;
  /** Everything written so far has left the process. */
  flush(): void;
  /** Flushes and releases; more calls do nothing. */
  close(): void;
}

/** The reader of a pipe has gone away (`book3s trace f | head`): nothing is wrong, nothing more is wanted. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

const BUFFER_SIZE = 1 << 18;
/** Bytes that one UTF-16 unit needs at most in UTF-8. */
const MAX_UTF8 = 3;
const STDOUT = 1;
const STDERR = 2;
/** How long to wait for a slow reader of a pipe before trying again, in ms. */
const RETRY = 2;

const atExit = new Set<() => void>();
let hooked = false;

/**
 * Has `close` called when the process exits, the last registered first, so that a format can write its end before its
 * file is closed. Failures are nobody's any more. Returns the function that takes it back.
 */
export function onExit(close: () => void): () => void {
  atExit.add(close);
  if (!hooked) process.on('exit', closeAll);
  hooked = true;
  return () => atExit.delete(close);
}

/** Closes what is still open; the exit of the process does it. */
export function closeAll(): void {
  for (const close of [...atExit].reverse()) {
    try {
      close();
    } catch {
      // It was reported when it first happened, or the reader has gone.
    }
  }
}

/** What the operating system says, for messages. */
const reason = (error: unknown): string => (error as Error).message;
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export class FileOutput implements TextOutput {
  private readonly buffer = Buffer.allocUnsafe(BUFFER_SIZE);
  private used = 0;
  private closed = false;
  private readonly forget: () => void;

  private constructor(
    private readonly name: string,
    private readonly fd: number,
  ) {
    this.forget = onExit(() => this.close());
  }

  /**
   * Opens `path` for writing, `-` being standard output.
   * @param option the option that named it, for the message: `--trace-out`
   * @throws UserError when it cannot be written: before anything runs
   */
  static open(path: string, option: string): FileOutput {
    if (path === '-') return new FileOutput('standard output', STDOUT);
    try {
      return new FileOutput(path, fs.openSync(path, 'w'));
    } catch (error) {
      throw new UserError(
        `${option} ${path}: cannot be written: ${reason(error)}; give a file in a folder that you may write, or -`,
      );
    }
  }

  /** Standard error: what people see beside a guest's console. */
  static standardError(): FileOutput {
    return new FileOutput('standard error', STDERR);
  }

  write(text: string): void {
    if (this.closed) return;
    if (text.length * MAX_UTF8 > BUFFER_SIZE - this.used) this.flush();
    if (text.length * MAX_UTF8 > BUFFER_SIZE) this.writeAll(Buffer.from(text));
    else this.used += this.buffer.write(text, this.used);
  }

  flush(): void {
    const { used } = this;
    this.used = 0;
    this.writeAll(this.buffer.subarray(0, used));
  }

  close(): void {
    if (this.closed) return;
    try {
      this.flush();
    } finally {
      if (!this.closed) this.release();
    }
  }

  private release(): void {
    this.closed = true;
    this.forget();
    if (this.fd > STDERR) fs.closeSync(this.fd);
  }

  /** All bytes, in as many writes as it takes; a full pipe is waited for. */
  private writeAll(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.closed) {
      try {
        at += fs.writeSync(this.fd, bytes, at);
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
        else this.fail(error);
      }
    }
  }

  private fail(error: unknown): never {
    this.release();
    if (codeOf(error) === 'EPIPE') throw new OutputClosed(`${this.name}: closed by its reader`);
    throw new UserError(
      `${this.name}: cannot be written: ${reason(error)}; what was written before is complete`,
    );
  }
}
