/**
 * ELF64 executables of Power, either byte order (System V ABI; 64-bit ELF V1 and V2 ABIs for Power). A file is data
 * from outside: whatever is wrong with it is a UserError that says where. Relocations are not applied: what runs on
 * bare metal (Linux, kvm-unit-tests) relocates itself.
 */
import { UserError } from '../../core/errors';
import { u64 } from '../../core/u64';
import { checkEntry, hexAddress, type Image, type ImageOptions, type Segment } from '../image';
import {
  EHDR, EHDR_SIZE, EI, ELFCLASS64, ELFDATA, EM_PPC64, ET, ET_NAMES, EV_CURRENT, MAGIC, PF, PHDR, PHDR_SIZE, PN_XNUM,
  PT_LOAD, type Place,
} from './format'; // prettier-ignore
import { ElfReader } from './reader';
import { readSections } from './sections';
import { readDescriptors, readSymbols, type Descriptors } from './symtab';

const REBUILD = 'the file is damaged: fetch or build it again';

/**
 * Real mode ignores EA[0:3] (Power ISA Book III, 6.7.3): a kernel whose physical addresses are 0xC000... is loaded
 * from 0.
 */
const REAL_ADDRESS_BITS = 60;
const realAddress = (address: bigint): bigint => BigInt.asUintN(REAL_ADDRESS_BITS, address);

/** True where the bytes begin as every ELF file does. */
export const isElf = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/**
 * Reads an ELF64 image.
 * @param options `loadAddress` moves position-independent images (ET_DYN) so that their lowest byte is there, `base`
 *   all of them by as much; `entry` replaces the file's
 * @throws UserError for every file that is not a complete 64-bit Power executable
 */
export function readElf(name: string, bytes: Uint8Array, options: ImageOptions = {}): Image {
  const reader = new ElfReader(name, bytes, checkIdent(name, bytes));
  const header: Place = { at: 0, what: 'ELF header' };
  const type = checkHeader(reader, header);
  const linked = readSegments(reader, header);
  const bias = loadBias(reader, { isDyn: type === ET.DYN, linked, options });
  const sections = readSections(reader, header);
  const descriptors = readDescriptors(reader, header, sections);
  const start = options.entry === undefined ? readEntry(reader, linked, { header, descriptors }) : undefined;
  const segments = linked.map((s) => ({
    ...s,
    address: s.address + bias,
    effective: u64(s.effective + bias),
  }));
  return {
    name,
    format: 'elf64',
    endian: reader.endian,
    segments,
    entry: checkEntry(name, options.entry ?? start!.address + bias),
    ...(start?.toc === undefined ? {} : { toc: u64(start.toc + bias) }),
    symbols: readSymbols(reader, sections, { descriptors, bias, endOf: (a) => endOf(linked, a) }),
  };
}

/** Class, byte order and version in e_ident. */
function checkIdent(name: string, bytes: Uint8Array): 'big' | 'little' {
  const fail = (what: string, at: number, expected: string, todo: string): never => {
    const found = bytes[at] === undefined ? 'the end of the file' : String(bytes[at]);
    throw new UserError(
      `${name}: ${what} at offset ${hexAddress(at)}: expected ${expected}, found ${found}; ${todo}`,
    );
  };
  MAGIC.forEach(
    (byte, i) => bytes[i] === byte || fail('ELF magic', i, String(byte), 'it is not an ELF file'),
  );
  if (bytes[EI.CLASS] !== ELFCLASS64)
    fail('EI_CLASS', EI.CLASS, `${ELFCLASS64} (64-bit)`, 'build it for ppc64 or ppc64le');
  const data = bytes[EI.DATA];
  if (data !== ELFDATA.LSB && data !== ELFDATA.MSB)
    fail('EI_DATA', EI.DATA, '1 (little) or 2 (big)', REBUILD);
  if (bytes[EI.VERSION] !== EV_CURRENT) fail('EI_VERSION', EI.VERSION, String(EV_CURRENT), REBUILD);
  if (bytes.length < EHDR_SIZE)
    fail('ELF header', bytes.length, `${EHDR_SIZE} bytes`, 'the file is truncated');
  return data === ELFDATA.LSB ? 'little' : 'big';
}

