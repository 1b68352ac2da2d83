/** Fields of instruction images (Power ISA Book I, 1.6), which may be in pieces. */

/** Pieces of a field, each an inclusive range of ISA bits. */
export type FieldBits = readonly (readonly [from: number, to: number])[];

/** Width of a field in bits. */
export const fieldWidth = (pieces: FieldBits): number =>
  pieces.reduce((width, [from, to]) => width + to - from + 1, 0);

/** The field's value, unsigned, from an instruction image of 32 or (prefixed) 64 bits. */
export function extractField(image: bigint, size: 32 | 64, pieces: FieldBits): bigint {
  let value = 0n;
  for (const [from, to] of pieces) {
    const width = BigInt(to - from + 1);
    value = (value << width) | ((image >> BigInt(size - 1 - to)) & ((1n << width) - 1n));
  }
  return value;
}

/** The image bits of a field with a value; a value that does not fit is a defect of the caller. */
export function insertField(value: bigint, size: 32 | 64, pieces: FieldBits): bigint {
  const width = fieldWidth(pieces);
  if (value < 0n || value >> BigInt(width) !== 0n)
    throw new RangeError(`${value} does not fit a field of ${width} bits`);
  let image = 0n;
  let rest = value;
  for (const [from, to] of [...pieces].reverse()) {
    const bitsHere = BigInt(to - from + 1);
    image |= (rest & ((1n << bitsHere) - 1n)) << BigInt(size - 1 - to);
    rest >>= bitsHere;
  }
  return image;
}
