/** `book3s dump`: what is in a snapshot. To add a subject: a file in ../dump, and a row below. */
import chalk from 'chalk';
import { UserError } from '../../core/errors';
import type { CliIo, Command } from '../command';
import { CHECK } from '../dump/check';
import { FILTERS } from '../dump/filters';
import { HPT, SEGMENTS, SLB } from '../dump/hashed';
import { MEMORY } from '../dump/memory';
import { MEMSLOTS } from '../dump/memslots';
import { NESTED, PARTITION_TABLE, RADIX, RMAP, SHADOW } from '../dump/nested';
import { REGISTERS } from '../dump/registers';
import type { Dumped, Subject } from '../dump/subject';
import { EXIT } from '../exit-codes';
import { wantsJson, writeFile } from '../files';
import { FileOutput } from '../../trace/sinks/output';
import { flag, isSet, operand, textOf, value, type Parsed, withOperand } from '../options';
import { COLOR_OPTION, wantsColor } from '../trace-options';
import { parseChoice } from '../values';

const SUBJECTS = {
  registers: REGISTERS,
  memory: MEMORY,
  slb: SLB,
  segments: SEGMENTS,
  hpt: HPT,
  memslots: MEMSLOTS,
  nested: NESTED,
  rmap: RMAP,
  shadow: SHADOW,
  'partition-table': PARTITION_TABLE,
  radix: RADIX,
  check: CHECK,
} as const satisfies Record<string, Subject>;

type SubjectName = keyof typeof SUBJECTS;
const NAMES = Object.keys(SUBJECTS) as SubjectName[];

export const DUMP: Command = {
  usage: 'dump <subject> [address] [length]',
  describe: 'show what is in a snapshot: registers, memory, tables, memory slots, nested guests',
  build: (yargs) =>
    withOperand(yargs, 'subject', NAMES.map((name) => `${name}: ${SUBJECTS[name].describe}`).join('; '))
      .positional('address', { describe: 'memory: host real address', type: 'string' })
      .positional('length', { describe: 'memory: bytes: 4096, 64K', type: 'string' })
      .options({
        snapshot: value('snapshot written by boot --snapshot-out', { demandOption: true }),
        'cpu-index': value('which CPU (default: 0)'),
        ...FILTERS,
        out: value('file for the result, - for standard output (default); JSON to a name in .json'),
        json: flag('JSON instead of text'),
        color: COLOR_OPTION,
      })
      .example('$0 dump registers --snapshot end.snap', 'as text')
      .example('$0 dump memory 0x10000 4K --snapshot end.snap --out page.bin', 'one page')
      .example('$0 dump slb --snapshot end.snap --ea 0xc000000000000000', 'the entry of an address')
      .example('$0 dump hpt --snapshot end.snap --limit 0', 'how full the table is')
      .example('$0 dump shadow --lpid 1 --snapshot l1.snap', 'what L0 made of the tables of a nested guest'),
  run: runDump,
};

function runDump(argv: Parsed, io: CliIo): number {
  const name = parseChoice('dump', operand(argv, 'subject')!, NAMES);
  const out = textOf(argv, 'out') ?? '-';
  refuseOthers(name, argv);
  const dumped: Dumped = SUBJECTS[name].run(argv);
  const json = isSet(argv, 'json') || wantsJson(out);
  if (isSet(argv, 'json') && !('json' in dumped))
    throw new UserError(`--json: dump ${name} has no JSON; leave the option out`);
  if ('bytes' in dumped) {
    io.out.flush();
    writeFile(out, '--out', dumped.bytes);
    return EXIT.OK;
  }
  if ('write' in dumped) {
    writePieces(dumped.write, out, io);
    return EXIT.OK;
  }
  const color = new chalk.Instance({ level: wantsColor(argv, io.isTerminal && out === '-') ? 1 : 0 });
  const text = json ? `${JSON.stringify(dumped.json())}\n` : dumped.text(color);
  if (out === '-') io.out.write(text);
  else writeFile(out, '--out', text);
  return dumped.exitCode ?? EXIT.OK;
}

function writePieces(pieces: (write: (text: string) => void) => void, out: string, io: CliIo): void {
  const output = out === '-' ? io.out : FileOutput.open(out, '--out');
  try {
    pieces((text) => output.write(text));
  } finally {
    if (output !== io.out) output.close();
  }
}

/** Filters and operands of other subjects are errors: they would be ignored without a word. */
function refuseOthers(name: SubjectName, argv: Parsed): void {
  const { options }: Subject = SUBJECTS[name];
  for (const option of Object.keys(FILTERS))
    if (argv[option] !== undefined && argv[option] !== false && !options.includes(option)) {
      const takers = NAMES.filter((other) => SUBJECTS[other].options.includes(option));
      throw new UserError(`--${option}: dump ${name} does not take it; it is for dump ${takers.join(', ')}`);
    }
  if (name !== 'memory' && argv['address'] !== undefined)
    throw new UserError(`dump ${name}: expected no address; dump memory ADDRESS LENGTH shows memory`);
}
