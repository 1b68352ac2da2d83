/** Two-stage translation: LPID 2, PID 5 (rows B1 to B35 and worked example D2). */
import { POWER9 } from '../../../src/mmu/policy';
import { GD, GUEST as BASE } from './guest-tables';
import { runRow, UPDATING, type Image, type Memory, type Row } from './run';

/** Guest contexts: fetch, real; and the hypervisor's data context. */
const GI = 0x8000000000001022n;
const GR = 0x8000000000001002n;
const HVD = 0x9000000000001012n;

const row =
  (access: Row['access'], length: number) =>
  (id: string, ea: bigint, rest: Partial<Row>): Row => ({ id, access, ea, length, ...rest });
const ld = row('load', 8);
const std = row('store', 8);
const fetch = (id: string, ea: bigint, rest: Partial<Row>): Row =>
  row('fetch', 4)(id, ea, { ...rest, set: { MSR: GI, ...rest.set } });

const dsi = (DAR: bigint, DSISR: bigint): Partial<Row> => ({
  interrupt: 'dataStorage',
  image: { DAR, DSISR, SRR1: GD },
});
const hdsi = (HDAR: bigint, HDSISR: bigint, ASDR: bigint, HSRR1 = GD): Partial<Row> => ({
  interrupt: 'hypervisorDataStorage',
  image: { HDAR, HDSISR, ASDR, HSRR1 } satisfies Image,
});
const hisi = (HSRR1: bigint, ASDR: bigint): Partial<Row> => ({
  interrupt: 'hypervisorInstructionStorage',
  image: { HSRR1, ASDR },
});
const SEGMENT = (DAR: bigint): Partial<Row> => ({ interrupt: 'dataSegment', image: { DAR, SRR1: GD } });
const REAL = { set: { MSR: GR } };
const SILICON = { policy: POWER9 };

const badPartition = (id: string, rest: Partial<Row>): Row => ({
  id,
  access: 'fetch',
  ea: 0x3000n,
  length: 4,
  ...hisi(0x8000000000081012n, 0x3000n),
  ...rest,
});

