/**
 * The command line as a function: arguments in, exit code out. Nothing here ends the process, so that tests run it as
 * it is.
 */
import yargs, { type Argv } from 'yargs';
import { UserError } from '../core/errors';
import { OutputClosed } from '../trace/sinks/output';
import type { CliIo, Command, CommandBodies } from './command';
import { ASM } from './commands/asm';
import { BENCH } from './commands/bench';
import { BOOT } from './commands/boot';
import { DEMO } from './commands/demo';
import { DISASM } from './commands/disasm';
import { DUMP } from './commands/dump';
import { TRACE } from './commands/trace';
import { WALK } from './commands/walk';
import { EXIT } from './exit-codes';
import type { Parsed } from './options';

const COMMANDS: readonly Command[] = [BOOT, WALK, TRACE, DUMP, ASM, DISASM, BENCH, DEMO];

const EPILOGUE =
  'Sizes take K, M and G, addresses 0x and _. A file named - is standard input or output.\n' +
  'Exit codes: 0 the guest ended well; 1 it reported failure; 2 wrong usage; 3 a fault of book3s; ' +
  '4 a limit was reached; 5 the guest is dead; 6 (walk) the access would fault; 7 (check) an invariant is broken.';
const WIDTH = 100;

/** Runs one command line. @param version of the package, for --version */
export async function runCli(
  args: readonly string[],
  { io, bodies, version }: { io: CliIo; bodies: CommandBodies; version: string },
): Promise<number> {
  let code: number = EXIT.OK;
  const call = async (command: Command, argv: Parsed): Promise<void> => {
    code = await command.run(argv, io, bodies);
  };
  try {
    const text = await parse(makeParser(call, version), args);
    if (text) io.out.write(`${text}\n`);
    io.out.flush();
    return code;
  } catch (error) {
    return report(error, io);
  }
}

function makeParser(call: (command: Command, argv: Parsed) => Promise<void>, version: string): Argv {
  const parser = yargs()
    .scriptName('book3s')
    .usage('$0 COMMAND: a 64-bit Power (Book3S) emulator made to see address translation')
    .strict()
    .exitProcess(false)
    .demandCommand(1, 'expected a command')
    .recommendCommands()
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new UserError(usageMessage(message ?? 'wrong usage'));
    })
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false, 'dot-notation': false })
    .version(version)
    .help()
    .wrap(WIDTH)
    .epilogue(EPILOGUE);
  for (const command of COMMANDS)
    parser.command(command.usage, command.describe, command.build, (argv) => call(command, argv as Parsed));
  return parser;
}

/** What yargs says about a wrong line, as a sentence; a guess is its only word about an unknown command. */
const usageMessage = (message: string): string =>
  `${message.startsWith('Did you mean') ? `unknown command. ${message}` : message}; book3s --help shows what there is`;

/** Parses and runs. Resolves with what yargs has to say itself: help or version. */
async function parse(parser: Argv, args: readonly string[]): Promise<string> {
  let text = '';
  await parser.parseAsync([...args], {}, (_error, _argv, output) => {
    text = output;
  });
  return text;
}

/** Tells about a failure. Returns the exit code. */
function report(error: unknown, io: CliIo): number {
  if (error instanceof OutputClosed) return EXIT.OK;
  const isUsage = error instanceof UserError || (error instanceof Error && error.name === 'YError');
  if (isUsage) {
    io.err.write(`book3s: ${error.message}\n`);
    io.err.flush();
    return EXIT.USAGE;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err.write(
    `book3s: a fault of the emulator, not of the guest: ${detail}\n` +
      'Please report it with the command line and the image: the message above says where it happened.\n',
  );
  io.err.flush();
  return EXIT.INTERNAL;
}
