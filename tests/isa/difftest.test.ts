/** The rows against QEMU's results for random fixed-point instructions, both endians. */
import { readDiffTest, runBlocks } from '../support/difftest';

const FILES = [
  { name: 'fixed-single-le.jsonl.gz', skipped: 550 },
  { name: 'fixed-blocks-le.jsonl.gz', skipped: 1700 },
  { name: 'fixed-blocks-be.jsonl.gz', skipped: 1700 },
];

describe.each(FILES)('difftest $name', ({ name, skipped }) => {
  const test = readDiffTest(name);
  if (!test) {
    it.skip('is not there (../shared/oracle/difftest)', () => undefined);
    return;
  }
  const summary = runBlocks(test);

  it('gives the recorded registers and storage for every block', () => {
    expect(summary.differences.slice(0, 20)).toEqual([]);
  });

  it('has a row for every instruction', () => {
    expect([...summary.withoutRow.keys()].sort()).toEqual([]);
    expect(summary.ran).toBe(test.blocks.length);
  });

  it('leaves few registers out', () => {
    expect(summary.skipped).toBeLessThan(skipped);
  });
});
