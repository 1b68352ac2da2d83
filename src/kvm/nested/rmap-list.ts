/**
 * A list of the reverse map read from outside, word by word, for tools: L0 itself uses `rmap.ts`. What it reads may be
 * damaged, or come from a snapshot that somebody made up: it ends however the words are linked.
 */
import { hex0x } from '../../core/u64';
import type { Nested } from './nested';
import { RMAP, RMAP_NODE } from './rmap-entry';

/** One entry as it lies in memory. */
export interface ListWord {
  /** The entry; the last of a list, which is inline, has the flag. */
  readonly word: bigint;
  /** Host real address of the word. */
  readonly at: number;
  /** Host real address of its list node; absent for the inline entry. */
  readonly node?: number;
}

/**
 * The words of the list of the head word at `head`, newest first.
 * @param problem is told, once, where the list does not end in an entry
 */
export function* listWords(
  nested: Nested,
  head: number,
  problem: (message: string) => void,
): Generator<ListWord, undefined> {
  const { memory } = nested.vm.mm.frames;
  let at = head;
  let word = memory.getDoubleword(head);
  if (word === 0n) return;
  for (let nodes = 0; (word & RMAP.SINGLE.mask) === 0n; nodes++) {
    const node = Number(word);
    if (node === 0 || node % 8 !== 0 || node + RMAP_NODE.BYTES > memory.size || nodes > nested.rmap.nodes) {
      problem(`the list does not end in an entry: ${hex0x(word)}`);
      return;
    }
    yield { word: memory.getDoubleword(node + RMAP_NODE.ENTRY), at: node + RMAP_NODE.ENTRY, node };
    at = node + RMAP_NODE.NEXT;
    word = memory.getDoubleword(at);
  }
  yield { word, at };
}

/** Frames of L1 whose head word is not empty, ascending, with the host real address of that word. */
export function* usedHeads(nested: Nested): Generator<{ gfn: number; head: number }, undefined> {
  // The words are not the nested reverse map's then.
  if (nested.host.isHashed) return;
  const { memory } = nested.vm.mm.frames;
  const slots = [...nested.vm.sets.active(0).slots()].sort((a, b) => a.baseGfn - b.baseGfn);
  for (const slot of slots)
    for (let gfn = slot.baseGfn; gfn < slot.endGfn; gfn++) {
      const head = nested.headAt(slot, gfn);
      if (head < 0) break;
      if ((memory.getWord(head) | memory.getWord(head + 4)) !== 0) yield { gfn, head };
    }
}
