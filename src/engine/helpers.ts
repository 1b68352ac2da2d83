/**
 * Functions of a generated module that the handlers share: leaving wasm with exact state, finding decoded pages,
 * reservations. Handlers have the signature (cpu, record, left) -> exit.
 */
import { FETCH_ENTRIES, FETCH_ENTRY, offsetOf, RECORD, TLB_ENTRY } from '../state/layout';
import { RAISE_REASONS, type RaiseReason } from '../../isa/vocabulary/services';
import { emitOperator } from './operators';
import { emitEntry, emitHit, emitLinear } from './storage-code';
import type { Variant } from './variant';
import type { ModuleWeaver } from './weaver';
import { OP } from './wasm/opcodes';
import { Code, type ModuleBuilder, type Signature } from './wasm/module';

/** Why generated code returned to TypeScript. State is exact in each case: NIA, LEFT, registers, memory. */
export const EXIT = {
  /** The budget of instructions is used up. */
  budget: 1,
  /** NIA is on a page that is not in the fetch cache. */
  fetch: 2,
  /** TypeScript did something that may have changed the context: an interrupt, a service, a stop. */
  event: 3,
  /** Not returned: TypeScript did such a thing, and generated code is to go on at NIA with LEFT. */
  resume: 4,
} as const;

/** Function numbers that generated code calls. */
export interface Helpers {
  readonly handlerType: number;
  /** (cpu, record): leaves because the budget is used up before the instruction at `record`. */
  readonly budget: number;
  /** (cpu, address, left): goes on at an address. */
  readonly goto: number;
  /** (cpu, status): leaves with a status of TypeScript's, or goes on at NIA where that says so. */
  readonly leave: number;
  /** (cpu, record, left, reason): raises an interrupt; the operand is in ARG. */
  readonly raise: number;
  /** (cpu, record, left, service) -> status. */
  readonly service: number;
  /** (cpu, record, left, ea, access) -> value in storage order, status. */
  readonly load: number;
  readonly loadReserve: number;
  /** (cpu, record, left, ea, value, access) -> status. */
  readonly store: number;
  /** (cpu, record, left, ea, value, access) -> done, status. */
  readonly storeConditional: number;
  /** (cpu, record, left) -> status: reports an instruction about to execute. */
  readonly observe: number;
}

/** Functions that the module imports from TypeScript; all get the CPU block's address first. */
export interface Imports {
  service(cpu: number, service: number): number;
  raise(cpu: number, reason: number): number;
  storage(cpu: number, access: number): number;
  decode(cpu: number, record: number): void;
  observe(cpu: number): number;
}

const HANDLER: Signature = { params: ['i32', 'i32', 'i32'], results: ['i32'] };
const P = { cpu: 0, ip: 1, left: 2 } as const;
const ARG = offsetOf('ARG');

/** Numbers of the special handlers, before those of the instructions. */
export const SPECIAL = { decode: 0, pageEnd: 1, illegal: 2, prefixAlignment: 3, leave: 4, count: 5 } as const;

export class HelperBuilder {
  readonly helpers: Helpers;
  private readonly imports: Record<keyof Imports, number>;
  private readonly builder: ModuleBuilder;
  private readonly variant: Variant;

  constructor(builder: ModuleBuilder, variant: Variant) {
    this.builder = builder;
    this.variant = variant;
    const call = (params: number): Signature => ({ params: Array(params).fill('i32'), results: ['i32'] });
    this.imports = {
      service: builder.importFunction('service', call(2)),
      raise: builder.importFunction('raise', call(2)),
      storage: builder.importFunction('storage', call(2)),
      decode: builder.importFunction('decode', { params: ['i32', 'i32'], results: [] }),
      observe: builder.importFunction('observe', call(1)),
    };
    const access: Signature['params'] = ['i32', 'i32', 'i32', 'i64', 'i32'];
    const storing: Signature['params'] = ['i32', 'i32', 'i32', 'i64', 'i64', 'i32'];
    this.helpers = {
      handlerType: builder.type(HANDLER),
      budget: builder.declare({ params: ['i32', 'i32'], results: ['i32'] }),
      goto: builder.declare({ params: ['i32', 'i64', 'i32'], results: ['i32'] }),
      leave: builder.declare(call(2)),
      raise: builder.declare(call(4)),
      service: builder.declare(call(4)),
      load: builder.declare({ params: access, results: ['i64', 'i32'] }),
      loadReserve: builder.declare({ params: access, results: ['i64', 'i32'] }),
      store: builder.declare({ params: storing, results: ['i32'] }),
      storeConditional: builder.declare({ params: storing, results: ['i32', 'i32'] }),
      observe: builder.declare(HANDLER),
    };
  }

