/**
 * The fast form of the cycle model: its state is in linear memory, generated code keeps it, and what is rare comes
 * here. The cycles are those of the reference model.
 */
import type { Cpu } from '../cpu/cpu';
import type { TimedAccess } from '../cpu/timing-port';
import type { Engine } from '../engine/engine';
import { EXIT } from '../engine/exit';
import type { EngineWeaver } from '../engine/weaver';
import {
  CPU_BLOCK_SIZE,
  offsetOf,
  RECORD,
  RECORD_COUNTERS,
  RECORD_PAGE,
  RECORD_SLOT_SIZE,
  TIMING_TABLES_SIZE,
} from '../state/layout';
import type { CpuState } from '../state/cpu-state';
import { UserError } from '../core/errors';
import { joinHalves } from '../core/u64';
import { RELOCATION, type Place } from './core';
import { Pipeline } from './pipeline';
import type { TimingProfile } from './profile';
import type { Schedule } from './schedule';
import { CELL, Cells, TICKS } from './state';
import { structureMap, Structures } from './structures';
import { Timing } from './timing';
import type { TranslatorWalks } from './walks';
import { TimingModuleWeaver } from './weave';
import {
  CONDITIONAL_FLAG,
  declareTimingImports,
  STORE_FLAG,
  ZERO_FLAG,
  type ImportNumbers,
  type WovenImports,
} from './weave-imports';

const AT = {
  timing: offsetOf('TIMING'),
  tables: offsetOf('TIMINGBASE'),
  bias: offsetOf('FETCHBIAS'),
  ip: offsetOf('IP'),
  left: offsetOf('LEFT'),
  nia: offsetOf('NIA'),
} as const;
const PREFIX_OPCODE = 1;
const RELOCATIONS = Object.keys(RELOCATION).length;
const WORD = 2 ** 32;
const PAGE_SIZE = 4096;
/** Where a record's counter stays: 358 million cycles. */
const COUNTER_LIMIT = WORD - 1;
/** Addresses of dropped pages that are remembered. */
const ADDRESSES_KEPT = 2 ** 20;

export class WovenTiming extends Timing {
  readonly weaver: EngineWeaver;
  private numbers: ImportNumbers | undefined;
  private words: Int32Array = new Int32Array(0);
  /** Record of the instruction that TypeScript looks at. */
  private record = 0;
  /** Stalls of pages that are not decoded any more, by real address, in slots. */
  private readonly dropped = new Map<number, number>();

  constructor(profile: TimingProfile) {
    super(profile);
    const bytes = 4 * structureMap(profile).words;
    if (bytes > TIMING_TABLES_SIZE)
      throw new UserError(
        `timing profile ${profile.name}: its structures take ${bytes} bytes, at most ${TIMING_TABLES_SIZE} fit; make fetch, data, branch.targetCache, translation.second or translation.walkCache smaller`,
      );
    this.weaver = {
      key: JSON.stringify(profile),
      declareImports: (builder) => {
        this.numbers = declareTimingImports(builder);
      },
      begin: (builder) => new TimingModuleWeaver(builder, this.library, this.numbers!),
      imports: () => ({ ...this.imports() }),
    };
  }

  override attach(engine: Engine, cpus: readonly Cpu[]): void {
    cpus.forEach(({ state }) =>
      state.setInt(AT.tables, engine.map.timingBase + state.index * TIMING_TABLES_SIZE),
    );
    this.words = new Int32Array(engine.ram.buffer);
    super.attach(engine, cpus);
    engine.code.onSlot = (slot, page, what) => {
      const at = this.counters(slot);
      if (what === 'dropped') this.collect(at, page, this.dropped);
      this.words.fill(0, at, at + RECORD.perPage);
    };
  }

  /** First word of the counters of a decoded page. */
  private counters(slot: number): number {
    return (this.engine.map.recordBase + slot * RECORD_SLOT_SIZE + RECORD_COUNTERS) >> 2;
  }

  /** Adds a decoded page's counters to what is known by real address. */
  private collect(at: number, page: number, into: Map<number, number>): void {
    for (let i = 0; i < RECORD.perPage; i++) {
      const slots = this.words[at + i]! >>> 0;
      if (slots === 0) continue;
      const address = page * 4096 + 4 * i;
      if (into.size < ADDRESSES_KEPT || into.has(address))
        into.set(address, (into.get(address) ?? 0) + slots);
    }
  }

  override stalls(): ReadonlyMap<number, number> {
    const all = new Map(this.dropped);
    for (const { slot, page } of this.engine.code.pages()) this.collect(this.counters(slot), page, all);
    for (const [address, slots] of all) all.set(address, slots * TICKS.slot);
    return all;
  }

