/** Dumps of nested guests, for tests. */
import chalk from 'chalk';
import { PTE } from '../../../isa/tables/radix';
import type { Dumped } from '../../../src/cli/dump/subject';
import { CALL, L2Tree, LPID, TLBIE, World } from './support';

export const NGPA = 0x5000_0000;
export const GPA = 0x40_0000;
const NO_COLOR = new chalk.Instance({ level: 0 });
export const SMALL = { memory: 16 * 2 ** 20, l1: 8 * 2 ** 20 };

export const textOf = (dumped: Dumped): string => {
  if (!('text' in dumped)) throw new Error('no text');
  return dumped.text(NO_COLOR);
};

export const jsonOf = (dumped: Dumped): unknown => {
  if (!('json' in dumped)) throw new Error('no JSON');
  return JSON.parse(JSON.stringify(dumped.json()));
};

export function setup() {
  const world = new World();
  const tree = new L2Tree(world);
  tree.map(NGPA, GPA);
  tree.map(NGPA + 65536, GPA, { bits: PTE.READ.mask | PTE.EXECUTE.mask | PTE.R.mask });
  world.access(NGPA, 'store');
  world.access(NGPA + 65536);
  return { world, tree, nested: world.nested };
}

/** L1's tlbie of one 64K page. */
export const invalidate = (world: World, nGpa: number): number =>
  world.hypercall(CALL.tlbie, TLBIE.page, LPID, nGpa + 0xa0);
