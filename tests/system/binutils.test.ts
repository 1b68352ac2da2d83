/** Our assembler and disassembler against GNU binutils 2.40, for every variant of every row and every extended form. */
import fc from 'fast-check';
import { createDecoder } from '../../isa/decoder';
import { INSTRUCTIONS } from '../../isa/index';
import { atLeast, type Instruction, type InsnRow } from '../../isa/vocabulary/row';
import { assemble } from '../../src/asm/assemble';
import { disassemble, syntaxText } from '../../src/asm/disassemble';
import type { Values } from '../../src/asm/solve';
import { syntaxesOf, type Syntax } from '../../src/asm/syntax';
import { formValues, imagesOf, uniformImages } from '../asm/images';
import { binutilsMissing, gnuAssemble, gnuDisassemble, type Dialect } from '../support/binutils';
import { SEED } from '../support/random';
import { describeUnless } from '../support/requirements';

const SAMPLES = 30;
const NOP = 0x60000000;

/** Rows that binutils 2.40 cannot print, and why. */
const NOT_IN_BINUTILS: Readonly<Record<string, string>> = {
  mftb: 'its 64-bit dialects write mftb for mfspr from 268 and 269 only, and know no opcode 31/371',
  lfdp: 'it keeps it for POWER6',
  lfdpx: 'it keeps it for POWER6',
  stfdp: 'it keeps it for POWER6',
  stfdpx: 'it keeps it for POWER6',
};
/** Extended mnemonics that GNU as 2.40 does not know, and why we do. */
const NOT_IN_GNU_AS: Readonly<Record<string, string>> = {
  mfpid: 'Linux spells PIDR so; GNU keeps it for BookE',
  mtpid: 'Linux spells PIDR so; GNU keeps it for BookE',
  mfhdsisr: 'GNU spells it mfhdisr',
  mthdsisr: 'GNU spells it mthdisr',
  mfdawr: 'GNU knows it for older dialects only',
  mtdawr: 'GNU knows it for older dialects only',
  mfdawrx: 'GNU knows it for older dialects only',
  mtdawrx: 'GNU knows it for older dialects only',
};

/** What GNU as refuses or makes something else of, though objdump prints it: given to it as words. */
const refusedByGnuAs = (text: string, { byteOrder }: Dialect): boolean =>
  // Counting down the register that holds the target: an invalid form.
  (/^bcctrl?[+-]? +\d/.test(text) && (Number(/\d+/.exec(text)![0]) & 4) === 0) ||
  // With one field GNU as makes it mtocrf; ours is what is written.
  /^mtcrf +(?:1|2|4|8|16|32|64|128),/.test(text) ||
  // An alignment interrupt in little-endian mode.
  (byteOrder === 'little' && /^(?:lmw|stmw|lsw[ix]|stsw[ix]) /.test(text));

/** Rows that were removed before v3.0 are in no newer dialect. */
const cpuOf = (row: InsnRow): string => (row.until && !atLeast(row.until, 'v3.0') ? 'power8' : 'power10');

/** Words of instructions, prefixed ones padded so that none crosses a 64-byte boundary, and whose they are. */
class Words {
  readonly words: number[] = [];
  readonly owners: string[] = [];

  add(image: bigint, size: 32 | 64, owner: string): void {
    const words = size === 64 ? [Number(image >> 32n), Number(image & 0xffff_ffffn)] : [Number(image)];
    if (size === 64 && this.words.length % 16 === 15) this.push(NOP, 'nop');
    for (const word of words) this.push(word, owner);
  }

  private push(word: number, owner: string): void {
    this.words.push(word);
    this.owners.push(owner);
  }
}

const covered = (cpu: string): Instruction[] =>
  INSTRUCTIONS.filter(({ row }) => cpuOf(row) === cpu && !(row.mnemonic in NOT_IN_BINUTILS));

function samples(cpu: string): Words {
  const out = new Words();
  for (const instruction of covered(cpu)) {
    const random = fc.sample(imagesOf(instruction), { numRuns: SAMPLES });
    for (const image of new Set([...random, ...uniformImages(instruction)]))
      out.add(image, instruction.size, instruction.mnemonic);
  }
  return out;
}

