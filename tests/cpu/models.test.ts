import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SPR_ROWS } from '../../isa/registers/spr';
import { CPU_MODELS, MICROWATT, POWER10, POWER8, POWER9 } from '../../src/cpu/models';
import { hasSlot } from '../../src/state/layout';
import { HV, LE, named, SF, TestMachine } from './support';

const MODELS = Object.values(CPU_MODELS);

test('every model is under its own name', () => {
  for (const [name, model] of Object.entries(CPU_MODELS)) expect(model.name).toBe(name);
});

test('processor versions', () => {
  expect(MODELS.map(({ pvr }) => pvr)).toEqual([0x4d0200n, 0x4e1200n, 0x800200n, 0x630000n]);
});

test.each(MODELS)('$name: masks and reset values are of registers that exist', (model) => {
  const names = new Set([...model.sprs.values()].map(({ name }) => name));
  for (const name of Object.keys(model.sprMasks)) expect(names).toContain(name);
  for (const name of Object.keys(model.reset)) expect(hasSlot(name)).toBe(true);
});

test.each(MODELS)('$name: what is always 1 is not writable to 0', (model) => {
  for (const { writable, fixed } of Object.values(model.sprMasks)) expect(writable & fixed).toBe(0n);
  expect(model.dawrs).toBe([180, 181].filter((num) => model.sprs.has(num)).length);
});

test('the SPR sets differ as the processors do', () => {
  const has = (num: number): string[] => MODELS.filter(({ sprs }) => sprs.has(num)).map(({ name }) => name);
  expect(has(25)).toEqual(['power8']); // SDR1
  expect(has(464)).toEqual(['power9', 'power10', 'microwatt']); // PTCR
  expect(has(319)).toEqual(['power8', 'power9', 'power10']); // LPIDR
  expect(has(130)).toEqual(['power8', 'power9']); // TEXASR
  expect(has(468)).toEqual(['power10', 'microwatt']); // HASHKEYR
  expect(has(855)).toEqual(['power9', 'power10']); // PSSCR
  expect(has(310)).toEqual(['power8', 'power9', 'power10']); // HDEC
  expect(SPR_ROWS.filter(({ num }) => has(num).length === 0).map(({ name }) => name)).toEqual([
    'USPRG0', 'USPRG1', 'URMOR', 'USRR0', 'USRR1',
  ]); // prettier-ignore
});

test('levels and features', () => {
  expect(MODELS.map(({ level }) => level)).toEqual(['v2.07', 'v3.0C', 'v3.1B', 'v3.1B']);
  const have = (feature: 'prefixed' | 'hpt' | 'atomicMemory' | 'stop' | 'string'): string[] =>
    MODELS.filter(({ features }) => features.has(feature)).map(({ name }) => name);
  expect(have('prefixed')).toEqual(['power10', 'microwatt']);
  expect(have('hpt')).toEqual(['power8', 'power9', 'power10']);
  expect(have('atomicMemory')).toEqual(['power9', 'power10']);
  expect(have('stop')).toEqual(['power9', 'power10']);
  expect(have('string')).toEqual(['power8', 'power9', 'power10']);
});

test('sizes', () => {
  expect(MODELS.map(({ cacheBlockShift }) => cacheBlockShift)).toEqual([7, 7, 7, 6]);
  expect(MODELS.map(({ tlbielSets }) => tlbielSets.hash)).toEqual([512, 256, 1, 1]);
  expect(MODELS.map(({ decrementer }) => decrementer.large)).toEqual([32, 56, 56, 64]);
  expect([POWER8.ail, POWER9.ail, POWER10.ail, MICROWATT.ail]).toEqual(['ail', 'ail', 'hail', 'hail']);
});

describe('reset', () => {
  test('of Microwatt: little-endian, hypervisor, real mode', () => {
    const cpu = new TestMachine(MICROWATT).cpus[0]!;
    expect(cpu.msr).toBe(SF | HV | LE);
    expect(cpu.nia).toBe(0n);
    expect(named(cpu, 'LPCR')).toBe(0x520000n);
    expect(named(cpu, 'FSCR')).toBe(0x3104n);
    expect(named(cpu, 'CTRL')).toBe(1n);
  });

  test('of the others: big-endian; PIR numbers the thread', () => {
    for (const model of [POWER8, POWER9, POWER10]) {
      const cpu = new TestMachine(model, 2).cpus[1]!;
      expect(cpu.msr).toBe(SF | HV);
      expect(named(cpu, 'PIR')).toBe(1n);
    }
  });

  test('forgets everything else', () => {
    const cpu = new TestMachine(POWER9).cpus[0]!;
    const fresh = cpu.state.bytes.slice();
    cpu.state.setGpr(5, 7n);
    cpu.state.setNamed('PENDING', 1n);
    cpu.reset();
    expect(cpu.state.bytes).toEqual(fresh);
  });
});

test('no code of the CPU asks for the name of a model', () => {
  const root = path.join(__dirname, '../../src/cpu');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('models'))
    .map((file) => path.join(root, file));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files)
    expect([file, /model\.name|'power(8|9|10)'|'microwatt'/.exec(readFileSync(file, 'utf8'))?.[0]]).toEqual([
      file,
      undefined,
    ]);
});
