/** Decoding of tlbie and tlbiel: who may, which forms are valid, what is reached (rows E1 to E6 among them). */
import { decodeTlbie, STRUCTURE, type TlbieOperands, type TlbieState } from '../../src/mmu/invalidate';
import { MICROWATT, POWER8, POWER9, type MmuPolicy } from '../../src/mmu/policy';

const HYPERVISOR: TlbieState = { hv: true, pr: false, hostRadix: true, guestShootdown: false, lpidr: 2 };
const GUEST: TlbieState = { ...HYPERVISOR, hv: false };
const SHOOTDOWN: TlbieState = { ...GUEST, guestShootdown: true };
const PROBLEM: TlbieState = { ...HYPERVISOR, pr: true };

const IS = (is: bigint): bigint => is << 10n;
const AP = (ap: bigint): bigint => ap << 5n;
const SET = (set: bigint): bigint => set << 12n;
const PID = (pid: bigint): bigint => pid << 32n;

const RADIX: TlbieOperands = { operation: 'tlbie', rb: 0n, rs: 0n, ric: 0, prs: 1, r: 1 };
const HASH: TlbieOperands = { ...RADIX, prs: 0, r: 0 };

type Case = readonly [
  title: string,
  operands: Partial<TlbieOperands>,
  state: TlbieState,
  expected: object | string,
  policy?: MmuPolicy,
];

const of = ([, operands, state, , policy = POWER9]: Case) =>
  decodeTlbie({ ...(operands.r === 0 ? HASH : RADIX), ...operands }, state, policy);

const CASES: readonly Case[] = [
  ['E1: guest without GTSE', { rb: 0x1000n, rs: PID(5n) }, GUEST, 'hypervisorPrivileged'],
  [
    'E2: guest with GTSE, its own partition whatever RS says',
    { rb: 0x1000n, rs: PID(5n) | 9n },
    SHOOTDOWN,
    { lpid: 2, pid: 5, page: { address: 0x1000n, shift: 12 }, local: false, scope: 'process' },
  ],
  ['E3: guest, partition scope', { rb: IS(2n), prs: 0, ric: 2 }, SHOOTDOWN, 'hypervisorPrivileged'],
  ['E4: AP=7', { rb: 0x1000n | AP(7n) }, HYPERVISOR, 'invalidForm'],
  ['E5: PRS=0 IS=1', { rb: IS(1n), prs: 0, ric: 2 }, HYPERVISOR, 'invalidForm'],
  ['E5: RIC=2 IS=0', { prs: 0, ric: 2 }, HYPERVISOR, 'invalidForm'],
  ['RIC=1 IS=0', { ric: 1 }, HYPERVISOR, 'invalidForm'],
  ['RIC=3 R=1', { rb: IS(3n), ric: 3 }, HYPERVISOR, 'invalidForm'],
  [
    'E6: guest tlbiel of its partition without GTSE',
    { operation: 'tlbiel', rb: IS(2n), ric: 2 },
    GUEST,
    { lpid: 2, local: true, set: 0 },
  ],
  [
    'guest tlbiel, partition scope',
    { operation: 'tlbiel', rb: IS(2n), prs: 0 },
    GUEST,
    'hypervisorPrivileged',
  ],
  ['guest, R against HR', { rb: IS(2n), r: 0, prs: 1 }, SHOOTDOWN, 'invalidForm'],
  ['problem state', {}, PROBLEM, 'privileged'],
  ['hypervisor names the partition', { rb: IS(1n), rs: PID(7n) | 9n }, HYPERVISOR, { lpid: 9, pid: 7 }],
  ['tlbiel is of the current one', { operation: 'tlbiel', rb: IS(1n), rs: 9n }, HYPERVISOR, { lpid: 2 }],
  ['64K page', { rb: 0x12345000n | AP(5n) }, HYPERVISOR, { page: { address: 0x12340000n, shift: 16 } }],
  ['2M page', { rb: 0x12345000n | AP(1n) }, HYPERVISOR, { page: { address: 0x12200000n, shift: 21 } }],
  ['1G page', { rb: 0x52345000n | AP(2n) }, HYPERVISOR, { page: { address: 0x40000000n, shift: 30 } }],
  [
    'guest real page',
    { rb: 0x131000n, rs: 2n, prs: 0 },
    HYPERVISOR,
    { scope: 'partition', lpid: 2, page: { address: 0x131000n, shift: 12 } },
  ],
  ['one congruence class', { operation: 'tlbiel', rb: IS(3n) | SET(5n) }, HYPERVISOR, { set: 5 }],
  [
    'tlbiel RIC=1 with a set',
    { operation: 'tlbiel', rb: IS(3n) | SET(5n), ric: 1 },
    HYPERVISOR,
    'invalidForm',
  ],
  [
    'a 64K virtual page',
    { r: 0, rb: 0x12345000_00000000n | SET(1n) | 0x21n, rs: 2n },
    HYPERVISOR,
    { scope: 'hash', lpid: 2, page: { address: 0x12345000_00020000n, shift: 16 } },
  ],
  ['R=0: a page walk cache', { r: 0, ric: 1, rb: IS(2n) }, HYPERVISOR, 'invalidForm'],
  ['R=0 PRS=1 RIC=0', { r: 0, prs: 1, rb: IS(2n) }, HYPERVISOR, 'invalidForm'],
  [
    'R=0 PRS=1 RIC=2: the process table entry',
    { r: 0, prs: 1, ric: 2, rb: IS(1n), rs: PID(5n) | 2n },
    HYPERVISOR,
    { scope: 'hash', lpid: 2 },
  ],
  ['POWER8 has no RIC', { r: 0, ric: 1, prs: 1, rb: IS(2n) }, HYPERVISOR, { scope: 'hash' }, POWER8],
  ['no such virtual page size', { r: 0, rb: SET(0x55n) | 1n }, HYPERVISOR, 'invalidForm'],
  ['POWER8: a guest', { rb: 0x1000n, rs: 2n }, GUEST, 'hypervisorPrivileged', POWER8],
  [
    'POWER8: tlbiel by a guest',
    { operation: 'tlbiel', rb: 0x1000n },
    GUEST,
    { lpid: 2, local: true },
    POWER8,
  ],
  ['POWER8: problem state', { rb: 0x1000n }, { ...GUEST, pr: true }, 'privileged', POWER8],
  ['POWER8 ignores R', { rb: 0x1000n, rs: 2n }, HYPERVISOR, { scope: 'hash', lpid: 2 }, POWER8],
  [
    'Microwatt takes the page of every process',
    { rb: 0x1000n | AP(7n), rs: PID(5n) },
    HYPERVISOR,
    { page: { address: 0x1000n, shift: 12 } },
    MICROWATT,
  ],
];

