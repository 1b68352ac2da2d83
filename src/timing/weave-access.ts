/**
 * Loads and stores that are not the ones before again, as a function of a generated module: their page, their lines, and
 * what is not aligned. The twin of `StorageUnit.look`.
 */
import { emitOperator } from '../engine/operators';
import { emitEntry } from '../engine/storage-code';
import { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { TLB_ENTRY } from '../state/layout';
import { CAUSE } from './causes';
import { addTo, cellAt, emitBlame, load, P, raise, store } from './emit';
import { emitTimeOf, plus, pushIssued } from './emit-time';
import { CELL, ticksOf } from './state';
import { structureMap } from './structures';
import { STORE_FLAG } from './weave-imports';
import { LineHelper, NO_SPAN } from './weave-line';
import type { HelperParts, LookAheadHelper } from './weave-look-ahead';
import { emitHolds } from './weave-pages';
import type { RefillHelper } from './weave-refill';
import { NOT_HERE, type WalkHelper } from './weave-walk';

/** Parameters behind the CPU and the record. */
const [EA, REAL, WHAT, SPAN, COMPLETES] = [2, 3, 4, 5, 6];
const PARAMS = ['i32', 'i32', 'i64', 'i32', 'i32', 'i32', 'i32'] as const;

interface Locals {
  readonly page: number;
  readonly set: number;
  /** When the access is made: when the instruction issued, and what translation takes. */
  readonly at: number;
  readonly translation: number;
  readonly unaligned: number;
  /** What the parts in the first and in the second line take longer. */
  readonly first: number;
  readonly second: number;
  /** Bytes that are in the first line. */
  readonly before: number;
}

export class AccessHelper {
  /**
   * (cpu, record, ea, real, what, span, completes) -> ticks that what the instruction writes is later, and the cause in
   * the bits below, 0 for as before. `span`: ticks from issue until what it loads would be there; `completes`: until it is
   * complete.
   */
  readonly access: number;
  readonly lines: LineHelper;

  constructor(
    private readonly parts: HelperParts,
    { refills, ahead }: { refills: RefillHelper; ahead: LookAheadHelper },
    private readonly walks: WalkHelper,
  ) {
    this.lines = new LineHelper(parts, refills, ahead);
    this.access = parts.builder.declare({ params: PARAMS, results: ['i64'] });
    this.define();
  }

  private define(): void {
    const code = new Code(PARAMS.length);
    const locals = {
      page: code.local('i64'),
      set: code.local('i32'),
      at: code.local('i64'),
      translation: code.local('i64'),
      unaligned: code.local('i32'),
      first: code.local('i64'),
      second: code.local('i64'),
      before: code.local('i32'),
    };
    const { at, translation, unaligned, first } = locals;
    this.alignment(code, unaligned);
    pushIssued(code);
    code.set(at);
    this.otherPage(code, locals);
    code.get(P.cpu).get(REAL).get(WHAT).get(SPAN).get(at).call(this.lines.access).tee(first);
    this.slowIf(code, () => {
      code.i64(BigInt(NOT_HERE));
      emitOperator(code, 'i64.eq');
    });
    code.get(unaligned).if();
    this.longer(code, locals);
    code.op(OP.end).get(first).get(translation);
    emitOperator(code, 'i64.add');
    this.parts.builder.define(this.access, code);
  }

  /** Sets a local to whether the access is not aligned. TypeScript's, if what it writes is not known here. */
  private alignment(code: Code, unaligned: number): void {
    const { alignment } = this.parts.profile.core;
    code.get(EA);
    emitOperator(code, 'i32.wrap');
    code.i32(alignment - 1);
    emitOperator(code, 'i32.and');
    this.bytes(code);
    emitOperator(code, 'i32.add');
    code.i32(alignment);
    emitOperator(code, 'i32.gtU');
    code.tee(unaligned);
    this.slowIf(code, () => {
      this.noSpan(code);
      emitOperator(code, 'i32.and');
    });
  }

  /** Emits: TypeScript looks at the access, where that is so. @param condition pushes it, from what is on the stack */
  private slowIf(code: Code, condition: () => void): void {
    condition();
    code.if().get(P.cpu).get(P.ip).get(EA).i64(32n);
    emitOperator(code, 'i64.shrU');
    emitOperator(code, 'i32.wrap');
    code.get(EA);
    emitOperator(code, 'i32.wrap');
    code.get(REAL).get(WHAT).call(this.parts.imports.timeAccess).i64(0n).op(OP.return).op(OP.end);
  }

  private noSpan(code: Code): void {
    code.get(SPAN).i32(NO_SPAN);
    emitOperator(code, 'i32.eq');
  }

  private bytes(code: Code): void {
    code.get(WHAT).i32(STORE_FLAG - 1);
    emitOperator(code, 'i32.and');
  }

  /** Emits: the access is not aligned; it may go on in another line. The twin of `StorageUnit.aligned`. */
  private longer(code: Code, { at, first, second, before }: Locals): void {
    const { core, data } = this.parts.profile;
    const ticks = ticksOf(core.unaligned);
    const size = 1 << data.lineShift;
    addTo(code, CELL.next, ticks);
    addTo(code, CELL.stalls + CAUSE.storageUnit, ticks);
    emitBlame(code, () => code.i64(BigInt(ticks)));
    code
      .i32(size)
      .get(REAL)
      .i32(size - 1);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.sub');
    code.tee(before);
    this.bytes(code);
    emitOperator(code, 'i32.ltU');
    code.if().get(P.cpu).get(REAL).get(before);
    emitOperator(code, 'i32.add');
    plus(code.get(WHAT).get(SPAN).get(at), ticks).call(this.lines.access).set(second).op(OP.end);
    // The second part does not begin its wait when that of the first one is over.
    code.get(first);
    emitTimeOf(code);
    code.set(first).get(second);
    plus(code.get(first), CAUSE.storageUnit).get(second);
    emitTimeOf(code);
    code.get(first);
    emitOperator(code, 'i64.gtS');
    code.op(OP.select);
    plus(code, ticks).set(first);
  }

  /** Emits: where addresses are translated and the page is not that of the access before, it is looked up. */
  private otherPage(code: Code, locals: Locals): void {
    const { page, set } = locals;
    const { profile, tables } = this.parts;
    const level = { at: structureMap(profile).dataTlb, ...profile.translation.data };
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation)).if();
    code.get(EA).i64(12n);
    emitOperator(code, 'i64.shrU');
    code.tee(page);
    load(code, CELL.dataPage);
    emitOperator(code, 'i64.ne');
    code.if();
    emitHolds(code, tables, level, { page, set });
    emitOperator(code, 'i32.eqz');
    code.if();
    this.behindFirstLevel(code, locals);
    code.op(OP.end);
    store(code, CELL.dataPage, page);
    code.op(OP.end).op(OP.end);
  }

  /** Emits: the first level does not have the page. */
  private behindFirstLevel(code: Code, { at, translation }: Locals): void {
    const { data } = this.walks;
    if (data === undefined) {
      this.slowIf(code, () => code.i32(1));
      return;
    }
    this.slowIf(code, () => this.noSpan(code));
    code.get(P.cpu).get(EA);
    emitEntry(code, EA);
    code.memory(OP.i32Load, TLB_ENTRY.leaf).get(at).call(data).tee(translation);
    this.slowIf(code, () => {
      code.i64(0n);
      emitOperator(code, 'i64.ltS');
    });
    this.unresolved(code, at, translation);
  }

  /** Emits: nothing behind the access issues until it is translated: the twin of `StorageUnit.unresolved`. */
  private unresolved(code: Code, at: number, translation: number): void {
    const add = (cell: number): void => {
      code.get(P.cpu);
      load(code, cell).get(translation);
      emitOperator(code, 'i64.add');
      code.memory(OP.i64Store, cellAt(cell));
    };
    add(CELL.next);
    add(CELL.stalls + CAUSE.dataTranslation);
    emitBlame(code, () => code.get(translation));
    code.get(at).get(translation);
    emitOperator(code, 'i64.add');
    code.set(at);
    const completes = code.local('i64');
    code.get(at).get(COMPLETES);
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.add');
    code.set(completes);
    raise(code, CELL.done, completes);
  }
}
