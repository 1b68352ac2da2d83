import { MICROWATT, POWER8, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { DR, EE, HV, IR, LE, ME, named, perform, PR, SF, testCpu } from './support';

const HYPERVISOR = SF | HV | ME;
const PROBLEM = SF | HV | ME | PR | EE | IR | DR;

describe('attn', () => {
  test('ends the run on Microwatt, NIA being the next instruction', () => {
    const { cpu, machine } = testCpu(MICROWATT, HYPERVISOR | LE);
    expect(perform(cpu, 'attn')).toBe(OUTCOME.STOP);
    expect(machine.stops).toEqual([{ kind: 'attn' }]);
    expect(cpu.nia).toBe(0x3004n);
  });

  test('is privileged on Microwatt', () => {
    const { cpu, machine } = testCpu(MICROWATT, PROBLEM | LE);
    expect(perform(cpu, 'attn')).toBe(OUTCOME.FAULT);
    expect(named(cpu, 'SRR1') & 0x783f0000n).toBe(0x40000n);
    expect(machine.stops).toEqual([]);
  });

  test.each([
    [POWER8, 0x100000000n],
    [POWER9, 0x1000000000000000n],
  ])('is enabled by a bit of HID0, which is set at reset', (model, enable) => {
    const { cpu, machine } = testCpu(model, HYPERVISOR);
    expect(named(cpu, 'HID0')).toBe(enable);
    cpu.state.setNamed('HID0', 0n);
    expect(perform(cpu, 'attn')).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0xe40n);
    cpu.state.setNamed('HID0', enable);
    expect(perform(cpu, 'attn')).toBe(OUTCOME.STOP);
    expect(machine.stops).toEqual([{ kind: 'attn' }]);
  });
});

describe('darn', () => {
  test('32 bits, 64 bits, raw; other forms give the error value', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR);
    const values = [0n, 1n, 2n, 3n].map((l) => {
      perform(cpu, 'darn', l);
      return cpu.result;
    });
    expect(values).toEqual([0x9abcdef0n, 0x123456789abcdef0n, 0x123456789abcdef0n, 0xffffffffffffffffn]);
  });

  test('never gives the error value as a number', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    machine.random = 0xffffffffffffffffn;
    perform(cpu, 'darn', 1n);
    expect(cpu.result).toBe(0n);
    perform(cpu, 'darn', 0n);
    expect(cpu.result).toBe(0xffffffffn);
  });
});

test('the branch history is empty', () => {
  const { cpu } = testCpu(POWER9, HYPERVISOR);
  cpu.result = 5n;
  perform(cpu, 'mfbhrbe', 0n);
  expect(cpu.result).toBe(0n);
  expect(perform(cpu, 'clrbhrb')).toBe(OUTCOME.NEXT);
});

test.each(['sync', 'eieio', 'msgsync', 'isync'] as const)('%s changes nothing', (name) => {
  const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
  const before = cpu.state.bytes.slice();
  expect(perform(cpu, name)).toBe(OUTCOME.NEXT);
  expect(cpu.state.bytes).toEqual(before);
  expect(machine.contextChanges).toBe(0);
});
