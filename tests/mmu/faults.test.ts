/** Faults that the golden tables do not have: every kind, with its full register image. */
import { ACCESS } from '../../src/mmu/access';
import { blockStart, bytesInFirstPage } from '../../src/mmu/page-crossing';
import { MICROWATT, POWER10, POWER8, POWER9 } from '../../src/mmu/policy';
import { toInterrupt } from '../../src/mmu/to-interrupt';
import { FaultRecord, type FaultKind, type FaultStage } from '../../src/mmu/fault';
import { Translator } from '../../src/mmu/translate';
import { GD, GUEST } from './golden/guest-tables';
import { HOST, HVD } from './golden/host-tables';
import { build, imageOf, runRow, UPDATING, type Machine, type Row } from './golden/run';

const HVI = 0x9000000000001022n;
const GI = 0x8000000000001022n;
const GR = 0x8000000000001002n;

type Case = readonly [title: string, machine: Machine, row: Omit<Row, 'id'>];

const OUTSIDE = 0x10000000n;
const PDE = 0x8000000000000009n;

const MICROWATT_TABLES: Machine = {
  memory: [
    [0x10008, 0x20000n],
    [0x20050, 0x300005n],
    [0x20070, 0x40000000003000a0n],
    [0x300000, 0x800000000032000en],
    [0x320008, 0xc000000000201187n],
    [0x320010, 0xc0000000002021b7n],
    [0x320018, 0xc000000000203087n],
  ],
  set: { MSR: 0x9000000000000031n, PTCR: 0x10000n, PIDR: 5n },
};
const onMicrowatt = { policy: MICROWATT } as const;

