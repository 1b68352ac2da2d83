/** Reference and change bits that a walk sets are stores: to code that was decoded, and to what others have reserved. */
import { hiOf, loOf } from '../../src/core/u64';
import { ACCESS } from '../../src/mmu/access';
import { POWER9 } from '../../src/mmu/policy';
import { Translator } from '../../src/mmu/translate';
import { variantIndex } from '../../src/engine/variant';
import { offsetOf, RECORD } from '../../src/state/layout';
import { Program } from '../support/program';

const V = 1n << 63n;
const TREE52 = 0x40000000000000adn;
const LEAF = 0xc000000000000000n;
/** Page with the leaf, or the group, that the walk changes. */
const PAGE = 0x3000;
const R = 0x100;

/** A machine of two CPUs of which the page is decoded, and the second has a reservation in it. */
function prepared() {
  const { machine } = new Program('nop', { cpus: 2 });
  const { engine } = machine.execution;
  const mode = engine.decodeMode(variantIndex(0, 1, false), 0);
  const other = engine.cpus[1]!;
  other.setInt(offsetOf('RESLEN'), 8);
  other.set(offsetOf('RESADDR'), BigInt(PAGE + 0x10));
  return {
    engine,
    cpu: engine.cpus[0]!,
    decoded: (at: number) =>
      engine.code.wordAt(engine.code.records(PAGE, mode) + ((at - PAGE) / 4) * RECORD.size),
    reserved: () => other.int(offsetOf('RESLEN')),
  };
}

test('radix: the leaf gets R', () => {
  const { engine, cpu, decoded, reserved } = prepared();
  const words: readonly (readonly [number, bigint])[] = [
    [0x10000, V | TREE52 | 0x20000n],
    [0x10008, 0x40000n],
    [0x40000, TREE52 | 0x20000n],
    [0x20000, V | 0x30000n | 9n],
    [0x30000, V | BigInt(PAGE) | 9n],
    [PAGE, LEAF | 0x7n],
  ];
  for (const [at, value] of words) engine.ram.setDoubleword(at, value);
  expect(decoded(PAGE + 4)).toBe(0x7);
  for (const [name, value] of [
    ['MSR', 0x9000000000001032n],
    ['LPCR', 0x500000n],
    ['PTCR', 0x10000n],
  ] as const)
    cpu.setNamed(name, value);
  engine.reservations.enter(cpu);
  const mmu = new Translator(engine.ram, { ...POWER9, referenceChange: 'update' });
  expect(mmu.access(cpu, ACCESS.load, hiOf(0x5000n), loOf(0x5000n))).toBe(true);
  expect(engine.ram.getWord(PAGE + 4)).toBe(R | 0x7);
  expect(decoded(PAGE + 4)).toBe(R | 0x7);
  expect(reserved()).toBe(0);
});

test('hashed: the entry gets R', () => {
  const { engine, cpu, decoded, reserved } = prepared();
  // An SLB entry of 256M with VSID 0 and pages of 4K: virtual page 0 has the first group of a table of 256K.
  engine.ram.setDoubleword(0x10000, 0n);
  cpu.setNamed('MSR', 0x9000000000001032n);
  cpu.setNamed('PTCR', 0x10000n);
  cpu.set(offsetOf('SLBE'), 0x8000000n);
  const page = PAGE / 128;
  cpu.set(offsetOf('SLBV'), BigInt(page) << 12n);
  engine.ram.setDoubleword(PAGE, (BigInt(page) << 12n) | 1n);
  engine.ram.setDoubleword(PAGE + 8, 0x5012n);
  expect(decoded(PAGE + 12)).toBe(0x5012);
  engine.reservations.enter(cpu);
  const mmu = new Translator(engine.ram, POWER9);
  expect(mmu.access(cpu, ACCESS.load, 0, 0)).toBe(true);
  expect(engine.ram.getWord(PAGE + 12)).toBe(0x5012 | R);
  expect(decoded(PAGE + 12)).toBe(0x5012 | R);
  expect(reserved()).toBe(0);
});
