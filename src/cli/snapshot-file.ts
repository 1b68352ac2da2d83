/** Snapshot files: the format of `src/machine/snapshot` with zlib as its compressor. */
import zlib from 'node:zlib';
import { decodeSnapshot, type Compressor, type Snapshot } from '../machine/snapshot';
import { readBytes } from './files';

/** Fast rather than small: a snapshot is written while somebody waits. */
const LEVEL = 1;

export const ZLIB: Compressor = {
  compress: (bytes) => zlib.deflateSync(bytes, { level: LEVEL }),
  decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
};

/** @throws UserError when the file cannot be read or is not an undamaged snapshot of this version */
export const readSnapshot = (path: string): Snapshot =>
  decodeSnapshot(path, readBytes(path, 'snapshot'), ZLIB);
