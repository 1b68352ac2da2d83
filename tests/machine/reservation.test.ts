/** Which store conditional a reservation serves: on Microwatt any in the granule, elsewhere the one of the same operand. */
import { program, type ProgramOptions } from '../support/program';

const CR0_EQ = 0x2000_0000n;

/** Whether `store` succeeds after `load`; r4 is a multiple of 128, and r5 to r7 are 8, 64 and 128 bytes further. */
function succeeds(load: string, store: string, options: ProgramOptions): boolean {
  const guest = program(
    `
start:  li      4, 0x2000
        addi    5, 4, 8
        addi    6, 4, 64
        addi    7, 4, 128
        std     0, 0(4)         # once for the translation caches
        std     0, 0(7)
        ${load}
        ${store}
        mfcr    3
        attn
`,
    options,
  ).finish();
  return (guest.gpr(3) & CR0_EQ) !== 0n;
}

const MICROWATT = { machine: 'microwatt' } as const;
const POWER9 = { machine: 'powernv', model: 'power9' } as const;

describe.each([
  ['by generated code', {}],
  ['by the slow path', { tlb: 'architected' as const }],
])('a store conditional, %s', (_name, path) => {
  test.each([
    ['the same operand', 'ldarx 8, 0, 4', 'stdcx. 8, 0, 4', true, true],
    ['another length', 'ldarx 8, 0, 4', 'stwcx. 8, 0, 4', true, false],
    ['another address in 64 bytes', 'ldarx 8, 0, 4', 'stdcx. 8, 0, 5', true, false],
    ['the next 64 bytes', 'ldarx 8, 0, 4', 'stdcx. 8, 0, 6', false, false],
    ['the next 128 bytes', 'ldarx 8, 0, 4', 'stdcx. 8, 0, 7', false, false],
    ['a doubleword of a quadword', 'lqarx 8, 0, 4', 'stdcx. 8, 0, 5', true, false],
    ['a quadword around a byte', 'lbarx 8, 0, 5', 'stqcx. 8, 0, 4', true, false],
    ['a quadword', 'lqarx 8, 0, 4', 'stqcx. 8, 0, 4', true, true],
    ['a second one', 'ldarx 8, 0, 4\n stdcx. 8, 0, 4', 'stdcx. 8, 0, 4', false, false],
    ['a second one after a failed one', 'ldarx 8, 0, 4\n stdcx. 8, 0, 7', 'stdcx. 8, 0, 4', false, false],
    ['none', 'nop', 'stdcx. 8, 0, 4', false, false],
  ])('%s', (_case, load, store, microwatt, power9) => {
    expect(succeeds(load, store, { ...MICROWATT, ...path })).toBe(microwatt);
    expect(succeeds(load, store, { ...POWER9, ...path })).toBe(power9);
  });
});
