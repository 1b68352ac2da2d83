/** Entry of the command `book3s`: connects the command line to the process. */
import fs from 'node:fs';
import path from 'node:path';
import { FileOutput } from '../trace/sinks/output';
import { BODIES } from './bodies';
import { EXIT } from './exit-codes';
import { writeFile } from './files';
import { runCli } from './run';

/** What a shell reports for a process that SIGINT or SIGTERM ended. */
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** Without anybody who handles them, signals end the process by way of its exit, where outputs are flushed. */
for (const [signal, code] of Object.entries(SIGNAL_EXIT))
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(code);
  });

// A reader that goes away is no error; writes report it where they happen.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** The version in the nearest package.json above: of the installed package, or of the checkout. */
function packageVersion(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file))
      return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
    if (folder === path.dirname(folder)) return 'unknown';
  }
}

async function main(): Promise<void> {
  const out = FileOutput.open('-', 'standard output');
  const err = FileOutput.standardError();
  const writeBytes = (bytes: Uint8Array): void => writeFile('-', 'standard output', bytes);
  const io = { out, err, writeBytes, isTerminal: process.stdout.isTTY };
  process.exitCode = await runCli(process.argv.slice(2), { io, bodies: BODIES, version: packageVersion() });
}

main().catch((error: unknown) => {
  process.stderr.write(`book3s: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = EXIT.INTERNAL;
});
