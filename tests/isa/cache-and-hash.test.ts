import { newMachine } from '../support/evaluate';
import { BE_32, BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';

const AT = 0x2000n;
const none = () => 0n;
const X = { RA: 4, RB: 5 };
const at = (ea: bigint) => registers({ 4: ea - 0x100n, 5: 0x100n });

describe('dcbz', () => {
  test.each([
    [7, 0x2080n, 128],
    [6, 0x20c0n, 64],
  ])('zeroes the block of 2^%i bytes that holds the byte addressed', (blockShift, block, bytes) => {
    const storage = holding(0x2000n, 'ff'.repeat(512));
    const x = execute('dcbz', X, { gpr: at(0x20ffn), storage, modes: { ...LE_64, blockShift } });
    expect(held(x.machine, block - 1n, 1)).toBe('ff');
    expect(held(x.machine, block, bytes)).toBe('00'.repeat(bytes));
    expect(held(x.machine, block + BigInt(bytes), 1)).toBe('ff');
    expect(x.outcome.accesses.every((a) => a.kind === 'store' && a.storage === 'zero')).toBe(true);
    expect(x.gpr).toEqual(at(0x20ffn));
  });

  test('reads RA = 0 as 0, and only the low word in 32-bit mode', () => {
    const storage = () => holding(AT, 'ff'.repeat(128));
    const gpr = registers({ 0: 0x999n, 5: 0x1_0000_2004n });
    const x = execute('dcbz', { RA: 0, RB: 5 }, { gpr, storage: storage(), modes: BE_32 });
    expect(held(x.machine, AT, 128)).toBe('00'.repeat(128));
    const wide = execute('dcbz', { RA: 0, RB: 5 }, { gpr, storage: storage(), modes: BE_64 });
    expect(wide.outcome).toMatchObject({ kind: 'fault', access: { ea: 0x1_0000_2000n } });
  });
});

describe('the other cache instructions', () => {
  test.each([
    ['icbi', {}, [AT]],
    ['dcbst', {}, [AT]],
    ['dcbf', { LDCBF: 6 }, [AT, 6n]],
  ])('%s gives its service the address', (name, more, args) => {
    const x = execute(name, { ...X, ...more }, { gpr: at(AT), service: none });
    expect(x.outcome).toMatchObject({ kind: 'next', services: [{ name, args }], accesses: [] });
    const high = { gpr: at(AT + 0x5_0000_0000n), service: none, modes: BE_32 };
    expect(execute(name, { ...X, ...more }, high).outcome.services).toEqual([{ name, args }]);
  });

  test.each(['icbt', 'dcbt', 'dcbtst'])('%s does nothing, whatever it touches', (mnemonic) => {
    const x = execute(mnemonic, X, { gpr: at(AT) });
    expect(x.outcome).toMatchObject({ kind: 'next', services: [], accesses: [] });
    expect(x.gpr).toEqual(at(AT));
  });
});

describe('hash instructions', () => {
  const KEYS = { HASHKEYR: 0x1111n, HASHPKEYR: 0x2222n };
  const DIGEST = 0x0123_4567_89ab_cdefn;
  /** r3 is the link register's value, r4 the stack pointer. */
  const gpr = registers({ 3: 0xc0ffeen, 4: AT + 8n });
  const running = (enabled: bigint, storage = holding(AT, '00'.repeat(8)), modes = BE_64) => ({
    gpr,
    storage,
    modes,
    resources: { ...newMachine().resources, ...KEYS },
    service: (name: string) => (name === 'hashEnabled' ? enabled : DIGEST),
  });
  const fields = { RB: 3, RA: 4, HD: 63 };

  test.each([
    ['hashst', 0n, KEYS.HASHKEYR],
    ['hashstp', 1n, KEYS.HASHPKEYR],
  ])('%s stores the hash of RA and RB with its key', (mnemonic, aspect, key) => {
    const x = execute(mnemonic, fields, running(1n));
    expect(held(x.machine, AT, 8)).toBe('0123456789abcdef');
    expect(x.outcome.services).toEqual([
      { name: 'hashEnabled', args: [aspect] },
      { name: 'hashDigest', args: [AT + 8n, 0xc0ffeen, key] },
    ]);
    const little = execute(mnemonic, fields, running(1n, holding(AT, '00'.repeat(8)), LE_64));
    expect(held(little.machine, AT, 8)).toBe('efcdab8967452301');
  });

  test.each([
    ['hashchk', 0n, KEYS.HASHKEYR],
    ['hashchkp', 1n, KEYS.HASHPKEYR],
  ])('%s traps where storage does not hold the hash', (mnemonic, aspect, key) => {
    const good = execute(mnemonic, fields, running(1n, holding(AT, '0123456789abcdef')));
    expect(good.outcome.kind).toBe('next');
    expect(good.outcome.services).toEqual([
      { name: 'hashEnabled', args: [aspect] },
      { name: 'hashDigest', args: [AT + 8n, 0xc0ffeen, key] },
    ]);
    expect(raised(execute(mnemonic, fields, running(1n, holding(AT, '0123456789abcdee'))))).toBe('trap');
    expect(execute(mnemonic, fields, running(1n, new Map())).outcome.kind).toBe('fault');
  });

  test.each([
    [0, -512n],
    [31, -264n],
    [32, -256n],
    [63, -8n],
  ])('HD = %i is the displacement %s', (HD, displacement) => {
    const storage = holding(AT + 8n + displacement, '00'.repeat(8));
    const x = execute('hashst', { ...fields, HD }, running(1n, storage));
    expect(x.outcome.accesses).toMatchObject([{ ea: AT + 8n + displacement, bytes: 8 }]);
    expect(x.outcome.kind).toBe('next');
  });

  test.each(['hashst', 'hashchk', 'hashstp', 'hashchkp'])(
    '%s does nothing where DEXCR does not enable it, and is invalid with RA = 0',
    (mnemonic) => {
      const x = execute(mnemonic, fields, running(0n, new Map()));
      expect(x.outcome).toMatchObject({ kind: 'next', accesses: [] });
      expect(x.outcome.services).toHaveLength(1);
      expect(raised(execute(mnemonic, { ...fields, RA: 0 }, running(1n)))).toBe('illegal');
    },
  );
});
