/** Write permissions that are taken away: all that were given for a page, whatever their number. */
import fc from 'fast-check';
import type { TranslationCache } from '../../src/engine/translation-cache';
import { WriteWatch } from '../../src/engine/write-watch';

const [PAGES, ENTRIES, CPUS] = [3, 5, 2];
const PAGE_BYTES = 4096;

/** A cache that knows which entries may store to which page. */
class Permissions {
  readonly pages = new Map<number, number>();

  dropWrites(address: number, only?: number): void {
    for (const [entry, page] of this.pages)
      if (page * PAGE_BYTES === address && (only === undefined || only === entry)) this.pages.delete(entry);
  }
}

type Step = readonly [kind: 'grant' | 'revoke', page: number, cpu: number, entry: number];
const steps = fc.array(
  fc.tuple(
    fc.constantFrom('grant' as const, 'grant' as const, 'revoke' as const),
    fc.nat(PAGES - 1),
    fc.nat(CPUS - 1),
    fc.nat(ENTRIES - 1),
  ),
  { maxLength: 40 },
);

test('a revoked page has no permission left, and others keep theirs', () => {
  const holds = (list: readonly Step[]): void => {
    const caches = Array.from({ length: CPUS }, () => new Permissions());
    const watch = new WriteWatch(caches as unknown as TranslationCache[], PAGES);
    const expected = new Map<string, number>();
    for (const [kind, page, cpu, entry] of list) {
      if (kind === 'grant') {
        // An entry is for one page: the earlier one's permission is gone without a word.
        caches[cpu]!.pages.set(entry, page);
        watch.granted(page, cpu, entry);
        expected.set(`${cpu} ${entry}`, page);
      } else {
        watch.revoke(page);
        for (const [key, of] of expected) if (of === page) expected.delete(key);
      }
      const left = caches.flatMap(({ pages }, n) =>
        [...pages].map(([at, of]) => [`${n} ${at}`, of] as const),
      );
      expect(new Map(left)).toEqual(expected);
    }
  };
  fc.assert(fc.property(steps, holds), { numRuns: 300 });
});
