/** The outcome of branches, as a function of a generated module: the twin of `branch-unit.ts`. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code } from '../engine/wasm/module';
import { lateDistance } from './branch-unit';
import { CAUSE } from './causes';
import { addTo, cellAt, count, emitBlame, load, P, pushAddress, store } from './emit';
import { CELL, ticksOf } from './state';
import { structureMap } from './structures';
import { emitNearEnd, type HelperParts, type LookAheadHelper } from './weave-look-ahead';

const I64_LOW_BIT = 1n;
/** Absolute address, of a branch's image. */
const AA = 2;

export class BranchHelper {
  /** (cpu, record, first, decoded, taken, displacement in bytes with AA and LK). */
  readonly branch: number;

  constructor(
    private readonly parts: HelperParts,
    private readonly ahead: LookAheadHelper,
  ) {
    this.branch = parts.builder.declare({ params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], results: [] });
    this.define();
  }

  /** Emits: a branch that was not expected to be taken; fetching has gone on behind it. */
  mispredicted(code: Code): void {
    this.wrongPath(code);
    this.redirect(code, 'mispredicted');
  }

  /** Emits: near the end of a line, fetching has perhaps gone on into the next one. */
  wrongPath(code: Code): void {
    emitNearEnd(code.get(P.ip), this.parts.profile);
    code.if().get(P.cpu).get(P.ip).call(this.ahead.behind).op(OP.end);
  }

  /** Emits: fetching starts anew after a number of cycles. */
  redirect(code: Code, how: 'mispredicted' | 'decoded'): void {
    const ticks = ticksOf(this.parts.profile.branch[how]);
    count(code, how === 'decoded' ? 'decodedBranches' : 'mispredictions');
    addTo(code, CELL.next, ticks);
    addTo(code, CELL.stalls + CAUSE.branches, ticks);
    emitBlame(code, () => code.i64(BigInt(ticks)));
    this.redirected(code);
  }

  private redirected(code: Code): void {
    code.get(P.cpu);
    load(code, CELL.next).memory(OP.i64Store, cellAt(CELL.redirect));
  }

  /** Emits: where the time to leave has come, the next instruction looks. */
  leaveSoon(code: Code): void {
    load(code, CELL.next);
    load(code, CELL.deadline);
    emitOperator(code, 'i64.geS');
    code.if().get(P.cpu).i64(-1n).memory(OP.i64Store, cellAt(CELL.line)).op(OP.end);
  }

  private define(): void {
    const [first, decoded, taken] = [2, 3, 4];
    const code = new Code(6);
    const pc = code.local('i64');
    const entry = code.local('i32');
    const old = code.local('i64');
    const known = code.local('i32');
    // The entry of before, and what of it is seen.
    const before = code.local('i64');
    count(code, 'branches');
    code.get(taken).if();
    count(code, 'takenBranches');
    code.op(OP.end);
    pushAddress(code);
    code.tee(pc);
    emitOperator(code, 'i32.wrap');
    code.i32(2);
    emitOperator(code, 'i32.shrU');
    this.parts.tables.setOf(code, {
      at: structureMap(this.parts.profile).targets,
      sets: this.parts.profile.branch.targetCache,
      ways: 1,
    });
    code.tee(entry).memory(OP.i64Load, 0).set(old);
    code.get(old).set(before);
    this.late(code, { pc, old });
    code.get(entry).get(pc).get(taken);
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.or');
    code.memory(OP.i64Store, 0);
    code.get(old).i64(~I64_LOW_BIT);
    emitOperator(code, 'i64.and');
    code.get(pc);
    emitOperator(code, 'i64.eq');
    code.get(first);
    emitOperator(code, 'i32.eqz');
    emitOperator(code, 'i32.and');
    code.set(known);
    this.resolve(code, { pc, before, old, known, decoded, taken });
    code.get(taken).if();
    this.leaveSoon(code);
    code.op(OP.end);
    this.parts.builder.define(this.branch, code);
  }

  /** Emits what the outcome costs. Locals: the entry of the target cache, and whether it is of this branch. */
  private resolve(
    code: Code,
    locals: Record<'pc' | 'before' | 'old' | 'known' | 'decoded' | 'taken', number>,
  ): void {
    const { old, known, decoded, taken } = locals;
    // What was expected, compared with what happened.
    code.get(old);
    emitOperator(code, 'i32.wrap');
    code.i32(1);
    emitOperator(code, 'i32.and');
    code.get(decoded).get(known).op(OP.select).get(taken);
    emitOperator(code, 'i32.ne');
    code.if().get(taken).if();
    this.wrongPath(code);
    code.op(OP.end);
    this.redirect(code, 'mispredicted');
    this.changesLate(code, locals, 'mispredicted');
    code.op(OP.else).get(taken).if().get(known).if();
    this.redirected(code);
    code.op(OP.else);
    this.redirect(code, 'decoded');
    this.changesLate(code, locals, 'decoded');
    code.op(OP.end).op(OP.end).op(OP.end);
  }

  /** Emits: what was in the place of the entry, where the one that the branch has got is not to be seen yet. */
  private late(code: Code, { pc, old }: Record<'pc' | 'old', number>): void {
    if (!this.parts.profile.branch.update) return;
    load(code, CELL.lateSince);
    load(code, CELL.redirect);
    emitOperator(code, 'i64.eq');
    code.if();
    load(code, CELL.lateBranch).get(pc);
    emitOperator(code, 'i64.eq');
    code.if();
    load(code, CELL.lateEntry).set(old).op(OP.end).op(OP.end);
  }

  /** The twin of the method of `BranchUnit`. */
  private changesLate(
    code: Code,
    { pc, before, taken }: Record<'pc' | 'before' | 'taken', number>,
    how: 'mispredicted' | 'decoded',
  ): void {
    const { core, branch } = this.parts.profile;
    const distance = lateDistance(core, branch, how);
    if (distance === 0) return;
    const displacement = 5;
    code.get(taken).get(displacement).i32(AA);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.eqz');
    emitOperator(code, 'i32.and');
    code.get(displacement).i32(-4 * distance);
    emitOperator(code, 'i32.geU');
    emitOperator(code, 'i32.and');
    code.if().get(P.cpu);
    load(code, CELL.redirect).memory(OP.i64Store, cellAt(CELL.lateSince));
    store(code, CELL.lateBranch, pc);
    store(code, CELL.lateEntry, before);
    code.op(OP.end);
  }
}
