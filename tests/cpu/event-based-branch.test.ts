/** Event-based branches (Power ISA v3.1 Book II, chapter 7). */
import { deliver } from '../../src/cpu/asynchronous';
import { POWER9 } from '../../src/cpu/models';
import { DR, EE, IR, ME, named, PR, SF, testCpu } from './support';

const GUEST = SF | ME;
const PROBLEM = SF | ME | PR | EE | IR | DR;

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
