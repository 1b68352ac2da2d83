/** What generated code keeps of walks in linear memory: what they cost, by kind of leaf and by page. */
import { emitOperator } from '../engine/operators';
import type { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { offsetOf } from '../state/layout';
import { P } from './emit';
import { LEAF_KIND } from './leaf-kinds';
import { WALK_NOTES } from './page-costs';
import type { StructureMap } from './structures';

export class WalkBooks {
  constructor(private readonly map: Pick<StructureMap, 'leaves' | 'notes'>) {}

  /** Pushes whether another walk can be noted. */
  hasRoom(code: Code): void {
    this.region(code, 4 * this.map.notes);
    code.memory(OP.i32Load, 0).i32(WALK_NOTES.most);
    emitOperator(code, 'i32.ltU');
  }

  /** Emits: the twin of `PageCosts.charge`, where there is room. Locals: the number of the page, and ticks. */
  note(code: Code, page: number, ticks: number): void {
    const [notes, at] = [code.local('i32'), code.local('i32')];
    this.region(code, 4 * this.map.notes);
    code.tee(notes).get(notes).memory(OP.i32Load, 0).tee(at).i32(1);
    emitOperator(code, 'i32.add');
    code.memory(OP.i32Store, 0).get(at).i32(WALK_NOTES.size);
    emitOperator(code, 'i32.mul');
    code.get(notes);
    emitOperator(code, 'i32.add');
    code.tee(at).get(page).memory(OP.i64Store, WALK_NOTES.first);
    code
      .get(at)
      .get(ticks)
      .memory(OP.i64Store, WALK_NOTES.first + WALK_NOTES.ticks);
  }

  /** Sets a local to the address of the kind that a leaf's word names. */
  setKind(code: Code, kind: number, leaf: number): void {
    this.region(code, 4 * this.map.leaves);
    code.get(leaf).i32(LEAF_KIND.mask);
    emitOperator(code, 'i32.and');
    code.i32(LEAF_KIND.size);
    emitOperator(code, 'i32.mul');
    emitOperator(code, 'i32.add');
    code.set(kind);
  }

  /** Pushes the address of the kind that is no leaf. */
  lookedUp(code: Code): void {
    this.region(code, 4 * this.map.leaves + LEAF_KIND.size * LEAF_KIND.lookedUp);
  }

  /** Pushes whether the leaf is in a hashed table. */
  isHashed(code: Code, kind: number): void {
    code.get(kind).memory(OP.i32Load, LEAF_KIND.first).i32(-1);
    emitOperator(code, 'i32.ne');
  }

  /** Emits: ticks are booked under a kind. @param pushKind pushes its address */
  book(code: Code, pushKind: () => void, ticks: number): void {
    const kind = code.local('i32');
    pushKind();
    code.tee(kind).get(kind).memory(OP.i64Load, LEAF_KIND.ticks).get(ticks);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, LEAF_KIND.ticks);
  }

  /** Pushes an address in the region of the CPU's tables. */
  private region(code: Code, at: number): void {
    code.get(P.cpu).memory(OP.i32Load, offsetOf('TIMINGBASE')).i32(at);
    emitOperator(code, 'i32.add');
  }
}
