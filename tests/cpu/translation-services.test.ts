import fc from 'fast-check';
import { MICROWATT, POWER10, POWER8, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { STRUCTURE } from '../../src/mmu/invalidate';
import { DR, EE, HV, IR, LE, ME, named, perform, PR, RI, SF, testCpu, type TestMachine } from './support';
import { joinHalves } from '../../src/core/u64';
import { Cpu } from '../../src/cpu/cpu';
import { offsetOf } from '../../src/state/layout';

const HYPERVISOR = SF | HV | ME | RI;
const GUEST = SF | ME | RI;
const HR = 0x100000n;
const GTSE = 0x400n;
const EVIRT = 0x200000n;
const [IS_PAGE, IS_PARTITION] = [0n, 0x800n];
const PID5 = 5n << 32n;

interface Tlbie {
  rb?: bigint;
  rs?: bigint;
  ric?: bigint;
  prs?: bigint;
  r?: bigint;
}
const tlbie = (cpu: Cpu, name: 'tlbie' | 'tlbiel', o: Tlbie = {}) =>
  perform(cpu, name, o.rb ?? 0x1000n | IS_PAGE, o.rs ?? PID5, o.ric ?? 0n, o.prs ?? 1n, o.r ?? 1n);

describe('tlbie and tlbiel by state', () => {
  test('E1: a guest without GTSE', () => {
    const { cpu } = testCpu(POWER9, GUEST, { LPCR: HR });
    expect(tlbie(cpu, 'tlbie')).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0x700n);
    expect(named(cpu, 'SRR1')).toBe(0x8000000000041002n);
  });

  test('... with EVIRT it is the hypervisor’s', () => {
    const { cpu } = testCpu(POWER9, GUEST, { LPCR: HR | EVIRT });
    tlbie(cpu, 'tlbie');
    expect(cpu.nia).toBe(0xe40n);
    expect(named(cpu, 'HSRR1')).toBe(0x8000000000041002n);
  });

  test('E2: with GTSE it reaches the caches, restricted to LPIDR', () => {
    const { cpu, machine } = testCpu(POWER9, GUEST, { LPCR: HR | GTSE, LPIDR: 2n });
    expect(tlbie(cpu, 'tlbie', { rs: PID5 | 7n })).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toMatchObject([{ local: false, lpid: 2, pid: 5 }]);
  });

  test('E3: PRS=0 by a guest', () => {
    const { cpu } = testCpu(POWER9, GUEST, { LPCR: HR | GTSE });
    tlbie(cpu, 'tlbie', { prs: 0n, rb: IS_PARTITION, ric: 2n });
    expect(named(cpu, 'SRR1')).toBe(0x8000000000041002n);
  });

  test.each([
    ['E4: AP=7', { rb: 0x10e0n }],
    ['E5: PRS=0 IS=1 RIC=2', { rb: 0x400n, prs: 0n, ric: 2n }],
    ['E5: PRS=0 IS=0 RIC=2', { prs: 0n, ric: 2n }],
  ])('%s is a program interrupt, illegal', (_name, o) => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { LPCR: HR });
    expect(tlbie(cpu, 'tlbie', o)).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0x700n);
    expect(named(cpu, 'SRR1')).toBe(0x9000000000081002n);
  });

  test('E6: tlbiel by a guest without GTSE completes, of this thread only', () => {
    const { cpu, machine } = testCpu(POWER9, GUEST, { LPCR: HR });
    expect(tlbie(cpu, 'tlbiel', { rb: IS_PARTITION, ric: 2n })).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toMatchObject([{ local: true }]);
  });

  test('in problem state', () => {
    const { cpu } = testCpu(POWER9, SF | ME | PR | EE | IR | DR);
    tlbie(cpu, 'tlbie');
    expect(named(cpu, 'SRR1') & 0x783f0000n).toBe(0x40000n);
  });

  test('Microwatt', () => {
    const { cpu, machine } = testCpu(MICROWATT, HYPERVISOR | LE);
    expect(tlbie(cpu, 'tlbie', { rb: 0xc00n, r: 0n })).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toHaveLength(1);
  });
});

test.each(['tlbsync', 'slbsync'] as const)('%s needs GTSE in a guest', (name) => {
  expect(perform(testCpu(POWER9, HYPERVISOR).cpu, name)).toBe(OUTCOME.NEXT);
  expect(perform(testCpu(POWER9, GUEST, { LPCR: GTSE }).cpu, name)).toBe(OUTCOME.NEXT);
  const { cpu } = testCpu(POWER9, GUEST);
  expect(perform(cpu, name)).toBe(OUTCOME.FAULT);
  expect(named(cpu, 'SRR1')).toBe(0x8000000000041002n);
});

