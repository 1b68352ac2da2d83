/** Extended branch mnemonics (Power ISA Book I, appendix C.2): conditions, counting, hints, targets. */
import { accepted, printed, type Extended } from './model';

/** CR bit within a field, and whether the branch is taken where it is 1. */
interface Condition {
  readonly name: string;
  readonly bit: number;
  readonly taken: 0 | 1;
}

const CONDITIONS: readonly Condition[] = [
  { name: 'lt', bit: 0, taken: 1 },
  { name: 'gt', bit: 1, taken: 1 },
  { name: 'eq', bit: 2, taken: 1 },
  { name: 'so', bit: 3, taken: 1 },
  { name: 'ge', bit: 0, taken: 0 },
  { name: 'le', bit: 1, taken: 0 },
  { name: 'ne', bit: 2, taken: 0 },
  { name: 'ns', bit: 3, taken: 0 },
];
/** Other names of the same conditions. */
const CONDITION_ALIASES: readonly Condition[] = [
  { name: 'un', bit: 3, taken: 1 },
  { name: 'nl', bit: 0, taken: 0 },
  { name: 'ng', bit: 1, taken: 0 },
  { name: 'nu', bit: 3, taken: 0 },
];

/** BO without hints (Book I, figure "BO field encodings"). */
const BO = { ifTrue: 12, ifFalse: 4, always: 20 } as const;
/** The `at` bits: no hint, very likely not taken, very likely taken. */
const CONDITION_HINTS: readonly (readonly [sign: string, at: number])[] = [
  ['', 0],
  ['-', 2],
  ['+', 3],
];

/** Branches that count, with the values of BO without hint, not taken and taken. */
const COUNTING: readonly (readonly [name: string, none: number, not: number, taken: number])[] = [
  ['bdnz', 16, 24, 25],
  ['bdz', 18, 26, 27],
];
const COUNTING_IF: readonly (readonly [name: string, bo: number])[] = [
  ['bdnzt', 8],
  ['bdnzf', 0],
  ['bdzt', 10],
  ['bdzf', 2],
];

/** A base instruction with its parts of the mnemonic and its last operand. */
interface Target {
  readonly base: string;
  /** What follows the condition: `lr`, `l`, `lrl`, `la`. */
  readonly tail: string;
  /** `BD`, or `BH?`. */
  readonly operand: string;
  readonly counts: boolean;
}

const DISPLACED: readonly Target[] = ['', 'l', 'a', 'la'].map((tail) => ({
  ...{ base: `bc${tail}`, tail, operand: 'BD', counts: true },
}));
const TO_REGISTER: readonly Target[] = [
  ...['lr', 'tar'].flatMap((register) =>
    ['', 'l'].map((l) => ({
      base: `bc${register}${l}`,
      tail: `${register}${l}`,
      operand: 'BH?',
      counts: true,
    })),
  ),
  ...['', 'l'].map((l) => ({ base: `bcctr${l}`, tail: `ctr${l}`, operand: 'BH?', counts: false })),
];
const TARGETS: readonly Target[] = [...DISPLACED, ...TO_REGISTER];

const join = (...operands: string[]): string => operands.filter((o) => o !== '').join();

/** Bit z of BO is ignored by bc where there is no hint; objdump prints such images like those with z=0. */
function withIgnoredBit(target: Target, entry: (bo: number) => Extended, bo: number): Extended[] {
  const plain = entry(bo);
  return target.operand === 'BD' ? [plain, { ...entry(bo + 1), printOnly: true }] : [plain];
}

const conditional = (target: Target, condition: Condition, make: typeof printed): Extended[] =>
  CONDITION_HINTS.flatMap(([sign, at]) => {
    const entry = (bo: number): Extended =>
      make([`b${condition.name}${target.tail}${sign}`, target.base], join('BF?', target.operand), {
        BO: bo,
        BI: `4*BF+${condition.bit}`,
      });
    const bo = (condition.taken ? BO.ifTrue : BO.ifFalse) + at;
    return sign === '' ? withIgnoredBit(target, entry, bo) : [entry(bo)];
  });

const counting = (target: Target): Extended[] => [
  ...COUNTING.flatMap(([name, ...bos]) =>
    CONDITION_HINTS.flatMap(([sign], i) => {
      const entry = (bo: number): Extended =>
        printed([`${name}${target.tail}${sign}`, target.base], target.operand, { BO: bo, BI: 0 });
      return sign === '' ? withIgnoredBit(target, entry, bos[i]!) : [entry(bos[i]!)];
    }),
  ),
  ...COUNTING_IF.flatMap(([name, bo]) =>
    withIgnoredBit(
      target,
      (value) => printed([`${name}${target.tail}`, target.base], join('BI', target.operand), { BO: value }),
      bo,
    ),
  ),
];

/** bt, bf: any bit of the CR. */
const onBit = (target: Target): Extended[] =>
  [['t', BO.ifTrue] as const, ['f', BO.ifFalse] as const].flatMap(([name, bo]) =>
    CONDITION_HINTS.map(([sign, at]) =>
      accepted([`b${name}${target.tail}${sign}`, target.base], join('BI', target.operand), { BO: bo + at }),
    ),
  );

/** The base mnemonic with a hint: objdump prints it for counting branches whose BI is not 0. */
const hinted = (target: Target): Extended[] =>
  [['-', [24, 26]] as const, ['+', [25, 27]] as const].flatMap(([sign, bos]) =>
    bos.map((bo) =>
      printed(
        [`${target.base}${sign}`, target.base],
        join('BO', 'BI', target.operand),
        {},
        {
          ranges: { BO: [bo, bo] },
        },
      ),
    ),
  );

const always = (target: Target): Extended =>
  printed([`b${target.tail}`, target.base], target.operand, { BO: BO.always, BI: 0 });

export const EXTENDED_BRANCHES: readonly Extended[] = [
  ...TO_REGISTER.map(always),
  ...TARGETS.flatMap((target) => [
    ...CONDITIONS.flatMap((condition) => conditional(target, condition, printed)),
    ...CONDITION_ALIASES.flatMap((condition) => conditional(target, condition, accepted)),
    ...(target.counts ? counting(target) : []),
    ...onBit(target),
    ...hinted(target),
  ]),
];
