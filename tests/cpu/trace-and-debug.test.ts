import fc from 'fast-check';
import { afterInstruction, isStepping, type CompletedInstruction } from '../../src/cpu/asynchronous';
import { dawrMatch, dawrWatches } from '../../src/cpu/debug';
import { POWER10, POWER9 } from '../../src/cpu/models';
import { BE, DR, EE, HV, IR, ME, mfspr, named, PR, SE, SF, testCpu } from './support';

const HYPERVISOR = SF | HV | ME;
const PROBLEM = SF | HV | ME | PR | EE | IR | DR;

const done = (o: Partial<CompletedInstruction>): CompletedInstruction => ({
  cia: 0x2ffcn,
  msr: HYPERVISOR,
  prefixed: false,
  mnemonic: 'add',
  timing: 'alu',
  ...o,
});

/** SRR1's cause bits after an instruction, or undefined where it was not traced. */
function traced(
  o: Partial<CompletedInstruction>,
  registers: Record<string, bigint> = {},
): bigint | undefined {
  const { cpu } = testCpu(POWER10, HYPERVISOR, registers);
  if (!afterInstruction(cpu, done(o))) return undefined;
  expect(cpu.nia).toBe(0xd00n);
  expect(named(cpu, 'SRR0')).toBe(0x3000n);
  return named(cpu, 'SRR1') & 0x783f0000n;
}

describe('single step', () => {
  const msr = HYPERVISOR | SE;

  test.each([
    ['add', 'alu', 0x40000000n],
    ['ld', 'load', 0x50000000n],
    ['std', 'store', 0x48000000n],
    ['lwarx', 'atomic', 0x50000000n],
    ['stwcx.', 'atomic', 0x48000000n],
    ['ldat', 'atomic', 0x50000000n],
    ['stdat', 'atomic', 0x48000000n],
    ['dcbz', 'cache', 0x48000000n],
    ['dcbt', 'cache', 0x50000000n],
    ['dcbtst', 'cache', 0x48000000n],
    ['icbi', 'cache', 0x50000000n],
    ['b', 'branch', 0x40000000n],
    ['mtmsrd', 'spr', 0x40000000n],
  ] as const)('%s', (mnemonic, timing, cause) => {
    expect(traced({ msr, mnemonic, timing })).toBe(cause);
  });

  test.each(['rfid', 'hrfid', 'rfscv', 'sc', 'scv'])('%s is not traced', (mnemonic) => {
    expect(traced({ msr, mnemonic, timing: 'system' })).toBeUndefined();
  });

  test('SRR1 bit 34 for a prefixed instruction', () => {
    expect(traced({ msr, prefixed: true, mnemonic: 'pld', timing: 'load' })).toBe(0x70000000n);
  });

  test('the MSR that it began with decides', () => {
    const { cpu } = testCpu(POWER9, msr);
    expect(afterInstruction(cpu, done({ msr: HYPERVISOR, mnemonic: 'mtmsrd' }))).toBe(false);
    expect(traced({ msr, mnemonic: 'mtmsrd' })).toBeDefined();
  });

  test('samples addresses in SIAR and SDAR', () => {
    const { cpu } = testCpu(POWER9, msr);
    afterInstruction(cpu, done({ msr, mnemonic: 'ld', timing: 'load', ea: 0x1234n }));
    mfspr(cpu, 780);
    expect(cpu.result).toBe(0x2ffcn);
    mfspr(cpu, 781);
    expect(cpu.result).toBe(0x1234n);
  });
});

test('branch trace is for branches only', () => {
  const msr = HYPERVISOR | BE;
  expect(traced({ msr, mnemonic: 'bc', timing: 'branch' })).toBe(0x40000000n);
  expect(traced({ msr })).toBeUndefined();
});

describe('the instruction address breakpoint', () => {
  test.each([
    ['hypervisor', HYPERVISOR, 3n, true],
    ['hypervisor, for problem state', HYPERVISOR, 1n, false],
    ['problem state', PROBLEM, 1n, true],
    ['guest', SF | ME, 2n, true],
    ['guest, for the hypervisor', SF | ME, 3n, false],
    ['off', HYPERVISOR, 0n, false],
  ])('in %s', (_state, msr, priv, matches) => {
    const cause = traced({ msr }, { CIABR: 0x2ffcn | priv });
    expect(cause).toBe(matches ? 0x40100000n : undefined);
    const { cpu } = testCpu(POWER9, msr, { CIABR: 0x2ffcn | priv });
    expect(isStepping(cpu)).toBe(matches);
  });

  test('not at another address', () => {
    expect(traced({}, { CIABR: 0x2ff8n | 3n })).toBeUndefined();
  });

  test('hides what kind of instruction it was', () => {
    expect(traced({ msr: HYPERVISOR | SE, mnemonic: 'ld', timing: 'load' }, { CIABR: 0x2ffcn | 3n })).toBe(
      0x40100000n,
    );
  });
});

