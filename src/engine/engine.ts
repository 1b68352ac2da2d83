/**
 * The engine: linear memory, the generated interpreter and its caches. It executes instructions and asks its host
 * (`src/cpu/`) for everything that is not arithmetic on state that is at hand. It knows no translation rule, no
 * interrupt and no device.
 */
import { createDecoder, type Decoder } from '../../isa/decoder';
import { INSTRUCTIONS } from '../../isa/index';
import { extractField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import type { Instruction, InsnRow } from '../../isa/vocabulary/row';
import { RAISE_REASONS, type RaiseReason } from '../../isa/vocabulary/services';
import { RealMemory } from '../core/memory';
import { hex0x, joinHalves } from '../core/u64';
import { CpuState } from '../state/cpu-state';
import { CPU_BLOCK_SIZE, memoryMap, offsetOf, RECORD, type MemoryMap } from '../state/layout';
import { CodeCache, type DecodeMode } from './code-cache';
import { Contexts } from './contexts';
import type { Imports } from './helper-parts';
import { SPECIAL } from './helpers';
import { Reservations } from './reservations';
import { handlersOf, type HandlerGroup } from './specialise';
import { Stops } from './stops';
import { DESCRIPTORS, type AccessDescriptor } from './storage-code';
import { generateTier1 } from './tier1';
import { Switches } from './switches';
import { TranslationCache, type CachedTranslation } from './translation-cache';
import type { EngineWeaver } from './weaver';
import { WriteWatch } from './write-watch';
import { WASM, type WasmMemory } from './wasm/api';
import { variantIndex, variantOf, VARIANTS, type CodeModel } from './variant';

/** What the engine asks for while an instruction executes. State is exact: NIA is that instruction. */
export interface EngineHost {
  /** Carries out a service by its number; returns 0 to go on with the next instruction, or one of {@link EXIT}. */
  service(cpu: number, service: number): number;
  /** Raises an interrupt; the operand is in ARG. Returns one of {@link EXIT}. */
  raise(cpu: number, reason: RaiseReason): number;
  /**
   * Carries out an access that the translation cache did not: the address is in ARG[0], the value of a store in ARG[1],
   * the value of a load goes to RESULT, all in storage order. Returns 0, or one of {@link EXIT}.
   */
  storage(cpu: number, access: AccessDescriptor): number;
  /** Sees an instruction before it executes; returns 0, or one of {@link EXIT}. */
  observe(cpu: number): number;
}

export interface EngineOptions {
  /** Bytes of host real memory, a multiple of 4096. */
  readonly ramSize: number;
  readonly cpus?: number;
  /** Which rows exist on the CPU model. */
  readonly implements: (row: InsnRow) => boolean;
  /** What of the CPU model generated code depends on. */
  readonly code: CodeModel;
  /** What is woven into the generated code. */
  readonly weaver?: EngineWeaver;
  /** log2 of the bytes of a reservation granule. Default 7. */
  readonly reservationShift?: number;
  /** Decoded pages kept, at least 2. */
  readonly recordSlots?: number;
}

const { handlers: HANDLERS, special: SPECIALISED } = handlersOf(INSTRUCTIONS);
/** Table positions of one variant. */
const TABLE_STRIDE = SPECIAL.count + HANDLERS.length;
const LEFT = offsetOf('LEFT');
const IP = offsetOf('IP');
const NIA = offsetOf('NIA');

/** Compiled modules, which every machine with such a CPU shares. */
const modules = new Map<string, object>();

/** A part of the interpreter that is generated as a whole. */
interface Part {
  readonly variant: number;
  readonly group: HandlerGroup;
}

function moduleOf({ variant, group }: Part, code: CodeModel, weaver: EngineWeaver | undefined): object {
  const text = JSON.stringify(code, (_name, value: unknown) =>
    typeof value === 'bigint' ? hex0x(value) : value,
  );
  const key = `${variant},${group},${text},${weaver?.key ?? ''}`;
  let module = modules.get(key);
  if (!module) {
    const shape = {
      handlers: HANDLERS,
      group,
      tableSize: TABLE_STRIDE * VARIANTS,
      tableBase: variant * TABLE_STRIDE,
      weaver,
    };
    module = new WASM.Module(generateTier1(variantOf(variant, code), shape));
    modules.set(key, module);
  }
  return module;
}

export class Engine {
  readonly map: MemoryMap;
  readonly ram: RealMemory;
  readonly cpus: readonly CpuState[];
  readonly contexts: Contexts;
  readonly caches: readonly TranslationCache[];
  readonly code: CodeCache;
  readonly switches: readonly Switches[];
  private readonly memory: WasmMemory;
  private readonly table: object;
  private readonly entries: (((cpu: number, left: number) => number) | undefined)[] = [];
  /** Groups whose handlers are in the table, by variant. */
  private readonly generated = Array.from({ length: VARIANTS }, () => new Set<HandlerGroup>());
  private readonly decoders = new Map<number, Decoder>();
  /** What sets of instructions beside the model's have. */
  private readonly sets = new Map<number, (row: InsnRow) => boolean>();
  private readonly writes: WriteWatch;
  /** Instructions that generated code is left before with {@link EXIT}.stop. */
  readonly stops: Stops;
  readonly reservations: Reservations;
  private readonly hasPrefixes: boolean;
  /** Records at which generated code is to be left once. */
  private readonly leaving: number[] = [];

  constructor(
    private readonly options: EngineOptions,
    private readonly host: EngineHost,
  ) {
    this.map = memoryMap(options.ramSize, options.cpus ?? 1, options.recordSlots);
    const pages = this.map.total / 65536;
    this.memory = new WASM.Memory({ initial: pages, maximum: pages });
    this.table = new WASM.Table({ element: 'anyfunc', initial: TABLE_STRIDE * VARIANTS });
    const { buffer } = this.memory;
    this.ram = new RealMemory(buffer, this.map.ramBase, this.map.ramSize);
    this.cpus = Array.from({ length: this.map.cpus }, (_, i) => new CpuState(buffer, i * CPU_BLOCK_SIZE, i));
    this.caches = this.cpus.map((cpu) => new TranslationCache(buffer, this.map, cpu));
    this.switches = this.cpus.map((cpu) => new Switches(cpu));
    this.contexts = new Contexts(
      () => this.caches.forEach((cache) => cache.renumber()),
      () => this.forgetSwitches(),
    );
    this.code = new CodeCache(buffer, this.map, () => this.caches.forEach((cache) => cache.dropFetches()));
    this.stops = new Stops(this.code, this.caches);
    this.writes = new WriteWatch(this.caches, this.map.ramSize >>> 12);
    this.reservations = new Reservations(this.cpus, this.writes, 1 << (options.reservationShift ?? 7));
    this.ram.onNewTablePage = (page) => this.writes.revoke(page);
    this.ram.onTableUpdate = (address, bytes) => this.written(address, bytes);
    this.hasPrefixes = INSTRUCTIONS.some(({ size, row }) => size === 64 && options.implements(row));
  }

  /**
   * Executes from NIA until something must be looked at.
   * @param variant from {@link variantIndex}
   * @param left instructions that may retire, at least 1; LEFT says afterwards how many are left
   * @returns one of {@link EXIT}
   */
  enter(cpu: CpuState, variant: number, left: number): number {
    const entry = (this.entries[variant] ??= this.generate({ variant, group: 'general' }));
    const exit = entry(cpu.base, left);
    if (this.leaving.length > 0) this.code.restore(this.leaving);
    return exit;
  }

  /** Makes the CPU leave generated code after the instruction that is executing, which is no branch. */
  leaveAfter(cpu: CpuState): void {
    const record = cpu.int(IP);
    const next = record + RECORD.size * (this.code.wordAt(record) >>> 26 === 1 ? 2 : 1);
    this.leaving.push(next);
    this.code.setHandler(next, this.code.modeAt(record).tableBase + SPECIAL.leave);
  }

  /** The instruction at a decoded record, or undefined where it is none. */
  instructionAt(record: number): Instruction | undefined {
    const { id } = this.code.modeAt(record);
    const suffix = this.code.wordAt(record + RECORD.size);
    return INSTRUCTIONS[this.decoderOf(Math.floor(id / VARIANTS)).decode(this.code.wordAt(record), suffix)];
  }

  /** Enters a load/store translation of a 4K page of host real memory, `page` its real address. */
  cacheTranslation(
    cpu: CpuState,
    ea: { hi: number; lo: number },
    page: number,
    what: CachedTranslation,
  ): void {
    const number = page >>> 12;
    const seen = this.code.holds(page) || this.ram.tablePages[number] !== 0 || this.writes.isWithheld(number);
    const write = what.write && !seen;
    const granted = { read: what.read, write, leaf: what.leaf ?? 0 };
    const entry = this.caches[cpu.index]!.insert(ea.hi, ea.lo, page, granted);
    if (write) this.writes.granted(page >>> 12, cpu.index, entry);
  }

  /**
   * Enters the fetch translation of the 4K page of host real memory at NIA.
   * @param page real address of the page
   * @param leaf the word for a cycle model
   */
  cacheFetch(cpu: CpuState, page: number, mode: DecodeMode, leaf = 0): void {
    const wasCode = this.code.holds(page);
    const records = this.code.records(page, mode);
    if (!wasCode) this.writes.revoke(page >>> 12);
    this.caches[cpu.index]!.insertFetch(cpu.hi(NIA), cpu.lo(NIA), records, leaf);
  }

  /** Generated code does nothing from memory any more that switches MSR. */
  forgetSwitches(): void {
    for (const switches of this.switches) switches.forget();
  }

  /** Must be told of every write to real memory that generated code did not do. */
  written(address: number, length: number): void {
    if (length === 0) return;
    this.code.written(address, length);
    this.reservations.stored(address, length);
  }

  /** Memory and registers were replaced from outside. */
  replaced(): void {
    this.code.written(0, this.map.ramSize);
    this.reservations.restored();
    this.contexts.dropAll();
  }

  /** The way of decoding for a variant and a set of instructions (0: all that the model has). */
  decodeMode(variant: number, set: number): DecodeMode {
    return {
      id: set * VARIANTS + variant,
      littleEndian: (variant & variantIndex(1, 0, false)) !== 0,
      tableBase: variant * TABLE_STRIDE,
    };
  }

  /** Defines an additional set of instructions: those of the model that `has` keeps. @param set 1..7 */
  defineSet(set: number, has: (row: InsnRow) => boolean): void {
    this.sets.set(set, has);
    this.decoders.delete(set);
  }

  private decoderOf(set: number): Decoder {
    let decoder = this.decoders.get(set);
    if (!decoder) {
      const has = this.sets.get(set);
      decoder = createDecoder((row) => this.options.implements(row) && (!has || has(row)));
      this.decoders.set(set, decoder);
    }
    return decoder;
  }

  /** Puts the handlers of a group into the table. @returns what enters generated code */
  private generate(part: Part): (cpu: number, left: number) => number {
    const imports = {
      env: { memory: this.memory, table: this.table, ...this.imports(), ...this.options.weaver?.imports() },
    };
    const { exports } = new WASM.Instance(moduleOf(part, this.options.code, this.options.weaver), imports);
    this.generated[part.variant]!.add(part.group);
    return exports['enter'] as (cpu: number, left: number) => number;
  }

  private imports(): Imports {
    const { host } = this;
    const index = (base: number): number => base / CPU_BLOCK_SIZE;
    return {
      service: (cpu, service) => host.service(index(cpu), service),
      raise: (cpu, reason) => host.raise(index(cpu), RAISE_REASONS[reason]!),
      storage: (cpu, access) => host.storage(index(cpu), DESCRIPTORS[access]!),
      decode: (_cpu, record) => this.decode(record),
      observe: (cpu) => host.observe(index(cpu)),
    };
  }

  /** Gives a record its handler. */
  private decode(record: number): void {
    const { mode, address } = this.code.locate(record);
    if (this.stops.has(address)) {
      this.code.setHandler(record, mode.tableBase + SPECIAL.stop);
      return;
    }
    const word = this.code.wordAt(record);
    const suffix = this.code.wordAt(record + RECORD.size);
    const handler = this.handlerOf(mode, address, word, suffix);
    const group = HANDLERS[handler - SPECIAL.count]?.group ?? 'general';
    const variant = mode.id % VARIANTS;
    if (!this.generated[variant]!.has(group)) this.generate({ variant, group });
    this.code.setHandler(record, mode.tableBase + handler);
  }

  private handlerOf(mode: DecodeMode, address: number, word: number, suffix: number): number {
    // A prefixed instruction may not cross a 64-byte boundary (Book I, 1.6.3).
    if (this.hasPrefixes && word >>> 26 === 1 && (address & 63) === 60) return SPECIAL.prefixAlignment;
    const index = this.decoderOf(Math.floor(mode.id / VARIANTS)).decode(word, suffix);
    if (index < 0) return SPECIAL.illegal;
    const special = SPECIALISED.get(index);
    if (special) {
      const { row, size } = INSTRUCTIONS[index]!;
      const image = size === 64 ? joinHalves(word, suffix) : BigInt(word >>> 0);
      const value = Number(extractField(image, size, fieldBits(row.form, special.field)));
      const handler = special.byValue.get(value);
      if (handler !== undefined) return SPECIAL.count + handler;
    }
    return SPECIAL.count + index;
  }

  /** Instructions left of the budget of the last {@link enter}. */
  leftOf(cpu: CpuState): number {
    return cpu.int(LEFT);
  }
}
