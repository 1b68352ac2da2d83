import { BE_32, BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';
import { named } from '../support/find-instruction';

const AT = 0x2000n;
const LOW = 'a1a2a3a4a5a6a7a8';
const HIGH = 'b1b2b3b4b5b6b7b8';
const storage = () => holding(AT, LOW + HIGH);
const BIG = { low: 0xa1a2a3a4a5a6a7a8n, high: 0xb1b2b3b4b5b6b7b8n };
const LITTLE = { low: 0xa8a7a6a5a4a3a2a1n, high: 0xb8b7b6b5b4b3b2b1n };

describe('quadwords', () => {
  test('lq: the even register has the more significant half, so the doubleword at EA+8 in little-endian mode', () => {
    const fields = { RTp: 6, RA: 4, DQ: -1 };
    const gpr = registers({ 4: AT + 16n });
    const b = execute('lq', fields, { gpr, storage: storage(), modes: BE_64 });
    expect([b.gpr[6], b.gpr[7]]).toEqual([BIG.low, BIG.high]);
    const l = execute('lq', fields, { gpr, storage: storage(), modes: LE_64 });
    expect([l.gpr[6], l.gpr[7]]).toEqual([LITTLE.high, LITTLE.low]);
  });

  test('stq stores what lq loads', () => {
    const room = () => holding(AT, '00'.repeat(16));
    const fields = { RSp: 6, RA: 4, DS: -4 };
    const b = execute('stq', fields, { gpr: registers({ 4: AT + 16n, 6: BIG.low, 7: BIG.high }), storage: room(), modes: BE_64 }); // prettier-ignore
    expect(held(b.machine, AT, 16)).toBe(LOW + HIGH);
    const l = execute('stq', fields, { gpr: registers({ 4: AT + 16n, 6: LITTLE.high, 7: LITTLE.low }), storage: room(), modes: LE_64 }); // prettier-ignore
    expect(held(l.machine, AT, 16)).toBe(LOW + HIGH);
  });

  test('plq and pstq do not exchange the halves in little-endian mode', () => {
    const l = execute('plq', { RTp: 6, RA: 4, D0: -1, D1: 0xfff0 }, { gpr: registers({ 4: AT + 16n }), storage: storage(), modes: LE_64 }); // prettier-ignore
    expect([l.gpr[6], l.gpr[7]]).toEqual([LITTLE.low, LITTLE.high]);
    const s = execute('pstq', { RSp: 6, RA: 4 }, { gpr: registers({ 4: AT, 6: LITTLE.low, 7: LITTLE.high }), storage: holding(AT, '00'.repeat(16)), modes: LE_64 }); // prettier-ignore
    expect(held(s.machine, AT, 16)).toBe(LOW + HIGH);
  });

  test('the base may be the odd register', () => {
    const x = execute(
      'lq',
      { RTp: 4, RA: 5 },
      { gpr: registers({ 5: AT }), storage: storage(), modes: BE_64 },
    );
    expect([x.gpr[4], x.gpr[5]]).toEqual([BIG.low, BIG.high]);
  });

  test('lq needs a multiple of 16 in little-endian mode', () => {
    const changes = { gpr: registers({ 4: AT + 8n }), storage: storage() };
    const x = execute('lq', { RTp: 6, RA: 4 }, { ...changes, modes: LE_64 });
    expect(x.outcome).toMatchObject({ kind: 'raise', reason: 'alignment', operand: AT + 8n, accesses: [] });
  });

  test('other quadwords may lie anywhere', () => {
    const odd = AT + 3n;
    const gpr = registers({ 4: odd, 6: BIG.low, 7: BIG.high });
    const loads = { gpr, storage: holding(odd, LOW + HIGH) };
    const b = execute('lq', { RTp: 6, RA: 4 }, { ...loads, modes: BE_64 });
    expect([b.gpr[6], b.gpr[7]]).toEqual([BIG.low, BIG.high]);
    const p = execute('plq', { RTp: 6, RA: 4 }, { ...loads, modes: LE_64 });
    expect([p.gpr[6], p.gpr[7]]).toEqual([LITTLE.low, LITTLE.high]);
    const stored = (mnemonic: string): string => {
      const changes = { gpr, storage: holding(AT, '00'.repeat(24)), modes: BE_64 };
      return held(execute(mnemonic, { RSp: 6, RA: 4 }, changes).machine, odd, 16);
    };
    expect(stored('stq')).toBe(LOW + HIGH);
    expect(stored('pstq')).toBe(LOW + HIGH);
  });

  test('odd registers are invalid, and a load whose base is the even register', () => {
    expect(raised(execute('lq', { RTp: 7, RA: 4 }))).toBe('illegal');
    expect(raised(execute('lq', { RTp: 6, RA: 6 }))).toBe('illegal');
    expect(raised(execute('lq', { RTp: 0, RA: 0 }))).toBe('illegal');
    expect(raised(execute('plq', { RTp: 7, RA: 4 }))).toBe('illegal');
    expect(raised(execute('plq', { RTp: 6, RA: 6 }))).toBe('illegal');
    expect(raised(execute('stq', { RSp: 7, RA: 4 }))).toBe('illegal');
    expect(raised(execute('pstq', { RSp: 7, RA: 4 }))).toBe('illegal');
    expect(raised(execute('stq', { RSp: 6, RA: 6 }))).toBeUndefined();
  });

  test('a fault in the second half changes no register', () => {
    const gpr = registers({ 4: AT, 6: 6n, 7: 7n });
    const x = execute('lq', { RTp: 6, RA: 4 }, { gpr, storage: holding(AT, LOW) });
    expect(x.outcome).toMatchObject({ kind: 'fault', access: { ea: AT + 8n, storage: 'quad' } });
    expect(x.gpr).toEqual(gpr);
  });
});

describe('prefixed loads and stores', () => {
  test.each([
    ['plbz', 0xa1n],
    ['plhz', 0xa1a2n],
    ['plha', 0xffff_ffff_ffff_a1a2n],
    ['plwz', 0xa1a2a3a4n],
    ['plwa', 0xffff_ffff_a1a2_a3a4n],
    ['pld', BIG.low],
  ])('%s adds a displacement of 34 bits to RA or to its own address', (mnemonic, expected) => {
    // D = -0x1_0000_0000 - 0x10 = 0x2_ffff_fff0 in 34 bits: d0 = 0x2ffff, d1 = 0xfff0.
    const down = { D0: 0x2ffff, D1: 0xfff0 };
    const gpr = registers({ 4: 0x1_0000_2010n });
    const x = execute(mnemonic, { RT: 3, RA: 4, ...down }, { gpr, storage: storage(), modes: BE_64 });
    expect(x.gpr[3]).toBe(expected);
    expect(x.outcome).toMatchObject({ kind: 'next', nia: 0x1008n });
    const changes = { cia: 0x1_0000_2010n, storage: storage(), modes: BE_64 };
    expect(execute(mnemonic, { RT: 3, RA: 0, R: 1, ...down }, changes).gpr[3]).toBe(expected);
  });

  test.each([
    ['pstb', 'a8', 1],
    ['psth', 'a7a8', 2],
    ['pstw', 'a5a6a7a8', 4],
    ['pstd', LOW, 8],
  ])('%s stores at a displacement upwards', (mnemonic, expected, bytes) => {
    // D = 0x1_2345_6780: d0 = 0x12345, d1 = 0x6780.
    const at = holding(0x1_2345_8780n, '00'.repeat(8));
    const gpr = registers({ 3: BIG.low, 4: AT });
    const x = execute(
      mnemonic,
      { RS: 3, RA: 4, D0: 0x12345, D1: 0x6780 },
      { gpr, storage: at, modes: BE_64 },
    );
    expect(held(x.machine, 0x1_2345_8780n, bytes)).toBe(expected);
    const relative = { RS: 3, R: 1, D0: 0x12345, D1: 0x6780 };
    const y = execute(mnemonic, relative, { gpr, cia: AT, storage: new Map(at), modes: BE_64 });
    expect(held(y.machine, 0x1_2345_8780n, bytes)).toBe(expected);
  });

  test('RA = 0 without R is the value 0', () => {
    const x = execute('plbz', { RT: 3, D1: 0x2000 }, { gpr: registers({ 0: 5n }), storage: storage() });
    expect(x.gpr[3]).toBe(0xa1n);
  });

  test('in 32-bit mode the address is the low word', () => {
    const at = { storage: storage(), modes: BE_32, cia: 0x3000n };
    expect(execute('plbz', { RT: 3, R: 1, D0: -1, D1: 0xf000 }, at).gpr[3]).toBe(0xa1n);
    expect(execute('plbz', { RT: 3, D0: 0x10000, D1: 0x2000 }, at).gpr[3]).toBe(0xa1n);
  });

  test.each(['plbz', 'plhz', 'plha', 'plwz', 'plwa', 'pld', 'plq', 'pstb', 'psth', 'pstw', 'pstd', 'pstq'])(
    '%s with R = 1 and a base is invalid; FSCR and HFSCR enable it',
    (mnemonic) => {
      expect(raised(execute(mnemonic, { R: 1, RA: 4 }))).toBe('illegal');
      expect(named(mnemonic).row).toMatchObject({ facility: 'PREFIX', feature: 'prefixed', level: 'v3.1' });
    },
  );
});
