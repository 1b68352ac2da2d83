/**
 * `book3s demo`, what `npm start` does: L0, L1 and L2 in one trace, the reverse map before and after an invalidation,
 * and how the nested guests' addresses were translated.
 */
import chalk from 'chalk';
import type { CliIo } from '../command';
import { EXIT } from '../exit-codes';
import { levelLines } from './levels';
import { FIXTURE, play } from './play';
import { rmapTable } from './rmap-table';
import { translationLines } from './translations';

const RMAP_LEGEND = [
  'L1 invalidates: the shadow entry goes, the entry here stays, stale until its list is walked. The host moves the page:',
  'the list is walked, each live entry leads to a shadow entry that goes too, and the guests notice nothing.',
];
const WHERE_NEXT =
  `All of it: book3s asm fixtures/${FIXTURE} --out n.bin; ` +
  'book3s boot n.bin --machine pseries --trace nested,rmap,hcall,walk --trace-out -';

/** @returns the exit code */
export function runDemo({ color }: { readonly color: boolean }, io: CliIo): Promise<number> {
  const paint = new chalk.Instance({ level: color ? 1 : 0 });
  const { machine, console, events, moments, end } = play();
  const section = (title: string, lines: readonly string[]): void => {
    io.out.write(`\n${paint.bold(title)}\n${lines.map((line) => `${line}\n`).join('')}`);
  };
  io.out.write(
    `${paint.bold(`${FIXTURE} on ${machine.description.name}, ${machine.model.name}`)}: L0 is book3s, L1 a hypervisor ` +
      'in its memory, L2 its guests A and B\n',
  );
  section('Console', console.trimEnd().split('\n'));
  section('One trace, three levels', levelLines(events, paint));
  section('The reverse map: who maps a frame of L1', [...rmapTable(moments, paint), ...RMAP_LEGEND]);
  section('Translations of the guests, until L1 invalidates', translationLines(events, paint));
  io.out.write(`\n${WHERE_NEXT}\n`);
  return Promise.resolve(end.kind === 'power' && end.request.kind === 'off' ? EXIT.OK : EXIT.GUEST_FAILURE);
}
