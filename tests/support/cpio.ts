/** An initial RAM disk: a cpio archive in the format `newc` (Linux Documentation/driver-api/early-userspace/buffer-format). */

export interface CpioEntry {
  readonly name: string;
  /** File type and permissions as in stat(2). */
  readonly mode: number;
  readonly data?: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

const DIRECTORY = 0o040755;
const CHARACTER_DEVICE = 0o020600;
const PROGRAM = 0o100755;
export const directory = (name: string): CpioEntry => ({ name, mode: DIRECTORY });
export const device = (name: string, major: number, minor: number): CpioEntry => ({
  name,
  mode: CHARACTER_DEVICE,
  device: [major, minor],
});
export const program = (name: string, data: Uint8Array): CpioEntry => ({ name, mode: PROGRAM, data });

const ALIGNMENT = 4;
const padded = (part: Buffer): Buffer =>
  Buffer.concat([part, Buffer.alloc((ALIGNMENT - (part.length % ALIGNMENT)) % ALIGNMENT)]);

function record(
  { name, mode, data = new Uint8Array(), device: [major, minor] = [0, 0] }: CpioEntry,
  inode: number,
): Buffer {
  // prettier-ignore
  const text = Buffer.from(`${name}\0`);
  const [uid, gid, links, time, check] = [0, 0, 1, 0, 0];
  const fields = [inode, mode, uid, gid, links, time, data.length, 0, 0, major, minor, text.length, check];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), text])), padded(Buffer.from(data))]);
}

/** The archive. Directories come before what is in them. */
export const cpio = (entries: readonly CpioEntry[]): Buffer =>
  Buffer.concat([...entries, { name: 'TRAILER!!!', mode: 0 }].map((entry, i) => record(entry, i + 1)));
