/** Builds ELF64 files for tests, member by member, so that each one can also be set wrong. */
import {
  EHDR, EHDR_SIZE, ELFCLASS64, ELFDATA, EM_PPC64, ET, EV_CURRENT, MAGIC, PHDR, PHDR_SIZE, PT_LOAD, SHDR, SHDR_SIZE, SHT,
  STT, SYM, SYM_SIZE, type Member,
} from '../../src/loader/elf/format'; // prettier-ignore

export interface SegmentSpec {
  vaddr: bigint;
  paddr?: bigint;
  data: Uint8Array;
  memsz?: bigint;
  flags?: number;
  type?: number;
}

export interface SymbolSpec {
  name: string;
  value: bigint;
  size?: bigint;
  type?: number;
  binding?: number;
  shndx?: number;
}

export interface ElfSpec {
  endian?: 'big' | 'little';
  type?: number;
  flags?: number;
  entry: bigint;
  segments: SegmentSpec[];
  symbols?: SymbolSpec[];
  /** Contents of a section `.opd` at this address. */
  opd?: { address: bigint; data: Uint8Array };
}

type Shape = Record<string, Member>;

/** Writes members of structures in one byte order. */
class ElfWriter {
  readonly view: DataView;
  constructor(
    readonly bytes: Uint8Array,
    readonly little: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  set(at: number, member: Member, value: bigint | number): void {
    const [offset, v] = [at + member.at, BigInt.asUintN(64, BigInt(value))];
    if (member.size === 8) this.view.setBigUint64(offset, v, this.little);
    else if (member.size === 4) this.view.setUint32(offset, Number(v), this.little);
    else if (member.size === 2) this.view.setUint16(offset, Number(v), this.little);
    else this.view.setUint8(offset, Number(v));
  }

  all<S extends Shape>(at: number, shape: S, values: Partial<Record<keyof S, bigint | number>>): void {
    for (const [name, value] of Object.entries(values)) this.set(at, shape[name]!, value as bigint | number);
  }
}

/** A string table and the offset of each string. */
function strings(names: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  const bytes = [0];
  const offsets = names.map((name) => {
    const at = bytes.length;
    bytes.push(...Buffer.from(name, 'latin1'), 0);
    return at;
  });
  return { bytes: Uint8Array.from(bytes), offsets };
}

export interface BuiltElf {
  bytes: Uint8Array;
  writer: ElfWriter;
  /** File offset of each program header, section header and symbol. */
  phdr: number[];
  shdr: number[];
  sym: number[];
}

/** Sections, in order: null, .symtab, .strtab, .shstrtab and, where asked for, .opd. */
export const SECTION = { symtab: 1, strtab: 2, shstrtab: 3, opd: 4 } as const;

export function buildElf(spec: ElfSpec): BuiltElf {
  const names = strings((spec.symbols ?? []).map(({ name }) => name));
  const sectionNames = strings(['.symtab', '.strtab', '.shstrtab', '.opd']);
  const symtabSize = ((spec.symbols?.length ?? 0) + 1) * SYM_SIZE;
  let end = EHDR_SIZE + spec.segments.length * PHDR_SIZE;
  const place = (size: number): number => {
    const at = Math.ceil(end / 8) * 8;
    end = at + size;
    return at;
  };
  const data = spec.segments.map((s) => place(s.data.length));
  const withSections = spec.symbols !== undefined || spec.opd !== undefined;
  const at = {
    symtab: withSections ? place(symtabSize) : 0,
    strtab: withSections ? place(names.bytes.length) : 0,
    shstrtab: withSections ? place(sectionNames.bytes.length) : 0,
    opd: spec.opd ? place(spec.opd.data.length) : 0,
  };
  const shnum = withSections ? 4 + (spec.opd ? 1 : 0) : 0;
  const shoff = withSections ? place(shnum * SHDR_SIZE) : 0;
  const bytes = new Uint8Array(end);
  const little = (spec.endian ?? 'big') === 'little';
  const writer = new ElfWriter(bytes, little);
  bytes.set([...MAGIC, ELFCLASS64, little ? ELFDATA.LSB : ELFDATA.MSB, EV_CURRENT]);
  writer.all(0, EHDR, {
    type: spec.type ?? ET.EXEC, machine: EM_PPC64, version: EV_CURRENT, entry: spec.entry, phoff: EHDR_SIZE, shoff,
    flags: spec.flags ?? 0, ehsize: EHDR_SIZE, phentsize: PHDR_SIZE, phnum: spec.segments.length,
    shentsize: withSections ? SHDR_SIZE : 0, shnum, shstrndx: withSections ? SECTION.shstrtab : 0,
  }); // prettier-ignore
  const phdr = spec.segments.map((s, i) => {
    const header = EHDR_SIZE + i * PHDR_SIZE;
    writer.all(header, PHDR, {
      type: s.type ?? PT_LOAD, flags: s.flags ?? 7, offset: data[i]!, vaddr: s.vaddr, paddr: s.paddr ?? s.vaddr,
      filesz: s.data.length, memsz: s.memsz ?? s.data.length,
    }); // prettier-ignore
    bytes.set(s.data, data[i]);
    return header;
  });
  if (!withSections) return { bytes, writer, phdr, shdr: [], sym: [] };
  bytes.set(names.bytes, at.strtab);
  bytes.set(sectionNames.bytes, at.shstrtab);
  if (spec.opd) bytes.set(spec.opd.data, at.opd);
  const section = (name: number, type: number, offset: number, size: number) => ({
    name: sectionNames.offsets[name]!, type, offset, size,
  }); // prettier-ignore
  const headers = [
    {},
    { ...section(0, SHT.SYMTAB, at.symtab, symtabSize), link: SECTION.strtab, entsize: SYM_SIZE },
    section(1, SHT.STRTAB, at.strtab, names.bytes.length),
    section(2, SHT.STRTAB, at.shstrtab, sectionNames.bytes.length),
    ...(spec.opd ? [{ ...section(3, 1, at.opd, spec.opd.data.length), addr: spec.opd.address }] : []),
  ];
  headers.forEach((h, i) => writer.all(shoff + i * SHDR_SIZE, SHDR, h));
  const sym = (spec.symbols ?? []).map((s, i) => {
    const entry = at.symtab + (i + 1) * SYM_SIZE;
    writer.all(entry, SYM, {
      name: names.offsets[i]!, info: ((s.binding ?? 1) << 4) | (s.type ?? STT.FUNC), shndx: s.shndx ?? 1,
      value: s.value, size: s.size ?? 0n,
    }); // prettier-ignore
    return entry;
  });
  return { bytes, writer, phdr, shdr: headers.map((_, i) => shoff + i * SHDR_SIZE), sym };
}
