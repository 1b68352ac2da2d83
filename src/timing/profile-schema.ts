/**
 * The schema of a timing profile, stated once: it checks a user's file and is the JSON Schema that documents it. A
 * message names the path of what is wrong, what was expected and what was found.
 */
import { MICROWATT_PROFILE } from './profiles/microwatt';
import { FETCH_REPLACEMENT, REPLACEMENT, SLOTS_PER_CYCLE, TLB_INDEX, TREE_REPLACEMENT } from './profile';

/** A JSON Schema (draft 2020-12) and the check that it stands for: adds messages to `problems`. */
export interface Rule {
  readonly schema: object;
  readonly optional?: boolean;
  check(value: unknown, path: string, problems: string[]): void;
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
const wrong = (path: string, expected: string, value: unknown): string =>
  `${path}: expected ${expected}, got ${shown(value)}`;

interface NumberLimits {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  /** Only these. */
  readonly oneOf?: readonly number[];
}

function number({ min, max, integer = false, oneOf }: NumberLimits): Rule {
  const expected = oneOf
    ? `one of ${oneOf.join(', ')}`
    : `${integer ? 'a whole number' : 'a number'} from ${min} to ${max}`;
  return {
    schema: oneOf ? { enum: oneOf } : { type: integer ? 'integer' : 'number', minimum: min, maximum: max },
    check(value, path, problems) {
      const good =
        typeof value === 'number' &&
        value >= min &&
        value <= max &&
        (!integer || Number.isInteger(value)) &&
        (!oneOf || oneOf.includes(value));
      if (!good) problems.push(wrong(path, expected, value));
    },
  };
}

const boolean: Rule = {
  schema: { type: 'boolean' },
  check: (value, path, problems) => {
    if (typeof value !== 'boolean') problems.push(wrong(path, 'true or false', value));
  },
};

function text(oneOf?: readonly string[]): Rule {
  return {
    schema: oneOf ? { enum: oneOf } : { type: 'string', minLength: 1 },
    check(value, path, problems) {
      const good = typeof value === 'string' && value.length > 0 && (!oneOf || oneOf.includes(value));
      if (!good) problems.push(wrong(path, oneOf ? `one of ${oneOf.join(', ')}` : 'text', value));
    },
  };
}

const optional = (rule: Rule): Rule => ({ ...rule, optional: true });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function object(rules: Readonly<Record<string, Rule>>): Rule {
  const names = Object.keys(rules);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, rules[name]!.schema])),
      required: names.filter((name) => !rules[name]!.optional),
      additionalProperties: false,
    },
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push(wrong(path, 'an object', value));
        return;
      }
      for (const key of Object.keys(value))
        if (!Object.hasOwn(rules, key))
          problems.push(`${path}: unknown key "${key}"; it has ${names.join(', ')}`);
      for (const name of names)
        if (value[name] !== undefined || !rules[name]!.optional)
          rules[name]!.check(value[name], path === '' ? name : `${path}.${name}`, problems);
    },
  };
}

function dictionary(rule: Rule): Rule {
  return {
    schema: { type: 'object', additionalProperties: rule.schema },
    check(value, path, problems) {
      if (!isObject(value)) problems.push(wrong(path, 'an object', value));
      else for (const [key, each] of Object.entries(value)) rule.check(each, `${path}.${key}`, problems);
    },
  };
}

function list(rule: Rule, length?: number): Rule {
  const size = length === undefined ? {} : { minItems: length, maxItems: length };
  return {
    schema: { type: 'array', items: rule.schema, ...size },
    check(value, path, problems) {
      if (!Array.isArray(value) || (length !== undefined && value.length !== length))
        problems.push(wrong(path, length === undefined ? 'a list' : `a list of ${length}`, value));
      else value.forEach((each, i) => rule.check(each, `${path}[${i}]`, problems));
    },
  };
}

