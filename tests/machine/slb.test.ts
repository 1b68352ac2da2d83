/** The SLB on a whole machine: what was translated through an entry goes with it, and nothing else does. */
import { enterPage } from '../support/hpt';
import { program, type Program } from '../support/program';

const PARTITION_TABLE = 0x200000;
const HPT = 0x240000;
const A = 0x100000;
const B = 0x101000;

/** Segment 0 maps the program, VSIDs 0x101 and 0x102 the pages A and B at their first page. */
const PROLOGUE = `
        .equ    V, 0x8000000
        .equ    SEGMENT, 0x10000000
        .equ    VSID_A, 0x101000
        .equ    VSID_B, 0x102000
        .org    0x200
        # Machine check: what it says, and both entries of the segment go.
        mfspr   29, SPR_DSISR
        load64  3, SEGMENT
        slbie   3
        b       done
        .org    0x380
        # Data segment: counted, and entry 3 becomes VSID_A.
        addi    30, 30, 1
        load64  3, SEGMENT + V + 3
        load64  4, VSID_A
        slbmte  4, 3
        rfid
        .org    0x500
done:   attn
        .org    0x1000
start:  li      30, 0
        load64  3, ${PARTITION_TABLE}
        mtspr   SPR_PTCR, 3
        li      3, 0
        mtspr   SPR_LPCR, 3
        mtspr   SPR_LPIDR, 3
        slbia   4
        load64  3, V
        load64  4, 0x100000
        slbmte  4, 3
        load64  6, SEGMENT
        li      3, translated
        mtspr   SPR_SRR0, 3
        load64  3, MSR_SF | MSR_HV | MSR_ME | MSR_IR | MSR_DR
        mtspr   SPR_SRR1, 3
        rfid
.macro map entry, vsid
        load64  3, SEGMENT + V + \\entry
        load64  4, \\vsid
        slbmte  4, 3
.endm
translated:
`;

function prepare(body: string, options: Parameters<typeof program>[1] = {}): Program {
  const made = program(`${PROLOGUE}${body}\n        attn\n`, { memory: 4 << 20, ...options });
  const { memory } = made.machine;
  memory.setDoubleword(PARTITION_TABLE, BigInt(HPT));
  for (const page of [0x0n, 0x1000n, 0x2000n])
    enterPage(memory, HPT, { vsid: 0x100n, offset: page, ra: page });
  enterPage(memory, HPT, { vsid: 0x101n, offset: 0n, ra: BigInt(A) });
  enterPage(memory, HPT, { vsid: 0x102n, offset: 0n, ra: BigInt(B) });
  memory.setDoubleword(A, 0xaaaan);
  memory.setDoubleword(B, 0xbbbbn);
  return made;
}

const run = (...how: Parameters<typeof prepare>): Program => prepare(...how).finish();

