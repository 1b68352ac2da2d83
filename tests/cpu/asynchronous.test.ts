/** Asynchronous interrupts: when they are delivered, which is first, and what they save (Power ISA v3.1 Book III, 7.5 and 7.7). */
import { deliver } from '../../src/cpu/asynchronous';
import { MICROWATT, POWER9, type CpuModel } from '../../src/cpu/models';
import { PENDING, setPending } from '../../src/cpu/pending';
import { DR, EE, HV, IR, lastTaken, ME, named, PR, RI, SF, testCpu } from './support';

const HYPERVISOR = SF | HV | ME;
const GUEST = SF | ME;
const PROBLEM = SF | ME | PR | EE | IR | DR;
const LPES = 8n;
const HEIC = 0x10n;
const MER = 0x800n;
const HVICE = 2n;
/** A decrementer far from its exception. */

const QUIET = { DECEXPIRY: 1n << 30n, HDECEXPIRY: 1n << 30n };

/** What is delivered with these requests, or undefined. */
function delivered(
  msr: bigint,
  o: { pending?: number; lpcr?: bigint; registers?: Record<string, bigint>; model?: CpuModel },
): string | undefined {
  const { cpu, machine } = testCpu(o.model ?? POWER9, msr, { ...QUIET, LPCR: o.lpcr ?? 0n, ...o.registers });
  setPending(cpu, o.pending ?? 0, { on: true });
  if (!deliver(cpu)) return undefined;
  return lastTaken(machine)?.interrupt;
}

describe('delivery conditions', () => {
  const { EXTERNAL, HYPERVISOR_VIRTUALIZATION, HYPERVISOR_DOORBELL, PERFORMANCE_MONITOR, SYSTEM_RESET } =
    PENDING;

  test.each([
    ['LPES=0, hypervisor EE=1', HYPERVISOR | EE, 0n, true],
    ['LPES=0, hypervisor EE=0', HYPERVISOR, 0n, false],
    ['LPES=0, guest EE=0', GUEST, 0n, true],
    ['LPES=0, problem state of the hypervisor', PROBLEM | HV, 0n, true],
    ['LPES=0, HEIC=1, hypervisor EE=1', HYPERVISOR | EE, HEIC, false],
    ['LPES=0, HEIC=1, guest', GUEST, HEIC, true],
    ['LPES=0, HEIC=1, problem state of the hypervisor', PROBLEM | HV, HEIC, true],
    ['LPES=1, guest EE=0', GUEST, LPES, false],
    ['LPES=1, guest EE=1', GUEST | EE, LPES, true],
    ['LPES=1, HEIC=1, hypervisor EE=1', HYPERVISOR | EE, LPES | HEIC, false],
  ])('external: %s', (_case, msr, lpcr, expected) => {
    expect(delivered(msr, { pending: EXTERNAL, lpcr })).toBe(expected ? 'external' : undefined);
  });

  test.each([
    ['guest EE=1', GUEST | EE, true],
    ['guest EE=0', GUEST, false],
    ['hypervisor EE=1', HYPERVISOR | EE, false],
  ])('mediated external: %s', (_case, msr, expected) => {
    expect(delivered(msr, { lpcr: MER })).toBe(expected ? 'external' : undefined);
  });

  test('hypervisor virtualization needs HVICE', () => {
    const pending = HYPERVISOR_VIRTUALIZATION;
    expect(delivered(GUEST, { pending })).toBeUndefined();
    expect(delivered(GUEST, { pending, lpcr: HVICE })).toBe('hypervisorVirtualization');
    expect(delivered(HYPERVISOR, { pending, lpcr: HVICE })).toBeUndefined();
    expect(delivered(HYPERVISOR | EE, { pending, lpcr: HVICE })).toBe('hypervisorVirtualization');
  });

  test('hypervisor maintenance is HMER and HMEER together', () => {
    expect(delivered(GUEST, { registers: { HMER: 6n, HMEER: 2n } })).toBe('hypervisorMaintenance');
    expect(delivered(GUEST, { registers: { HMER: 4n, HMEER: 2n } })).toBeUndefined();
    expect(delivered(HYPERVISOR, { registers: { HMER: 6n, HMEER: 2n } })).toBeUndefined();
    expect(delivered(HYPERVISOR | EE, { registers: { HMER: 6n, HMEER: 2n } })).toBe('hypervisorMaintenance');
  });

  test('doorbells: the hypervisor’s also with HV=0, the privileged one never in the hypervisor', () => {
    expect(delivered(GUEST, { pending: HYPERVISOR_DOORBELL })).toBe('hypervisorDoorbell');
    expect(delivered(HYPERVISOR, { pending: HYPERVISOR_DOORBELL })).toBeUndefined();
    expect(delivered(HYPERVISOR | EE, { pending: HYPERVISOR_DOORBELL })).toBe('hypervisorDoorbell');
    expect(delivered(GUEST | EE, { registers: { DPDES: 1n } })).toBe('privilegedDoorbell');
    expect(delivered(GUEST, { registers: { DPDES: 1n } })).toBeUndefined();
    expect(delivered(HYPERVISOR | EE, { registers: { DPDES: 1n } })).toBeUndefined();
  });

  test('performance monitor needs EE', () => {
    expect(delivered(GUEST, { pending: PERFORMANCE_MONITOR })).toBeUndefined();
    expect(delivered(GUEST | EE, { pending: PERFORMANCE_MONITOR })).toBe('performanceMonitor');
  });

  test('system reset always', () => {
    expect(delivered(HYPERVISOR, { pending: SYSTEM_RESET })).toBe('systemReset');
  });
});

