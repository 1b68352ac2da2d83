/** `book3s walk`: explains one translation. */
import type { Command } from '../command';
import { withOperand } from '../options';
import { parseWalkOptions, walkOptions } from './walk-options';

export const WALK: Command = {
  usage: 'walk <ea>',
  describe: 'explain one translation, level by level; exit code 6 when the access would fault',
  build: (yargs) =>
    withOperand(yargs, 'ea', 'effective address')
      .options(walkOptions)
      .example(
        '$0 walk 0xc000000000001000 --snapshot end.snap --access store',
        'with the registers of a snapshot',
      ),
  run: (argv, io, bodies) => bodies.runWalk(parseWalkOptions(argv, io.isTerminal), io),
};
