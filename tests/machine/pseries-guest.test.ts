/**
 * What an operating system finds of the processor as a guest of machine pseries, in the points that
 * kvm-unit-tests asks of powerpc: interrupts, timers, reservations, strings, counters, registers that outlive H_CEDE.
 */
import { assemble } from '../../src/asm/assemble';
import { readRaw } from '../../src/loader';
import { Machine } from '../../src/machine/machine';
import { PSERIES_MACHINE } from '../../src/machine/pseries';
import { include } from '../support/program';

const MEMORY = 2 ** 24;
const BUDGET = 200_000;
const DATA = 0x20000;

/** Counts the interrupt in r20, keeps vector, SRR0 and SRR1 in r21 to r23; then does what `then` says. */
const handler = (vector: number, then: string): string => `
        .org    ${vector}
        mtspr   SPR_SPRG0, 10
        addi    20, 20, 1
        li      21, ${vector}
        mfspr   22, SPR_SRR0
        mfspr   23, SPR_SRR1
        ${then}
        mfspr   10, SPR_SPRG0
        rfid
`;
const SKIP = 'addi 10, 22, 4\n mtspr SPR_SRR0, 10';
const TO_LR = 'mflr 10\n mtspr SPR_SRR0, 10';
const WITHOUT = (bits: number): string =>
  `li 10, 0\n ori 10, 10, ${bits}\n andc 10, 23, 10\n mtspr SPR_SRR1, 10`;
const [EE, SE, BE] = [0x8000, 0x400, 0x200];
const HANDLERS = [
  ...[0x300, 0x380].map((vector) => handler(vector, SKIP)),
  ...[0x400, 0x480].map((vector) => handler(vector, TO_LR)),
  ...[0x600, 0x700].map((vector) => handler(vector, SKIP)),
  handler(0x900, WITHOUT(EE)),
  handler(0xc00, ''),
  handler(0xd00, WITHOUT(SE | BE)),
].join('');

/** A guest that does something and powers off: a function that gives its GPRs 14 to 31 afterwards. */
function afterwards(body: string): (gpr: number) => bigint {
  const source = `
        .include "book3s.inc"
        .include "pseries.inc"
        .equ    RTAS_ARGS, 0x10000
        b       start
        ${HANDLERS}
        .org    0x1000
        .include "pseries-lib.inc"
start:  li      20, 0
        li      21, 0
        load64  14, ${DATA}
        ${body}
        b       power_off
`;
  const { bytes } = assemble(source, { byteOrder: 'big', origin: 0n, include });
  const machine = new Machine({ description: PSERIES_MACHINE, memory: MEMORY, output: () => undefined });
  machine.load({ ...readRaw('guest', bytes, { entry: 0n }), endian: 'big' });
  const { end } = machine.run(BUDGET);
  expect(end).toEqual({ kind: 'power', request: { kind: 'off' } });
  return (gpr) => machine.cpus[0]!.state.gpr(gpr);
}

describe('interrupts', () => {
  test('MSR[ME] is 1, and a guest cannot change it', () => {
    const gpr = afterwards('mfmsr 24\n li 3, 0x1000\n andc 3, 24, 3\n mtmsrd 3\n mfmsr 25');
    expect([gpr(24) & 0x1000n, gpr(25)]).toEqual([0x1000n, gpr(24)]);
  });

  test('an illegal instruction is a program interrupt that says so', () => {
    const gpr = afterwards('here: .long 0x12345678\n lis 24, here@h\n ori 24, 24, here@l');
    expect([gpr(20), gpr(21), gpr(22), gpr(23) & 0xf0000n]).toEqual([1n, 0x700n, gpr(24), 0x80000n]);
  });

  test('sc 0 stays in the guest', () => {
    const gpr = afterwards('sc\nhere: lis 24, here@h\n ori 24, 24, here@l');
    expect([gpr(20), gpr(21), gpr(22)]).toEqual([1n, 0xc00n, gpr(24)]);
  });
});