describe('the SLB', () => {
  const V = 0x8000000n;
  const CLASS = 0x80n;
  const B_1T = 0x4000000000000000n;
  const valid = (cpu: Cpu, index: number): boolean =>
    (cpu.state.get(offsetOf('SLBE') + 8 * index) & V) !== 0n;
  const read = (cpu: Cpu, name: 'slbmfee' | 'slbmfev', index: bigint): bigint => {
    perform(cpu, name, index);
    return cpu.result;
  };
  /** Entries 0..3: segments 0, 1 (class 1), a 1 TiB one, and 2. */
  function filled(): ReturnType<typeof testCpu> {
    const made = testCpu(POWER9, HYPERVISOR);
    perform(made.cpu, 'slbmte', 0x12345c00n, V);
    perform(made.cpu, 'slbmte', 0x54321000n | CLASS, 0x10000000n | V | 1n);
    perform(made.cpu, 'slbmte', B_1T | 0x123000000n, 0x100_0000_0000n | V | 2n);
    perform(made.cpu, 'slbmte', 0x777110n, 0x20000000n | V | 3n);
    return made;
  }

  test('C30: entries read back as they were written', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    expect(perform(cpu, 'slbmte', 0x12345c00n, 0x8000001n)).toBe(OUTCOME.NEXT);
    expect(read(cpu, 'slbmfee', 1n)).toBe(0x8000000n);
    expect(read(cpu, 'slbmfev', 1n)).toBe(0x12345c00n);
    expect(machine.invalidations).toEqual([]);
  });

  test('what was translated through an entry goes with it', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    perform(cpu, 'slbmte', 0x12345c00n, 0x8000001n);
    expect(perform(cpu, 'slbmte', 0x54321c00n, 0x8000001n)).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toMatchObject([{ by: 'slbmte', structures: STRUCTURE.ERAT, local: true }]);
  });

  test('reserved bits are not kept, entries beyond the last read as 0', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR);
    perform(cpu, 'slbmte', 0x12345c4fn, 0x8fff001n);
    expect(read(cpu, 'slbmfev', 1n)).toBe(0x12345c00n);
    expect(read(cpu, 'slbmfee', 1n)).toBe(0x8000000n);
    expect(read(cpu, 'slbmfee', 32n)).toBe(0n);
  });

  test.each([
    ['page size that does not exist', 0x12345010n, V],
    ['reserved segment size', 0x8000000000000000n, V],
    ['entry beyond the last', 0x12345000n, V | 32n],
  ])('slbmte of a %s is illegal', (_case, rs, rb) => {
    const { cpu } = testCpu(POWER9, HYPERVISOR);
    expect(perform(cpu, 'slbmte', rs, rb)).toBe(OUTCOME.FAULT);
    expect(named(cpu, 'SRR1') & 0x783f0000n).toBe(0x80000n);
  });

  test('C31: slbfee. finds by address and sets CR0 with SO', () => {
    const { cpu } = filled();
    perform(cpu, 'slbfee', 0x1234n);
    expect(cpu.result).toBe(0x12345c00n);
    expect(cpu.state.cr >>> 28).toBe(2);
    cpu.state.setNamed('SO', 1n);
    perform(cpu, 'slbfee', 0x30001234n);
    expect(cpu.result).toBe(0n);
    expect(cpu.state.cr >>> 28).toBe(1);
    perform(cpu, 'slbfee', 0x100_5000_0000n);
    expect(cpu.result).toBe(B_1T | 0x123000000n);
    expect(cpu.state.cr >>> 28).toBe(3);
  });

  test('slbie needs class and size of the entry', () => {
    const { cpu } = filled();
    perform(cpu, 'slbie', 0x10000000n);
    expect(valid(cpu, 1)).toBe(true);
    perform(cpu, 'slbie', 0x10000000n | 0x8000000n);
    expect(valid(cpu, 1)).toBe(false);
    perform(cpu, 'slbie', 0x100_0000_0000n);
    expect(valid(cpu, 2)).toBe(true);
    perform(cpu, 'slbie', 0x100_0000_0000n | 0x2000000n);
    expect([0, 1, 2, 3].map((i) => valid(cpu, i))).toEqual([true, false, false, true]);
  });

  test.each([
    [0n, [true, false, false, false]],
    [1n, [true, false, false, false]],
    [2n, [true, false, false, false]],
    [3n, [true, false, true, true]],
    [4n, [false, false, false, false]],
    [6n, [true, false, false, false]],
    [7n, [true, true, true, true]],
  ])('slbia IH=%i', (ih, left) => {
    const { cpu, machine } = filled();
    const before = machine.invalidations.length;
    perform(cpu, 'slbia', ih);
    expect([0, 1, 2, 3].map((i) => valid(cpu, i))).toEqual(left);
    expect(machine.invalidations.length).toBe(before + 1);
  });

  test.each(['slbieg', 'slbiag'] as const)('%s reaches every thread and needs GTSE in a guest', (name) => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    expect(perform(cpu, name, 0n, 0n)).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toMatchObject([{ local: false, structures: STRUCTURE.ERAT }]);
    // Entries that slbmte made are not theirs.
    const software = filled().cpu;
    perform(software, name, 0n, 0x8000000n | 0x10000000n);
    expect([0, 1, 2, 3].map((i) => valid(software, i))).toEqual([true, true, true, true]);
    const guest = testCpu(POWER9, GUEST);
    expect(perform(guest.cpu, name, 0n, 0n)).toBe(OUTCOME.FAULT);
  });
});

