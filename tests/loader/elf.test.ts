/** ELF64 images: what is read, and every way in which a file can be wrong. */
import { UserError } from '../../src/core/errors';
import { placeImage, readElf, readImage, type Image } from '../../src/loader';
import { EHDR, EI, ET, PHDR, SHDR, STT, SYM } from '../../src/loader/elf/format';
import { buildElf, SECTION, type BuiltElf, type ElfSpec } from '../support/elf-builder';

const CODE = Uint8Array.of(0x48, 0, 0, 0, 1, 2, 3, 4);
const BASE: ElfSpec = {
  entry: 0x10004n,
  segments: [
    { vaddr: 0x20000n, data: Uint8Array.of(9, 8, 7), memsz: 0x100n, flags: 6 },
    { vaddr: 0x10000n, data: CODE, flags: 5 },
  ],
  symbols: [
    { name: 'start', value: 0x10000n, size: 4n },
    { name: 'rest', value: 0x10004n },
    { name: 'bss', value: 0x20010n, size: 0x10n, type: STT.OBJECT },
  ],
};
const read = (spec: Partial<ElfSpec>, options = {}): Image =>
  readElf('t.elf', buildElf({ ...BASE, ...spec }).bytes, options);

describe.each(['big', 'little'] as const)('an ELF64 file, %s-endian', (endian) => {
  it('gives its segments in order of address, its entry and its byte order', () => {
    const image = read({ endian });
    expect(image.endian).toBe(endian);
    expect(image.format).toBe('elf64');
    expect(image.entry).toBe(0x10004n);
    expect(image.segments.map(({ address, size }) => [address, size])).toEqual([
      [0x10000n, 8n],
      [0x20000n, 0x100n],
    ]);
    expect([...image.segments[0]!.data]).toEqual([...CODE]);
    expect(image.segments.map(({ read, write, execute }) => [read, write, execute])).toEqual([
      [true, false, true],
      [true, true, false],
    ]);
  });

  it('names addresses by the nearest symbol that covers them', () => {
    const { symbols } = read({ endian });
    expect(symbols.symbolAt(0x10000n)).toEqual({ name: 'start', offset: 0n });
    expect(symbols.symbolAt(0x10003n)).toEqual({ name: 'start', offset: 3n });
    expect(symbols.format(0x10006n)).toBe('rest+0x2');
    expect(symbols.format(0x20010n)).toBe('bss');
    expect(symbols.addressOf('bss')).toBe(0x20010n);
    expect(symbols.addressOf('nowhere')).toBeUndefined();
  });

  it('does not name what no symbol covers', () => {
    const { symbols } = read({ endian });
    expect(symbols.symbolAt(0xffffn)).toBeUndefined();
    expect(symbols.symbolAt(0x10008n)).toBeUndefined();
    expect(symbols.symbolAt(0x20020n)).toBeUndefined();
    expect(symbols.symbolAt(0xffff_ffff_ffff_ffffn)).toBeUndefined();
  });

  it('resolves ELFv1 function descriptors for symbols and entry', () => {
    const { writer } = buildElf({ ...BASE, endian });
    const opd = new Uint8Array(48);
    const view = new DataView(opd.buffer);
    view.setBigUint64(0, 0x10000n, writer.little);
    view.setBigUint64(8, 0x28000n, writer.little);
    const image = read({
      endian,
      flags: 1,
      entry: 0x20000n,
      opd: { address: 0x20000n, data: opd },
      symbols: [
        { name: 'fn', value: 0x20000n, size: 8n },
        { name: 'unresolved', value: 0x20018n },
        { name: 'descriptor', value: 0x20000n, type: STT.OBJECT },
      ],
    });
    expect(image.entry).toBe(0x10000n);
    expect(image.toc).toBe(0x28000n);
    expect(image.symbols.format(0x10000n)).toBe('fn');
    expect(image.symbols.format(0x20000n)).toBe('descriptor');
    expect(image.symbols.format(0x20018n)).toBe('unresolved');
  });
});

