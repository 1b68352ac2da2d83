/** docs/pseries.md lists exactly the calls that are answered. */
import fs from 'node:fs';
import path from 'node:path';
import { HYPERCALL_ROWS } from '../../../src/kvm/hypercalls/rows';
import { RTAS_TOKENS } from '../../../src/kvm/hypercalls/rtas';
import { addNested } from '../../../src/kvm/nested/part';
import { TestGuest } from './support';

const DOC = fs.readFileSync(path.join(__dirname, '../../../docs/pseries.md'), 'utf8');
const documented = [...DOC.matchAll(/^\| (0x[0-9a-f]+) +\| `([^`]+)` +\|/gm)].map(([, number, name]) => [
  name!,
  Number(number),
]);

it('documents every hypercall and RTAS call that is answered, and no other', () => {
  const { l0 } = new TestGuest();
  addNested(l0);
  const answered = HYPERCALL_ROWS.filter(({ number }) => l0.hypercalls.answers(number));
  expect(documented).toEqual([...answered.map(({ name, number }) => [name, number]), ...RTAS_TOKENS]);
});
