/**
 * The cycle model woven into generated code: what `pipeline.ts` does for one instruction, as WebAssembly before it,
 * with the template of its handler as constants. Same state, same cycles.
 */
import type { ModuleBuilder, Code } from '../engine/wasm/module';
import { emitOperator } from '../engine/operators';
import type { Handler } from '../engine/specialise';
import type { AccessDescriptor } from '../engine/storage-code';
import { OP } from '../engine/wasm/opcodes';
import type { AccessPlace, ModuleWeaver, WovenHandler } from '../engine/weaver';
import { offsetOf, type SwitchKind } from '../state/layout';
import {
  addTo,
  cellAt,
  count,
  emitBlame,
  fieldOffset,
  HISTORY_MASK,
  load,
  loadReady,
  maximum,
  P,
  raise,
  readyAt,
  storeReady,
  type Image,
} from './emit';
import { CAUSE } from './causes';
import { plus, raiseTo } from './emit-time';
import type { ScheduleLibrary } from './library';
import type { TimingProfile } from './profile';
import { RESOURCE } from './resources';
import type { Template } from './schedule';
import { CELL, HISTORY, TICKS, ticksOf } from './state';
import { emitAccess, type WovenContext } from './weave-accesses';
import { emitOtherLine } from './weave-fetch';
import { WeaveHelpers } from './weave-helpers';
import type { ImportNumbers } from './weave-imports';
import { turnTicks } from './weave-refill';

const GPR = offsetOf('GPR');
/** Least significant bit of the sign of a conditional branch's displacement. */
const BD_SIGN_SHIFT = 15;
/** Bits in front of the displacement of a direct branch, LI or BD. */
const BEFORE_LI = 6;
const BEFORE_BD = 16;

export class TimingModuleWeaver implements ModuleWeaver {
  private readonly helpers: WeaveHelpers;

  constructor(
    builder: ModuleBuilder,
    private readonly library: ScheduleLibrary,
    private readonly imports: ImportNumbers,
  ) {
    this.helpers = new WeaveHelpers(builder, library.profile, imports);
  }

  handler(code: Code, handler: Handler): WovenHandler {
    const { imports, helpers, library } = this;
    return new WovenInstruction(
      { code, helpers, imports, profile: library.profile },
      library.template(handler),
    );
  }

  access(code: Code, where: AccessPlace, isStore: boolean): void {
    const { helpers, imports, library } = this;
    emitRecord(code, library.profile);
    emitAccess({ code, helpers, imports, profile: library.profile }, where, {
      bytes: 1,
      kind: 'reserve',
      operation: isStore ? 'storeConditional' : 'load',
    });
  }
}

class WovenInstruction implements WovenHandler {
  private image: Image = { word: 0, suffix: undefined };
  private first = 0;
  /** Local: when it issued. */
  private issue = 0;

  constructor(
    private readonly context: WovenContext,
    /** Undefined: the instruction is issued in TypeScript. */
    private readonly template: Template | undefined,
  ) {}

  before(image: Image): void {
    this.image = image;
    const { code, helpers, imports, profile } = this.context;
    if (this.template?.branch) this.rememberFirst();
    emitOtherLine(code, profile);
    const status = code.local('i32');
    code.if().get(P.cpu).get(P.ip).get(P.left).call(helpers.fetching.fetch).tee(status);
    code.if().get(status).op(OP.return).op(OP.end).op(OP.end);
    if (!this.template) {
      code.get(P.cpu).get(P.ip).call(imports.timeIssue);
      return;
    }
    this.issues(this.template);
  }

  /** Whether it is the first instruction after a change of the stream of fetching. */
  private rememberFirst(): void {
    const { code } = this.context;
    this.first = code.local('i32');
    load(code, CELL.next);
    load(code, CELL.redirect);
    emitOperator(code, 'i64.eq');
    code.set(this.first);
  }

  private issues(template: Template): void {
    const { code } = this.context;
    const at = code.local('i64');
    this.issue = at;
    this.issueTime(template, at);
    code.get(P.cpu).get(P.ip).i32(HISTORY_MASK);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.get(at).memory(OP.i64Store, cellAt(CELL.history));
    if (template.twoParts) this.secondPart(at);
    const extra = this.divideTicks(template);
    const { row } = template;
    for (const { ref, ready } of template.writes)
      storeReady(code, { image: this.image, form: row.form, ref }, () => this.later(at, ready, extra));
    this.advance(template, at, extra);
  }

