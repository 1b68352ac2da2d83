/**
 * Directory entries that earlier walks of radix trees ended below, so that a walk reads only the last table. An
 * implementation detail, not the architected page walk cache (`tlb/`): what software sees is the same with and without.
 *
 * It holds entries of translations that succeeded. Whoever keeps one sees to it that it is emptied when a table may
 * have changed (`clear`): a machine learns of every store to a page that was read as a table, and drops what it keeps of
 * final translations at the same times.
 */
import { PTCR } from '../../isa/registers/translation';
import { RADIX_ENTRY_SIZE, SMALLEST_PAGE_SHIFT } from '../../isa/tables/radix';
import { offsetOf } from '../state/layout';
import type { TranslationContext } from './context';
import { keepHi, keepLo } from './halves';
import { tableEntries } from './radix/entry';
import type { RadixTree } from './radix/tree';

const PTCR_AT = offsetOf('PTCR');
const PTCR_HI = PTCR.PATB.hi;

/** Entries; a power of two. */
const ENTRIES = 1024;
/** log2 of the bytes that a kept entry maps: below it is a table of 2M or of 1G. */
const SMALL = 21;
const LARGE = 30;
/** Words of an entry: what it is of, then what it holds. */
const WORD = {
  GENERATION: 0,
  HI: 1,
  LO: 2,
  PID: 3,
  LPID: 4,
  VALUE_HI: 5,
  VALUE_LO: 6,
  TABLE: 7,
  LEVEL: 8,
} as const;
const WORDS = 9;
/** In the LPID word: whose tree it is of, and which size. */
const PARTITION = 1 << 30;
const IS_LARGE = 1 << 29;
/** log2 of the entries of a table that lies in one smallest page: it has one host real address. */
const LARGEST_TABLE = SMALLEST_PAGE_SHIFT - Math.log2(RADIX_ENTRY_SIZE);

export class WalkCache {
  private readonly words = new Int32Array(ENTRIES * WORDS);
  private generation = 1;
  private ptcrHi = 0;
  private ptcrLo = 0;

  /** Empties it. */
  clear(): void {
    this.generation = (this.generation + 1) | 0;
    if (this.generation !== 0) return;
    // Once in 2^32 times old entries could come to life again.
    this.words.fill(0);
    this.generation = 1;
  }

  /** To be called before a translation: another partition table is another world. */
  begin({ cpu }: TranslationContext): void {
    const hi = cpu.hi(PTCR_AT) & PTCR_HI;
    const lo = cpu.lo(PTCR_AT);
    if (hi === this.ptcrHi && lo === this.ptcrLo) return;
    this.ptcrHi = hi;
    this.ptcrLo = lo;
    this.clear();
  }

  /** Puts the tree's current entry to where an earlier walk got for this address; false: there was none. */
  find(ctx: TranslationContext, tree: RadixTree): boolean {
    return this.findSize(ctx, tree, SMALL) || this.findSize(ctx, tree, LARGE);
  }

  private findSize(ctx: TranslationContext, tree: RadixTree, shift: number): boolean {
    const { words } = this;
    const hi = tree.addressHi & keepHi(shift);
    const lo = tree.addressLo & keepLo(shift);
    const pid = tree.scope === 'process' ? ctx.pid : 0;
    const lpid = ownerOf(ctx, tree, shift);
    const at = placeOf(hi, lo, pid, lpid);
    if (
      words[at + WORD.GENERATION] !== this.generation ||
      words[at + WORD.LO] !== lo ||
      words[at + WORD.HI] !== hi ||
      words[at + WORD.PID] !== pid ||
      words[at + WORD.LPID] !== lpid
    )
      return false;
    tree.valueHi = words[at + WORD.VALUE_HI]!;
    tree.valueLo = words[at + WORD.VALUE_LO]!;
    tree.tableLo = words[at + WORD.TABLE]!;
    tree.level = words[at + WORD.LEVEL]!;
    tree.shift = shift;
    return true;
  }

  /** Keeps the entry above the current one, which is a leaf; its content is given by halves. */
  keep(ctx: TranslationContext, tree: RadixTree, aboveHi: number, aboveLo: number): void {
    const log2Entries = tableEntries(aboveLo);
    const shift = tree.shift + log2Entries;
    if ((shift !== SMALL && shift !== LARGE) || log2Entries > LARGEST_TABLE || !ctx.sideEffects) return;
    const { words } = this;
    const hi = tree.addressHi & keepHi(shift);
    const lo = tree.addressLo & keepLo(shift);
    const pid = tree.scope === 'process' ? ctx.pid : 0;
    const lpid = ownerOf(ctx, tree, shift);
    const at = placeOf(hi, lo, pid, lpid);
    words[at + WORD.GENERATION] = this.generation;
    words[at + WORD.HI] = hi;
    words[at + WORD.LO] = lo;
    words[at + WORD.PID] = pid;
    words[at + WORD.LPID] = lpid;
    words[at + WORD.VALUE_HI] = aboveHi;
    words[at + WORD.VALUE_LO] = aboveLo;
    words[at + WORD.TABLE] = tree.hostLo - tree.index * RADIX_ENTRY_SIZE;
    words[at + WORD.LEVEL] = tree.level - 1;
  }
}

/** The effective LPID, whose tree of the two, and the size. */
const ownerOf = (ctx: TranslationContext, tree: RadixTree, shift: number): number =>
  ctx.lpid | (tree.scope === 'partition' ? PARTITION : 0) | (shift === LARGE ? IS_LARGE : 0);

/** First word of the entry of a key. */
function placeOf(hi: number, lo: number, pid: number, lpid: number): number {
  const address = (lo >>> SMALL) ^ (hi << (32 - SMALL)) ^ (hi >>> SMALL);
  const owner = Math.imul(pid ^ (lpid >>> 20) ^ (lpid << 4), 0x2545f491);
  return ((address ^ (owner >>> 16)) & (ENTRIES - 1)) * WORDS;
}
