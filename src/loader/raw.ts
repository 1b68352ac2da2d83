/** Raw images: the bytes of memory, without any header. */
import { UserError } from '../core/errors';
import { checkEntry, type Image, type ImageOptions } from './image';
import { SymbolTable } from './symbols';

/** A raw image at `loadAddress` (default 0) that starts at `entry` (default: its first byte). */
export function readRaw(name: string, bytes: Uint8Array, options: ImageOptions = {}): Image {
  if (bytes.length === 0) throw new UserError(`${name}: the file is empty; expected an image`);
  const address = options.loadAddress ?? 0n;
  const data = { address, effective: address, data: bytes, size: BigInt(bytes.length) };
  return {
    name,
    format: 'raw',
    segments: [{ ...data, read: true, write: true, execute: true }],
    entry: checkEntry(name, options.entry ?? address),
    symbols: SymbolTable.EMPTY,
  };
}
