/** Rules of hashed translation that the golden rows do not reach: page sizes, protection, whose fault, bad configuration. */
import { POWER10, POWER9 } from '../../../src/mmu/policy';
import type { InterruptName } from '../../../isa/interrupts';
import { runRow, type Image, type Memory } from '../golden/run';
import { dsi, fetch, GD, GR, HTABORG, hdsi, hpte, HVD, HVI, isi, ld, pates, PTCR, runOn, segment, slbRegisters, std, type HashRow, type Model, type Slb } from './rows'; // prettier-ignore

const MODELS: readonly Model[] = ['v3.0', 'v2.07'];

/** Runs rows on both models, or on the one that a row names. */
function check(title: string, rows: readonly HashRow[]): void {
  const cases = MODELS.flatMap((model) =>
    rows
      .filter(({ only }) => only === undefined || only === model)
      .map((row) => [`${row.id}, ${model}`, row, model] as const),
  );
  describe(title, () => {
    test.each(cases)('%s', (_id, row, model) => runOn(row, model, []));
  });
}

const VSID = 0x12345n;
const S = segment(0x08000001n, VSID << 12n);
/** The primary and secondary group of a hash in a table of 2048 groups. */
const group = (hash: bigint): number => 0x600000 + Number(hash & 0x7ffn) * 0x80;
const entry = (page: bigint, dw1: bigint, slot = 0): Memory =>
  hpte(group(VSID ^ page) + 16 * slot, (VSID << 12n) | ((page >> 11n) << 7n) | 1n, dw1);

const machineCheck = (ea: bigint, DSISR: bigint, SRR1 = HVD): Partial<HashRow> => ({
  interrupt: 'machineCheck',
  image: { DAR: ea, DSISR, SRR1: SRR1 | 0x200000n },
});
const machineCheckFetch = (cause: bigint): Partial<HashRow> => ({
  interrupt: 'machineCheck',
  image: { SRR1: HVI | cause },
});

/* Page sizes: every base with every actual size, in both segment sizes, and the encodings that are none. */

interface PageCase {
  readonly name: string;
  readonly llp: bigint;
  readonly base: bigint;
  readonly actual: bigint;
  /** RPN below the page size, and HPTE[L]. */
  readonly lp: bigint;
  readonly large: bigint;
}
const PAGES: readonly PageCase[] = [
  { name: '4K/4K', llp: 0n, base: 12n, actual: 12n, lp: 0n, large: 0n },
  { name: '4K/64K', llp: 0n, base: 12n, actual: 16n, lp: 0x7000n, large: 4n },
  { name: '4K/16M', llp: 0n, base: 12n, actual: 24n, lp: 0x38000n, large: 4n },
  { name: '64K/64K', llp: 0x110n, base: 16n, actual: 16n, lp: 0x1000n, large: 4n },
  { name: '64K/16M', llp: 0x110n, base: 16n, actual: 24n, lp: 0x8000n, large: 4n },
  { name: '16M/16M', llp: 0x100n, base: 24n, actual: 24n, lp: 0n, large: 4n },
  { name: '16G/16G', llp: 0x120n, base: 34n, actual: 34n, lp: 0x3000n, large: 4n },
];

/** A page of one size, in a segment of 2^`bits` bytes, found by its primary or secondary hash in the last slot. */
function pageRow(page: PageCase, bits: bigint, h: bigint, change: Partial<PageCase> = {}): HashRow {
  const { name, llp, base, actual, lp, large } = { ...page, ...change };
  const vsid = 0x2b3c5n;
  const offset = 0xa76543210dn & ((1n << bits) - 1n);
  const terabyte = bits === 40n;
  const hash = vsid ^ (terabyte ? vsid << 25n : 0n) ^ (offset >> base);
  const ea = (7n << bits) | offset;
  const b = terabyte ? 1n : 0n;
  const avpn = ((vsid << bits) | ((offset >> base) << base)) >> 23n;
  const frame = (5n << 36n) | (1n << 40n) | (3n << 24n);
  const rpn = (frame & ~((1n << actual) - 1n)) | lp;
  const at = group(h === 0n ? hash : ~hash) + 0x70;
  const found = {
    ra: (rpn & ~((1n << actual) - 1n)) | (ea & ((1n << actual) - 1n)),
    pageShift: Number(base),
  };
  const misfit = Object.keys(change).length > 0;
  return ld(`${name} in 2^${bits} bytes, H=${h}${misfit ? ', misfit' : ''}`, ea, {
    length: 1,
    slb: [segment((7n << bits) | 0x8000001n, (b << 62n) | (vsid << (terabyte ? 24n : 12n)) | llp)],
    memory: hpte(at, (avpn << 7n) | large | (h << 1n) | 1n, (b << 58n) | rpn | 0x192n),
    ...(misfit ? dsi(ea, 0x40000000n) : found),
  });
}

