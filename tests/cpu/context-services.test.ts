import fc from 'fast-check';
import { MICROWATT, POWER10, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { DR, EE, HV, IR, LE, ME, named, perform, PR, RI, SF, testCpu } from './support';

const ALL = 0xffffffffffffffffn;

describe('mtmsrd', () => {
  test('L=1 changes EE and RI only', () => {
    const { cpu, machine } = testCpu(POWER9, SF | HV | ME | IR);
    expect(perform(cpu, 'mtmsrd', EE | RI | PR | LE, 1n)).toBe(OUTCOME.RESUME);
    expect(cpu.msr).toBe(SF | HV | ME | IR | EE | RI);
    expect(machine.contextChanges).toBe(1);
    perform(cpu, 'mtmsrd', 0n, 1n);
    expect(cpu.msr).toBe(SF | HV | ME | IR);
  });

  test('L=0 never changes HV, ME, LE', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, ALL), fc.bigInt(0n, ALL), (old, value) => {
        const { cpu } = testCpu(POWER9, old);
        const kept = HV | ME | LE;
        perform(cpu, 'mtmsrd', value, 0n);
        expect(cpu.msr & kept).toBe(old & kept);
      }),
      { seed: 1 },
    );
  });

  test('L=0 with PR=1 also sets EE, IR and DR', () => {
    const { cpu } = testCpu(POWER9, SF | HV);
    perform(cpu, 'mtmsrd', SF | PR, 0n);
    expect(cpu.msr).toBe(SF | HV | PR | EE | IR | DR);
  });

  test('sets the rest, SF and facility bits included', () => {
    const { cpu } = testCpu(POWER9, SF | HV | ME);
    perform(cpu, 'mtmsrd', 0x2802030n, 0n);
    expect(cpu.msr).toBe(HV | ME | 0x2802030n);
  });
});

test('mtmsr leaves the upper half alone', () => {
  const { cpu } = testCpu(POWER9, SF | HV | ME);
  perform(cpu, 'mtmsr', 0xffffffff00000030n, 0n);
  expect(cpu.msr).toBe(SF | HV | ME | 0x30n);
});

describe('returns', () => {
  const KINDS = [
    ['rfid', 'SRR0', 'SRR1'],
    ['hrfid', 'HSRR0', 'HSRR1'],
    ['rfscv', 'LR', 'CTR'],
  ] as const;

  test.each(KINDS)('%s takes NIA and MSR from its registers, and sets CFAR', (name, at, status) => {
    const { cpu, machine } = testCpu(POWER9, SF | HV | ME, {
      [at]: 0x12345677n,
      [status]: SF | HV | ME | RI | DR,
    });
    expect(perform(cpu, name)).toBe(OUTCOME.REDIRECT);
    expect(cpu.nia).toBe(0x12345674n);
    expect(cpu.msr).toBe(SF | HV | ME | RI | DR);
    expect(named(cpu, 'CFAR')).toBe(0x3000n);
    expect(machine.contextChanges).toBe(1);
  });

  test.each(KINDS)('E17: %s to PR=1 sets EE, IR, DR', (name, _at, status) => {
    const { cpu } = testCpu(POWER9, SF | HV, { [status]: SF | HV | PR });
    perform(cpu, name);
    expect(cpu.msr).toBe(0x900000000000c030n);
  });

  test.each(KINDS)('%s into 32-bit mode clears the upper half of NIA', (name, at, status) => {
    const { cpu } = testCpu(POWER9, SF | HV, { [at]: 0xffffffff00001003n, [status]: HV });
    perform(cpu, name);
    expect(cpu.nia).toBe(0x1000n);
  });

  test('rfid of a guest cannot set HV and does not change ME', () => {
    const { cpu } = testCpu(POWER9, SF | ME, { SRR1: SF | HV });
    perform(cpu, 'rfid');
    expect(cpu.msr).toBe(SF | ME);
    const off = testCpu(POWER9, SF, { SRR1: SF | ME });
    perform(off.cpu, 'rfid');
    expect(off.cpu.msr).toBe(SF);
  });

  test('rfid of the hypervisor can clear HV and sets ME as SRR1 has it', () => {
    const { cpu } = testCpu(POWER9, SF | HV, { SRR1: SF | ME });
    perform(cpu, 'rfid');
    expect(cpu.msr).toBe(SF | ME);
  });

  test('hrfid restores HV', () => {
    const { cpu } = testCpu(POWER9, SF | HV, { HSRR1: SF | ME });
    perform(cpu, 'hrfid');
    expect(cpu.msr).toBe(SF | ME);
  });

  test('the bits of SRR1 that carry causes do not reach MSR', () => {
    const { cpu } = testCpu(MICROWATT, SF | HV | LE, { SRR1: ALL });
    perform(cpu, 'rfid');
    expect(cpu.msr & 0x783f0000n).toBe(0n);
    expect(cpu.msr | 0x783f0000n).toBe(ALL);
  });

  test('a return to non-transactional state with TM off does not end a suspended transaction', () => {
    const suspended = 1n << 33n;
    const { cpu } = testCpu(POWER9, SF | HV | suspended, { SRR1: SF | HV });
    perform(cpu, 'rfid');
    expect(cpu.msr & (3n << 33n)).toBe(suspended);
    cpu.state.setNamed('SRR1', SF | HV | (1n << 32n));
    perform(cpu, 'rfid');
    expect(cpu.msr & (3n << 33n)).toBe(0n);
  });

  test('rfebb goes to EBBRR and sets BESCR[GE] as it says', () => {
    const { cpu } = testCpu(POWER9, SF | PR | EE | IR | DR, { EBBRR: 0x5000n, BESCR: 0n });
    expect(perform(cpu, 'rfebb', 1n)).toBe(OUTCOME.REDIRECT);
    expect(cpu.nia).toBe(0x5000n);
    expect(named(cpu, 'BESCR')).toBe(SF);
    perform(cpu, 'rfebb', 0n);
    expect(named(cpu, 'BESCR')).toBe(0n);
  });
});

