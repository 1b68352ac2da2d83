/** Radix translation of the host: LPID 0, PID 5 (rows A1 to A57 and worked example D1). */
import { POWER9 } from '../../../src/mmu/policy';
import { HOST as BASE, HOST_TABLES as TABLES, HVD } from './host-tables';
import { runRow, type Image, type Memory, type Row } from './run';

/** Fetch and real-mode contexts: SF, HV, ME, RI and IR. */
const HVI = 0x9000000000001022n;
const HVR = 0x9000000000001002n;

const ld = (id: string, ea: bigint, rest: Partial<Row>): Row => ({
  id,
  access: 'load',
  ea,
  length: 8,
  ...rest,
});
const std = (id: string, ea: bigint, rest: Partial<Row>): Row => ({
  id,
  access: 'store',
  ea,
  length: 8,
  ...rest,
});
const fetch = (id: string, ea: bigint, rest: Partial<Row>): Row => ({
  id,
  access: 'fetch',
  ea,
  length: 4,
  ...rest,
  set: { MSR: HVI, ...rest.set },
});

const dsi = (DAR: bigint, DSISR: bigint, SRR1 = HVD): Partial<Row> => ({
  interrupt: 'dataStorage',
  image: { DAR, DSISR, SRR1 },
});
const isi = (SRR1: bigint): Partial<Row> => ({ interrupt: 'instructionStorage', image: { SRR1 } });
const dataSegment = (DAR: bigint, SRR1 = HVD): Partial<Row> => ({
  interrupt: 'dataSegment',
  image: { DAR, SRR1 },
});
const hdsi = (image: Image): Partial<Row> => ({
  interrupt: 'hypervisorDataStorage',
  image: { HSRR1: HVD, ...image },
});
const L3 = 0x482000;
const SILICON = { policy: POWER9 };

