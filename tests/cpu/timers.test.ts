import fc from 'fast-check';
import { deliver, timeToNext } from '../../src/cpu/asynchronous';
import { MICROWATT, POWER8, POWER9, type CpuModel } from '../../src/cpu/models';
import { EE, HV, ME, mfspr, mtspr, PR, IR, DR, SF, testCpu, type TestMachine } from './support';
import type { Cpu } from '../../src/cpu/cpu';

const HYPERVISOR = SF | HV | ME;
const HDICE = 1n;
const LD = 0x20000n;
const [DEC, HDEC, TB, TBU, TBL, TBUW, TBU40] = [22, 310, 268, 269, 284, 285, 286] as const;

const read = (cpu: Cpu, num: number): bigint => {
  mfspr(cpu, num);
  return cpu.result;
};

describe('the time base', () => {
  test('follows the machine’s time', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    expect(read(cpu, TB)).toBe(0n);
    machine.now = 0x123456789n;
    expect(read(cpu, TB)).toBe(0x123456789n);
    expect(read(cpu, TBU)).toBe(1n);
  });

  test('counts ticks of several units', () => {
    const slow: CpuModel = { ...POWER9, timebase: { frequency: 1, unitsPerTick: 8n } };
    const { cpu, machine } = testCpu(slow, HYPERVISOR);
    machine.now = 7n;
    expect(read(cpu, TB)).toBe(0n);
    machine.now = 8n;
    expect(read(cpu, TB)).toBe(1n);
  });

  test('is written by halves, and by its upper 40 bits', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    machine.now = 100n;
    mtspr(cpu, TBUW, 0x55n);
    expect(read(cpu, TB)).toBe(0x5500000064n);
    mtspr(cpu, TBL, 0xfffffff0n);
    machine.now = 0x64n + 0x10n;
    expect(read(cpu, TB)).toBe(0x5600000000n);
    mtspr(cpu, TBU40, 0x1234567890abcdefn);
    expect(read(cpu, TB)).toBe(0x1234567890000000n);
  });

  test.each([849, 308, 309])('SPR %i counts from what was written', (num) => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    machine.now = 50n;
    mtspr(cpu, num, 1000n);
    machine.now = 57n;
    expect(read(cpu, num)).toBe(1007n);
    expect(read(cpu, TB)).toBe(57n);
  });
});

describe('the decrementer', () => {
  test('counts down from what was written and is sign-extended on POWER9', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    machine.now = 10n;
    mtspr(cpu, DEC, 3n);
    expect(read(cpu, DEC)).toBe(3n);
    machine.now = 13n;
    expect(read(cpu, DEC)).toBe(0n);
    machine.now = 14n;
    expect(read(cpu, DEC)).toBe(0xffffffffffffffffn);
  });

  test('has 32 bits with LD=0: bit 32 of the value is its sign', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR | EE);
    mtspr(cpu, DEC, 0x80000000n);
    expect(read(cpu, DEC)).toBe(0xffffffff80000000n);
    expect(deliver(cpu)).toBe(true);
    const large = testCpu(POWER9, HYPERVISOR | EE, { LPCR: LD });
    mtspr(large.cpu, DEC, 0x80000000n);
    expect(read(large.cpu, DEC)).toBe(0x80000000n);
    expect(deliver(large.cpu)).toBe(false);
  });

  test('has 56 bits with LD=1 on POWER9, 64 on Microwatt, 32 always on POWER8', () => {
    const p9 = testCpu(POWER9, HYPERVISOR, { LPCR: LD });
    mtspr(p9.cpu, DEC, 0x0080000000000000n);
    expect(read(p9.cpu, DEC)).toBe(0xff80000000000000n);
    const mw = testCpu(MICROWATT, HYPERVISOR);
    mtspr(mw.cpu, DEC, 0x0080000000000000n);
    expect(read(mw.cpu, DEC)).toBe(0x0080000000000000n);
    const p8 = testCpu(POWER8, HYPERVISOR, { LPCR: LD });
    mtspr(p8.cpu, DEC, 0x100000001n);
    expect(read(p8.cpu, DEC)).toBe(1n);
  });

  test('of Microwatt reads zero-extended with LD=0', () => {
    const { cpu } = testCpu(MICROWATT, HYPERVISOR);
    mtspr(cpu, 318, 0n);
    mtspr(cpu, DEC, 0xffffffffn);
    expect(read(cpu, DEC)).toBe(0xffffffffn);
    cpu.msr |= EE;
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x900n);
  });

  test('is 0 after reset and negative one tick later', () => {
    const { cpu, machine } = testCpu(MICROWATT, HYPERVISOR);
    expect(read(cpu, DEC)).toBe(0n);
    machine.now = 1n;
    expect(read(cpu, DEC)).toBe(0xffffffffffffffffn);
  });

  test('interrupts as long as it is negative', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR | EE);
    mtspr(cpu, DEC, 0xffffffffn);
    expect(deliver(cpu)).toBe(true);
    expect(deliver(cpu)).toBe(false);
    cpu.msr |= EE;
    expect(deliver(cpu)).toBe(true);
    cpu.msr |= EE;
    mtspr(cpu, DEC, 5n);
    expect(deliver(cpu)).toBe(false);
  });
});

