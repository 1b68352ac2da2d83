/** Vector and vector-scalar instructions without arithmetic: cases computed by hand, and twins on arrays of bytes. */
import fc from 'fast-check';
import { MSR } from '../../isa/registers/msr';
import { BE_64, execute, held, holding, LE_64, raised, registers, type Execution } from '../support/execute';

const AT = 0x2000n;
const HEX = '000102030405060708090a0b0c0d0e0f';
const ASCENDING = BigInt(`0x${HEX}`);
const vsrs = (values: Readonly<Record<number, bigint>>): bigint[] =>
  Array.from({ length: 64 }, (_, n) => values[n] ?? 0n);
const hex = (value: bigint): string => value.toString(16).padStart(32, '0');
const bytesOf = (value: bigint): number[] => [...Buffer.from(hex(value), 'hex')];
const ofBytes = (bytes: readonly number[]): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const any128 = fc.bigInt(0n, (1n << 128n) - 1n);

/** Instructions without VRA, or without XA. */
const UNARY = /^(vsplt|mtvscr|xvabs|xxspltw)/;
/** VRT = 2 of an instruction over VRA = 3, VRB = 4 and VRC = 5. */
const vector = (name: string, fields: Record<string, number>, [a, b, c]: readonly bigint[]): Execution =>
  execute(
    name,
    {
      VRT: 2,
      ...(UNARY.test(name) ? {} : { VRA: 3 }),
      ...(/^vspltis/.test(name) ? {} : { VRB: 4 }),
      ...fields,
    },
    { vsr: vsrs({ 34: 99n, 35: a ?? 0n, 36: b ?? 0n, 37: c ?? 0n }) },
  );
const resultOf = ({ machine }: Execution): bigint => machine.vsr[34]!;

describe('loads and stores', () => {
  const at = (offset: bigint) => ({ gpr: registers({ 4: AT + offset }) });
  const reading = { storage: holding(AT, HEX) };

  test.each([
    ['lvx', 5n, BE_64, HEX],
    ['lvx', 5n, LE_64, '0f0e0d0c0b0a09080706050403020100'],
    ['lvebx', 3n, BE_64, 'ffffff03ffffffffffffffffffffffff'],
    ['lvebx', 3n, LE_64, 'ffffffffffffffffffffffff03ffffff'],
    ['lvehx', 11n, BE_64, 'ffffffffffffffffffff0a0bffffffff'],
    ['lvehx', 11n, LE_64, 'ffffffff0b0affffffffffffffffffff'],
    ['lvewx', 14n, BE_64, 'ffffffffffffffffffffffff0c0d0e0f'],
    ['lvewx', 14n, LE_64, '0f0e0d0cffffffffffffffffffffffff'],
  ])('%s at offset %d, %o', (name, offset, modes, expected) => {
    const old = vsrs({ 34: (1n << 128n) - 1n });
    const x = execute(name, { VRT: 2, RA: 0, RB: 4 }, { ...at(offset), ...reading, vsr: old, modes });
    expect(hex(resultOf(x))).toBe(expected);
  });

  test.each([
    ['stvx', 9n, BE_64, 0n, HEX],
    ['stvx', 9n, LE_64, 0n, '0f0e0d0c0b0a09080706050403020100'],
    ['stvebx', 3n, BE_64, 3n, '03'],
    ['stvebx', 3n, LE_64, 3n, '0c'],
    ['stvehx', 7n, BE_64, 6n, '0607'],
    ['stvehx', 7n, LE_64, 6n, '0908'],
    ['stvewx', 9n, BE_64, 8n, '08090a0b'],
    ['stvewx', 9n, LE_64, 8n, '07060504'],
  ])('%s at offset %d, %o', (name, offset, modes, from, expected) => {
    const storage = holding(AT, 'ee'.repeat(16));
    const x = execute(
      name,
      { VRS: 2, RB: 4 },
      { ...at(offset), storage, vsr: vsrs({ 34: ASCENDING }), modes },
    );
    expect(held(x.machine, AT + from, expected.length / 2)).toBe(expected);
    const others = held(x.machine, AT, 16).replaceAll('ee', '').length;
    expect(others).toBe(expected.length);
  });

  test.each([
    ['lxvd2x', BE_64, HEX],
    ['lxvd2x', LE_64, '07060504030201000f0e0d0c0b0a0908'],
    ['lxvw4x', BE_64, HEX],
    ['lxvw4x', LE_64, '03020100070605040b0a09080f0e0d0c'],
    ['lxvh8x', LE_64, '01000302050407060908 0b0a0d0c0f0e'.replace(' ', '')],
    ['lxvb16x', BE_64, HEX],
    ['lxvb16x', LE_64, HEX],
    ['lxvx', BE_64, HEX],
    ['lxvx', LE_64, '0f0e0d0c0b0a09080706050403020100'],
    ['lxvdsx', BE_64, '00010203040506070001020304050607'],
    ['lxvwsx', LE_64, '03020100030201000302010003020100'],
    ['lxsdx', LE_64, '07060504030201000000000000000000'],
    ['lxsiwzx', BE_64, '00000000000102030000000000000000'],
    ['lxsihzx', LE_64, '00000000000001000000000000000000'],
  ])('%s and its store, %o', (name, modes, expected) => {
    const x = execute(name, { XT: 33, RB: 4 }, { ...at(0n), ...reading, modes });
    expect(hex(x.machine.vsr[33]!)).toBe(expected);
    const store = { lxvdsx: undefined, lxvwsx: undefined, lxsiwzx: 'stxsiwx', lxsihzx: 'stxsihx' };
    const back = name in store ? store[name as keyof typeof store] : name.replace('l', 'st');
    if (!back) return;
    const y = execute(
      back,
      { XS: 33, RB: 4 },
      { ...at(0n), storage: holding(AT, 'ee'.repeat(16)), vsr: x.machine.vsr, modes },
    );
    const stored = held(y.machine, AT, 16).replaceAll('ee', '');
    expect(HEX.startsWith(stored)).toBe(true);
    expect(stored.length).toBeGreaterThanOrEqual(4);
  });

  test('FPR n is the first half of VSR n, VR n is VSR 32 + n', () => {
    const x = execute('lfd', { FRT: 7, RA: 4, D: 0 }, { ...at(0n), ...reading, modes: BE_64 });
    expect(hex(x.machine.vsr[7]!)).toBe(`${HEX.slice(0, 16)}${'0'.repeat(16)}`);
    const moved = execute('xxlor', { XT: 60, XA: 7, XB: 7 }, { vsr: x.machine.vsr });
    const y = execute('vor', { VRT: 1, VRA: 28, VRB: 28 }, { vsr: moved.machine.vsr });
    expect(y.machine.vsr[33]).toBe(x.machine.vsr[7]);
  });

  test('a fault leaves the register alone', () => {
    const storage = holding(AT, HEX.slice(0, 16));
    const x = execute('lxvd2x', { XT: 1, RB: 4 }, { ...at(0n), storage, vsr: vsrs({ 1: 77n }) });
    expect([x.outcome.kind, x.machine.vsr[1]]).toEqual(['fault', 77n]);
  });
});

