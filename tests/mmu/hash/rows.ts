/** What the tests of hashed translation share: rows with an SLB and a table, run on POWER9 and on POWER8. */
import { slbmte } from '../../../src/mmu/hash/slb';
import { POWER8, POWER9 } from '../../../src/mmu/policy';
import { runRow, type Image, type Memory, type Row } from '../golden/run';

export const HVD = 0x9000000000001012n;
export const HVI = 0x9000000000001022n;
export const GD = 0x8000000000001012n;
export const GR = 0x8000000000001002n;

export const PTCR = 0x400000n;
export const HTABORG = 0x600000n;
/** Bytes of memory. */
const SIZE = 10 << 20;

/** LPID 0 and LPID 2 have the same table. */
export const pates = (dw0: bigint): Memory => [
  [0x400000, dw0],
  [0x400020, dw0],
];

/** Segment 0 in entry 1 with Ks = Kp = 0, with both 1, with N. */
export const S0 = segment(0x08000001n, 0x12345000n);
export const SK = segment(0x08000001n, 0x12345c00n);
export const SN = segment(0x08000001n, 0x12345200n);

export type Slb = readonly [esid: bigint, vsid: bigint];
export function segment(rb: bigint, rs: bigint): Slb {
  return [rb, rs];
}

export const hpte = (at: number, dw0: bigint, dw1: bigint): Memory => [
  [at, dw0],
  [at + 8, dw1],
];

export interface HashRow extends Row {
  readonly slb?: readonly Slb[];
  /** Doubleword 0 of the partition table entries; SDR1 on POWER8. */
  readonly pate?: bigint;
  /** Rows that the tables give for v3.0 only. */
  readonly only?: Model;
  /** False: guest real mode of v2.07 is offset mode. */
  readonly vpm0?: false;
}

export const ld = (id: string, ea: bigint, rest: Partial<HashRow>): HashRow => ({
  id,
  access: 'load',
  ea,
  length: 8,
  slb: [S0],
  ...rest,
});
export const std = (id: string, ea: bigint, rest: Partial<HashRow>): HashRow => ({
  ...ld(id, ea, rest),
  access: 'store',
});
export const fetch = (id: string, ea: bigint, rest: Partial<HashRow>): HashRow => ({
  ...ld(id, ea, rest),
  access: 'fetch',
  length: 4,
  set: { MSR: HVI, ...rest.set },
});

export const dsi = (DAR: bigint, DSISR: bigint, SRR1 = HVD): Partial<HashRow> => ({
  interrupt: 'dataStorage',
  image: { DAR, DSISR, SRR1 },
});
export const isi = (cause: bigint): Partial<HashRow> => ({
  interrupt: 'instructionStorage',
  image: { SRR1: HVI | cause },
});
export const hdsi = (HDAR: bigint, HDSISR: bigint, rest: Image): Partial<HashRow> => ({
  interrupt: 'hypervisorDataStorage',
  image: { HDAR, HDSISR, HSRR1: GD, ...rest },
});

/** The v2.07 image of an entry: the segment size moves to doubleword 0. */
export function toV207(memory: Memory): Memory {
  const B = 3n << 58n;
  const doublewords = new Map(memory);
  return memory.map(([address, value]) => {
    if (address % 16 === 8) return [address, value & ~B] as const;
    return [address, value | ((((doublewords.get(address + 8) ?? 0n) & B) >> 58n) << 62n)] as const;
  });
}

export const slbRegisters = (slb: readonly Slb[]): ((cpu: Parameters<typeof slbmte>[0]) => void) => {
  return (cpu) => {
    for (const [rb, rs] of slb) expect(slbmte(cpu, rs, rb)).not.toBe('invalid');
  };
};

/** v2.07 has no ASDR. */
function withoutAsdr(row: HashRow): HashRow {
  if (!row.image) return row;
  const image = Object.entries(row.image).filter(([name]) => name !== 'ASDR');
  return { ...row, image: Object.fromEntries(image) };
}

export type Model = 'v3.0' | 'v2.07';

/** Runs a row on one of the two models, with `table` (v3.0 images) in memory beside the row's own doublewords. */
export function runOn(row: HashRow, model: Model, table: Memory): void {
  const pate = row.pate ?? HTABORG;
  const { slb = [], memory = [] } = row;
  const v3 = model === 'v3.0';
  // VPM0 is what makes guest real mode virtual before v3.0.
  const lpcr = (row.set?.['LPCR'] ?? 0n) | (v3 || row.vpm0 === false ? 0n : 0x8000000000000000n);
  const shared = v3 ? table : toV207(table);
  runRow(
    {
      ...(v3 ? row : withoutAsdr(row)),
      policy: v3 ? POWER9 : POWER8,
      memory: v3 ? memory : toV207(memory),
      set: { MSR: HVD, ...row.set, LPCR: lpcr },
    },
    {
      memory: v3 ? [...pates(pate), ...shared] : shared,
      set: v3 ? { PTCR } : { SDR1: pate },
      prepare: slbRegisters(slb),
      size: SIZE,
    },
  );
}
