/** `book3s dump memory`: raw bytes of a snapshot's real memory. */
import { UserError } from '../../core/errors';
import { operand, textOf, type Parsed } from '../options';
import { readSnapshot } from '../snapshot-file';
import { parseAddress, parseSize } from '../values';
import type { Subject } from './subject';

export const MEMORY: Subject = {
  describe: 'raw bytes of real memory',
  options: [],
  run: (argv) => ({ bytes: memoryBytes(argv) }),
};

function memoryBytes(argv: Parsed): Uint8Array {
  const [first, second] = [operand(argv, 'address'), operand(argv, 'length')];
  if (first === undefined || second === undefined)
    throw new UserError('dump memory: expected ADDRESS and LENGTH, such as 0x10000 4K');
  const address = parseAddress('ADDRESS', first);
  const length = parseSize('LENGTH', second);
  const snapshot = readSnapshot(textOf(argv, 'snapshot')!);
  if (address + BigInt(length) > BigInt(snapshot.memorySize))
    throw new UserError(
      `dump memory: expected an end of at most 0x${snapshot.memorySize.toString(16)}, where memory ends, ` +
        `got 0x${(address + BigInt(length)).toString(16)}`,
    );
  return snapshot.readMemory(Number(address), length);
}
