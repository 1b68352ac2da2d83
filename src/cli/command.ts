/** What a command is: its place in yargs and what it does with the parsed line. */
import type { Argv } from 'yargs';
import type { TextOutput } from '../trace/sinks/output';
import type { BootOptions } from './commands/boot-options';
import type { WalkOptions } from './commands/walk-options';
import type { Parsed } from './options';

/** Where a command writes what people read; files are written by files.ts. */
export interface CliIo {
  readonly out: TextOutput;
  readonly err: TextOutput;
  /** Raw bytes to standard output: a guest's console. What `out` holds is to be flushed before. */
  readonly writeBytes: (bytes: Uint8Array) => void;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
}

/** What runs machines. The commands parse and check everything; the bodies do it. Each gives the exit code. */
export interface CommandBodies {
  runBoot(options: BootOptions, io: CliIo): Promise<number>;
  runWalk(options: WalkOptions, io: CliIo): Promise<number>;
  runDemo(options: { readonly color: boolean }, io: CliIo): Promise<number>;
}

export interface Command {
  /** As yargs has it: `disasm FILE`. */
  readonly usage: string;
  readonly describe: string;
  readonly build: (yargs: Argv) => Argv;
  /** @returns the exit code */
  readonly run: (argv: Parsed, io: CliIo, bodies: CommandBodies) => number | Promise<number>;
}
