import { RAISE_REASONS } from '../../isa/vocabulary/services';
import { MICROWATT, POWER10, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { raise } from '../../src/cpu/raise';
import { HV, IR, DR, EE, ME, named, PR, RI, SF, testCpu } from './support';

const EVIRT = 0x200000n;
const ILLEGAL = 0x80000n;
const PRIVILEGED = 0x40000n;
const TRAP = 0x20000n;

test.each(RAISE_REASONS)('%s takes an interrupt whose saved address is the instruction', (reason) => {
  const { cpu, machine } = testCpu(POWER9, SF | ME | RI);
  expect(raise(cpu, reason)).toBe(OUTCOME.FAULT);
  expect(machine.taken).toHaveLength(1);
  expect(machine.taken[0]!.resume).toBe(0x3000n);
});

describe('an illegal instruction', () => {
  test('is the hypervisor emulation assistance interrupt, HEIR has the word', () => {
    const { cpu } = testCpu(POWER9, SF | ME | RI);
    cpu.imageLo = 0xfc000001 | 0;
    raise(cpu, 'illegal');
    expect(cpu.nia).toBe(0xe40n);
    expect(named(cpu, 'HEIR')).toBe(0xfc000001n);
    expect(named(cpu, 'HSRR0')).toBe(0x3000n);
    expect(named(cpu, 'HSRR1')).toBe(SF | ME | RI);
    expect(cpu.msr).toBe(SF | HV | ME | RI);
  });

  test('that is prefixed: HEIR has prefix and suffix, HSRR1 bit 34 says so', () => {
    const { cpu } = testCpu(POWER10, SF | HV | ME);
    Object.assign(cpu, { prefixed: true, imageHi: 0x06000000, imageLo: 0xffffffff | 0 });
    raise(cpu, 'illegal');
    expect(named(cpu, 'HEIR')).toBe(0x06000000ffffffffn);
    expect(named(cpu, 'HSRR1')).toBe(SF | HV | ME | 0x20000000n);
  });

  test('is a program interrupt where the hypervisor is not in the machine', () => {
    const { cpu } = testCpu({ ...POWER9, illegal: 'program' }, SF | ME | RI);
    raise(cpu, 'illegal');
    expect(cpu.nia).toBe(0x700n);
    expect(named(cpu, 'SRR1')).toBe(SF | ME | RI | ILLEGAL);
    expect(cpu.msr & HV).toBe(0n);
  });
});

describe('what is the hypervisor’s, tried by a guest', () => {
  test('is a program interrupt of the guest', () => {
    const { cpu } = testCpu(POWER9, SF | ME | RI);
    raise(cpu, 'hypervisorPrivileged');
    expect(cpu.nia).toBe(0x700n);
    expect(named(cpu, 'SRR1')).toBe(0x8000000000041002n);
  });

  test('goes to the hypervisor with EVIRT=1 and HSRR1 bit 45', () => {
    const { cpu } = testCpu(POWER9, SF | ME | RI, { LPCR: EVIRT });
    cpu.imageLo = 0x7c9e4aa6;
    raise(cpu, 'hypervisorPrivileged');
    expect(cpu.nia).toBe(0xe40n);
    expect(named(cpu, 'HSRR1')).toBe(SF | ME | RI | PRIVILEGED);
    expect(named(cpu, 'HEIR')).toBe(0x7c9e4aa6n);
  });

  test('but not from problem state', () => {
    const { cpu } = testCpu(POWER9, SF | ME | PR | EE | IR | DR, { LPCR: EVIRT });
    raise(cpu, 'hypervisorPrivileged');
    expect(cpu.nia).toBe(0x700n);
  });
});

test('privileged and trap have their SRR1 bits', () => {
  const { cpu } = testCpu(MICROWATT, SF | HV);
  raise(cpu, 'privileged');
  expect(named(cpu, 'SRR1')).toBe(SF | HV | PRIVILEGED);
  raise(cpu, 'trap');
  expect(named(cpu, 'SRR1') & 0x783f0000n).toBe(TRAP);
  expect(cpu.nia).toBe(0x700n);
});

test('alignment sets DAR and leaves DSISR', () => {
  const { cpu } = testCpu(POWER9, SF | HV, { DSISR: 0x77n });
  raise(cpu, 'alignment', 0x2009n);
  expect(cpu.nia).toBe(0x600n);
  expect(named(cpu, 'DAR')).toBe(0x2009n);
  expect(named(cpu, 'DSISR')).toBe(0x77n);
});

test('a prefix that crosses 64 bytes has SRR1 bits 34 and 35', () => {
  const { cpu } = testCpu(POWER10, SF | HV, { DAR: 5n });
  raise(cpu, 'prefixAlignment');
  expect(cpu.nia).toBe(0x600n);
  expect(named(cpu, 'SRR1')).toBe(SF | HV | 0x30000000n);
  expect(named(cpu, 'DAR')).toBe(5n);
});

test.each([
  ['fpUnavailable', 0x800n],
  ['vectorUnavailable', 0xf20n],
  ['vsxUnavailable', 0xf40n],
] as const)('%s', (reason, offset) => {
  const { cpu } = testCpu(POWER9, SF | HV);
  raise(cpu, reason);
  expect(cpu.nia).toBe(offset);
  expect(named(cpu, 'SRR1')).toBe(SF | HV);
});

test('facility unavailable leaves its cause in FSCR, and keeps the enables', () => {
  const { cpu } = testCpu(POWER9, SF | ME, { FSCR: 0x0200000000000104n });
  raise(cpu, 'facilityUnavailable', 0xcn);
  expect(cpu.nia).toBe(0xf60n);
  expect(named(cpu, 'FSCR')).toBe(0x0c00000000000104n);
});

test('hypervisor facility unavailable leaves its cause in HFSCR', () => {
  const { cpu } = testCpu(POWER9, SF | ME, { HFSCR: 0x101n });
  raise(cpu, 'hypervisorFacilityUnavailable', 0xan);
  expect(cpu.nia).toBe(0xf80n);
  expect(cpu.msr & HV).toBe(HV);
  expect(named(cpu, 'HFSCR')).toBe(0x0a00000000000101n);
});
