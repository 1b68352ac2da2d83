/**
 * Functions of a generated module that the woven cycle model shares: fetching of another line, stalls, branches,
 * accesses that are not the ones before again, divides. What is rare is left to TypeScript (`woven.ts`).
 */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder, type Signature } from '../engine/wasm/module';
import { offsetOf, RECORD, RECORD_COUNTERS, RECORD_PAGE, RECORD_SLOT_SIZE } from '../state/layout';
import { CAUSE } from './causes';
import { addTo, cellAt, count, differs, HISTORY_MASK, load, maximum, P, pushAddress, store } from './emit';
import type { CacheTiming, TimingProfile } from './profile';
import type { DivideKind } from './schedule';
import { CELL, TICKS, ticksOf } from './state';
import { structureMap } from './structures';

/** Functions in TypeScript that woven code calls. */
export interface WovenImports {
  /** Makes state exact before the instruction at the record, and gives the status to leave with. */
  timeLeave(cpu: number, record: number, left: number): number;
  /** Fetches a line that the fast path did not find. */
  timeFetch(cpu: number, record: number): void;
  /** Issues an instruction whose template does not say everything. */
  timeIssue(cpu: number, record: number): void;
  /** An access whose page, line or alignment is out of the ordinary; `what`: bytes, and 256 for stores. */
  timeAccess(cpu: number, record: number, eaHi: number, eaLo: number, real: number, what: number): void;
}

const IMPORTS: Readonly<Record<keyof WovenImports, Signature>> = {
  timeLeave: { params: ['i32', 'i32', 'i32'], results: ['i32'] },
  timeFetch: { params: ['i32', 'i32'], results: [] },
  timeIssue: { params: ['i32', 'i32'], results: [] },
  timeAccess: { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], results: [] },
};

/** `what` of an access. */
export const STORE_FLAG = 256;

export type ImportNumbers = Readonly<Record<keyof WovenImports, number>>;

export function declareTimingImports(builder: ModuleBuilder): ImportNumbers {
  const entries = Object.entries(IMPORTS).map(([name, type]) => [name, builder.importFunction(name, type)]);
  return Object.fromEntries(entries) as ImportNumbers;
}

/** Bytes of an entry of a table. */
const ENTRY = 8;
const I64_LOW_BIT = 1n;

export class WeaveHelpers {
  /** (cpu, record, left) -> status. */
  readonly fetch: number;
  /** (cpu, record, ready, next) -> issue time; books the wait. */
  readonly stall: number;
  /** (cpu, record, first, decoded, taken). */
  readonly branch: number;
  /** (cpu, record, ea, real, what). */
  readonly access: number;
  private readonly find: number;
  private readonly divides = new Map<string, number>();
  private readonly map: ReturnType<typeof structureMap>;

  constructor(
    private readonly builder: ModuleBuilder,
    private readonly profile: TimingProfile,
    private readonly imports: ImportNumbers,
  ) {
    this.map = structureMap(profile);
    this.find = builder.declare({ params: ['i32', 'i64', 'i32'], results: ['i32'] });
    this.fetch = builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i32'] });
    this.stall = builder.declare({ params: ['i32', 'i32', 'i64', 'i64'], results: ['i64'] });
    this.branch = builder.declare({ params: ['i32', 'i32', 'i32', 'i32', 'i32'], results: [] });
    this.access = builder.declare({ params: ['i32', 'i32', 'i64', 'i32', 'i32'], results: [] });
    this.defineFind();
    this.defineFetch();
    this.defineStall();
    this.defineBranch();
    this.defineAccess();
  }