  private secondPart(at: number): void {
    const { code, profile } = this.context;
    code.get(P.cpu).get(P.ip).i32(HISTORY_MASK);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    plus(code.get(at), ticksOf(1 / profile.core.issueWidth)).memory(OP.i64Store, cellAt(CELL.parts));
  }

  /** Sets `at` to the time at which the instruction issues. */
  private issueTime({ reads, row, serialises, drains }: Template, at: number): void {
    const { code, helpers } = this.context;
    load(code, CELL.next).set(at);
    if (reads.length === 0 && !serialises) return;
    const ready = code.local('i64');
    const one = code.local('i64');
    if (reads.length === 0) code.get(at).set(ready);
    reads.forEach((ref, i) => {
      loadReady(code, this.image, row.form, ref);
      if (i === 0) {
        code.set(ready);
        return;
      }
      code.set(one);
      maximum(code, one, ready);
      code.set(ready);
    });
    if (serialises) this.waitForAll(ready, { drains });
    // Less than a slot later is the number of a cause, and no time.
    code.get(ready).get(at).i64(BigInt(TICKS.slot));
    emitOperator(code, 'i64.add');
    emitOperator(code, 'i64.geS');
    code.if().get(P.cpu).get(P.ip).get(ready).get(at).call(helpers.stall).set(at).op(OP.end);
  }

  /** Sets `ready` to the time at which everything before has completed, where that is later. */
  private waitForAll(ready: number, { drains }: Pick<Template, 'drains'>): void {
    const { code, profile } = this.context;
    const idle = code.local('i64');
    const one = code.local('i64');
    load(code, CELL.history).set(idle);
    for (let i = 1; i < HISTORY; i++) {
      load(code, CELL.history + i).set(one);
      maximum(code, one, idle);
      code.set(idle);
    }
    code.get(idle).i64(BigInt(ticksOf(profile.core.completion)));
    emitOperator(code, 'i64.add');
    code.set(idle);
    raiseTo(code, idle, one, () => load(code, CELL.done));
    if (drains) {
      raiseTo(code, idle, one, () => load(code, CELL.dataIdle));
      raiseTo(code, idle, one, () => plus(load(code, CELL.stored), turnTicks(profile.data)));
    }
    code.get(idle).i64(BigInt(CAUSE.serialisation));
    emitOperator(code, 'i64.or');
    code
      .get(ready)
      .get(idle)
      .get(ready)
      .i64(~BigInt(TICKS.slot - 1));
    emitOperator(code, 'i64.and');
    emitOperator(code, 'i64.gtS');
    code.op(OP.select).set(ready);
  }

  /** Pushes `at` and a number of ticks, and what a divide adds. */
  private later(at: number, ticks: number, extra: number | undefined): void {
    const { code } = this.context;
    code.get(at).i64(BigInt(ticks));
    emitOperator(code, 'i64.add');
    if (extra === undefined) return;
    code.get(extra);
    emitOperator(code, 'i64.add');
  }

  /** A local with the ticks that a divide's operands add, or undefined. */
  private divideTicks({ divide, row }: Template): number | undefined {
    if (!divide) return undefined;
    const { code, helpers } = this.context;
    const extra = code.local('i64');
    for (const field of ['RA', 'RB']) pushRegister(code, this.image, row.form, field);
    code.call(helpers.divides.divide(divide)).set(extra);
    return extra;
  }

