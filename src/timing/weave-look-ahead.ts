/**
 * How far fetching is ahead of what issues, as functions of a generated module: the twins of methods of
 * `fetch-unit.ts`.
 */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { RECORD, RECORD_PAGE, RECORD_SLOT_SIZE } from '../state/layout';
import { cellAt, count, HISTORY_MASK, load, P } from './emit';
import { plus, pushIssued, pushSecondPart, raiseTo } from './emit-time';
import type { TimingProfile } from './profile';
import { CELL, HISTORY, ticksOf } from './state';
import { structureMap } from './structures';
import type { ImportNumbers } from './weave-imports';
import type { RefillHelper } from './weave-refill';
import type { TableHelpers } from './weave-tables';

const PAGE_SIZE = 4096;

/** What the functions of a module are made from. */
export interface HelperParts {
  readonly builder: ModuleBuilder;
  readonly profile: TimingProfile;
  readonly imports: ImportNumbers;
  readonly tables: TableHelpers;
}

export class LookAheadHelper {
  /** (cpu, record, how far it is behind the last instruction that issued) -> when an instruction is looked up. */
  readonly lookedUp: number;
  /** (cpu, record, distance, when the cache looks) -> whether an instruction waits to issue then. */
  private readonly isStalled: number;
  /** (cpu, record): fetching has gone on behind an instruction that changes the stream, near the end of a line. */
  readonly behind: number;
  /** (cpu, record near the end of a line, when its access asks for the port): the twin of `FetchUnit.aheadOf`. */
  readonly aheadOf: number;
  private readonly goOn: number;

  constructor(
    private readonly parts: HelperParts,
    private readonly refills: RefillHelper,
  ) {
    const { builder } = parts;
    this.lookedUp = builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i64'] });
    this.behind = builder.declare({ params: ['i32', 'i32'], results: [] });
    this.isStalled = builder.declare({ params: ['i32', 'i32', 'i32', 'i64'], results: ['i32'] });
    this.defineLookedUp();
    this.defineStalled();
    this.goOn = builder.declare({ params: ['i32', 'i32', 'i64'], results: [] });
    this.aheadOf = builder.declare({ params: ['i32', 'i32', 'i64'], results: [] });
    this.defineGoOn();
    this.defineBehind();
    this.defineAheadOf();
  }

  private defineBehind(): void {
    const { core } = this.parts.profile;
    const code = new Code(2);
    code.get(P.cpu).get(P.ip);
    pushIssued(code);
    plus(code, ticksOf(core.runAhead / core.issueWidth)).call(this.goOn);
    this.parts.builder.define(this.behind, code);
  }

  private defineAheadOf(): void {
    const { fetch } = this.parts.profile;
    const asks = 2;
    const code = new Code(3);
    code.get(P.cpu).get(P.ip);
    plus(code.get(asks), -ticksOf(fetch.request ?? 0) - 1).call(this.goOn);
    this.parts.builder.define(this.aheadOf, code);
  }