  /** (set's address, tag, ways) -> found: looks behind the newest entry, and makes the tag the newest. */
  private defineFind(): void {
    const [base, tag, ways] = [0, 1, 2];
    const code = new Code(3);
    const at = code.local('i32');
    const end = code.local('i32');
    code.get(base).get(ways).i32(ENTRY);
    emitOperator(code, 'i32.mul');
    emitOperator(code, 'i32.add');
    code.set(end).get(base).set(at);
    code.block(OP.loop);
    code.get(at).i32(ENTRY);
    emitOperator(code, 'i32.add');
    code.tee(at).get(end);
    emitOperator(code, 'i32.geU');
    code.if().i32(0).op(OP.return).op(OP.end);
    code.get(at).memory(OP.i64Load, 0).get(tag);
    emitOperator(code, 'i64.ne');
    code.branch(OP.brIf, 0).op(OP.end);
    // Those that are newer move down.
    code.block(OP.loop);
    code.get(at).get(at).i32(ENTRY);
    emitOperator(code, 'i32.sub');
    code.memory(OP.i64Load, 0).memory(OP.i64Store, 0);
    code.get(at).i32(ENTRY);
    emitOperator(code, 'i32.sub');
    code.tee(at).get(base);
    emitOperator(code, 'i32.gtU');
    code.branch(OP.brIf, 0).op(OP.end);
    code.get(base).get(tag).memory(OP.i64Store, 0).i32(1);
    this.builder.define(this.find, code);
  }

  /** Pushes the address of a set: the low bits of the i32 on the stack are its number. */
  private setOf(code: Code, table: { at: number; sets: number; ways: number }): void {
    code.i32(table.sets - 1);
    emitOperator(code, 'i32.and');
    code.i32(ENTRY * table.ways);
    emitOperator(code, 'i32.mul');
    code.get(P.cpu).memory(OP.i32Load, offsetOf('TIMINGBASE'));
    emitOperator(code, 'i32.add');
    code.i32(4 * table.at);
    emitOperator(code, 'i32.add');
  }

  /** Pushes whether a table's set holds the tag. */
  private holds(code: Code, at: { set: number; tag: number }, ways: number): void {
    code.get(at.set).memory(OP.i64Load, 0).get(at.tag);
    emitOperator(code, 'i64.eq');
    if (ways === 1) return;
    code.if('i32').i32(1).op(OP.else);
    code.get(at.set).get(at.tag).i32(ways).call(this.find).op(OP.end);
  }

