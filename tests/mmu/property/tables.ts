/** Random machines for the property tests: mostly sound tables with something wrong here and there, or pure noise. */
import fc from 'fast-check';
import { ACCESS, type AccessName } from '../../../src/mmu/access';
import { MICROWATT, POWER10, POWER9, type MmuPolicy } from '../../../src/mmu/policy';

export const MEMORY_SIZE = 4 << 20;

export interface RandomMachine {
  /** Fills all of memory, again and again, before `words` are written: what is pointed to is a table again. */
  readonly pattern?: readonly bigint[];
  readonly words: ReadonlyArray<readonly [address: number, value: bigint]>;
  readonly registers: Readonly<Record<string, bigint>>;
  readonly policy: MmuPolicy;
  readonly accesses: ReadonlyArray<{
    readonly access: AccessName;
    readonly ea: bigint;
    readonly probe: boolean;
  }>;
}

const VALID = 1n << 63n;
const LEAF = 3n << 62n;
const ROOT = 0x40000000000000adn;

/** Mostly `usual`, one time in about ten something else. */
const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: odd, weight: 1 });

const doubleword = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const constant = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);

/** Low bits of a leaf: R, C, ATT, EAA. */
const leafBits = fc.oneof(
  { arbitrary: constant(0x187n), weight: 5 },
  { arbitrary: fc.constantFrom(0x186n, 0x184n, 0x18fn, 0x107n, 0x007n, 0x1a7n, 0x1b7n), weight: 5 },
  { arbitrary: fc.bigInt({ min: 0n, max: 0xfffn }), weight: 2 },
);
const leaf = (real: number): fc.Arbitrary<bigint> =>
  mostly(
    leafBits.map((low) => LEAF | BigInt(real) | low),
    doubleword,
  );
const table = (real: number, nls: bigint): fc.Arbitrary<bigint> => {
  const usual = VALID | BigInt(real) | nls;
  const odd = fc.oneof(
    constant(0n),
    fc.bigInt({ min: 0n, max: 31n }).map((n) => (usual & ~31n) | n),
    leafBits.map((low) => LEAF | low),
    constant(LEAF | 0x40000187n),
    // Where there is no memory: just beyond it, and at an address whose lower half alone would be inside.
    fc.constantFrom(usual + BigInt(MEMORY_SIZE), usual | (1n << 40n)),
  );
  return fc.oneof({ arbitrary: constant(usual), weight: 30 }, { arbitrary: odd, weight: 1 });
};

type Entry = fc.Arbitrary<readonly [number, bigint]>;
const at = (address: number, value: fc.Arbitrary<bigint>): Entry => value.map((v) => [address, v] as const);

const PARTITION_TABLE = 0x10000;
const HOST = { root: 0x100000, level1: 0x110000, level2: 0x111000, level3: 0x112000, small: 0x113000 };
/** Guest frame n is host frame 0x200 + n. Guest tables lie in guest frames 0 (processes) and 16 onwards. */
const FRAMES = 64;
const FRAME_BASE = 0x200000;
const GUEST = { root: 0x10000, level1: 0x20000, level2: 0x21000, level3: 0x22000, small: 0x23000 };
const root = (base: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    { arbitrary: constant(ROOT | BigInt(base)), weight: 30 },
    {
      arbitrary: fc.constantFrom(0xacn, 0x8dn, 0xa0n, 0xadn).map((low) => VALID | BigInt(base) | low),
      weight: 1,
    },
  );

/** The tree whose tables are at `base` as the tree sees them, and at `base + offset` in memory. */
function tree(base: typeof HOST, offset: number, leaves: readonly Entry[]): Entry[] {
  return [
    at(offset + base.root, table(base.level1, 9n)),
    at(offset + base.level1, table(base.level2, 9n)),
    at(offset + base.level2, table(base.level3, 9n)),
    at(offset + base.level2 + 8, table(base.small, 5n)),
    at(offset + base.level2 + 16, leaf(0)),
    ...leaves,
  ];
}

/** Page n of the host's tree is guest frame n; the pages of tables are kept sounder than the others. */
const hostLeaves = Array.from({ length: FRAMES }, (_, n): Entry => {
  const frame = FRAME_BASE + n * 4096;
  const sound = constant(LEAF | BigInt(frame) | 0x187n);
  return at(
    HOST.level3 + 8 * n,
    n < 0x30
      ? fc.oneof({ arbitrary: sound, weight: 60 }, { arbitrary: leaf(frame), weight: 2 })
      : leaf(frame),
  );
});
const guestLeaves = [
  ...Array.from({ length: 16 }, (_, n) => at(FRAME_BASE + GUEST.level3 + 8 * n, leaf(0x30000 + n * 4096))),
  at(FRAME_BASE + GUEST.small, leaf(0x30000)),
];

/**
 * For an implementation without partitions: the process table is at a host real address, PID 0 has the host's tree,
 * PID 5 a small one that no POWER processor would walk (31 bits, 2^5 and 2^14 entries).
 */
const PLAIN = { processTable: 0x20000, root: 0x30000, leaves: 0x40000 };
const plainWords = fc.tuple(
  at(PARTITION_TABLE + 8, constant(BigInt(PLAIN.processTable))),
  at(PLAIN.processTable, root(HOST.root)),
  at(PLAIN.processTable + 5 * 16, mostly(constant(BigInt(PLAIN.root) | 5n), constant(0n))),
  at(PLAIN.root, table(PLAIN.leaves, 14n)),
  ...Array.from({ length: 16 }, (_, n) => at(PLAIN.leaves + 8 * n, leaf(0x300000 + n * 4096))),
);