describe('permutations', () => {
  test.each([
    ['lvsl', 0n, '000102030405060708090a0b0c0d0e0f'],
    ['lvsl', 5n, '05060708090a0b0c0d0e0f1011121314'],
    ['lvsr', 0n, '101112131415161718191a1b1c1d1e1f'],
    ['lvsr', 15n, '0102030405060708090a0b0c0d0e0f10'],
  ])('%s at offset %d', (name, offset, expected) => {
    const x = execute(name, { VRT: 2, RB: 4 }, { gpr: registers({ 4: AT + offset }) });
    expect(hex(resultOf(x))).toBe(expected);
  });

  test('vperm and vpermr choose bytes of a pair', () => {
    fc.assert(
      fc.property(any128, any128, any128, (a, b, c) => {
        const pair = [...bytesOf(a), ...bytesOf(b)];
        const perm = resultOf(vector('vperm', { VRC: 5 }, [a, b, c]));
        expect(hex(perm)).toBe(hex(ofBytes(bytesOf(c).map((n) => pair[n & 31]!))));
        const permr = resultOf(vector('vpermr', { VRC: 5 }, [a, b, c]));
        expect(hex(permr)).toBe(hex(ofBytes(bytesOf(c).map((n) => pair[31 - (n & 31)]!))));
      }),
    );
  });

  test('vsldoi, merges and splats', () => {
    const other = ASCENDING + BigInt(`0x${'10'.repeat(16)}`);
    const both = (name: string, fields: Record<string, number> = {}): string =>
      hex(resultOf(vector(name, fields, [ASCENDING, other])));
    expect(both('vsldoi', { SHB: 0 })).toBe(HEX);
    expect(both('vsldoi', { SHB: 15 })).toBe('0f101112131415161718191a1b1c1d1e');
    expect(both('vmrghb')).toBe('00100111021203130414051506160717');
    expect(both('vmrglh')).toBe('080918190a0b1a1b0c0d1c1d0e0f1e1f');
    expect(both('vmrghw')).toBe('00010203101112130405060714151617');
    expect(both('vmrgew')).toBe('000102031011121308090a0b18191a1b');
    expect(both('vmrgow')).toBe('04050607141516170c0d0e0f1c1d1e1f');
    expect(both('vspltb', { UIM4: 9 })).toBe('19'.repeat(16));
    expect(both('vsplth', { UIM3: 3 })).toBe('1617'.repeat(8));
    expect(both('vspltw', { UIM2: 2 })).toBe('18191a1b'.repeat(4));
    expect(both('vspltisb', { SIM: -1 })).toBe('ff'.repeat(16));
    expect(both('vspltish', { SIM: 15 })).toBe('000f'.repeat(8));
    expect(both('vspltisw', { SIM: -16 })).toBe('fffffff0'.repeat(4));
  });

  test('doublewords and words of VSRs', () => {
    const run = (name: string, fields: Record<string, number>): string => {
      const other = ASCENDING + BigInt(`0x${'10'.repeat(16)}`);
      const sources = name === 'xxspltib' ? {} : UNARY.test(name) ? { XB: 3 } : { XA: 2, XB: 3 };
      const x = execute(name, { XT: 1, ...sources, ...fields }, { vsr: vsrs({ 2: ASCENDING, 3: other }) });
      return hex(x.machine.vsr[1]!);
    };
    expect(run('xxpermdi', { DM: 0 })).toBe('00010203040506071011121314151617');
    expect(run('xxpermdi', { DM: 1 })).toBe('000102030405060718191a1b1c1d1e1f');
    expect(run('xxpermdi', { DM: 2 })).toBe('08090a0b0c0d0e0f1011121314151617');
    expect(run('xxsldwi', { SHW: 1 })).toBe('0405060708090a0b0c0d0e0f10111213');
    expect(run('xxsldwi', { SHW: 3 })).toBe('0c0d0e0f101112131415161718191a1b');
    expect(run('xxmrghw', {})).toBe('00010203101112130405060714151617');
    expect(run('xxmrglw', {})).toBe('08090a0b18191a1b0c0d0e0f1c1d1e1f');
    expect(run('xxspltw', { UIM2: 1 })).toBe('14151617'.repeat(4));
    expect(run('xxspltib', { IMM8: 0xa5 })).toBe('a5'.repeat(16));
    expect(run('xvabsdp', {})).toBe(hex((ASCENDING + BigInt(`0x${'10'.repeat(16)}`)) & ~((1n << 127n) | (1n << 63n)))); // prettier-ignore
  });
});

