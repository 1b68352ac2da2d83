/** Where each machine puts a position-independent ELF file. */
import { setUp } from '../../src/cli/machine-setup';
import { ET } from '../../src/loader/elf/format';
import { temporaryFolder } from '../support/folder';
import { buildElf } from '../support/elf-builder';

const file = temporaryFolder();
const CODE = Uint8Array.of(0x60, 0, 0, 0, 0x48, 0, 0, 0);
const image = (type: number): string =>
  file(`${type}.elf`, buildElf({ type, entry: 0x10004n, segments: [{ vaddr: 0x10000n, data: CODE }] }).bytes);

const entryOn = (
  machine: 'powernv' | 'pseries',
  options: { type?: number; loadAddress?: bigint } = {},
): bigint => {
  const { type = ET.DYN, ...more } = options;
  const setup = setUp({ machine, image: image(type), memory: 64 * 2 ** 20, ...more }, () => undefined);
  return setup.machine.cpus[0]!.nia;
};

it('a position-independent file lies 4 MiB up on pseries, as on QEMU, and where it is linked on powernv', () => {
  expect(entryOn('pseries')).toBe(0x41_0004n);
  expect(entryOn('powernv')).toBe(0x1_0004n);
});

it('the user and a file with fixed addresses decide themselves', () => {
  expect(entryOn('pseries', { loadAddress: 0x8000n })).toBe(0x8004n);
  expect(entryOn('pseries', { type: ET.EXEC })).toBe(0x1_0004n);
});