/** The rest of the header. Returns e_type, which is ET_EXEC or ET_DYN. */
function checkHeader(reader: ElfReader, header: Place): number {
  const member = (name: 'type' | 'machine' | 'version' | 'phentsize' | 'phnum'): number =>
    reader.number(header, EHDR[name]);
  const machine = member('machine');
  if (machine !== EM_PPC64)
    reader.fail(
      'e_machine',
      EHDR.machine.at,
      `${EM_PPC64} (EM_PPC64)`,
      String(machine),
      'build it for ppc64',
    );
  const type = member('type');
  if (type !== ET.EXEC && type !== ET.DYN)
    reader.fail(
      'e_type',
      EHDR.type.at,
      'ET_EXEC or ET_DYN',
      ET_NAMES[type] ?? String(type),
      type === ET.REL ? 'link it first' : 'give an executable',
    );
  const version = member('version');
  if (version !== EV_CURRENT)
    reader.fail('e_version', EHDR.version.at, String(EV_CURRENT), String(version), REBUILD);
  const count = member('phnum');
  if (count === 0 || count === PN_XNUM)
    reader.fail('e_phnum', EHDR.phnum.at, 'between 1 and 65534', String(count), 'there is nothing to load');
  const size = member('phentsize');
  if (size !== PHDR_SIZE)
    reader.fail('e_phentsize', EHDR.phentsize.at, String(PHDR_SIZE), String(size), REBUILD);
  return type;
}

/** The loadable segments at their linked addresses, in order of real address. */
function readSegments(reader: ElfReader, header: Place): Segment[] {
  const count = reader.number(header, EHDR.phnum);
  const shape = { count, size: PHDR_SIZE };
  const places = reader.table('program header', EHDR.phoff.at, reader.xword(header, EHDR.phoff), shape);
  const loads = places.filter((p) => reader.number(p, PHDR.type) === PT_LOAD);
  const segments = loads.map((p) => readSegment(reader, p)).filter(({ size }) => size > 0n);
  if (segments.length === 0)
    reader.fail(
      'program headers',
      reader.xword(header, EHDR.phoff),
      'a PT_LOAD with contents',
      'none',
      REBUILD,
    );
  segments.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  segments.forEach((segment, i) => {
    const before = segments[i - 1];
    if (before && before.address + before.size > segment.address)
      throw new UserError(
        `${reader.name}: segments overlap: ${hexAddress(before.address)} + ${hexAddress(before.size)} reaches into ` +
          `the one at ${hexAddress(segment.address)}; check the linker script's load addresses`,
      );
  });
  return segments;
}

function readSegment(reader: ElfReader, place: Place): Segment {
  const member = (name: 'offset' | 'vaddr' | 'paddr' | 'filesz' | 'memsz'): bigint =>
    reader.xword(place, PHDR[name]);
  const [offset, filesz, memsz] = [member('offset'), member('filesz'), member('memsz')];
  if (filesz > memsz)
    reader.fail(
      `p_filesz of ${place.what}`,
      place.at,
      `at most p_memsz ${hexAddress(memsz)}`,
      filesz,
      REBUILD,
    );
  const address = realAddress(member('paddr'));
  if (address + memsz > 1n << BigInt(REAL_ADDRESS_BITS))
    reader.fail(`p_memsz of ${place.what}`, place.at, 'an end within real addresses', memsz, REBUILD);
  const effective = member('vaddr');
  if (effective + memsz > 1n << 64n)
    reader.fail(`p_vaddr of ${place.what}`, place.at, 'an end within 2^64', effective, REBUILD);
  const flags = reader.number(place, PHDR.flags);
  return {
    address,
    effective,
    data: reader.range(`contents of ${place.what}`, place.at, offset, filesz),
    size: memsz,
    read: (flags & PF.R) !== 0,
    write: (flags & PF.W) !== 0,
    execute: (flags & PF.X) !== 0,
  };
}

/** How far a position-independent image moves. */
function loadBias(
  reader: ElfReader,
  { isDyn, linked, options }: { isDyn: boolean; linked: Segment[]; options: ImageOptions },
): bigint {
  const { loadAddress, base = 0n } = options;
  if (loadAddress === undefined) return isDyn ? base : 0n;
  const lowest = linked[0]!.address;
  if (!isDyn && loadAddress !== lowest)
    throw new UserError(
      `${reader.name}: --load-addr ${hexAddress(loadAddress)}: this ELF file is linked at fixed addresses from ` +
        `${hexAddress(lowest)}; leave the option out, or link it position-independent (-pie)`,
    );
  return loadAddress - lowest;
}

/** Real address of the entry as linked, through a function descriptor where the entry is one. */
function readEntry(
  reader: ElfReader,
  linked: readonly Segment[],
  { header, descriptors }: { header: Place; descriptors: Descriptors },
): { address: bigint; toc?: bigint } {
  const value = reader.xword(header, EHDR.entry);
  const descriptor = descriptors.resolve(value);
  const entry = descriptor?.entry ?? value;
  const home = segmentOf(linked, entry);
  if (!home)
    reader.fail('e_entry', EHDR.entry.at, 'an address in a PT_LOAD segment', entry, 'give one with --entry');
  const address = home.address + (entry - home.effective);
  return descriptor ? { address, toc: descriptor.toc } : { address };
}

const segmentOf = (linked: readonly Segment[], address: bigint): Segment | undefined =>
  linked.find(({ effective, size }) => address >= effective && address < effective + size);

function endOf(linked: readonly Segment[], address: bigint): bigint | undefined {
  const home = segmentOf(linked, address);
  return home && home.effective + home.size;
}