it('does not take .opd for descriptors when e_flags says ELFv2', () => {
  const image = read({
    flags: 2,
    entry: 0x20000n,
    opd: { address: 0x20000n, data: new Uint8Array(24).fill(4) },
  });
  expect(image.entry).toBe(0x20000n);
  expect(image.toc).toBeUndefined();
});

it('loads at physical addresses, ignores EA[0:3] of them, and translates the entry', () => {
  const vaddr = 0xc000_0000_0001_0000n;
  const low = read({ entry: vaddr + 4n, segments: [{ vaddr, paddr: 0x3000n, data: CODE }] });
  expect(low.segments[0]).toMatchObject({ address: 0x3000n, effective: vaddr });
  expect(low.entry).toBe(0x3004n);
  const same = read({ entry: vaddr, segments: [{ vaddr, data: CODE }] });
  expect(same.entry).toBe(0x10000n);
});

it('moves a position-independent image with its entry, symbols and TOC', () => {
  const spec = { type: ET.DYN, segments: [{ vaddr: 0x100n, data: CODE }], entry: 0x104n };
  const symbols = [{ name: 'f', value: 0x104n }];
  const image = read({ ...spec, symbols }, { loadAddress: 0x40_0000n });
  expect(image.segments[0]!.address).toBe(0x40_0000n);
  expect(image.entry).toBe(0x40_0004n);
  expect(image.symbols.format(0x40_0005n)).toBe('f+0x1');
  expect(read({ ...spec, symbols }).entry).toBe(0x104n);
});

it('puts a position-independent image on the base of the machine, unless the user says where, and no other', () => {
  const spec = { type: ET.DYN, segments: [{ vaddr: 0x100n, data: CODE }], entry: 0x104n };
  const base = 0x40_0000n;
  const symbols = [{ name: 'f', value: 0x104n }];
  const image = read({ ...spec, symbols }, { base });
  expect([image.segments[0]!.address, image.entry]).toEqual([base + 0x100n, base + 0x104n]);
  expect(image.symbols.format(base + 0x104n)).toBe('f');
  expect(read(spec, { base, loadAddress: 0x2000n }).entry).toBe(0x2004n);
  expect(read(spec, { base, entry: 0x8n }).entry).toBe(0x8n);
  expect(read({}, { base }).entry).toBe(0x10004n);
});

it('takes the entry that the user gives, wherever the file has its own', () => {
  expect(read({ entry: 0n }, { entry: 0x20n }).entry).toBe(0x20n);
});

it('reads a file without sections, and one whose symbols are only .dynsym', () => {
  const plain = { entry: BASE.entry, segments: BASE.segments };
  expect(readElf('t', buildElf(plain).bytes).symbols.length).toBe(0);
  const dynamic = buildElf(BASE);
  dynamic.writer.set(dynamic.shdr[SECTION.symtab]!, SHDR.type, 11);
  expect(readElf('t', dynamic.bytes).symbols.format(0x10000n)).toBe('start');
});

it('shows the global function of several names, and no section, file, absolute, undefined or nameless symbol', () => {
  const at = 0x10000n;
  const { symbols } = read({
    symbols: [
      { name: 'local', value: at, binding: 0 },
      { name: 'global', value: at },
      { name: 'label', value: at, type: STT.NOTYPE },
      { name: 'section', value: at + 1n, type: 3 },
      { name: 'file', value: at + 2n, type: 4 },
      { name: 'absolute', value: at + 3n, shndx: 0xfff1 },
      { name: 'undefined', value: at + 4n, shndx: 0 },
      { name: '', value: at + 5n },
    ],
  });
  expect(symbols.length).toBe(1);
  expect(symbols.format(at)).toBe('global');
  expect(symbols.addressOf('local')).toBe(at);
});

