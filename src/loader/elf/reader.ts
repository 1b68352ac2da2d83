/** Reads members of ELF structures within the bounds of the file; every failure says where and what. */
import { UserError } from '../../core/errors';
import type { Endian } from '../image';
import type { Doubleword, Member, Place } from './format';

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

export class ElfReader {
  private readonly view: DataView;
  private readonly little: boolean;

  constructor(
    readonly name: string,
    readonly bytes: Uint8Array,
    readonly endian: Endian,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.little = endian === 'little';
  }

  /** An error about the file: what, at which offset, expected, found, and what to do. */
  fail(
    what: string,
    at: bigint | number,
    expected: string,
    found: bigint | number | string,
    todo: string,
  ): never {
    const shown = typeof found === 'string' ? found : hex(found);
    throw new UserError(
      `${this.name}: ${what} at offset ${hex(at)}: expected ${expected}, found ${shown}; ${todo}`,
    );
  }

  /** The unsigned value of a member; its structure has been checked to lie in the file. */
  number(place: Place, member: Member): number {
    const at = place.at + member.at;
    switch (member.size) {
      case 1:
        return this.view.getUint8(at);
      case 2:
        return this.view.getUint16(at, this.little);
      case 4:
        return this.view.getUint32(at, this.little);
      case 8:
        return Number(this.view.getBigUint64(at, this.little));
    }
  }

  /** The unsigned value of an 8-byte member. */
  xword(place: Place, member: Doubleword): bigint {
    return this.view.getBigUint64(place.at + member.at, this.little);
  }

  /** The doubleword at a byte offset that has been checked. */
  doubleword(at: number): bigint {
    return this.view.getBigUint64(at, this.little);
  }

  /**
   * Bytes `offset..offset+size` of the file.
   * @throws UserError naming `what` when they are not all there
   */
  range(what: string, where: number, offset: bigint, size: bigint): Uint8Array {
    const length = BigInt(this.bytes.length);
    if (size > length || offset > length - size)
      this.fail(
        what,
        where,
        `an end within the file's ${length} bytes`,
        `${hex(offset)} + ${hex(size)}`,
        'the file is truncated or damaged: fetch or build it again',
      );
    return this.bytes.subarray(Number(offset), Number(offset + size));
  }

  /** `count` structures of `size` bytes from `offset`, as places named `what 0`, `what 1`... */
  table(what: string, where: number, offset: bigint, shape: { count: number; size: number }): Place[] {
    this.range(`${what} table`, where, offset, BigInt(shape.count) * BigInt(shape.size));
    const start = Number(offset);
    return Array.from({ length: shape.count }, (_, i) => ({
      at: start + i * shape.size,
      what: `${what} ${i}`,
    }));
  }
}