const ROWS: readonly Row[] = [
  ld('B1', 0x1008n, { ra: 0xc40008n, pageShift: 12 }),
  std('B2', 0x2008n, hdsi(0x2008n, 0x0a000000n, 0x131008n)),
  ld('B3, load', 0x3008n, hdsi(0x3008n, 0x40000000n, 0x132008n)),
  std('B3, store', 0x3008n, hdsi(0x3008n, 0x42000000n, 0x132008n)),
  ld('B4', 0x4008n, {
    ra: 0xc43008n,
    then: [
      [0xc32020, 0xc000000000133107n],
      [0x523998, 0xc000000000c43107n],
    ],
  }),
  std('B5', 0x4008n, {
    ra: 0xc43008n,
    then: [
      [0xc32020, 0xc000000000133187n],
      [0x523998, 0xc000000000c43187n],
    ],
  }),
  ld('B6, load', 0x10008n, dsi(0x10008n, 0x40000000n)),
  std('B6, store', 0x10008n, dsi(0x10008n, 0x42000000n)),
  ld('B7', 0x8000000000n, hdsi(0x8000000000n, 0x40020000n, 0x132000n)),
  std('B8', 0x8000000000n, hdsi(0x8000000000n, 0x40020000n, 0x132000n)),
  ld('B9', 0x1008n, { set: { PIDR: 6n }, ...hdsi(0x1008n, 0x40020000n, 0x140000n) }),
  ld('B10', 0x1008n, { set: { PIDR: 7n }, ...dsi(0x1008n, 0x00080000n) }),
  ld('B11', 0x1008n, { set: { PIDR: 0x12cn }, ...dsi(0x1008n, 0x40000000n) }),
  ld('B12', 0x1008n, {
    memory: [[0x400028, 0x8000000000132000n]],
    ...hdsi(0x1008n, 0x40020000n, 0x132050n),
  }),
  ld('B13', 0x212340n, { ra: 0xe12340n, pageShift: 21 }),
  ld('B14, quadrant 1', 0x4000000000001008n, SEGMENT(0x4000000000001008n)),
  ld('B14, quadrant 2', 0x8000000000001008n, SEGMENT(0x8000000000001008n)),
  ld('B15', 0xc000000000001008n, { ra: 0xc40008n }),
  fetch('B16', 0x5100n, hisi(0x8000000010001022n, 0x134100n)),
  fetch('B17', 0x3100n, hisi(0x8000000040001022n, 0x132100n)),
  fetch('B18', 0x8000000000n, hdsi(0x8000000000n, 0x40020000n, 0x132000n, GI)),
  fetch('B18, as HISI', 0x8000000000n, {
    policy: { ...UPDATING, fetchTableFault: 'HISI' },
    ...hisi(0x8000000040021022n, 0x132000n),
  }),
  fetch('B19', 0x10100n, { interrupt: 'instructionStorage', image: { SRR1: 0x8000000040001022n } }),
  ld('B20', 0x6008n, { ra: 0xc45008n }),
  ld('B21', 0x130008n, { ...REAL, ra: 0xc40008n }),
  ld('B21, quadrant 3 stripped', 0xc000000000130008n, { ...REAL, ra: 0xc40008n }),
  ld('B22, load', 0x132008n, { ...REAL, ...hdsi(0x132008n, 0x40000000n, 0x132008n, GR) }),
  std('B22, store', 0x132008n, { ...REAL, ...hdsi(0x132008n, 0x42000000n, 0x132008n, GR) }),
  std('B23', 0x131008n, { ...REAL, ...hdsi(0x131008n, 0x0a000000n, 0x131008n, GR) }),
  fetch('B24', 0x134100n, { ...REAL, ...hisi(0x8000000010001002n, 0x134100n) }),
  fetch('B25', 0x132100n, { ...REAL, ...hisi(0x8000000040001002n, 0x132100n) }),
  ld('B26', 0x0008000000000000n, {
    ...REAL,
    ...hdsi(0x0008000000000000n, 0x40000000n, 0x0008000000000000n, GR),
  }),
  badPartition('B27, HR=0', { memory: [[0x400020, 0x40000000005000adn]] }),
  badPartition('B27, RTS 20', { memory: [[0x400020, 0xc00000000050008dn]] }),
  badPartition('B27, RPDS 12', { memory: [[0x400020, 0xc0000000005000acn]] }),
  badPartition('B27, LPIDR 256', { set: { LPIDR: 256n } }),
  badPartition('B27, LPIDR 0', { set: { LPIDR: 0n } }),
  ld('B28', 0x1008n, {
    set: { AMR: 0x4000000000000000n },
    memory: [[0xc32008, 0xc000000000130187n]],
    ...dsi(0x1008n, 0x08000000n),
  }),
  ...(
    [
      ['B29, mapped', 0x425678n, { ra: 0xe25678n, pageShift: 16 }],
      ['B29, not mapped', 0x435678n, hdsi(0x435678n, 0x40000000n, 0x435678n)],
    ] as const
  ).map(([id, ea, rest]) =>
    ld(id, ea, {
      memory: [
        [0xc31010, 0xc000000000400187n],
        [0x521010, 0x8000000000524005n],
        [0x524010, 0xc000000000e20187n],
      ],
      ...rest,
    }),
  ),
  ld('B30', 0x52345678n, {
    memory: [
      [0xc30008, 0xc000000040000187n],
      [0x520008, 0xc000000040000187n],
    ],
    ra: 0x52345678n,
    pageShift: 30,
  }),
  fetch('B31', 0x7100n, {
    memory: [
      [0xc32038, 0xc000000000136187n],
      [0x5239b0, 0xc000000000c461a7n],
    ],
    ...hisi(0x8000000010001022n, 0x136100n),
  }),
  fetch('B31a', 0x7100n, {
    memory: [
      [0xc32038, 0xc000000000136187n],
      [0x5239b0, 0xc000000000c461b7n],
    ],
    ra: 0xc46100n,
  }),
  ld('B31b, second page', 0x2ffcn, hdsi(0x3000n, 0x40000000n, 0x132000n)),
  std('B31b, first page', 0x2ffcn, hdsi(0x2ffcn, 0x0a000000n, 0x131ffcn)),
  ld('B32', 0x4008n, { ...SILICON, ...dsi(0x4008n, 0x00040000n) }),
  ld('B33', 0x4008n, {
    ...SILICON,
    memory: [[0xc32020, 0xc000000000133187n]],
    ...hdsi(0x4008n, 0x00040000n, 0x133008n),
  }),
  ld('B34', 0x4000000000001008n, { set: { MSR: HVD }, ra: 0xc40008n }),
  ld('B35', 0x4000000000003008n, {
    set: { MSR: HVD },
    ...hdsi(0x4000000000003008n, 0x40000000n, 0x132008n, HVD),
  }),
];

describe('guest radix', () => {
  test.each(ROWS.map((r) => [r.id, r] as const))('%s', (_, r) => runRow(r, BASE));
});

const D2_EA = 0x000a1b2c3d4e5678n;
const D2 = {
  memory: [
    [0x400090, 0xc0000000005000adn],
    [0x400098, 0x8000000003000001n],
    [0x500000, 0x8000000000520009n],
    [0x520000, 0x8000000000521009n],
    [0x521000, 0xc000000000000187n],
    [0x5210c0, 0xc000000002000186n],
    [0x520020, 0x8000000000522009n],
    [0x5228d0, 0x8000000000523005n],
    [0x523028, 0xc000000002670186n],
    [0x2000330, 0x40000000030100adn],
    [0x201a1b0, 0x8000000003021009n],
    [0x2021580, 0x8000000003022009n],
    [0x2022f50, 0x8000000003023009n],
    [0x2023728, 0xc000000123456186n],
  ] satisfies Memory,
  set: { ...BASE.set, LPIDR: 9n, PIDR: 0x33n },
  size: 64 << 20,
};

describe('worked example D2: indices that are not zero in either tree', () => {
  test.each<[string, Row]>([
    ['translated', ld('D2', D2_EA, { ra: 0x2676678n, pageShift: 12 })],
    [
      'page not mapped by the host',
      ld('D2', D2_EA, {
        memory: [[0x2023728, 0xc000000123466186n]],
        ...hdsi(D2_EA, 0x40000000n, 0x123466678n),
      }),
    ],
    [
      'root not mapped by the host',
      ld('D2', D2_EA, {
        memory: [[0x2000330, 0x40000000032100adn]],
        ...hdsi(D2_EA, 0x40020000n, 0x321a1b0n),
      }),
    ],
  ])('%s', (_, r) => runRow(r, D2));
});