test('nothing is traced, and nothing stepped, without any of them', () => {
  expect(traced({})).toBeUndefined();
  expect(isStepping(testCpu(POWER9, HYPERVISOR).cpu)).toBe(false);
  expect(isStepping(testCpu(POWER9, HYPERVISOR | SE).cpu)).toBe(true);
  expect(isStepping(testCpu(POWER9, HYPERVISOR | BE).cpu)).toBe(true);
});

describe('data address watchpoints', () => {
  const [DW, READ, WT, WTI, HYP, PNH, PRO] = [0x40n, 0x20n, 0x10n, 0x8n, 4n, 2n, 1n];
  const AT = 0x2008n;
  const watch = (
    control: bigint,
    o: { msr?: bigint; ea?: bigint; length?: number; store?: boolean } = {},
  ): boolean => {
    const { cpu } = testCpu(POWER10, o.msr ?? HYPERVISOR, { DAWR0: AT, DAWRX0: control });
    return dawrMatch(cpu, { ea: o.ea ?? AT, length: o.length ?? 4, store: o.store ?? false });
  };

  test('loads and stores apart', () => {
    expect(watch(READ | HYP)).toBe(true);
    expect(watch(READ | HYP, { store: true })).toBe(false);
    expect(watch(DW | HYP)).toBe(false);
    expect(watch(DW | HYP, { store: true })).toBe(true);
  });

  test('by privilege', () => {
    expect(watch(READ | HYP, { msr: SF | ME })).toBe(false);
    expect(watch(READ | PNH, { msr: SF | ME })).toBe(true);
    expect(watch(READ | PNH)).toBe(false);
    expect(watch(READ | PRO | WTI, { msr: PROBLEM })).toBe(true);
    expect(watch(READ | HYP | WTI, { msr: PROBLEM })).toBe(false);
  });

  test('by translation, unless WTI', () => {
    expect(watch(READ | HYP | WT)).toBe(false);
    expect(watch(READ | HYP | WT, { msr: HYPERVISOR | DR })).toBe(true);
    expect(watch(READ | HYP, { msr: HYPERVISOR | DR })).toBe(false);
    expect(watch(READ | HYP | WT | WTI)).toBe(true);
  });

  test('exactly where a byte is in common with the doublewords from DAWR', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 63 }),
        fc.bigInt(0x1f00n, 0x2400n),
        fc.constantFrom(1, 2, 4, 8, 16),
        (mrd, ea, length) => {
          const end = AT + 8n * BigInt(mrd + 1);
          let shared = false;
          for (let i = 0n; i < BigInt(length); i++) shared ||= ea + i >= AT && ea + i < end;
          expect(watch(READ | HYP | (BigInt(mrd) << 10n), { ea, length })).toBe(shared);
        },
      ),
      { seed: 3 },
    );
  });

  test.each([
    ['ends just before', AT - 4n, false],
    ['has the first byte', AT - 3n, true],
    ['has the last byte', AT + 7n, true],
    ['begins just after', AT + 8n, false],
  ])('an access that %s', (_case, ea, matches) => {
    expect(watch(READ | HYP, { ea })).toBe(matches);
  });

  test('with HRAMMC, EA bit 0 is not compared in hypervisor state', () => {
    const ea = AT | (1n << 63n);
    expect(watch(READ | HYP, { ea })).toBe(false);
    expect(watch(READ | HYP | 0x80n, { ea })).toBe(true);
  });

  test('a model has as many as it says', () => {
    const registers = { DAWR1: AT, DAWRX1: READ | HYP };
    const access = { ea: AT, length: 8, store: false };
    expect(dawrMatch(testCpu(POWER10, HYPERVISOR, registers).cpu, access)).toBe(true);
    expect(dawrMatch(testCpu(POWER9, HYPERVISOR, registers).cpu, access)).toBe(false);
  });

  test('a page with a watchpoint of either kind is watched', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { DAWR0: AT, DAWRX0: DW | HYP });
    expect(dawrWatches(cpu, 0x2000n, 4096)).toBe(true);
    expect(dawrWatches(cpu, 0x3000n, 4096)).toBe(false);
  });
});
