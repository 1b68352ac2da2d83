/** Loads and stores at the seams: page ends, devices, modes of 32 bits, byte order, where nothing is mapped. */
import { MSR } from '../../isa/registers/msr';
import { assemble } from '../../src/asm/assemble';
import { program, type ProgramOptions } from '../support/program';

/** Translation on for data: page 0x400000 is host page 0x40000, what follows is what `second` says. */
const MAPPED = (second: string, body: string): string => `
        .equ    PATB, 0x20000
        .equ    PRTB, 0x21000
        .equ    L1, 0x22000
        .equ    L2, 0x23000
        .equ    L3, 0x24000
        .equ    L3B, 0x25000
        .equ    ROOT, 0x30000
        .equ    FIRST, 0x400000
        .equ    SECOND, 0x401000
        .org    0x300
        mfspr   20, SPR_SRR0
        mfspr   21, SPR_DAR
        mfspr   22, SPR_DSISR
        attn
        .org    0x600
        mfspr   20, SPR_SRR0
        mfspr   21, SPR_DAR
        li      22, 0x600
        attn
        .org    0x1000
start:  poke64  PATB, RADIX_V | RADIX_TREE52 | ROOT
        poke64  PATB + 8, RADIX_V | PRTB
        poke64  PRTB, RADIX_TREE52 | ROOT
        poke64  ROOT, RADIX_V | L1 | 9
        poke64  L1, RADIX_V | L2 | 9
        poke64  L1 + 24, RADIX_LEAF | RADIX_RC | RADIX_RWX | 0x20 | 0x60300c0000000
        poke64  L2, RADIX_V | L3 | 9
        poke64  L2 + 16, RADIX_V | L3B | 9
        poke64  L3 + (PRTB >> 12) * 8, RADIX_LEAF | PRTB | RADIX_RC | RADIX_RW
        poke64  L3B, RADIX_LEAF | 0x40000 | RADIX_RC | RADIX_RWX
        poke64  L3B + 8, ${second}
        load64  3, PATB
        mtspr   SPR_PTCR, 3
        load64  3, LPCR_UPRT | LPCR_HR
        mtspr   SPR_LPCR, 3
        load64  6, 0x1122334455667788
        load64  5, SECOND
        mfmsr   9
        ori     9, 9, MSR_DR
        mtmsrd  9
        ${body}
        attn
`;
const OTHER_PAGE = 'RADIX_LEAF | 0x50000 | RADIX_RC | RADIX_RWX';
const READ_ONLY = 'RADIX_LEAF | 0x50000 | RADIX_RC | RADIX_RO';

describe.each([
  ['coherent', {}],
  ['architected TLB', { tlb: 'architected' }],
] as [string, ProgramOptions][])('%s', (_name, options) => {
  test('an access across pages whose real pages are apart', () => {
    const guest = program(
      MAPPED(OTHER_PAGE, 'li 15, -3\n stdx 6, 15, 5\n ldx 7, 15, 5\n lwz 8, -1(5)'),
      options,
    ).finish();
    expect(guest.gpr(7)).toBe(0x1122334455667788n);
    expect(guest.gpr(8)).toBe(0x33445566n);
    expect(guest.memory(0x40ffd, 3)).toBe(0x112233n);
    expect(guest.memory(0x50000, 5)).toBe(0x4455667788n);
  });

  test.each([
    ['not mapped', '0', 0x42000000n],
    ['read-only', READ_ONLY, 0x0a000000n],
  ])('a store into a second page that is %s stores nothing at all', (_what, second, dsisr) => {
    const warm = 'std 0, -16(5)\n stb 0, -1(5)\n li 15, -3\n';
    const guest = program(MAPPED(second, `${warm}bad: stdx 6, 15, 5`), options).finish();
    expect(guest.gpr(20)).toBe(guest.at('bad'));
    expect(guest.gpr(21)).toBe(0x401000n);
    expect(guest.gpr(22)).toBe(dsisr);
    expect(guest.memory(0x40ff8, 8)).toBe(0n);
  });

  test('an unaligned store into caching-inhibited storage is an alignment interrupt', () => {
    const guest = program(MAPPED('0', 'load64 5, 0xc00103f9\nbad: sth 6, 0(5)'), options).finish();
    expect([guest.gpr(20), guest.gpr(21), guest.gpr(22)]).toEqual([guest.at('bad'), 0xc00103f9n, 0x600n]);
  });

  test('a page that gains write permission takes stores at once, without an invalidation', () => {
    const guest = program(
      MAPPED(
        READ_ONLY,
        `ld 7, 0(5)
         xori 9, 9, MSR_DR
         mtmsrd 9
         poke64 L3B + 8, ${OTHER_PAGE}
         ori 9, 9, MSR_DR
         mtmsrd 9
         std 6, 0(5)`,
      ),
      options,
    ).finish();
    expect(guest.memory(0x50000, 8)).toBe(0x1122334455667788n);
  });
});

