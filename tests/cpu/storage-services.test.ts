import fc from 'fast-check';
import { MICROWATT, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { DR, HV, LE, ME, named, perform, SF, testCpu } from './support';

const HYPERVISOR = SF | HV | ME;
/** Relocation on with no tables at all: every data access faults. */
const RELOCATED = HYPERVISOR | DR;
const RADIX = 0x500000n;
const OUTSIDE = 0x10000000n;

const put = (
  memory: { setDoubleword(at: number, value: bigint): void },
  at: number,
  ...values: bigint[]
): void => values.forEach((value, i) => memory.setDoubleword(at + 8 * i, value));

describe('icbi, dcbst, dcbf', () => {
  test('icbi tells the engine the real address', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR, { HRMOR: 0x100000n });
    expect(perform(cpu, 'icbi', 0x2040n)).toBe(OUTCOME.RESUME);
    expect(machine.codeInvalidations).toEqual([0x102040n]);
  });

  test.each(['icbi', 'dcbst', 'dcbf'] as const)('%s faults as a load does', (name) => {
    const { cpu, machine } = testCpu(POWER9, RELOCATED, { LPCR: RADIX });
    expect(perform(cpu, name, 0x4044n, 0n)).toBe(OUTCOME.FAULT);
    expect(machine.taken).toHaveLength(1);
    expect(named(cpu, 'HDSISR') & 0x02000000n).toBe(0n);
  });

  test('Microwatt does not look at the address of icbi and dcbst', () => {
    const { cpu, machine } = testCpu(MICROWATT, RELOCATED | LE);
    expect(perform(cpu, 'icbi', 0x4044n)).toBe(OUTCOME.RESUME);
    expect(perform(cpu, 'dcbst', 0x4044n)).toBe(OUTCOME.NEXT);
    expect(machine.taken).toEqual([]);
  });
});

describe('copy and paste', () => {
  const block = [...Array(16).keys()].map((i) => 0x1111111111111111n * BigInt(i));

  test('move 128 bytes, in either byte order; CR0 says so', () => {
    for (const order of [0n, LE]) {
      const { cpu, machine } = testCpu(POWER9, HYPERVISOR | order);
      put(machine.memory, 0x4000, ...block);
      expect(perform(cpu, 'copy', 0x4000n)).toBe(OUTCOME.NEXT);
      expect(perform(cpu, 'paste', 0x5000n)).toBe(OUTCOME.NEXT);
      expect(cpu.result).toBe(2n);
      expect(block.map((_, i) => machine.memory.getDoubleword(0x5000 + 8 * i))).toEqual(block);
    }
  });

  test('a copy is pasted once, and not after cpabort', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    put(machine.memory, 0x4000, ...block);
    perform(cpu, 'copy', 0x4000n);
    perform(cpu, 'paste', 0x5000n);
    perform(cpu, 'paste', 0x6000n);
    expect(cpu.result).toBe(0n);
    expect(machine.memory.getDoubleword(0x6008)).toBe(0n);
    perform(cpu, 'copy', 0x4000n);
    perform(cpu, 'cpabort');
    perform(cpu, 'paste', 0x6000n);
    expect(cpu.result).toBe(0n);
  });

  test('where there is no memory: a machine check with the address', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR);
    expect(perform(cpu, 'copy', OUTSIDE)).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0x200n);
    expect(named(cpu, 'DAR')).toBe(OUTSIDE);
    expect(named(cpu, 'DSISR')).toBe(0x40n);
  });
});