/** GNU as makes relocations of absolute targets: it gets the distance instead. */
const forGnu = (text: string, address: bigint): string =>
  /^b[^a]*\b.*0x[0-9a-f]+$/.test(text) && !/^b\w*a[+-]?\s/.test(text)
    ? text.replace(/0x[0-9a-f]+$/, (target) => `.+(${BigInt.asIntN(64, BigInt(target) - address)})`)
    : // Targets of absolute branches are shown with 32 bits and taken with a sign.
      text.replace(/0x[89a-f][0-9a-f]{7}$/, (target) => String(BigInt.asIntN(32, BigInt(target))));

const wordsOf = (bytes: Uint8Array, { byteOrder }: Dialect): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, byteOrder === 'little'));
};

const DIALECTS: readonly Dialect[] = ['power10', 'power8'].flatMap((cpu) =>
  (['big', 'little'] as const).map((byteOrder) => ({ cpu, byteOrder })),
);

describeUnless(binutilsMissing(), 'against binutils', () => {
  test('the rows that binutils cannot print are the ones listed', () => {
    const mnemonics = new Set(INSTRUCTIONS.map(({ row }) => row.mnemonic));
    expect(Object.keys(NOT_IN_BINUTILS).filter((name) => !mnemonics.has(name))).toEqual([]);
    expect(
      DIALECTS.filter(({ byteOrder }) => byteOrder === 'big').flatMap(({ cpu }) => covered(cpu)).length,
    ).toBe(INSTRUCTIONS.filter(({ row }) => !(row.mnemonic in NOT_IN_BINUTILS)).length);
  });

  test.each(DIALECTS)('objdump prints what we print: $cpu, $byteOrder-endian', (dialect) => {
    const { words, owners } = samples(dialect.cpu);
    const theirs = gnuDisassemble(words, dialect);
    const differences = disassemble(words, 0n, { decoder: decoderFor(dialect) }).flatMap(
      ({ address, text }) => {
        const found = theirs.get(Number(address));
        const word = words[Number(address) / 4]!.toString(16);
        return text === found
          ? []
          : [`${owners[Number(address) / 4]} ${word}: ours "${text}", theirs "${found}"`];
      },
    );
    expect(differences.slice(0, 40)).toEqual([]);
  });

  test.each(DIALECTS)('GNU as makes the same bytes of our text: $cpu, $byteOrder-endian', (dialect) => {
    const { words, owners } = samples(dialect.cpu);
    const lines = disassemble(words, 0n, { decoder: decoderFor(dialect) });
    const source = lines
      .map(({ text, address }) =>
        refusedByGnuAs(text, dialect) ? `.long ${words[Number(address) / 4]! >>> 0}` : forGnu(text, address),
      )
      .join('\n');
    const theirs = wordsOf(gnuAssemble(`${source}\n`, dialect), dialect);
    const ours = wordsOf(
      assemble(lines.map(({ text }) => text).join('\n'), { byteOrder: dialect.byteOrder }).bytes,
      dialect,
    );
    const differences = words.flatMap((word, i) =>
      theirs[i] === word && ours[i] === word
        ? []
        : [
            `${owners[i]} ${word.toString(16)}: GNU ${theirs[i]?.toString(16)}, ours ${ours[i]?.toString(16)}`,
          ],
    );
    expect(differences.slice(0, 40)).toEqual([]);
    expect(theirs.length).toBe(words.length);
  });

  test.each(DIALECTS.slice(0, 2))(
    'GNU as makes the same bytes of a program: $byteOrder-endian',
    (dialect) => {
      // Numbers that are addresses become relocations in an object: GNU as gets them as distances.
      const forObject = PROGRAM.replace('.long   label,', '.long   label - start,').replace(
        'start + 0x100000000',
        '0x100000000',
      );
      const ours = assemble(forObject, { byteOrder: dialect.byteOrder });
      expect(Buffer.from(gnuAssemble(forObject, dialect)).toString('hex')).toBe(
        Buffer.from(ours.bytes).toString('hex'),
      );
      expect(ours.bytes.length).toBe(0x402);
    },
  );

  test('GNU as makes the same bytes of every extended form', () => {
    const dialect: Dialect = { cpu: 'power10', byteOrder: 'big' };
    const forms = INSTRUCTIONS.flatMap((instruction, index) =>
      cpuOf(instruction.row) === dialect.cpu && !(instruction.row.mnemonic in NOT_IN_BINUTILS)
        ? syntaxesOf(index).filter((syntax) => !syntax.printOnly && !(syntax.mnemonic in NOT_IN_GNU_AS))
        : [],
    );
    expect(forms.filter((syntax) => formValues(syntax, SEED, 1).length === 0)).toEqual([]);
    const texts = forms
      .flatMap((syntax) => formValues(syntax, SEED, 6).map((values) => ({ syntax, values })))
      .filter(({ syntax, values }) => !refusedByGnuAs(textAt(syntax, values, 0), dialect))
      .map(({ syntax, values }, i) => textAt(syntax, values, i));
    const gnu = gnuAssemble(
      texts.map((text, i) => `${forGnu(text, BigInt(64 * i))}\n.balign 64\n`).join(''),
      dialect,
    );
    const ours = assemble(texts.map((text) => `${text}\n.balign 64\n`).join('')).bytes;
    const differences = texts.flatMap((text, i) => {
      const [a, b] = [gnu, ours].map((bytes) => Buffer.from(bytes.slice(64 * i, 64 * i + 8)).toString('hex'));
      return a === b ? [] : [`${text}: GNU ${a}, ours ${b}`];
    });
    expect(differences.slice(0, 40)).toEqual([]);
    expect(gnu.length).toBe(ours.length);
    expect(texts.length).toBeGreaterThan(2000);
  });
});