  /** Defines the helpers; a weaver has declared its own by now. */
  define(weaver?: ModuleWeaver): void {
    this.defineLeaving();
    this.defineGoto();
    this.defineStorage();
    this.defineReserve(weaver);
    this.defineConditional(weaver);
  }

  /** The special handlers in the order of {@link SPECIAL}. */
  specialHandlers(): number[] {
    const { builder, helpers } = this;
    const decode = new Code(3);
    decode.get(P.cpu).get(P.ip).call(this.imports.decode);
    decode.get(P.cpu).get(P.ip).get(P.left).get(P.ip).memory(OP.i32Load, RECORD.handler);
    decode.returnCallIndirect(helpers.handlerType);
    const pageEnd = new Code(3);
    pageEnd.get(P.cpu);
    this.addressOf(pageEnd, P.ip);
    pageEnd.get(P.left).returnCall(helpers.goto);
    const raising = (reason: RaiseReason): Code =>
      new Code(3)
        .get(P.cpu)
        .get(P.ip)
        .get(P.left)
        .i32(RAISE_REASONS.indexOf(reason))
        .returnCall(helpers.raise);
    const leave = new Code(3);
    this.exact(leave);
    leave.i32(EXIT.event);
    return [decode, pageEnd, raising('illegal'), raising('prefixAlignment'), leave].map((code) => {
      const func = builder.declare(HANDLER);
      builder.define(func, code);
      return func;
    });
  }