  /** When the next instruction can issue, and what depends on that. */
  private advance(template: Template, at: number, extra: number | undefined): void {
    const { code, profile } = this.context;
    const share = ticksOf(1 / profile.core.issueWidth);
    const { interval, cause, completes } = template;
    code.get(P.cpu);
    this.later(at, interval, extra);
    code.memory(OP.i64Store, cellAt(CELL.next));
    if (interval > share) {
      emitBlame(code, () => {
        code.i64(BigInt(interval - share));
        if (extra === undefined) return;
        code.get(extra);
        emitOperator(code, 'i64.add');
      });
      code.get(P.cpu);
      load(code, CELL.stalls + cause).i64(BigInt(interval - share));
      emitOperator(code, 'i64.add');
      if (extra !== undefined) {
        code.get(extra);
        emitOperator(code, 'i64.add');
      }
      code.memory(OP.i64Store, cellAt(CELL.stalls + cause));
    }
    if (template.storage && profile.core.issueWidth > 1) {
      code.get(P.cpu);
      this.later(at, TICKS.cycle + CAUSE.storageUnit, undefined);
      code.memory(OP.i64Store, readyAt(RESOURCE.STORAGE));
    }
    if (completes > ticksOf(profile.core.completion)) {
      const done = code.local('i64');
      this.later(at, completes, extra);
      code.set(done);
      raise(code, CELL.done, done);
    }
    if (template.refetches) {
      this.context.helpers.branches.wrongPath(code);
      code.get(P.cpu);
      load(code, CELL.next).memory(OP.i64Store, cellAt(CELL.redirect));
      // Perhaps the line is not in the cache any more.
      code.get(P.cpu).i64(-1n).memory(OP.i64Store, cellAt(CELL.line));
    }
  }

  taken(): void {
    const { code, helpers } = this.context;
    if (!this.template?.branch) return;
    if (this.template.branch !== 'indirect') {
      this.direct(1);
      return;
    }
    count(code, 'branches');
    count(code, 'takenBranches');
    helpers.branches.mispredicted(code);
    helpers.branches.leaveSoon(code);
  }

  notTaken(): void {
    if (!this.template?.branch) return;
    if (this.template.branch === 'indirect') count(this.context.code, 'branches');
    else this.direct(0);
  }

  /** Not where the time to leave has come: that is looked for at once. */
  maySwitch(kind: SwitchKind): void {
    const { code } = this.context;
    plus(load(code, CELL.next), this.switchTicks(kind));
    load(code, CELL.deadline);
    emitOperator(code, 'i64.ltS');
  }

  switched(kind: SwitchKind): void {
    const { code } = this.context;
    const ticks = this.switchTicks(kind);
    if (kind !== 'sc') return;
    count(code, 'interrupts');
    addTo(code, CELL.next, ticks);
    addTo(code, CELL.stalls + CAUSE.interrupts, ticks);
    code.get(P.cpu);
    load(code, CELL.next).memory(OP.i64Store, cellAt(CELL.redirect));
  }

  /** What the interrupt takes that a switch is. */
  private switchTicks(kind: SwitchKind): number {
    return kind === 'sc' ? ticksOf(this.context.profile.core.interrupt) : 0;
  }

  private direct(taken: 0 | 1): void {
    const { code, helpers } = this.context;
    code.get(P.cpu).get(P.ip).get(this.first);
    if (this.template!.branch === 'always') code.i32(1);
    else {
      code.get(this.image.word).i32(BD_SIGN_SHIFT);
      emitOperator(code, 'i32.shrU');
      code.i32(1);
      emitOperator(code, 'i32.and');
    }
    code.i32(taken);
    this.displacement(taken);
    code.call(helpers.branches.branch);
  }

  /** Pushes the displacement in bytes, with AA and LK; only where the branch is taken. */
  private displacement(taken: 0 | 1): void {
    const { code } = this.context;
    if (!taken) {
      code.i32(0);
      return;
    }
    const before = this.template!.branch === 'always' ? BEFORE_LI : BEFORE_BD;
    code.get(this.image.word).i32(before);
    emitOperator(code, 'i32.shl');
    code.i32(before);
    emitOperator(code, 'i32.shrS');
  }

  access(where: AccessPlace, access: AccessDescriptor): void {
    const { template, image, issue } = this;
    emitRecord(this.context.code, this.context.profile);
    emitAccess(this.context, where, access, template && { template, image, issue });
  }
}

/** Emits: what keeps the unit of loads and stores busy is the instruction at the record in parameter `ip`. */
function emitRecord(code: Code, { data }: TimingProfile): void {
  if (data.stalls) code.get(P.cpu).get(P.ip).memory(OP.i32Store, cellAt(CELL.accessRecord));
}

/** Pushes the value of the GPR that a field numbers. */
function pushRegister(code: Code, image: Image, form: Template['row']['form'], name: string): void {
  fieldOffset(code, image, form, name);
  code.get(P.cpu);
  emitOperator(code, 'i32.add');
  code.memory(OP.i64Load, GPR);
}