check(
  'page sizes',
  PAGES.flatMap((page) => [
    pageRow(page, 28n, 0n),
    pageRow(page, 40n, 0n),
    pageRow(page, 40n, 1n),
    // One bit of the encoding wrong, at its top and at its bottom: the entry is passed over.
    ...(page.large === 0n
      ? []
      : [
          pageRow(page, 40n, 0n, { lp: page.lp ^ 0x1000n }),
          pageRow(page, 40n, 0n, { lp: page.lp ^ (1n << (page.actual - 1n)) }),
        ]),
    // Without L it is a 4K page, which only a 4K segment has.
    ...(page.large !== 0n && page.base === 12n ? [] : [pageRow(page, 40n, 0n, { large: page.large ^ 4n })]),
  ]),
);

/* Protection: all of pp with both keys, in both states, for each kind of access. */

const ALLOWED: ReadonlyArray<readonly [key: bigint, pp: bigint, rights: string]> = [
  [0n, 0n, 'rwx'],
  [0n, 1n, 'rwx'],
  [0n, 2n, 'rwx'],
  [0n, 3n, 'rx'],
  [0n, 4n, ''],
  [0n, 5n, ''],
  [0n, 6n, 'rx'],
  [0n, 7n, ''],
  [1n, 0n, ''],
  [1n, 1n, 'rx'],
  [1n, 2n, 'rwx'],
  [1n, 3n, 'rx'],
  [1n, 4n, ''],
  [1n, 5n, ''],
  [1n, 6n, ''],
  [1n, 7n, ''],
];

const PR = 0x4000n;
check(
  'protection',
  ALLOWED.flatMap(([key, pp, rights]) =>
    [0n, PR].flatMap((pr) => {
      // The other state's key is the opposite, so that taking the wrong one shows.
      const keys = key === (pr === 0n ? 1n : 0n) ? 0x800n : 0x400n;
      const slb = [segment(0x8000001n, (VSID << 12n) | keys)];
      const memory = entry(1n, ((pp >> 2n) << 63n) | 0x801190n | (pp & 3n));
      const name = `K=${key} pp=${pp} ${pr === 0n ? 'privileged' : 'problem state'}`;
      const ok = { ra: 0x801008n };
      const data = { slb, memory, set: { MSR: HVD | pr } };
      return [
        ld(`${name} load`, 0x1008n, {
          ...data,
          ...(rights.includes('r') ? ok : dsi(0x1008n, 0x08000000n, HVD | pr)),
        }),
        std(`${name} store`, 0x1008n, {
          ...data,
          ...(rights.includes('w') ? ok : dsi(0x1008n, 0x0a000000n, HVD | pr)),
        }),
        fetch(`${name} fetch`, 0x1008n, {
          slb,
          memory,
          set: { MSR: HVI | pr },
          ...(rights.includes('x') ? ok : isi(0x08000000n | pr)),
        }),
      ].map((row) => (row.access === 'fetch' ? { ...row, set: { MSR: HVI | pr } } : row));
    }),
  ),
);

/* Keys: each of the 32 classes has its own two bits of AMR and one of IAMR. */

