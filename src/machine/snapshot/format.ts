/**
 * The file format of snapshots: the complete state of a machine, so that a run can go on from it elsewhere. Pure
 * functions over bytes; who calls them brings the compressor.
 *
 * All numbers big-endian:
 *
 * | bytes | what |
 * |---|---|
 * | 0..7 | magic `book3sSN` |
 * | 8..11 | version |
 * | 12..15 | length of the description |
 * | 16..23 | length of the whole file |
 * | 24.. | description, JSON: machine, model, memory size, CPUs' registers, devices |
 * | then | pages that are not zero, in order: number (4 bytes), compressed length (4 bytes), compressed bytes |
 * | last 4 | CRC-32 of all before |
 */
import { UserError } from '../../core/errors';
import { StateReader, type Json } from '../../core/saved-state';
import { crc32 } from './crc32';

/** Raised whenever a snapshot of an older version could not be understood, registers included. */
export const SNAPSHOT_VERSION = 2;
/** Unit in which memory is saved, in bytes. */
export const SNAPSHOT_PAGE = 65536;

const MAGIC = Uint8Array.from('book3sSN', (c) => c.charCodeAt(0));
const AT = { version: 8, descriptionLength: 12, fileLength: 16, description: 24 } as const;
const RECORD_HEADER = 8;
const CHECKSUM = 4;
const WORD = 4;
/** More memory than any machine has. */
const MAX_MEMORY = 2 ** 32;
const MAX_CPUS = 1024;

/** Compresses pages. Lossless; `decompress` throws, or gives more or fewer bytes, for anything else than its output. */
export interface Compressor {
  compress(bytes: Uint8Array): Uint8Array;
  /** @param limit more bytes than this must not be produced: throw instead */
  decompress(bytes: Uint8Array, limit: number): Uint8Array;
}

/** What a snapshot says, without the memory's contents. */
export interface SnapshotDescription {
  readonly machine: string;
  readonly model: string;
  /** Bytes of real memory. */
  readonly memorySize: number;
  /** Bytes of memory that were asked for: all of it, or what the guest of a built-in hypervisor has. */
  readonly guestMemory: number;
  /** Architected registers of each CPU by slot name (see `saveRegisters`). */
  readonly cpus: readonly Json[];
  /** Whether the guest of a built-in hypervisor may be a hypervisor (`--nested`); null where there is none. */
  readonly nested: string | null;
  /** Contents of the architected lookaside buffers of each CPU; null where accesses do not go through them. */
  readonly tlb: readonly Json[];
  /** State of each device by name. */
  readonly devices: Json;
  /** What the machine itself keeps: whose turn it is, which CPUs run. */
  readonly scheduler: Json;
}

export interface Snapshot extends SnapshotDescription {
  /** Fills all of `target`, which has `memorySize` bytes. */
  copyMemory(target: Uint8Array): void;
  /** The bytes from a host real address; the range lies within memory. */
  readMemory(address: number, length: number): Uint8Array;
}

