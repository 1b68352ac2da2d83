import { BE_32, BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';

const AT = 0x2000n;
const STRING = '0102030405060708090a0b0c0d0e0f10';
const storage = () => holding(AT, STRING);
const ONES = 0xffff_ffff_ffff_ffffn;
/** XER with a byte count. */
const counting = (bytes: number) => ({ XERLOW: BigInt(bytes) });

/** A test machine's registers in big-endian mode, with XER's low bits. */
function executeCounted(mnemonic: string, fields: Record<string, number>, o: { count: number; gpr: bigint[]; storage?: Map<bigint, number> }) {
  const { resources } = execute('isync', {}, { service: () => 0n }).machine;
  return execute(mnemonic, fields, {
    gpr: o.gpr,
    modes: BE_64,
    resources: { ...resources, ...counting(o.count) },
    ...(o.storage ? { storage: o.storage } : {}),
  });
} // prettier-ignore

describe('load and store multiple', () => {
  test('lmw loads words into RT to r31 with zero high words', () => {
    const gpr = registers({ 4: AT + 4n, 28: ONES, 29: ONES, 30: ONES, 31: ONES });
    const x = execute('lmw', { RT: 29, RA: 4, D: -4 }, { gpr, storage: storage(), modes: BE_64 });
    expect(x.gpr.slice(28)).toEqual([ONES, 0x01020304n, 0x05060708n, 0x090a0b0cn]);
    expect(x.outcome.accesses.every((a) => a.storage === 'multiple')).toBe(true);
  });

  test('stmw stores the low words of RS to r31', () => {
    const gpr = registers({ 30: 0xaaaa_aaaa_0102_0304n, 31: 0x0506_0708n });
    const x = execute('stmw', { RS: 30, RA: 0, D: 0x2000 }, { gpr, storage: holding(AT, '00'.repeat(9)), modes: BE_64 }); // prettier-ignore
    expect(held(x.machine, AT, 9)).toBe('010203040506070800');
  });

  test('lmw and stmw of all 32 registers', () => {
    const words = [...Array(32).keys()].map((n) => (0x1000 + n).toString(16).padStart(8, '0')).join('');
    // RA must be below RT = 0 for a valid form, which no register is: RT = 1 is the longest.
    const x = execute('lmw', { RT: 1, RA: 0, D: 0x2004 }, { storage: holding(AT, words), modes: BE_64 });
    expect(x.gpr).toEqual([0n, ...[...Array(31).keys()].map((n) => 0x1001n + BigInt(n))]);
    const gpr = [...Array(32).keys()].map((n) => 0x1000n + BigInt(n));
    const y = execute('stmw', { RS: 0, RA: 0, D: 0x2000 }, { gpr, storage: holding(AT, '00'.repeat(128)), modes: BE_64 }); // prettier-ignore
    expect(held(y.machine, AT, 128)).toBe(words);
  });

  test('lmw is invalid where the base is loaded, RA = 0 included', () => {
    expect(raised(execute('lmw', { RT: 29, RA: 29 }, { modes: BE_64 }))).toBe('illegal');
    expect(raised(execute('lmw', { RT: 29, RA: 31 }, { modes: BE_64 }))).toBe('illegal');
    expect(raised(execute('lmw', { RT: 0, RA: 0 }, { modes: BE_64 }))).toBe('illegal');
    expect(raised(execute('lmw', { RT: 29, RA: 28 }, { modes: BE_64 }))).toBeUndefined();
  });

  test('in 32-bit mode the words wrap at 4 GiB', () => {
    const at = new Map([...holding(0xffff_fffcn, '01020304'), ...holding(0n, '05060708')]);
    const x = execute('lmw', { RT: 30, RA: 0, D: -4 }, { storage: at, modes: BE_32 });
    expect(x.gpr.slice(30)).toEqual([0x01020304n, 0x05060708n]);
  });
});

describe('strings', () => {
  test.each([
    [1, [0x01000000n, ONES]],
    [4, [0x01020304n, ONES]],
    [5, [0x01020304n, 0x05000000n]],
    [7, [0x01020304n, 0x05060700n]],
  ])('lswi of %i bytes fills registers from the left, four bytes each', (NB, expected) => {
    const gpr = registers({ 4: AT, 29: ONES, 30: ONES });
    const x = execute('lswi', { RT: 29, RA: 4, NB }, { gpr, storage: storage(), modes: BE_64 });
    expect(x.gpr.slice(29, 31)).toEqual(expected);
  });

  test('lswi wraps from r31 to r0', () => {
    const gpr = registers({ 0: ONES, 1: ONES, 4: AT });
    const x = execute('lswi', { RT: 31, RA: 4, NB: 6 }, { gpr, storage: storage(), modes: BE_64 });
    expect([x.gpr[31], x.gpr[0], x.gpr[1]]).toEqual([0x01020304n, 0x05060000n, ONES]);
  });

  test('NB = 0 is 32 bytes', () => {
    const gpr = registers({ 4: AT });
    const bytes = '00'.repeat(28) + 'aabbccdd';
    const x = execute('lswi', { RT: 20, RA: 4, NB: 0 }, { gpr, storage: holding(AT, bytes), modes: BE_64 });
    expect(x.gpr[27]).toBe(0xaabbccddn);
    expect(x.outcome.accesses).toHaveLength(32);
  });

  test('lswi is invalid where RA is among the registers, modulo 32', () => {
    const form = (RT: number, RA: number, NB: number) => raised(execute('lswi', { RT, RA, NB }, { modes: BE_64 }));
    expect(form(4, 4, 1)).toBe('illegal');
    expect(form(4, 5, 4)).toBeUndefined();
    expect(form(4, 5, 5)).toBe('illegal');
    expect(form(31, 0, 4)).toBeUndefined();
    expect(form(31, 0, 5)).toBe('illegal');
    expect(form(24, 31, 0)).toBe('illegal');
    expect(form(24, 23, 0)).toBeUndefined();
  }); // prettier-ignore

  test('lswx takes its length from XER, and loads nothing where that is 0', () => {
    const gpr = registers({ 4: AT - 8n, 5: 8n, 30: ONES, 31: ONES, 0: ONES });
    const fields = { RT: 30, RA: 4, RB: 5 };
    const x = executeCounted('lswx', fields, { count: 9, gpr, storage: storage() });
    expect([x.gpr[30], x.gpr[31], x.gpr[0]]).toEqual([0x01020304n, 0x05060708n, 0x09000000n]);
    const none = executeCounted('lswx', fields, { count: 0, gpr });
    expect(none.outcome).toMatchObject({ kind: 'next', accesses: [] });
    expect(none.gpr).toEqual(gpr);
  });

  test('only XER[57:63] counts', () => {
    const gpr = registers({ 4: AT, 29: ONES });
    const x = executeCounted(
      'lswx',
      { RT: 29, RA: 4, RB: 5 },
      { count: 0x3ff80 | 2, gpr, storage: storage() },
    );
    expect(x.gpr[29]).toBe(0x01020000n);
  });

  test('lswx may load register 0 where RA = 0 stands for no register', () => {
    const gpr = registers({ 4: 0x2000n });
    const x = executeCounted('lswx', { RT: 31, RA: 0, RB: 4 }, { count: 8, gpr, storage: holding(0x2000n, '0102030405060708') }); // prettier-ignore
    expect([raised(x), x.gpr[31], x.gpr[0]]).toEqual([undefined, 0x01020304n, 0x05060708n]);
  });

  test('lswx is illegal where RA or RB is loaded, and always where it is RT', () => {
    const gpr = registers({});
    const form = (fields: Record<string, number>, count: number) =>
      raised(executeCounted('lswx', fields, { count, gpr }));
    expect(form({ RT: 3, RA: 4, RB: 5 }, 4)).toBeUndefined();
    expect(form({ RT: 3, RA: 4, RB: 8 }, 5)).toBe('illegal');
    expect(form({ RT: 3, RA: 8, RB: 4 }, 5)).toBe('illegal');
    expect(form({ RT: 3, RA: 3, RB: 8 }, 0)).toBe('illegal');
    expect(form({ RT: 3, RA: 8, RB: 3 }, 0)).toBe('illegal');
    expect(form({ RT: 31, RA: 1, RB: 8 }, 9)).toBe('illegal');
  });

  test('stswi and stswx store four bytes a register, wrapping', () => {
    const gpr = registers({ 4: AT, 31: 0xff_0102_0304n, 0: 0x0506_0708n });
    const room = () => holding(AT, 'ee'.repeat(8));
    const x = execute('stswi', { RS: 31, RA: 4, NB: 6 }, { gpr, storage: room(), modes: BE_64 });
    expect(held(x.machine, AT, 8)).toBe('010203040506eeee');
    const y = executeCounted('stswx', { RS: 31, RA: 4, RB: 5 }, { count: 3, gpr, storage: room() });
    expect(held(y.machine, AT, 8)).toBe('010203eeeeeeeeee');
    const longest = [...Array(32).keys()].map(() => 0x11111111n);
    longest[4] = AT;
    longest[5] = 0n;
    const z = executeCounted('stswx', { RS: 6, RA: 4, RB: 5 }, { count: 127, gpr: longest, storage: holding(AT, '00'.repeat(128)) }); // prettier-ignore
    expect(held(z.machine, AT + 126n, 2)).toBe('0000');
    expect(held(z.machine, AT, 104)).toBe('11'.repeat(104));
  });
});

describe('all of them', () => {
  test.each([
    ['lmw', { RT: 30, RA: 0, D: 0x2001 }],
    ['stmw', { RS: 30, RA: 0, D: 0x2001 }],
    ['lswi', { RT: 30, RA: 4, NB: 4 }],
    ['lswx', { RT: 30, RA: 4, RB: 5 }],
    ['stswi', { RS: 30, RA: 4, NB: 4 }],
    ['stswx', { RS: 30, RA: 4, RB: 5 }],
  ])('%s raises an alignment interrupt in little-endian mode', (mnemonic, fields) => {
    const x = execute(mnemonic, fields, { gpr: registers({ 4: 0x2001n }), storage: storage(), modes: LE_64 });
    expect(x.outcome).toMatchObject({ kind: 'raise', reason: 'alignment', operand: 0x2001n, accesses: [] });
  });

  test.each([
    ['lmw', { RT: 29, RA: 0, D: 0x2ff8 }, 0],
    ['lswi', { RT: 29, RA: 4, NB: 12 }, 0],
    ['lswx', { RT: 29, RA: 4, RB: 5 }, 12],
  ])('%s changes no register where its second page faults', (mnemonic, fields, count) => {
    const gpr = registers({ 4: 0x2ff8n, 29: 1n, 30: 2n, 31: 3n });
    const firstPage = holding(0x2ff8n, '0102030405060708');
    const x = executeCounted(mnemonic, fields, { count, gpr, storage: firstPage });
    expect(x.outcome.kind).toBe('fault');
    expect(x.outcome.accesses.map((a) => a.ea)).toEqual([0x2ff8n, 0x3003n]);
    expect(x.gpr).toEqual(gpr);
  });

  test('where both pages fault the first is told', () => {
    const x = execute('lmw', { RT: 29, RA: 0, D: 0x2ff8 }, { modes: BE_64 });
    expect(x.outcome).toMatchObject({ kind: 'fault', access: { ea: 0x2ff8n } });
  });

  test('an operand within one page is accessed once', () => {
    const x = execute('lmw', { RT: 30, RA: 0, D: 0x2000 }, { storage: storage(), modes: BE_64 });
    expect(x.outcome.accesses.map((a) => [a.ea, a.bytes])).toEqual([
      [0x2000n, 4],
      [0x2004n, 4],
    ]);
  });
});