describe('the hypervisor decrementer', () => {
  test('E15: in a guest with EE=0, HDICE=1', () => {
    const { cpu } = testCpu(POWER9, SF | ME, { LPCR: HDICE });
    cpu.state.setNamed('HDECEXPIRY', 0n);
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x980n);
    expect(cpu.msr).toBe(SF | HV | ME);
  });

  test('E16: not in the hypervisor with EE=0; nor with HDICE=0', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { LPCR: HDICE });
    cpu.state.setNamed('HDECEXPIRY', 0n);
    expect(deliver(cpu)).toBe(false);
    const off = testCpu(POWER9, SF | ME);
    off.cpu.state.setNamed('HDECEXPIRY', 0n);
    expect(deliver(off.cpu)).toBe(false);
  });

  test('is delivered once for each time that it becomes negative', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR | EE, { LPCR: HDICE });
    mtspr(cpu, DEC, 1000n);
    mtspr(cpu, HDEC, 2n);
    machine.now = 3n;
    expect(deliver(cpu)).toBe(true);
    cpu.msr |= EE;
    expect(deliver(cpu)).toBe(false);
    mtspr(cpu, HDEC, 0n);
    expect(deliver(cpu)).toBe(false);
    machine.now = 4n;
    expect(deliver(cpu)).toBe(true);
    cpu.msr |= EE;
    mtspr(cpu, HDEC, 0xffffffffffffffffn);
    expect(deliver(cpu)).toBe(true);
  });

  test('does not exist on Microwatt', () => {
    const { cpu, machine } = testCpu(MICROWATT, HYPERVISOR | EE);
    mtspr(cpu, DEC, 1n << 40n);
    machine.now = 1n << 39n;
    cpu.state.setNamed('HDECEXPIRY', 0n);
    expect(deliver(cpu)).toBe(false);
  });
});

describe('time to the next exception', () => {
  /** Runs time on by `units` and says whether something is delivered then and was not just before. */
  function exactlyThen(cpu: Cpu, machine: TestMachine, units: number): boolean {
    const start = machine.now;
    if (units > 0) {
      machine.now = start + BigInt(units) - 1n;
      if (deliver(cpu)) return false;
    }
    machine.now = start + BigInt(units);
    return deliver(cpu);
  }

  test('is exact for any values, widths and ratios', () => {
    fc.assert(
      fc.property(
        fc.record({
          dec: fc.bigInt(0n, 1n << 20n),
          hdec: fc.bigInt(0n, 1n << 20n),
          now: fc.bigInt(0n, 1n << 30n),
          ratio: fc.bigInt(1n, 9n),
          guest: fc.boolean(),
          ld: fc.boolean(),
        }),
        ({ dec, hdec, now, ratio, guest, ld }) => {
          const model: CpuModel = { ...POWER9, timebase: { frequency: 1, unitsPerTick: ratio } };
          const msr = guest ? SF | PR | EE | IR | DR : SF | HV | EE;
          const { cpu, machine } = testCpu(model, HYPERVISOR, { LPCR: HDICE | (ld ? LD : 0n) });
          machine.now = now;
          mtspr(cpu, DEC, dec);
          mtspr(cpu, HDEC, hdec);
          cpu.msr = msr;
          const units = timeToNext(cpu);
          expect(units).toBeGreaterThan(0);
          expect(exactlyThen(cpu, machine, units)).toBe(true);
        },
      ),
      { seed: 2 },
    );
  });

  test('is Infinity where nothing could be delivered', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { LPCR: HDICE });
    mtspr(cpu, DEC, 5n);
    mtspr(cpu, HDEC, 5n);
    expect(timeToNext(cpu)).toBe(Infinity);
    cpu.msr |= EE;
    expect(timeToNext(cpu)).toBe(6);
  });

  test('is 0 where one could be delivered now', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR | EE);
    mtspr(cpu, DEC, 0xffffffffn);
    expect(timeToNext(cpu)).toBe(0);
  });

  test('after HDEC was delivered is when it stops being negative', () => {
    const { cpu, machine } = testCpu(POWER8, HYPERVISOR | EE, { LPCR: HDICE });
    mtspr(cpu, DEC, 0x7fffffffn);
    mtspr(cpu, HDEC, 0xffffffffn);
    expect(deliver(cpu)).toBe(true);
    cpu.msr = SF | ME;
    expect(timeToNext(cpu)).toBe(0x80000000);
    machine.now = 0x80000000n;
    expect(deliver(cpu)).toBe(false);
    expect(timeToNext(cpu)).toBe(0x80000000);
    machine.now = 0x100000000n;
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x980n);
  });
});
