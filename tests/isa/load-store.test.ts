import { BE_32, BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';

const BYTES = '8182838485868788';
const AT = 0x2000n;
const storage = () => holding(AT, BYTES);

/** Mnemonic, RT in big-endian and in little-endian mode for an operand at AT. */
const LOADS: readonly (readonly [string, bigint, bigint])[] = [
  ['lbz', 0x81n, 0x81n],
  ['lhz', 0x8182n, 0x8281n],
  ['lha', 0xffff_ffff_ffff_8182n, 0xffff_ffff_ffff_8281n],
  ['lwz', 0x8182_8384n, 0x8483_8281n],
  ['lwa', 0xffff_ffff_8182_8384n, 0xffff_ffff_8483_8281n],
  ['ld', 0x8182_8384_8586_8788n, 0x8887_8685_8483_8281n],
];
const displacementField = (mnemonic: string): Record<string, number> =>
  /^(lwa|ldu?|stdu?)$/.test(mnemonic) ? { DS: -2 } : { D: -8 };

describe('loads', () => {
  test.each(LOADS)('%s extends the operand in both byte orders', (mnemonic, big, little) => {
    const fields = { RT: 3, RA: 4, ...displacementField(mnemonic) };
    const gpr = registers({ 3: ~0n & 0xffffn, 4: AT + 8n });
    expect(execute(mnemonic, fields, { gpr, storage: storage(), modes: BE_64 }).gpr[3]).toBe(big);
    expect(execute(mnemonic, fields, { gpr, storage: storage(), modes: LE_64 }).gpr[3]).toBe(little);
  });

  test.each(LOADS)('%sx adds two registers', (mnemonic, big) => {
    const gpr = registers({ 4: AT - 0x30n, 5: 0x30n });
    const x = execute(`${mnemonic}x`, { RT: 3, RA: 4, RB: 5 }, { gpr, storage: storage(), modes: BE_64 });
    expect(x.gpr[3]).toBe(big);
    expect(x.gpr[4]).toBe(AT - 0x30n);
    expect(x.outcome).toMatchObject({ kind: 'next', nia: 0x1004n });
  });

  test.each(LOADS.filter(([mnemonic]) => mnemonic !== 'lwa'))(
    '%su writes the address to RA',
    (mnemonic, big) => {
      const fields = { RT: 3, RA: 4, ...displacementField(`${mnemonic}u`) };
      const gpr = registers({ 4: AT + 8n });
      const x = execute(`${mnemonic}u`, fields, { gpr, storage: storage(), modes: BE_64 });
      expect([x.gpr[3], x.gpr[4]]).toEqual([big, AT]);
    },
  );

  test.each(LOADS)('%sux writes the address to RA', (mnemonic, big) => {
    const gpr = registers({ 4: AT - 0x30n, 5: 0x30n });
    const x = execute(`${mnemonic}ux`, { RT: 3, RA: 4, RB: 5 }, { gpr, storage: storage(), modes: BE_64 });
    expect([x.gpr[3], x.gpr[4], x.gpr[5]]).toEqual([big, AT, 0x30n]);
  });

  test('RB may be the target of an update form', () => {
    const gpr = registers({ 4: AT - 0x30n, 5: 0x30n });
    const x = execute('lbzux', { RT: 5, RA: 4, RB: 5 }, { gpr, storage: storage() });
    expect([x.gpr[4], x.gpr[5]]).toEqual([AT, 0x81n]);
  });

  test('RA = 0 is the value 0, not GPR 0', () => {
    const gpr = registers({ 0: 0x5555n, 5: AT });
    expect(execute('lbz', { RT: 3, RA: 0, D: 0x2000 }, { gpr, storage: storage() }).gpr[3]).toBe(0x81n);
    expect(execute('lbzx', { RT: 3, RA: 0, RB: 5 }, { gpr, storage: storage() }).gpr[3]).toBe(0x81n);
  });

  test('a base that is also the target is read before it is written', () => {
    const x = execute(
      'ld',
      { RT: 4, RA: 4 },
      { gpr: registers({ 4: AT }), storage: storage(), modes: BE_64 },
    );
    expect(x.gpr[4]).toBe(0x8182_8384_8586_8788n);
  });

  test.each([
    ['lhbrx', 0x8281n, 0x8182n],
    ['lwbrx', 0x8483_8281n, 0x8182_8384n],
    ['ldbrx', 0x8887_8685_8483_8281n, 0x8182_8384_8586_8788n],
  ])('%s reverses the byte order of the mode', (mnemonic, big, little) => {
    const gpr = registers({ 3: ~0n & 0xffff_ffff_ffff_ffffn, 5: AT });
    const fields = { RT: 3, RA: 0, RB: 5 };
    expect(execute(mnemonic, fields, { gpr, storage: storage(), modes: BE_64 }).gpr[3]).toBe(big);
    expect(execute(mnemonic, fields, { gpr, storage: storage(), modes: LE_64 }).gpr[3]).toBe(little);
  });

  test('in 32-bit mode the high word of an address is ignored, and 0 where RA is updated', () => {
    const gpr = registers({ 4: 0xaaaa_0000_ffff_fff0n });
    const at = holding(0x10n, BYTES);
    expect(execute('lbz', { RT: 3, RA: 4, D: 0x20 }, { gpr, storage: at, modes: BE_32 }).gpr[3]).toBe(0x81n);
    const x = execute('lbzu', { RT: 3, RA: 4, D: 0x20 }, { gpr, storage: at, modes: BE_32 });
    expect([x.gpr[3], x.gpr[4]]).toEqual([0x81n, 0x10n]);
    const wide = holding(0xaaaa_0001_0000_0010n, BYTES);
    const y = execute('lbzu', { RT: 3, RA: 4, D: 0x20 }, { gpr, storage: wide, modes: BE_64 });
    expect([y.gpr[3], y.gpr[4]]).toEqual([0x81n, 0xaaaa_0001_0000_0010n]);
  });

  test.each(['lbz', 'lbzx', 'lbzu', 'lbzux', 'ldu', 'lwaux', 'lhau', 'ldbrx'])(
    '%s changes no register where the access faults',
    (mnemonic) => {
      const gpr = registers({ 3: 33n, 4: 44n, 5: 55n });
      const fields = mnemonic.endsWith('x') ? { RT: 3, RA: 4, RB: 5 } : { RT: 3, RA: 4 };
      const x = execute(mnemonic, fields, { gpr });
      expect(x.outcome.kind).toBe('fault');
      expect(x.gpr).toEqual(gpr);
    },
  );

  test.each(['lbzu', 'lhzu', 'lhau', 'lwzu', 'ldu', 'lbzux', 'lhzux', 'lhaux', 'lwzux', 'lwaux', 'ldux'])(
    '%s is invalid with RA = 0 and with RA = RT',
    (mnemonic) => {
      expect(raised(execute(mnemonic, { RT: 3, RA: 0 }))).toBe('illegal');
      expect(raised(execute(mnemonic, { RT: 3, RA: 3 }))).toBe('illegal');
      expect(raised(execute(mnemonic, { RT: 3, RA: 4 }))).toBeUndefined();
    },
  );
});

const STORES: readonly (readonly [string, string, string])[] = [
  ['stb', '88', '88'],
  ['sth', '8788', '8887'],
  ['stw', '85868788', '88878685'],
  ['std', '8182838485868788', '8887868584838281'],
];
const VALUE = 0x8182_8384_8586_8788n;
const room = () => holding(AT, '00'.repeat(8));

describe('stores', () => {
  test.each(STORES)('%s stores the low bytes in both byte orders', (mnemonic, big, little) => {
    const fields = { RS: 3, RA: 4, ...displacementField(mnemonic) };
    const gpr = registers({ 3: VALUE, 4: AT + 8n });
    const b = execute(mnemonic, fields, { gpr, storage: room(), modes: BE_64 });
    expect(held(b.machine, AT, 8)).toBe(big.padEnd(16, '0'));
    const l = execute(mnemonic, fields, { gpr, storage: room(), modes: LE_64 });
    expect(held(l.machine, AT, 8)).toBe(little.padEnd(16, '0'));
    expect(l.gpr).toEqual(gpr);
  });

  test.each(STORES)('%sx adds two registers, also with update', (mnemonic, big) => {
    const gpr = registers({ 3: VALUE, 4: AT - 0x30n, 5: 0x30n });
    const fields = { RS: 3, RA: 4, RB: 5 };
    const x = execute(`${mnemonic}x`, fields, { gpr, storage: room(), modes: BE_64 });
    expect([held(x.machine, AT, 8), x.gpr[4]]).toEqual([big.padEnd(16, '0'), AT - 0x30n]);
    const u = execute(`${mnemonic}ux`, fields, { gpr, storage: room(), modes: BE_64 });
    expect([held(u.machine, AT, 8), u.gpr[4]]).toEqual([big.padEnd(16, '0'), AT]);
  });

  test.each(STORES)('%su stores RS as it was, also where RS is RA', (mnemonic, _big, little) => {
    const fields = { RA: 4, ...displacementField(`${mnemonic}u`) };
    const x = execute(`${mnemonic}u`, { RS: 3, ...fields }, { gpr: registers({ 3: VALUE, 4: AT + 8n }), storage: room() }); // prettier-ignore
    expect([held(x.machine, AT, 8), x.gpr[4]]).toEqual([little.padEnd(16, '0'), AT]);
    const same = execute(`${mnemonic}u`, { RS: 4, ...fields }, { gpr: registers({ 4: AT + 8n }), storage: room() }); // prettier-ignore
    const bytes = little.length / 2;
    expect(held(same.machine, AT, bytes)).toBe('0820000000000000'.slice(0, 2 * bytes));
    expect(same.gpr[4]).toBe(AT);
  });

  test.each([
    ['sthbrx', '8887', '8788'],
    ['stwbrx', '88878685', '85868788'],
    ['stdbrx', '8887868584838281', '8182838485868788'],
  ])('%s reverses the byte order of the mode', (mnemonic, big, little) => {
    const gpr = registers({ 3: VALUE, 5: AT });
    const fields = { RS: 3, RA: 0, RB: 5 };
    const b = execute(mnemonic, fields, { gpr, storage: room(), modes: BE_64 });
    expect(held(b.machine, AT, 8)).toBe(big.padEnd(16, '0'));
    const l = execute(mnemonic, fields, { gpr, storage: room(), modes: LE_64 });
    expect(held(l.machine, AT, 8)).toBe(little.padEnd(16, '0'));
  });

  test('in 32-bit mode the address wraps at 4 GiB, and RA is updated with its low word', () => {
    const gpr = registers({ 3: VALUE, 4: 0xffff_fff0n });
    const x = execute(
      'stbu',
      { RS: 3, RA: 4, D: 0x20 },
      { gpr, storage: holding(0x10n, '00'), modes: BE_32 },
    );
    expect([held(x.machine, 0x10n, 1), x.gpr[4]]).toEqual(['88', 0x10n]);
  });

  test.each(['stbu', 'sthu', 'stwu', 'stdu', 'stbux', 'sthux', 'stwux', 'stdux'])(
    '%s leaves RA where the access faults, and is invalid with RA = 0',
    (mnemonic) => {
      const gpr = registers({ 3: 33n, 4: 44n, 5: 55n });
      const x = execute(mnemonic, mnemonic.endsWith('x') ? { RS: 3, RA: 4, RB: 5 } : { RS: 3, RA: 4 }, {
        gpr,
      });
      expect(x.outcome.kind).toBe('fault');
      expect(x.gpr).toEqual(gpr);
      expect(raised(execute(mnemonic, { RS: 3, RA: 0 }))).toBe('illegal');
    },
  );
});
