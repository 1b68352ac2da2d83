/** Hashed translation on whole machines: POWER8's way in, and tables and segments that are nonsense. */
import fc from 'fast-check';
import { assemble } from '../../src/asm/assemble';
import { runBoot } from '../../src/cli/session';
import { offsetOf } from '../../src/state/layout';
import { cli } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { enterPage } from '../support/hpt';
import { include, program, type Program } from '../support/program';

const SPR_SDR1 = 25;
const SPR_RMOR = 312;
const PARTITION_TABLE = 0x200000;
const HPT = 0x240000;
const DATA = 0x180000;

/** Ends at the vector of an interrupt, with its number of bytes in r31. */
const vector = (offset: number): string =>
  `.org 0x${offset.toString(16)}\n li 31, 0x${offset.toString(16)}\n attn\n`;
const VECTORS = [0x200, 0x300, 0x380, 0x400, 0x480, 0x700, 0xc00, 0xe00, 0xe20].map(vector).join('');

/** Turns on relocation for data alone, so that the program itself needs no page, and loads from r6. */
const loads = (tables: string, ea = '0x1008'): string => `${VECTORS}
        .org    0x1000
start:  li      31, 0
        ${tables}
        slbia   0
        load64  3, 0x8000000
        load64  4, 0x100000
        slbmte  4, 3
        load64  6, ${ea}
        li      3, 1f
        mtspr   SPR_SRR0, 3
        load64  3, MSR_SF | MSR_HV | MSR_ME | MSR_DR
        mtspr   SPR_SRR1, 3
        rfid
1:      ld      20, 0(6)
        std     20, 8(6)
        attn`;

const partitionTable = (pate: string): string => `poke64  ${PARTITION_TABLE}, ${pate}
        load64  3, ${PARTITION_TABLE}
        mtspr   SPR_PTCR, 3`;
const sdr1 = (value: string): string => `load64  3, ${value}
        mtspr   ${SPR_SDR1}, 3`;

function run(source: string, model: 'power8' | 'power9' | 'power10' = 'power9'): Program {
  const made = program(source, { memory: 4 << 20, model });
  const { memory } = made.machine;
  enterPage(memory, HPT, { vsid: 0x100n, offset: 0x1000n, ra: BigInt(DATA) });
  memory.setDoubleword(DATA + 8, 0xabcdn);
  return made.finish();
}

describe('POWER8', () => {
  test('the table is where SDR1 says', () => {
    const made = run(loads(sdr1(`${HPT}`)), 'power8');
    expect([made.gpr(31), made.gpr(20)]).toEqual([0n, 0xabcdn]);
    expect(made.memory(DATA + 16, 8)).toBe(0xabcdn);
  });

  test('entries have the segment size in doubleword 0, where v3.0 has software bits', () => {
    const made = program(loads(sdr1(`${HPT}`)), { memory: 4 << 20, model: 'power8' });
    const { memory } = made.machine;
    enterPage(memory, HPT, { vsid: 0x100n, offset: 0x1000n, ra: BigInt(DATA) });
    const at = HPT + (0x101 & 0x7ff) * 128;
    memory.setDoubleword(at, memory.getDoubleword(at) | (1n << 62n));
    expect(made.finish().gpr(31)).toBe(0x300n);
  });

  /** A guest in real mode at RMOR = 1 MiB with a limit of 1 GiB; `sc 1` ends it. */
  const guest = (body: string): Program =>
    run(
      `${VECTORS}
        .org    0x1000
start:  load64  3, 0x8000000                    # RMLS 2
        mtspr   SPR_LPCR, 3
        load64  3, 0x100000
        mtspr   ${SPR_RMOR}, 3
        li      3, 1
        mtspr   SPR_LPIDR, 3
        li      3, 0x1000
        mtspr   SPR_HSRR0, 3
        load64  3, MSR_SF | MSR_ME
        mtspr   SPR_HSRR1, 3
        hrfid
        .org    0x100300
        mfspr   21, SPR_DSISR
        mfspr   22, SPR_DAR
        sc      1
        .org    0x100700
        mfspr   23, SPR_SRR1
        sc      1
        .org    0x101000
        ${body}
        sc      1`,
      'power8',
    );

  test('guest real mode is at RMOR', () => {
    const made = guest(
      'ld 20, 0x1020(0)\n std 20, 0x2000(0)\n b 1f\n .org 0x101020\n .quad 0x1122334455667788\n1:',
    );
    expect(made.gpr(20)).toBe(made.memory(0x102000, 8));
    expect(made.gpr(20)).toBe(0x1122334455667788n);
    expect(made.gpr(31)).toBe(0xc00n);
  });

  test('beyond the limit it is a data storage interrupt of the guest', () => {
    const made = guest('lis 4, 0x4000\n std 4, 8(4)');
    expect([made.gpr(21), made.gpr(22)]).toEqual([0xa000000n, 0x40000008n]);
  });

  test('tlbie is the hypervisor’s: a privileged instruction for the guest; tlbiel is its own', () => {
    expect(guest('li 4, 0\n li 5, 1\n tlbie 4, 5, 0, 0, 0').gpr(23) & 0x783f0000n).toBe(0x40000n);
    expect(guest('li 4, 0\n tlbiel 4, 0, 0, 0, 0').gpr(23)).toBe(0n);
  });
});

/** Data side of a machine check: bad real address in a table walk. */
const BAD_WALK = 0x20n;
const BAD_TABLE = 0x80000n;

