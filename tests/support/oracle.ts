/** Third-party programs and results beside the project; tests that need one skip, saying so, where it is missing. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..', '..', 'shared', 'oracle');

/** Path of an oracle's file or folder; undefined where it is not there. */
export function oracle(...parts: string[]): string | undefined {
  const file = path.join(ROOT, ...parts);
  return fs.existsSync(file) ? file : undefined;
}

/** `describe`, or `describe.skip` with a message, for tests that need an oracle. */
export function describeWith(file: string | undefined, name: string, body: (file: string) => void): void {
  if (file !== undefined) {
    describe(name, () => body(file));
    return;
  }
  process.stderr.write(`skipped: ${name}: ../shared/oracle is not there\n`);
  describe.skip(name, () => {
    test('needs ../shared/oracle', () => undefined);
  });
}

/** Unpacks an archive into a temporary folder. */
export function unpack(archive: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-oracle-'));
  execFileSync('tar', ['xf', archive, '-C', folder]);
  return folder;
}