describe('lqarx and stqcx.', () => {
  const [HIGH, LOW] = [0x1122334455667788n, 0x99aabbccddeeff00n];

  test('the pair is one big number in big-endian order', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    put(machine.memory, 0x4000, HIGH, LOW);
    expect(perform(cpu, 'lqarx', 0x4000n, 4n)).toBe(OUTCOME.NEXT);
    expect([cpu.state.gpr(4), cpu.state.gpr(5)]).toEqual([HIGH, LOW]);
    expect(named(cpu, 'RESLEN')).toBe(16n);
    expect(named(cpu, 'RESADDR')).toBe(0x4000n);
  });

  test('and in little-endian order', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR | LE);
    put(machine.memory, 0x4000, 0x00ffeeddccbbaa99n, 0x8877665544332211n);
    perform(cpu, 'lqarx', 0x4000n, 4n);
    expect([cpu.state.gpr(4), cpu.state.gpr(5)]).toEqual([HIGH, LOW]);
    cpu.state.setGpr(6, HIGH);
    cpu.state.setGpr(7, LOW + 1n);
    perform(cpu, 'stqcx', 0x4000n, 6n);
    expect(cpu.result).toBe(1n);
    expect(machine.memory.getDoubleword(0x4000)).toBe(0x01ffeeddccbbaa99n);
  });

  test.each([
    ['no reservation', { RESLEN: 0n, RESADDR: 0x4000n }],
    ['one of another length', { RESLEN: 8n, RESADDR: 0x4000n }],
    ['one of another address', { RESLEN: 16n, RESADDR: 0x4010n }],
  ])('stqcx. with %s stores nothing, and ends it', (_case, reservation) => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR, reservation);
    cpu.state.setGpr(4, HIGH);
    perform(cpu, 'stqcx', 0x4000n, 4n);
    expect(cpu.result).toBe(0n);
    expect(machine.memory.getDoubleword(0x4000)).toBe(0n);
    expect(named(cpu, 'RESLEN')).toBe(0n);
  });

  test('a watchpoint on it is a data storage interrupt, and nothing is stored', () => {
    const watch = { DAWR0: 0x4008n, DAWRX0: 0x44n, RESLEN: 16n, RESADDR: 0x4000n };
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR, watch);
    cpu.state.setGpr(4, HIGH);
    expect(perform(cpu, 'stqcx', 0x4000n, 4n)).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0x300n);
    expect(named(cpu, 'DSISR')).toBe(0x00400000n);
    expect(machine.memory.getDoubleword(0x4000)).toBe(0n);
  });
});