  /** The twin of the method of `FetchUnit`, for a record in the last few of its line. */
  private defineGoOn(): void {
    const { fetch } = this.parts.profile;
    const until = 2;
    const code = new Code(3);
    const [real, line, set, at, distance] = [
      code.local('i32'),
      code.local('i32'),
      code.local('i32'),
      code.local('i64'),
      code.local('i32'),
    ];
    const size = 1 << fetch.lineShift;
    const unless = (): void => void code.if().op(OP.return).op(OP.end);
    emitRealAddress(code);
    code.i32(-size);
    emitOperator(code, 'i32.and');
    code.i32(size);
    emitOperator(code, 'i32.add');
    code.tee(real).i32(PAGE_SIZE - 1);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.eqz');
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation) + 4);
    code.i32(0);
    emitOperator(code, 'i32.ne');
    emitOperator(code, 'i32.and');
    unless();
    const next = (): void => {
      code.get(P.ip).i32(-2 * size);
      emitOperator(code, 'i32.and');
      code.i32(2 * size);
      emitOperator(code, 'i32.add');
    };
    code.get(P.cpu);
    next();
    code.get(real).get(P.ip).i32(1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i32.sub');
    code.i32(size - 1);
    emitOperator(code, 'i32.and');
    code.i32(2);
    emitOperator(code, 'i32.shrU');
    code.tee(distance).call(this.lookedUp).set(at);
    raiseTo(code, at, code.local('i64'), () => load(code, CELL.fetchIdle));
    code.get(at).get(until);
    emitOperator(code, 'i64.gtS');
    unless();
    code.get(real).i32(fetch.lineShift);
    emitOperator(code, 'i32.shrU');
    code.tee(line);
    this.parts.tables.setOf(code, { at: structureMap(this.parts.profile).fetch, ...fetch });
    code.set(set);
    this.parts.tables.hasLine(code, { set, line }, fetch.ways);
    unless();
    this.enter(code, { set, line, at }, { pushPlace: () => (next(), code.get(distance)), unused: true });
    count(code, 'instructionMisses');
    code.get(P.cpu).get(real).get(at).call(this.refills.fetch).op(OP.drop);
    this.parts.builder.define(this.goOn, code);
  }

  /** The twin of `FetchUnit.isStalled`. */
  private defineStalled(): void {
    const { decode: stages = 0, issueWidth } = this.parts.profile.core;
    const [distance, at] = [2, 3];
    const code = new Code(4);
    const not = (): void => void code.if().i32(0).op(OP.return).op(OP.end);
    code.get(distance).i32(stages);
    emitOperator(code, 'i32.gtU');
    not();
    for (let before = 1; before <= stages; before++) {
      code.get(distance).i32(before);
      emitOperator(code, 'i32.leU');
      pushIssued(code, before);
      load(code, CELL.redirect);
      emitOperator(code, 'i64.ltS');
      emitOperator(code, 'i32.and');
      not();
    }
    raiseTo(code, at, code.local('i64'), () => load(code, CELL.fetchIdle));
    pushIssued(code, stages);
    plus(code.get(at), -stages * ticksOf(1 / issueWidth));
    emitOperator(code, 'i64.gtS');
    this.parts.builder.define(this.isStalled, code);
  }

  /** Emits: a line comes in. @param at local: when the cache looks for it; the set's address and the line are locals too @param pushPlace pushes its record and the distance */
  enter(
    code: Code,
    { set, line, at }: { set: number; line: number; at: number },
    { pushPlace, unused }: { pushPlace: () => void; unused: boolean },
  ): void {
    const { profile, tables } = this.parts;
    const { fetch } = profile;
    if (fetch.replacement !== 'handedOn') {
      if (unused) tables.enterUnused(code, { set, line }, fetch.ways);
      else tables.enter(code, { set, line }, { ways: fetch.ways });
      return;
    }
    code.get(set).get(line);
    code.get(line).i32(1);
    emitOperator(code, 'i32.sub');
    tables.setOf(code, { at: structureMap(profile).fetch, ...fetch });
    code.get(set).get(P.cpu);
    pushPlace();
    code.get(at).call(this.isStalled).op(OP.select);
    tables.enterLike(code, fetch.ways, { unused });
  }

  /** The twin of the method of `FetchUnit` of that name. */
  private defineLookedUp(): void {
    const { runAhead, issueWidth } = this.parts.profile.core;
    const ahead = ticksOf(runAhead / issueWidth);
    const distance = 2;
    const code = new Code(3);
    const [from, redirect, other] = [code.local('i64'), code.local('i64'), code.local('i64')];
    // The first instruction back from the place that issued before the change of the stream, or none of the history.
    const unknown = code.local('i32');
    load(code, CELL.redirect).set(redirect).get(distance).set(unknown);
    code.block(OP.block).block(OP.loop).get(unknown).get(distance).i32(HISTORY);
    emitOperator(code, 'i32.add');
    emitOperator(code, 'i32.eq');
    code.branch(OP.brIf, 1).get(P.cpu).get(P.ip).get(unknown).i32(RECORD.size);
    emitOperator(code, 'i32.mul');
    emitOperator(code, 'i32.sub');
    code.i32(HISTORY_MASK);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.memory(OP.i64Load, cellAt(CELL.history)).get(redirect);
    emitOperator(code, 'i64.ltS');
    code.branch(OP.brIf, 1).get(unknown).i32(1);
    emitOperator(code, 'i32.add');
    code.set(unknown).branch(OP.br, 0).op(OP.end).op(OP.end);
    code.get(unknown).i32(1);
    emitOperator(code, 'i32.sub');
    emitOperator(code, 'i64.extendU');
    code.i64(BigInt(ticksOf(1 / issueWidth)));
    emitOperator(code, 'i64.mul');
    code.get(redirect);
    emitOperator(code, 'i64.add');
    code.set(from);
    const share = ticksOf(1 / issueWidth);
    const last = code.local('i64');
    const room = (before: number, ticks: number): void => {
      code.get(unknown).i32(before);
      emitOperator(code, 'i32.gtU');
      code.get(distance).i32(before);
      emitOperator(code, 'i32.leU');
      emitOperator(code, 'i32.and');
      code.if();
      pushIssued(code, before);
      plus(code, share).set(last);
      pushSecondPart(code, before);
      code.get(last);
      emitOperator(code, 'i64.eq');
      code.if();
      raiseTo(code, from, other, () => plus(code.get(last), ticks));
      if (before === HISTORY) {
        code.op(OP.else);
        raiseTo(code, from, other, () => plus(code.get(last), ticks - share));
      }
      code.op(OP.end).op(OP.end);
    };
    room(HISTORY, ahead);
    room(HISTORY - 1, ahead - share);
    this.parts.builder.define(this.lookedUp, code.get(from));
  }
}

/** Pushes whether a record, an i32 on the stack, is so near the end of its line that fetching may have gone on behind that. */
export function emitNearEnd(code: Code, { fetch }: TimingProfile): void {
  const size = 1 << fetch.lineShift;
  code.i32(2 * size - 1);
  emitOperator(code, 'i32.and');
  code.i32(2 * (size - 4 * HISTORY));
  emitOperator(code, 'i32.geU');
}

/** Pushes the record's address in real memory. */
export function emitRealAddress(code: Code): void {
  code.get(P.ip).i32(~(RECORD_SLOT_SIZE - 1));
  emitOperator(code, 'i32.and');
  code.memory(OP.i32Load, RECORD_PAGE).i32(12);
  emitOperator(code, 'i32.shl');
  code.get(P.ip).i32(RECORD.perPage * RECORD.size - 1);
  emitOperator(code, 'i32.and');
  code.i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.or');
}