/** Nearly all pages of a large memory are: looked at by words. */
function isZero(page: Uint8Array): boolean {
  const aligned = page.byteOffset % WORD === 0 && page.length % WORD === 0;
  const words = aligned ? new Int32Array(page.buffer, page.byteOffset, page.length / WORD) : page;
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** The snapshot as a file. `memory` is all of real memory. */
export function encodeSnapshot(
  state: Omit<SnapshotDescription, 'memorySize'>,
  memory: Uint8Array,
  compressor: Compressor,
): Uint8Array {
  const { machine, model, guestMemory, nested, cpus, tlb, devices, scheduler } = state;
  const description = new TextEncoder().encode(
    JSON.stringify({
      machine,
      model,
      memorySize: memory.length,
      guestMemory,
      nested,
      cpus,
      tlb,
      devices,
      scheduler,
    }),
  );
  const records: { page: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < memory.length; at += SNAPSHOT_PAGE) {
    const page = memory.subarray(at, at + SNAPSHOT_PAGE);
    if (!isZero(page)) records.push({ page: at / SNAPSHOT_PAGE, bytes: compressor.compress(page) });
  }
  const payload = records.reduce((sum, { bytes }) => sum + RECORD_HEADER + bytes.length, 0);
  const file = new Uint8Array(AT.description + description.length + payload + CHECKSUM);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(AT.version, SNAPSHOT_VERSION);
  view.setUint32(AT.descriptionLength, description.length);
  view.setBigUint64(AT.fileLength, BigInt(file.length));
  file.set(description, AT.description);
  let at = AT.description + description.length;
  for (const { page, bytes } of records) {
    view.setUint32(at, page);
    view.setUint32(at + 4, bytes.length);
    file.set(bytes, at + RECORD_HEADER);
    at += RECORD_HEADER + bytes.length;
  }
  view.setUint32(at, crc32(file.subarray(0, at)));
  return file;
}

/**
 * Reads a snapshot.
 * @param name the file as the user named it, for messages
 * @throws UserError for anything that is not a complete, undamaged snapshot of this version
 */
export function decodeSnapshot(name: string, file: Uint8Array, compressor: Compressor): Snapshot {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = checkFrame(name, file, view);
  const end = AT.description + length;
  const description = readDescription(name, file.subarray(AT.description, end));
  const pages = readPages(name, file.subarray(end, file.length - CHECKSUM), description.memorySize);
  const { memorySize } = description;
  const pageBytes = (page: number): Uint8Array => {
    const size = Math.min(SNAPSHOT_PAGE, memorySize - page * SNAPSHOT_PAGE);
    const packed = pages.get(page);
    return packed ? unpack(name, compressor, { page, packed, size }) : new Uint8Array(size);
  };
  return {
    ...description,
    copyMemory(target) {
      target.fill(0);
      for (const page of pages.keys()) target.set(pageBytes(page), page * SNAPSHOT_PAGE);
    },
    readMemory(address, bytes) {
      const out = new Uint8Array(bytes);
      for (let at = address; at < address + bytes;) {
        const page = Math.floor(at / SNAPSHOT_PAGE);
        const from = at - page * SNAPSHOT_PAGE;
        const piece = pageBytes(page).subarray(from, from + address + bytes - at);
        out.set(piece, at - address);
        at += piece.length;
      }
      return out;
    },
  };
}

/** Magic, version, length and checksum. Returns the length of the description. */
function checkFrame(name: string, file: Uint8Array, view: DataView): number {
  if (!MAGIC.every((byte, i) => file[i] === byte))
    throw new UserError(`${name}: not a snapshot: expected the magic "book3sSN" at offset 0x0`);
  const least = AT.description + CHECKSUM;
  if (file.length < least)
    throw new UserError(
      `${name}: truncated: expected at least ${least} bytes, found ${file.length}; save it again`,
    );
  const version = view.getUint32(AT.version);
  if (version !== SNAPSHOT_VERSION)
    throw new UserError(
      `${name}: expected version ${SNAPSHOT_VERSION} at offset 0x8, found ${version}; use the book3s that saved it`,
    );
  const total = view.getBigUint64(AT.fileLength);
  if (total !== BigInt(file.length))
    throw new UserError(
      `${name}: ${total > file.length ? 'truncated' : 'damaged'}: expected ${total} bytes, found ${file.length}; save it again`,
    );
  const at = file.length - CHECKSUM;
  if (crc32(file.subarray(0, at)) !== view.getUint32(at))
    throw new UserError(
      `${name}: damaged: the checksum at offset 0x${at.toString(16)} does not match; save it again`,
    );
  const length = view.getUint32(AT.descriptionLength);
  if (AT.description + length > at)
    throw new UserError(`${name}: damaged: the description at offset 0x18 does not end within the file`);
  return length;
}

function readDescription(name: string, bytes: Uint8Array): SnapshotDescription {
  let json: Json;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch {
    throw new UserError(`${name}: damaged: the description at offset 0x18 is not JSON`);
  }
  const reader = new StateReader(name, json);
  const cpus = reader.required('cpus');
  if (!Array.isArray(cpus) || cpus.length < 1 || cpus.length > MAX_CPUS)
    throw new UserError(`${name}.cpus: expected an array of 1 to ${MAX_CPUS} CPUs; the snapshot is damaged`);
  const description = {
    machine: reader.text('machine', 64),
    model: reader.text('model', 64),
    memorySize: reader.integer('memorySize', 1, MAX_MEMORY),
    guestMemory: reader.integer('guestMemory', 1, MAX_MEMORY),
    cpus: cpus as readonly Json[],
    nested: reader.any('nested') === null ? null : reader.text('nested', 64),
    tlb: reader.list('tlb', cpus.length),
    devices: reader.required('devices'),
    scheduler: reader.required('scheduler'),
  };
  reader.done();
  return description;
}

/** The compressed pages by number: in ascending order, each within memory. */
function readPages(name: string, bytes: Uint8Array, memorySize: number): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pages = new Map<number, Uint8Array>();
  let last = -1;
  for (let at = 0; at < bytes.length;) {
    const fits = at + RECORD_HEADER <= bytes.length;
    const page = fits ? view.getUint32(at) : -1;
    const end = fits ? at + RECORD_HEADER + view.getUint32(at + 4) : Infinity;
    if (end > bytes.length || page <= last || page * SNAPSHOT_PAGE >= memorySize)
      throw new UserError(`${name}: damaged: page record ${pages.size} (number ${page}) is out of place`);
    pages.set(page, bytes.subarray(at + RECORD_HEADER, end));
    last = page;
    at = end;
  }
  return pages;
}

function unpack(
  name: string,
  compressor: Compressor,
  { page, packed, size }: { page: number; packed: Uint8Array; size: number },
): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = compressor.decompress(packed, size);
  } catch {
    bytes = undefined;
  }
  if (bytes?.length !== size)
    throw new UserError(
      `${name}: damaged: the memory page at 0x${(page * SNAPSHOT_PAGE).toString(16)} cannot be decompressed to ${size} bytes`,
    );
  return bytes;
}