describe('atomic memory operations', () => {
  const AT = 0x4008n;
  interface Case {
    readonly fc: bigint;
    readonly memory: bigint;
    readonly other?: bigint;
    readonly first: bigint;
    readonly second?: bigint;
  }

  /** Performs a load with RT=10, RT+1 and RT+2 as given: what it gave and what is stored. */
  function loadAtomic(
    x: Case,
    o: { length?: bigint; before?: boolean; order?: bigint } = {},
  ): [bigint, bigint] {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    const length = Number(o.length ?? 8n);
    const write = (at: number, value: bigint): void =>
      length === 8
        ? machine.memory.setDoubleword(at, value)
        : machine.memory.setWord(at, Number(BigInt.asIntN(32, value)));
    write(Number(AT), x.memory);
    write(Number(AT) + (o.before ? -length : length), x.other ?? 0n);
    cpu.state.setGpr(11, x.first);
    cpu.state.setGpr(12, x.second ?? 0n);
    expect(perform(cpu, 'loadAtomic', AT, x.fc, 10n, BigInt(length))).toBe(OUTCOME.NEXT);
    const stored =
      length === 8
        ? machine.memory.getDoubleword(Number(AT))
        : BigInt(machine.memory.getWord(Number(AT)) >>> 0);
    return [cpu.state.gpr(10), stored];
  }

  const MINUS1 = 0xffffffffffffffffn;

  test.each([
    ['add', 0n, 5n, 7n, 12n],
    ['add, wrapping', 0n, MINUS1, 2n, 1n],
    ['xor', 1n, 6n, 3n, 5n],
    ['or', 2n, 6n, 1n, 7n],
    ['and', 3n, 6n, 3n, 2n],
    ['max unsigned', 4n, MINUS1, 1n, MINUS1],
    ['max signed', 5n, MINUS1, 1n, 1n],
    ['min unsigned', 6n, MINUS1, 1n, 1n],
    ['min signed', 7n, MINUS1, 1n, MINUS1],
    ['swap', 8n, 3n, 9n, 9n],
  ])('fetch and %s', (_name, code, memory, first, stored) => {
    expect(loadAtomic({ fc: code, memory, first })).toEqual([memory, stored]);
  });

  test('compare and swap not equal', () => {
    expect(loadAtomic({ fc: 16n, memory: 5n, first: 6n, second: 9n })).toEqual([5n, 9n]);
    expect(loadAtomic({ fc: 16n, memory: 5n, first: 5n, second: 9n })).toEqual([5n, 5n]);
  });

  test('increment bounded, increment equal, decrement bounded', () => {
    const refused = 1n << 63n;
    expect(loadAtomic({ fc: 24n, memory: 5n, other: 6n, first: 0n })).toEqual([5n, 6n]);
    expect(loadAtomic({ fc: 24n, memory: 6n, other: 6n, first: 0n })).toEqual([refused, 6n]);
    expect(loadAtomic({ fc: 25n, memory: 6n, other: 6n, first: 0n })).toEqual([6n, 7n]);
    expect(loadAtomic({ fc: 25n, memory: 5n, other: 6n, first: 0n })).toEqual([refused, 5n]);
    expect(loadAtomic({ fc: 28n, memory: 5n, other: 4n, first: 0n }, { before: true })).toEqual([5n, 4n]);
    expect(loadAtomic({ fc: 28n, memory: 4n, other: 4n, first: 0n }, { before: true })).toEqual([
      refused,
      4n,
    ]);
  });

  test('words: registers by their low halves, the result zero-extended', () => {
    const x = { fc: 0n, memory: 0xffffffffn, first: 0x5555555500000002n };
    expect(loadAtomic(x, { length: 4n })).toEqual([0xffffffffn, 1n]);
    const signed = { fc: 5n, memory: 0xffffffffn, first: 1n };
    expect(loadAtomic(signed, { length: 4n })).toEqual([0xffffffffn, 1n]);
    const bounded = { fc: 24n, memory: 3n, other: 3n, first: 0n };
    expect(loadAtomic(bounded, { length: 4n })).toEqual([0x80000000n, 3n]);
  });

  test('little-endian operands', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR | LE);
    machine.memory.setDoubleword(0x4008, 0x0100000000000000n);
    cpu.state.setGpr(11, 2n);
    perform(cpu, 'loadAtomic', AT, 0n, 10n, 8n);
    expect(cpu.state.gpr(10)).toBe(1n);
    expect(machine.memory.getDoubleword(0x4008)).toBe(0x0300000000000000n);
  });

  test('stores: the arithmetic ones and store twin', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    put(machine.memory, 0x4008, 5n, 5n);
    cpu.state.setGpr(10, 7n);
    expect(perform(cpu, 'storeAtomic', AT, 0n, 10n, 8n)).toBe(OUTCOME.NEXT);
    expect(machine.memory.getDoubleword(0x4008)).toBe(12n);
    perform(cpu, 'storeAtomic', AT, 24n, 10n, 8n);
    expect([machine.memory.getDoubleword(0x4008), machine.memory.getDoubleword(0x4010)]).toEqual([12n, 5n]);
    put(machine.memory, 0x4008, 5n);
    perform(cpu, 'storeAtomic', AT, 24n, 10n, 8n);
    expect([machine.memory.getDoubleword(0x4008), machine.memory.getDoubleword(0x4010)]).toEqual([7n, 7n]);
    expect(cpu.state.gpr(10)).toBe(7n);
  });

  test('every other function code is a data storage interrupt, DSISR bits 38 and 61', () => {
    const loads = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 24, 25, 28]);
    const stores = new Set([0, 1, 2, 3, 4, 5, 6, 7, 24]);
    for (let code = 0; code < 32; code++)
      for (const [name, valid] of [
        ['loadAtomic', loads],
        ['storeAtomic', stores],
      ] as const) {
        const { cpu } = testCpu(POWER9, HYPERVISOR);
        const outcome = perform(cpu, name, 0x4010n, BigInt(code), 10n, 8n);
        expect(`${name} ${code} ${outcome}`).toBe(`${name} ${code} ${valid.has(code) ? 0 : 3}`);
        if (valid.has(code)) continue;
        expect(cpu.nia).toBe(0x300n);
        expect(named(cpu, 'DSISR')).toBe(0x02000004n);
        expect(named(cpu, 'DAR')).toBe(0x4010n);
      }
  });

  test('operands are aligned, pairs lie in one block of 32 bytes', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0x4000n, 0x4040n),
        fc.constantFrom(4n, 8n),
        fc.constantFrom(0n, 24n, 28n),
        (ea, length, code) => {
          const { cpu } = testCpu(POWER9, HYPERVISOR);
          const outcome = perform(cpu, 'loadAtomic', ea, code, 10n, length);
          const other = ea + (code === 24n ? length : code === 28n ? -length : 0n);
          const good = ea % length === 0n && ea / 32n === other / 32n;
          expect(outcome).toBe(good ? OUTCOME.NEXT : OUTCOME.FAULT);
          if (!good) expect([cpu.nia, named(cpu, 'DAR')]).toEqual([0x600n, ea]);
        },
      ),
      { seed: 5 },
    );
  });
});
