/** The guest with a hashed page table, on a whole machine: fixtures/hpt-guest.s. */
import { describeHpt } from '../../../src/mmu/hash/describe-hpt';
import { describeSegments } from '../../../src/mmu/hash/describe';
import { assemble } from '../../../src/asm/assemble';
import { readImage } from '../../../src/loader';
import { Machine } from '../../../src/machine/machine';
import { POWERNV_MACHINE } from '../../../src/machine/powernv';
import { include } from '../../support/program';

const ENTRY = 0x10n;

describe.each(['coherent', 'architected'] as const)('--tlb %s', (tlb) => {
  test.each(['power9', 'power10'] as const)('%s: pages of every size, faults and evictions', (model) => {
    const { bytes } = assemble(include('hpt-guest.s')!, { file: 'hpt-guest.s', include });
    let console = '';
    const output = (byte: number): void => {
      console += String.fromCharCode(byte);
    };
    const machine = new Machine({ description: POWERNV_MACHINE, model, memory: 80 << 20, output, tlb });
    machine.load(readImage('hpt-guest.s', bytes, { entry: ENTRY }));
    expect(machine.run(1_000_000).end).toMatchObject({ kind: 'power' });
    expect(console.split('\n')).toEqual([
      'relocation is on, through a hashed page table',
      '30 pages of one hash: kept through evictions',
      'pages of 64K',
      'a page of 16M in a segment of 1 TiB',
      'segment faults 0000000000000002',
      // 52 of pages that share two groups of 8 (30 first stores, 22 that read what was evicted), 3 of others.
      'page faults    0000000000000037',
      // Every one of the 52 but the first 16 has to make room.
      'evictions      0000000000000024',
      '',
    ]);
    const cpu = machine.cpus[0]!.state;
    expect(
      describeSegments(cpu).map(({ segmentShift, basePageShift }) => [segmentShift, basePageShift]),
    ).toEqual([
      [28, 12],
      [28, 16],
      [40, 24],
    ]);
    const { statistics } = describeHpt({ cpu, memory: machine.memory, policy: machine.model.mmu });
    expect(statistics).toMatchObject({
      fullGroups: 2,
      longestProbe: 16,
      unreachable: 0,
      pageSizes: { '64K/64K': 2, '16M/16M': 1 },
    });
  });
});