  /** Pushes the address of a record, which may be the one after a page: of 32 bits in 32-bit mode. */
  private addressOf(code: Code, record: number): void {
    code.get(P.cpu).memory(OP.i64Load, offsetOf('FETCHBIAS'));
    code.get(record).i32(1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.add');
    if (this.variant.modes.sf) return;
    code.i64(0xffffffffn);
    emitOperator(code, 'i64.and');
  }

  /** Makes state exact: NIA is the instruction at `record`, LEFT the budget with it. */
  private exact(code: Code): void {
    code.get(P.cpu).get(P.ip).memory(OP.i32Store, offsetOf('IP'));
    code.get(P.cpu).get(P.left).memory(OP.i32Store, offsetOf('LEFT'));
    code.get(P.cpu);
    this.addressOf(code, P.ip);
    code.memory(OP.i64Store, offsetOf('NIA'));
  }

  private defineLeaving(): void {
    const { builder, helpers, imports } = this;
    const budget = new Code(2);
    budget.get(P.cpu);
    this.addressOf(budget, P.ip);
    budget.memory(OP.i64Store, offsetOf('NIA'));
    budget.get(P.cpu).i32(0).memory(OP.i32Store, offsetOf('LEFT')).i32(EXIT.budget);
    builder.define(helpers.budget, budget);

    const leave = new Code(2);
    leave.get(1).i32(EXIT.resume);
    emitOperator(leave, 'i32.eq');
    leave.if().get(P.cpu).get(P.cpu).memory(OP.i64Load, offsetOf('NIA'));
    leave.get(P.cpu).memory(OP.i32Load, offsetOf('LEFT')).returnCall(helpers.goto).op(OP.end).get(1);
    builder.define(helpers.leave, leave);

    const service = new Code(4);
    this.exact(service);
    service.get(P.cpu).get(3).call(imports.service);
    builder.define(helpers.service, service);
    const raise = new Code(4);
    this.exact(raise);
    raise.get(P.cpu).get(P.cpu).get(3).call(imports.raise).returnCall(helpers.leave);
    builder.define(helpers.raise, raise);
    const observe = new Code(3);
    this.exact(observe);
    observe.get(P.cpu).call(imports.observe);
    builder.define(helpers.observe, observe);
  }

  private defineGoto(): void {
    const address = 1;
    const code = new Code(3);
    const entry = code.local('i32');
    const record = code.local('i32');
    code.get(address).i64(this.variant.modes.sf ? ~3n : 0xfffffffcn);
    emitOperator(code, 'i64.and');
    code.set(address);
    const leave = (exit: number): void => {
      code.get(P.cpu).get(address).memory(OP.i64Store, offsetOf('NIA'));
      code.get(P.cpu).get(P.left).memory(OP.i32Store, offsetOf('LEFT')).i32(exit).op(OP.return);
    };
    code.get(P.left);
    emitOperator(code, 'i32.eqz');
    code.if();
    leave(EXIT.budget);
    code.op(OP.end);
    // The entry of the page, and whether it holds this page in this context.
    code.get(address).i64(BigInt(Math.log2(4096 / FETCH_ENTRY.size)));
    emitOperator(code, 'i64.shrU');
    emitOperator(code, 'i32.wrap');
    code.i32((FETCH_ENTRIES - 1) * FETCH_ENTRY.size);
    emitOperator(code, 'i32.and');
    code.get(P.cpu).memory(OP.i32Load, offsetOf('FETCHBASE'));
    emitOperator(code, 'i32.xor');
    code.tee(entry).memory(OP.i64Load, FETCH_ENTRY.tag);
    code.get(address).i64(~0xfffn);
    emitOperator(code, 'i64.and');
    code.get(P.cpu).memory(OP.i64Load, offsetOf('ICTX'));
    emitOperator(code, 'i64.or');
    emitOperator(code, 'i64.ne');
    code.if();
    leave(EXIT.fetch);
    code.op(OP.end);
    // The record, and the bias that gives addresses back from records of this page.
    code.get(address);
    emitOperator(code, 'i32.wrap');
    code.i32(0xfff);
    emitOperator(code, 'i32.and');
    code.i32(1);
    emitOperator(code, 'i32.shl');
    code.get(entry).memory(OP.i32Load, FETCH_ENTRY.records);
    emitOperator(code, 'i32.add');
    code.set(record);
    code.get(P.cpu).get(address).get(record).i32(1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.sub');
    code.memory(OP.i64Store, offsetOf('FETCHBIAS'));
    code.get(P.cpu).get(record).get(P.left).get(record).memory(OP.i32Load, RECORD.handler);
    code.returnCallIndirect(this.helpers.handlerType);
    this.builder.define(this.helpers.goto, code);

    const enter = this.builder.declare({ params: ['i32', 'i32'], results: ['i32'] });
    const body = new Code(2);
    body.get(0).get(0).memory(OP.i64Load, offsetOf('NIA')).get(1).returnCall(this.helpers.goto);
    this.builder.define(enter, body);
    this.builder.export('enter', enter);
  }

  private defineStorage(): void {
    const { builder, helpers, imports } = this;
    const ea = 3;
    const load = new Code(5);
    const status = load.local('i32');
    this.exact(load);
    load.get(P.cpu).get(ea).memory(OP.i64Store, ARG);
    load.get(P.cpu).get(4).call(imports.storage).set(status);
    load.get(P.cpu).memory(OP.i64Load, offsetOf('RESULT')).get(status);
    builder.define(helpers.load, load);

    const store = new Code(6);
    this.exact(store);
    store.get(P.cpu).get(ea).memory(OP.i64Store, ARG);
    store
      .get(P.cpu)
      .get(4)
      .memory(OP.i64Store, ARG + 8);
    store.get(P.cpu).get(5).call(imports.storage);
    builder.define(helpers.store, store);
  }

  /** Pushes the real address of a linear address in a local, as a doubleword. */
  private realAddress(code: Code, linear: number): void {
    code.get(linear).get(P.cpu).memory(OP.i32Load, offsetOf('RAMBASE'));
    emitOperator(code, 'i32.sub');
    emitOperator(code, 'i64.extendU');
  }

  private defineReserve(weaver: ModuleWeaver | undefined): void {
    const ea = 3;
    const access = 4;
    const code = new Code(5);
    const linear = code.local('i32');
    const entry = emitEntry(code, ea);
    emitHit(code, ea, TLB_ENTRY.readTag, 1);
    emitOperator(code, 'i32.eqz');
    code.if().get(P.cpu).get(P.ip).get(P.left).get(ea).get(access).returnCall(this.helpers.load).op(OP.end);
    emitLinear(code, ea, entry);
    code.set(linear);
    weaver?.access(code, { ea, linear }, false);
    code.get(P.cpu);
    this.realAddress(code, linear);
    code.memory(OP.i64Store, offsetOf('RESADDR'));
    code.get(P.cpu).get(access).i32(15);
    emitOperator(code, 'i32.and');
    code.memory(OP.i32Store, offsetOf('RESLEN'));
    this.bySize(code, access, (bytes) => {
      code.get(linear).memory(LOADS[bytes], 0).i32(0).op(OP.return);
    });
    code.op(OP.unreachable);
    this.builder.define(this.helpers.loadReserve, code);
  }

  private defineConditional(weaver: ModuleWeaver | undefined): void {
    const ea = 3;
    const value = 4;
    const access = 5;
    const code = new Code(6);
    const linear = code.local('i32');
    const held = code.local('i32');
    const entry = emitEntry(code, ea);
    emitHit(code, ea, TLB_ENTRY.writeTag, 1);
    emitOperator(code, 'i32.eqz');
    code.if();
    const status = code.local('i32');
    code.get(P.cpu).get(P.ip).get(P.left).get(ea).get(value).get(access).call(this.helpers.store).set(status);
    code.get(P.cpu).memory(OP.i32Load, offsetOf('RESULT')).get(status).op(OP.return).op(OP.end);
    emitLinear(code, ea, entry);
    code.set(linear);
    weaver?.access(code, { ea, linear }, true);
    this.emitHeld(code, { linear, access });
    code.set(held);
    code.get(P.cpu).i32(0).memory(OP.i32Store, offsetOf('RESLEN'));
    code.get(held).if();
    this.bySize(code, access, (bytes) => {
      code.get(linear).get(value).memory(STORES[bytes], 0);
    });
    code.op(OP.end).get(held).i32(0);
    this.builder.define(this.helpers.storeConditional, code);
  }

  /** Pushes whether the reservation serves a store conditional. */
  private emitHeld(code: Code, { linear, access }: { linear: number; access: number }): void {
    const shift = this.variant.conditionalShift;
    code.get(P.cpu).memory(OP.i32Load, offsetOf('RESLEN'));
    if (shift > 0) {
      code.i32(0);
      emitOperator(code, 'i32.ne');
    } else {
      code.get(access).i32(15);
      emitOperator(code, 'i32.and');
      emitOperator(code, 'i32.eq');
    }
    this.realAddress(code, linear);
    code.get(P.cpu).memory(OP.i64Load, offsetOf('RESADDR'));
    emitOperator(code, 'i64.xor');
    code.i64(BigInt(shift));
    emitOperator(code, 'i64.shrU');
    emitOperator(code, 'i64.eqz');
    emitOperator(code, 'i32.and');
  }

  private bySize(code: Code, access: number, emit: (bytes: 1 | 2 | 4 | 8) => void): void {
    for (const bytes of [1, 2, 4, 8] as const) {
      code.get(access).i32(bytes);
      emitOperator(code, 'i32.and');
      code.if();
      emit(bytes);
      code.op(OP.end);
    }
  }
}

const LOADS = { 1: OP.i64Load8U, 2: OP.i64Load16U, 4: OP.i64Load32U, 8: OP.i64Load } as const;
const STORES = { 1: OP.i64Store8, 2: OP.i64Store16, 4: OP.i64Store32, 8: OP.i64Store } as const;
