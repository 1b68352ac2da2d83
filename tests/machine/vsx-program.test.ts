/** Vector-scalar instructions on whole machines: results through storage, interrupts at their own address. */
import { MSR } from '../../isa/registers/msr';
import { FACILITIES, runWithFacilities } from '../support/facility-program';

const DATA = `
data:   .quad   0x3fff000000000000, 0, 0x4000800000000000, 0
        .quad   0x3ff0000000000000, 0x4000000000000000
out:    .quad   0, 0, 0, 0
`;
test.each(['big', 'little'] as const)('quad precision, vectors and lengths, %s-endian', (byteOrder) => {
  const code = `
        li      10, data
        li      11, out
        lxvd2x  34, 0, 10
        addi    12, 10, 16
        lxvd2x  35, 0, 12
        addi    12, 10, 32
        lxvd2x  4, 0, 12
        xsaddqp 5, 2, 3
        xvadddp 6, 4, 4
        stxvd2x 37, 0, 11
        addi    12, 11, 16
        stxvd2x 6, 0, 12
        mfvsrd  20, 37
        mfvsrd  21, 6
        mfvsrld 22, 6
        li      13, 3
        sldi    13, 13, 56
        lxvl    7, 10, 13
        mfvsrd  23, 7
        mfvsrld 24, 7`;
  const p = runWithFacilities(code, { byteOrder, data: DATA });
  expect(p.gpr(20).toString(16)).toBe('4001000000000000');
  expect([p.gpr(21), p.gpr(22)]).toEqual([0x4000n << 48n, 0x4010n << 48n]);
  const stored = Buffer.from(p.bytes(p.at('out'), 24)).toString('hex');
  const upper = byteOrder === 'big' ? '4001000000000000' : '0000000000000140';
  const sum = byteOrder === 'big' ? '4000000000000000' : '0000000000000040';
  expect(stored).toBe(`${upper}${'0'.repeat(16)}${sum}`);
  const three = byteOrder === 'big' ? [0x3fff_00n << 40n, 0n] : [0n, 0n];
  expect([p.gpr(23), p.gpr(24)]).toEqual(three);
});

test.each([
  ['xsadddp 3, 4, 5', MSR.VSX.mask],
  ['xsaddqp 3, 4, 5', MSR.VSX.mask],
  ['lxvl 3, 10, 11', MSR.VSX.mask],
  ['lxvl 40, 10, 11', MSR.VEC.mask],
  ['lxssp 3, 0(10)', MSR.VEC.mask],
])('%s without its facility is an interrupt at its own address', (instruction, facility) => {
  const p = runWithFacilities(`at: ${instruction}`, { msr: FACILITIES & ~facility });
  expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
});

test('an enabled exception of a quad operation interrupts and keeps the target', () => {
  const p = runWithFacilities(
    `
        li      10, data
        mtfsb1  27
        lxvd2x  34, 0, 10
        xxlxor  35, 35, 35
        xxlor   36, 34, 34
at:     xsdivqp 4, 2, 3`,
    { msr: FACILITIES | MSR.FE0.mask, data: DATA },
  );
  expect([p.gpr(5), p.gpr(3)]).toEqual([1n, p.at('at')]);
  expect(p.cpu.state.vsr(36)[0]).toBe(0x3fff_0000_0000_0000n);
});
