/** Decimal floating-point on whole machines: pairs of registers, CR1, and the interrupts. */
import { MSR } from '../../isa/registers/msr';
import { FACILITIES, runWithFacilities } from '../support/facility-program';

test('integers, sums and products in registers and pairs, recorded', () => {
  const p = runWithFacilities(
    `
        li      8, 7
        mtvsrd  1, 8
        dcffix  2, 1
        dadd    3, 2, 2
        dcffixq 4, 1
        dmulq   6, 4, 4
        li      8, 0
        mtvsrd  8, 8
        ddiv.   9, 2, 8
        dctfix  10, 3
        dctfixq 11, 6
        mfvsrd  20, 10
        mfvsrd  21, 11
        mfcr    22`,
  );
  expect([p.gpr(20), p.gpr(21)]).toEqual([14n, 49n]);
  // FX alone: the division by 0 is new.
  expect((p.gpr(22) >> 24n) & 15n).toBe(8n);
});

test.each([
  ['dadd 3, 4, 5', MSR.FP.mask],
  ['dxexq 3, 4', MSR.FP.mask],
  ['dctfixqq 3, 4', MSR.VEC.mask],
])('%s without its facility is an interrupt at its own address', (instruction, facility) => {
  const p = runWithFacilities(`at: ${instruction}`, { msr: FACILITIES & ~facility });
  expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
});

test('an enabled division by 0 interrupts and keeps the target', () => {
  const p = runWithFacilities(
    `
        mtfsb1  27
        li      8, 7
        mtvsrd  1, 8
        dcffix  2, 1
        xxlxor  3, 3, 3
        fmr     4, 2
at:     ddiv    4, 2, 3`,
    { msr: FACILITIES | MSR.FE0.mask },
  );
  expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
  expect(p.cpu.state.vsr(4)[0]).toBe(p.cpu.state.vsr(2)[0]);
});
