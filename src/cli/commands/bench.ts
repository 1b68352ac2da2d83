/** `book3s bench`: figures, with the peer beside them where it is installed. */
import { UserError } from '../../core/errors';
import { benchJson, benchText } from '../bench/report';
import { BENCHMARKS } from '../bench/table';
import type { CliIo, Command } from '../command';
import { EXIT } from '../exit-codes';
import { flag, isSet, operand, type Parsed, withOperand } from '../options';

const names = Object.keys(BENCHMARKS);

export const BENCH: Command = {
  usage: 'bench <name>',
  describe: `measure: ${names.join(', ')}`,
  build: (yargs) =>
    withOperand(
      yargs,
      'name',
      names.map((name) => `${name}: ${BENCHMARKS[name]!.describe}`).join('; '),
    ).options({ json: flag('print one JSON object with an array of figures') }),
  run: runBench,
};

async function runBench(argv: Parsed, io: CliIo): Promise<number> {
  const name = operand(argv, 'name')!;
  const bench = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (!bench) throw new UserError(`bench: expected one of ${names.join(', ')}, got "${name}"`);
  const report = await bench.run();
  io.out.write(isSet(argv, 'json') ? benchJson(name, report) : benchText(name, report));
  return EXIT.OK;
}
