/** `book3s demo`: runs a hypervisor and its guests and shows what each level does. What `npm start` does. */
import type { Command } from '../command';
import { COLOR_OPTION, wantsColor } from '../trace-options';

export const DEMO: Command = {
  usage: 'demo',
  describe: 'run a hypervisor with two guests, and show L0, L1 and L2 in one trace, with the reverse map',
  build: (yargs) => yargs.options({ color: COLOR_OPTION }),
  run: (argv, io, bodies) => bodies.runDemo({ color: wantsColor(argv, io.isTerminal) }, io),
};