describe('tlbie and tlbiel', () => {
  test.each(CASES.map((c) => [c[0], c] as const))('%s', (_, c) => {
    if (typeof c[3] === 'string') expect(of(c)).toBe(c[3]);
    else expect(of(c)).toMatchObject(c[3]);
  });

  test('IS=3 by a guest means its own partition; by the hypervisor, all', () => {
    const all = { ...RADIX, rb: IS(3n) };
    expect(decodeTlbie(all, SHOOTDOWN, POWER9)).toHaveProperty('lpid', 2);
    expect(decodeTlbie(all, HYPERVISOR, POWER9)).not.toHaveProperty('lpid');
  });

  test('RIC selects the structures, PRS the scope', () => {
    const { ERAT, TLB_PROCESS, TLB_COMBINED, TLB_PARTITION, PWC_PROCESS, PWC_PARTITION, PRTE, ALL } =
      STRUCTURE;
    const reach = (ric: number, prs: number): unknown => {
      const decoded = decodeTlbie({ ...RADIX, rb: IS(2n), ric, prs }, HYPERVISOR, POWER9);
      return typeof decoded === 'string' ? decoded : decoded.structures;
    };
    expect([0, 1, 2].map((ric) => reach(ric, 1))).toEqual([
      ERAT | TLB_PROCESS | TLB_COMBINED,
      PWC_PROCESS,
      ERAT | TLB_PROCESS | TLB_COMBINED | PWC_PROCESS | PRTE,
    ]);
    expect([0, 1, 2].map((ric) => reach(ric, 0))).toEqual([
      ERAT | TLB_PARTITION | TLB_COMBINED,
      PWC_PROCESS | PWC_PARTITION,
      ALL,
    ]);
  });
});