it('reads section counts and indexes that are in section 0', () => {
  const elf = buildElf(BASE);
  elf.writer.all(0, EHDR, { shnum: 0, shstrndx: 0xffff });
  elf.writer.all(elf.shdr[0]!, SHDR, { size: 4, link: SECTION.shstrtab });
  expect(readElf('t', elf.bytes).symbols.length).toBe(3);
});

describe('a wrong file is refused with what, where, expected, found and what to do', () => {
  const H = EHDR;
  const refused: [string, (e: BuiltElf) => Uint8Array | void, RegExp][] = [
    ['32-bit', (e) => void (e.bytes[EI.CLASS] = 1), /EI_CLASS at offset 0x4: expected 2 \(64-bit\), found 1; build/],
    ['no byte order', (e) => void (e.bytes[EI.DATA] = 3), /EI_DATA at offset 0x5: expected 1 .* found 3/],
    ['EI_VERSION', (e) => void (e.bytes[EI.VERSION] = 0), /EI_VERSION at offset 0x6: expected 1, found 0/],
    ['cut in e_ident', (e) => e.bytes.subarray(0, 4), /EI_CLASS .* found the end of the file/],
    ['cut in the header', (e) => e.bytes.subarray(0, 63), /ELF header at offset 0x3f: expected 64 bytes, found the end/],
    ['other machine', (e) => e.writer.set(0, H.machine, 62), /e_machine at offset 0x12: expected 21 .* found 62; build/],
    ['object file', (e) => e.writer.set(0, H.type, 1), /e_type at offset 0x10: .* found ET_REL.*; link it first/],
    ['unknown type', (e) => e.writer.set(0, H.type, 77), /e_type .* found 77/],
    ['e_version', (e) => e.writer.set(0, H.version, 2), /e_version at offset 0x14: expected 1, found 2/],
    ['no program header', (e) => e.writer.set(0, H.phnum, 0), /e_phnum at offset 0x38: .* found 0/],
    ['PN_XNUM', (e) => e.writer.set(0, H.phnum, 0xffff), /e_phnum .* found 65535/],
    ['e_phentsize', (e) => e.writer.set(0, H.phentsize, 32), /e_phentsize at offset 0x36: expected 56, found 32/],
    ['headers outside', (e) => e.writer.set(0, H.phoff, 1n << 40n), /program header table at offset 0x20: .*truncated/],
    ['too many headers', (e) => e.writer.set(0, H.phnum, 60000), /program header table .* bytes, found 0x40 \+ 0x/],
    ['no PT_LOAD', (e) => e.phdr.forEach((p) => e.writer.set(p, PHDR.type, 4)), /a PT_LOAD with contents, found none/],
    ['empty PT_LOADs', (e) => e.phdr.forEach((p) => e.writer.all(p, PHDR, { filesz: 0, memsz: 0 })), /found none/],
    ['filesz > memsz', (e) => e.writer.set(e.phdr[0]!, PHDR.memsz, 1), /p_filesz of program header 0 .* at most p_memsz 0x1, found 0x3/],
    ['contents outside', (e) => e.writer.set(e.phdr[1]!, PHDR.offset, 1n << 63n), /contents of program header 1 .*truncated/],
    ['real address wraps', (e) => e.writer.set(e.phdr[0]!, PHDR.memsz, (1n << 64n) - 1n), /p_memsz of program header 0/],
    ['effective address wraps', (e) => e.writer.set(e.phdr[1]!, PHDR.vaddr, (1n << 64n) - 4n), /p_vaddr of program header 1/],
    ['overlap', (e) => e.writer.set(e.phdr[0]!, PHDR.paddr, 0x10004n), /segments overlap: 0x10000 \+ 0x8 reaches into the one at 0x10004/],
    ['entry nowhere', (e) => e.writer.set(0, H.entry, 0x500n), /e_entry at offset 0x18: .* found 0x500; give one with --entry/],
    ['odd entry', (e) => e.writer.set(0, H.entry, 0x10002n), /entry 0x10002 is not a multiple of 4/],
    ['sections outside', (e) => e.writer.set(0, H.shoff, 1n << 50n), /section header table at offset 0x28/],
    ['e_shentsize', (e) => e.writer.set(0, H.shentsize, 40), /e_shentsize at offset 0x3a: expected 64, found 40/],
    ['too many sections', (e) => e.writer.set(0, H.shnum, 50000), /section header table/],
    ['e_shstrndx', (e) => e.writer.set(0, H.shstrndx, 9), /e_shstrndx at offset 0x3e: expected below 4, found 9/],
    ['section names outside', (e) => e.writer.set(e.shdr[3]!, SHDR.offset, 1n << 33n), /section header 3/],
    ['sh_entsize', (e) => e.writer.set(e.shdr[1]!, SHDR.entsize, 16), /sh_entsize of section header 1 .* expected 24, found 0x10/],
    ['sh_link', (e) => e.writer.set(e.shdr[1]!, SHDR.link, 1), /sh_link of section header 1 .* string table, found 1/],
    ['symbols outside', (e) => e.writer.set(e.shdr[1]!, SHDR.size, 1n << 60n), /section header 1/],
    ['symbol names outside', (e) => e.writer.set(e.shdr[2]!, SHDR.size, 1n << 60n), /section header 2/],
  ]; // prettier-ignore
  it.each(refused)('%s', (_, damage, message) => {
    const elf = buildElf(BASE);
    const bytes = damage(elf) ?? elf.bytes;
    expect(() => readElf('t.elf', bytes)).toThrow(UserError);
    expect(() => readElf('t.elf', bytes)).toThrow(message);
    expect(() => readElf('t.elf', bytes)).toThrow(/^t\.elf: /);
  });

  it('fixed addresses are not moved', () => {
    expect(() => read({}, { loadAddress: 0n })).toThrow(
      /--load-addr 0x0: .* fixed addresses from 0x10000; leave/,
    );
    expect(read({}, { loadAddress: 0x10000n }).entry).toBe(0x10004n);
  });

  it('bytes that are not ELF', () => {
    expect(() => readElf('t', Uint8Array.of(1, 2, 3, 4, 5))).toThrow(
      /ELF magic at offset 0x0: expected 127, found 1/,
    );
  });
});

