/** Vector-scalar loads and stores by length, of pairs, of elements and of single-precision numbers, byte by byte. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import { MSR } from '../../isa/registers/msr';
import { evaluate, newMachine } from '../support/evaluate';
import { BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';
import { imageOf } from '../support/find-instruction';

const EA = 0x1000n;
const MEMORY = '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210';
const vsrs = (values: Readonly<Record<number, bigint>>): bigint[] =>
  Array.from({ length: 64 }, (_, n) => values[n] ?? 0n);
const hex = (value: bigint): string => value.toString(16).padStart(32, '0');
const ENDIANS = { le: LE_64, be: BE_64 } as const;
type Endian = keyof typeof ENDIANS;
const both: Endian[] = ['le', 'be'];

/** The last row of a name: the one of the newest level. */
const newest = (mnemonic: string) => INSTRUCTIONS.filter((i) => i.mnemonic === mnemonic).at(-1)!;
function loaded(mnemonic: string, endian: Endian, fields: Record<string, number>, old = 0n): string[] {
  const instruction = newest(mnemonic);
  const machine = newMachine({
    modes: ENDIANS[endian],
    gpr: registers({ 4: EA }),
    vsr: Array<bigint>(64).fill(old),
    storage: holding(EA, MEMORY),
  });
  expect(evaluate(instruction, imageOf(instruction, { RA: 4, ...fields }), machine).kind).toBe('next');
  return machine.vsr.map(hex);
}

describe.each(both)('%s', (endian) => {
  const reverse = (bytes: string): string => (bytes.match(/../g) ?? []).reverse().join('');
  const number = (bytes: string): string => (endian === 'le' ? reverse(bytes) : bytes);

  test('lxvl and stxvl move a number of 0 to 16 bytes, lxvll and stxvll a string', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.bigInt(0n, (1n << 128n) - 1n), (length, value) => {
        const count = Math.min(length, 16);
        const gpr = registers({ 4: EA, 6: BigInt(length) << 56n });
        const options = { modes: ENDIANS[endian], gpr, storage: holding(EA, MEMORY) };
        const bytes = MEMORY.slice(0, 2 * count);
        const left = bytes.padEnd(32, '0');
        const right = reverse(bytes).padStart(32, '0');
        const result = (name: string): string =>
          hex(execute(name, { XT: 40, RA: 4, RB: 6 }, options).machine.vsr[40]!);
        expect(result('lxvl')).toBe(endian === 'le' ? right : left);
        expect(result('lxvll')).toBe(left);
        const stored = (name: string): string =>
          held(
            execute(name, { XS: 3, RA: 4, RB: 6 }, { ...options, vsr: vsrs({ 3: value }) }).machine,
            EA,
            32,
          );
        const rest = MEMORY.slice(2 * count);
        const text = hex(value);
        const low = reverse(text).slice(0, 2 * count);
        expect(stored('stxvl')).toBe((endian === 'le' ? low : text.slice(0, 2 * count)) + rest);
        expect(stored('stxvll')).toBe(text.slice(0, 2 * count) + rest);
      }),
    );
  });

  test('a length of 0 accesses nothing, and a fault leaves the register', () => {
    const none = execute('lxvl', { XT: 1, RA: 4, RB: 5 }, { modes: ENDIANS[endian], vsr: vsrs({ 1: 7n }) });
    expect(none.outcome.accesses).toEqual([]);
    expect(none.machine.vsr[1]).toBe(0n);
    const gpr = registers({ 4: EA, 6: 5n << 56n });
    const faulting = execute(
      'lxvl',
      { XT: 1, RA: 4, RB: 6 },
      { modes: ENDIANS[endian], gpr, vsr: vsrs({ 1: 7n }), storage: holding(EA, '01020304') },
    );
    expect(faulting.outcome.kind).toBe('fault');
    expect(faulting.machine.vsr[1]).toBe(7n);
  });

  test('pairs are one number of 32 bytes', () => {
    const [first, second] = [MEMORY.slice(0, 32), MEMORY.slice(32)].map(number);
    const vsr = loaded('lxvpx', endian, { XTp: 17 });
    expect([vsr[34], vsr[35]]).toEqual(endian === 'le' ? [second, first] : [first, second]);
    expect(loaded('lxvp', endian, { XTp: 17 })[34]).toBe(vsr[34]);
    const values = vsrs({ 34: BigInt(`0x${vsr[34]}`), 35: BigInt(`0x${vsr[35]}`) });
    for (const name of ['stxvp', 'stxvpx']) {
      const storage = holding(EA, '00'.repeat(32));
      const gpr = registers({ 4: EA });
      const x = execute(name, { XSp: 17, RA: 4 }, { modes: ENDIANS[endian], gpr, vsr: values, storage });
      expect(held(x.machine, EA, 32)).toBe(MEMORY);
    }
  });

  test.each([['b', 1], ['h', 2], ['w', 4], ['d', 8]] as const)('the rightmost element: %s', (letter, bytes) => {
    const text = number(MEMORY.slice(0, 2 * bytes));
    expect(loaded(`lxvr${letter}x`, endian, { XT: 5 }, (1n << 128n) - 1n)[5]).toBe(text.padStart(32, '0'));
    const storage = holding(EA, 'ff'.repeat(8));
    const gpr = registers({ 4: EA });
    const value = BigInt(`0x${'77'.repeat(16 - bytes)}${text}`);
    const x = execute(
      `stxvr${letter}x`, { XS: 5, RA: 4 }, { modes: ENDIANS[endian], gpr, vsr: vsrs({ 5: value }), storage },
    );
    expect(held(x.machine, EA, 8)).toBe(MEMORY.slice(0, 2 * bytes) + 'ff'.repeat(8 - bytes));
  }); // prettier-ignore

  test.each([
    ['3f800000', '3ff0000000000000'],
    ['00000001', '36a0000000000000'],
    ['807fffff', 'b80fffffc0000000'],
    ['7f800000', '7ff0000000000000'],
    ['ff800001', 'fff0000020000000'],
    ['7fc12345', '7ff82468a0000000'],
  ])('the single %s is the double %s', (single, double) => {
    const storage = holding(EA, number(single));
    const gpr = registers({ 4: EA });
    const options = { modes: ENDIANS[endian], gpr, storage };
    for (const [name, fields] of [
      ['lxsspx', { XT: 33, RA: 4 }],
      ['lxssp', { VRT: 1, RA: 4 }],
    ] as const)
      expect(hex(execute(name, fields, options).machine.vsr[33]!)).toBe(double + '0'.repeat(16));
    const vsr = vsrs({ 33: BigInt(`0x${double}`) << 64n });
    for (const [name, fields] of [
      ['stxsspx', { XS: 33, RA: 4 }],
      ['stxssp', { VRS: 1, RA: 4 }],
    ] as const) {
      const x = execute(name, fields, { ...options, vsr, storage: holding(EA, '00000000') });
      expect(held(x.machine, EA, 4)).toBe(number(single));
    }
  });
});

