/** The embedded guests: programs in assembly that commands run. */
import fs from 'node:fs';
import path from 'node:path';
import { assemble } from '../asm/assemble';

/** A file that every installation has in that folder. */
const KNOWN = 'book3s.inc';

/** The folder of the embedded guests, in a checkout and in an installed package. */
export function fixturesFolder(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'fixtures', KNOWN);
    if (fs.existsSync(found)) return path.dirname(found);
    if (folder === path.dirname(folder))
      throw new Error(`fixtures/${KNOWN} is missing from this installation`);
  }
}

/** The bytes of an embedded guest, by its name in the folder. */
export function assembleFixture(name: string): Uint8Array {
  const folder = fixturesFolder();
  const include = (file: string): string => fs.readFileSync(path.join(folder, file), 'utf8');
  return assemble(include(name), { file: name, include }).bytes;
}
