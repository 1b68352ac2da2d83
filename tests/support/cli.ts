/** Runs command lines within the test's process. */
import type { CommandBodies } from '../../src/cli/command';
import type { BootOptions } from '../../src/cli/commands/boot-options';
import type { WalkOptions } from '../../src/cli/commands/walk-options';
import { runCli } from '../../src/cli/run';
import { MemoryOutput } from './trace-events';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What a body was called with, where one was. */
  readonly boot?: BootOptions;
  readonly walk?: WalkOptions;
}

/** Runs a command line; bodies that the test does not give record their options and return 0. */
export async function cli(args: readonly string[], bodies: Partial<CommandBodies> = {}): Promise<CliResult> {
  const [out, err] = [new MemoryOutput(), new MemoryOutput()];
  const called: { boot?: BootOptions; walk?: WalkOptions } = {};
  const recording: CommandBodies = {
    runBoot: (boot) => Promise.resolve(((called.boot = boot), 0)),
    runWalk: (walk) => Promise.resolve(((called.walk = walk), 0)),
    runDemo: () => Promise.resolve(0),
    ...bodies,
  };
  const code = await runCli(args, {
    io: {
      out,
      err,
      isTerminal: false,
      writeBytes: (bytes) => out.write(Buffer.from(bytes).toString('latin1')),
    },
    bodies: recording,
    version: '1.2.3',
  });
  return { code, out: out.text, err: err.text, ...called };
}