test('doubleword 1 of an indexed scalar load stays before v3.1, and is 0 from then on', () => {
  const old = (1n << 128n) - 1n;
  for (const name of ['lxsdx', 'lxsiwax', 'lxsiwzx', 'lxsibzx', 'lxsihzx', 'lxsspx']) {
    const levels = INSTRUCTIONS.filter((i) => i.mnemonic === name).map((i) => i.row.until ?? i.row.level);
    expect(levels).toEqual(['v3.0C', 'v3.1']);
    expect(loaded(name, 'le', { XT: 5 }, old)[5]!.slice(16)).toBe('0'.repeat(16));
    const storage = holding(EA, MEMORY);
    const vsr = vsrs({ 5: old });
    const early = execute(name, { XT: 5, RA: 4 }, { gpr: registers({ 4: EA }), storage, vsr });
    expect(hex(early.machine.vsr[5]!).slice(16)).toBe('f'.repeat(16));
  }
});

test('facilities by the number of the register', () => {
  const { resources } = execute('addi', {}).machine;
  const without = (mask: bigint) => ({ resources: { ...resources, MSR: resources.MSR & ~mask } });
  for (const name of ['lxvl', 'lxvll', 'plxv']) {
    expect(raised(execute(name, { XT: 31 }, without(MSR.VSX.mask)))).toBe('vsxUnavailable');
    expect(raised(execute(name, { XT: 32 }, without(MSR.VEC.mask)))).toBe('vectorUnavailable');
    expect(raised(execute(name, { XT: 31 }, without(MSR.VEC.mask)))).toBeUndefined();
  }
  expect(raised(execute('lxssp', {}, without(MSR.VEC.mask)))).toBe('vectorUnavailable');
  expect(raised(execute('lxvpx', { XTp: 16 }, without(MSR.VSX.mask)))).toBe('vsxUnavailable');
  expect(raised(execute('xsaddqp', {}, without(MSR.VSX.mask)))).toBe('vsxUnavailable');
  expect(raised(execute('xsadddp', { XT: 40 }, without(MSR.VSX.mask)))).toBe('vsxUnavailable');
});