/** Changes the second page's entry under relocation off, then loads from it. */
const REMAP = (between: string): string =>
  MAPPED(
    OTHER_PAGE,
    `ld 7, 0(5)
     xori 9, 9, MSR_DR
     mtmsrd 9
     load64 11, 0x123456789abcdef
     load64 12, 0x60000
     std 11, 0(12)
     poke64 L3B + 8, RADIX_LEAF | 0x60000 | RADIX_RC | RADIX_RWX
     ${between}
     ori 9, 9, MSR_DR
     mtmsrd 9
     ld 8, 0(5)`,
  );
const TLBIE = 'ptesync\n li 13, 0\n load64 14, SECOND\n tlbie 14, 13, 0, 1, 1\n eieio\n tlbsync\n ptesync';

test('a changed entry is seen without tlbie where the machine is coherent', () => {
  expect(program(REMAP('')).finish().gpr(8)).toBe(0x123456789abcdefn);
});

test('with the architected TLB the old translation stays until tlbie', () => {
  expect(program(REMAP(''), { tlb: 'architected' }).finish().gpr(8)).toBe(0n);
  expect(program(REMAP(TLBIE), { tlb: 'architected' }).finish().gpr(8)).toBe(0x123456789abcdefn);
});

describe('32-bit mode', () => {
  const IN_32 = (body: string): string => `
        .org    0x1000
start:  load64  3, 0xffffffff00008000
        load64  4, 0x1122334455667788
        mfmsr   9
        rldicl  9, 9, 1, 1
        rldicl  9, 9, 63, 0
        clrldi  9, 9, 1
        mtmsrd  9
        isync
        ${body}
        attn`;

  test('the upper half of an effective address is ignored', () => {
    const guest = program(IN_32('std 4, 0(3)\n ld 5, 0(3)\n li 6, -4\n lwz 7, 0x7fff(6)')).finish();
    expect(guest.memory(0x8000, 8)).toBe(0x1122334455667788n);
    expect(guest.gpr(5)).toBe(0x1122334455667788n);
    expect(guest.gpr(7)).toBe(guest.memory(0x7ffb, 4));
  });

  test('branches and CTR are those of 32 bits, LR holds the address', () => {
    const guest = program(
      IN_32(`load64 5, 0xabcd000000000002
        mtctr 5
        li 6, 0
1:      addi 6, 6, 1
        bdnz 1b
        bl 2f
2:      mflr 7
        load64 8, 0xffffffff00000000
        add 8, 8, 7
        addi 8, 8, there - 2b
        mtctr 8
        bctr
        trap
there:  nop`),
    ).finish();
    expect(guest.gpr(6)).toBe(2n);
    expect(guest.cpu.nia >> 32n).toBe(0n);
  });
});

test('in 32-bit mode the instruction after the last word of 4 GiB is at 0', () => {
  const guest = program(`li 3, 7\n attn\n${MAPPED('0', '')}`, { memory: 2 ** 30 }).finish();
  const { cpu, machine } = guest;
  const LEAF = 0xc000000000000187n;
  machine.memory.setDoubleword(0x22000 + 24, LEAF);
  machine.memory.setDoubleword(0x24000, LEAF);
  // EA 0xc0000000 to 0xffffffff is real 0 to 0x3fffffff.
  machine.memory.setWord(0x3ffffffc, 0x38800009);
  machine.execution.resume();
  cpu.msr = (cpu.msr & ~MSR.SF.mask) | MSR.IR.mask;
  cpu.nia = 0xfffffffcn;
  machine.execution.memoryReplaced();
  machine.run(1);
  expect([guest.gpr(4), cpu.nia]).toEqual([9n, 0n]);
  guest.finish(10);
  expect(guest.gpr(3)).toBe(7n);
});

test('rfid switches the byte order of code and data, and back', () => {
  const little = assemble(
    `ld 5, 0(3)
     stw 4, 8(3)
     mtspr 26, 14
     mtspr 27, 12
     rfid`,
    { byteOrder: 'little' },
  ).bytes;
  const guest = program(`
        .org    0x1000
start:  load64  3, 0x8000
        load64  4, 0x1122334455667788
        std     4, 0(3)
        bl      1f
1:      mflr    10
        addi    11, 10, little - 1b
        addi    14, 10, back - 1b
        mtspr   SPR_SRR0, 11
        mfmsr   12
        ori     13, 12, 1
        mtspr   SPR_SRR1, 13
        rfid
        .balign 8
little: .byte   ${[...little].join(', ')}
back:   ld      6, 0(3)
        lwz     7, 8(3)
        attn`).finish();
  expect(guest.gpr(5)).toBe(0x8877665544332211n);
  expect(guest.gpr(6)).toBe(0x1122334455667788n);
  expect(guest.gpr(7)).toBe(0x88776655n);
});
