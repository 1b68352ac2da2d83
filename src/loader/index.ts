/** Reads program images: ELF64 by its magic, anything else as raw bytes. */
import { isElf, readElf } from './elf/elf';
import type { Image, ImageOptions } from './image';
import { readRaw } from './raw';

export { placeImage, type Endian, type Image, type ImageOptions, type Segment } from './image';
export { SymbolTable, type SymbolHit } from './symbols';
export { isElf, readElf } from './elf/elf';
export { readRaw } from './raw';

/**
 * Reads a program image.
 * @param name the file as the user named it, for messages
 * @throws UserError for an empty, damaged, truncated or foreign file
 */
export const readImage = (name: string, bytes: Uint8Array, options: ImageOptions = {}): Image =>
  isElf(bytes) ? readElf(name, bytes, options) : readRaw(name, bytes, options);
