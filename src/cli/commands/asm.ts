/** `book3s asm`: the assembler. */
import fs from 'node:fs';
import path from 'node:path';
import { hasRow } from '../../../isa/decoder';
import type { InsnRow } from '../../../isa/vocabulary/row';
import { assemble, type Assembled } from '../../asm/assemble';
import { UserError } from '../../core/errors';
import { hex16 } from '../../core/u64';
import { CPU_MODELS, type ModelName } from '../../cpu/models';
import type { CliIo, Command } from '../command';
import { EXIT } from '../exit-codes';
import { readText, writeFile } from '../files';
import { defined, operand, parsed, textOf, textsOf, value, type Parsed, withOperand } from '../options';
import { parseAddress, parseAssignments, parseChoice } from '../values';

export const MODEL_NAMES = Object.keys(CPU_MODELS) as ModelName[];
export const BYTE_ORDERS = ['big', 'little'] as const;

export const ASM: Command = {
  usage: 'asm <file>',
  describe: 'assemble a source (GNU syntax) to a flat image',
  build: (yargs) =>
    withOperand(yargs, 'file', 'source, - for standard input')
      .options({
        out: value('file for the image, - for standard output', { demandOption: true }),
        endian: value(`byte order: ${BYTE_ORDERS.join(', ')} (default: big)`),
        origin: value('address of the first byte (default: 0)'),
        cpu: value(`only instructions of this CPU: ${MODEL_NAMES.join(', ')}`),
        defsym: value('symbols to define: NAME=VALUE,... (may be repeated)'),
        symbols: value('file for the symbols: ADDRESS NAME a line'),
      })
      .example('$0 asm hello.s --out hello.bin', 'then: book3s boot hello.bin'),
  run: runAsm,
};

/** The text of an included file, relative to the file that includes it; undefined where there is none. */
function include(name: string, from: string): string | undefined {
  const folder = from === '-' ? '.' : path.dirname(from);
  const full = path.resolve(folder, name);
  return fs.existsSync(full) ? readText(full, 'included file') : undefined;
}

function runAsm(argv: Parsed, io: CliIo): number {
  const file = operand(argv, 'file')!;
  const model = parsed(argv, 'cpu', (o, t) => parseChoice(o, t, MODEL_NAMES));
  const symbols = textsOf(argv, 'defsym').flatMap((text) => parseAssignments('--defsym', text));
  const out = textOf(argv, 'out')!;
  const symbolsOut = textOf(argv, 'symbols');
  const assembled = assemble(readText(file, 'source'), {
    file,
    include,
    symbols: Object.fromEntries(symbols),
    ...defined(
      'byteOrder',
      parsed(argv, 'endian', (o, t) => parseChoice(o, t, BYTE_ORDERS)),
    ),
    ...defined('origin', parsed(argv, 'origin', parseAddress)),
    ...defined('filter', model && ((row: InsnRow) => hasRow(CPU_MODELS[model], row))),
  });
  if (assembled.bytes.length === 0) throw new UserError(`${file}: there is nothing to assemble in it`);
  io.out.flush();
  writeFile(out, '--out', assembled.bytes);
  if (symbolsOut !== undefined) writeFile(symbolsOut, '--symbols', symbolText(assembled));
  return EXIT.OK;
}

/** Symbols in order of their values, as `nm` sorts them. */
function symbolText({ symbols }: Assembled): string {
  const entries = [...symbols].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
  return entries.map(([name, at]) => `${hex16(at).toLowerCase()} ${name}\n`).join('');
}
