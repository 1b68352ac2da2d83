/**
 * What a program image is once it has been read: segments to place in real memory, an entry, symbols for traces.
 * Nothing here knows a file format; placing checks against the memory that the machine has.
 */
import { UserError } from '../core/errors';
import type { SymbolTable } from './symbols';

export type Endian = 'big' | 'little';

/** Bytes of the image that go to one range of host real memory. */
export interface Segment {
  /** Host real address of the first byte. */
  readonly address: bigint;
  /** Effective address that the program was linked for; equal to `address` where the format has only one. */
  readonly effective: bigint;
  /** The bytes from the file: a view of it, not a copy. */
  readonly data: Uint8Array;
  /** Bytes in memory, at least `data.length`; what follows the data is zero. */
  readonly size: bigint;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

export interface Image {
  /** The file as the user named it, for messages. */
  readonly name: string;
  readonly format: 'raw' | 'elf64';
  /** Byte order of the code; a raw image does not say. */
  readonly endian?: Endian;
  /** In order of address; none overlaps another. */
  readonly segments: readonly Segment[];
  /** Host real address of the first instruction, a multiple of 4. */
  readonly entry: bigint;
  /** Value of the TOC pointer (GPR 2) that the entry expects, where the entry is an ELFv1 function descriptor. */
  readonly toc?: bigint;
  /** Addresses are effective addresses, as linked (plus the load bias of position-independent images). */
  readonly symbols: SymbolTable;
}

/** Where the image goes; all are host real addresses. */
export interface ImageOptions {
  /** Where the user wants it. */
  readonly loadAddress?: bigint;
  /** Where address 0 of a position-independent ELF file goes if the user does not say. Default 0. */
  readonly base?: bigint;
  readonly entry?: bigint;
}

export const hexAddress = (value: bigint | number): string => `0x${value.toString(16)}`;

/** Checks an entry that the user gave or that an image has: instructions are words. */
export function checkEntry(name: string, entry: bigint): bigint {
  if (entry % 4n !== 0n)
    throw new UserError(
      `${name}: entry ${hexAddress(entry)} is not a multiple of 4; instructions are words: give another --entry`,
    );
  return entry;
}

/**
 * Copies the segments into real memory; what follows a segment's data is zeroed.
 * @param memory the machine's bytes from host real address 0
 * @throws UserError when a segment does not fit; then nothing has been written
 */
export function placeImage(image: Image, memory: Uint8Array): void {
  for (const { address, size } of image.segments)
    if (address + size > BigInt(memory.length))
      throw new UserError(
        `${image.name}: ${size} bytes at ${hexAddress(address)} do not fit into ${memory.length} bytes of memory; ` +
          `expected an end of at most ${hexAddress(memory.length)}, found ${hexAddress(address + size)}: ` +
          'give the machine more memory (-m) or another --load-addr',
      );
  for (const { address, size, data } of image.segments) {
    const at = Number(address);
    memory.set(data, at);
    memory.fill(0, at + data.length, at + Number(size));
  }
}