describe('system calls', () => {
  test('sc 0 stays in the guest: SRR0 is the next instruction, SRR1 has no cause', () => {
    const { cpu } = testCpu(POWER9, SF | ME | EE | RI);
    expect(perform(cpu, 'sc', 0n)).toBe(OUTCOME.REDIRECT);
    expect(cpu.nia).toBe(0xc00n);
    expect(named(cpu, 'SRR0')).toBe(0x3004n);
    expect(named(cpu, 'SRR1')).toBe(SF | ME | EE | RI);
    expect(cpu.msr).toBe(SF | ME);
  });

  test('sc 1 enters the hypervisor with SRR0/1, also from problem state', () => {
    const { cpu } = testCpu(POWER9, SF | ME | PR | EE | IR | DR);
    perform(cpu, 'sc', 1n);
    expect(cpu.nia).toBe(0xc00n);
    expect(cpu.msr).toBe(SF | HV | ME);
    expect(named(cpu, 'SRR0')).toBe(0x3004n);
  });

  test('sc 2 has no ultravisor to go to', () => {
    const { cpu } = testCpu(POWER9, SF | ME);
    perform(cpu, 'sc', 2n);
    expect(cpu.msr).toBe(SF | ME);
  });

  test('a built-in hypervisor handles sc 1 without an interrupt', () => {
    const { cpu, machine } = testCpu(POWER9, SF | ME);
    machine.hypercall = () => true;
    expect(perform(cpu, 'sc', 1n)).toBe(OUTCOME.RESUME);
    expect(machine.taken).toEqual([]);
    expect(perform(cpu, 'sc', 0n)).toBe(OUTCOME.REDIRECT);
    expect(machine.taken).toHaveLength(1);
  });

  test('E14: scv 1 with AIL=0: LR is the next instruction, CTR the old MSR', () => {
    const msr = 0x9000000000001002n | EE;
    const { cpu } = testCpu(POWER9, msr, { SRR0: 7n, SRR1: 8n });
    expect(perform(cpu, 'scv', 1n)).toBe(OUTCOME.REDIRECT);
    expect(cpu.nia).toBe(0x17020n);
    expect(named(cpu, 'LR')).toBe(0x3004n);
    expect(named(cpu, 'CTR')).toBe(msr);
    expect([named(cpu, 'SRR0'), named(cpu, 'SRR1')]).toEqual([7n, 8n]);
    expect(cpu.msr).toBe(msr);
  });

  test('the next instruction of a 32-bit program wraps', () => {
    const { cpu } = testCpu(POWER10, ME);
    cpu.nia = 0xfffffffcn;
    perform(cpu, 'sc', 0n);
    expect(named(cpu, 'SRR0')).toBe(0n);
  });
});

describe('a floating-point exception that FPSCR enables and MSR did not', () => {
  const [FE0, FE1] = [0x800n, 0x100n];
  const [FEX, VX_VE] = [1n << 30n, (1n << 29n) | (1n << 7n)];
  /** SRR1[43] and [47]: by floating-point, after the instruction that caused it. */
  const CAUSE = (1n << 20n) | (1n << 16n);

  test.each([FE0, FE1, FE0 | FE1])('interrupts after the mtmsrd that sets %p', (enable) => {
    const { cpu, machine } = testCpu(POWER9, SF | HV | ME, { FPSCR: FEX | VX_VE });
    expect(perform(cpu, 'mtmsrd', SF | HV | ME | enable, 0n)).toBe(OUTCOME.REDIRECT);
    expect(machine.taken.map((t) => t.interrupt)).toEqual(['program']);
    expect(named(cpu, 'SRR0')).toBe(0x3004n);
    expect(named(cpu, 'SRR1')).toBe(SF | HV | ME | enable | CAUSE);
    expect(cpu.nia).toBe(0x700n);
    expect(cpu.msr & (FE0 | FE1)).toBe(0n);
  });

  test('interrupts at the target of a return', () => {
    const to = { SRR0: 0x4000n, SRR1: SF | HV | ME | FE0, FPSCR: FEX | VX_VE };
    const { cpu } = testCpu(POWER9, SF | HV | ME, to);
    expect(perform(cpu, 'rfid')).toBe(OUTCOME.REDIRECT);
    expect([named(cpu, 'SRR0'), named(cpu, 'SRR1')]).toEqual([0x4000n, SF | HV | ME | FE0 | CAUSE]);
    expect(cpu.nia).toBe(0x700n);
  });

  test.each([
    [SF | HV | ME, FEX | VX_VE],
    [SF | HV | ME | FE0 | FE1, VX_VE],
  ])('does nothing with MSR %p and FPSCR %p', (msr, FPSCR) => {
    const { cpu, machine } = testCpu(POWER9, SF | HV | ME, { FPSCR });
    expect(perform(cpu, 'mtmsrd', msr, 0n)).toBe(OUTCOME.RESUME);
    expect(machine.taken).toEqual([]);
  });
});