const keyed = (key: bigint): bigint => ((key >> 3n) << 60n) | ((key & 7n) << 9n) | 0x801192n;
const bit = (key: bigint, which: bigint): bigint => which << (2n * (31n - key));
check(
  'key classes',
  [0n, 1n, 7n, 8n, 15n, 16n, 17n, 30n, 31n].flatMap((key) => {
    const memory = entry(1n, keyed(key));
    const others = (which: bigint): bigint => (0x5555555555555555n * which) ^ bit(key, which);
    const row = { slb: [S], memory };
    const ok = { ra: 0x801008n };
    return [
      ld(`${key} load denied`, 0x1008n, { ...row, set: { AMR: bit(key, 1n) }, ...dsi(0x1008n, 0x200000n) }),
      ld(`${key} load, all others denied`, 0x1008n, { ...row, set: { AMR: others(1n) }, ...ok }),
      ld(`${key} load, stores denied`, 0x1008n, { ...row, set: { AMR: bit(key, 2n), IAMR: ~0n }, ...ok }),
      std(`${key} store denied`, 0x1008n, {
        ...row,
        set: { AMR: bit(key, 2n) },
        ...dsi(0x1008n, 0x2200000n),
      }),
      std(`${key} store, all others denied`, 0x1008n, { ...row, set: { AMR: others(2n) }, ...ok }),
      {
        ...fetch(`${key} fetch denied`, 0x1008n, { ...row, ...isi(0x200000n) }),
        set: { MSR: HVI, IAMR: bit(key, 1n) },
      },
      {
        ...fetch(`${key} fetch, all others denied`, 0x1008n, { ...row, ...ok }),
        set: { MSR: HVI, AMR: ~0n, IAMR: others(1n) },
      },
    ];
  }),
);

const IAMR0 = { MSR: HVI, IAMR: 0x4000000000000000n };
check('several reasons at once', [
  {
    ...fetch('no-execute page and key', 0x1008n, {
      slb: [S],
      memory: entry(1n, 0x801196n),
      ...isi(0x10200000n),
    }),
    set: IAMR0,
  },
  {
    ...fetch('PP and key', 0x1008n, {
      slb: [S],
      memory: entry(1n, 0x8000000000801190n),
      ...isi(0x08200000n),
    }),
    set: IAMR0,
  },
  // No-execute counts before PP.
  fetch('no-execute and PP', 0x1008n, {
    slb: [S],
    memory: entry(1n, 0x8000000000801194n),
    ...isi(0x10000000n),
  }),
  // A no-execute segment is refused without looking for the page.
  fetch('no-execute segment without page', 0x1008n, {
    slb: [segment(0x8000001n, (VSID << 12n) | 0x200n)],
    ...isi(0x10000000n),
  }),
  ld('data of a no-execute segment', 0x1008n, {
    slb: [segment(0x8000001n, (VSID << 12n) | 0x200n)],
    memory: entry(1n, 0x801192n),
    ra: 0x801008n,
  }),
]);

/* Whose fault. */

const LPCR = { VPM1: 1n << 62n, KBV: 1n << 60n, VRMA_64K: (1n << 51n) | (1n << 47n) } as const;
const guest = (lpcr: bigint) => ({ MSR: GD, LPIDR: 2n, LPCR: lpcr });
const KEY_DENIED = 0x1000000000000000n;
const keyPage = { slb: [S], memory: entry(1n, keyed(1n)) };
check('whose fault', [
  ld('key, VPM1=1', 0x1008n, {
    ...keyPage,
    set: { ...guest(LPCR.VPM1), AMR: KEY_DENIED },
    ...hdsi(0x1008n, 0x200000n, { ASDR: 0x12345000n }),
  }),
  ld('key, KBV=1', 0x1008n, {
    ...keyPage,
    set: { ...guest(LPCR.KBV), AMR: KEY_DENIED },
    ...hdsi(0x1008n, 0x200000n, { ASDR: 0x12345000n }),
  }),
  ld('key, neither', 0x1008n, {
    ...keyPage,
    set: { ...guest(0n), AMR: KEY_DENIED },
    ...dsi(0x1008n, 0x200000n, GD),
  }),
  ld('no page, KBV=1', 0x2008n, { ...keyPage, set: guest(LPCR.KBV), ...dsi(0x2008n, 0x40000000n, GD) }),
  ld('no page in hypervisor state, VPM1=1 and KBV=1', 0x2008n, {
    ...keyPage,
    set: { LPCR: LPCR.VPM1 | LPCR.KBV },
    ...dsi(0x2008n, 0x40000000n),
  }),
  {
    ...fetch('fetch, VPM1=1', 0x2008n, { ...keyPage }),
    set: { ...guest(LPCR.VPM1), MSR: GR | 0x20n },
    interrupt: 'hypervisorInstructionStorage',
    image: { HSRR1: GR | 0x40000020n, ASDR: 0x12345000n },
  },
  // The descriptor has B, VSID, Ks, Kp, N, L, C, LP; not what is reserved.
  ld('descriptor', (3n << 40n) | 8n, {
    slb: [segment((3n << 40n) | 0x8000001n, 0x4000000abc000f90n | 0x4fn)],
    set: guest(LPCR.VPM1),
    ...hdsi((3n << 40n) | 8n, 0x40000000n, { ASDR: 0x4000000abc000f90n }),
  }),
]);

