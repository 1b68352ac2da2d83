/** Stopped threads: stop, wait, nap and ceded ones, and what wakes them (Power ISA v3.1 Book III, 3.3.2). */
import { deliver, timeToNext } from '../../src/cpu/asynchronous';
import { MICROWATT, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { PENDING, setPending, STOPPED } from '../../src/cpu/pending';
import { EE, HV, ME, mtspr, named, perform, SF, testCpu } from './support';

const HYPERVISOR = SF | HV | ME;
const GUEST = SF | ME;
const QUIET = { DECEXPIRY: 1n << 30n, HDECEXPIRY: 1n << 30n };

describe('stopping', () => {
  const ESL = 0x200000n;
  const EC = 0x100000n;
  const EEE = 0x4000n;
  const DEE = 0x2000n;

  test('stop waits at the next instruction and gives up the reservation', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { ...QUIET, RESLEN: 4n });
    expect(perform(cpu, 'stop')).toBe(OUTCOME.STOP);
    expect(cpu.nia).toBe(0x3004n);
    expect(named(cpu, 'STOPPED')).toBe(BigInt(STOPPED.UNTIL_EXCEPTION));
    expect(named(cpu, 'RESLEN')).toBe(0n);
    expect(deliver(cpu)).toBe(false);
  });

  test('with EC=0 any exception resumes it, in line where EE=0', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, QUIET);
    perform(cpu, 'stop');
    setPending(cpu, PENDING.EXTERNAL, { on: true });
    expect(deliver(cpu)).toBe(false);
    expect(named(cpu, 'STOPPED')).toBe(0n);
    expect(cpu.nia).toBe(0x3004n);
  });

  test('with EC=0 and EE=1 the interrupt is taken', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR | EE, QUIET);
    perform(cpu, 'stop');
    setPending(cpu, PENDING.EXTERNAL, { on: true });
    expect(deliver(cpu)).toBe(true);
    expect(named(cpu, 'HSRR0')).toBe(0x3004n);
  });

  test('with EC=1 only what PECE selects wakes it', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { ...QUIET, PSSCR: EC });
    perform(cpu, 'stop');
    setPending(cpu, PENDING.EXTERNAL, { on: true });
    expect(deliver(cpu)).toBe(false);
    expect(named(cpu, 'STOPPED')).not.toBe(0n);
    cpu.state.setNamed('LPCR', EEE);
    deliver(cpu);
    expect(named(cpu, 'STOPPED')).toBe(0n);
  });

  test('with ESL=1 it wakes through a system reset that says why', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { ...QUIET, PSSCR: EC | ESL, LPCR: EEE });
    perform(cpu, 'stop');
    setPending(cpu, PENDING.EXTERNAL, { on: true });
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x100n);
    expect(named(cpu, 'SRR0')).toBe(0x3004n);
    // Reason 8 (external), no state lost.
    expect(named(cpu, 'SRR1')).toBe(HYPERVISOR | 0x210000n);
    cpu.msr = HYPERVISOR | EE;
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x500n);
  });

  test('the decrementer wakes it in time', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR, { PSSCR: EC | ESL, LPCR: DEE });
    mtspr(cpu, 22, 99n);
    perform(cpu, 'stop');
    expect(timeToNext(cpu)).toBe(100);
    machine.now = 99n;
    expect(deliver(cpu)).toBe(false);
    machine.now = 100n;
    expect(deliver(cpu)).toBe(true);
    expect(named(cpu, 'SRR1') & 0x3c0000n).toBe(0x180000n);
  });

  test('a decrementer that is not selected is not waited for', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { PSSCR: EC | ESL, LPCR: EEE });
    perform(cpu, 'stop');
    expect(timeToNext(cpu)).toBe(Infinity);
  });

  test('a guest may not lose state or choose what wakes it', () => {
    for (const psscr of [ESL, EC, 5n]) {
      const { cpu } = testCpu(POWER9, GUEST, { PSSCR: psscr });
      expect(perform(cpu, 'stop')).toBe(OUTCOME.FAULT);
      expect(cpu.nia).toBe(0xf80n);
      expect(named(cpu, 'HFSCR') >> 56n).toBe(9n);
    }
    const { cpu } = testCpu(POWER9, GUEST, QUIET);
    expect(perform(cpu, 'stop')).toBe(OUTCOME.STOP);
  });

  test('an HDEC exception that was not taken is given up', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { ...QUIET, HDECEXPIRY: 0n, LPCR: 1n });
    perform(cpu, 'stop');
    cpu.msr = HYPERVISOR | EE;
    expect(deliver(cpu)).toBe(false);
  });

  test('wait resumes for any exception, enabled or not; its other kinds go on at once', () => {
    const { cpu, machine } = testCpu(MICROWATT, HYPERVISOR, { DECEXPIRY: 10n });
    expect(perform(cpu, 'wait', 1n, 0n)).toBe(OUTCOME.NEXT);
    expect(perform(cpu, 'wait', 0n, 0n)).toBe(OUTCOME.STOP);
    expect(timeToNext(cpu)).toBe(10);
    machine.now = 10n;
    expect(deliver(cpu)).toBe(false);
    expect(named(cpu, 'STOPPED')).toBe(0n);
    expect(cpu.nia).toBe(0x3004n);
  });

  test('nap of POWER8 wakes through a system reset', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { ...QUIET, LPCR: EEE });
    perform(cpu, 'powerSave', 1n);
    setPending(cpu, PENDING.EXTERNAL, { on: true });
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x100n);
  });

  test('a ceded thread is woken by nobody but its hypervisor', () => {
    const { cpu } = testCpu(POWER9, GUEST | EE, { STOPPED: BigInt(STOPPED.CEDED) });
    setPending(cpu, PENDING.EXTERNAL, { on: true });
    expect(deliver(cpu)).toBe(false);
    expect(timeToNext(cpu)).toBe(Infinity);
  });
});
