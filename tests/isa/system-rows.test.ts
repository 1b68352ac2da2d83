import { createDecoder, hasRow } from '../../isa/decoder';
import { INSTRUCTIONS } from '../../isa';
import type { Feature, InsnRow, IsaLevel } from '../../isa/vocabulary/row';
import { execute, raised, registers } from '../support/execute';
import { newMachine } from '../support/evaluate';
import { named } from '../support/find-instruction';

describe('system instructions', () => {
  const gpr = registers({ 3: 0x3333n, 4: 0x4444n });
  test.each([
    ['sc', { LEV: 1 }, [1n]],
    ['scv', { LEV: 127 }, [127n]],
    ['rfid', {}, []],
    ['hrfid', {}, []],
    ['rfscv', {}, []],
    ['rfebb', { S: 1 }, [1n]],
    ['isync', {}, []],
    ['sync', { LSYNC: 5, SC2: 3 }, [5n, 3n]],
    ['eieio', {}, []],
    ['wait', { WC: 1, PL: 2 }, [1n, 2n]],
    ['slbie', { RB: 4 }, [0x4444n]],
    ['slbieg', { RS: 3, RB: 4 }, [0x3333n, 0x4444n]],
    ['slbia', { IH: 7 }, [7n]],
    ['slbiag', { RS: 3, L1: 1 }, [0x3333n, 1n]],
    ['slbmte', { RS: 3, RB: 4 }, [0x3333n, 0x4444n]],
    ['slbsync', {}, []],
    ['tlbie', { RB: 3, RS: 4, RIC: 2, PRS: 1, R: 0 }, [0x3333n, 0x4444n, 2n, 1n, 0n]],
    ['tlbiel', { RB: 3, RS: 4, RIC: 1, PRS: 0, R: 1 }, [0x3333n, 0x4444n, 1n, 0n, 1n]],
    ['tlbsync', {}, []],
    ['msgsnd', { RB: 4 }, [0x4444n]],
    ['msgclr', { RB: 4 }, [0x4444n]],
    ['msgsndp', { RB: 4 }, [0x4444n]],
    ['msgclrp', { RB: 4 }, [0x4444n]],
    ['msgsync', {}, []],
    ['stop', {}, []],
    ['clrbhrb', {}, []],
    ['attn', {}, []],
  ])('%s is its service', (name, fields: Record<string, number>, args: bigint[]) => {
    const x = execute(name, fields, { gpr, service: () => 0n });
    expect(x.outcome.services).toEqual([{ name, args }]);
    expect(x.gpr).toEqual(gpr);
  });

  test.each([
    ['doze', 0n],
    ['nap', 1n],
    ['sleep', 2n],
    ['rvwinkle', 3n],
  ])('%s is the power-saving level %i', (mnemonic, level) => {
    const x = execute(mnemonic, {}, { service: () => 0n });
    expect(x.outcome.services).toEqual([{ name: 'powerSave', args: [level] }]);
  });

  test.each([
    ['slbmfev', { RB: 4 }, [0x4444n]],
    ['slbmfee', { RB: 4 }, [0x4444n]],
    ['slbfee.', { RB: 4 }, [0x4444n]],
    ['mfbhrbe', { BHRBE: 1023 }, [1023n]],
  ])('%s puts what its service gives in RT', (mnemonic, fields, args) => {
    const x = execute(mnemonic, { RT: 5, ...fields }, { gpr, service: () => 0x55n });
    expect(x.outcome.services).toEqual([{ name: mnemonic.replace('.', ''), args }]);
    expect(x.gpr[5]).toBe(0x55n);
  });
});

const PRIVILEGED = [
  'rfid', 'rfscv', 'slbie', 'slbieg', 'slbia', 'slbiag', 'slbmte', 'slbmfev', 'slbmfee', 'slbfee.', 'slbsync', 'tlbie',
  'tlbiel', 'tlbsync', 'msgsndp', 'msgclrp', 'stop', 'hashstp', 'hashchkp',
]; // prettier-ignore
const HYPERVISOR = [
  'hrfid', 'msgsnd', 'msgclr', 'msgsync', 'doze', 'nap', 'sleep', 'rvwinkle', 'lbzcix', 'lhzcix', 'lwzcix', 'ldcix',
  'stbcix', 'sthcix', 'stwcix', 'stdcix',
]; // prettier-ignore
const PROBLEM = [
  'sc',
  'rfebb',
  'sync',
  'eieio',
  'isync',
  'wait',
  'hashst',
  'clrbhrb',
  'mfbhrbe',
  'dcbf',
  'icbi',
  'copy',
];