const ROWS: readonly Row[] = [
  ld('A1', 0x1008n, { ra: 0x801008n, pageShift: 12 }),
  ld('A2', 0x2008n, { ra: 0x802008n, then: [[L3 + 0x10, 0xc000000000802106n]] }),
  std('A3', 0x2340n, { ra: 0x802340n, then: [[L3 + 0x10, 0xc000000000802186n]] }),
  std('A4', 0x3000n, dsi(0x3000n, 0x0a000000n)),
  ld('A5', 0x4ff8n, dsi(0x4ff8n, 0x40000000n)),
  std('A6', 0x4ff8n, dsi(0x4ff8n, 0x42000000n)),
  ld('A7', 0x234568n, { ra: 0x834568n, pageShift: 16 }),
  ld('A8', 0x412340n, { ra: 0xa12340n, pageShift: 21 }),
  ld('A9', 0x52345678n, { ra: 0x52345678n, pageShift: 30 }),
  ld('A10', 0x80000000n, dsi(0x80000000n, 0x40000000n)),
  ld('A11', 0x000f800000000000n, dsi(0x000f800000000000n, 0x40000000n)),
  ld('A12', 0x0010000000001000n, dataSegment(0x0010000000001000n)),
  ld('A13', 0x2000000000001000n, dataSegment(0x2000000000001000n)),
  ld('A14', 0x4000000000001008n, { ra: 0x801008n }),
  ld('A15', 0xc000000000801008n, { ra: 0x801008n, pageShift: 21 }),
  fetch('A16', 0x1100n, { set: { MSR: 0x900000000000d032n }, ...isi(0x900000001000d032n) }),
  ld('A17', 0x8008n, { ra: 0x808008n, then: [[L3 + 0x40, 0xc000000000808102n]] }),
  ld('A18', 0x7008n, dsi(0x7008n, 0x08000000n)),
  ld('A19', 0x5008n, { ra: 0x805008n }),
  ld('A20', 0x2008n, { set: { AMR: 0x4000000000000000n }, ...dsi(0x2008n, 0x08000000n) }),
  std('A21', 0x2008n, { set: { AMR: 0x8000000000000000n }, ...dsi(0x2008n, 0x0a000000n) }),
  ld('A21, a load', 0x2008n, {
    set: { AMR: 0x8000000000000000n },
    ra: 0x802008n,
    then: [[L3 + 0x10, 0xc000000000802106n]],
  }),
  ld('A22', 0x1008n, { set: { AMR: 0xc000000000000000n }, ra: 0x801008n }),
  fetch('A23', 0x1100n, { ra: 0x801100n }),
  fetch('A24', 0x6100n, isi(0x9000000010001022n)),
  fetch('A25', 0x5100n, isi(0x9000000010001022n)),
  fetch('A26', 0x4100n, isi(0x9000000040001022n)),
  fetch('A27', 0x7100n, { ra: 0x807100n, then: [[L3 + 0x38, 0xc000000000807101n]] }),
  fetch('A28', 0x7100n, { set: { IAMR: 0x4000000000000000n }, ...isi(0x9000000010001022n) }),
  fetch('A29', 0x0010000000001000n, { interrupt: 'instructionSegment', image: { SRR1: HVI } }),
  ld('A30', 0x1008n, { set: { PIDR: 256n }, ...dsi(0x1008n, 0x40000000n) }),
  ld('A30, quadrant 3', 0xc000000000801008n, { set: { PIDR: 256n }, ra: 0x801008n }),
  ld('A31', 0x1008n, { memory: [[0x410050, 0x40000000004600acn]], ...dsi(0x1008n, 0x00080000n) }),
  ld('A32', 0x1008n, { memory: [[0x410050, 0x400000000046008dn]], ...dsi(0x1008n, 0x00080000n) }),
  ld('A33', 0x1008n, { memory: [[0x460000, 0x8000000000480008n]], ...dsi(0x1008n, 0x00080000n) }),
  ...[6n, 4n, 0n].map((nls) =>
    ld(`A34, NLS ${nls}`, 0x1008n, {
      memory: [[0x481000, 0x8000000000482000n | nls]],
      ...dsi(0x1008n, 0x00080000n),
    }),
  ),
  ld('A35', 0x1008n, { memory: [[L3 + 8, 0x8000000000484009n]], ...dsi(0x1008n, 0x00080000n) }),
  ld('A36', 0x1008n, { memory: [[0x410050, 0x40000000004610adn]], ra: 0x801008n }),
  ld('A37', 0x1008n, {
    memory: [[0x400000, 0x40000000004200adn]],
    ...hdsi({ HDAR: 0x1008n, HDSISR: 0x00080000n, ASDR: 0x1008n }),
  }),
  ld('A38', 0x1008n, {
    memory: [[0x400000, 0xc0000000004200a4n]],
    ...hdsi({ HDAR: 0x1008n, HDSISR: 0x00080000n, ASDR: 0x1008n }),
  }),
  ld('A39', 0x1008n, { memory: [[0x400008, 0x8000000000410008n]], ...dsi(0x1008n, 0x00080000n) }),
  ld('A40', 0x4000000000001008n, {
    set: { LPIDR: 256n },
    ...hdsi({ HDAR: 0x4000000000001008n, HDSISR: 0x00080000n, ASDR: 0x4000000000001008n }),
  }),
  ld('A41', 0x1008n, {
    memory: [[0x400008, 0x8000000040000000n]],
    ...hdsi({ HDAR: 0x1008n, HDSISR: 0x40020000n, ASDR: 0x40000050n }),
  }),
  ld('A42', 0x3ffcn, dsi(0x4000n, 0x40000000n)),
  std('A43', 0x2ffcn, dsi(0x3000n, 0x0a000000n)),
  {
    id: 'A44, ldarx',
    access: 'reserve',
    ea: 0x2008n,
    ra: 0x802008n,
    then: [[L3 + 0x10, 0xc000000000802106n]],
  },
  {
    id: 'A44, stdcx.',
    access: 'conditional',
    ea: 0x2008n,
    ra: 0x802008n,
    then: [[L3 + 0x10, 0xc000000000802186n]],
  },
  // A45 (ldarx 2009) is the instruction's alignment rule and does not reach translation.
  { id: 'A46, from the start of the block', access: 'dcbz', ea: 0x3000n, ...dsi(0x3000n, 0x0a000000n) },
  { id: 'A47, dcbst 4044', access: 'load', ea: 0x4044n, ...dsi(0x4044n, 0x40000000n) },
  { id: 'A47, dcbst 3044', access: 'load', ea: 0x3044n, ra: 0x803044n },
  ld('A48', 0x1000000000801008n, { set: { MSR: HVR }, ra: 0x801008n }),
  ld('A49', 0x801008n, { set: { MSR: HVR, HRMOR: 0x1000000n }, ra: 0x1801008n }),
  ld('A50', 0x8000000000801008n, { set: { MSR: HVR, HRMOR: 0x1000000n }, ra: 0x801008n }),
  ld('A51', 0xffffffff00001008n, { set: { MSR: 0x1000000000001012n }, ra: 0x801008n }),
  ld('A51, SF=1', 0xffffffff00001008n, dataSegment(0xffffffff00001008n)),
  ld('A52', 0x2008n, { ...SILICON, ...dsi(0x2008n, 0x00040000n) }),
  std('A53', 0x2008n, {
    ...SILICON,
    memory: [[L3 + 0x10, 0xc000000000802106n]],
    ...dsi(0x2008n, 0x02040000n),
  }),
  std('A54', 0x3000n, {
    ...SILICON,
    memory: [[L3 + 0x18, 0xc000000000803004n]],
    ...dsi(0x3000n, 0x0a000000n),
  }),
  fetch('A55', 0x7100n, { ...SILICON, ...isi(0x9000000000041022n) }),
  { id: 'A56', access: 'reserve', ea: 0x5008n, ...dsi(0x5008n, 0x04000000n) },
  {
    id: 'A56, as QEMU has it',
    access: 'reserve',
    ea: 0x5008n,
    policy: { ...POWER9, inhibitedAtomics: 'permitted' },
    ra: 0x805008n,
  },
  // A57 (DAWR) is compared by the CPU; translation itself succeeds.
  ld('A57, translation', 0x1008n, { ra: 0x801008n }),
];

describe('host radix', () => {
  test.each(ROWS.map((row) => [row.id, row] as const))('%s', (_, row) => runRow(row, BASE));
});

const D1_EA = 0x000a1b2c3d4e5678n;
const D1 = {
  memory: [
    ...TABLES,
    [0x400008, 0x8000000000418003n],
    [0x41fa50, 0x40000000004600adn],
    [0x46a1b0, 0x80000000004a3009n],
    [0x4a3580, 0x80000000004a7009n],
    [0x4a7f50, 0x80000000004ab009n],
    [0x4ab728, 0xe00000005a5a5f06n],
  ] satisfies Memory,
  set: { ...BASE.set, PIDR: 0x7a5n },
};

describe('worked example D1: indices that are not zero', () => {
  test.each<[string, Row]>([
    ['load', ld('D1', D1_EA, { ra: 0x5a5a5678n })],
    ['store', std('D1', D1_EA, { ra: 0x5a5a5678n, then: [[0x4ab728, 0xe00000005a5a5f86n]] })],
    ['PID beyond', ld('D1', D1_EA, { set: { PIDR: 0x800n }, ...dsi(D1_EA, 0x40000000n) })],
  ])('%s', (_, row) => runRow(row, D1));
});
