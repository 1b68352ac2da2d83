/** `book3s boot`: runs an image or a snapshot. */
import type { Command } from '../command';
import { checkWritable } from '../files';
import { withOperand } from '../options';
import { bootOptions, parseBootOptions } from './boot-options';

export const BOOT: Command = {
  usage: 'boot [image]',
  describe: 'run an image (ELF64 or raw), or go on from a snapshot',
  build: (yargs) =>
    withOperand(yargs, 'image', 'ELF64 file, or raw bytes')
      .options(bootOptions)
      .example('$0 boot kernel.elf -m 512M', 'run an ELF file on powernv')
      .example(
        '$0 boot test.bin --machine microwatt --dump-regs -',
        'run a Microwatt test and show its registers',
      )
      .example('$0 boot test.bin --timing microwatt --stats -', 'where the cycles of a core went')
      .example('$0 boot guest.bin --trace walk,fault --trace-out -', 'show how every address was translated'),
  run(argv, io, bodies) {
    const options = parseBootOptions(argv, io.isTerminal);
    const files = {
      '--dump-dtb': options.dumpDtb,
      '--dump-regs': options.dumpRegs,
      '--stats': options.stats,
      '--pipeline': options.pipeline?.file,
      '--snapshot-out': options.snapshotOut,
    };
    for (const [option, path] of Object.entries(files)) if (path !== undefined) checkWritable(path, option);
    return bodies.runBoot(options, io);
  },
};