/* Real mode of a guest. */

const VRMA = 0x1ffffffn;
const vrmaGroup = (page: bigint): number => group(VRMA ^ (VRMA << 25n) ^ page);
const real = { MSR: GR, LPIDR: 2n } as const;
const vrmaPage = (page: bigint, dw1: bigint): Memory =>
  hpte(vrmaGroup(page), (VRMA << 24n) | ((page >> 11n) << 7n) | 1n, (1n << 58n) | dw1);
check('guest real mode', [
  ld('the four upper address bits do not count', 0xf000000000005008n, {
    set: real,
    slb: [],
    memory: vrmaPage(5n, 0x805192n),
    ra: 0x805008n,
  }),
  ld('neither do keys', 0x5008n, {
    set: { ...real, AMR: ~0n },
    slb: [],
    memory: vrmaPage(5n, 0x805192n),
    ra: 0x805008n,
  }),
  std('protection is the hypervisor’s, whatever VPM1 is', 0x5008n, {
    set: real,
    slb: [],
    memory: vrmaPage(5n, 0x805193n),
    ...hdsi(0x5008n, 0x0a000000n, { HSRR1: GR, ASDR: 0x4001ffffff000000n }),
  }),
  ld('64K pages by PATE[PS]', 0x31234n, {
    set: real,
    slb: [],
    pate: HTABORG | 0xa0n,
    only: 'v3.0',
    memory: hpte(vrmaGroup(3n), (VRMA << 24n) | 5n, (1n << 58n) | 0x831192n),
    ra: 0x831234n,
    pageShift: 16,
  }),
  ld('64K pages by LPCR[VRMASD]', 0x31234n, {
    set: { ...real, LPCR: LPCR.VRMA_64K },
    slb: [],
    only: 'v2.07',
    memory: hpte(vrmaGroup(3n), (VRMA << 24n) | 5n, (1n << 58n) | 0x831192n),
    ra: 0x831234n,
  }),
]);

/** RMLS, and the limit in bytes. */
const LIMITS: ReadonlyArray<readonly [bigint, bigint]> = [
  [0n, 1n << 38n],
  [1n, 1n << 34n],
  [2n, 1n << 30n],
  [3n, 1n << 26n],
  [4n, 1n << 28n],
  [7n, 1n << 27n],
  [8n, 1n << 25n],
];
const offset = { slb: [], only: 'v2.07', vpm0: false } as const;
check('real mode offset', [
  ...LIMITS.flatMap(([rmls, limit]) => [
    ld(`RMLS ${rmls}, below the limit`, limit - 8n, {
      ...offset,
      set: { ...real, LPCR: rmls << 26n },
      ra: limit - 8n,
    }),
    ld(`RMLS ${rmls}, at the limit`, limit, {
      ...offset,
      set: { ...real, LPCR: rmls << 26n },
      ...dsi(limit, 0x08000000n, GR),
    }),
    std(`RMLS ${rmls}, store`, limit, {
      ...offset,
      set: { ...real, LPCR: rmls << 26n },
      ...dsi(limit, 0x0a000000n, GR),
    }),
  ]),
  ld('RMLS without a limit permits nothing', 0n, {
    ...offset,
    set: { ...real, LPCR: 5n << 26n },
    ...dsi(0n, 0x08000000n, GR),
  }),
  ld('RMOR is ORed', 0x801008n, {
    ...offset,
    set: { ...real, LPCR: 2n << 26n, RMOR: 0x40800000n },
    ra: 0x40801008n,
  }),
  ld('the four upper address bits do not count', 0xf000000000801008n, {
    ...offset,
    set: { ...real, LPCR: 2n << 26n },
    ra: 0x801008n,
  }),
]);

