/**
 * Layout of ELF64 as data (System V ABI, chapters 4 and 5; 64-bit ELF V2 ABI for Power, chapter 3): byte offset and
 * size of each member that the loader reads, and the values that it knows.
 */

/** A member of a structure: byte offset and size in bytes. */
export interface Member {
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
}

/** A member of 8 bytes. */
export type Doubleword = Member & { readonly size: 8 };

const half = (at: number): Member => ({ at, size: 2 });
const word = (at: number): Member => ({ at, size: 4 });
const xword = (at: number): Doubleword => ({ at, size: 8 });

export const EI = { CLASS: 4, DATA: 5, VERSION: 6, NIDENT: 16 } as const;
export const MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
export const ELFCLASS64 = 2;
export const ELFDATA = { LSB: 1, MSB: 2 } as const;
export const EV_CURRENT = 1;
export const EM_PPC64 = 21;
export const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;
export const ET_NAMES: readonly string[] = [
  'ET_NONE', 'ET_REL (an object file)', 'ET_EXEC', 'ET_DYN', 'ET_CORE (a core dump)',
]; // prettier-ignore
/** The ABI in e_flags: 0 unspecified, 1 with function descriptors, 2 without. */
export const EF_PPC64_ABI = 3;

export const EHDR_SIZE = 64;
export const EHDR = {
  type: half(16), machine: half(18), version: word(20), entry: xword(24), phoff: xword(32), shoff: xword(40),
  flags: word(48), ehsize: half(52), phentsize: half(54), phnum: half(56), shentsize: half(58), shnum: half(60),
  shstrndx: half(62),
} as const; // prettier-ignore

export const PHDR_SIZE = 56;
export const PHDR = {
  type: word(0), flags: word(4), offset: xword(8), vaddr: xword(16), paddr: xword(24), filesz: xword(32),
  memsz: xword(40),
} as const; // prettier-ignore
export const PT_LOAD = 1;
export const PF = { X: 1, W: 2, R: 4 } as const;
/** e_phnum of a file whose number of program headers does not fit. */
export const PN_XNUM = 0xffff;

export const SHDR_SIZE = 64;
export const SHDR = {
  name: word(0), type: word(4), addr: xword(16), offset: xword(24), size: xword(32), link: word(40), entsize: xword(56),
} as const; // prettier-ignore
export const SHT = { SYMTAB: 2, STRTAB: 3, NOBITS: 8, DYNSYM: 11 } as const;
export const SHN = { UNDEF: 0, LORESERVE: 0xff00, XINDEX: 0xffff } as const;

export const SYM_SIZE = 24;
export const SYM = {
  name: word(0), info: { at: 4, size: 1 }, shndx: half(6), value: xword(8), size: xword(16),
} as const; // prettier-ignore
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, GNU_IFUNC: 10 } as const;
export const STB_LOCAL = 0;

/** An ELFv1 function descriptor: entry address, TOC pointer, environment pointer. */
export const OPD = { entry: xword(0), toc: xword(8), size: 24 } as const;

/** A structure's byte offset, as a name for messages: `program header 2`. */
export interface Place {
  readonly at: number;
  readonly what: string;
}
