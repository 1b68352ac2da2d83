/**
 * Hashed translation against its slow twin: equal result or equal register image, and equal memory afterwards, R and
 * C bytes included.
 */
import fc from 'fast-check';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, loOf } from '../../../src/core/u64';
import { ACCESS, type AccessName } from '../../../src/mmu/access';
import { MMU_POLICIES } from '../../../src/mmu/policy';
import { Translator } from '../../../src/mmu/translate';
import { CpuState } from '../../../src/state/cpu-state';
import { slot } from '../../../src/state/layout';
import { fastOutcome } from '../outcome';
import { HashTwin } from './twin';

const SIZE = 1 << 20;
const PARTITION_TABLE = 0x10000n;
const HPT = 0x80000n;

const memory = RealMemory.ofSize(SIZE);
const twinMemory = new DataView(new ArrayBuffer(SIZE));
/** How often each outcome came up, to see that the tables are worth something. */
const seen = new Map<string, number>();

interface Scenario {
  readonly model: 'power8' | 'power9';
  readonly registers: Readonly<Record<string, bigint>>;
  readonly slb: readonly (readonly [number, bigint, bigint])[];
  readonly words: readonly (readonly [number, bigint])[];
  readonly pattern?: readonly bigint[];
  readonly accesses: readonly { access: AccessName; ea: bigint; probe: boolean }[];
}

/** Memory from a repeated pattern of 2^n doublewords, then single doublewords. */
function fill({ pattern = [0n], words }: Scenario): void {
  pattern.forEach((value, i) => memory.setDoubleword(8 * i, value));
  for (let filled = 8 * pattern.length; filled < SIZE; filled *= 2)
    memory.bytes.copyWithin(filled, 0, filled);
  for (const [address, value] of words) memory.setDoubleword(address, value);
  new Uint8Array(twinMemory.buffer).set(memory.bytes);
}

/** Every access of a scenario, on both; with an observer on every other one, which must change nothing. */
function compare(scenario: Scenario): void {
  fill(scenario);
  const cpu = CpuState.detached();
  for (const [name, value] of Object.entries(scenario.registers)) cpu.setNamed(name, value);
  const slb = Array.from({ length: 32 }, () => [0n, 0n] as [bigint, bigint]);
  for (const [index, esid, vsid] of scenario.slb) {
    slb[index] = [esid, vsid];
    cpu.write(slot('SLBE'), index, esid);
    cpu.write(slot('SLBV'), index, vsid);
  }
  const mmu = new Translator(memory, MMU_POLICIES[scenario.model]);
  const machine = { ...scenario, memory: twinMemory, slb };
  for (const [n, { access, ea, probe }] of scenario.accesses.entries()) {
    const decisions: string[] = [];
    mmu.observer =
      n % 2 === 0 ? undefined : { walk: ({ steps }) => decisions.push(...steps.map((s) => s.decision)) };
    const ask = probe ? 'probe' : 'access';
    const fast = fastOutcome(mmu, mmu[ask](cpu, ACCESS[access], hiOf(ea), loOf(ea)));
    const slow = new HashTwin(machine, access, ea).run({ sideEffects: !probe });
    expect(fast).toEqual(slow);
    if ('ra' in slow && decisions.length > 0 && decisions.includes('invalid'))
      expect(decisions.filter((decision) => decision === 'match')).toHaveLength(1);
    const name = 'ra' in slow ? 'translated' : slow.interrupt;
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  expect(Buffer.compare(memory.bytes, new Uint8Array(twinMemory.buffer))).toBe(0);
}

const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
const bits = (n: number): fc.Arbitrary<bigint> => fc.bigInt(0n, (1n << BigInt(n)) - 1n);
const ACCESSES = [
  'load', 'store', 'fetch', 'reserve', 'conditional', 'atomic', 'copy', 'paste', 'dcbz',
] as const satisfies readonly AccessName[]; // prettier-ignore
const accessName = fc.oneof(fc.constantFrom('load', 'store', 'fetch'), fc.constantFrom(...ACCESSES));
const model = fc.constantFrom('power8', 'power9');

/** SF always or nearly; HV only with relocation: hypervisor real mode is not hashed. */
const msr = fc
  .record({
    sf: fc.integer({ min: 0, max: 15 }),
    hv: fc.boolean(),
    pr: fc.boolean(),
    relocated: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ sf, hv, pr, relocated }) => {
    const real = relocated === 0 && !hv;
    return (
      (sf === 0 ? 0n : 1n << 63n) | (hv ? 1n << 60n : 0n) | (pr && !real ? 0x4000n : 0n) | (real ? 0n : 0x30n)
    );
  });
