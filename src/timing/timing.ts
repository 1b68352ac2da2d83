/**
 * A cycle model attached to a machine: one pipeline per CPU, told what happens by the run loop. `createReference` sees
 * every instruction through the observed variant of generated code: slow and obvious, the twin of what `weave.ts`
 * generates.
 */
import { MSR } from '../../isa/registers/msr';
import { hiOf, loOf } from '../core/u64';
import type { EventCounts } from '../cpu/counter-events';
import type { Cpu } from '../cpu/cpu';
import type { TimedAccess, TimingPort } from '../cpu/timing-port';
import type { Engine } from '../engine/engine';
import { STRUCTURE, type Invalidation } from '../mmu/invalidate';
import { offsetOf } from '../state/layout';
import { CAUSE } from './causes';
import { countedEvents } from './counted-events';
import { ScheduleLibrary } from './library';
import type { BranchOutcome } from './branch-unit';
import { RELOCATION, type Place } from './core';
import { Pipeline } from './pipeline';
import type { HypervisorExit, HypervisorTiming, TimingProfile } from './profile';
import type { BranchKind, Schedule } from './schedule';
import { CELL, Cells, countCell, TICKS, type Count } from './state';
import { Structures } from './structures';
import { TranslatorWalks } from './walks';

const ARG = offsetOf('ARG');
const IP = offsetOf('IP');
const NIA = offsetOf('NIA');
const CR = offsetOf('CR');
const CTR = offsetOf('CTR');
const MSR_AT = offsetOf('MSR');
const PIDR = offsetOf('PIDR');
const LPIDR = offsetOf('LPIDR');

/** Structures of the model by what an invalidation names. */
const WALKS = STRUCTURE.PWC_PROCESS | STRUCTURE.PWC_PARTITION;
const TABLES = STRUCTURE.PRTE | STRUCTURE.PATE;
const TRANSLATIONS =
  STRUCTURE.ERAT | STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_PARTITION | STRUCTURE.TLB_COMBINED;

/** One CPU's model and what the driver remembers of it. */
export class TimedCpu {
  readonly walks: TranslatorWalks;
  /** Accesses while they were translated, up to the last change of that; and all of them, at that change. */
  private readonly translated = { data: 0, fetch: 0 };
  private readonly seen = { data: 0, fetch: 0 };
  private pid = 0;
  private lpid = 0;

  constructor(
    readonly cpu: Cpu,
    readonly pipeline: Pipeline,
    walks: TranslatorWalks,
  ) {
    this.walks = walks;
  }

  reset(): void {
    this.pipeline.reset();
    for (const counts of [this.translated, this.seen]) Object.assign(counts, { data: 0, fetch: 0 });
    this.contextChanged();
  }

  private accesses(): { data: number; fetch: number } {
    const { cells } = this.pipeline;
    const count = (name: Count): number => cells.get(countCell(name));
    return { data: count('loads') + count('stores'), fetch: count('fetchedLines') };
  }

  /** Loads and stores, and lines that were fetched, while those were translated. */
  translatedAccesses(): { data: number; fetch: number } {
    const { cells } = this.pipeline;
    const now = this.accesses();
    const since = (what: 'data' | 'fetch', mode: number): number =>
      this.translated[what] + (mode === RELOCATION.real ? 0 : now[what] - this.seen[what]);
    return {
      data: since('data', cells.lo(CELL.relocation)),
      fetch: since('fetch', cells.hi(CELL.relocation)),
    };
  }

  /** MSR, PIDR, LPIDR... may have changed. */
  contextChanged(): void {
    const { cpu, pipeline, walks } = this;
    const { state } = cpu;
    const mode = (which: 'IR' | 'DR'): number =>
      walks.relocated(which)
        ? RELOCATION.translated
        : cpu.inState(MSR.HV)
          ? RELOCATION.real
          : RELOCATION.guestReal;
    const data = mode('DR');
    const fetch = mode('IR');
    const { cells } = pipeline;
    if (cells.lo(CELL.relocation) !== data || cells.hi(CELL.relocation) !== fetch) {
      Object.assign(this.translated, this.translatedAccesses());
      Object.assign(this.seen, this.accesses());
      const guest = [data, fetch, cells.lo(CELL.relocation), cells.hi(CELL.relocation)];
      // Guest real addresses and effective addresses are not told apart by the first level.
      if (guest.includes(RELOCATION.guestReal)) pipeline.translation.dropFirst();
      cells.setHalves(CELL.relocation, fetch, data);
      pipeline.forgetPages();
    }
    const pid = state.lo(PIDR);
    const lpid = state.lo(LPIDR);
    if (pid === this.pid && lpid === this.lpid) return;
    this.pid = pid;
    this.lpid = lpid;
    pipeline.contextSwitched();
  }
}

