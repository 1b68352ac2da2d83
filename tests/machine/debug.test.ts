/** Trace interrupts and watchpoints of whole programs: exactly the instructions that they are for. */
import { MSR } from '../../isa/registers/msr';
import { DAWRX } from '../../isa/registers/debug';
import { program, type Program } from '../support/program';

/** Counts trace interrupts in r20 and data storage interrupts in r21, and goes on. */
const COUNTING = `
        .org    0x300
        addi    21, 21, 1
        mfspr   31, SPR_SRR0
        addi    31, 31, 4
        mtspr   SPR_SRR0, 31
        rfid
        .org    0xc00
        attn
        .org    0xd00
        addi    20, 20, 1
        rfid
        .org    0x1000
`;
/** What is asked for begins in the state that tests set from outside and ends with sc. */
const traced = (body: string, prepare: (guest: Program) => void): Program => {
  const guest = program(`${COUNTING}start: ${body}\n sc`);
  guest.cpu.nia = 0x1000n;
  prepare(guest);
  guest.machine.execution.memoryReplaced();
  return guest.finish();
};
const BODY = `li 3, 3
        mtctr 3
1:      addi 4, 4, 1
        std 4, 0x4000(0)
        ld 5, 0x4000(0)
        bdnz 1b
        nop`;
/** 2 + 3 * 4 + 1 instructions, of which 3 are branches. */
const EXECUTED = 15n;

test('single step: after every instruction but the system call', () => {
  const guest = traced(BODY, ({ cpu }) => (cpu.msr |= MSR.SE.mask));
  expect([guest.gpr(20), guest.gpr(5)]).toEqual([EXECUTED, 3n]);
});

test('branch trace: after every branch, taken or not', () => {
  const guest = traced(BODY, ({ cpu }) => (cpu.msr |= MSR.BE.mask));
  expect([guest.gpr(20), guest.gpr(5)]).toEqual([3n, 3n]);
});

test('CIABR: after the instruction at its address, each time', () => {
  const guest = traced(BODY, ({ cpu }) => cpu.state.setNamed('CIABR', 0x1008n | 3n));
  expect([guest.gpr(20), guest.gpr(5)]).toEqual([3n, 3n]);
});

const WATCH = DAWRX.HYP.mask | DAWRX.WTI.mask;
const watching =
  (address: bigint, control: bigint) =>
  ({ cpu }: Program): void => {
    cpu.state.setNamed('DAWR0', address);
    cpu.state.setNamed('DAWRX0', control);
  };

test.each([
  ['stores', DAWRX.DW.mask, 3n, 0n],
  ['loads', DAWRX.DR.mask, 3n, 0n],
  ['both', DAWRX.DW.mask | DAWRX.DR.mask, 6n, 0n],
])('a watchpoint on %s', (_what, kind, hits) => {
  const guest = traced(BODY, watching(0x4000n, WATCH | kind));
  expect(guest.gpr(21)).toBe(hits);
  // A watched store does not happen.
  if (kind & DAWRX.DW.mask) expect(guest.memory(0x4000, 8)).toBe(0n);
});

test('a watchpoint beside the accesses, on their page, is not hit', () => {
  expect(traced(BODY, watching(0x4008n, WATCH | DAWRX.DW.mask)).gpr(21)).toBe(0n);
  expect(traced(BODY, watching(0x3ff8n, WATCH | DAWRX.DW.mask)).gpr(21)).toBe(0n);
});

test('an access that crosses into a watched doubleword on the next page', () => {
  const guest = traced('li 3, 0x3ffc\n std 3, 0(3)\n std 3, -8(3)', watching(0x4000n, WATCH | DAWRX.DW.mask));
  expect(guest.gpr(21)).toBe(1n);
  expect(guest.memory(0x3ffc, 4)).toBe(0n);
});

test('a watchpoint that is set when the page is cached is hit at once, and one that is cleared no more', () => {
  const guest = traced(
    `li 3, 7
     std 3, 0x4000(0)
     load64 6, 0x4000
     mtspr 180, 6
     load64 6, ${WATCH | DAWRX.DW.mask}
     mtspr 188, 6
     std 3, 0x4000(0)
     li 6, 0
     mtspr 188, 6
     std 3, 0x4000(0)`,
    () => undefined,
  );
  expect(guest.gpr(21)).toBe(1n);
});
