/** Hashed translation: rows C1 to C36 of the golden tables, on POWER9 (v3.0 images) and POWER8 (v2.07 images). */
import { findSlbEntry, slbmfee, slbmfev, slbmte } from '../../../src/mmu/hash/slb';
import { build, type Memory } from '../golden/run';
import {
  dsi, fetch, GD, GR, HTABORG, hdsi, hpte, HVD, HVI, isi, ld, runOn, segment, SK, SN, std, type HashRow, type Slb,
} from './rows'; // prettier-ignore

/** PTEG of page `n` of segment VSID 12345 and its only slot. */
const primary = (n: number): number => 0x600000 + ((0x12345 ^ n) & 0x7ff) * 0x80;
const page = (n: number, dw1: bigint): Memory => hpte(primary(n), 0x12345001n, dw1);

const TABLE: Memory = [
  ...hpte(0x61a200, 0x12345001n, 0x801192n),
  ...page(2, 0x802012n),
  ...page(3, 0x803193n),
  ...hpte(0x625f00, 0x12345003n, 0x804192n),
  ...page(5, 0x805190n),
  ...page(6, 0x806191n),
  ...page(7, 0x8000000000807192n),
  ...page(8, 0x808196n),
  ...page(9, 0x8091ban),
  ...page(10, 0x80a392n),
  ...hpte(0x61b280, 0x12345005n, 0x827192n),
  ...hpte(0x61a280, 0x12345105n, 0x38192n),
];

/** Virtual real mode area: pages 0 to 3 (the tests' instructions) and one of data. */
const VRMA: Memory = [
  ...[0n, 1n, 2n, 3n].flatMap((n) =>
    hpte(
      0x600000 + Number((0x1ffffffn ^ (0x1ffffffn << 25n) ^ n) & 0x7ffn) * 0x80 + 0x10,
      0x0001ffffff000001n,
      0x0400000000000192n | (n << 12n),
    ),
  ),
  ...hpte(0x63ff20, 0x0001ffffff000081n, 0x0400000000801192n),
];

const C15_SLB = segment(0x10000000000n + 0x8000001n, 0x4000000123000000n);
const C16_SLB = segment(0x8000001n, 0x777110n);
const C17_SLB = segment(0x8000001n, 0x888100n);
const C32_SLB = segment(0x3fffb8000001n, 0xabcdef1234000n);
const C33_EA = 0xc000123456789678n;
const c33Slb = (keys: bigint): Slb =>
  segment((C33_EA & ~0xffffffffffn) | 0x8000001n, 0x40001abcde000110n | keys);
const KS = 0x800n;
const KP = 0x400n;
const C33 = {
  memory: hpte(0x6aacf0, 0x00001abcde345607n, 0x040000005c5c1190n),
  pate: HTABORG | 2n,
} as const;
const GUEST = { MSR: GD, LPIDR: 2n } as const;
const GUEST_REAL = { MSR: GR, LPIDR: 2n } as const;
const VPM1 = { LPCR: 0x4000000000000000n } as const;

