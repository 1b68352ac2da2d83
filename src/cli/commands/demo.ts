/** `book3s demo`: runs the embedded guest and shows its console and its walks. What `npm start` does. */
import type { Command } from '../command';
import { COLOR_OPTION, wantsColor } from '../trace-options';

export const DEMO: Command = {
  usage: 'demo',
  describe: 'run the embedded hypervisor and its guest, and show how their addresses were translated',
  build: (yargs) => yargs.options({ color: COLOR_OPTION }),
  run: (argv, io, bodies) => bodies.runDemo({ color: wantsColor(argv, io.isTerminal) }, io),
};
