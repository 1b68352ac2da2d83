/**
 * Standard input as the guest's console. From a file or at its end nothing depends on time: all of it waits for the
 * guest from the start. From a terminal or a pipe it arrives when it arrives; on a terminal Ctrl-A is the escape, as
 * in QEMU: Ctrl-A x leaves, Ctrl-A Ctrl-A is a Ctrl-A for the guest.
 */
import fs from 'node:fs';
import { readBytes } from './files';

const ESCAPE = 0x01;
const LEAVE = 'x'.charCodeAt(0);

/** Takes the escape sequences out of terminal input. */
class EscapeFilter {
  private escaped = false;

  /** @param onLeave Ctrl-A x was typed */
  constructor(private readonly onLeave: () => void) {}

  /** The bytes that are for the guest. */
  filter(bytes: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const byte of bytes) {
      if (!this.escaped && byte === ESCAPE) this.escaped = true;
      else {
        if (this.escaped && byte === LEAVE) this.onLeave();
        else out.push(byte);
        this.escaped = false;
      }
    }
    return Uint8Array.from(out);
  }
}

const STDIN = 0;

export class ConsoleInput {
  private waiting: Uint8Array = new Uint8Array(0);
  private ended = false;
  private wake: (() => void) | undefined;
  private readonly stop: () => void;

  /** @param onLeave the user wants to leave */
  constructor(onLeave: () => void) {
    this.stop = isRegularFile() ? this.readFile() : this.listen(new EscapeFilter(onLeave));
  }

  /** Gives what has arrived to `take`, which says how many bytes it took. */
  feed(take: (bytes: Uint8Array) => number): void {
    if (this.waiting.length > 0) this.waiting = this.waiting.subarray(take(this.waiting));
  }

  /** True where nothing more can arrive. */
  get exhausted(): boolean {
    return this.ended && this.waiting.length === 0;
  }

  /** Resolves when something has arrived, or input has ended, or {@link interrupt} was called. */
  async arrival(): Promise<void> {
    if (this.waiting.length > 0 || this.ended) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  /** Ends a wait for input. */
  interrupt(): void {
    this.wake?.();
    this.wake = undefined;
  }

  /** Gives the terminal back. */
  close(): void {
    this.stop();
  }

  private readFile(): () => void {
    this.waiting = readBytes('-', 'console input');
    this.ended = true;
    return () => undefined;
  }

  private listen(escapes: EscapeFilter): () => void {
    const { stdin } = process;
    const terminal = stdin.isTTY;
    const onData = (data: Buffer): void => {
      const bytes = terminal ? escapes.filter(data) : data;
      this.waiting = Buffer.concat([this.waiting, bytes]);
      this.interrupt();
    };
    const onEnd = (): void => {
      this.ended = true;
      this.interrupt();
    };
    if (terminal) stdin.setRawMode(true);
    stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
    return () => {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
      if (terminal) stdin.setRawMode(false);
      stdin.pause();
      stdin.unref();
    };
  }
}

/** Files, and devices such as /dev/null, which are read to their end at once. */
function isRegularFile(): boolean {
  try {
    const stat = fs.fstatSync(STDIN);
    return stat.isFile() || (stat.isCharacterDevice() && !process.stdin.isTTY);
  } catch {
    return true;
  }
}