  private defineFetch(): void {
    const { fetch } = this.profile;
    const code = new Code(3);
    const tag = code.local('i64');
    const set = code.local('i32');
    const slow = (): void => {
      code.get(P.cpu).get(P.ip).call(this.imports.timeFetch).i32(0).op(OP.return);
    };
    load(code, CELL.next);
    load(code, CELL.deadline);
    emitOperator(code, 'i64.geS');
    code.if().get(P.cpu).get(P.ip).get(P.left).call(this.imports.timeLeave).op(OP.return).op(OP.end);
    code
      .get(P.cpu)
      .get(P.ip)
      .i32(fetch.lineShift + 1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i64.extendU');
    code.memory(OP.i64Store, cellAt(CELL.line));
    // Another page, while fetches are translated.
    code
      .get(P.cpu)
      .memory(OP.i32Load, cellAt(CELL.relocation) + 4)
      .if();
    pushAddress(code);
    code.i64(12n);
    emitOperator(code, 'i64.shrU');
    load(code, CELL.fetchPage);
    emitOperator(code, 'i64.ne');
    code.if();
    slow();
    code.op(OP.end).op(OP.end);
    // The real line: the page that the decoded page is of, and the line in it.
    const within = RECORD.perPage * RECORD.size - 1;
    code.get(P.ip).i32(~(RECORD_SLOT_SIZE - 1));
    emitOperator(code, 'i32.and');
    code.memory(OP.i32Load, RECORD_PAGE).i32(12 - fetch.lineShift);
    emitOperator(code, 'i32.shl');
    code.get(P.ip).i32(within);
    emitOperator(code, 'i32.and');
    code.i32(fetch.lineShift + 1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i32.or');
    code.tee(set);
    emitOperator(code, 'i64.extendU');
    code.set(tag).get(set);
    this.setOf(code, { at: this.map.fetch, ...fetch });
    code.set(set);
    this.holds(code, { set, tag }, fetch.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    insert(code, { set, tag }, fetch);
    this.fetchMiss(code);
    code.op(OP.end).i32(0);
    this.builder.define(this.fetch, code);
  }

  /** Emits what a line that is not in the cache costs: as much as fetching is not ahead. */
  private fetchMiss(code: Code): void {
    const { fetch, core } = this.profile;
    const from = code.local('i64');
    const redirect = code.local('i64');
    const next = code.local('i64');
    count(code, 'instructionMisses');
    code.get(P.cpu).get(P.ip).i32(HISTORY_MASK);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.memory(OP.i64Load, cellAt(CELL.history)).i64(BigInt(ticksOf(core.runAhead / core.issueWidth)));
    emitOperator(code, 'i64.add');
    code.set(from);
    load(code, CELL.redirect).set(redirect);
    maximum(code, from, redirect);
    code.i64(BigInt(ticksOf(fetch.miss)));
    emitOperator(code, 'i64.add');
    code.tee(from);
    load(code, CELL.next).tee(next);
    emitOperator(code, 'i64.gtS');
    code.if();
    store(code, CELL.next, from);
    code.get(P.cpu);
    load(code, CELL.stalls + CAUSE.instructionCache)
      .get(from)
      .get(next);
    emitOperator(code, 'i64.sub');
    code.tee(next);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.stalls + CAUSE.instructionCache));
    emitBlame(code, () => code.get(next));
    code.op(OP.end);
  }

  private defineStall(): void {
    const [ready, next] = [2, 3];
    const code = new Code(4);
    const waited = code.local('i64');
    const issue = code.local('i64');
    const cell = code.local('i32');
    code.get(ready).i64(~BigInt(TICKS.slot - 1));
    emitOperator(code, 'i64.and');
    code.set(issue);
    code.get(ready);
    emitOperator(code, 'i32.wrap');
    code.i32(TICKS.slot - 1);
    emitOperator(code, 'i32.and');
    code.i32(3);
    emitOperator(code, 'i32.shl');
    code.get(P.cpu);
    emitOperator(code, 'i32.add');
    code.tee(cell).get(cell).memory(OP.i64Load, cellAt(CELL.stalls)).get(issue).get(next);
    emitOperator(code, 'i64.sub');
    code.tee(waited);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.stalls));
    emitBlame(code, () => code.get(waited));
    code.get(issue);
    this.builder.define(this.stall, code);
  }

  /** Emits: fetching starts anew after a number of cycles. */
  redirect(code: Code, how: 'mispredicted' | 'decoded'): void {
    const ticks = ticksOf(this.profile.branch[how]);
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

  private defineBranch(): void {
    const [first, decoded, taken] = [2, 3, 4];
    const code = new Code(5);
    const pc = code.local('i64');
    const entry = code.local('i32');
    const old = code.local('i64');
    const known = code.local('i32');
    count(code, 'branches');
    code.get(taken).if();
    count(code, 'takenBranches');
    code.op(OP.end);
    pushAddress(code);
    code.tee(pc);
    emitOperator(code, 'i32.wrap');
    code.i32(2);
    emitOperator(code, 'i32.shrU');
    this.setOf(code, { at: this.map.targets, sets: this.profile.branch.targetCache, ways: 1 });
    code.tee(entry).memory(OP.i64Load, 0).set(old);
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
    // What was expected, compared with what happened.
    code.get(old);
    emitOperator(code, 'i32.wrap');
    code.i32(1);
    emitOperator(code, 'i32.and');
    code.get(decoded).get(known).op(OP.select).get(taken);
    emitOperator(code, 'i32.ne');
    code.if();
    this.redirect(code, 'mispredicted');
    code.op(OP.else).get(taken).if().get(known).if();
    this.redirected(code);
    code.op(OP.else);
    this.redirect(code, 'decoded');
    code.op(OP.end).op(OP.end).op(OP.end);
    code.get(taken).if();
    this.leaveSoon(code);
    code.op(OP.end);
    this.builder.define(this.branch, code);
  }

  private defineAccess(): void {
    const { data, translation, core } = this.profile;
    const [ea, real, what] = [2, 3, 4];
    const code = new Code(5);
    const tag = code.local('i64');
    const set = code.local('i32');
    const slow = (): void => {
      code.get(P.cpu).get(P.ip).get(ea).i64(32n);
      emitOperator(code, 'i64.shrU');
      emitOperator(code, 'i32.wrap');
      code.get(ea);
      emitOperator(code, 'i32.wrap');
      code.get(real).get(what).call(this.imports.timeAccess).op(OP.return);
    };
    // Not aligned.
    code.get(ea);
    emitOperator(code, 'i32.wrap');
    code.i32(core.alignment - 1);
    emitOperator(code, 'i32.and');
    code.get(what).i32(STORE_FLAG - 1);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.i32(core.alignment);
    emitOperator(code, 'i32.gtU');
    code.if();
    slow();
    code.op(OP.end);
    // Another page.
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation)).if();
    code.get(ea).i64(12n);
    emitOperator(code, 'i64.shrU');
    code.tee(tag);
    load(code, CELL.dataPage);
    emitOperator(code, 'i64.ne');
    code.if();
    if (translation.data.index === 'page') {
      code.get(tag);
      emitOperator(code, 'i32.wrap');
      this.setOf(code, { at: this.map.dataTlb, ...translation.data });
      code.set(set);
      this.holds(code, { set, tag }, translation.data.ways);
      code.if();
      store(code, CELL.dataPage, tag);
      code.op(OP.else);
      slow();
      code.op(OP.end);
    } else slow();
    code.op(OP.end).op(OP.end);
    code.get(real).i32(data.lineShift);
    emitOperator(code, 'i32.shrU');
    code.tee(set);
    emitOperator(code, 'i64.extendU');
    code.set(tag).get(set);
    this.setOf(code, { at: this.map.data, ...data });
    code.set(set);
    this.holds(code, { set, tag }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    if (!data.writeAllocates) {
      code.get(what).i32(STORE_FLAG);
      emitOperator(code, 'i32.and');
      code.if();
      count(code, 'storeMisses');
      code.op(OP.return).op(OP.end);
    }
    slow();
    code.op(OP.end);
    this.builder.define(this.access, code);
  }

  /** The address of the newest entry of a line's set in the data cache: pushes it. @param line local, i32 */
  newestOfLine(code: Code, line: number): void {
    code.get(line);
    this.setOf(code, { at: this.map.data, ...this.profile.data });
  }

  /** (a, b) -> ticks beyond those of a trivial divide. */
  divide(kind: DivideKind): number {
    const key = JSON.stringify(kind);
    let func = this.divides.get(key);
    if (func === undefined) {
      func = this.builder.declare({ params: ['i64', 'i64'], results: ['i64'] });
      this.builder.define(func, this.divideCode(kind));
      this.divides.set(key, func);
    }
    return func;
  }

  private divideCode(kind: DivideKind): Code {
    const { divide } = this.profile;
    const beyond = (cycles: number): bigint => BigInt(ticksOf(cycles - divide.trivial));
    const [a, b] = [0, 1];
    const code = new Code(2);
    const bits = code.local('i64');
    const ticks = code.local('i64');
    for (const operand of [a, b]) emitMagnitude(code, operand, kind);
    for (const operand of [a, b]) {
      code.get(operand);
      emitOperator(code, 'i64.eqz');
      code.if().i64(0n).op(OP.return).op(OP.end);
    }
    if (kind.extended || !kind.remainder) {
      code.get(a).get(b);
      emitOperator(code, kind.extended ? 'i64.geU' : 'i64.ltU');
      code.if();
      code
        .i64(beyond(kind.extended ? divide.overflow : divide.smaller))
        .op(OP.return)
        .op(OP.end);
    }
    code.i64(64n + (kind.extended ? BigInt(kind.bits) : 0n)).get(a);
    emitOperator(code, 'i64.clz');
    emitOperator(code, 'i64.sub');
    code.set(bits);
    const [short, middle, long] = divide.iterations;
    const extra = kind.remainder ? divide.remainder : 0;
    code.i64(beyond(short + extra));
    code
      .i64(beyond(middle + extra))
      .i64(beyond(long + extra))
      .get(bits)
      .i64(32n);
    emitOperator(code, 'i64.leS');
    code.op(OP.select).get(bits).i64(16n);
    emitOperator(code, 'i64.leS');
    code.op(OP.select).set(ticks);
    code
      .get(ticks)
      .get(ticks)
      .i64(BigInt(ticksOf(divide.longQuotient.cycles)));
    emitOperator(code, 'i64.add');
    code.get(bits).i64(64n).get(b);
    emitOperator(code, 'i64.clz');
    emitOperator(code, 'i64.sub');
    emitOperator(code, 'i64.sub');
    code.i64(BigInt(divide.longQuotient.bits));
    emitOperator(code, 'i64.ltS');
    code.op(OP.select);
    return code;
  }
}

