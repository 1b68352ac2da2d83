/** Condition Register, SPR and MSR moves, BCD assistance. */
import { evaluate, newMachine } from '../support/evaluate';
import { execute, raised, registers } from '../support/execute';
import { findInstruction, imageOf, named } from '../support/find-instruction';

const ONES = 0xffff_ffff_ffff_ffffn;
const CR = [1, 2, 3, 4, 5, 6, 7, 8];
const WORD = 0x1234_5678n;

describe('Condition Register', () => {
  const truthTable = (mnemonic: string): string =>
    [0b00, 0b01, 0b10, 0b11]
      .map((ab) => {
        // Bit 5 of the CR is A, bit 30 is B, bit 11 the target, which starts as the opposite of the result's 0.
        const cr = [0, (ab >> 1) << 2, 0xf, 0, 0, 0, 0, (ab & 1) << 1];
        const { machine } = execute(mnemonic, { BT: 11, BA: 5, BB: 30 }, { cr });
        expect(machine.cr[2]! & 0b1110).toBe(0b1110);
        return machine.cr[2]! & 1;
      })
      .join('');

  it.each([
    ['crand', '0001'],
    ['crnand', '1110'],
    ['cror', '0111'],
    ['crxor', '0110'],
    ['crnor', '1000'],
    ['creqv', '1001'],
    ['crandc', '0010'],
    ['crorc', '1011'],
  ])('%s is %s for 00 01 10 11', (mnemonic, expected) => {
    expect(truthTable(mnemonic)).toBe(expected);
  });

  it('a target in the field of an operand changes one bit', () => {
    const { machine } = execute('crand', { BT: 4, BA: 5, BB: 6 }, { cr: [0, 0b0111, 0, 0, 0, 0, 0, 0] });
    expect(machine.cr[1]).toBe(0b1111);
  });

  it('mcrf copies a field', () => {
    expect(execute('mcrf', { BF: 2, BFA: 7 }, { cr: [...CR] }).machine.cr).toEqual([1, 2, 8, 4, 5, 6, 7, 8]);
  });

  it.each<['OV' | 'OV32' | 'CA' | 'CA32', number]>([
    ['OV', 8],
    ['OV32', 4],
    ['CA', 2],
    ['CA32', 1],
  ])('mcrxrx shows %s', (flag, expected) => {
    const { resources } = newMachine();
    const { machine } = execute('mcrxrx', { BF: 3 }, { resources: { ...resources, [flag]: 1n } });
    expect(machine.cr[3]).toBe(expected);
  });

  it.each<[number, bigint]>([
    [0b1000, ONES],
    [0b1100, ONES],
    [0b0100, 1n],
    [0b0011, 0n],
  ])('setb of %i', (cr, expected) => {
    const { machine } = execute('setb', { RT: 3, BFA: 1 }, { cr: [0, cr, 0, 0, 0, 0, 0, 0] });
    expect(machine.gpr[3]).toBe(expected);
  });

  it.each<[string, bigint, bigint]>([
    ['setbc', 1n, 0n],
    ['setbcr', 0n, 1n],
    ['setnbc', ONES, 0n],
    ['setnbcr', 0n, ONES],
  ])('%s', (mnemonic, whereSet, whereClear) => {
    const of = (BI: number): bigint =>
      execute(mnemonic, { RT: 3, BI }, { cr: [0, 0, 0, 0, 0, 0, 0, 0b0001] }).machine.gpr[3]!;
    expect([of(31), of(30)]).toEqual([whereSet, whereClear]);
  });

  it('mfcr and mfocrf', () => {
    const of = (mnemonic: string, fields: Record<string, number>): bigint =>
      execute(mnemonic, { RT: 3, ...fields }, { cr: [...CR], gpr: registers({ 3: ONES }) }).machine.gpr[3]!;
    expect(of('mfcr', {})).toBe(WORD);
    expect(of('mfocrf', { FXM: 0x80 })).toBe(0x1000_0000n);
    expect(of('mfocrf', { FXM: 0x01 })).toBe(0x8n);
    // Undefined by the ISA: the leftmost bit counts, none is CR7.
    expect(of('mfocrf', { FXM: 0x5f })).toBe(0x0200_0000n);
    expect(of('mfocrf', { FXM: 0 })).toBe(0x8n);
  });

  it('mtcrf and mtocrf', () => {
    const of = (mnemonic: string, FXM: number): number[] =>
      execute(mnemonic, { RS: 3, FXM }, { gpr: registers({ 3: (0xffn << 32n) | WORD }) }).machine.cr;
    expect(of('mtcrf', 0xff)).toEqual(CR);
    expect(of('mtcrf', 0x81)).toEqual([1, 0, 0, 0, 0, 0, 0, 8]);
    expect(of('mtcrf', 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(of('mtocrf', 0x20)).toEqual([0, 0, 3, 0, 0, 0, 0, 0]);
    expect(of('mtocrf', 0x21)).toEqual([0, 0, 3, 0, 0, 0, 0, 0]);
    expect(of('mtocrf', 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 8]);
  });
});

describe('SPR moves', () => {
  const service = () => jest.fn(() => 0x55n);

  it.each([
    ['LR', 8],
    ['CTR', 9],
  ] as const)('%s moves as a whole doubleword without a service', (name, SPR) => {
    const there = execute('mtspr', { RS: 3, SPR }, { gpr: registers({ 3: ONES - 1n }) });
    expect(there.machine.resources[name]).toBe(ONES - 1n);
    const { resources } = there.machine;
    const back = execute('mfspr', { RT: 4, SPR }, { resources });
    expect(back.machine.gpr[4]).toBe(ONES - 1n);
    expect([...there.outcome.services, ...back.outcome.services]).toEqual([]);
  });

  it('XER keeps its flags and bits 46:63; the others read as 0', () => {
    const { resources } = execute('mtspr', { RS: 3, SPR: 1 }, { gpr: registers({ 3: ONES }) }).machine;
    const { SO, OV, CA, OV32, CA32, XERLOW } = resources;
    expect([SO, OV, CA, OV32, CA32, XERLOW]).toEqual([1n, 1n, 1n, 1n, 1n, 0x3ffffn]);
    expect(execute('mfspr', { RT: 3, SPR: 1 }, { resources }).machine.gpr[3]).toBe(0xe00f_ffffn);
  });

  it.each([
    ['SO', 0x8000_0000n],
    ['OV', 0x4000_0000n],
    ['CA', 0x2000_0000n],
    ['OV32', 0x8_0000n],
    ['CA32', 0x4_0000n],
    ['XERLOW', 1n],
  ] as const)('XER has %s in its place, both ways', (name, bit) => {
    const { resources } = execute('mtspr', { RS: 3, SPR: 1 }, { gpr: registers({ 3: bit }) }).machine;
    expect(resources).toEqual({ ...newMachine().resources, [name]: 1n });
    expect(execute('mfspr', { RT: 3, SPR: 1 }, { resources }).machine.gpr[3]).toBe(bit);
  });

  it("other SPRs are the service's, which is told what RT holds", () => {
    const gpr = registers({ 3: 7n });
    const read = execute('mfspr', { RT: 3, SPR: 815 }, { gpr, service: service() });
    expect(read.machine.gpr[3]).toBe(0x55n);
    expect(read.outcome.services).toEqual([{ name: 'mfspr', args: [815n, 7n] }]);
    const write = execute('mtspr', { RS: 3, SPR: 26 }, { gpr, service: service() });
    expect(write.outcome.services).toEqual([{ name: 'mtspr', args: [26n, 7n] }]);
    const tb = execute('mftb', { RT: 3, SPR: 268 }, { gpr, service: service() });
    expect(tb.outcome.services).toEqual([{ name: 'mfspr', args: [268n, 7n] }]);
  });

  it('the SPR number has its halves exchanged in the image', () => {
    // mflr r0 and mtctr r12, as every disassembly shows them.
    expect(imageOf(named('mfspr'), { RT: 0, SPR: 8 })).toBe(0x7c08_02a6n);
    expect(imageOf(named('mtspr'), { RS: 12, SPR: 9 })).toBe(0x7d89_03a6n);
  });
});

describe('MSR moves', () => {
  it('mfmsr reads the MSR, the others are services with L', () => {
    const { MSR } = newMachine().resources;
    expect(execute('mfmsr', { RT: 3 }).machine.gpr[3]).toBe(MSR);
    for (const name of ['mtmsr', 'mtmsrd'] as const) {
      const { outcome } = execute(name, { RS: 3, L1: 1 }, { gpr: registers({ 3: 9n }), service: () => 0n });
      expect(outcome.services).toEqual([{ name, args: [9n, 1n] }]);
    }
  });

  it.each(['mfmsr', 'mtmsr', 'mtmsrd'])('%s is privileged', (mnemonic) => {
    const { resources } = newMachine();
    const inProblemState = { resources: { ...resources, MSR: resources.MSR | 0x4000n } };
    expect(raised(execute(mnemonic, {}, inProblemState))).toBe('privileged');
  });
});

describe('BCD assistance', () => {
  const convert = (mnemonic: string, rs: bigint): bigint =>
    execute(mnemonic, { RA: 3, RS: 4 }, { gpr: registers({ 4: rs }) }).machine.gpr[3]!;

  it.each<[bigint, bigint]>([
    [0x005n, 0x005n],
    [0x079n, 0x079n],
    [0x080n, 0x00an],
    [0x099n, 0x05fn],
    [0x555n, 0x2d5n],
    [0x999n, 0x0ffn],
  ])('the declet of %i is %i', (digits, declet) => {
    expect(convert('cbcdtd', digits)).toBe(declet);
    expect(convert('cdtbcd', declet)).toBe(digits);
  });

  it('every three digits have a declet of their own, and 24 more declets are read too', () => {
    const declets = new Set<bigint>();
    for (let n = 0; n < 1000; n++) {
      const digits = BigInt(`0x${n}`);
      const declet = convert('cbcdtd', digits);
      expect(declet < 1024n).toBe(true);
      expect(convert('cdtbcd', declet)).toBe(digits);
      declets.add(declet);
    }
    expect(declets.size).toBe(1000);
    // Redundant codes: with three large digits the first two bits do not count.
    expect([0x0ffn, 0x1ffn, 0x2ffn, 0x3ffn].map((d) => convert('cdtbcd', d))).toEqual(Array(4).fill(0x999n));
  });

  it('works on the two groups of each word', () => {
    const declets = (0x2d5n << 42n) | (0x0ffn << 32n) | (0x05fn << 10n) | 0x00an;
    expect(convert('cdtbcd', declets)).toBe(0x0055_5999_0009_9080n);
    expect(convert('cbcdtd', 0x0055_5999_0009_9080n)).toBe(declets);
  });

  it('addg6s gives sixes where no carry leaves a digit, so that a decimal sum can be corrected', () => {
    const add6 = (a: bigint, b: bigint): bigint =>
      execute('addg6s', { RT: 3, RA: 4, RB: 5 }, { gpr: registers({ 4: a, 5: b }) }).machine.gpr[3]!;
    expect(add6(0n, 0n)).toBe(0x6666_6666_6666_6666n);
    expect(add6(0x9n, 0x8n)).toBe(0x6666_6666_6666_6660n);
    expect(add6(ONES, 1n)).toBe(0n);
    // 199 + 908 = 1107, as compilers do it: (a + 666) + b, less the sixes.
    const biased = 0x199n + 0x6666_6666_6666_6666n;
    expect(BigInt.asUintN(64, biased + 0x908n - add6(biased, 0x908n))).toBe(0x1107n);
  });
});

describe('reserved bits', () => {
  it.each(['popcntd', 'cmp', 'modud', 'crand'])('the last bit of %s does not record', (mnemonic) => {
    const image = named(mnemonic).match | 1n | (7n << 23n);
    expect(findInstruction(image)?.mnemonic).toBe(mnemonic);
    const machine = newMachine({ cr: [0xf, 0, 0, 0, 0, 0, 0, 0] });
    evaluate(named(mnemonic), image, machine);
    expect(machine.cr[0]).toBe(0xf);
  });
});
