/** Decimal floating-point on whole machines: pairs of registers, CR1, and the interrupts. */
import { MSR } from '../../isa/registers/msr';
import { program, type Program } from '../support/program';

const STOP = ['mfspr 3, 26', 'li 5, 1', 'attn'].join('\n');
/** The MSR that the code runs with. Interrupts stop with SRR0 in r3 and 1 in r5. */
const run = (code: string, msr: bigint): Program =>
  program(
    `
        .org 0x700
        ${STOP}
        .org 0x800
        ${STOP}
        .org 0xf20
        ${STOP}
        .org 0x1000
start:
        mfmsr   6
        oris    7, 6, ${(msr >> 16n).toString()}
        ori     7, 7, ${(msr & 0xffffn).toString()}
        mtmsrd  7
        isync
        ${code}
        attn
`,
    { model: 'power10' },
  ).finish(); // prettier-ignore
const FACILITIES = MSR.FP.mask | MSR.VEC.mask | MSR.VSX.mask;

test('integers, sums and products in registers and pairs, recorded', () => {
  const p = run(
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
    FACILITIES,
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
  const p = run(`at: ${instruction}`, FACILITIES & ~facility);
  expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
});

test('an enabled division by 0 interrupts and keeps the target', () => {
  const p = run(
    `
        mtfsb1  27
        li      8, 7
        mtvsrd  1, 8
        dcffix  2, 1
        xxlxor  3, 3, 3
        fmr     4, 2
at:     ddiv    4, 2, 3`,
    FACILITIES | MSR.FE0.mask,
  );
  expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
  expect(p.cpu.state.vsr(4)[0]).toBe(p.cpu.state.vsr(2)[0]);
});