/* Matching and its machine checks. */

const TWICE = [...entry(1n, 0x801192n), ...entry(1n, 0x801192n, 5)];
const SECOND = hpte(group(~(VSID ^ 1n)), (VSID << 12n) | 3n, 0x801192n);
check('matching', [
  ld('two entries in a group', 0x1008n, { slb: [S], memory: TWICE, ...machineCheck(0x1008n, 0x400n) }),
  fetch('two entries in a group, fetch', 0x1008n, {
    slb: [S],
    memory: TWICE,
    ...machineCheckFetch(0x140000n),
  }),
  ld('one entry in each group', 0x1008n, {
    slb: [S],
    memory: [...entry(1n, 0x801192n), ...SECOND],
    ...machineCheck(0x1008n, 0x400n),
  }),
  ld('... of which TC=1 sees one', 0x1008n, {
    slb: [S],
    set: { LPCR: 0x200n },
    memory: [...entry(1n, 0x801192n), ...SECOND],
    ra: 0x801008n,
  }),
  ld('secondary entry in the primary group', 0x1008n, {
    slb: [S],
    memory: hpte(group(VSID ^ 1n), (VSID << 12n) | 3n, 0x801192n),
    ...dsi(0x1008n, 0x40000000n),
  }),
  ld('primary entry in the secondary group', 0x1008n, {
    slb: [S],
    memory: hpte(group(~(VSID ^ 1n)), (VSID << 12n) | 1n, 0x801192n),
    ...dsi(0x1008n, 0x40000000n),
  }),
  ld('entry of the other segment size', 0x1008n, {
    slb: [S],
    memory: entry(1n, 0x0400000000801192n),
    ...dsi(0x1008n, 0x40000000n),
  }),
  ld('two segments', 0x1008n, {
    slb: [S, segment(0x8000002n, 0x777000n)],
    ...machineCheck(0x1008n, 0x80n),
  }),
  ld('segments of both sizes', 0x1008n, {
    slb: [S, segment(0x8000002n, 0x4000000777000000n)],
    ...machineCheck(0x1008n, 0x80n),
  }),
  fetch('two segments, fetch', 0x1008n, {
    slb: [S, segment(0x8000002n, 0x777000n)],
    ...machineCheckFetch(0xc0000n),
  }),
  ld('32-bit mode drops the upper half first', 0xffffffff00001008n, {
    slb: [S],
    set: { MSR: HVD & ~(1n << 63n) },
    memory: entry(1n, 0x801192n),
    ra: 0x801008n,
  }),
  ld('an access that crosses into a missing page', 0x1ffcn, {
    slb: [S],
    memory: entry(1n, 0x801012n),
    ...dsi(0x2000n, 0x40000000n),
  }),
]);

/* Attributes, reference and change. */

const wimg = (bits: bigint): Memory => entry(1n, 0x801182n | (bits << 3n));
const one = { slb: [S], length: 8 } as const;
check('attributes', [
  { ...ld('larx to caching-inhibited storage', 0x1008n, one), access: 'reserve', memory: wimg(5n), ...dsi(0x1008n, 0x04000000n) }, // prettier-ignore
  { ...ld('stcx. to caching-inhibited storage', 0x1008n, one), access: 'conditional', memory: wimg(4n), ...dsi(0x1008n, 0x06000000n) }, // prettier-ignore
  { ...ld('larx to storage with strong access order', 0x1008n, one), access: 'reserve', memory: wimg(14n), ra: 0x801008n }, // prettier-ignore
  { ...ld('dcbz to caching-inhibited storage', 0x1000n, one), access: 'dcbz', memory: entry(1n, 0x80112an), interrupt: 'alignment', image: { DAR: 0x1000n, SRR1: HVD } }, // prettier-ignore
  { ...ld('guest’s larx, VPM1=1', 0x1008n, one), access: 'reserve', memory: wimg(5n), set: guest(LPCR.VPM1), ...hdsi(0x1008n, 0x04000000n, { ASDR: 0x12345000n }) }, // prettier-ignore
]);