/** VPM0 VPM1 ISL KBV, VRMASD, RMLS, TC; HR is 0. */
const lpcr = fc
  .tuple(
    fc.constantFrom(0n, 4n, 8n, 9n, 12n, 13n, 12n, 12n, 2n, 14n),
    fc.constantFrom(0n, 0x10n, 0x11n, 0x12n, 3n),
    fc.constantFrom(0n, 2n, 3n, 8n, 5n),
    fc.constantFrom(0n, 0n, 0n, 1n),
    fc.constantFrom(0n, 0n, 1n),
  )
  .map(
    ([virtual, vrmasd, rmls, tc, uprt]) =>
      (virtual << 60n) | (vrmasd << 47n) | (rmls << 26n) | (tc << 9n) | (uprt << 22n),
  );

const LLP = [0n, 0x110n, 0x100n, 0x120n] as const;
const BASES = [12n, 16n, 24n, 34n] as const;
/** Actual sizes by base: L and what RPN >> 12 is below the page size. */
const LPS = [
  [{ l: 0n, lp: 0n, size: 12n }, { l: 4n, lp: 7n, size: 16n }, { l: 4n, lp: 0x38n, size: 24n }],
  [{ l: 4n, lp: 1n, size: 16n }, { l: 4n, lp: 8n, size: 24n }],
  [{ l: 4n, lp: 0n, size: 24n }],
  [{ l: 4n, lp: 3n, size: 34n }],
] as const; // prettier-ignore

/** A segment, some of its pages, and accesses to them. Sizes are drawn so that everything is often met. */
const pageSpec = fc.record({
  offset: bits(40),
  actual: fc.nat(2),
  secondary: fc.boolean(),
  slot: fc.nat(7),
  dw1: bits(64),
  plain: fc.boolean(),
  flip: fc.oneof({ weight: 8, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(127) }),
  twice: fc.nat(9).map((n) => n === 0),
});
const segmentSpec = fc.record({
  esid: fc.bigInt(0n, 7n),
  high: fc.constantFrom(0n, 0n, 0x80n, 0xc000n),
  terabyte: fc.boolean(),
  vsid: fc.oneof(bits(12), bits(28), bits(40), bits(50)),
  base: fc.oneof(fc.constantFrom(0, 1), fc.nat(3)),
  keys: fc.bigInt(0n, 15n),
  pages: fc.array(pageSpec, { maxLength: 5 }),
});
type SegmentSpec = typeof segmentSpec extends fc.Arbitrary<infer T> ? T : never;
type PageSpec = SegmentSpec['pages'][number];

interface Draft {
  readonly words: (readonly [number, bigint])[];
  readonly addresses: bigint[];
}

const sizeOf = ({ terabyte }: SegmentSpec): bigint => (terabyte ? 40n : 28n);
const eaOf = (spec: SegmentSpec): bigint => (spec.high << 48n) | (spec.esid << (spec.terabyte ? 40n : 28n));
const vsidOf = ({ terabyte, vsid }: SegmentSpec): bigint => vsid & ((1n << (terabyte ? 38n : 50n)) - 1n);

/** Writes the entry of a page where the hash says, one bit flipped now and then. */
function place(draft: Draft, v3: boolean, spec: SegmentSpec, page: PageSpec): void {
  const size = sizeOf(spec);
  const base = BASES[spec.base]!;
  const choices = LPS[spec.base]!;
  const { l, lp, size: actual } = choices[page.actual % choices.length]!;
  const offset = page.offset & ((1n << size) - 1n);
  draft.addresses.push(eaOf(spec) | offset);
  const vsid = vsidOf(spec);
  const hash = vsid ^ (spec.terabyte ? vsid << 25n : 0n) ^ (offset >> base);
  const group = ((page.secondary ? ~hash : hash) & 0xfffn) << 7n;
  const avpn = ((vsid << size) | ((offset >> base) << base)) >> 23n;
  const b = spec.terabyte ? 1n : 0n;
  const h = page.secondary ? 2n : 0n;
  let dw0 = (avpn << 7n) | l | h | 1n;
  dw0 = v3 ? dw0 & 0x000fffffffffffffn : dw0 | (b << 62n);
  const below = ((1n << actual) - 1n) & ~0xfffn;
  let dw1 = page.dw1 & ~(l === 0n ? 0n : below);
  if (page.plain) dw1 = (dw1 & ~0x8000000000000e7fn) | 0x12n;
  dw1 |= l === 0n ? 0n : lp << 12n;
  if (v3) dw1 = (dw1 & ~(3n << 58n)) | (b << 58n);
  if (page.flip >= 64) dw1 ^= 1n << BigInt(page.flip - 64);
  else if (page.flip >= 0) dw0 ^= 1n << BigInt(page.flip);
  const at = Number(HPT + group);
  const slots = page.twice ? [page.slot, (page.slot + 3) % 8] : [page.slot];
  for (const n of slots) draft.words.push([at + 16 * n, dw0], [at + 16 * n + 8, dw1]);
}

/** Pages of the virtual real mode area: its segment is not in the SLB. */
const realArea = (pages: readonly PageSpec[], base: number): SegmentSpec => ({
  esid: 0n,
  high: 0n,
  terabyte: true,
  vsid: 0x1ffffffn,
  base,
  keys: 0n,
  pages: [...pages],
});

