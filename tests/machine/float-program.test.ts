/** Floating-point on whole machines: interrupts where they belong, results and FPSCR in storage. */
import { MSR } from '../../isa/registers/msr';
import { PROGRAM_CAUSE } from '../../isa/registers/interrupt-status';
import { maskOf } from '../../src/core/bits';
import { INTERRUPTS_STOP } from '../support/facility-program';
import { program, type Program } from '../support/program';

const CAUSES = maskOf(PROGRAM_CAUSE.FP_ENABLED, PROGRAM_CAUSE.SRR0_IS_NEXT);
/** f1 = 1, f2 = 0, f3 = 3; FPSCR and MSR as asked; then the code; interrupts stop with SRR0 and SRR1 in r3 and r4. */
const run = (machine: 'powernv' | 'microwatt', code: string, { fpscr = 0, msr = 0n } = {}): Program => {
  return program(
    `
        ${INTERRUPTS_STOP}
        .org 0x1000
start:
        li      10, data
        mfmsr   6
        ori     7, 6, 0x2000
        mtmsrd  7
        isync
        lfd     1, 0(10)
        lfd     2, 8(10)
        lfd     3, 16(10)
        lfd     9, 24(10)
        lfd     8, 32(10)
        mtfsf   255, 8, 1, 0
        ori     7, 6, ${msr.toString()}
        mtmsrd  7
        isync
        ${code}
        mffs    0
        stfd    0, 40(10)
        ld      30, 40(10)
        attn
        .balign 8
data:   .quad   0x3ff0000000000000, 0, 0x4008000000000000, 0x1234, ${fpscr}, 0
`,
    { machine },
  ).finish();
};
const [FP, FE0, FE1] = [MSR.FP.mask, MSR.FE0.mask, MSR.FE1.mask];
const bits = (p: Program, n: number): bigint => p.cpu.state.vsr(n)[0];

describe.each(['powernv', 'microwatt'] as const)('on %s', (machine) => {
  test('an instruction without MSR[FP] is unavailable, at its own address', () => {
    const p = run(machine, 'at: fadd 9, 1, 3');
    expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
    expect(p.gpr(4) & CAUSES).toBe(0n);
  });

  test.each([FE0, FE1, FE0 | FE1])(
    'division by zero with ZE and MSR bits %p interrupts, precisely',
    (enable) => {
      const p = run(machine, 'at: fdiv 9, 1, 2', { fpscr: 0x10, msr: FP | enable });
      expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
      expect(p.gpr(4) & CAUSES).toBe(PROGRAM_CAUSE.FP_ENABLED.mask);
      expect(bits(p, 9)).toBe(0x1234n);
    },
  );

  test('without FE0 and FE1 it does not; the result is still suppressed', () => {
    const p = run(machine, 'fdiv 9, 1, 2', { fpscr: 0x10, msr: FP });
    expect(p.gpr(5)).toBe(0n);
    expect(bits(p, 9)).toBe(0x1234n);
    // FX, FEX, ZX, ZE.
    expect(p.gpr(30)).toBe(0xc4000010n);
  });

  test('results, status and CR1 come out', () => {
    const p = run(machine, 'fdiv. 9, 1, 3\n fmadd 4, 9, 3, 1\n fctidz 5, 3\n mfcr 29', { msr: FP });
    expect(bits(p, 9)).toBe(0x3fd5555555555555n);
    expect(bits(p, 4)).toBe(0x4000000000000000n);
    expect(bits(p, 5)).toBe(3n);
    expect((p.gpr(29) >> 24n) & 15n).toBe(8n);
  });
});

test('estimates are those of the CPU model', () => {
  expect(bits(run('microwatt', 'fre 9, 1', { msr: FP }), 9)).toBe(0x3feff00400000000n);
  expect(bits(run('powernv', 'fre 9, 1', { msr: FP }), 9)).toBe(0x3ff0000000000000n);
});