const CASES: readonly Case[] = [
  [
    'a table outside memory is a machine check: data',
    HOST,
    {
      access: 'load',
      ea: 0x1008n,
      memory: [[0x481000, PDE | OUTSIDE]],
      interrupt: 'machineCheck',
      image: { SRR1: HVD | 0x200000n, DSISR: 0x20n, DAR: 0x1008n },
    },
  ],
  [
    'a table outside memory is a machine check: fetch',
    HOST,
    {
      access: 'fetch',
      ea: 0x1008n,
      set: { MSR: HVI },
      memory: [[0x481000, PDE | OUTSIDE]],
      interrupt: 'machineCheck',
      image: { SRR1: HVI | 0x08100000n },
    },
  ],
  [
    'a partition table outside memory',
    HOST,
    {
      access: 'load',
      ea: 0x1008n,
      set: { PTCR: 0x0000100000000000n },
      interrupt: 'machineCheck',
      image: { SRR1: HVD | 0x200000n, DSISR: 0x20n, DAR: 0x1008n },
    },
  ],
  [
    'a process table that its tree maps outside memory',
    HOST,
    {
      access: 'load',
      ea: 0x1008n,
      memory: [[0x441010, 0xc00000001000018fn]],
      interrupt: 'machineCheck',
      image: { SRR1: HVD | 0x200000n, DSISR: 0x20n, DAR: 0x1008n },
    },
  ],
  [
    'a misaligned partition table',
    HOST,
    {
      access: 'load',
      ea: 0x1008n,
      set: { PTCR: 0x401004n },
      interrupt: 'hypervisorDataStorage',
      image: { HSRR1: HVD, HDAR: 0x1008n, HDSISR: 0x80000n, ASDR: 0x1008n },
    },
  ],
  [
    'a leaf in the root directory',
    HOST,
    {
      access: 'store',
      ea: 0x1008n,
      memory: [[0x460000, 0xc00000000000018fn]],
      interrupt: 'dataStorage',
      image: { SRR1: HVD, DAR: 0x1008n, DSISR: 0x02080000n },
    },
  ],
  [
    'a guest real address beyond the 52 bits that its tree translates',
    GUEST,
    {
      access: 'load',
      ea: 0x0010000000000000n,
      set: { MSR: GR },
      interrupt: 'hypervisorDataStorage',
      image: { HSRR1: GR, HDAR: 0x0010000000000000n, HDSISR: 0x40000000n, ASDR: 0x0010000000000000n },
    },
  ],
  [
    'guest R needs a store that the host does not permit: HDSI, table walk, store',
    GUEST,
    {
      access: 'load',
      ea: 0x4008n,
      memory: [[0x523910, 0xc000000000c32184n]],
      interrupt: 'hypervisorDataStorage',
      image: { HSRR1: GD, HDAR: 0x4008n, HDSISR: 0x0a020000n, ASDR: 0x122020n },
    },
  ],
  [
    'the same for a fetch, where it is to be HISI: bit 47',
    GUEST,
    {
      access: 'fetch',
      ea: 0x4008n,
      set: { MSR: GI },
      policy: { ...UPDATING, fetchTableFault: 'HISI' },
      memory: [[0x523910, 0xc000000000c32184n]],
      interrupt: 'hypervisorInstructionStorage',
      image: { HSRR1: GI | 0x08030000n, ASDR: 0x122020n },
    },
  ],
  [
    'guest R sets C in the host leaf of the table',
    GUEST,
    {
      access: 'load',
      ea: 0x4008n,
      memory: [[0x523910, 0xc000000000c32106n]],
      ra: 0xc43008n,
      then: [
        [0x523910, 0xc000000000c32186n],
        [0xc32020, 0xc000000000133107n],
        [0x523998, 0xc000000000c43107n],
      ],
    },
  ],
  [
    'C is not set in the guest for a store that the host refuses',
    GUEST,
    {
      access: 'store',
      ea: 0x2008n,
      memory: [[0xc32010, 0xc000000000131007n]],
      interrupt: 'hypervisorDataStorage',
      image: { HSRR1: GD, HDAR: 0x2008n, HDSISR: 0x0a000000n, ASDR: 0x131008n },
    },
  ],
  [
    'host R of a guest table, left to software: table walk',
    GUEST,
    {
      access: 'store',
      ea: 0x1008n,
      policy: POWER9,
      memory: [[0x523910, 0xc000000000c32086n]],
      interrupt: 'hypervisorDataStorage',
      image: { HSRR1: GD, HDAR: 0x1008n, HDSISR: 0x00060000n, ASDR: 0x122008n },
    },
  ],
  [
    'R of the page of its own process table is the host kernel’s affair: DSI',
    HOST,
    {
      access: 'store',
      ea: 0x1008n,
      policy: POWER10,
      memory: [[0x441010, 0xc00000000040008fn]],
      interrupt: 'dataStorage',
      image: { SRR1: HVD, DAR: 0x1008n, DSISR: 0x00040000n },
    },
  ],
  [
    'stcx. to caching-inhibited storage',
    HOST,
    {
      access: 'conditional',
      ea: 0x5008n,
      interrupt: 'dataStorage',
      image: { SRR1: HVD, DAR: 0x5008n, DSISR: 0x06000000n },
    },
  ],
  [
    'copy from caching-inhibited storage',
    HOST,
    {
      access: 'copy',
      ea: 0x5000n,
      interrupt: 'dataStorage',
      image: { SRR1: HVD, DAR: 0x5000n, DSISR: 0x8n },
    },
  ],
  [
    'dcbz to caching-inhibited storage',
    HOST,
    { access: 'dcbz', ea: 0x5000n, interrupt: 'alignment', image: { SRR1: HVD, DAR: 0x5000n } },
  ],
  [
    'an atomic to storage that only the host makes caching inhibited is the host’s to know',
    GUEST,
    {
      access: 'reserve',
      ea: 0x1008n,
      memory: [[0x523980, 0xc000000000c401a7n]],
      interrupt: 'hypervisorDataStorage',
      image: { HSRR1: GD, HDAR: 0x1008n, HDSISR: 0x04000000n, ASDR: 0x130008n },
    },
  ],
  [
    'ldcix with relocation on',
    HOST,
    {
      access: 'inhibitedLoad',
      ea: 0x1008n,
      interrupt: 'dataStorage',
      image: { SRR1: HVD, DAR: 0x1008n, DSISR: 0x2n },
    },
  ],
  [
    'HPT partition without hashed translation in the machine',
    HOST,
    {
      access: 'load',
      ea: 0x1008n,
      set: { LPCR: 0n },
      interrupt: 'dataSegment',
      image: { SRR1: HVD, DAR: 0x1008n },
    },
  ],
  [
    'Microwatt: 31-bit tree of two levels',
    MICROWATT_TABLES,
    { ...onMicrowatt, access: 'load', ea: 0x1008n, ra: 0x201008n, pageShift: 12 },
  ],
  [
    'Microwatt: fetch from tolerant I/O',
    MICROWATT_TABLES,
    {
      ...onMicrowatt,
      access: 'fetch',
      ea: 0x2008n,
      interrupt: 'instructionStorage',
      image: { SRR1: 0x9000000010000031n },
    },
  ],
  [
    'Microwatt: R and C are left to software',
    MICROWATT_TABLES,
    {
      ...onMicrowatt,
      access: 'store',
      ea: 0x3008n,
      interrupt: 'dataStorage',
      image: { SRR1: 0x9000000000000031n, DAR: 0x3008n, DSISR: 0x02040000n },
    },
  ],
  ...(['', 'beyond the tree'] as const).map((where, i): Case => [
    `Microwatt: no segment ${where || 'in quadrant 1'}`,
    MICROWATT_TABLES,
    {
      ...onMicrowatt,
      access: 'load',
      ea: i === 0 ? 0x4000000000001008n : 0x80001008n,
      interrupt: 'dataSegment',
      image: { SRR1: 0x9000000000000031n, DAR: i === 0 ? 0x4000000000001008n : 0x80001008n },
    },
  ]),
  [
    'Microwatt: RPDS 0 means no tree',
    MICROWATT_TABLES,
    {
      ...onMicrowatt,
      access: 'load',
      ea: 0x1008n,
      set: { PIDR: 7n },
      interrupt: 'dataStorage',
      image: { SRR1: 0x9000000000000031n, DAR: 0x1008n, DSISR: 0x40000000n },
    },
  ],
  [
    'Microwatt: a PID beyond the process table wraps',
    MICROWATT_TABLES,
    { ...onMicrowatt, access: 'load', ea: 0x1008n, set: { PIDR: 0x305n }, ra: 0x201008n },
  ],
  [
    'Microwatt: a memory error in a walk is a bad tree',
    MICROWATT_TABLES,
    {
      ...onMicrowatt,
      access: 'load',
      ea: 0x1008n,
      memory: [[0x300000, 0x800000001302000en]],
      interrupt: 'dataStorage',
      image: { SRR1: 0x9000000000000031n, DAR: 0x1008n, DSISR: 0x00080000n },
    },
  ],
  [
    'Microwatt: a level that is too small',
    MICROWATT_TABLES,
    {
      ...onMicrowatt,
      access: 'load',
      ea: 0x1008n,
      memory: [[0x300000, 0x8000000000320004n]],
      interrupt: 'dataStorage',
      image: { SRR1: 0x9000000000000031n, DAR: 0x1008n, DSISR: 0x00080000n },
    },
  ],
  [
    'Microwatt: device addresses in real mode',
    MICROWATT_TABLES,
    { ...onMicrowatt, access: 'load', ea: 0xc0002000n, set: { MSR: 0x9000000000000001n }, ra: 0xc0002000n },
  ],
];

