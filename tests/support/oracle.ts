/** Third-party programs and results beside the project; tests that need one skip, saying so, where it is missing. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describeUnless } from './requirements';

const ROOT = path.join(__dirname, '..', '..', '..', 'shared', 'oracle');

/** Path of an oracle's file or folder; undefined where it is not there. */
export function oracle(...parts: string[]): string | undefined {
  const file = path.join(ROOT, ...parts);
  return fs.existsSync(file) ? file : undefined;
}

/** `describe`, or a skipped test with a message, for tests that need an oracle. */
export const describeWith = (file: string | undefined, name: string, body: (file: string) => void): void =>
  describeUnless(file === undefined ? '../shared/oracle is not there' : undefined, name, () => body(file!));

/** Unpacks an archive into a folder, and gives that. */
export function unpack(archive: string, folder: string): string {
  execFileSync('tar', ['xf', archive, '-C', folder]);
  return folder;
}
