/**
 * What README and docs/ show of a command is what it prints. A block between ``` whose first line is `$ book3s ...` (or
 * `$ bin/book3s ...`) is run again: each line with a `$` is a command, below it stands what comes to the terminal. A line
 * `...` stands for any lines, none too. The blocks of a page run one after the other in one folder.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runDemo } from '../../src/cli/demo/demo';
import { EXIT } from '../../src/cli/exit-codes';
import { runCli } from '../../src/cli/run';
import { runBoot } from '../../src/cli/session';
import { runWalk } from '../../src/cli/walk-body';
import { MemoryOutput } from '../support/trace-events';

const ROOT = path.join(__dirname, '..', '..');
const FILES = ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);

interface Command {
  readonly line: string;
  readonly shown: readonly string[];
}

/** Commands of a page's console blocks, in order. */
function commandsOf(name: string): Command[] {
  const page = fs.readFileSync(path.join(ROOT, name), 'utf8');
  const commands: { line: string; shown: string[] }[] = [];
  for (const [, block] of page.matchAll(/^```\n(\$ (?:bin\/)?book3s [^]*?)^```$/gm))
    for (const line of block!.trimEnd().split('\n'))
      if (line.startsWith('$ ')) commands.push({ line: line.slice(2), shown: [] });
      else commands.at(-1)!.shown.push(line);
  return commands;
}

/** Does a command in the current folder. @returns what it printed to the terminal */
async function perform(line: string): Promise<string> {
  const [program, ...args] = line.split(' ');
  if (program === 'cat') return fs.readFileSync(args[0]!, 'utf8');
  const out = new MemoryOutput();
  const io = { out, err: out, isTerminal: false, writeBytes: (bytes: Uint8Array) => out.write(Buffer.from(bytes).toString('latin1')) }; // prettier-ignore
  const code = await runCli(args, { io, bodies: { runBoot, runWalk, runDemo }, version: '0' });
  // A walk that would fault and a run that reaches its limit are what a page may show.
  if (![EXIT.OK, EXIT.LIMIT, EXIT.WOULD_FAULT].some((ok) => ok === code))
    throw new Error(`${line}: exit code ${code}\n${out.text}`);
  return out.text;
}

/** The lines as they must be, where `...` is any lines. */
function patternOf(shown: readonly string[]): RegExp {
  const lines = shown.map((line) =>
    line === '...' ? '(?:.*\n)*?' : `${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\n`,
  );
  return new RegExp(`^${lines.join('')}$`);
}

const PAGES = FILES.map((name) => ({ name, commands: commandsOf(name) })).filter(
  ({ commands }) => commands.length > 0,
);
const home = process.cwd();
afterEach(() => process.chdir(home));

test.each(PAGES)('$name: its commands print what it shows', async ({ commands }) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-docs-'));
  fs.symlinkSync(path.join(ROOT, 'fixtures'), path.join(folder, 'fixtures'));
  process.chdir(folder);
  for (const { line, shown } of commands) {
    const printed = await perform(line);
    if (!patternOf(shown).test(printed)) expect([line, ...printed.split('\n')]).toEqual([line, ...shown, '']);
  }
  process.chdir(home);
  fs.rmSync(folder, { recursive: true });
});

test('the pages with output are among them', () => {
  const showing = PAGES.map(({ name, commands }) => [
    name,
    commands.filter(({ shown }) => shown.length > 0).length,
  ]);
  expect(Object.fromEntries(showing)).toEqual({ 'README.md': 4, 'docs/nested.md': 10 });
});
