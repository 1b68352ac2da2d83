/** Real memory beyond 2 GiB: every kind of access there, and where memory ends. */
import { program } from '../support/program';

const LARGEST = 3584 * 2 ** 20;

test('code, loads, stores and tables of translation above 2 GiB, in the largest machine there is', () => {
  const guest = program(
    `
        .equ    PARTITION_TABLE, 0xb0000000
        .equ    PROCESS_TABLE, 0xb0001000
        .equ    L1, 0xb0002000
        .equ    L2, 0xb0003000
        .equ    L3, 0xb0004000
        .equ    ROOT, 0xb0010000
start:  load64  3, 0xa0000000
        load64  4, 0x3860002a4e800020           # li 3,42; blr
        std     4, 0(3)
        mtctr   3
        bctrl
        mr      21, 3                           # 42: code that was stored above 2 GiB
        load64  3, 0xa0000000
        lis     4, 0x3860
        ori     4, 4, 43
        stw     4, 0(3)                         # the page is decoded: the store must be seen
        bctrl
        mr      22, 3                           # 43
        load64  5, 0xdfffffff                   # the last byte of memory
        li      6, 0x5a
        stb     6, 0(5)
        lbz     23, 0(5)
        load64  7, 0xbffffffd
        load64  8, 0x1122334455667788
        std     8, 0(7)                         # unaligned, across a page
        ld      24, 0(7)
        poke64  PARTITION_TABLE, RADIX_V | RADIX_TREE52 | ROOT
        poke64  PARTITION_TABLE + 8, RADIX_V | PROCESS_TABLE
        poke64  PROCESS_TABLE, RADIX_TREE52 | ROOT
        poke64  ROOT, RADIX_V | L1 | 9
        poke64  L1, RADIX_V | L2 | 9
        poke64  L1 + 16, RADIX_LEAF | 0x80000000 | RADIX_RC | RADIX_RW   # where the process table is
        poke64  L2, RADIX_V | L3 | 9
        poke64  L3, RADIX_LEAF | 0xa0000000 | RADIX_RC | RADIX_RWX
        load64  3, PARTITION_TABLE
        mtspr   SPR_PTCR, 3
        load64  3, LPCR_UPRT | LPCR_HR
        mtspr   SPR_LPCR, 3
        mfmsr   9
        ori     10, 9, MSR_DR
        mtmsrd  10
        li      3, 0x100
        std     8, 0(3)
        ld      25, 0(3)
        mtmsrd  9
        poke64  L3, RADIX_LEAF | 0xa0001000 | RADIX_RC | RADIX_RWX
        mtmsrd  10
        ld      26, 0(3)                        # another page: nothing was stored there
        attn
`,
    { memory: LARGEST },
  ).finish();
  expect([21, 22, 23].map((n) => guest.gpr(n))).toEqual([42n, 43n, 0x5an]);
  expect([24, 25, 26].map((n) => guest.gpr(n))).toEqual([0x1122334455667788n, 0x1122334455667788n, 0n]);
  expect(guest.memory(0xa0000100, 8)).toBe(0x1122334455667788n);
  expect(guest.memory(0xdfffffff, 1)).toBe(0x5an);
});

const MACHINE_CHECK_AT = '.org 0x200\n mfspr 20, SPR_SRR0\n mfspr 22, SPR_DAR\n attn\n';

test.each([
  ['a load', 'ld 4, 0(3)'],
  ['a store', 'std 4, 0(3)'],
  ['a load across the end', 'ld 4, -4(3)'],
  ['an atomic', 'ldadd'],
])('%s beyond the end of memory is a machine check, and memory is as it was', (_name, text) => {
  const access = text === 'ldadd' ? 'ldat 4, 3, 0' : text;
  const guest = program(
    `${MACHINE_CHECK_AT}
start:  lis     3, 0x10
        li      4, -1
bad:    ${access}
        attn`,
    { memory: 2 ** 20 },
  ).finish();
  expect(guest.gpr(20)).toBe(guest.at('bad'));
  expect(guest.memory(2 ** 20 - 8, 8)).toBe(0n);
});

test('a store across the end of memory stores nothing', () => {
  const guest = program(
    `${MACHINE_CHECK_AT}
start:  lis     3, 0x10
        li      4, -1
bad:    std     4, -4(3)
        attn`,
    { memory: 2 ** 20 },
  ).finish();
  expect(guest.gpr(20)).toBe(guest.at('bad'));
  expect(guest.memory(2 ** 20 - 8, 8)).toBe(0n);
});

test('straight-line code that runs off the end of memory is a machine check', () => {
  const guest = program(
    `${MACHINE_CHECK_AT}
start:  lis     3, 0x10
        load64  4, 0x6000000060000000           # nop; nop
        std     4, -8(3)
        addi    5, 3, -8
        mtctr   5
        bctr`,
    { memory: 2 ** 20 },
  ).finish();
  expect(guest.gpr(20)).toBe(2n ** 20n);
});
