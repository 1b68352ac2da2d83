/**
 * Symbols of an ELF64 file, with the function descriptors of the ELFv1 ABI resolved: there a function's symbol is the
 * address of a descriptor in section `.opd`, whose first doubleword is the code's address.
 */
import { u64 } from '../../core/u64';
import { SymbolTable, type SymbolEntry } from '../symbols';
import { EF_PPC64_ABI, EHDR, OPD, SHN, SHT, STB_LOCAL, STT, SYM, SYM_SIZE, type Place } from './format';
import type { ElfReader } from './reader';
import { contents, stringAt, type Section } from './sections';

/** The descriptors of an ELFv1 file: what an address inside `.opd` stands for. */
export interface Descriptors {
  /** The function's address and its TOC pointer; undefined when `address` is not that of a descriptor. */
  resolve(address: bigint): { readonly entry: bigint; readonly toc: bigint } | undefined;
}

/** Longest symbol name that is shown. */
const MAX_SYMBOL_NAME = 4096;

/**
 * The descriptors, when e_flags has ABI 1, or does not say and the file has a section `.opd`. Descriptors that are
 * relocated at run time (zero in the file) stand for themselves.
 */
export function readDescriptors(reader: ElfReader, header: Place, sections: readonly Section[]): Descriptors {
  const abi = reader.number(header, EHDR.flags) & EF_PPC64_ABI;
  const opd = abi > 1 ? undefined : sections.find(({ name }) => name === '.opd');
  if (!opd) return { resolve: () => undefined };
  const length = BigInt(contents(reader, opd).length);
  const base = Number(opd.offset);
  return {
    resolve(address) {
      const offset = address - opd.address;
      if (offset < 0n || offset + BigInt(OPD.toc.at + 8) > length) return undefined;
      const entry = reader.doubleword(base + Number(offset) + OPD.entry.at);
      return entry === 0n ? undefined : { entry, toc: reader.doubleword(base + Number(offset) + OPD.toc.at) };
    },
  };
}

/** What the symbol reader needs besides the file. */
export interface SymbolContext {
  readonly descriptors: Descriptors;
  /** End of the segment that holds an effective address (as linked), or undefined. */
  readonly endOf: (address: bigint) => bigint | undefined;
  /** What is added to every address of a position-independent image. */
  readonly bias: bigint;
}

/** The symbols of `.symtab`, or of `.dynsym` where there is no other; empty for a stripped file. */
export function readSymbols(
  reader: ElfReader,
  sections: readonly Section[],
  context: SymbolContext,
): SymbolTable {
  const section =
    sections.find(({ type }) => type === SHT.SYMTAB) ?? sections.find(({ type }) => type === SHT.DYNSYM);
  if (!section) return SymbolTable.EMPTY;
  const { at, what } = section.place;
  if (section.entrySize !== BigInt(SYM_SIZE))
    reader.fail(`sh_entsize of ${what}`, at, String(SYM_SIZE), section.entrySize, 'the file is damaged');
  const strings = sections[section.link];
  if (strings?.type !== SHT.STRTAB)
    reader.fail(
      `sh_link of ${what}`,
      at,
      'the index of a string table',
      String(section.link),
      'the file is damaged',
    );
  const names = contents(reader, strings);
  const count = Math.floor(contents(reader, section).length / SYM_SIZE);
  const places = reader.table('symbol', at, section.offset, { count, size: SYM_SIZE });
  const entries = places.flatMap((place) => readSymbol(reader, place, context) ?? []);
  const named = entries.filter(({ key }) => names[key] !== undefined && names[key] !== 0);
  return new SymbolTable(named, (key) => stringAt(names, key, MAX_SYMBOL_NAME));
}

/** One symbol, unless it is undefined, absolute, or a section's or a file's. */
function readSymbol(reader: ElfReader, place: Place, context: SymbolContext): SymbolEntry | undefined {
  const shndx = reader.number(place, SYM.shndx);
  if (shndx === SHN.UNDEF || (shndx >= SHN.LORESERVE && shndx !== SHN.XINDEX)) return undefined;
  const info = reader.number(place, SYM.info);
  const type = info & 0xf;
  const isFunction = type === STT.FUNC || type === STT.GNU_IFUNC;
  if (!isFunction && type !== STT.NOTYPE && type !== STT.OBJECT) return undefined;
  const value = reader.xword(place, SYM.value);
  const address = (isFunction && context.descriptors.resolve(value)?.entry) || value;
  const size = reader.xword(place, SYM.size);
  const toEnd = (context.endOf(address) ?? address) - address;
  const isLocal = info >> 4 === STB_LOCAL;
  return {
    address: u64(address + context.bias),
    extent: size === 0n || size > toEnd ? toEnd : size,
    rank: (isFunction ? 2 : 0) + (isLocal ? 0 : 1),
    key: reader.number(place, SYM.name),
  };
}