describe.each(['coherent', 'architected'] as const)('--tlb %s', (tlb) => {
  test('slbmte over an entry: the next load and store are of the new segment', () => {
    const made = run(
      `map 1, VSID_A
        ld      20, 0(6)
        std     20, 8(6)
        map 1, VSID_B
        ld      21, 0(6)
        std     21, 8(6)
        map 1, VSID_A
        ld      22, 0(6)`,
      { tlb },
    );
    expect([20, 21, 22].map((n) => made.gpr(n))).toEqual([0xaaaan, 0xbbbbn, 0xaaaan]);
    expect(made.memory(A + 8, 8)).toBe(0xaaaan);
    expect(made.memory(B + 8, 8)).toBe(0xbbbbn);
  });

  test.each([
    ['slbie', 'load64 3, SEGMENT\n slbie 3'],
    ['slbia IH=0', 'slbia 0'],
    ['slbia IH=6', 'slbia 6'],
    ['an entry written over with an invalid one', 'li 3, 1\n li 4, 0\n slbmte 4, 3'],
  ])('after %s the segment is missing', (_name, instructions) => {
    const made = run(`map 1, VSID_B\n ld 20, 0(6)\n ${instructions}\n ld 21, 0(6)`, { tlb });
    expect([made.gpr(20), made.gpr(21), made.gpr(30)]).toEqual([0xbbbbn, 0xaaaan, 1n]);
  });

  test.each([
    ['slbie of another class', 'load64 3, SEGMENT + V\n slbie 3'],
    ['slbia IH=3', 'slbia 3'],
    ['slbia IH=7', 'slbia 7'],
    ['slbieg: software made the entry', 'li 4, 0\n load64 3, SEGMENT\n slbieg 4, 3'],
  ])('after %s it is there', (_name, instructions) => {
    const made = run(`map 1, VSID_B\n ld 20, 0(6)\n ${instructions}\n ld 21, 0(6)`, { tlb });
    expect([made.gpr(20), made.gpr(21), made.gpr(30)]).toEqual([0xbbbbn, 0xbbbbn, 0n]);
  });

  test('a second entry for the segment: machine check, also where the page was used before', () => {
    const made = run(`map 1, VSID_B\n ld 20, 0(6)\n map 2, VSID_A\n ld 21, 0(6)`, { tlb });
    expect(made.gpr(20)).toBe(0xbbbbn);
    expect(made.gpr(29)).toBe(0x80n);
    expect(made.cpu.state.named('SRR1') & 0x200000n).toBe(0x200000n);
  });

  test('instructions are fetched through the new segment too', () => {
    const made = run(
      `map 1, VSID_A
        load64  8, 0x38a000014e800020           # li 5, 1; blr
        std     8, 0x100(6)
        map 1, VSID_B
        load64  8, 0x38a000024e800020           # li 5, 2; blr
        std     8, 0x100(6)
        isync
        addi    9, 6, 0x100
        mtctr   9
        bctrl
        mr      20, 5
        map 1, VSID_A
        isync
        mtctr   9
        bctrl`,
      { tlb },
    );
    expect([made.gpr(20), made.gpr(5)]).toEqual([2n, 1n]);
  });
});

describe('what a context switch costs', () => {
  const SWITCHES = 1000;
  /** Each switch drops all segments but the first, loads four, and touches one page of one of them. */
  const switching = (): Program =>
    prepare(
      `li      31, ${SWITCHES}
1:      slbia   0
        map 1, VSID_A
        load64  3, 0x20000000 + V + 2
        slbmte  4, 3
        load64  3, 0x30000000 + V + 3
        slbmte  4, 3
        load64  3, 0x40000000 + V + 4
        slbmte  4, 3
        ld      20, 0(6)
        ld      20, 0(6)
        addi    31, 31, -1
        cmpdi   31, 0
        bne     1b`,
    );

  test('the caches are never cleared, and a page is looked up once a switch', () => {
    const made = switching();
    const { execution } = made.machine;
    const { generation } = execution.engine.contexts;
    made.finish();
    expect(execution.engine.contexts.generation).toBe(generation);
    expect(execution.engine.contexts.size).toBeLessThan(10);
    expect(execution.counters.storageMisses).toBeGreaterThanOrEqual(SWITCHES);
    expect(execution.counters.storageMisses).toBeLessThan(SWITCHES + 20);
  });

  test('translations without the SLB survive', () => {
    const made = run(
      `li      3, real
        mtspr   SPR_SRR0, 3
        load64  3, MSR_SF | MSR_HV | MSR_ME
        mtspr   SPR_SRR1, 3
        rfid
real:   load64  5, ${A}
        li      31, ${SWITCHES}
1:      slbia   0
        map 1, VSID_A
        ld      20, 0(5)
        addi    31, 31, -1
        cmpdi   31, 0
        bne     1b`,
    );
    expect(made.machine.execution.counters.storageMisses).toBeLessThan(20);
    expect(made.machine.execution.counters.fetchMisses).toBeLessThan(20);
  });
});