test('a page of a process that goes by the short way is what the whole decoding says', () => {
  const FINAL = STRUCTURE.ERAT | STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_COMBINED;
  const MODELS = [POWER8, POWER9, POWER10, MICROWATT];
  let short = 0;
  const one = fc.record({
    name: fc.constantFrom('tlbie' as const, 'tlbiel' as const),
    model: fc.constantFrom(...MODELS),
    msr: fc.constantFrom(HYPERVISOR, HYPERVISOR, GUEST, GUEST, SF | ME | PR | EE | IR | DR),
    lpcr: fc.constantFrom(HR, HR | GTSE, GTSE, 0n),
    rb: fc
      .tuple(
        fc.bigInt(0n, 2n ** 62n - 1n),
        fc.constantFrom(0n, 0n, 0n, 0n, 0n, 0n, 1n, 2n, 3n),
        fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, 5, 6, 7),
        fc.nat(7),
      )
      .map(([page, is, ap, top]) => {
        const quadrant = top < 4 ? 0n : BigInt(top - 4);
        return (quadrant << 62n) | (page & ~0xfffn) | (is << 10n) | (BigInt(ap) << 5n);
      }),
    ric: fc.constantFrom(0n, 0n, 0n, 0n, 0n, 0n, 1n, 2n, 3n),
    prs: fc.constantFrom(1n, 1n, 0n),
    r: fc.constantFrom(1n, 1n, 0n),
  });
  const pages: [bigint, number][] = [];
  const invalidateProcessPage = (hi: number, lo: number, shift: number): boolean => {
    pages.push([(joinHalves(hi, lo) >> BigInt(shift)) << BigInt(shift), shift]);
    return true;
  };
  const pairs = new Map(
    MODELS.map((model) => {
      const [whole, { cpu, machine }] = [testCpu(model, 0n), testCpu(model, 0n)];
      const quick = new Cpu(cpu.state, model, cpu.translator, { ...cpu.hooks, invalidateProcessPage });
      return [model, { whole, quick: { cpu: quick, machine } }] as const;
    }),
  );
  const act = (
    { cpu, machine }: { cpu: Cpu; machine: TestMachine },
    { name, msr, lpcr, ...operands }: Tlbie & { name: 'tlbie' | 'tlbiel'; msr: bigint; lpcr: bigint },
  ) => {
    machine.invalidations.length = 0;
    cpu.state.setNamed('MSR', msr);
    cpu.state.setNamed('LPCR', lpcr);
    cpu.state.setNamed('LPIDR', 2n);
    return [tlbie(cpu, name, operands), [...machine.invalidations]];
  };
  fc.assert(
    fc.property(one, ({ model, ...asked }) => {
      pages.length = 0;
      const { whole, quick } = pairs.get(model)!;
      const byWhole = act(whole, asked);
      const byQuick = act(quick, asked);
      if (pages.length === 0) {
        expect(byQuick).toEqual(byWhole);
        return;
      }
      short++;
      const [address, shift] = pages[0]!;
      expect(byQuick).toEqual([OUTCOME.NEXT, []]);
      expect(byWhole).toMatchObject([
        OUTCOME.RESUME,
        [{ scope: 'process', structures: FINAL, page: { address, shift } }],
      ]);
    }),
    { numRuns: 2000 },
  );
  expect(short).toBeGreaterThan(20);
});
