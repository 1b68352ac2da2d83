import { BE_32, BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';
import { evaluate, newMachine } from '../support/evaluate';
import { imageOf, named } from '../support/find-instruction';

const AT = 0x2000n;
const BYTES = '8182838485868788';
const storage = () => holding(AT, BYTES);
const X = { RT: 3, RS: 3, RA: 4, RB: 5 };
const at = (ea: bigint) => registers({ 3: 0x1112_1314_1516_1718n, 4: ea - 0x100n, 5: 0x100n });
const fieldsOf = (mnemonic: string) =>
  /^l/.test(mnemonic) ? { RT: X.RT, RA: X.RA, RB: X.RB } : { RS: X.RS, RA: X.RA, RB: X.RB };

describe('load and reserve, store conditional', () => {
  test.each([
    ['lbarx', 0x81n, 1],
    ['lharx', 0x8182n, 2],
    ['lwarx', 0x8182_8384n, 4],
    ['ldarx', 0x8182_8384_8586_8788n, 8],
  ])('%s loads zero-extended and reserves', (mnemonic, expected, bytes) => {
    const x = execute(mnemonic, fieldsOf(mnemonic), { gpr: at(AT), storage: storage(), modes: BE_64 });
    expect(x.gpr[3]).toBe(expected);
    expect(x.machine.reservation).toEqual({ ea: AT, bytes });
  });

  test.each([
    ['stbcx.', '18', 1],
    ['sthcx.', '1718', 2],
    ['stwcx.', '15161718', 4],
    ['stdcx.', '1112131415161718', 8],
  ])('%s stores where the reservation holds and says so in CR0', (mnemonic, expected, bytes) => {
    const machine = newMachine({ gpr: at(AT), storage: storage(), modes: BE_64 });
    machine.reservation = { ea: AT, bytes };
    const instruction = named(mnemonic);
    const image = imageOf(instruction, fieldsOf(mnemonic));
    machine.cr[0] = 15;
    evaluate(instruction, image, machine);
    expect(held(machine, AT, bytes)).toBe(expected);
    expect(machine.cr[0]).toBe(0b0010);
    machine.resources.SO = 1n;
    machine.gpr[3] = 0n;
    evaluate(instruction, image, machine);
    expect(held(machine, AT, bytes)).toBe(expected);
    expect(machine.cr[0]).toBe(0b0001);
  });

  test.each([
    ['lharx', 2],
    ['lwarx', 4],
    ['ldarx', 8],
    ['lqarx', 16],
    ['sthcx.', 2],
    ['stwcx.', 4],
    ['stdcx.', 8],
    ['stqcx.', 16],
  ])('%s needs a multiple of %i, before anything else happens', (mnemonic, bytes) => {
    const ea = AT + BigInt(bytes) / 2n;
    const x = execute(mnemonic, { RA: 4, RB: 5 }, { gpr: at(ea), storage: storage() });
    expect(x.outcome).toMatchObject({ kind: 'raise', reason: 'alignment', operand: ea, accesses: [] });
    expect(x.machine.cr).toEqual(Array(8).fill(0));
  });

  test('the address that an alignment interrupt reports has no high word in 32-bit mode', () => {
    const x = execute('lwarx', fieldsOf('lwarx'), { gpr: at(0x1_0000_2001n), modes: BE_32 });
    expect(x.outcome).toMatchObject({ kind: 'raise', operand: 0x2001n });
  });

  test('lbarx and stbcx. have no alignment', () => {
    expect(execute('lbarx', fieldsOf('lbarx'), { gpr: at(AT + 1n), storage: storage() }).gpr[3]).toBe(0x82n);
    expect(raised(execute('stbcx.', fieldsOf('stbcx.'), { gpr: at(AT + 1n), storage: storage() }))).toBeUndefined();
  }); // prettier-ignore

  test('a fault leaves RT, and of a store conditional CR0', () => {
    expect(execute('lwarx', fieldsOf('lwarx'), { gpr: at(AT) }).gpr).toEqual(at(AT));
    const machine = newMachine({ gpr: at(AT) });
    machine.reservation = { ea: AT, bytes: 4 };
    machine.cr[0] = 9;
    const instruction = named('stwcx.');
    expect(evaluate(instruction, imageOf(instruction, fieldsOf('stwcx.')), machine).kind).toBe('fault');
    expect(machine.cr[0]).toBe(9);
  });

  test('quadwords go through services', () => {
    const gpr = at(AT);
    const x = execute('lqarx', { RTp: 6, RA: 4, RB: 5 }, { gpr, service: () => 0n });
    expect(x.outcome.services).toEqual([{ name: 'lqarx', args: [AT, 6n] }]);
    const y = execute('stqcx.', { RSp: 6, RA: 4, RB: 5 }, { gpr, service: () => 1n });
    expect(y.outcome.services).toEqual([{ name: 'stqcx', args: [AT, 6n] }]);
    expect(y.machine.cr[0]).toBe(0b0010);
    const z = execute('stqcx.', { RSp: 6, RA: 4, RB: 5 }, { gpr, service: () => 0n });
    expect(z.machine.cr[0]).toBe(0);
  });

  test('lqarx into an odd register or over an address register is invalid, stqcx. from an odd one', () => {
    expect(raised(execute('lqarx', { RTp: 7, RA: 4, RB: 5 }))).toBe('illegal');
    expect(raised(execute('lqarx', { RTp: 6, RA: 6, RB: 5 }))).toBe('illegal');
    expect(raised(execute('lqarx', { RTp: 6, RA: 4, RB: 6 }))).toBe('illegal');
    expect(raised(execute('lqarx', { RTp: 0, RA: 0, RB: 5 }))).toBe('illegal');
    expect(raised(execute('stqcx.', { RSp: 7, RA: 4, RB: 5 }))).toBe('illegal');
  });
});

describe('atomic memory operations', () => {
  test.each([
    ['lwat', 'loadAtomic', 'RT', 4n],
    ['ldat', 'loadAtomic', 'RT', 8n],
    ['stwat', 'storeAtomic', 'RS', 4n],
    ['stdat', 'storeAtomic', 'RS', 8n],
  ])('%s gives its service address, function, register and length', (mnemonic, name, register, bytes) => {
    const changes = { gpr: registers({ 0: 0x77n, 4: 0x1_0000_2000n }), service: () => 0n };
    const x = execute(mnemonic, { [register]: 9, RA: 4, FC: 18 }, { ...changes, modes: LE_64 });
    expect(x.outcome.services).toEqual([{ name, args: [0x1_0000_2000n, 18n, 9n, bytes] }]);
    const narrow = execute(mnemonic, { [register]: 9, RA: 4 }, { ...changes, modes: BE_32 });
    expect(narrow.outcome.services).toEqual([{ name, args: [0x2000n, 0n, 9n, bytes] }]);
    const zero = execute(mnemonic, { [register]: 9, RA: 0 }, changes);
    expect(zero.outcome.services).toEqual([{ name, args: [0n, 0n, 9n, bytes] }]);
  });
});

describe('copy and paste', () => {
  test('need a multiple of 128', () => {
    for (const mnemonic of ['copy', 'paste.']) {
      const x = execute(mnemonic, { RA: 4, RB: 5 }, { gpr: at(AT + 64n) });
      expect(x.outcome).toMatchObject({
        kind: 'raise',
        reason: 'alignment',
        operand: AT + 64n,
        services: [],
      });
    }
  });

  test('go through services; paste. sets CR0 with SO', () => {
    const c = execute('copy', { RA: 4, RB: 5 }, { gpr: at(AT), service: () => 0n });
    expect(c.outcome.services).toEqual([{ name: 'copy', args: [AT] }]);
    const p = execute('paste.', { RA: 4, RB: 5 }, { gpr: at(AT), service: () => 0b0010n });
    expect(p.outcome.services).toEqual([{ name: 'paste', args: [AT] }]);
    expect(p.machine.cr[0]).toBe(0b0010);
    const resources = { ...p.machine.resources, SO: 1n };
    const so = execute('paste.', { RA: 4, RB: 5 }, { gpr: at(AT), resources, service: () => 0n });
    expect(so.machine.cr[0]).toBe(0b0001);
    const wide = execute('paste.', { RA: 4, RB: 5 }, { gpr: at(AT), service: () => ~0n });
    expect(wide.machine.cr[0]).toBe(0b1110);
    expect(execute('cpabort', {}, { service: () => 0n }).outcome.services).toEqual([{ name: 'cpabort', args: [] }]);
  }); // prettier-ignore
});

describe('caching-inhibited loads and stores', () => {
  test.each([
    ['lbzcix', 0x81n],
    ['lhzcix', 0x8182n],
    ['lwzcix', 0x8182_8384n],
    ['ldcix', 0x8182_8384_8586_8788n],
  ])('%s loads in the byte order of the mode', (mnemonic, expected) => {
    const x = execute(mnemonic, fieldsOf(mnemonic), { gpr: at(AT), storage: storage(), modes: BE_64 });
    expect(x.gpr[3]).toBe(expected);
    expect(x.outcome.accesses).toMatchObject([{ storage: 'inhibited' }]);
  });

  test.each([
    ['stbcix', '18'],
    ['sthcix', '1817'],
    ['stwcix', '18171615'],
    ['stdcix', '1817161514131211'],
  ])('%s stores in the byte order of the mode', (mnemonic, expected) => {
    const x = execute(mnemonic, fieldsOf(mnemonic), { gpr: at(AT), storage: storage() });
    expect(held(x.machine, AT, expected.length / 2)).toBe(expected);
    expect(x.outcome.accesses).toMatchObject([{ storage: 'inhibited' }]);
  });

  test.each(['lhzcix', 'lwzcix', 'ldcix', 'sthcix', 'stwcix', 'stdcix'])('%s must be aligned', (mnemonic) => {
    const x = execute(mnemonic, fieldsOf(mnemonic), { gpr: at(AT + 1n), storage: storage() });
    expect(x.outcome).toMatchObject({ kind: 'raise', reason: 'alignment', operand: AT + 1n });
  });

  test('are hypervisor-privileged', () => {
    const { resources } = newMachine();
    const state = (MSR: bigint) => ({ gpr: at(AT), storage: storage(), resources: { ...resources, MSR } });
    for (const mnemonic of ['ldcix', 'stbcix']) {
      const fields = fieldsOf(mnemonic);
      expect(raised(execute(mnemonic, fields, state(0x8000_0000_0000_0000n)))).toBe('hypervisorPrivileged');
      expect(raised(execute(mnemonic, fields, state(0x9000_0000_0000_4000n)))).toBe('privileged');
    }
  });
});