describe('priority', () => {
  /** All interrupts in the order in which they are taken, the state being made permissive again after each. */
  function order(model: CpuModel, msr: bigint): (string | undefined)[] {
    const { cpu, machine } = testCpu(model, msr, { LPCR: LPES | HVICE | 1n, HMER: 1n, HMEER: 1n, DPDES: 1n });
    machine.now = 10n;
    cpu.state.setNamed('HDECEXPIRY', 0n);
    setPending(cpu, 0x3f & ~PENDING.HDEC_DELIVERED, { on: true });
    const out: (string | undefined)[] = [];
    while (out.length < 12 && deliver(cpu)) {
      const name = lastTaken(machine)!.interrupt;
      out.push(name);
      if (name === 'external') setPending(cpu, PENDING.EXTERNAL, { on: false });
      if (name === 'hypervisorVirtualization')
        setPending(cpu, PENDING.HYPERVISOR_VIRTUALIZATION, { on: false });
      if (name === 'performanceMonitor') setPending(cpu, PENDING.PERFORMANCE_MONITOR, { on: false });
      if (name === 'hypervisorMaintenance') cpu.state.setNamed('HMER', 0n);
      if (name === 'decrementer') cpu.state.setNamed('DECEXPIRY', 1000n);
      cpu.msr = msr;
    }
    return out;
  }

  test('of POWER9', () => {
    expect(order(POWER9, GUEST | EE)).toEqual([
      'systemReset', 'machineCheck', 'hypervisorMaintenance', 'hypervisorDecrementer', 'hypervisorVirtualization',
      'external', 'decrementer', 'privilegedDoorbell', 'hypervisorDoorbell', 'performanceMonitor',
    ]); // prettier-ignore
  });

  test('of Microwatt', () => {
    expect(order(MICROWATT, HYPERVISOR | EE)).toEqual([
      'performanceMonitor', 'hypervisorDoorbell', 'decrementer', 'external',
    ]); // prettier-ignore
  });
});

test('an asynchronous interrupt saves the address of the next instruction and no cause', () => {
  const { cpu } = testCpu(POWER9, HYPERVISOR | EE | RI, QUIET);
  setPending(cpu, PENDING.HYPERVISOR_DOORBELL, { on: true });
  expect(deliver(cpu)).toBe(true);
  expect(named(cpu, 'HSRR0')).toBe(0x3000n);
  expect(named(cpu, 'HSRR1')).toBe(HYPERVISOR | EE | RI);
});

test('an asynchronous machine check with ME=0 stops the machine', () => {
  const { cpu, machine } = testCpu(POWER9, SF | HV);
  setPending(cpu, PENDING.MACHINE_CHECK, { on: true });
  deliver(cpu);
  expect(machine.stops[0]?.kind).toBe('checkstop');
});
