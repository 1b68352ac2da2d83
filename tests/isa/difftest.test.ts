/** The rows against QEMU's results for random fixed-point instructions, both endians. */
import { readDiffTest, runBlocks } from '../support/difftest';

/** Floating-point loads and stores that convert, and of pairs: they have no rows yet; all others must have one. */
const NO_ROW = /^(lfs|stfs|lfdp|stfdp)/;

const FILES = [
  { name: 'fixed-single-le.jsonl.gz', ran: 3250, skipped: 550 },
  { name: 'fixed-blocks-le.jsonl.gz', ran: 2000, skipped: 1700 },
  { name: 'fixed-blocks-be.jsonl.gz', ran: 2000, skipped: 1700 },
];

describe.each(FILES)('difftest $name', ({ name, ran, skipped }) => {
  const test = readDiffTest(name);
  if (!test) {
    it.skip('is not there (../shared/oracle/difftest)', () => undefined);
    return;
  }
  const summary = runBlocks(test);

  it('gives the recorded registers and storage for every block that has all its rows', () => {
    expect(summary.differences.slice(0, 20)).toEqual([]);
  });

  it('has a row for every instruction but those', () => {
    const missing = [...summary.withoutRow.keys()].filter((m) => !NO_ROW.test(m));
    expect(missing.sort()).toEqual([]);
  });

  it('runs most blocks and leaves few registers out', () => {
    expect(summary.ran).toBeGreaterThan(ran);
    expect(summary.skipped).toBeLessThan(skipped);
  });
});
