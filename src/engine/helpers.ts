/**
 * Functions of a generated module that the handlers share: leaving wasm with exact state (`leaving-code.ts`), finding
 * decoded pages (`goto-code.ts`), accesses that are not one compare away (`storage-helpers.ts`). Here are their numbers
 * and the special handlers. Handlers have the signature (cpu, record, left) -> exit.
 */
import { RAISE_REASONS, type RaiseReason } from '../../isa/vocabulary/services';
import { RECORD } from '../state/layout';
import { EXIT } from './exit';
import { defineGoto } from './goto-code';
import { emitExact, emitRecordAddress, type HelperParts, type Helpers } from './helper-parts';
import { defineLeaving } from './leaving-code';
import { CPU, IP, LEFT } from './parameters';
import { defineConditional, defineReserve, defineStorage } from './storage-helpers';
import type { Variant } from './variant';
import type { ModuleWeaver } from './weaver';
import { OP } from './wasm/opcodes';
import { Code, type ModuleBuilder, type Signature } from './wasm/module';

const HANDLER: Signature = { params: ['i32', 'i32', 'i32'], results: ['i32'] };

/** Numbers of the special handlers, before those of the instructions. */
export const SPECIAL = {
  decode: 0, pageEnd: 1, illegal: 2, prefixAlignment: 3, leave: 4, stop: 5, count: 6,
} as const; // prettier-ignore

export class HelperBuilder implements HelperParts {
  readonly helpers: Helpers;
  readonly imports: HelperParts['imports'];

  constructor(
    readonly builder: ModuleBuilder,
    readonly variant: Variant,
  ) {
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
    defineLeaving(this);
    defineGoto(this);
    defineStorage(this);
    defineReserve(this, weaver);
    defineConditional(this, weaver);
  }

  /** The special handlers in the order of {@link SPECIAL}. */
  specialHandlers(): number[] {
    const { builder, helpers } = this;
    const decode = new Code(3);
    decode.get(CPU).get(IP).call(this.imports.decode);
    decode.get(CPU).get(IP).get(LEFT).get(IP).memory(OP.i32Load, RECORD.handler);
    decode.returnCallIndirect(helpers.handlerType);
    const pageEnd = new Code(3);
    pageEnd.get(CPU);
    emitRecordAddress(this.variant, pageEnd, IP);
    pageEnd.get(LEFT).returnCall(helpers.goto);
    const raising = (reason: RaiseReason): Code =>
      new Code(3).get(CPU).get(IP).get(LEFT).i32(RAISE_REASONS.indexOf(reason)).returnCall(helpers.raise);
    const leaving = (exit: number): Code => {
      const code = new Code(3);
      emitExact(this.variant, code);
      return code.i32(exit);
    };
    const specials = [
      decode, pageEnd, raising('illegal'), raising('prefixAlignment'), leaving(EXIT.event), leaving(EXIT.stop),
    ]; // prettier-ignore
    return specials.map((code) => {
      const func = builder.declare(HANDLER);
      builder.define(func, code);
      return func;
    });
  }
}