const sound: fc.Arbitrary<Scenario> = fc
  .record({
    model,
    registers: fc.record({ MSR: msr, LPCR: lpcr, AMR: u64, IAMR: u64, RMOR: bits(28) }),
    keyed: fc.boolean(),
    segments: fc.array(segmentSpec, { minLength: 1, maxLength: 5 }),
    real: fc.array(pageSpec, { maxLength: 3 }),
    realBase: fc.nat(2),
    accesses: fc.array(
      fc.record({
        access: accessName,
        which: fc.nat(),
        near: fc.oneof(bits(3), bits(13), bits(26)),
        probe: fc.boolean(),
      }),
      { minLength: 4, maxLength: 12 },
    ),
  })
  .map(({ model: name, registers, keyed, segments, real, realBase, accesses }) => {
    const v3 = name === 'power9';
    const draft: Draft = { words: [], addresses: [] };
    const slb = segments.map((spec, index) => {
      for (const page of spec.pages) place(draft, v3, spec, page);
      const vsid = vsidOf(spec) << (spec.terabyte ? 24n : 12n);
      const word = (spec.terabyte ? 1n << 62n : 0n) | vsid | ((spec.keys << 8n) & 0xe00n) | LLP[spec.base]!;
      return [index * 3 + 1, eaOf(spec) | 0x8000000n, word] as const;
    });
    for (const page of real) place(draft, v3, realArea(real, realBase), page);
    const ps = [0n, 5n, 4n][realBase]!;
    const table = HPT | 1n;
    if (v3) draft.words.push([Number(PARTITION_TABLE) + 32, table | (ps << 5n)]);
    const keys = keyed ? {} : { AMR: 0n, IAMR: 0n };
    const where = v3 ? { PTCR: PARTITION_TABLE, LPIDR: 2n } : { SDR1: table };
    return {
      model: name,
      registers: { ...registers, ...keys, ...where },
      slb,
      words: draft.words,
      accesses: accesses.map(({ access, which, near, probe }) => {
        const known = draft.addresses;
        const ea = known.length === 0 ? near : known[which % known.length]!;
        return { access, ea: ea ^ (near & (which % 3 === 0 ? -1n : 0xfffn)), probe };
      }),
    };
  });

/** Anything: registers, tables and SLB of random bits. */
const hostile: fc.Arbitrary<Scenario> = fc
  .record({
    model,
    registers: fc.record({
      MSR: msr,
      LPCR: u64.map((value) => value & ~(1n << 20n)),
      LPIDR: fc.oneof(bits(8), bits(13)),
      PTCR: fc.oneof(fc.constant(PARTITION_TABLE), bits(20), u64),
      SDR1: fc.oneof(bits(20), bits(24), u64),
      AMR: u64,
      IAMR: u64,
      RMOR: u64,
    }),
    slb: fc.array(fc.tuple(fc.nat(31), u64, u64), { maxLength: 32 }),
    overlap: fc.boolean(),
    pattern: fc.oneof(
      fc.array(u64, { minLength: 16, maxLength: 16 }),
      fc.array(fc.oneof(bits(20), bits(28)), { minLength: 16, maxLength: 16 }),
    ),
    accesses: fc.array(fc.record({ access: accessName, ea: u64, which: fc.nat(63), probe: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    }),
  })
  .map(({ slb, overlap, accesses, ...rest }) => ({
    ...rest,
    words: [],
    slb: slb
      .map(([n, esid, vsid]) => [n, overlap ? esid & 0xfffn : esid, vsid] as const)
      .map(([n, esid, vsid], i) => [n, i % 4 === 0 ? esid : esid | 0x8000000n, vsid] as const),
    accesses: accesses.map(({ access, ea, which, probe }) => {
      const entry = slb[which];
      const within = entry ? (overlap ? ea & 0xfffffffn : (entry[1] & ~0xfffffffn) | (ea & 0xfffffffn)) : ea;
      return { access, ea: within, probe };
    }),
  }));

const parameters = (numRuns: number) => ({ numRuns, endOnFailure: false });

beforeEach(() => seen.clear());

test('random segments and pages: the search and its twin agree, memory included', () => {
  fc.assert(fc.property(sound, compare), parameters(400));
  // A generator that meets nothing proves nothing.
  for (const name of [
    'translated',
    'dataStorage',
    'instructionStorage',
    'hypervisorDataStorage',
    'machineCheck',
  ])
    expect([name, seen.get(name) ?? 0]).not.toEqual([name, 0]);
});

test('random bits everywhere: both agree, nothing throws, nothing outside memory is touched', () => {
  fc.assert(fc.property(hostile, compare), parameters(400));
  for (const name of ['dataSegment', 'machineCheck', 'hypervisorDataStorage', 'dataStorage'])
    expect([name, seen.get(name) ?? 0]).not.toEqual([name, 0]);
});