describe('privilege', () => {
  const inState = (MSR: bigint) => ({
    resources: { ...newMachine().resources, MSR },
    service: () => 0n,
  });
  const user = () => inState(0x8000_0000_0000_4000n);
  const userOfHypervisor = () => inState(0x9000_0000_0000_4000n);
  const guest = () => inState(0x8000_0000_0000_0000n);
  const fields = { RA: 4 };
  const form = (mnemonic: string) => (/^(hash|[ls]\w+cix)/.test(mnemonic) ? fields : {});

  test.each(PRIVILEGED)('%s is privileged', (mnemonic) => {
    expect(raised(execute(mnemonic, form(mnemonic), user()))).toBe('privileged');
    expect(raised(execute(mnemonic, form(mnemonic), guest())) ?? '').not.toMatch(/rivileged$/);
  });
  test.each(HYPERVISOR)('%s is hypervisor-privileged', (mnemonic) => {
    expect(raised(execute(mnemonic, form(mnemonic), userOfHypervisor()))).toBe('privileged');
    expect(raised(execute(mnemonic, form(mnemonic), guest()))).toBe('hypervisorPrivileged');
  });
  test.each(PROBLEM)('%s is for everybody', (mnemonic) => {
    const outcome = raised(execute(mnemonic, form(mnemonic), user()));
    expect(outcome ?? '').not.toMatch(/rivileged$/);
  });
  test('urfid is for the ultravisor', () => {
    expect(raised(execute('urfid', {}, user()))).toBe('privileged');
    expect(raised(execute('urfid', {}, inState(0x9000_0000_0000_0000n)))).toBe('hypervisorPrivileged');
  });
});

describe('facilities', () => {
  const without = (register: 'FSCR' | 'HFSCR', MSR: bigint) => ({
    resources: { ...newMachine().resources, [register]: 0n, MSR },
    service: () => 0n,
  });
  const GUEST = 0x8000_0000_0000_0000n;
  const USER = 0x8000_0000_0000_4000n;
  test.each([
    ['scv', 12n],
    ['rfebb', 7n],
    ['plbz', 13n],
  ])('%s needs FSCR in problem state', (mnemonic, operand) => {
    const x = execute(mnemonic, {}, without('FSCR', USER));
    expect(x.outcome).toMatchObject({ kind: 'raise', reason: 'facilityUnavailable', operand });
  });
  test.each([
    ['msgsndp', 10n],
    ['msgclrp', 10n],
    ['clrbhrb', 4n],
    ['mfbhrbe', 4n],
  ])('%s needs HFSCR in a guest', (mnemonic, operand) => {
    const x = execute(mnemonic, {}, without('HFSCR', GUEST));
    expect(x.outcome).toMatchObject({ kind: 'raise', reason: 'hypervisorFacilityUnavailable', operand });
  });
});

describe('levels and features', () => {
  const cpu = (level: IsaLevel, ...features: Feature[]) => {
    const decoder = createDecoder((row: InsnRow) => hasRow({ level, features: new Set(features) }, row));
    return (mnemonic: string) => {
      const index = decoder.decode(Number(BigInt.asIntN(32, named(mnemonic).match)), 0);
      return index < 0 ? undefined : INSTRUCTIONS[index]!.row;
    };
  };
  test('stop replaced the four power-saving instructions', () => {
    const [power8, power9] = [cpu('v2.07', 'stop'), cpu('v3.0C', 'stop')];
    for (const old of ['doze', 'nap', 'sleep', 'rvwinkle']) {
      expect(power8(old)?.mnemonic).toBe(old);
      expect(power9(old)).toBeUndefined();
    }
    expect(power8('stop')).toBeUndefined();
    expect(power9('stop')?.mnemonic).toBe('stop');
  });
  test('before v3.1B the hash instructions are no-ops', () => {
    const [power9, power10] = [cpu('v3.0C'), cpu('v3.1B', 'hash')];
    for (const mnemonic of ['hashst', 'hashchk', 'hashstp', 'hashchkp']) {
      expect(power9(mnemonic)?.sem).toEqual([]);
      expect(power10(mnemonic)?.sem).not.toEqual([]);
    }
  });
  test('a CPU without an SLB has slbia, which drops effective-to-real translations, and no other SLB instruction', () => {
    const radixOnly = cpu('v3.1B');
    expect(radixOnly('slbia')?.mnemonic).toBe('slbia');
    for (const mnemonic of [
      'slbie',
      'slbieg',
      'slbiag',
      'slbmte',
      'slbmfev',
      'slbmfee',
      'slbfee.',
      'slbsync',
    ])
      expect(radixOnly(mnemonic)).toBeUndefined();
  });
});