describe('trace', () => {
  const stepped = (bit: number, body: string): ((gpr: number) => bigint) =>
    afterwards(`mfmsr 3\n ori 3, 3, ${bit}\n mtmsrd 3\nhere: ${body}\n lis 24, here@h\n ori 24, 24, here@l`);
  const offset = (gpr: (n: number) => bigint): bigint => gpr(22) - gpr(24);

  test('of one instruction, behind it', () => {
    const gpr = stepped(SE, 'nop');
    expect([gpr(20), gpr(21), offset(gpr)]).toEqual([1n, 0xd00n, 4n]);
  });

  test('of a branch, at its target', () => {
    const gpr = stepped(SE, 'b 1f\n nop\n1:');
    expect([gpr(20), gpr(21), offset(gpr)]).toEqual([1n, 0xd00n, 8n]);
  });

  test('of branches passes over what is none', () => {
    const gpr = stepped(BE, 'nop\n b 1f\n nop\n1:');
    expect([gpr(20), gpr(21), offset(gpr)]).toEqual([1n, 0xd00n, 12n]);
  });
});

describe('decrementer', () => {
  const OPEN = 'mfmsr 3\n ori 4, 3, 0x8000\n mtmsrd 4, 1\n mtmsrd 3, 1';
  const DELAY = 'li 3, 2000\n mtctr 3\n bdnz .';

  test.each([
    ['positive', 'lis 3, 0x7fff\n mtdec 3', 0n],
    ['1, then it passes', `li 3, 1\n mtdec 3\n ${DELAY}`, 1n],
    ['0, then it passes', `li 3, 0\n mtdec 3\n ${DELAY}`, 1n],
    ['-1', 'li 3, -1\n mtdec 3', 1n],
  ])('written %s', (_, before, taken) => {
    const gpr = afterwards(`${before}\n ${OPEN}`);
    expect(gpr(20)).toBe(taken);
  });

  test('stays until it is written', () => {
    expect(afterwards(`li 3, -1\n mtdec 3\n ${OPEN}\n ${OPEN}`)(20)).toBe(2n);
    expect(afterwards(`li 3, -1\n mtdec 3\n ${OPEN}\n lis 3, 0x7fff\n mtdec 3\n ${OPEN}`)(20)).toBe(1n);
  });

  test('does not interrupt when it has wrapped to positive', () => {
    // The most negative value of 56 bits, and one: two ticks later it is positive.
    expect(
      afterwards(`li 3, 1\n rldicr 3, 3, 55, 63\n addi 3, 3, 1\n mtdec 3\n ${DELAY}\n ${OPEN}`)(20),
    ).toBe(0n);
  });
});

describe('reservations', () => {
  test('stwcx. without one does not store', () => {
    const gpr = afterwards('li 3, 1\n stwcx. 3, 0, 14\n stwcx. 3, 0, 14\n mfcr 24\n lwz 25, 0(14)');
    expect([(gpr(24) >> 29n) & 1n, gpr(25)]).toEqual([0n, 0n]);
  });

  test.each(['lwarx 15, 0, 3', 'ldarx 15, 0, 3', 'lqarx 16, 0, 3'])(
    '%s of an odd address is an alignment interrupt',
    (larx) => {
      const gpr = afterwards(`li 15, 10\n addi 3, 14, 1\n ${larx}`);
      expect([gpr(20), gpr(21), gpr(15)]).toEqual([1n, 0x600n, 10n]);
    },
  );

  test('lqarx and stqcx. take the registers in one order', () => {
    const gpr = afterwards(`li 3, 1\n std 3, 0(14)\n li 3, 2\n std 3, 8(14)\n li 24, 3\n li 25, 4
      lqarx 26, 0, 14\n stqcx. 24, 0, 14\n mfcr 15\n ld 28, 0(14)\n ld 29, 8(14)`);
    expect([26, 27, 28, 29].map(gpr)).toEqual([1n, 2n, 3n, 4n]);
    expect((gpr(15) >> 29n) & 1n).toBe(1n);
  });
});