const ROWS: readonly HashRow[] = [
  ld('C1', 0x1008n, { ra: 0x801008n }),
  ld('C2 load', 0x2008n, { ra: 0x802008n, then: [[primary(2) + 8, 0x802112n]] }),
  std('C2 store', 0x2008n, {
    memory: [[primary(2) + 8, 0x802112n]],
    ra: 0x802008n,
    then: [[primary(2) + 8, 0x802192n]],
  }),
  ld('C3 load', 0x10008n, dsi(0x10008n, 0x40000000n)),
  std('C3 store', 0x10008n, dsi(0x10008n, 0x42000000n)),
  ld('C4', 0x10000008n, { interrupt: 'dataSegment', image: { DAR: 0x10000008n, SRR1: HVD } }),
  std('C5', 0x3008n, dsi(0x3008n, 0x0a000000n)),
  ld('C6', 0x4008n, { ra: 0x804008n }),
  ld('C7 S0', 0x5008n, { ra: 0x805008n }),
  ld('C7 SK', 0x5008n, { slb: [SK], ...dsi(0x5008n, 0x08000000n) }),
  ld('C8 load', 0x6008n, { slb: [SK], ra: 0x806008n }),
  std('C8 store', 0x6008n, { slb: [SK], ...dsi(0x6008n, 0x0a000000n) }),
  ld('C9 S0', 0x7008n, { ra: 0x807008n }),
  std('C9 store S0', 0x7008n, dsi(0x7008n, 0x0a000000n)),
  ld('C9 SK', 0x7008n, { slb: [SK], ...dsi(0x7008n, 0x08000000n) }),
  ld('C10', 0xa008n, { set: { AMR: 0x1000000000000000n }, ...dsi(0xa008n, 0x00200000n) }),
  std('C11', 0xa008n, { set: { AMR: 0x2000000000000000n }, ...dsi(0xa008n, 0x02200000n) }),
  std('C12', 0x3008n, { set: { AMR: 0x8000000000000000n }, ...dsi(0x3008n, 0x0a200000n) }),
  ld('C13 hit', 0x20340n, { ra: 0x820340n, pageShift: 12 }),
  ld('C13 miss', 0x23340n, dsi(0x23340n, 0x40000000n)),
  ld('C14 hit', 0x1000450n, { ra: 0x450n }),
  ld('C14 miss', 0x1123450n, dsi(0x1123450n, 0x40000000n)),
  ld('C15', 0x10045678008n, {
    slb: [C15_SLB],
    memory: hpte(0x63ad80, 0x0000000123004501n, 0x0400000000811192n),
    ra: 0x811008n,
    pageShift: 12,
  }),
  ld('C16', 0x36340n, {
    slb: [C16_SLB],
    memory: hpte(0x63ba00, 0x777005n, 0x831192n),
    ra: 0x836340n,
    pageShift: 16,
  }),
  ld('C17', 0x1123450n, {
    slb: [C17_SLB],
    memory: hpte(0x604480, 0x888105n, 0x192n),
    ra: 0x123450n,
    pageShift: 24,
  }),
  fetch('C18 N', 0x8100n, isi(0x10000000n)),
  fetch('C18 G', 0x9100n, isi(0x10000000n)),
  fetch('C19', 0x1100n, { slb: [SN], ...isi(0x10000000n) }),
  fetch('C20', 0x5100n, { slb: [SK], ...isi(0x08000000n) }),
  fetch('C21', 0xa100n, { ...isi(0x00200000n), set: { IAMR: 0x1000000000000000n } }),
  fetch('C22 page', 0x10100n, isi(0x40000000n)),
  fetch('C22 segment', 0x10000100n, { interrupt: 'instructionSegment', image: { SRR1: HVI } }),
  ld('C23', 0x10008n, {
    set: { ...GUEST, ...VPM1 },
    ...hdsi(0x10008n, 0x40000000n, { ASDR: 0x12345000n }),
  }),
  ld('C24', 0x10008n, { set: GUEST, ...dsi(0x10008n, 0x40000000n, GD) }),
  std('C25', 0x3008n, {
    set: { ...GUEST, ...VPM1 },
    ...hdsi(0x3008n, 0x0a000000n, { ASDR: 0x12345000n }),
  }),
  ld('C26', 0x1008n, {
    set: { ...GUEST, ...VPM1 },
    slb: [],
    interrupt: 'dataSegment',
    image: { DAR: 0x1008n, SRR1: GD },
  }),
  ld('C27', 0x801008n, { set: GUEST_REAL, memory: VRMA, ra: 0x801008n }),
  ld('C28 load', 0x901008n, {
    set: GUEST_REAL,
    memory: VRMA,
    ...hdsi(0x901008n, 0x40000000n, { HSRR1: GR, ASDR: 0x4001ffffff000000n }),
  }),
  std('C28 store', 0x901008n, {
    set: GUEST_REAL,
    memory: VRMA,
    ...hdsi(0x901008n, 0x42000000n, { HSRR1: GR, ASDR: 0x4001ffffff000000n }),
  }),
  {
    ...fetch('C29', 0x3000n, { set: GUEST_REAL, memory: VRMA, pate: 0x6000a0n, only: 'v3.0' }),
    interrupt: 'hypervisorInstructionStorage',
    image: { HSRR1: 0x8000000040001002n, ASDR: 0x4001ffffff000110n },
  },
  // The same on POWER8: L || LP of 64K in LPCR[VRMASD].
  {
    ...fetch('C29 by VRMASD', 0x3000n, { memory: VRMA, only: 'v2.07' }),
    set: { ...GUEST_REAL, LPCR: 0x8008800000000000n },
    interrupt: 'hypervisorInstructionStorage',
    image: { HSRR1: 0x8000000040001002n, ASDR: 0x4001ffffff000110n },
  },
  ld('C32', 0x3fffb6543210n, {
    slb: [C32_SLB],
    pate: HTABORG | 2n,
    memory: hpte(0x6bbbd0, 0x000abcdef1234601n, 0x5b5b5192n),
    ra: 0x5b5b5210n,
  }),
  ld('C33 load', C33_EA, { ...C33, slb: [c33Slb(KP)], ra: 0x5c5c9678n }),
  std('C33 store', C33_EA, { ...C33, slb: [c33Slb(KP | KS)], ...dsi(C33_EA, 0x0a000000n) }),
  ld('C34', C33_EA, {
    ...C33,
    slb: [c33Slb(KP)],
    set: { LPCR: 0x2000000000000000n },
    ...dsi(C33_EA, 0x40000000n),
  }),
  ld('C35', C33_EA, { ...C33, slb: [c33Slb(KP)], set: { LPCR: 0x200n }, ...dsi(C33_EA, 0x40000000n) }),
  // Only the low bits of the VSID fit the entry: with those 40 bits alone the page would be found.
  ld('C36', 0x3fffb6543210n, {
    slb: [segment(0x3fffb8000001n, 0x3abcdef1234000n)],
    pate: HTABORG | 2n,
    memory: hpte(0x6bbbd0, 0x000abcdef1234601n, 0x5b5b5192n),
    only: 'v3.0',
    ...dsi(0x3fffb6543210n, 0x40000000n),
  }),
  ld('C36, v2.07 entries hold every VSID', 0x3fffb6543210n, {
    slb: [segment(0x3fffb8000001n, 0x3abcdef1234000n)],
    pate: HTABORG | 2n,
    memory: hpte(0x6bbbd0, 0x003abcdef1234601n, 0x5b5b5192n),
    only: 'v2.07',
    ra: 0x5b5b5210n,
  }),
];

describe.each(['v3.0', 'v2.07'] as const)('hashed translation, %s images', (model) => {
  const rows = ROWS.filter(({ only }) => only === undefined || only === model);
  test.each(rows.map((row) => [row.id, row] as const))('%s', (_, row) => runOn(row, model, TABLE));
});

test('C30: slbmfee and slbmfev give back what slbmte wrote, without the index', () => {
  const { cpu } = build({ memory: [], set: {} });
  slbmte(cpu, 0x12345c00n, 0x08000001n);
  expect([slbmfee(cpu, 1n), slbmfev(cpu, 1n)]).toEqual([0x08000000n, 0x12345c00n]);
});

test('C31: slbfee. finds the entry of an effective address, or nothing', () => {
  const { cpu } = build({ memory: [], set: {} });
  slbmte(cpu, 0x12345c00n, 0x08000001n);
  expect(findSlbEntry(cpu, 0x1234n)).toEqual({ found: true, vsidWord: 0x12345c00n });
  expect(findSlbEntry(cpu, 0x10001234n)).toEqual({ found: false, vsidWord: 0n });
});
