/** The section table, as far as symbols and function descriptors need it. A file without sections is complete. */
import { EHDR, SHDR, SHDR_SIZE, SHN, SHT, type Place } from './format';
import type { ElfReader } from './reader';

export interface Section {
  readonly place: Place;
  readonly name: string;
  readonly type: number;
  /** Effective address as linked, 0 when it is not in memory. */
  readonly address: bigint;
  /** Byte offset of the contents in the file and their length; checked where the contents are used. */
  readonly offset: bigint;
  readonly size: bigint;
  /** Index of the related section: the string table of a symbol table. */
  readonly link: number;
  readonly entrySize: bigint;
}

/** Longest section name that is looked at: only a few short names mean anything here. */
const MAX_SECTION_NAME = 32;

const DAMAGED = 'the file is damaged: build it again, or strip its sections';

/** The NUL-terminated string at `offset` of a string table, at most `limit` bytes; '' outside the table. */
export function stringAt(table: Uint8Array, offset: number, limit: number): string {
  const stop = Math.min(table.length, offset + limit);
  let end = offset;
  while (end < stop && table[end] !== 0) end++;
  let text = '';
  for (let i = offset; i < end; i++) text += String.fromCharCode(table[i]!);
  return text;
}

/** The contents of a section in the file. */
export function contents(reader: ElfReader, section: Section): Uint8Array {
  if (section.type === SHT.NOBITS) return new Uint8Array(0);
  return reader.range(section.place.what, section.place.at, section.offset, section.size);
}

/** All sections; counts that do not fit the header are in section 0 (System V ABI, chapter 4). */
export function readSections(reader: ElfReader, header: Place): Section[] {
  const shoff = reader.xword(header, EHDR.shoff);
  if (shoff === 0n) return [];
  const size = reader.number(header, EHDR.shentsize);
  const where = header.at + EHDR.shoff.at;
  if (size !== SHDR_SIZE)
    reader.fail('e_shentsize', header.at + EHDR.shentsize.at, String(SHDR_SIZE), String(size), DAMAGED);
  const first = reader.table('section header', where, shoff, { count: 1, size })[0]!;
  const count = reader.number(header, EHDR.shnum) || reader.number(first, SHDR.size);
  const places = reader.table('section header', where, shoff, { count, size });
  const index = reader.number(header, EHDR.shstrndx);
  const strings = index === SHN.XINDEX ? reader.number(first, SHDR.link) : index;
  const sections = places.map((place) => readSection(reader, place));
  const table = strings === SHN.UNDEF ? undefined : sections[strings];
  if (strings !== SHN.UNDEF && !table)
    reader.fail('e_shstrndx', header.at + EHDR.shstrndx.at, `below ${count}`, String(strings), DAMAGED);
  if (!table) return sections;
  const bytes = contents(reader, table);
  return sections.map((s) => ({
    ...s,
    name: stringAt(bytes, reader.number(s.place, SHDR.name), MAX_SECTION_NAME),
  }));
}

function readSection(reader: ElfReader, place: Place): Section {
  return {
    place,
    name: '',
    type: reader.number(place, SHDR.type),
    address: reader.xword(place, SHDR.addr),
    offset: reader.xword(place, SHDR.offset),
    size: reader.xword(place, SHDR.size),
    link: reader.number(place, SHDR.link),
    entrySize: reader.xword(place, SHDR.entsize),
  };
}
