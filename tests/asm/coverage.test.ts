import { readFileSync } from 'node:fs';
import path from 'node:path';
import { INSTRUCTIONS, ROWS } from '../../isa/index';
import { coveragePage } from '../../src/asm/coverage';

const PAGE = path.join(__dirname, '../../docs/isa-coverage.md');
const REGENERATE =
  'npx ts-node -e "process.stdout.write(require(\'./src/asm/coverage\').coveragePage())" > docs/isa-coverage.md';

describe('the coverage page', () => {
  test('in docs is the one that the rows give', () => {
    const committed = readFileSync(PAGE, 'utf8');
    if (committed !== coveragePage()) throw new Error(`docs/isa-coverage.md is old; run: ${REGENERATE}`);
  });

  test('lists every row once, in a category of its own', () => {
    const page = coveragePage();
    expect(page).not.toContain('## Other');
    const counts = [...page.matchAll(/^(\d+) rows, (\d+) instructions\.$/gm)];
    expect(counts.reduce((sum, [, rows]) => sum + Number(rows), 0)).toBe(ROWS.length);
    expect(counts.reduce((sum, [, , instructions]) => sum + Number(instructions), 0)).toBe(
      INSTRUCTIONS.length,
    );
    for (const { mnemonic } of INSTRUCTIONS) expect(page).toContain(`\`${mnemonic}\``);
  });

  test('says what is not covered', () => {
    for (const name of ['MMA', 'TM']) expect(coveragePage()).toContain(`(${name})`);
  });
});
