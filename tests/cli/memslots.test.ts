import { encodeSnapshot } from '../../src/machine/snapshot';
import { Machine } from '../../src/machine/machine';
import { POWERNV_MACHINE } from '../../src/machine/powernv';
import { PSERIES_MACHINE } from '../../src/machine/pseries';
import { ZLIB } from '../../src/cli/snapshot-file';
import { cli } from '../support/cli';
import { temporaryFolder } from '../support/folder';

const file = temporaryFolder();
const snapshotOf = (machine: Machine, name: string): string =>
  file(name, encodeSnapshot(machine.save(), machine.memory.bytes, ZLIB));

describe('book3s dump memslots', () => {
  const pseries = () =>
    new Machine({ description: PSERIES_MACHINE, memory: 128 * 2 ** 20, output: () => undefined });

  test("shows both sets of a guest's slots, and the trees on request", async () => {
    const name = snapshotOf(pseries(), 'pseries.snap');
    const plain = await cli(['dump', 'memslots', '--snapshot', name]);
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(plain.out).toMatch(/active set \(node 1\), generation 0x1: 1 slots/);
    expect(plain.out).toContain('inactive set (node 0), generation 0x0: the same slots');
    expect(plain.out).not.toContain('by gfn:');
    const trees = await cli(['dump', 'memslots', '--snapshot', name, '--trees']);
    expect(trees.out).toMatch(/by gfn:\n\s+black 0x0/);
  });

  test('a machine without a built-in hypervisor has none', async () => {
    const machine = new Machine({ description: POWERNV_MACHINE, memory: 2 ** 20, output: () => undefined });
    const { code, err } = await cli(['dump', 'memslots', '--snapshot', snapshotOf(machine, 'powernv.snap')]);
    expect(code).toBe(2);
    expect(err).toContain('machine powernv has no memory slots; machine pseries has');
  });
});