const LONGEST = 10_000;
const cycles = number({ min: 0, max: LONGEST });
const positive = number({ min: 1, max: LONGEST });
const signed = number({ min: -LONGEST, max: LONGEST });
const powers = (from: number, to: number): Rule => {
  const oneOf: number[] = [];
  for (let n = from; n <= to; n *= 2) oneOf.push(n);
  return number({ min: from, max: to, oneOf });
};
const MOST_SETS = 4096;
const ways = number({ min: 1, max: 64, integer: true });
const geometry = { sets: powers(1, MOST_SETS), ways };
const tlb = { ...geometry, index: text(TLB_INDEX) };
const divisors = Array.from({ length: SLOTS_PER_CYCLE }, (_, i) => i + 1).filter(
  (n) => SLOTS_PER_CYCLE % n === 0,
);

const instruction = object({
  latency: positive,
  interval: positive,
  serialises: optional(boolean),
  drains: optional(boolean),
  refetches: optional(boolean),
  record: optional(cycles),
  overflow: optional(cycles),
  waitsForTarget: optional(boolean),
  twoParts: optional(boolean),
  update: optional(cycles),
});

/** A line lies in a page, and holds the longest access. */
const lineShift = number({ min: 5, max: 8, integer: true });
const cache = {
  ...geometry,
  lineShift,
  miss: cycles,
  refill: cycles,
  request: optional(signed),
  busy: optional(cycles),
  beat: optional(cycles),
};

export const PROFILE_RULE: Rule = object({
  name: text(),
  description: text(),
  core: object({
    issueWidth: number({ min: 1, max: SLOTS_PER_CYCLE, oneOf: divisors }),
    reset: cycles,
    completion: positive,
    runAhead: number({ min: 1, max: 4, integer: true }),
    decode: optional(number({ min: 0, max: 3, integer: true })),
    interrupt: cycles,
    alignment: powers(8, 128),
    unaligned: cycles,
    wholeFlags: optional(boolean),
  }),
  classes: object(
    Object.fromEntries(Object.keys(MICROWATT_PROFILE.classes).map((name) => [name, instruction])),
  ),
  instructions: dictionary(instruction),
  divide: object({
    trivial: positive,
    smaller: positive,
    overflow: positive,
    iterations: list(positive, 3),
    half: optional(object({ bits: number({ min: 1, max: 63, integer: true }), cycles: positive })),
    longQuotient: object({ bits: number({ min: 0, max: 128, integer: true }), cycles }),
    remainder: signed,
    negativeRemainder: optional(signed),
    unsigned: optional(signed),
    extended: optional(object({ word: signed, doubleword: signed })),
    close: optional(signed),
  }),
  fetch: object({ ...cache, replacement: optional(text(FETCH_REPLACEMENT)) }),
  data: object({
    ...cache,
    replacement: text(REPLACEMENT),
    writeAllocates: boolean,
    blocks: optional(cycles),
    stalls: optional(boolean),
    store: optional(cycles),
    storeRegion: optional(number({ min: 6, max: 30, integer: true })),
    zero: optional(cycles),
  }),
  translation: object({
    instruction: object(tlb),
    data: object(tlb),
    second: object({
      ...tlb,
      hit: cycles,
      slow: optional(cycles),
      replacement: optional(text(TREE_REPLACEMENT)),
    }),
    walkCache: object({ ...geometry, replacement: optional(text(TREE_REPLACEMENT)) }),
    read: cycles,
    readMiss: cycles,
    walk: optional(
      object({
        base: cycles,
        page: cycles,
        table: cycles,
        topTable: cycles,
        nothing: cycles,
        check: cycles,
        finish: cycles,
      }),
    ),
    fetchMore: optional(cycles),
    recentPages: optional(cycles),
  }),
  branch: object({
    targetCache: powers(64, 4096),
    update: optional(cycles),
    decoded: cycles,
    mispredicted: cycles,
  }),
  invalidateAll: cycles,
  hypervisor: object({
    hypercall: cycles,
    pageFault: cycles,
    nestedEntry: cycles,
    nestedExit: cycles,
    other: cycles,
  }),
  sources: list(object({ path: text(), source: text(), estimate: optional(boolean) })),
});

/** The JSON Schema of a profile file: everything, or `extends` and what differs. */
export const PROFILE_SCHEMA: object = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'book3s timing profile',
  description: 'With "extends" only what differs needs to be given; see docs/timing.md for the meaning.',
  ...PROFILE_RULE.schema,
};
