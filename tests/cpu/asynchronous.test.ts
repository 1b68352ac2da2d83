import { deliver, timeToNext } from '../../src/cpu/asynchronous';
import { MICROWATT, POWER9, type CpuModel } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { PENDING, setPending, STOPPED } from '../../src/cpu/pending';
import {
  DR,
  EE,
  HV,
  IR,
  lastTaken,
  ME,
  mtspr,
  named,
  perform,
  PR,
  RI,
  SF,
  TestMachine,
  testCpu,
} from './support';

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

describe('doorbells', () => {
  const DOORBELL = 0x28000000n;
  const BROADCAST = 0x02000000n;
  const waiting = (machine: TestMachine): boolean[] =>
    machine.cpus.map((cpu) => (named(cpu, 'PENDING') & BigInt(PENDING.HYPERVISOR_DOORBELL)) !== 0n);

  test('msgsnd reaches the thread with that PIR', () => {
    const machine = new TestMachine(POWER9, 3);
    expect(perform(machine.cpus[0]!, 'msgsnd', DOORBELL | 2n)).toBe(OUTCOME.RESUME);
    expect(waiting(machine)).toEqual([false, false, true]);
  });

  test('msgsnd to the core reaches all its threads', () => {
    const machine = new TestMachine(POWER9, 6);
    perform(machine.cpus[0]!, 'msgsnd', DOORBELL | BROADCAST | 5n);
    expect(waiting(machine)).toEqual([false, false, false, false, true, true]);
  });

  test('another type of message, or a thread that does not exist, is nothing', () => {
    const machine = new TestMachine(POWER9, 2);
    perform(machine.cpus[0]!, 'msgsnd', 0x20000000n | 1n);
    perform(machine.cpus[0]!, 'msgsnd', DOORBELL | 7n);
    expect(waiting(machine)).toEqual([false, false]);
  });

  test('msgclr clears the thread’s own', () => {
    const machine = new TestMachine(POWER9, 2);
    for (const tag of [0n, 1n]) perform(machine.cpus[0]!, 'msgsnd', DOORBELL | tag);
    perform(machine.cpus[1]!, 'msgclr', DOORBELL);
    expect(waiting(machine)).toEqual([true, false]);
  });

  test('msgsndp reaches a thread of the same core, DPDES shows it, delivery clears it', () => {
    const machine = new TestMachine(POWER9, 6);
    perform(machine.cpus[4]!, 'msgsndp', DOORBELL | 1n);
    expect(machine.cpus.map((cpu) => named(cpu, 'DPDES'))).toEqual([0n, 0n, 0n, 0n, 0n, 1n]);
    perform(machine.cpus[4]!, 'mfspr', 176n, 0n);
    expect(machine.cpus[4]!.result).toBe(2n);
    perform(machine.cpus[0]!, 'mfspr', 176n, 0n);
    expect(machine.cpus[0]!.result).toBe(0n);
    const target = machine.cpus[5]!;
    target.msr = GUEST | EE;
    target.state.setNamed('DECEXPIRY', 1000n);
    expect(deliver(target)).toBe(true);
    expect(target.nia).toBe(0xa00n);
    expect(named(target, 'DPDES')).toBe(0n);
  });

  test('mtspr DPDES sets those of the core', () => {
    const machine = new TestMachine(POWER9, 2);
    mtspr(machine.cpus[0]!, 176, 2n);
    expect(machine.cpus.map((cpu) => named(cpu, 'DPDES'))).toEqual([0n, 1n]);
    perform(machine.cpus[1]!, 'msgclrp', DOORBELL);
    expect(named(machine.cpus[1]!, 'DPDES')).toBe(0n);
  });
});

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

describe('event-based branches', () => {
  const GE = 1n << 63n;
  const [PME, PMEO] = [1n << 32n, 1n];
  const EBB_ON = { FSCR: 0x80n, HFSCR: 0x80n, EBBHR: 0x7000n, BESCR: GE | PME | PMEO, DECEXPIRY: 1000n };

  test('go to EBBHR, with the return address in EBBRR and GE off', () => {
    const { cpu } = testCpu(POWER9, PROBLEM, EBB_ON);
    expect(deliver(cpu)).toBe(true);
    expect(cpu.nia).toBe(0x7000n);
    expect(named(cpu, 'EBBRR')).toBe(0x3000n);
    expect(named(cpu, 'BESCR')).toBe(PME | PMEO);
    expect(cpu.msr).toBe(PROBLEM);
  });

  test.each([
    ['GE off', { BESCR: PME | PMEO }],
    ['no event', { BESCR: GE | PME }],
    ['event not enabled', { BESCR: GE | PMEO }],
    ['FSCR off', { FSCR: 0n }],
    ['HFSCR off in a guest', { HFSCR: 0n }],
  ] as [string, Record<string, bigint>][])('not with %s', (_case, registers) => {
    const { cpu } = testCpu(POWER9, PROBLEM, { ...EBB_ON, ...registers });
    expect(deliver(cpu)).toBe(false);
  });

  test('not in privileged state', () => {
    const { cpu } = testCpu(POWER9, GUEST, EBB_ON);
    expect(deliver(cpu)).toBe(false);
  });
});