/** Nothing has been done by the built-in hypervisor. */
const NO_EXITS: HypervisorTiming = { hypercall: 0, pageFault: 0, nestedEntry: 0, nestedExit: 0, other: 0 };

export abstract class Timing implements TimingPort {
  readonly library: ScheduleLibrary;
  protected engine!: Engine;
  protected timed: TimedCpu[] = [];
  /** How often the built-in hypervisor worked. */
  readonly hypervisorExits = { ...NO_EXITS };
  readonly events: EventCounts;

  constructor(readonly profile: TimingProfile) {
    this.library = new ScheduleLibrary(profile);
    this.events = {
      counted: (cpu, event) => countedEvents(this.pipeline(cpu).cells, event),
      perCycle: profile.core.issueWidth,
    };
  }

  attach(engine: Engine, cpus: readonly Cpu[]): void {
    this.engine = engine;
    this.timed = cpus.map((cpu) => {
      const walks = new TranslatorWalks(cpu);
      return new TimedCpu(cpu, this.pipelineOf(cpu, walks), walks);
    });
  }

  /** Ticks that instructions waited or made others wait, by real address; only those that did. */
  abstract stalls(): ReadonlyMap<number, number>;

  protected abstract pipelineOf(cpu: Cpu, walks: TranslatorWalks): Pipeline;

  /** The model of a CPU. */
  pipeline(cpu: Cpu): Pipeline {
    return this.timed[cpu.state.index]!.pipeline;
  }

  reset(cpu: Cpu): void {
    this.timed[cpu.state.index]!.reset();
  }

  /** Loads and stores, and lines that were fetched, while those were translated. */
  translatedAccesses(cpu: Cpu): { readonly data: number; readonly fetch: number } {
    return this.timed[cpu.state.index]!.translatedAccesses();
  }

  idled(cpu: Cpu, cycles: number): void {
    this.pipeline(cpu).charge(cycles, CAUSE.idle);
  }

  cycles(cpu: Cpu): number {
    return this.pipeline(cpu).cycles;
  }

  leaveAt(cpu: Cpu, cycles: number): void {
    this.pipeline(cpu).cells.set(CELL.deadline, Math.min(cycles * TICKS.cycle, Number.MAX_SAFE_INTEGER));
  }

  accessed(cpu: Cpu, { access, first, second }: TimedAccess): void {
    const { state } = cpu;
    const store = access.operation !== 'load';
    const hi = state.hi(ARG);
    const lo = state.lo(ARG);
    const kind =
      access.kind === 'zero' ? 'zero' : access.operation === 'storeConditional' ? 'conditional' : 'plain';
    this.pipeline(cpu).access({
      hi,
      lo,
      real: first.raLo,
      bytes: first.bytes + second.bytes,
      store,
      kind,
      inhibited: first.cachingInhibited || first.raHi !== 0,
      ...(second.bytes > 0 ? { second: behind(hi, lo, first.bytes, second.raLo) } : {}),
    });
  }

  interrupted(cpu: Cpu): void {
    this.pipeline(cpu).interrupted();
  }

  /** A CPU left to the built-in hypervisor, which worked: the interrupt, and as many cycles as the profile says. */
  hypervisorWorked(cpu: Cpu, kind: HypervisorExit): void {
    this.hypervisorExits[kind]++;
    this.interrupted(cpu);
    this.pipeline(cpu).refetch(this.profile.hypervisor[kind], CAUSE.hypervisor);
  }

  contextChanged(cpu: Cpu): void {
    this.timed[cpu.state.index]!.contextChanged();
  }

  invalidated(cpu: Cpu, { structures, page }: Invalidation): void {
    const pipeline = this.pipeline(cpu);
    if (structures & WALKS) pipeline.translation.dropWalks();
    if (structures & TABLES) pipeline.translation.dropTables('all');
    if (!(structures & TRANSLATIONS)) {
      if (!page) pipeline.charge(this.profile.invalidateAll, CAUSE.storageUnit);
      pipeline.forgetPages();
      pipeline.translation.dropFirst();
      return;
    }
    if (!page) pipeline.charge(this.profile.invalidateAll, CAUSE.storageUnit);
    const address = page && page.shift <= PAGE_SHIFT ? page.address >> BigInt(PAGE_SHIFT) : undefined;
    pipeline.dropTranslations(address === undefined ? undefined : { hi: hiOf(address), lo: loOf(address) });
  }