describe('logical and moves', () => {
  const LOGICAL: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
    and: (a, b) => a & b,
    andc: (a, b) => a & ~b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    nor: (a, b) => ~(a | b),
    orc: (a, b) => a | ~b,
    nand: (a, b) => ~(a & b),
    eqv: (a, b) => ~(a ^ b),
  };
  test.each(Object.keys(LOGICAL))('%s', (name) => {
    fc.assert(
      fc.property(any128, any128, (a, b) => {
        const expected = hex(BigInt.asUintN(128, LOGICAL[name]!(a, b)));
        expect(hex(resultOf(vector(`v${name}`, {}, [a, b])))).toBe(expected);
        const x = execute(`xxl${name}`, { XT: 1, XA: 2, XB: 3 }, { vsr: vsrs({ 2: a, 3: b }) });
        expect(hex(x.machine.vsr[1]!)).toBe(expected);
      }),
      { numRuns: 20 },
    );
  });

  test('selects take b where the mask has ones', () => {
    expect(resultOf(vector('vsel', { VRC: 5 }, [0b1010n, 0b0110n, 0b1100n]))).toBe(0b0110n);
    const x = execute('xxsel', { XT: 1, XA: 2, XB: 3, XC: 4 }, { vsr: vsrs({ 2: 10n, 3: 6n, 4: 3n }) });
    expect(x.machine.vsr[1]).toBe(10n);
  });

  test('VSCR has 32 bits', () => {
    const x = vector('mtvscr', {}, [0n, (1n << 128n) - 1n]);
    expect(x.machine.resources.VSCR).toBe(0xffff_ffffn);
    const read = execute('mfvscr', { VRT: 2 }, { resources: x.machine.resources });
    expect(resultOf(read)).toBe(0xffff_ffffn);
  });

  test('between GPRs and VSRs', () => {
    const gpr = registers({ 4: 0xfedc_ba98_8765_4321n, 5: 5n });
    const to = (name: string): string =>
      hex(execute(name, { XT: 40, RA: 4, RB: 5 }, { gpr }).machine.vsr[40]!);
    expect(to('mtvsrd')).toBe('fedcba98876543210000000000000000');
    expect(to('mtvsrwa')).toBe('ffffffff876543210000000000000000');
    expect(to('mtvsrwz')).toBe('00000000876543210000000000000000');
    expect(to('mtvsrdd')).toBe('fedcba98876543210000000000000005');
    expect(to('mtvsrws')).toBe('87654321'.repeat(4));
    const from = (name: string): bigint =>
      execute(name, { XS: 2, RA: 4 }, { vsr: vsrs({ 2: ASCENDING }) }).gpr[4]!;
    expect(from('mfvsrd')).toBe(0x0001_0203_0405_0607n);
    expect(from('mfvsrwz')).toBe(0x0405_0607n);
    expect(from('mfvsrld')).toBe(0x0809_0a0b_0c0d_0e0fn);
  });
});

