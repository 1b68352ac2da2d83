import fc from 'fast-check';
import { MICROWATT, POWER10 } from '../../src/cpu/models';
import { hashDigest, simonLike } from '../../src/cpu/services/hash';
import { DR, EE, HV, IR, ME, mfspr, mtspr, perform, PR, SF, testCpu, TestMachine } from './support';

test('lane 0 is Simon32/64: the published vector', () => {
  // Key 1918 1110 0908 0100 and plaintext 6565 6877, most significant word last in our order of halves.
  expect(simonLike(0x68776565, 0x0100090811101918n, 0)).toBe(0xe9bbc69b);
});

test('the digest that the Microwatt core computes', () => {
  expect(hashDigest(0x4190n, 0x0f0e0d0c0b0a0908n, 0x123456789abcdef0n)).toBe(0xcd57657a24afdd14n);
});

test('every bit of every operand matters', () => {
  const any = fc.bigInt(0n, 0xffffffffffffffffn);
  fc.assert(
    fc.property(any, any, any, fc.bigInt(0n, 63n), (ra, rb, key, bit) => {
      const digest = hashDigest(ra, rb, key);
      expect(hashDigest(ra ^ (1n << bit), rb, key)).not.toBe(digest);
      expect(hashDigest(ra, rb ^ (1n << bit), key)).not.toBe(digest);
      expect(hashDigest(ra, rb, key ^ (1n << bit))).not.toBe(digest);
    }),
    { seed: 4 },
  );
});

test('the service takes its operands in order', () => {
  const { cpu } = testCpu(POWER10, SF | HV);
  perform(cpu, 'hashDigest', 0x4190n, 0x0f0e0d0c0b0a0908n, 0x123456789abcdef0n);
  expect(cpu.result).toBe(0xcd57657a24afdd14n);
});

describe('DEXCR enables the hash', () => {
  // Aspect NPHIE is bit 5 of each half, PHIE bit 6.
  const [PNH_NPHIE, PNH_PHIE, PRO_NPHIE, PRO_PHIE] = [1n << 58n, 1n << 57n, 1n << 26n, 1n << 25n];
  const GUEST = SF | ME;
  const PROBLEM = SF | ME | PR | EE | IR | DR;
  const enabled = (msr: bigint, aspect: bigint, registers: Record<string, bigint>): bigint => {
    const { cpu } = testCpu(POWER10, msr, registers);
    perform(cpu, 'hashEnabled', aspect);
    return cpu.result;
  };

  test.each([
    ['problem state by DEXCR', PROBLEM, 0n, { DEXCR: PRO_NPHIE }, 1n],
    ['problem state, the other aspect', PROBLEM, 1n, { DEXCR: PRO_NPHIE }, 0n],
    ['problem state enforced by HDEXCR', PROBLEM, 1n, { HDEXCR: PRO_PHIE }, 1n],
    ['problem state, not by the privileged half', PROBLEM, 0n, { DEXCR: PNH_NPHIE, HDEXCR: PNH_NPHIE }, 0n],
    ['guest by DEXCR', GUEST, 0n, { DEXCR: PNH_NPHIE }, 1n],
    ['guest enforced by HDEXCR', GUEST, 0n, { HDEXCR: PRO_NPHIE }, 1n],
    ['guest, not by the problem half', GUEST, 0n, { DEXCR: PRO_NPHIE }, 0n],
    ['hypervisor by HDEXCR', GUEST | HV, 1n, { HDEXCR: PNH_PHIE }, 1n],
    ['hypervisor, not by DEXCR', GUEST | HV, 1n, { DEXCR: PNH_PHIE | PRO_PHIE }, 0n],
  ] as [string, bigint, bigint, Record<string, bigint>, bigint][])(
    '%s',
    (_case, msr, aspect, registers, expected) => {
      expect(enabled(msr, aspect, registers)).toBe(expected);
    },
  );
});

test('Microwatt: every aspect is on after reset, and stays on', () => {
  const { cpus } = new TestMachine(MICROWATT);
  const cpu = cpus[0]!;
  const ASPECTS = 0x9e00_0000_9e00_0000n;
  for (const spr of [828, 471]) {
    mfspr(cpu, spr);
    expect(cpu.result).toBe(ASPECTS);
    mtspr(cpu, spr, 0n);
    mfspr(cpu, spr);
    expect(cpu.result).toBe(ASPECTS);
  }
  for (const aspect of [0n, 1n]) {
    perform(cpu, 'hashEnabled', aspect);
    expect(cpu.result).toBe(1n);
  }
});