const at = group(VSID ^ 1n);
check('reference and change', [
  ld('a load sets R', 0x1008n, { ...one, memory: entry(1n, 0x801012n), ra: 0x801008n, then: [[at + 8, 0x801112n]] }),
  fetch('a fetch sets R', 0x1008n, { slb: [S], memory: entry(1n, 0x801012n), ra: 0x801008n, then: [[at + 8, 0x801112n]] }),
  std('a store sets both', 0x1008n, { ...one, memory: entry(1n, 0x801012n), ra: 0x801008n, then: [[at + 8, 0x801192n]] }),
  std('a store that is denied sets nothing', 0x1008n, { ...one, memory: entry(1n, 0x801013n), ...dsi(0x1008n, 0x0a000000n) }),
  { ...std('a store that the attributes refuse sets nothing', 0x1008n, one), access: 'conditional', memory: entry(1n, 0x80103an), ...dsi(0x1008n, 0x06000000n) },
]); // prettier-ignore

/* Bad configuration. */

const badPate = (HDAR: bigint): Partial<HashRow> => hdsi(HDAR, 0x80000n, { HSRR1: HVD, ASDR: HDAR });
check('bad configuration', [
  ld('partition table entry of a radix partition', 0x1008n, { ...one, only: 'v3.0', pate: HTABORG | (1n << 63n), ...badPate(0x1008n) }),
  ld('HTABSIZE 29, v3.0', 0x1008n, { ...one, only: 'v3.0', pate: HTABORG | 29n, ...badPate(0x1008n) }),
  ld('HTABSIZE 29, v2.07', 0x1008n, { ...one, only: 'v2.07', pate: HTABORG | 29n, ...machineCheck(0x1008n, 0x20n) }),
  ld('reserved PS', 0x1008n, { slb: [], only: 'v3.0', set: real, pate: HTABORG | 0x20n, ...hdsi(0x1008n, 0x80000n, { HSRR1: GR, ASDR: 0x1008n }) }),
  ld('reserved VRMASD', 0x1008n, { slb: [], only: 'v2.07', set: { ...real, LPCR: 1n << 47n }, ...machineCheck(0x1008n, 0x20n, GR) }),
  ld('LPIDR beyond the partition table', 0x1008n, { ...one, only: 'v3.0', set: { LPIDR: 256n }, ...badPate(0x1008n) }),
  ld('table outside memory', 0x1008n, { ...one, pate: 0x40000000n, ...machineCheck(0x1008n, 0x20n) }),
  ld('table above 4 GiB', 0x1008n, { ...one, pate: 0x0fffffffc0000000n, ...machineCheck(0x1008n, 0x20n) }),
  fetch('table outside memory, fetch', 0x1008n, { slb: [S], pate: 0x40000000n, ...machineCheckFetch(0x08100000n) }),
  // 64 MiB of table in 16 MiB of memory: where the group is in memory it is used.
  ld('table larger than memory, group inside', 0x1008n, { ...one, pate: 8n, memory: hpte(0x12344 * 128, 0x12345001n, 0x801192n), ra: 0x801008n }),
  ld('table larger than memory, group outside', 0x8008n, { ...one, slb: [segment(0x8000001n, 0x7ffff000n)], pate: 8n, ...machineCheck(0x8008n, 0x20n) }),
  ld('table larger than memory, secondary group outside', 0x2008n, { ...one, pate: 8n, ...machineCheck(0x2008n, 0x20n) }),
  ld('... which TC=1 does not look at', 0x2008n, { ...one, set: { LPCR: 0x200n }, pate: 8n, ...dsi(0x2008n, 0x40000000n) }),
]); // prettier-ignore

/* Hashes of more than 32 bits: the group is in memory only where the upper bits cancel or are not used. */