describe('faults', () => {
  test.each(CASES.map(([title, machine, row]) => [title, machine, row] as const))(
    '%s',
    (title, machine, row) => runRow({ ...row, id: title }, machine),
  );

  test('what translates to nothing is a machine check of the caller’s choosing', () => {
    const { memory, cpu } = build(HOST);
    const mmu = new Translator(memory, UPDATING);
    mmu.access(cpu, ACCESS.load, 0, 0x52345678);
    mmu.failBadRealAddress();
    expect(imageOf(mmu, cpu)).toEqual({
      interrupt: 'machineCheck',
      SRR1: HVD | 0x200000n,
      DSISR: 0x40n,
      DAR: 0x52345678n,
    });
  });

  test('every kind of fault in every stage is some interrupt, for every policy', () => {
    const kinds: FaultKind[] = [
      'segment', 'noTranslation', 'badTree', 'protection', 'noExecute', 'key', 'protectionAndKey', 'referenceChange',
      'attribute', 'copyPaste', 'alignment', 'inhibitedMisuse', 'tableOutsideMemory', 'badRealAddress', 'slbMultihit',
    ]; // prettier-ignore
    const stages: FaultStage[] = ['effective', 'process', 'partition', 'hash', 'hashReal'];
    const fault = new FaultRecord();
    for (const policy of [POWER8, POWER9, POWER10, MICROWATT])
      for (fault.kind of kinds)
        for (fault.stage of stages)
          for (fault.access of Object.values(ACCESS))
            for (fault.tableWalk of [false, true]) {
              const image = toInterrupt(fault, { msr: GD, lpcr: 0n }, policy);
              expect(typeof image.interrupt).toBe('string');
              // Fetches are never atomic, copied or caching-inhibited forms: those causes have no bit in SRR1.
              if (!fault.access.fetch) expect(image.cause & ~0x783f0000n).toBe(0n);
            }
  });
});

