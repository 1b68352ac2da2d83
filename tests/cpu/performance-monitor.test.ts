import { afterInstruction, deliver, isStepping, timeToNext } from '../../src/cpu/asynchronous';
import type { Cpu } from '../../src/cpu/cpu';
import { MICROWATT, POWER9, type CpuModel } from '../../src/cpu/models';
import { EE, HV, LE, ME, mfspr, mtspr, named, SF, testCpu } from './support';
import type { TimingClass } from '../../isa/vocabulary/row';

const HYPERVISOR = SF | HV | ME | LE;
const [MMCR0, MMCR1, MMCR2, PMC1, PMC2, PMC5, PMC6] = [795, 798, 785, 787, 788, 791, 792] as const;
const [FC, FCS, PMAE, PMC1CE, PMCJCE, PMAO, CC56RUN] = [
  0x80000000n, 0x40000000n, 0x04000000n, 0x8000n, 0x4000n, 0x80n, 0x100n,
] as const; // prettier-ignore
const LOADS_AND_STORES = 0xfcf00000n;
const INSTRUCTIONS_IN_PMC1 = 0xf2000000n;

const quiet = (model: CpuModel, msr = HYPERVISOR) => testCpu(model, msr, { CTRL: 1n, DECEXPIRY: 1n << 30n });
const read = (cpu: Cpu, num: number): bigint => {
  mfspr(cpu, num);
  return cpu.result;
};
const complete = (cpu: Cpu, timing: TimingClass, branched = false): void => {
  const next = branched ? 0x9000n : cpu.nia;
  const cia = cpu.nia - 4n;
  cpu.nia = next;
  afterInstruction(cpu, { cia, msr: cpu.msr, prefixed: false, mnemonic: 'x', timing });
};

test('counters are frozen after reset', () => {
  const { cpu, machine } = quiet(MICROWATT);
  machine.now = 100n;
  expect([read(cpu, PMC5), read(cpu, PMC6)]).toEqual([0n, 0n]);
  expect(read(cpu, MMCR0)).toBe(FC);
});

test.each([MICROWATT, POWER9])(
  '$name: PMC5 counts instructions, PMC6 time, while MMCR0[FC] is 0',
  (model) => {
    const { cpu, machine } = quiet(model);
    machine.now = 100n;
    mtspr(cpu, MMCR0, 0n);
    machine.now = 150n;
    mtspr(cpu, MMCR0, FC);
    machine.now = 200n;
    expect([read(cpu, PMC5), read(cpu, PMC6)]).toEqual([50n, 50n]);
    expect(read(cpu, 775)).toBe(50n);
  },
);

test('PMC5 and PMC6 follow CTRL[RUN], unless CC56RUN', () => {
  const { cpu, machine } = quiet(MICROWATT);
  mtspr(cpu, MMCR0, 0n);
  machine.now = 10n;
  mtspr(cpu, 152, 0n);
  machine.now = 20n;
  expect(read(cpu, PMC5)).toBe(10n);
  mtspr(cpu, MMCR0, CC56RUN);
  machine.now = 25n;
  expect(read(cpu, PMC6)).toBe(15n);
});

test('freeze conditions by state take effect with MSR', () => {
  const { cpu, machine } = quiet(MICROWATT);
  mtspr(cpu, MMCR0, FCS);
  machine.now = 10n;
  cpu.msr = 0x900000000000d031n;
  machine.now = 15n;
  cpu.msr = HYPERVISOR;
  machine.now = 30n;
  expect(read(cpu, PMC5)).toBe(5n);
  mtspr(cpu, MMCR2, 0x8000000000000000n >> 36n);
  mtspr(cpu, MMCR0, 0n);
  machine.now = 40n;
  expect([read(cpu, PMC5), read(cpu, PMC6)]).toEqual([5n, 15n]);
});

describe('loads, stores and taken branches', () => {
  test('make the run loop step, and are counted one by one', () => {
    const { cpu } = quiet(MICROWATT);
    mtspr(cpu, MMCR1, LOADS_AND_STORES);
    expect(isStepping(cpu)).toBe(false);
    mtspr(cpu, MMCR0, 0n);
    expect(isStepping(cpu)).toBe(true);
    for (const timing of ['load', 'alu', 'store', 'load', 'branch'] as const) complete(cpu, timing);
    expect([read(cpu, PMC1), read(cpu, PMC2)]).toEqual([2n, 1n]);
    mtspr(cpu, MMCR0, FC);
    complete(cpu, 'load');
    expect(read(cpu, PMC1)).toBe(2n);
    expect(isStepping(cpu)).toBe(false);
  });

  test('a branch counts where it was taken', () => {
    const { cpu } = quiet(MICROWATT);
    mtspr(cpu, MMCR1, 0x00fa0000n);
    mtspr(cpu, MMCR0, 0n);
    complete(cpu, 'branch');
    complete(cpu, 'branch', true);
    expect(read(cpu, PMC2)).toBe(1n);
  });
});

describe('an alert', () => {
  test('comes exactly when a counter becomes negative, and interrupts', () => {
    const { cpu, machine } = quiet(MICROWATT, HYPERVISOR | EE);
    mtspr(cpu, MMCR1, INSTRUCTIONS_IN_PMC1);
    mtspr(cpu, PMC1, 0x7ffffff0n);
    mtspr(cpu, MMCR0, PMAE | PMC1CE);
    expect(timeToNext(cpu)).toBe(16);
    machine.now = 15n;
    expect(deliver(cpu)).toBe(false);
    machine.now = 16n;
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0xf00n);
    expect(named(cpu, 'PMU11')).toBe(PMAO | PMC1CE);
  });

  test('stays until MMCR0[PMAO] is cleared', () => {
    const { cpu } = quiet(MICROWATT, HYPERVISOR | EE);
    mtspr(cpu, MMCR0, FC | PMAO);
    expect(deliver(cpu)).toBe(true);
    cpu.msr = HYPERVISOR | EE;
    expect(deliver(cpu)).toBe(true);
    cpu.msr = HYPERVISOR | EE;
    mtspr(cpu, MMCR0, FC);
    expect(deliver(cpu)).toBe(false);
  });

  test('freezes the counters with FCECE, and needs the enable of its counter', () => {
    const { cpu, machine } = quiet(MICROWATT);
    mtspr(cpu, PMC5, 0x7fffffffn);
    mtspr(cpu, MMCR0, PMAE | PMC1CE | 0x02000000n);
    machine.now = 5n;
    expect(read(cpu, MMCR0) & (PMAO | FC)).toBe(0n);
    mtspr(cpu, MMCR0, PMAE | PMCJCE | 0x02000000n);
    machine.now = 6n;
    expect(read(cpu, MMCR0) & (PMAO | FC | PMAE)).toBe(PMAO | FC);
  });

  test('of PMC1 ends the wait of the others for a trigger', () => {
    const { cpu, machine } = quiet(MICROWATT);
    mtspr(cpu, MMCR1, INSTRUCTIONS_IN_PMC1);
    mtspr(cpu, PMC1, 0x7ffffffbn);
    mtspr(cpu, MMCR0, 0x2000n);
    machine.now = 4n;
    expect(read(cpu, PMC5)).toBe(0n);
    machine.now = 5n;
    expect(read(cpu, MMCR0)).toBe(0n);
    machine.now = 7n;
    expect(read(cpu, PMC5)).toBe(2n);
  });
});
