/** What is derived from semantics: reads, writes, and where a block ends; and that execution touches nothing else. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa';
import {
  effectsOf,
  effectsOfImage,
  effectsOfInstruction,
  type Effects,
  type RegisterRef,
  type StateUse,
} from '../../isa/vocabulary/analysis';
import { add, field, gpr, i32, i64, load, resource, type ResourceName } from '../../isa/vocabulary/expr';
import { branchBy, def, perform, raise, repeat, setGpr, setResource, when } from '../../isa/vocabulary/stmt';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { imageOf, named } from '../support/find-instruction';
import { xorshift32 } from '../support/random';

const ref = (r: RegisterRef): string =>
  r.by === 'number'
    ? String(r.number)
    : r.by === 'field'
      ? `${r.field}${r.orZero ? '|0' : ''}${r.plus ? `+${r.plus}` : ''}`
      : '?';
/** A readable summary: `r4 r5 cr0 SO mem`. */
const show = (use: StateUse): string =>
  [
    ...use.gprs.map((r) => `r${ref(r)}`),
    ...use.vsrs.map((r) => `v${ref(r)}`),
    ...use.crFields.map((r) => `cr${ref(r)}`),
    ...[...use.resources].sort(),
    ...(use.storage ? ['mem'] : []),
  ].join(' ');
const shown = ({ reads, writes }: Effects): string => `${show(reads)} -> ${show(writes)}`;
const ofImage = (mnemonic: string, fields: Record<string, number>): Effects =>
  effectsOfImage(named(mnemonic), imageOf(named(mnemonic), fields));

describe('effects of an image', () => {
  it.each<[string, Record<string, number>, string]>([
    ['add', { RT: 3, RA: 4, RB: 5 }, 'r4 r5 -> r3'],
    ['add.', { RT: 3, RA: 4, RB: 5 }, 'r4 r5 SO -> r3 cr0'],
    ['addo', { RT: 3, RA: 4, RB: 4 }, 'r4 SO -> r3 OV OV32 SO'],
    ['adde', { RT: 3, RA: 4, RB: 5 }, 'r4 r5 CA -> r3 CA CA32'],
    ['addi', { RT: 3, RA: 4 }, 'r4 -> r3'],
    ['addi', { RT: 3, RA: 0 }, ' -> r3'],
    ['cmp', { BF: 6, RA: 1, RB: 2 }, 'r1 r2 SO -> cr6'],
    ['crand', { BT: 9, BA: 14, BB: 31 }, 'cr3 cr7 cr2 -> cr2'],
    ['isel', { RT: 3, RA: 0, RB: 5, BC: 6 }, 'r5 cr1 -> r3'],
    ['mtcrf', { RS: 3, FXM: 0x81 }, 'r3 -> cr0 cr7'],
    ['mfocrf', { RT: 3, FXM: 0x10 }, 'cr3 -> r3'],
    ['mfspr', { RT: 3, SPR: 8 }, 'LR -> r3'],
    ['mtspr', { RS: 3, SPR: 9 }, 'r3 -> CTR'],
    ['mfspr', { RT: 3, SPR: 1 }, 'CA CA32 OV OV32 SO XERLOW -> r3'],
    ['rlwimi', { RA: 3, RS: 4 }, 'r4 r3 -> r3'],
    ['tw', { TO: 4, RA: 3, RB: 4 }, 'r3 r4 -> '],
    ['b', { LI: 4 }, ' -> '],
    ['bl', { LI: 4 }, ' -> LR'],
    ['lwz', { RT: 3, RA: 4 }, 'r4 mem -> r3'],
    ['stwu', { RS: 3, RA: 4 }, 'r4 r3 -> r4 mem'],
    ['lmw', { RT: 29, RA: 4 }, 'r4 mem -> r29 r30 r31'],
  ])('%s %j: %s', (mnemonic, fields, expected) => {
    expect(shown(ofImage(mnemonic, fields))).toBe(expected);
  });

  it('of a variant names registers by field', () => {
    expect(shown(effectsOfInstruction(named('addi')))).toBe('rRA|0 -> rRT');
    expect(shown(effectsOfInstruction(named('cmpl')))).toBe('rRA rRB SO -> crBF');
    expect(shown(effectsOfInstruction(named('crand')))).toBe('cr? -> cr?');
    expect(shown(effectsOfInstruction(named('vsel')))).toBe('vVRB+32 vVRA+32 vVRC+32 -> vVRT+32');
    expect(shown(effectsOfInstruction(named('lq')))).toBe('rRA|0 mem -> rRTp rRTp+1');
  });
});

describe('the end of a block', () => {
  it.each<[string, Record<string, number>, boolean]>([
    ['add', {}, false],
    ['b', {}, true],
    ['bc', {}, true],
    // A raise leaves the block only when it happens.
    ['tw', {}, false],
    ['mtspr', { SPR: 8 }, false],
    ['mtspr', { SPR: 26 }, true],
    ['mfspr', { SPR: 26 }, false],
    ['mtmsrd', {}, true],
    ['sc', {}, true],
  ])('%s %j: %s', (mnemonic, fields, ends) => {
    expect(ofImage(mnemonic, fields).endsBlock).toBe(ends);
  });

  it('is where no path goes on, even if all of them only raise', () => {
    const both = when(resource('CA'), raise('trap'), raise('illegal'));
    expect(effectsOf([both]).endsBlock).toBe(true);
    expect([...effectsOf([both]).raises].sort()).toEqual(['illegal', 'trap']);
    expect(effectsOf([when(resource('CA'), raise('trap'))]).endsBlock).toBe(false);
  });
});