const PROGRAM = String.raw`
        .machine power10
        .set    STACK, 0x8000
        size = end - start
        .macro  LOAD64 reg, value
        lis     \reg, (\value)@highest
        ori     \reg, \reg, (\value)@higher
        rldicr  \reg, \reg, 32, 31
        oris    \reg, \reg, (\value)@h
        ori     \reg, \reg, (\value)@l
        .endm
        .macro  SAVE first, last=31, base=%r1
        .if     \first <= \last
        std     \first, 8*\first(\base)
        SAVE    "(\first+1)", \last, \base
        .endif
        .endm
        .text
start:  LOAD64  r3, 0x123456789abcdef0
        LOAD64  %r4, end /* forward */ - start
        SAVE    29
1:      addi    r3, r3, STACK@l     # low part
        addis   r3, r3, (STACK + 0x18000)@ha
        bdnz    1b ; b 2f
        .p2align 4
        .balign 64
        .skip   60
label:  pld     r5, 8(r6)
        pli     r7, -5
2:      cmpw    cr7, %r3, %r4
        bgt+    cr7, 1b
        crset   4*cr7+eq
        mtspr   srr0, r3
        mtcrf   0x3c, r9
        twi     31, r0, 0
        rlwinm  r5, r6, 0, 0x00ff0000
        rlwinm  r5, r6, 3, 0xf000000f
        .long   label, label - ., . - start, 7|8+1, ~0, 1<<4, -7/2, 'A, size
        .rept   3
        .byte   0x10, 'b', '\n'
        .endr
        .ascii  "no end", "x\0\101\x41\\\""
        .asciz  "end"
        .balign 4, 0xee
        .irp    value, 1, 2, 0x30
        .short  \value
        .endr
        .fill   3, 4, 0x1234
        .quad   start + 0x100000000, STACK == 0x8000
        .ifdef  STACK
        .hword  1
        .else
        .hword  2
        .endif
        .ifndef NOTHING
        .hword  3
        .endif
        .org    0x400
        .if     STACK > 0x10000
        .hword  4
        .elseif STACK == 0x8000
        .hword  5
        .endif
end:
`;

/** Rows of one dialect: those that power8 lost are not in power10, nor the other way round. */
function decoderFor({ cpu }: Dialect) {
  return createDecoder((row) => cpuOf(row) === cpu || cpu === 'power8');
}

/** The text of the i-th form: each is at the beginning of 64 bytes of its own. */
const textAt = (syntax: Syntax, values: Values, i: number): string =>
  syntaxText(syntax, values, { address: BigInt(64 * i), options: {} }).replace(/\t#.*/, '');
