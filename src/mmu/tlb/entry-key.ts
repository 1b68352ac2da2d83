/** What the entries of the architected caches are of: the words that each of them begins with. */
import type { TranslationContext } from '../context';
import { keepHi, keepLo } from '../halves';
import type { RadixTree } from '../radix/tree';
import { toBigint } from '../recorder';

/** What an entry of the TLB or of the walk cache translates. */
export const ENTRY_KIND = { PROCESS: 0, COMBINED: 1, PARTITION: 2 } as const;

/** Words of an entry's key. The caches of the tables leave kind, address and shift 0. */
export const KEY = { KIND: 0, LPID: 1, PID: 2, HI: 3, LO: 4, SHIFT: 5 } as const;
export const KEY_WORDS = 6;

/** Above every shift and every level. */
export const WIDEST = 64;

/** The key of what a tree translates, 2^`shift` bytes around the address that it is asked for. */
export function setPageKey(
  key: Int32Array,
  ctx: TranslationContext,
  tree: RadixTree,
  { kind, shift }: { kind: number; shift: number },
): void {
  key[KEY.KIND] = kind;
  key[KEY.LPID] = ctx.lpid;
  key[KEY.PID] = kind === ENTRY_KIND.PARTITION ? 0 : ctx.pid;
  key[KEY.HI] = tree.addressHi & keepHi(shift);
  key[KEY.LO] = tree.addressLo & keepLo(shift);
  key[KEY.SHIFT] = shift;
}

/** The key of an entry of the process table, or with PID 0 of the partition table. */
export function setTableKey(key: Int32Array, lpid: number, pid: number): void {
  key.fill(0);
  key[KEY.LPID] = lpid;
  key[KEY.PID] = pid;
}

/** First address of the 2^`shift` bytes that a tree is asked for. */
export const addressOf = (tree: RadixTree, shift: number): bigint =>
  toBigint(tree.addressHi & keepHi(shift), tree.addressLo & keepLo(shift));

/** Number of the 2^`shift` bytes that a tree is asked for. */
export const pageNumberOf = (tree: RadixTree, shift: number): bigint =>
  toBigint(tree.addressHi, tree.addressLo) >> BigInt(shift);