describe('effects of statements', () => {
  it('what cannot be reached does not count', () => {
    const after = [raise('trap'), setResource('CA', i32(1)), perform('rfid')];
    expect(effectsOf(after)).toMatchObject({ branches: false, endsBlock: true });
    expect(show(effectsOf(after).writes)).toBe('');
    expect(effectsOf([when(i32(0), branchBy(i64(4)))]).branches).toBe(false);
  });

  it('an unknown count visits the body once, with registers that are not told', () => {
    const body = [repeat(resource('XERLOW'), 127, (i) => setGpr(add(field('RT'), i), load(1, gpr('RA'))))];
    expect(shown(effectsOf(body, (name) => (name === 'RT' ? 5 : undefined)))).toBe('rRA XERLOW mem -> r?');
  });

  it('a local that depends on the round is not taken from the round before', () => {
    const rounds = repeat(i32(2), 2, (i) => def(add(i, field('RT')), (n) => setGpr(n, i64(0))));
    expect(shown(effectsOf([rounds], () => 7))).toBe(' -> r7 r8');
    expect(shown(effectsOf([rounds]))).toBe(' -> r?');
  });

  it('names the services', () => {
    expect([...effectsOf([perform('isync')]).services]).toEqual(['isync']);
  });
});

describe('execution touches nothing that the analysis does not name', () => {
  const DOUBLEWORDS: readonly ResourceName[] = ['LR', 'CTR'];
  const FLAGS: readonly ResourceName[] = ['SO', 'OV', 'OV32', 'CA', 'CA32'];
  /** A machine of random registers, the same for the same number. */
  const machineOf = (seed: number): TestMachine => {
    const next = xorshift32(seed);
    const word = (): bigint => BigInt(next());
    const doubleword = (): bigint => (word() << 32n) | word();
    const gpr = Array.from({ length: 32 }, doubleword);
    const cr = Array.from({ length: 8 }, () => Number(word() & 15n));
    const machine = newMachine({ gpr, cr });
    for (const name of DOUBLEWORDS) machine.resources[name] = doubleword();
    for (const name of FLAGS) machine.resources[name] = word() & 1n;
    machine.resources.XERLOW = word() & 0x3ffffn;
    return machine;
  };
  const numbers = (refs: readonly RegisterRef[]): Set<number> =>
    new Set(refs.map((r) => (r.by === 'number' ? r.number : -1)));

  /** Everything that a machine holds, by name. */
  const stateOf = (m: TestMachine): Map<string, bigint> =>
    new Map([
      ...m.gpr.map((x, n): [string, bigint] => [`r${n}`, x]),
      ...m.cr.map((x, n): [string, bigint] => [`cr${n}`, BigInt(x)]),
      ...Object.entries(m.resources),
    ]);
  const namesOf = (use: StateUse): Set<string> =>
    new Set<string>([
      ...[...numbers(use.gprs)].map((n) => `r${n}`),
      ...[...numbers(use.crFields)].map((n) => `cr${n}`),
      ...use.resources,
    ]);

  const candidates = INSTRUCTIONS.filter((i) => {
    const { reads, writes, services } = effectsOfInstruction(i);
    return i.row.form !== 'MRR' && !reads.storage && !writes.storage && services.size === 0;
  });
  it.each(candidates.map((i) => [i.mnemonic, i] as const))('%s', (_, instruction) => {
    const image = fc.bigInt({ min: 0n, max: (1n << BigInt(instruction.size)) - 1n });
    fc.assert(
      fc.property(image, fc.integer(), fc.integer(), (bits, one, two) => {
        const word = (bits & ~instruction.mask) | instruction.match;
        const { reads, writes } = effectsOfImage(instruction, word);
        const [mayRead, mayWrite] = [namesOf(reads), namesOf(writes)];
        // Two machines that agree on what is read must agree on what is written.
        const [first, second] = [machineOf(one), machineOf(two)];
        for (const [name, value] of stateOf(first)) if (mayRead.has(name)) put(second, name, value);
        const before = stateOf(second);
        const outcomes = [evaluate(instruction, word, first), evaluate(instruction, word, second)];
        expect(outcomes[0]).toEqual(outcomes[1]);
        const a = stateOf(first);
        // A conditional write may leave what was there.
        const wrong = [...stateOf(second)].filter(
          ([name, value]) => value !== before.get(name) && !(mayWrite.has(name) && value === a.get(name)),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

/** Sets what {@link stateOf} calls by this name. */
function put(m: TestMachine, name: string, value: bigint): void {
  if (/^r\d+$/.test(name)) m.gpr[Number(name.slice(1))] = value;
  else if (/^cr\d$/.test(name)) m.cr[Number(name.slice(2))] = Number(value);
  else m.resources[name as ResourceName] = value;
}
