/** Folders for the files that tests make, which do not outlive them. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const newFolder = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-test-'));

/** Names a file in a folder, and writes it where there is content. */
export type FileIn = (name: string, content?: string | Uint8Array) => string;

const filesIn =
  (folder: () => string): FileIn =>
  (name, content) => {
    const file = path.join(folder(), name);
    if (content !== undefined) fs.writeFileSync(file, content);
    return file;
  };

/** A folder for the files of one test file or one `describe`: made by its first use, removed by Jest's afterAll. */
export function temporaryFolder(): FileIn {
  let folder: string | undefined;
  afterAll(() => folder !== undefined && fs.rmSync(folder, { recursive: true }));
  return filesIn(() => (folder ??= newFolder()));
}

/** A folder for the files of one piece of work. */
export function inFolder<T>(work: (file: FileIn) => T): T {
  const folder = newFolder();
  try {
    return work(filesIn(() => folder));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
