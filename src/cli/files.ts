/** Files that commands read and write whole; `-` is standard input or output. Failures are UserErrors. */
import fs from 'node:fs';
import { UserError } from '../core/errors';
import { OutputClosed } from '../trace/sinks/output';

const STDIN = 0;
const STDOUT = 1;
/** Larger files than this cannot be an image, a source or a snapshot of any machine. */
const MAX_FILE = 2 ** 32;
const RETRY = 2;

const wait = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** All bytes of a file. @param what for messages: `image` */
export function readBytes(path: string, what: string): Uint8Array {
  try {
    if (path !== '-' && fs.statSync(path).size > MAX_FILE)
      throw new Error(`it is larger than ${MAX_FILE} bytes`);
    return path === '-' ? readAll(STDIN) : fs.readFileSync(path);
  } catch (error) {
    throw new UserError(
      `${path}: cannot read the ${what}: ${(error as Error).message}; give a file that exists and is readable`,
    );
  }
}

export const readText = (path: string, what: string): string =>
  new TextDecoder().decode(readBytes(path, what));

/** Standard input to its end. */
function readAll(fd: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let total = 0; total <= MAX_FILE;) {
    const buffer = Buffer.allocUnsafe(1 << 16);
    let length: number;
    try {
      length = fs.readSync(fd, buffer);
    } catch (error) {
      if (codeOf(error) === 'EOF') break;
      if (codeOf(error) !== 'EAGAIN') throw error;
      wait();
      continue;
    }
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, length));
    total += length;
  }
  return Buffer.concat(pieces);
}

/**
 * Writes a whole file.
 * @param option what named it, for messages: `--out`
 * @throws OutputClosed when standard output's reader has gone
 */
export function writeFile(path: string, option: string, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  try {
    if (path === '-') writeAll(STDOUT, bytes);
    else fs.writeFileSync(path, bytes);
  } catch (error) {
    if (codeOf(error) === 'EPIPE') throw new OutputClosed('standard output: closed by its reader');
    throw new UserError(
      `${option} ${path}: cannot be written: ${(error as Error).message}; give a file in a folder that you may write, or -`,
    );
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      wait();
    }
  }
}

/** Fails now, and not at the end of a long run, when a file cannot be written. An existing file is left as it is. */
export function checkWritable(path: string, option: string): void {
  if (path === '-') return;
  try {
    fs.closeSync(fs.openSync(path, 'a'));
  } catch (error) {
    throw new UserError(
      `${option} ${path}: cannot be written: ${(error as Error).message}; give a file in a folder that you may write, or -`,
    );
  }
}

/** `.json` asks for JSON. */
export const wantsJson = (path: string): boolean => path.endsWith('.json');