describe('comparisons', () => {
  const cr6 = ({ machine }: Execution): number => machine.cr[6]!;
  test.each([
    ['vcmpequb.', 1n, 1n, 8],
    ['vcmpequd.', 1n, 2n, 0],
    ['vcmpequw.', ASCENDING, ~ASCENDING, 2],
    ['vcmpgtub.', BigInt(`0x${'80'.repeat(16)}`), BigInt(`0x${'7f'.repeat(16)}`), 8],
    ['vcmpgtsb.', BigInt(`0x${'80'.repeat(16)}`), BigInt(`0x${'7f'.repeat(16)}`), 2],
    ['vcmpgtud.', 1n << 127n, 0n, 0],
    ['vcmpneh.', 5n, 5n, 2],
    ['vcmpnezh.', 5n, 5n, 0],
  ])('%s of %x and %x sets CR6 to %d', (name, a, b, expected) => {
    expect(cr6(vector(name, {}, [BigInt.asUintN(128, a), BigInt.asUintN(128, b)]))).toBe(expected);
  });

  test.each(['b', 'h', 'w', 'd'])('elements of size %s', (size) => {
    const bits = { b: 8, h: 16, w: 32, d: 64 }[size]!;
    const elements = (v: bigint, isSigned = false): bigint[] =>
      Array.from({ length: 128 / bits }, (_, i) =>
        isSigned ? BigInt.asIntN(bits, v >> BigInt(i * bits)) : BigInt.asUintN(bits, v >> BigInt(i * bits)),
      );
    const check = (name: string, test: (a: bigint, b: bigint) => boolean, isSigned = false): void =>
      fc.assert(
        fc.property(any128, any128, fc.boolean(), (a, x, same) => {
          const b = same ? (a & ~0xffn) | (x & 0xffn) : x;
          const [p, q] = [elements(a, isSigned), elements(b, isSigned)];
          const expected = p.map((v, i) => (test(v, q[i]!) ? (1n << BigInt(bits)) - 1n : 0n));
          expect(elements(resultOf(vector(`${name}${size}`, {}, [a, b])))).toEqual(expected);
        }),
        { numRuns: 30 },
      );
    check('vcmpequ', (a, b) => a === b);
    check('vcmpgtu', (a, b) => a > b);
    check('vcmpgts', (a, b) => a > b, true);
  });
});

test('data streams are hints that need no facility', () => {
  const { resources } = execute('addi', {}).machine;
  const off = { resources: { ...resources, MSR: resources.MSR & ~MSR.VEC.mask } };
  for (const [name, fields] of [
    ['dst', { RB: 4, STRM: 3 }],
    ['dststt', { RB: 4 }],
    ['dss', { STRM: 1 }],
    ['dssall', {}],
  ] as const)
    // prettier-ignore
    expect(execute(name, fields, off).outcome).toMatchObject({ kind: 'next', accesses: [] });
});

test('facilities: MSR[VEC], MSR[VSX], and by the register where the manual says so', () => {
  const { resources } = execute('addi', {}).machine;
  const without = (mask: bigint) => ({ resources: { ...resources, MSR: resources.MSR & ~mask } });
  expect(raised(execute('vor', {}, without(MSR.VEC.mask)))).toBe('vectorUnavailable');
  expect(raised(execute('lvx', {}, without(MSR.VEC.mask)))).toBe('vectorUnavailable');
  expect(raised(execute('xxlor', { XT: 40 }, without(MSR.VEC.mask)))).toBeUndefined();
  expect(raised(execute('xxlor', {}, without(MSR.VSX.mask)))).toBe('vsxUnavailable');
  expect(raised(execute('lxvx', { XT: 31 }, without(MSR.VSX.mask)))).toBe('vsxUnavailable');
  expect(raised(execute('xxspltib', { XT: 32 }, without(MSR.VSX.mask)))).toBeUndefined();
  expect(raised(execute('xxspltib', { XT: 32 }, without(MSR.VEC.mask)))).toBe('vectorUnavailable');
  expect(raised(execute('mfvsrd', { XS: 3, RA: 4 }, without(MSR.FP.mask)))).toBe('fpUnavailable');
  expect(raised(execute('mtvsrd', { XT: 33, RA: 4 }, without(MSR.VEC.mask)))).toBe('vectorUnavailable');
});