/** Emits: the counter of the instruction's record grows by the ticks that are pushed, as slots, up to its limit. */
export function emitBlame(code: Code, push: () => void): void {
  const at = code.local('i32');
  const old = code.local('i32');
  const sum = code.local('i32');
  code.get(P.ip).i32(~(RECORD_SLOT_SIZE - 1));
  emitOperator(code, 'i32.and');
  code.get(P.ip).i32(RECORD.perPage * RECORD.size - 1);
  emitOperator(code, 'i32.and');
  code.i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.add');
  code.tee(at).get(at).memory(OP.i32Load, RECORD_COUNTERS).tee(old);
  push();
  emitOperator(code, 'i32.wrap');
  code.i32(Math.log2(TICKS.slot));
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.add');
  code.set(sum).i32(-1).get(sum).get(sum).get(old);
  emitOperator(code, 'i32.ltU');
  code.op(OP.select).memory(OP.i32Store, RECORD_COUNTERS);
}

/** Emits the entry of a tag into a set, where the oldest leaves. */
function insert(code: Code, { set, tag }: { set: number; tag: number }, cache: CacheTiming): void {
  const last = ENTRY * (cache.ways - 1);
  if (cache.insertsOldest) {
    code.get(set).get(tag).memory(OP.i64Store, last);
    return;
  }
  for (let at = last; at > 0; at -= ENTRY)
    code
      .get(set)
      .get(set)
      .memory(OP.i64Load, at - ENTRY)
      .memory(OP.i64Store, at);
  code.get(set).get(tag).memory(OP.i64Store, 0);
}

/** Replaces an operand by its magnitude in the width and signedness of the divide. */
function emitMagnitude(code: Code, operand: number, { bits, signed }: DivideKind): void {
  code.get(operand);
  if (bits === 32 && signed) emitOperator(code, 'i64.sext32');
  if (bits === 32 && !signed) {
    code.i64(0xffffffffn);
    emitOperator(code, 'i64.and');
  }
  code.set(operand);
  if (!signed) return;
  code.i64(0n).get(operand);
  emitOperator(code, 'i64.sub');
  code.get(operand).get(operand).i64(0n);
  emitOperator(code, 'i64.ltS');
  code.op(OP.select).set(operand);
}

/** Pushes whether the record is on another line than the one before. */
export function emitOtherLine(code: Code, { fetch }: TimingProfile): void {
  code.get(P.ip).i32(fetch.lineShift + 1);
  emitOperator(code, 'i32.shrU');
  differs(code, CELL.line);
}