  forget(): void {
    for (const timed of this.timed) timed.contextChanged();
  }

  /** Place and schedule of the instruction that state is exact at. */
  instructionAt(cpu: Cpu): { schedule: Schedule; place: Place } {
    const { state } = cpu;
    const record = state.int(IP);
    const instruction = this.engine.instructionAt(record)!;
    const schedule = this.library.schedule(instruction, cpu.image);
    const real = this.engine.code.locate(record).address;
    return { schedule, place: { hi: state.hi(NIA), lo: state.lo(NIA), real } };
  }
}

const PAGE_SHIFT = 12;
const WORD = 2 ** 32;

/** The part of an access that begins some bytes on. */
function behind(
  hi: number,
  lo: number,
  bytes: number,
  real: number,
): { hi: number; lo: number; real: number } {
  const next = (lo >>> 0) + bytes;
  return { hi: next >= WORD ? (hi + 1) | 0 : hi, lo: next | 0, real };
}

/** The reference model: sees every instruction in the observed variant. */
export class ReferenceTiming extends Timing {
  private readonly waits = new Map<number, number>();
  /** Real address of the instruction that the model is looking at. */
  private at = 0;
  /** Branches that are under way, with their records. */
  private readonly pending: ({ record: number; place: Place; outcome: BranchOutcome } | undefined)[] = [];

  protected override pipelineOf(_cpu: Cpu, walks: TranslatorWalks): Pipeline {
    const pipeline = new Pipeline(this.profile, Cells.detached(), new Structures(this.profile), walks);
    pipeline.blame = (ticks) => this.waits.set(this.at, (this.waits.get(this.at) ?? 0) + ticks);
    return pipeline;
  }

  override stalls(): ReadonlyMap<number, number> {
    return this.waits;
  }

  /** An instruction that ends in an interrupt is no branch that went anywhere; one behind a branch has not been seen. */
  override interrupted(cpu: Cpu): void {
    const { state } = cpu;
    if (this.pending[state.index]?.record !== state.int(IP)) this.left(cpu);
    this.pending[state.index] = undefined;
    super.interrupted(cpu);
  }

  observe(cpu: Cpu): boolean {
    this.left(cpu);
    const pipeline = this.pipeline(cpu);
    const { schedule, place } = this.instructionAt(cpu);
    if (pipeline.mustLeave(place)) return true;
    this.at = place.real;
    const [a, b] = schedule.operands;
    pipeline.begin(schedule, place, cpu.state.gpr(a), cpu.state.gpr(b));
    if (schedule.branch)
      this.pending[cpu.state.index] = {
        record: cpu.state.int(IP),
        place,
        outcome: { taken: isTaken(cpu, schedule.branch), ...displacementOf(cpu.imageLo, schedule.branch) },
      };
    return false;
  }

  /** A branch is over: it did not end in an interrupt. */
  left(cpu: Cpu): void {
    const done = this.pending[cpu.state.index];
    this.pending[cpu.state.index] = undefined;
    if (done) this.pipeline(cpu).branched(done.place, done.outcome);
  }
}

/** Bits in front of the displacement of a direct branch, LI or BD. */
const BEFORE_LI = 6;
const BEFORE_BD = 16;
const AA = 2;

/** Where a direct branch goes. */
function displacementOf(word: number, kind: BranchKind): Omit<BranchOutcome, 'taken'> {
  const before = kind === 'always' ? BEFORE_LI : BEFORE_BD;
  const displacement = (word << before) >> (before + 2);
  return { backward: displacement < 0, displacement: word & AA ? 0 : displacement };
}

/** Whether a branch will be taken (Power ISA Book I, 2.4: BO and BI). */
function isTaken({ state, imageLo }: Cpu, kind: BranchKind): boolean {
  if (kind === 'always') return true;
  const bo = (imageLo >>> 21) & 31;
  const bi = (imageLo >>> 16) & 31;
  const bit = (state.bytes[CR + (bi >>> 2)]! >>> (3 - (bi & 3))) & 1;
  const condition = (bo & 16) !== 0 || bit === ((bo >>> 3) & 1);
  if (bo & 4) return condition;
  const count = state.get(CTR) - 1n;
  const width = state.has(MSR_AT, MSR.SF) ? 64 : 32;
  return condition && (BigInt.asUintN(width, count) === 0n) === ((bo & 2) !== 0);
}
