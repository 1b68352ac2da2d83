/**
 * Functions of a generated module that the woven cycle model shares: fetching of another line, stalls, branches,
 * accesses that are not the ones before again, divides. What is rare is left to TypeScript (`woven.ts`).
 */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { cellAt, emitBlame, P } from './emit';
import type { TimingProfile } from './profile';
import { CELL, TICKS } from './state';
import { AccessHelper } from './weave-access';
import { BranchHelper } from './weave-branch';
import { DivideHelpers } from './weave-divide';
import { FetchHelper } from './weave-fetch';
import type { ImportNumbers } from './weave-imports';
import { LookAheadHelper } from './weave-look-ahead';
import { RefillHelper } from './weave-refill';
import { TableHelpers } from './weave-tables';
import { WalkHelper } from './weave-walk';

export class WeaveHelpers {
  /** (cpu, record, ready, next) -> issue time; books the wait. */
  readonly stall: number;
  readonly fetching: FetchHelper;
  readonly branches: BranchHelper;
  readonly storage: AccessHelper;
  readonly divides: DivideHelpers;

  constructor(
    private readonly builder: ModuleBuilder,
    profile: TimingProfile,
    imports: ImportNumbers,
  ) {
    const parts = { builder, profile, imports, tables: new TableHelpers(builder) };
    this.divides = new DivideHelpers(builder, profile);
    this.stall = builder.declare({ params: ['i32', 'i32', 'i64', 'i64'], results: ['i64'] });
    const refills = new RefillHelper(parts);
    const ahead = new LookAheadHelper(parts, refills);
    const walks = new WalkHelper(parts, refills);
    this.fetching = new FetchHelper(parts, { refills, ahead, walks });
    this.branches = new BranchHelper(parts, ahead);
    this.storage = new AccessHelper(parts, { refills, ahead }, walks);
    this.defineStall();
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
}
