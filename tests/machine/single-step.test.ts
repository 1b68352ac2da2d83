/** The trace interrupt on a whole machine: what it samples of an access that the translation caches know already. */
import { program, type Program } from '../support/program';

const SIAR = 780;
const SDAR = 781;

/**
 * Accesses a buffer once, then steps over one instruction with r4 = buffer, r5 = buffer + 8, r6 = 8. The interrupt
 * leaves SIAR in r20, SDAR in r21 and SRR1 in r22.
 */
const stepping = (instruction: string): Program =>
  program(
    `
        b       start
        .org    0xd00
        mfspr   20, ${SIAR}
        mfspr   21, ${SDAR}
        mfsrr1  22
        attn
start:  lis     4, buffer@h
        ori     4, 4, buffer@l
        addi    5, 4, 8
        li      6, 8
        std     6, 0(4)
        ld      7, 0(4)
        mfmsr   3
        ori     3, 3, 0x2400    # SE, FP
        lis     8, target@h
        ori     8, 8, target@l
        mtsrr0  8
        mtsrr1  3
        rfid
target: ${instruction}
        nop
        .org    0x2000
buffer: .space  64
`,
    { machine: 'microwatt' },
  );

describe('single step samples the addresses of the instruction and of its operand', () => {
  test.each([
    ['ld 9, 0(4)', 0, 0x5000_0000n],
    ['lwzx 9, 4, 6', 8, 0x5000_0000n],
    ['std 9, 16(4)', 16, 0x4800_0000n],
    ['stdu 9, 8(4)', 8, 0x4800_0000n],
    ['stq 10, 16(4)', 16, 0x4800_0000n],
    ['lqarx 10, 0, 4', 0, 0x5000_0000n],
    ['lwarx 10, 0, 5', 8, 0x5000_0000n],
    ['dcbz 0, 4', 0, 0x4800_0000n],
    ['lfd 1, 24(4)', 24, 0x5000_0000n],
    ['hashst 9, -8(5)', 0, 0x4800_0000n],
  ])('%s', (instruction, offset, cause) => {
    const guest = stepping(instruction).finish();
    expect(guest.gpr(20)).toBe(guest.at('target'));
    expect(guest.gpr(21)).toBe(guest.at('buffer') + BigInt(offset));
    expect(guest.gpr(22) & 0x783f_0000n).toBe(cause);
  });

  test('an instruction without an operand in storage leaves SDAR', () => {
    const guest = stepping('addi 9, 9, 1').finish();
    expect(guest.gpr(20)).toBe(guest.at('target'));
    expect(guest.gpr(21)).toBe(0n);
  });

  test('what follows stepped instructions uses the caches again, and stepped ones later do not', () => {
    const guest = program(
      `
        b       start
        .org    0xd00
        mfspr   21, ${SDAR}
        attn
start:  li      4, 0x2000
        lis     3, 0xfc00       # PMC1 counts loads, which takes stepping
        mtspr   798, 3
        lis     5, 0x7fff       # two from now it is negative
        ori     5, 5, 0xfffe
        mtspr   787, 5
        lis     5, 0x0200       # which freezes the counters: FCECE, PMC1CE
        ori     5, 5, 0x8000
        mtspr   795, 5
        ld      7, 0(4)
        ld      7, 8(4)
        li      9, 500
        mtctr   9
1:      ld      7, 0(4)
        bdnz    1b
        mfspr   8, 787
        mfmsr   3
        ori     3, 3, 0x400     # SE
        mtmsrd  3
        ld      7, 24(4)
`,
      { machine: 'microwatt' },
    );
    // Observed throughout, so that nothing but the steps changes what the caches are asked for.
    guest.machine.execution.observers.instruction = () => undefined;
    guest.finish();
    expect(guest.gpr(8)).toBe(0x8000_0000n);
    expect(guest.machine.execution.counters.storageMisses).toBeLessThan(10);
    expect(guest.gpr(21)).toBe(0x2018n);
  });
});