const wide = (terabyte: boolean, vsid: bigint, page: bigint, rest: Partial<HashRow>): HashRow => {
  const ea = page << 12n;
  const b = terabyte ? 1n : 0n;
  const hash = (vsid ^ (terabyte ? vsid << 25n : 0n) ^ page) & 0xfffn;
  const avpn = ((vsid << (terabyte ? 40n : 28n)) | ea) >> 23n;
  return ld('', ea, {
    slb: [segment(0x8000001n | ((ea >> 40n) << 40n), (b << 62n) | (vsid << (terabyte ? 24n : 12n)))],
    memory: hpte(0x800000 + Number(hash) * 128, (avpn << 7n) | 1n, (b << 58n) | 0x801192n),
    ...(rest.interrupt ? {} : { ra: 0x801000n }),
    ...rest,
  });
};
const OUTSIDE = (page: bigint): Partial<HashRow> => machineCheck(page << 12n, 0x20n);
check('wide hashes', [
  // VSID << 25 of a 1 TiB segment meets the upper bits of the page number.
  wide(true, 5n, (5n << 25n) | 0x123n, { id: '1T, folded bits cancel', pate: 0x800000n | 28n }),
  wide(true, 5n, (4n << 25n) | 0x123n, { id: '1T, folded bits do not', pate: 0x800000n | 28n, ...OUTSIDE((4n << 25n) | 0x123n) }),
  wide(true, 0x80n, 0x123n, { id: '1T, bit 32 of the hash, 32-bit index', pate: 0x800000n | 21n }),
  wide(true, 0x80n, 0x123n, { id: '1T, bit 32 of the hash, 33-bit index', pate: 0x800000n | 22n, ...OUTSIDE(0x123n) }),
  wide(false, (1n << 39n) | 3n, 0x123n, { id: 'bit 39 is not in the hash', pate: 0x800000n | 28n }),
  wide(false, (1n << 38n) | 3n, 0x123n, { id: 'bit 38 is', pate: 0x800000n | 28n, ...OUTSIDE(0x123n) }),
  wide(false, (1n << 38n) | 3n, 0x123n, { id: 'bit 38 is not used by a table of 2^45 bytes', pate: 0x800000n | 27n }),
]); // prettier-ignore

test('the partition table outside memory is a machine check', () => {
  runRow(ld('', 0x1008n, { policy: POWER9, ...machineCheck(0x1008n, 0x20n) }), {
    memory: [],
    set: { MSR: HVD, PTCR: 0x40000000n },
    prepare: slbRegisters([S]),
  });
});

test('POWER10 translates as POWER9 does', () => {
  runRow(ld('', 0x1008n, { policy: POWER10, ra: 0x801008n }), {
    memory: [...pates(HTABORG), ...entry(1n, 0x801192n)],
    set: { MSR: HVD, PTCR },
    prepare: slbRegisters([S]),
  });
});

test('with UPRT=1 and HR=0 the SLB is used, and an address that it does not have has no segment', () => {
  const base = {
    memory: [...pates(HTABORG), ...entry(1n, 0x801192n)],
    set: { MSR: HVD, PTCR, LPCR: 0x400000n },
    prepare: slbRegisters([S]),
  };
  runRow(ld('', 0x1008n, { policy: POWER9, ra: 0x801008n }), base);
  const interrupt: InterruptName = 'dataSegment';
  const image: Image = { DAR: 0x10001008n, SRR1: HVD };
  runRow(ld('', 0x10001008n, { policy: POWER9, interrupt, image }), base);
});

const RESERVED: Slb = [0x8000000n, 0x12345010n];
test('a reserved page size in the SLB, as only a snapshot can bring it, finds no page', () => {
  runRow(ld('', 0x1008n, { policy: POWER9, ...dsi(0x1008n, 0x40000000n) }), {
    memory: [...pates(HTABORG), ...entry(1n, 0x801192n)],
    set: { MSR: HVD, PTCR },
    prepare: (cpu) => {
      cpu.setNamed('SLBE', RESERVED[0]);
      cpu.setNamed('SLBV', RESERVED[1]);
    },
  });
});