const soundWords = fc
  .tuple(
    at(
      PARTITION_TABLE,
      root(HOST.root).map((v) => v | VALID),
    ),
    at(
      PARTITION_TABLE + 32,
      root(HOST.root).map((v) => v | VALID),
    ),
    at(PARTITION_TABLE + 8, mostly(constant(VALID), fc.constantFrom(VALID | 1n, VALID | 8n))),
    at(PARTITION_TABLE + 40, mostly(constant(VALID), constant(VALID | 0x40000n))),
    at(FRAME_BASE, root(GUEST.root)),
    at(FRAME_BASE + 5 * 16, root(GUEST.root)),
    ...tree(HOST, 0, hostLeaves),
    ...tree(GUEST, FRAME_BASE, guestLeaves),
  )
  .map((entries) => entries as ReadonlyArray<readonly [number, bigint]>);

/**
 * Tables that know no rule: every doubleword of some pages is an entry that may point anywhere nearby, at itself, at
 * nothing, out of memory.
 */
const noiseWord = fc
  .tuple(doubleword, fc.integer({ min: 0, max: 9 }), fc.constantFrom(9n, 9n, 9n, 5n, 13n, 0n, 31n))
  .map(([value, kind, nls]) => {
    if (kind === 0) return value;
    const base = (value % BigInt(MEMORY_SIZE >> 12)) << 12n;
    return kind < 7 ? VALID | base | nls : LEAF | base | (value & 0xfffn);
  });
const noisePattern = fc.array(noiseWord, { minLength: 16, maxLength: 16 });
const noiseRoots = root(0x100000).map((description) =>
  [0, 16, 32, 80].flatMap((a) => [[a, description | VALID] as const, [a + 8, VALID] as const]),
);

const PTCR = mostly(
  constant(BigInt(PARTITION_TABLE)),
  fc.oneof(doubleword, constant(0x10010n), constant(1n << 40n)),
);
const registers = fc.record({
  MSR: fc.bigInt({ min: 0n, max: 0xffn }).chain((n) => {
    const on = (i: bigint, mask: bigint): bigint => (((n >> i) & 1n) === 1n ? mask : 0n);
    const relocate = (n & 0x70n) === 0n ? 0n : 0x30n;
    return constant(on(0n, 1n << 60n) | on(1n, 0x4000n) | relocate | (n % 29n === 7n ? 0n : VALID) | 0x1002n);
  }),
  PTCR,
  LPIDR: mostly(constant(2n), fc.constantFrom(0n, 0x300n)),
  PIDR: mostly(fc.constantFrom(0n, 5n, 5n, 5n, 0x1000005n), constant(300n)),
  AMR: fc.constantFrom(0n, 0n, 0n, 1n << 62n, 1n << 63n, 3n << 62n),
  IAMR: fc.constantFrom(0n, 0n, 0n, 1n << 62n, 1n << 63n),
  HRMOR: fc.constantFrom(0n, 0x1000000n),
  LPCR: constant(0x500000n),
});

const UPDATING: MmuPolicy = { ...POWER9, referenceChange: 'update' };
const policy = fc.constantFrom<MmuPolicy>(
  POWER9,
  POWER10,
  UPDATING,
  UPDATING,
  { ...UPDATING, fetchTableFault: 'HISI', inhibitedAtomics: 'permitted' },
  MICROWATT,
  { ...MICROWATT, referenceChange: 'update' },
);

/** Mostly addresses that the sound trees map: some page, any quadrant. */
const address = fc.oneof(
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom(0n, 0n, 0n, 0n, 0n, 3n, 3n, 1n, 2n),
        fc.bigInt({ min: 0n, max: 0x10n }),
        fc.nat(0xfff),
      )
      .map(([quadrant, page, offset]) => (quadrant << 62n) | (page << 12n) | BigInt(offset)),
    weight: 8,
  },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(0n, 3n), fc.bigInt({ min: 0n, max: 0x7fffffn }))
      .map(([quadrant, low]) => (quadrant << 62n) | low),
    weight: 3,
  },
  { arbitrary: doubleword, weight: 1 },
  { arbitrary: doubleword.map((v) => v & 0xc00fffffffffffffn), weight: 1 },
);
const accesses = fc.array(
  fc.record({
    access: fc.oneof(
      fc.constantFrom<AccessName>('load', 'store', 'fetch', 'load', 'store', 'fetch', 'dcbz', 'atomic'),
      fc.constantFrom(...(Object.keys(ACCESS) as AccessName[])),
    ),
    ea: address,
    probe: mostly(constant(false), constant(true)),
  }),
  { minLength: 4, maxLength: 12 },
);

export const soundMachine: fc.Arbitrary<RandomMachine> = fc
  .record({ words: soundWords, plain: plainWords, registers, policy, accesses })
  .map(({ words, plain, ...rest }) => ({
    ...rest,
    words: rest.policy.partitions ? words : [...words, ...plain],
  }));
export const hostileMachine: fc.Arbitrary<RandomMachine> = fc.record({
  pattern: noisePattern,
  words: noiseRoots,
  registers: fc.tuple(registers, fc.boolean()).map(([r, low]) => (low ? { ...r, PTCR: 0n } : r)),
  policy,
  accesses,
});
