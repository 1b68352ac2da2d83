/** What L0's tree for L1 tells the nested half: pages that go, age or are cleaned, lists that lose their slot. */
import type { MappedFrames, NestedMemory } from '../guest/radix-arch';
import { clearNested, unmapNested } from './host-events';
import type { Nested } from './nested';
import { releaseAllNested } from './nested-guests';

export class NestedMemoryEvents implements NestedMemory {
  constructor(readonly nested: Nested) {}

  unmapped(frames: MappedFrames): void {
    unmapNested(this.nested, frames);
  }

  aged(frames: MappedFrames): boolean {
    return clearNested(this.nested, frames, 'R');
  }

  cleaned(frames: MappedFrames): void {
    clearNested(this.nested, frames, 'C');
  }

  /** The slot's flush has emptied every list before; a word that is still set names mappings that nobody finds. */
  releaseRmap(word: bigint, gfn: number): void {
    this.nested.warn('H-7', `the rmap list of frame ${gfn} is not empty while its slot is freed`);
    this.nested.rmap.release(word);
  }

  releaseAll(): void {
    releaseAllNested(this.nested);
  }
}
