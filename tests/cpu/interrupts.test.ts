import { INTERRUPTS, type InterruptName } from '../../isa/interrupts';
import { takeInterrupt } from '../../src/cpu/interrupts';
import { MICROWATT, POWER10, POWER8, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { DR, EE, HV, IR, LE, ME, named, PR, RI, SE, SF, testCpu, vector } from './support';

const AIL3 = 0x1800000n;
const AIL2 = 0x1000000n;
const HAIL = 0x4000000n;
const HR = 0x100000n;
const ILE = 0x2000000n;
const LPES = 8n;

describe('every interrupt vector', () => {
  // Offset, save registers, and HV afterwards when it was 0: as the table of Book III has them.
  const TABLE: readonly [InterruptName, bigint, 'SRR' | 'HSRR', 0 | 1][] = [
    ['systemReset', 0x100n, 'SRR', 1],
    ['machineCheck', 0x200n, 'SRR', 1],
    ['dataStorage', 0x300n, 'SRR', 0],
    ['dataSegment', 0x380n, 'SRR', 0],
    ['instructionStorage', 0x400n, 'SRR', 0],
    ['instructionSegment', 0x480n, 'SRR', 0],
    ['external', 0x500n, 'HSRR', 1],
    ['alignment', 0x600n, 'SRR', 0],
    ['program', 0x700n, 'SRR', 0],
    ['fpUnavailable', 0x800n, 'SRR', 0],
    ['decrementer', 0x900n, 'SRR', 0],
    ['hypervisorDecrementer', 0x980n, 'HSRR', 1],
    ['privilegedDoorbell', 0xa00n, 'SRR', 0],
    ['systemCall', 0xc00n, 'SRR', 0],
    ['trace', 0xd00n, 'SRR', 0],
    ['hypervisorDataStorage', 0xe00n, 'HSRR', 1],
    ['hypervisorInstructionStorage', 0xe20n, 'HSRR', 1],
    ['hypervisorEmulationAssistance', 0xe40n, 'HSRR', 1],
    ['hypervisorMaintenance', 0xe60n, 'HSRR', 1],
    ['hypervisorDoorbell', 0xe80n, 'HSRR', 1],
    ['hypervisorVirtualization', 0xea0n, 'HSRR', 1],
    ['performanceMonitor', 0xf00n, 'SRR', 0],
    ['vectorUnavailable', 0xf20n, 'SRR', 0],
    ['vsxUnavailable', 0xf40n, 'SRR', 0],
    ['facilityUnavailable', 0xf60n, 'SRR', 0],
    ['hypervisorFacilityUnavailable', 0xf80n, 'HSRR', 1],
  ];

  test('is in the table, but for scv', () => {
    const names = TABLE.map(([name]) => name);
    expect([...names, 'systemCallVectored'].sort()).toEqual(Object.keys(INTERRUPTS).sort());
  });

  test.each(TABLE)('%s from a guest: offset, save registers, HV, RI', (name, offset, save, hv) => {
    const old = SF | EE | ME | RI | SE | DR;
    const { cpu } = testCpu(POWER9, old);
    expect(takeInterrupt(cpu, name)).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(offset);
    expect(named(cpu, `${save}0`)).toBe(0x3000n);
    expect(named(cpu, `${save}1`)).toBe(old);
    const untouched = save === 'SRR' ? 'HSRR' : 'SRR';
    expect(named(cpu, `${untouched}0`)).toBe(0n);
    expect(named(cpu, `${untouched}1`)).toBe(0n);
    const me = name === 'machineCheck' ? 0n : ME;
    const ri = save === 'HSRR' ? RI : 0n;
    expect(cpu.msr).toBe(SF | (hv ? HV : 0n) | me | ri);
  });

  test.each(TABLE)('%s keeps HV=1', (name) => {
    const { cpu } = testCpu(POWER9, SF | HV | ME);
    takeInterrupt(cpu, name);
    expect(cpu.msr & HV).toBe(HV);
  });
});

describe('the saved status', () => {
  test('has the MSR without the bits that carry causes, and the cause', () => {
    const { cpu } = testCpu(MICROWATT, 0xffffffffffffffffn);
    takeInterrupt(cpu, 'dataStorage', { cause: 0x40000n });
    expect(named(cpu, 'SRR1')).toBe((0xffffffffffffffffn & ~0x783f0000n) | 0x40000n);
  });

  test('clears facility bits, trace and floating-point modes in the new MSR', () => {
    const { cpu } = testCpu(POWER9, SF | 0x0280_2f04n | ME);
    takeInterrupt(cpu, 'program');
    expect(cpu.msr).toBe(SF | ME);
  });

  test('always enters 64-bit mode', () => {
    const { cpu } = testCpu(POWER9, HV | ME);
    takeInterrupt(cpu, 'program');
    expect(cpu.msr).toBe(SF | HV | ME);
  });

  test('a transaction is suspended', () => {
    const { cpu } = testCpu(POWER9, SF | HV | (2n << 33n));
    takeInterrupt(cpu, 'program');
    expect((cpu.msr >> 33n) & 3n).toBe(1n);
  });

  test('says that a prefixed instruction caused it, where an instruction did', () => {
    const { cpu } = testCpu(POWER10, SF | HV);
    cpu.prefixed = true;
    takeInterrupt(cpu, 'dataStorage', { byInstruction: true });
    expect(named(cpu, 'SRR1')).toBe(SF | HV | 0x20000000n);
    takeInterrupt(cpu, 'decrementer');
    expect(named(cpu, 'SRR1') & 0x20000000n).toBe(0n);
  });

  test('writes exactly the registers of the image', () => {
    const before = { DAR: 1n, DSISR: 2n, HDAR: 3n, HDSISR: 4n, ASDR: 5n, HEIR: 6n };
    const { cpu } = testCpu(POWER9, SF | HV, before);
    takeInterrupt(cpu, 'dataStorage', { dar: 0x11n, dsisr: 0x22n });
    expect(named(cpu, 'DAR')).toBe(0x11n);
    expect(named(cpu, 'DSISR')).toBe(0x22n);
    for (const name of ['HDAR', 'HDSISR', 'ASDR', 'HEIR'] as const)
      expect(named(cpu, name)).toBe(before[name]);
    takeInterrupt(cpu, 'hypervisorDataStorage', { hdar: 0x33n, hdsisr: 0x44n, asdr: 0x55n });
    expect([named(cpu, 'HDAR'), named(cpu, 'HDSISR'), named(cpu, 'ASDR')]).toEqual([0x33n, 0x44n, 0x55n]);
    expect([named(cpu, 'DAR'), named(cpu, 'DSISR')]).toEqual([0x11n, 0x22n]);
  });
});

describe('external interrupts', () => {
  test('with LPES=0 go to the hypervisor through HSRR0/1', () => {
    const { cpu } = testCpu(POWER9, SF | EE);
    takeInterrupt(cpu, 'external');
    expect(cpu.msr & HV).toBe(HV);
    expect(named(cpu, 'HSRR1')).toBe(SF | EE);
  });

  test('with LPES=1 stay in the guest with SRR0/1', () => {
    const { cpu } = testCpu(POWER9, SF | EE, { LPCR: LPES });
    takeInterrupt(cpu, 'external');
    expect(cpu.msr & HV).toBe(0n);
    expect(named(cpu, 'SRR1')).toBe(SF | EE);
  });
});

describe('byte order of the handler', () => {
  test('in HV=0 is LPCR[ILE]', () => {
    const { cpu } = testCpu(POWER9, SF, { LPCR: ILE });
    takeInterrupt(cpu, 'program');
    expect(cpu.msr & LE).toBe(LE);
    const big = testCpu(POWER9, SF | LE);
    takeInterrupt(big.cpu, 'program');
    expect(big.cpu.msr & LE).toBe(0n);
  });

  test.each([
    [POWER8, 0x0000100000000000n],
    [POWER9, 0x0800000000000000n],
    [POWER10, 0x0800000000000000n],
  ])('in HV=1 is HID0[HILE], whose place depends on the model', (model, hile) => {
    const { cpu } = testCpu(model, SF | HV, { LPCR: ILE });
    takeInterrupt(cpu, 'program');
    expect(cpu.msr & LE).toBe(0n);
    cpu.state.setNamed('HID0', hile);
    takeInterrupt(cpu, 'program');
    expect(cpu.msr & LE).toBe(LE);
  });

  test('is always little on Microwatt', () => {
    const { cpu } = testCpu(MICROWATT, SF | HV);
    takeInterrupt(cpu, 'program');
    expect(cpu.msr & LE).toBe(LE);
  });
});

describe('alternate interrupt location', () => {
  const C4000 = 0xc000000000004000n;

  test('E9: POWER9, hypervisor with IR=DR=1, AIL=3: data storage', () => {
    const { cpu } = testCpu(POWER9, 0x9000000000001032n, { LPCR: AIL3 | HR });
    takeInterrupt(cpu, 'dataStorage');
    expect(cpu.nia).toBe(0xc000000000004300n);
    expect(named(cpu, 'SRR1')).toBe(0x9000000000001032n);
    expect(cpu.msr & (IR | DR)).toBe(IR | DR);
  });

  test('E10: not with DR alone', () => {
    const { cpu } = testCpu(POWER9, SF | HV | ME | DR | RI, { LPCR: AIL3 | HR });
    takeInterrupt(cpu, 'dataStorage');
    expect(cpu.nia).toBe(0x300n);
    expect(cpu.msr & (IR | DR)).toBe(0n);
  });

  test('E11: POWER9 radix guest, hypervisor data storage', () => {
    const relocated = testCpu(POWER9, SF | ME | IR | DR, { LPCR: AIL3 | HR });
    takeInterrupt(relocated.cpu, 'hypervisorDataStorage');
    expect(relocated.cpu.nia).toBe(0xc000000000004e00n);
    const off = testCpu(POWER9, SF | ME | IR | DR, { LPCR: HR });
    takeInterrupt(off.cpu, 'hypervisorDataStorage');
    expect(off.cpu.nia).toBe(0xe00n);
    const real = testCpu(POWER9, SF | ME, { LPCR: AIL3 | HR });
    takeInterrupt(real.cpu, 'hypervisorDataStorage');
    expect(real.cpu.nia).toBe(0xe00n);
  });

  test('an HPT guest does not relocate the interrupts of its hypervisor', () => {
    const { cpu } = testCpu(POWER9, SF | ME | IR | DR, { LPCR: AIL3 });
    takeInterrupt(cpu, 'hypervisorDataStorage');
    expect(cpu.nia).toBe(0xe00n);
    const own = testCpu(POWER9, SF | ME | IR | DR, { LPCR: AIL3 });
    takeInterrupt(own.cpu, 'dataStorage');
    expect(own.cpu.nia).toBe(C4000 | 0x300n);
  });

  test('E12: POWER10 asks HAIL in hypervisor state', () => {
    const ail = testCpu(POWER10, SF | HV | ME | IR | DR, { LPCR: AIL3 | HR });
    takeInterrupt(ail.cpu, 'dataStorage');
    expect(ail.cpu.nia).toBe(0x300n);
    const hail = testCpu(POWER10, SF | HV | ME | IR | DR, { LPCR: HAIL | HR });
    takeInterrupt(hail.cpu, 'dataStorage');
    expect(hail.cpu.nia).toBe(0xc000000000004300n);
    const real = testCpu(POWER10, SF | HV | ME, { LPCR: HAIL | HR });
    takeInterrupt(real.cpu, 'dataStorage');
    expect(real.cpu.nia).toBe(0x300n);
  });

  test('E13: POWER10 with HAIL=1 relocates also from guest real mode', () => {
    const { cpu } = testCpu(POWER10, SF | ME, { LPCR: HAIL | HR });
    takeInterrupt(cpu, 'hypervisorDataStorage');
    expect(cpu.nia).toBe(0xc000000000004e00n);
    expect(cpu.msr & (IR | DR)).toBe(IR | DR);
  });

  test('POWER10: AIL is the guest interrupts own affair', () => {
    const { cpu } = testCpu(POWER10, SF | ME | IR | DR, { LPCR: AIL3 | HR });
    takeInterrupt(cpu, 'dataStorage');
    expect(cpu.nia).toBe(C4000 | 0x300n);
    const two = testCpu(POWER10, SF | ME | IR | DR, { LPCR: AIL2 | HR });
    takeInterrupt(two.cpu, 'dataStorage');
    expect(two.cpu.nia).toBe(0x300n);
  });

  test('AIL=2 adds 0x18000, AIL=1 nothing', () => {
    const two = testCpu(POWER9, SF | HV | IR | DR, { LPCR: AIL2 | HR });
    takeInterrupt(two.cpu, 'program');
    expect(two.cpu.nia).toBe(0x18700n);
    expect(two.cpu.msr & (IR | DR)).toBe(IR | DR);
    const one = testCpu(POWER9, SF | HV | IR | DR, { LPCR: 0x800000n | HR });
    takeInterrupt(one.cpu, 'program');
    expect(one.cpu.nia).toBe(0x700n);
    expect(one.cpu.msr & (IR | DR)).toBe(0n);
  });

  test.each(['systemReset', 'machineCheck', 'hypervisorMaintenance'] as const)(
    '%s stays where it is',
    (name) => {
      const { cpu } = testCpu(POWER9, SF | HV | ME | IR | DR, { LPCR: AIL3 | HR });
      takeInterrupt(cpu, name);
      expect(cpu.nia).toBe(vector(name));
      expect(cpu.msr & (IR | DR)).toBe(0n);
    },
  );

  test('scv: vectors of its own for AIL=3, the usual ones with relocation for AIL=2', () => {
    const three = testCpu(POWER9, SF | HV | IR | DR | EE | RI, { LPCR: AIL3 | HR });
    takeInterrupt(three.cpu, 'systemCallVectored', { level: 3 });
    expect(three.cpu.nia).toBe(0xc000000000003060n);
    expect(three.cpu.msr).toBe(SF | HV | IR | DR | EE | RI);
    const two = testCpu(POWER9, SF | HV | IR | DR, { LPCR: AIL2 | HR });
    takeInterrupt(two.cpu, 'systemCallVectored', { level: 127 });
    expect(two.cpu.nia).toBe(0x17fe0n);
    expect(two.cpu.msr & (IR | DR)).toBe(IR | DR);
  });
});

describe('a machine check', () => {
  test('with ME=0 is a checkstop: the machine stops, nothing is saved', () => {
    const { cpu, machine } = testCpu(POWER9, SF | HV);
    expect(takeInterrupt(cpu, 'machineCheck', { cause: 0x200000n, dar: 0x1234n })).toBe(OUTCOME.STOP);
    expect(machine.stops).toEqual([
      {
        kind: 'checkstop',
        message: 'CPU 0 at 0x3000: machine check with MSR[ME]=0 (SRR1 cause 0x200000, address 0x1234)',
      },
    ]);
    expect(named(cpu, 'SRR0')).toBe(0n);
  });

  test('clears ME, so that a second one is a checkstop', () => {
    const { cpu, machine } = testCpu(POWER9, SF | ME);
    expect(takeInterrupt(cpu, 'machineCheck', { cause: 0x200000n, dsisr: 0x40n, dar: 0x10n })).toBe(
      OUTCOME.FAULT,
    );
    expect(cpu.nia).toBe(0x200n);
    expect(named(cpu, 'SRR1')).toBe(SF | ME | 0x200000n);
    expect(named(cpu, 'DSISR')).toBe(0x40n);
    expect(takeInterrupt(cpu, 'machineCheck')).toBe(OUTCOME.STOP);
    expect(machine.stops).toHaveLength(1);
  });
});

test('Microwatt keeps HV and the MSR bits that it does not know', () => {
  const { cpu } = testCpu(MICROWATT, SF | HV | LE | 0x2000000n);
  takeInterrupt(cpu, 'decrementer');
  expect(cpu.msr).toBe(SF | HV | LE | 0x2000000n);
});

test('problem state enters the guest privileged', () => {
  const { cpu } = testCpu(POWER9, SF | PR | EE | IR | DR | ME);
  takeInterrupt(cpu, 'program');
  expect(cpu.msr).toBe(SF | ME);
});