it('bounds the names of a hostile string table', () => {
  const elf = buildElf({ ...BASE, symbols: [{ name: 'x'.repeat(100_000), value: 0x10000n }] });
  expect(readElf('t', elf.bytes).symbols.format(0x10000n)!.length).toBe(4096);
  elf.writer.set(elf.sym[0]!, SYM.name, 0xffff_fff0);
  expect(readElf('t', elf.bytes).symbols.length).toBe(0);
});

it('chooses the format by the magic', () => {
  expect(readImage('t', buildElf(BASE).bytes).format).toBe('elf64');
  expect(readImage('t', Uint8Array.of(0x7f, 0x45)).format).toBe('raw');
});

it('places data and zeroes what follows it', () => {
  const memory = new Uint8Array(0x20100).fill(0xff);
  placeImage(read({}), memory);
  expect([...memory.subarray(0x10000, 0x10009)]).toEqual([...CODE, 0xff]);
  expect([...memory.subarray(0x20000, 0x20004)]).toEqual([9, 8, 7, 0]);
  expect(memory.subarray(0x20003).every((b) => b === 0)).toBe(true);
});

it('writes nothing when a segment does not fit', () => {
  const memory = new Uint8Array(0x200ff);
  expect(() => placeImage(read({}), memory)).toThrow(
    /t\.elf: 256 bytes at 0x20000 do not fit into 131327 bytes of memory; .* found 0x20100: .*-m/,
  );
  expect(memory.every((b) => b === 0)).toBe(true);
});
