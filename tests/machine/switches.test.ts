/** Switches of process, partition and authority without any flush: each sees its own memory and its own permissions. */
import { program, type ProgramOptions } from '../support/program';

/**
 * Processes 0 to COUNT - 1 have a tree of their own in which EA 0x40000000 is page n of 0x400000. The tables are made by
 * the guest; relocation is on for data when `body` begins, r5 = 0x40000000.
 */
const COUNT = 4;
const PROCESSES = (body: string, partition = 0): string => `
        .equ    PATB, 0x100000
        .equ    PRTB, 0x110000
        .equ    ROOTS, 0x200000         # 64 KiB for each process
        .equ    TABLES, 0x300000        # three pages for each
        .equ    COUNT, ${COUNT}
        .org    0x300
        mfspr   21, SPR_DSISR
        attn
        .org    0x1000
start:  .irp    lpid, 0, 1, 2, 3
        poke64  PATB + 16 * \\lpid, RADIX_V | RADIX_TREE52 | ROOTS
        poke64  PATB + 16 * \\lpid + 8, RADIX_V | PRTB
        .endr
        .irp    n, 0, 1, 2, 3
        poke64  PRTB + 16 * \\n, RADIX_TREE52 | (ROOTS + 0x10000 * \\n)
        poke64  ROOTS + 0x10000 * \\n, RADIX_V | (TABLES + 0x3000 * \\n) | 9
        poke64  TABLES + 0x3000 * \\n, RADIX_LEAF | RADIX_RC | RADIX_RWX
        poke64  TABLES + 0x3000 * \\n + 8, RADIX_V | (TABLES + 0x3000 * \\n + 0x1000) | 9
        poke64  TABLES + 0x3000 * \\n + 0x1000, RADIX_V | (TABLES + 0x3000 * \\n + 0x2000) | 9
        poke64  TABLES + 0x3000 * \\n + 0x2000, RADIX_LEAF | (0x400000 + 0x1000 * \\n) | RADIX_RC | RADIX_RWX
        poke64  0x400000 + 0x1000 * \\n, 0x1000 + \\n
        .endr
        load64  3, PATB
        mtspr   SPR_PTCR, 3
        load64  3, LPCR_UPRT | LPCR_HR
        mtspr   SPR_LPCR, 3
        li      3, ${partition}
        mtspr   SPR_LPIDR, 3
        load64  5, 0x40000000
        li      20, 0
        mfmsr   9
        ori     9, 9, MSR_DR
        mtmsrd  9
        ${body}
        attn
`;
const MEMORY = { memory: 8 * 2 ** 20 };

describe.each([
  ['coherent', MEMORY],
  ['architected TLB', { ...MEMORY, tlb: 'architected' }],
  ['power10', { ...MEMORY, model: 'power10' }],
] as [string, ProgramOptions][])('%s', (_name, options) => {
  test('processes in turn, twice, loads and stores', () => {
    const round = [0, 1, 2, 3, 0, 1, 2, 3, 2, 0]
      .map((pid) => `li 3, ${pid}\n mtspr SPR_PIDR, 3\n ld 4, 0(5)\n add 20, 20, 4\n stb 3, 0x100(5)`)
      .join('\n');
    const guest = program(PROCESSES(round), options).finish();
    expect(guest.gpr(20)).toBe(10n * 0x1000n + 14n);
    for (let pid = 0; pid < COUNT; pid++) expect(guest.memory(0x400100 + 0x1000 * pid, 1)).toBe(BigInt(pid));
  });

  test('quadrant 3 is process 0 whatever PIDR is', () => {
    const guest = program(
      PROCESSES('li 3, 2\n mtspr SPR_PIDR, 3\n ld 20, 0(5)\n load64 6, 0xc000000040000000\n ld 21, 0(6)'),
      options,
    ).finish();
    expect([guest.gpr(20), guest.gpr(21)]).toEqual([0x1002n, 0x1000n]);
  });

  test('an authority mask that forbids stores is obeyed on a page that was stored to, and lifted again', () => {
    const key = (value: string): string => `load64 3, ${value}\n mtspr 29, 3\n isync\n`;
    const guest = program(
      PROCESSES(
        `std 5, 8(5)
         ${key('0x8000000000000000')}
         ld 6, 8(5)
         ${key('0')}
         std 6, 16(5)
         ${key('0x8000000000000000')}
         std 6, 24(5)`,
      ),
      options,
    ).finish();
    expect(guest.memory(0x400010, 8)).toBe(0x40000000n);
    expect(guest.memory(0x400018, 8)).toBe(0n);
    expect(guest.gpr(21)).toBe(0x0a000000n);
  });
});

test('thousands of processes: numbers of contexts run out and start again, and each sees its own memory', () => {
  const guest = program(
    PROCESSES(`
        xori    9, 9, MSR_DR            # entries 4 to 4095 of the process table are those of 0 to 3 in turn
        mtmsrd  9
        load64  10, PRTB
        li      3, 4092
        mtctr   3
1:      ld      4, 0(10)
        std     4, 64(10)
        addi    10, 10, 16
        bdnz    1b
        load64  3, RADIX_V | PRTB | 4
        load64  10, PATB
        std     3, 8(10)
        ori     9, 9, MSR_DR
        mtmsrd  9
        li      7, 3                    # rounds
2:      li      8, 0
3:      mtspr   SPR_PIDR, 8
        ld      4, 0(5)
        clrldi  6, 8, 62
        addi    6, 6, 0x1000
        cmpd    4, 6
        beq     4f
        addi    20, 20, 1
4:      addi    8, 8, 1
        cmpwi   8, 4096
        bne     3b
        addi    7, 7, -1
        cmpwi   7, 0
        bne     2b`),
    MEMORY,
  ).finish(500_000);
  expect(guest.gpr(7)).toBe(0n);
  expect(guest.gpr(20)).toBe(0n);
  const { contexts } = guest.machine.execution.engine;
  expect(contexts.generation).toBeGreaterThan(1);
  expect(contexts.size).toBeLessThanOrEqual(4095);
});
