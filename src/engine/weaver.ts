/**
 * What may be woven into generated code beside the semantics: a model of time, a profiler. A weaver emits code at the
 * places that {@link WovenHandler} names, into every handler of the variants of its engine; what it emits must not
 * change guest state. Without a weaver nothing is emitted.
 */
import type { SwitchKind } from '../state/layout';
import type { Handler } from './specialise';
import type { AccessDescriptor } from './storage-code';
import type { Code, ModuleBuilder } from './wasm/module';

/** A weaver and the functions that its code calls in TypeScript. */
export interface EngineWeaver {
  /** Distinguishes the generated modules: the same key, the same code. */
  readonly key: string;
  /** Declares the imported functions; called before any other function of the module is declared. */
  declareImports(builder: ModuleBuilder): void;
  /** Defines the module's helper functions and returns what weaves its handlers. */
  begin(builder: ModuleBuilder): ModuleWeaver;
  /** The imported functions by name. */
  imports(): Readonly<Record<string, (...args: number[]) => number | void>>;
}

export interface ModuleWeaver {
  handler(code: Code, handler: Handler): WovenHandler;
  /** As {@link WovenHandler.access}, for accesses that the module's helpers carry out. */
  access(code: Code, where: AccessPlace, store: boolean): void;
}

/** Locals of an access that hits the translation cache: i64 effective address, i32 linear address. */
export interface AccessPlace {
  readonly ea: number;
  readonly linear: number;
}

/**
 * Emits into one handler. Parameters of the handler are the CPU block, the record and the instructions left; `word`
 * and `suffix` are locals with the instruction image.
 */
export interface WovenHandler {
  /**
   * Before the instruction. Code may leave the handler with the status of a helper that made state exact.
   * @param image locals with the word, and the suffix of a prefixed instruction
   */
  before(image: { word: number; suffix: number | undefined }): void;
  /** The instruction is a branch: control goes elsewhere, or to the next instruction. */
  taken(): void;
  notTaken(): void;
  /** Pushes whether generated code may switch MSR by itself, as the last time. */
  maySwitch(kind: SwitchKind): void;
  /** It does: control goes elsewhere, or to the next instruction. */
  switched(kind: SwitchKind): void;
  /** A load or store hits the translation cache, and is about to happen. */
  access(where: AccessPlace, access: AccessDescriptor): void;
}