describe('strings', () => {
  const FILLED = 'li 3, 64\n mtctr 3\n addi 3, 14, -1\n li 4, 1\n1: stbu 4, 1(3)\n addi 4, 4, 1\n bdnz 1b\n';

  test('a register that is not filled is filled with zeroes', () => {
    const gpr = afterwards(`${FILLED} li 25, -1\n li 24, -1\n lswi 24, 14, 3`);
    expect([gpr(24), gpr(25)]).toEqual([0x01020300n, 2n ** 64n - 1n]);
  });

  test('0 is 32 bytes', () => {
    const gpr = afterwards(`${FILLED} li 24, -1\n lswi 16, 14, 0`);
    expect([gpr(16), gpr(23), gpr(24)]).toEqual([0x01020304n, 0x1d1e1f20n, 2n ** 64n - 1n]);
  });

  test('the registers wrap around to r0', () => {
    const gpr = afterwards(`${FILLED} lswi 31, 14, 8\n mr 24, 0`);
    expect([gpr(31), gpr(24)]).toEqual([0x01020304n, 0x05060708n]);
    expect(afterwards(`${FILLED} li 3, 8\n mtxer 3\n lswx 31, 0, 14\n mr 24, 0`)(24)).toBe(0x05060708n);
  });

  test('the address is not overwritten', () => {
    // Invalid forms, which the assembler refuses: lswi 31,1,12 and lswx 31,0,1.
    const [immediate, indexed] = [0x7fe164aa, 0x7fe00c2a];
    for (const load of [immediate, indexed]) {
      const gpr = afterwards(
        `${FILLED} li 3, 12\n mtxer 3\n mr 1, 14\n .long ${load}\n mr 24, 1\n mr 25, 14`,
      );
      expect(gpr(24)).toBe(gpr(25));
    }
  });
});

describe('PMC5', () => {
  /** Instructions that it counts: those from behind the mtspr that starts it to the one that stops it. */
  const counted = (body: string): bigint =>
    afterwards(`
      mfspr 15, 795
      li 3, 0
      mtspr 791, 3
      li 16, 0
      mtspr 795, 16
      ${body}
      mtspr 795, 15
      mfspr 24, 791`)(24);
  const NOPS = '.rept 10\n nop\n .endr\n';

  test.each([
    ['instructions', `${NOPS}${NOPS}`, 21n],
    ['branches', '.rept 20\n b .+4\n .endr', 21n],
    [
      'a return',
      `lis 3, 1f@h\n ori 3, 3, 1f@l\n mtspr SPR_SRR0, 3\n mfmsr 3\n mtspr SPR_SRR1, 3\n rfid\n trap\n1:`,
      7n,
    ],
  ])('counts %s', (_, body, expected) => {
    expect(counted(body)).toBe(expected);
  });

  test.each(['.long 0', 'sc'])('counts as many around the interrupt of %s', (interrupts) => {
    expect(counted(`${NOPS}${interrupts}\n${NOPS}`)).toBe(counted(interrupts) + 20n);
  });
});

describe('special registers', () => {
  const PATTERN = 0xcafefacec0debaben;
  const NARROW = PATTERN & 0xffff_ffffn;

  test.each([
    ['DSCR', 3, undefined],
    ['DSISR', 18, NARROW],
    ['DAR', 19, PATTERN],
    ['PIDR', 48, undefined],
    ['VRSAVE', 256, NARROW],
    ['SPRG2', 274, PATTERN],
    ['SPRG3', 275, PATTERN],
    ['PMC1', 787, NARROW],
    ['PMC4', 790, NARROW],
    ['SIAR', 796, PATTERN],
    ['SDAR', 797, PATTERN],
    ['EBBHR', 804, undefined],
    ['EBBRR', 805, undefined],
    ['TAR', 815, PATTERN],
  ])('%s keeps what fits, also while the vCPU waits', (_, spr, expected) => {
    const gpr = afterwards(`
      load64 15, ${PATTERN}
      mtspr ${spr}, 15
      mfspr 24, ${spr}
      lis 3, 1
      mtdec 3
      hcall H_CEDE
      mfspr 25, ${spr}`);
    expect(gpr(25)).toBe(gpr(24));
    expect(gpr(21)).toBe(0x900n);
    if (expected !== undefined) expect(gpr(24)).toBe(expected);
  });
});
