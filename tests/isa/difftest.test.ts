/** The rows against QEMU's results for random fixed-point instructions, both endians. */
import { readDiffTest, runBlocks } from '../support/difftest';
import { describeWith, oracle } from '../support/oracle';

const FILES = [
  { name: 'fixed-single-le.jsonl.gz', skipped: 550 },
  { name: 'fixed-blocks-le.jsonl.gz', skipped: 1700 },
  { name: 'fixed-blocks-be.jsonl.gz', skipped: 1700 },
];

for (const { name, skipped } of FILES)
  describeWith(oracle('difftest', name), `difftest ${name}`, (file) => {
    const test = readDiffTest(file);
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