describe('nonsense', () => {
  test.each([
    ['a table outside memory', 'power9', partitionTable('0x0010000000000000')],
    ['a table that begins where memory ends', 'power9', partitionTable('0x400000')],
    ['a group outside memory, of a table that begins in it', 'power9', partitionTable('0x3c0000 + 20')],
    ['a partition table outside memory', 'power9', 'load64 3, 0x7000000000\n mtspr SPR_PTCR, 3'],
    ['SDR1 outside memory', 'power8', sdr1('0x0ffffffffffc0000')],
    ['SDR1 with a size that does not exist', 'power8', sdr1(`${HPT} + 31`)],
    ['SDR1 of ones', 'power8', sdr1('0xffffffffffffffff')],
  ] as const)('%s: machine check (%s)', (_name, model, tables) => {
    const made = run(loads(tables, '0x8001008'), model);
    expect([made.gpr(31), made.cpu.state.named('DSISR'), made.cpu.state.named('DAR')]).toEqual([
      0x200n,
      BAD_WALK,
      0x8001008n,
    ]);
  });

  test.each(['power9', 'power10'] as const)('%s: a size that does not exist, or a radix entry', (model) => {
    for (const pate of [`${HPT} + 31`, `0x8000000000000000 | ${HPT}`, '0xffffffffffffffff']) {
      const made = run(loads(partitionTable(pate)), model);
      expect([made.gpr(31), made.cpu.state.named('HDSISR')]).toEqual([0xe00n, BAD_TABLE]);
    }
  });

  test('a table larger than memory works as far as memory goes', () => {
    // 2^38 bytes from HPT: the hash of this page has its group in memory.
    const made = run(loads(partitionTable(`${HPT} + 20`)));
    expect([made.gpr(31), made.gpr(20)]).toEqual([0n, 0xabcdn]);
  });

  test('a page outside memory: machine check', () => {
    const made = program(loads(partitionTable(`${HPT}`)), { memory: 4 << 20 });
    enterPage(made.machine.memory, HPT, { vsid: 0x100n, offset: 0x1000n, ra: 0xffffffff000n });
    expect(made.finish().gpr(31)).toBe(0x200n);
    expect(made.cpu.state.named('DSISR')).toBe(0x40n);
  });
});

describe('through the command line', () => {
  const file = temporaryFolder();
  const boot = (source: string) => {
    const { bytes } = assemble(`.include "book3s.inc"\n${source}`, { include });
    return cli(
      ['boot', file('guest.bin', bytes), '--entry', '0x1000', '-m', '4M', '--max-insns', '1000000'],
      { runBoot },
    );
  };
  const nowhere = partitionTable('0x0010000000000000');

  test('a machine check that cannot be taken: the guest is dead, and why', async () => {
    const { code, err } = await boot(loads(nowhere).replace('| MSR_ME', ''));
    expect(err).toMatch(
      /the guest is dead: CPU 0 at 0x[0-9a-f]+: machine check with MSR\[ME\]=0 .*address 0x1008/,
    );
    expect(code).toBe(5);
  });

  test('vectors without code: the guest is dead, and where', async () => {
    const { code, err } = await boot(loads(nowhere).replace(VECTORS, ''));
    expect(err).toMatch(
      /the guest is dead: CPU 0 takes interrupts without completing an instruction: NIA 0x/,
    );
    expect(code).toBe(5);
  });
});

test('any tables, segments and modes: the machine runs on or says why it does not', () => {
  const made = program(
    `${VECTORS.replaceAll('attn', 'b .')}\n.org 0x1000\nstart: ld 20, 0(6)\n std 20, 8(6)\n b start`,
    {
      memory: 4 << 20,
    },
  );
  const { machine, cpu } = made;
  const image = machine.memory.bytes.slice();
  const u64 = fc.oneof(
    fc.bigInt(0n, (1n << 64n) - 1n),
    fc.bigInt(0n, 0x3fffffn),
    fc.bigInt(0n, 63n).map((n) => 1n << n),
  );
  const slb = fc.array(fc.tuple(fc.nat(31), u64, u64), { maxLength: 6 });
  const setup = fc.record({
    pate: fc.tuple(u64, u64),
    ptcr: u64,
    lpcr: u64,
    msr: u64,
    ea: u64,
    slb,
    amr: u64,
  });
  fc.assert(
    fc.property(setup, ({ pate, ptcr, lpcr, msr, ea, slb: entries, amr }) => {
      machine.memory.bytes.set(image);
      machine.memory.setDoubleword(PARTITION_TABLE, pate[0]);
      machine.memory.setDoubleword(PARTITION_TABLE + 8, pate[1]);
      cpu.reset();
      const registers = { PTCR: ptcr, LPCR: lpcr & ~0x100000n, AMR: amr, MSR: msr | 0x8000000000000010n };
      for (const [name, value] of Object.entries(registers)) cpu.state.setNamed(name, value);
      for (const [index, esid, vsid] of entries) {
        cpu.state.set(offsetOf('SLBE') + 8 * index, esid);
        cpu.state.set(offsetOf('SLBV') + 8 * index, vsid);
      }
      cpu.state.setGpr(6, ea);
      cpu.nia = 0x1000n;
      machine.execution.memoryReplaced();
      machine.execution.resume();
      const { end } = machine.run(200);
      expect(['budget', 'checkstop', 'interruptLoop', 'power', 'idle', 'attn']).toContain(end.kind);
      if ('message' in end) expect(end.message).toMatch(/CPU 0/);
    }),
    { numRuns: 300 },
  );
});