describe('caching-inhibited storage', () => {
  test.each([
    [0x5008, true, true],
    [0x1008, false, false],
  ])('attributes of %p', (eaLo, inhibited, guarded) => {
    const { memory, cpu } = build(HOST);
    const mmu = new Translator(memory, UPDATING);
    expect(mmu.access(cpu, ACCESS.load, 0, eaLo)).toBe(true);
    expect([mmu.cachingInhibited, mmu.guarded]).toEqual([inhibited, guarded]);
  });

  test('Microwatt’s devices and ldcix in real mode', () => {
    const { memory, cpu } = build({ ...MICROWATT_TABLES, set: { MSR: 0x9000000000000001n } });
    const mmu = new Translator(memory, MICROWATT);
    mmu.access(cpu, ACCESS.load, 0, 0xc0002000 | 0);
    expect(mmu.cachingInhibited).toBe(true);
    mmu.access(cpu, ACCESS.load, 0, 0x2000);
    expect(mmu.cachingInhibited).toBe(false);
    mmu.access(cpu, ACCESS.inhibitedLoad, 0, 0x2000);
    expect(mmu.cachingInhibited).toBe(true);
  });
});

describe('operands', () => {
  test('bytes in the first page', () => {
    expect(bytesInFirstPage(0xffc, 8)).toBe(4);
    expect(bytesInFirstPage(0xff8, 8)).toBe(8);
    expect(bytesInFirstPage(-1, 2)).toBe(1);
  });

  test('dcbz begins at its block', () => {
    expect(blockStart(0x3044, 128)).toBe(0x3000);
    expect(blockStart(0x3044, 64)).toBe(0x3040);
  });

  test('nothing is recorded in the first page when the second fails', () =>
    runRow(
      {
        id: 'crossing',
        access: 'store',
        ea: 0x2ffcn,
        length: 8,
        interrupt: 'dataStorage',
        image: { SRR1: HVD, DAR: 0x3000n, DSISR: 0x0a000000n },
      },
      HOST,
    ));
});

describe('what may be cached', () => {
  const rightsAfter = (access: 'load' | 'store' | 'fetch', eaLo: number, set = {}): string => {
    const { memory, cpu } = build({ ...HOST, set: { ...HOST.set, ...set } });
    const mmu = new Translator(memory, UPDATING);
    expect(mmu.access(cpu, ACCESS[access], 0, eaLo)).toBe(true);
    return [mmu.mayReadLater && 'r', mmu.mayWriteLater && 'w', mmu.mayFetchLater && 'x']
      .filter(Boolean)
      .join('');
  };

  test('stores only when C is set', () => {
    expect(rightsAfter('load', 0x1008)).toBe('rwx');
    expect(rightsAfter('load', 0x2008)).toBe('r');
    expect(rightsAfter('store', 0x2008)).toBe('rw');
    expect(rightsAfter('load', 0x3008)).toBe('r');
  });

  test('what AMR forbids is not', () => {
    expect(rightsAfter('load', 0x2008, { AMR: 0x8000000000000000n })).toBe('r');
  });

  test('a probe sets nothing and grants nothing that is not recorded yet', () => {
    const { memory, cpu } = build(HOST);
    const before = memory.bytes.slice();
    const mmu = new Translator(memory, UPDATING);
    expect(mmu.probe(cpu, ACCESS.store, 0, 0x2008)).toBe(true);
    expect(mmu.rights).toBe(0);
    expect(Buffer.compare(memory.bytes, before)).toBe(0);
  });
});
