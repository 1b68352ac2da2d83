/** The loads and stores of one instruction in generated code: what is as the access before is done here. */
import { emitOperator } from '../engine/operators';
import type { AccessDescriptor } from '../engine/storage-code';
import type { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import type { AccessPlace } from '../engine/weaver';
import { offsetOf } from '../state/layout';
import { cellAt, count, load, loadReady, P, storeReady, type Image } from './emit';
import { pushIssued } from './emit-time';
import type { TimingProfile } from './profile';
import type { Template } from './schedule';
import { CELL, TICKS } from './state';
import { NO_SPAN } from './weave-line';
import type { WeaveHelpers } from './weave-helpers';
import { CONDITIONAL_FLAG, STORE_FLAG, ZERO_FLAG, type ImportNumbers } from './weave-imports';
import { arrives, emitArriving } from './weave-miss';

export interface WovenContext {
  readonly code: Code;
  readonly helpers: WeaveHelpers;
  readonly imports: ImportNumbers;
  readonly profile: TimingProfile;
}

/** An instruction that was issued in generated code. */
export interface IssuedInstruction {
  readonly template: Template;
  readonly image: Image;
  /** Local: when that was. */
  readonly issue: number;
}

/** Locals of an access. */
interface Place {
  readonly ea: number;
  readonly real: number;
  readonly issue: number;
}

type Access = Pick<AccessDescriptor, 'bytes' | 'operation' | 'kind'>;

/**
 * An access: counted, and looked at where its page or line is not that of the one before, or it is not aligned.
 * @param issued undefined: what the instruction writes is not known here
 */
export function emitAccess(
  context: WovenContext,
  { ea, linear }: AccessPlace,
  access: Access,
  issued?: IssuedInstruction,
): void {
  const { code, helpers } = context;
  const isStore = access.operation !== 'load';
  count(code, isStore ? 'stores' : 'loads');
  const real = code.local('i32');
  code.get(linear).get(P.cpu).memory(OP.i32Load, offsetOf('RAMBASE'));
  emitOperator(code, 'i32.sub');
  code.set(real);
  if (access.operation === 'storeConditional') {
    emitConditional(context, { ea, real }, access);
    return;
  }
  if (access.kind === 'zero') {
    emitZero(context, { ea, real }, issued);
    return;
  }
  const place = { ea, real, issue: issued?.issue ?? code.local('i64') };
  if (!issued) {
    pushIssued(code);
    code.set(place.issue);
  }
  emitUnusual(context, place, access);
  code.if().get(P.cpu).get(P.ip).get(ea).get(real);
  pushTimes(code.i32(access.bytes | (isStore ? STORE_FLAG : 0)), issued).call(helpers.storage.access);
  if (issued && issued.template.writes.length > 0) emitLater(code, issued);
  else code.op(OP.drop);
  const { stored } = helpers.storage.lines.stores;
  if (isStore && stored !== undefined) code.op(OP.else).get(P.cpu).get(real).get(place.issue).call(stored);
  code.op(OP.end);
}

/**
 * Emits: what an instruction writes is ready later by the ticks on the stack. The cause in the bits below takes the place
 * of what it was, but for 0, which leaves it.
 */
function emitLater(code: Code, { template: { row, writes }, image }: IssuedInstruction): void {
  const wait = code.local('i64');
  code.tee(wait).i64(0n);
  emitOperator(code, 'i64.ne');
  code.if();
  for (const { ref } of writes)
    storeReady(code, { image, form: row.form, ref }, () => {
      loadReady(code, image, row.form, ref);
      code
        .i64(-1n)
        .i64(~BigInt(TICKS.slot - 1))
        .get(wait)
        .i64(BigInt(TICKS.slot - 1));
      emitOperator(code, 'i64.and');
      emitOperator(code, 'i64.eqz');
      code.op(OP.select);
      emitOperator(code, 'i64.and');
      code.get(wait);
      emitOperator(code, 'i64.add');
    });
  code.op(OP.end);
}

/**
 * A conditional store, on the page of the access before and with the port free; others are TypeScript's. It happens in a
 * function that many instructions share.
 */
function emitConditional(
  { code, helpers, imports }: WovenContext,
  { ea, real }: Pick<Place, 'ea' | 'real'>,
  { bytes }: Access,
): void {
  const { conditional } = helpers.storage.lines;
  if (conditional !== undefined) {
    emitOtherPage(code, ea);
    code.if('i32').i32(1).op(OP.else).get(P.cpu).get(real);
    pushIssued(code);
    code.call(conditional);
    emitOperator(code, 'i32.eqz');
    code.op(OP.end).if();
  }
  code.get(P.cpu).get(P.ip).get(ea).i64(32n);
  emitOperator(code, 'i64.shrU');
  emitOperator(code, 'i32.wrap');
  code.get(ea);
  emitOperator(code, 'i32.wrap');
  code
    .get(real)
    .i32(bytes | STORE_FLAG | CONDITIONAL_FLAG)
    .call(imports.timeAccess);
  if (conditional !== undefined) code.op(OP.end);
}

/** The first doubleword of a line that dcbz writes: the others come with it. */
function emitZero(
  { code, helpers, profile }: WovenContext,
  { ea, real }: Pick<Place, 'ea' | 'real'>,
  issued: IssuedInstruction | undefined,
): void {
  code.get(real).i32((1 << profile.data.lineShift) - 1);
  emitOperator(code, 'i32.and');
  emitOperator(code, 'i32.eqz');
  code.if().get(P.cpu).get(P.ip).get(ea).get(real);
  pushTimes(code.i32(ZERO_DOUBLEWORD), issued).call(helpers.storage.access).op(OP.drop).op(OP.end);
}
const ZERO_DOUBLEWORD = 8 | STORE_FLAG | ZERO_FLAG;

/** Pushes the last parameters of `AccessHelper.access`. */
function pushTimes(code: Code, issued: IssuedInstruction | undefined): Code {
  if (!issued) return code.i32(NO_SPAN).i32(0);
  const { interval, latency, completes } = issued.template;
  return code.i32(Math.max(interval, latency)).i32(completes);
}

/** Pushes whether an access is not on the newest line of its set and on the same page as the one before, or not aligned. */
function emitUnusual(
  { code, helpers, profile }: WovenContext,
  { ea, real, issue }: Place,
  { bytes, operation }: Access,
): void {
  const { data, core } = profile;
  const line = code.local('i32');
  code.get(real).i32(data.lineShift);
  emitOperator(code, 'i32.shrU');
  code.set(line);
  helpers.storage.lines.setOf(code, line);
  code.memory(OP.i32Load, 0).get(line);
  emitOperator(code, 'i32.ne');
  emitOtherPage(code, ea);
  emitOperator(code, 'i32.or');
  if (operation === 'load' && arrives(profile)) {
    emitArriving(code, issue);
    emitOperator(code, 'i32.or');
  }
  if (bytes <= 1) return;
  code.get(ea);
  emitOperator(code, 'i32.wrap');
  code.i32(core.alignment - 1);
  emitOperator(code, 'i32.and');
  code.i32(core.alignment - bytes);
  emitOperator(code, 'i32.gtU');
  emitOperator(code, 'i32.or');
}

/** Pushes whether addresses are translated, and this one is on another page than that of the access before. */
function emitOtherPage(code: Code, ea: number): void {
  code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation)).i32(0);
  emitOperator(code, 'i32.ne');
  code.get(ea).i64(12n);
  emitOperator(code, 'i64.shrU');
  load(code, CELL.dataPage);
  emitOperator(code, 'i64.ne');
  emitOperator(code, 'i32.and');
}
