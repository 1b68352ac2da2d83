/** Timing profiles: those that come with the program are valid, and a file's mistakes are named. */
import {
  parseProfile,
  POWER9_PROFILE,
  profileOf,
  PROFILE_SCHEMA,
  PROFILES,
  MICROWATT_PROFILE,
  createTiming,
} from '../../src/timing';

const read = (): string => {
  throw new Error('no file is to be read');
};
const problems = (changes: unknown): string => {
  try {
    parseProfile('mine.json', JSON.stringify(changes));
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};
const changed = (change: Record<string, unknown>): string => problems({ extends: 'microwatt', ...change });

test.each(Object.entries(PROFILES))(
  '%s is a valid profile and says where its numbers come from',
  (name, profile) => {
    expect(parseProfile('x.json', JSON.stringify(profile))).toEqual(profile);
    expect(profile.name).toBe(name);
    for (const key of [
      'core',
      'classes',
      'divide',
      'fetch',
      'data',
      'translation',
      'branch',
      'invalidateAll',
      'hypervisor',
    ])
      expect(profile.sources.some(({ path }) => path.split('.')[0] === key)).toBe(true);
  },
);

test('--timing takes a name, a file or none', () => {
  expect(profileOf('none', read)).toBeUndefined();
  expect(profileOf('power9', read)).toBe(POWER9_PROFILE);
  const file = JSON.stringify({ extends: 'microwatt', name: 'fast memory', data: { miss: 2 } });
  const profile = profileOf('./mine.json', (name) => (name === './mine.json' ? file : read()))!;
  expect(profile.data).toEqual({ ...MICROWATT_PROFILE.data, miss: 2 });
  expect(profile.fetch).toEqual(MICROWATT_PROFILE.fetch);
  expect(() => profileOf('power12', read)).toThrow(
    '--timing: expected one of none, microwatt, power9, or a JSON file, got "power12"; a file of that name is ./power12',
  );
});

test.each<[string, string]>([
  [changed({ data: { miss: -1 } }), 'mine.json: data.miss: expected a number from 0 to 10000, got -1'],
  [changed({ data: { sets: 48 } }), 'mine.json: data.sets: expected one of 1, 2, 4'],
  [
    changed({ core: { issueWidth: 5 } }),
    'mine.json: core.issueWidth: expected one of 1, 2, 3, 4, 6, 12, got 5',
  ],
  [
    changed({ branch: { targetcache: 64 } }),
    'mine.json: branch: unknown key "targetcache"; it has targetCache, update, decoded, mispredicted',
  ],
  [changed({ speed: 1 }), 'mine.json: unknown key "speed"; it has name'],
  [changed({ classes: { alu: 1 } }), 'mine.json: classes.alu: expected an object, got 1'],
  [
    changed({ classes: { alu: { latency: 0 } } }),
    'mine.json: classes.alu.latency: expected a number from 1 to 10000, got 0',
  ],
  [changed({ instructions: { lq: { latency: 3 } } }), 'none'],
  [
    changed({ instructions: { mine: { latency: 3 } } }),
    'mine.json: instructions.mine.interval: expected a number from 1 to 10000, got nothing',
  ],
  [
    changed({ divide: { iterations: [1, 2] } }),
    'mine.json: divide.iterations: expected a list of 3, got [1,2]',
  ],
  [
    changed({ translation: { data: { index: 'odd' } } }),
    'mine.json: translation.data.index: expected one of page, folded, hashed, got "odd"',
  ],
  [changed({ data: { writeAllocates: 1 } }), 'mine.json: data.writeAllocates: expected true or false, got 1'],
  [changed({ name: '' }), 'mine.json: name: expected text, got ""'],
  [changed({ sources: 3 }), 'mine.json: sources: expected a list, got 3'],
  [problems({ extends: 'z80' }), 'mine.json: extends: expected one of microwatt, power9, got "z80"'],
  [problems({ name: 'x' }), 'mine.json: description: expected text, got nothing'],
  [problems([]), 'mine.json: expected an object with a timing profile'],
])('%s', (got, expected) => expect(got).toContain(expected));

test('what is no JSON is said to be none', () => {
  expect(() => parseProfile('mine.json', '{')).toThrow(/^mine\.json:1:2: not JSON: /);
  expect(() => parseProfile('mine.json', '{\n "name": 1,\n}')).toThrow(/^mine\.json:3:1: not JSON: /);
});

test('a profile whose structures do not fit generated code is refused', () => {
  const big = { ...MICROWATT_PROFILE.data, sets: 4096, ways: 16 };
  expect(() => createTiming({ ...MICROWATT_PROFILE, name: 'big', data: big })).toThrow(
    /timing profile big: its structures take \d+ bytes, at most \d+ fit/,
  );
});

test('the schema has every key', () => {
  const { properties } = PROFILE_SCHEMA as { properties: object };
  expect(Object.keys(properties).sort()).toEqual(Object.keys(MICROWATT_PROFILE).sort());
});
