/** `book3s disasm`: the disassembler, on ELF files and raw images. */
import { createDecoder, hasRow } from '../../../isa/decoder';
import { disassembleOne, type DisassembleOptions } from '../../asm/disassemble';
import { hex16 } from '../../core/u64';
import { CPU_MODELS } from '../../cpu/models';
import { readImage, type Image, type Segment } from '../../loader';
import { FileOutput, type TextOutput } from '../../trace/sinks/output';
import type { CliIo, Command } from '../command';
import { EXIT } from '../exit-codes';
import { readBytes } from '../files';
import { defined, operand, parsed, textOf, value, type Parsed, withOperand } from '../options';
import { parseAddress, parseAddressRange, parseChoice } from '../values';
import { BYTE_ORDERS, MODEL_NAMES } from './asm';

export const DISASM: Command = {
  usage: 'disasm <file>',
  describe: 'disassemble an ELF64 file or a raw image',
  build: (yargs) =>
    withOperand(yargs, 'file', 'image, - for standard input').options({
      endian: value(`byte order: ${BYTE_ORDERS.join(', ')} (default: the ELF file's, or big)`),
      'load-addr': value('address of the first byte of a raw image (default: 0)'),
      range: value('only these addresses: FROM-TO, FROM+SIZE'),
      cpu: value(`only instructions of this CPU: ${MODEL_NAMES.join(', ')}`),
      out: value('file for the listing, - for standard output (default)'),
    }),
  run: runDisasm,
};

function runDisasm(argv: Parsed, io: CliIo): number {
  const file = operand(argv, 'file')!;
  const model = parsed(argv, 'cpu', (o, t) => parseChoice(o, t, MODEL_NAMES));
  const endian = parsed(argv, 'endian', (o, t) => parseChoice(o, t, BYTE_ORDERS));
  const range = parsed(argv, 'range', parseAddressRange);
  const loadAddress = parsed(argv, 'load-addr', parseAddress);
  // Where the image starts does not matter here, and it may be nowhere.
  const image = readImage(file, readBytes(file, 'image'), {
    entry: 0n,
    ...defined('loadAddress', loadAddress),
  });
  const out = textOf(argv, 'out') ?? '-';
  const output = out === '-' ? io.out : FileOutput.open(out, '--out');
  const decoder = model && createDecoder((row) => hasRow(CPU_MODELS[model], row));
  const options: DisassembleOptions = {
    ...defined('decoder', decoder),
    ...(image.symbols.length ? { symbol: (address) => image.symbols.format(address) } : {}),
  };
  try {
    for (const segment of codeOf(image))
      listSegment(segment, { image, output, options, range, little: (endian ?? image.endian) === 'little' });
  } finally {
    if (output !== io.out) output.close();
  }
  return EXIT.OK;
}

/** The segments that can be executed; all, where none says so. */
function codeOf(image: Image): readonly Segment[] {
  const code = image.segments.filter(({ execute }) => execute);
  return code.length ? code : image.segments;
}

interface Listing {
  readonly image: Image;
  readonly output: TextOutput;
  readonly options: DisassembleOptions;
  readonly range: { readonly from: bigint; readonly to: bigint } | undefined;
  readonly little: boolean;
}

const WORD = 4;
const word8 = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** One line per instruction: address, image, text; labels on lines of their own. */
function listSegment({ data, effective }: Segment, listing: Listing): void {
  const { image, output, options, range, little } = listing;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const at = (offset: number): number | undefined =>
    offset + WORD <= data.length ? view.getUint32(offset, little) : undefined;
  for (let offset = 0; offset + WORD <= data.length;) {
    const word = at(offset)!;
    const address = effective + BigInt(offset);
    const line = disassembleOne(word, at(offset + WORD), address, options);
    offset += line.size;
    if (range && (address < range.from || address > range.to)) continue;
    const label = image.symbols.symbolAt(address);
    if (label?.offset === 0n) output.write(`\n${hex16(address).toLowerCase()} <${label.name}>:\n`);
    const words = line.size === WORD ? word8(word) : `${word8(word)} ${word8(at(offset - WORD)!)}`;
    output.write(`${address.toString(16).padStart(8)}:  ${words.padEnd(17)}  ${line.text}\n`);
  }
}