  private blame(ticks: number): void {
    const { recordBase } = this.engine.map;
    const offset = this.record - recordBase;
    const slot = Math.floor(offset / RECORD_SLOT_SIZE);
    const at = this.counters(slot) + ((offset % RECORD_SLOT_SIZE) >> 3);
    this.words[at] = Math.min((this.words[at]! >>> 0) + ticks / TICKS.slot, COUNTER_LIMIT);
  }

  protected override pipelineOf({ state }: Cpu, walks: TranslatorWalks): Pipeline {
    const { words } = this;
    const tables = new Structures(this.profile, words, state.int(AT.tables) / 4);
    const pipeline = new Pipeline(
      this.profile,
      new Cells(words, (state.base + AT.timing) / 4),
      tables,
      walks,
    );
    pipeline.blame = (ticks) => this.blame(ticks);
    return pipeline;
  }

  leaf(cpu: Cpu): number {
    const reads = cpu.translator.tables.lastOfCurrent();
    return reads === undefined ? 0 : this.pipeline(cpu).structures.leaves.wordOf(reads);
  }

  leavesWithin(cpu: Cpu, cycles: number): boolean {
    const { cells } = this.pipeline(cpu);
    const now = cells.get(CELL.next);
    const deadline = cells.get(CELL.deadline);
    return now < deadline && deadline <= now + cycles * TICKS.cycle;
  }

  relocation(cpu: Cpu): number {
    const { cells } = this.pipeline(cpu);
    return RELOCATIONS * cells.hi(CELL.relocation) + cells.lo(CELL.relocation);
  }

  leavesBefore(cpu: Cpu): boolean {
    return this.pipeline(cpu).mustLeave(this.instructionAt(cpu).place);
  }

  override accessed(cpu: Cpu, access: TimedAccess): void {
    const { state } = cpu;
    const record = state.int(AT.ip);
    this.record = record;
    this.pipeline(cpu).resume(this.scheduleOf(record), record >>> 1);
    super.accessed(cpu, access);
  }

  private imports(): WovenImports {
    const at = (base: number): { cpu: Cpu; pipeline: Pipeline } => this.timed[base / CPU_BLOCK_SIZE]!;
    return {
      timeLeave: (base, record, left) => {
        const { state } = at(base).cpu;
        const place = this.placeOf(state, record);
        state.setInt(AT.ip, record);
        state.setInt(AT.left, left);
        state.setHalves(AT.nia, place.hi, place.lo);
        return EXIT.event;
      },
      timeFetch: (base, record) => {
        const { cpu, pipeline } = at(base);
        this.record = record;
        pipeline.fetchLine(this.placeOf(cpu.state, record));
      },
      timeIssue: (base, record) => {
        const { cpu, pipeline } = at(base);
        this.record = record;
        const schedule = this.scheduleOf(record);
        const [a, b] = schedule.operands;
        pipeline.issue(schedule, this.placeOf(cpu.state, record), cpu.state.gpr(a), cpu.state.gpr(b));
      },
      timeAccess: (base, record, hi, lo, real, what) => {
        const { pipeline } = at(base);
        this.record = record;
        pipeline.resume(this.scheduleOf(record), record >>> 1);
        const store = (what & STORE_FLAG) !== 0;
        const kind = what & ZERO_FLAG ? 'zero' : what & CONDITIONAL_FLAG ? 'conditional' : 'plain';
        pipeline.look({ hi, lo, real, bytes: what & (STORE_FLAG - 1), store, kind, inhibited: false });
      },
    };
  }

  private placeOf(state: CpuState, record: number): Place {
    const low = (state.lo(AT.bias) >>> 0) + (record >>> 1);
    const hi = (state.hi(AT.bias) + (low >= WORD ? 1 : 0)) | 0;
    return { hi, lo: low | 0, real: this.realOf(record) };
  }

  /** The real address of a record's instruction. */
  private realOf(record: number): number {
    const slot = record & ~(RECORD_SLOT_SIZE - 1);
    const page = this.words[(slot + RECORD_PAGE) >> 2]!;
    return page * PAGE_SIZE + ((record - slot) >> 1);
  }

  private scheduleOf(record: number): Schedule {
    const { code } = this.engine;
    const word = code.wordAt(record);
    const known = this.library.known(word);
    if (known) return known;
    const image =
      word >>> 26 === PREFIX_OPCODE
        ? joinHalves(word, code.wordAt(record + RECORD.size))
        : BigInt(word >>> 0);
    return this.library.schedule(this.engine.instructionAt(record)!, image);
  }
}
