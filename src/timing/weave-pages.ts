/** Looking a page up in the first level of translation from generated code: the twin of `tlbSet` and of a hit. */
import { emitOperator } from '../engine/operators';
import type { Code } from '../engine/wasm/module';
import type { TlbTiming } from './profile';
import type { TableHelpers } from './weave-tables';

/** A first-level structure: its geometry, and its first word in the region of the CPU's tables. */
export interface FirstLevel extends TlbTiming {
  readonly at: number;
}

/** Pushes the lower half of a page's number, with the fields above XORed into that of the set. @param page local, i64 */
export function emitFolded(code: Code, { sets, index }: TlbTiming, page: number): void {
  const field = 31 - Math.clz32(sets);
  code.get(page);
  emitOperator(code, 'i32.wrap');
  const more = index === 'page' ? [] : index === 'folded' ? [field, 2 * field] : [field];
  for (const shift of more) {
    code.get(page);
    emitOperator(code, 'i32.wrap');
    code.i32(shift);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i32.xor');
  }
}

/**
 * Pushes whether a first-level structure holds a page, which is then the newest of its set.
 * @param at locals: the page's number, i64, and one to use, i32
 */
export function emitHolds(
  code: Code,
  tables: TableHelpers,
  level: FirstLevel,
  at: { readonly page: number; readonly set: number },
): void {
  emitFolded(code, level, at.page);
  tables.setOf(code, level);
  code.set(at.set);
  tables.holds(code, { set: at.set, tag: at.page }, level.ways);
}
