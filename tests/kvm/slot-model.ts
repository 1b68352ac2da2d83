/** The naive model of slot management: a list of slots, every question answered by looking at all of them. */
import { EEXIST, EINVAL } from '../../src/kvm/errno';
import type { SlotShape } from './support';

export interface ModelSlot {
  id: number;
  as: number;
  gfn: number;
  pages: number;
  hva: number;
  flags: number;
}

export class SlotModel {
  slots: ModelSlot[] = [];
  readonly generations: number[];

  constructor(private readonly addressSpaces: number) {
    this.generations = Array.from({ length: addressSpaces }, (_, as) => as);
  }

  find(as: number, id: number): ModelSlot | undefined {
    return this.slots.find((slot) => slot.as === as && slot.id === id);
  }

  at(as: number, gfn: number): ModelSlot | undefined {
    return this.slots.find((slot) => slot.as === as && gfn >= slot.gfn && gfn < slot.gfn + slot.pages);
  }

  meetingGfns(as: number, start: number, end: number): ModelSlot[] {
    return this.slots
      .filter((slot) => slot.as === as && slot.gfn < end && slot.gfn + slot.pages > start)
      .sort((a, b) => a.gfn - b.gfn);
  }

  /** What a well-formed call must return, and its effect where `prepareFails` is false. */
  apply(shape: Required<SlotShape>, prepareFails: boolean, failure: number): number {
    const { id, as, gfn, pages, hva, flags } = shape;
    const old = this.find(as, id);
    const next = { id, as, gfn, pages, hva, flags };
    if (pages === 0) {
      if (!old) return -EINVAL;
      return this.finish(as, 2, prepareFails ? failure : 0, () => this.replace(old, null));
    }
    if (old && (old.hva !== hva || old.pages !== pages || ((old.flags ^ flags) & 2) !== 0)) return -EINVAL;
    const moves = old !== undefined && old.gfn !== gfn;
    if (old && !moves && old.flags === flags) return 0;
    const clashes = this.meetingGfns(as, gfn, gfn + pages).some((slot) => slot.id !== id);
    if ((!old || moves) && clashes) return -EEXIST;
    if (prepareFails && !moves) return failure;
    return this.finish(as, moves ? 2 : 1, prepareFails ? failure : 0, () => this.replace(old ?? null, next));
  }

  private finish(as: number, activations: number, result: number, change: () => void): number {
    this.generations[as]! += activations * this.addressSpaces;
    if (result === 0) change();
    return result;
  }

  private replace(old: ModelSlot | null, next: ModelSlot | null): void {
    if (old) this.slots.splice(this.slots.indexOf(old), 1);
    if (next) this.slots.push(next);
  }
}
