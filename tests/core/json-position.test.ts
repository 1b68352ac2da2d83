/** Where a text stops being JSON. */
import fc from 'fast-check';
import { jsonErrorPosition } from '../../src/core/json-position';
import { SEED } from '../support/random';

test.each<[string, number]>([
  ['{', 1],
  ['', 0],
  ['{"a": }', 6],
  ['{"a": 1,\n  b: 2}', 11],
  ['{"a": 1,}', 8],
  ['[1, 2,, 3]', 6],
  ['[1 2]', 3],
  ['{"a" 1}', 5],
  ['{} x', 3],
  ['[1, "a\nb"]', 4],
  ['nul', 0],
  ['[01]', 2],
  ['"a', 0],
  ['[[[[{]', 5],
])('%j is no JSON at %i', (text, at) => {
  expect(() => JSON.parse(text) as unknown).toThrow();
  expect(jsonErrorPosition(text)).toBe(at);
});

test('everything before it could have been JSON, and what is JSON has its position at its end', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(jsonErrorPosition(text)).toBe(text.trimEnd().length);
      for (let n = 0; n < text.length; n++)
        if (jsonErrorPosition(text.slice(0, n)) > n) throw new Error(`${n} of ${text}`);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

test('a deep text does no harm', () => {
  expect(jsonErrorPosition('['.repeat(300_000))).toBe(300_000);
});
