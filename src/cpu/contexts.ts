/**
 * Which context of the translation caches a CPU is in, and which variant of generated code it runs: a function of MSR
 * and of the registers that translations depend on.
 */
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import type { Engine } from '../engine/engine';
import { variantIndex } from '../engine/variant';
import { STRUCTURE, type Invalidation } from '../mmu/invalidate';
import { hiOf, loOf } from '../core/u64';
import type { Context } from '../engine/contexts';
import { hasSlot, offsetOf } from '../state/layout';
import { COMPATIBILITY_SETS, compatibilitySet } from './compatibility';
import type { Cpu } from './cpu';
import type { CpuModel } from './models/model';

const MSR_AT = offsetOf('MSR');
const DCTX = offsetOf('DCTX');
const ICTX = offsetOf('ICTX');
const LPCR_AT = offsetOf('LPCR');
const LPIDR = offsetOf('LPIDR');
const PIDR = offsetOf('PIDR');

/** Registers that translations depend on besides MSR; a write to one selects another set of contexts. */
const REGISTERS = [
  'LPCR', 'LPIDR', 'PIDR', 'PTCR', 'SDR1', 'AMR', 'IAMR', 'HRMOR', 'RMOR', 'PCR', 'DAWR0', 'DAWRX0', 'DAWR1', 'DAWRX1',
]
  .filter(hasSlot)
  .map(offsetOf); // prettier-ignore

/** Modes within a regime: bits that are given to {@link Contexts.number}. */
const MODE = { hv: 1, pr: 2, relocate: 4, sf: 8, le: 16, observed: 32, set: 64, fetch: 128 } as const;

/** Structures whose entries final translations are made of. */
const FINAL = STRUCTURE.ERAT | STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_PARTITION | STRUCTURE.TLB_COMBINED;
/** log2 of the largest page whose 4K pages are dropped one by one. */
const LARGEST_BY_PAGE = 21;

/**
 * True where a context may hold what is invalidated. Every context also holds translations of PID 0 (quadrant 3), and
 * those of hypervisor state of LPID 0.
 */
function reaches({ scope, lpid, pid }: Invalidation, context: Context): boolean {
  const samePartition = lpid === undefined || lpid === 0 || lpid === context.lpid;
  if (scope !== 'process') return samePartition;
  return samePartition && (pid === undefined || pid === 0 || pid === context.pid);
}

/** Places in the caches: by the last bits of LPIDR and whether it is hypervisor state. */
const PARTITION_BITS = 3;
const HYPERVISOR_PLACE = 4;

interface Tracked {
  /** Values of {@link REGISTERS} that `key` was made of: lower and upper halves. */
  readonly values: Int32Array;
  key: string;
  /** The same for what is translated through the SLB; '' where it has to be made anew. */
  segmentKey: string;
  /** Counts the changes of the SLB after which something that was translated through it is wrong. */
  segments: number;
  /** The CPU's code reports each instruction. */
  observed: boolean;
}

export class ContextTracker {
  private readonly tracked: Tracked[];

  constructor(
    private readonly engine: Engine,
    private readonly model: CpuModel,
  ) {
    for (const { set, has } of COMPATIBILITY_SETS) engine.defineSet(set, has);
    this.tracked = engine.cpus.map(() => ({
      values: new Int32Array(2 * REGISTERS.length).fill(-1),
      key: '',
      observed: false,
      segmentKey: '',
      segments: 0,
    }));
  }

  /** Recomputes the contexts of a CPU; cheap where nothing but MSR changed. */
  changed(cpu: Cpu): void {
    const { state } = cpu;
    const key = this.keyOf(cpu);
    const translated = this.hashed(cpu) ? this.segmentKeyOf(cpu) : key;
    const msr = state.hi(MSR_AT);
    const low = state.lo(MSR_AT);
    const state2 = (msr & MSR.HV.hi ? MODE.hv : 0) | (low & MSR.PR.lo ? MODE.pr : 0);
    const data = state2 | (low & MSR.DR.lo ? MODE.relocate : 0);
    const fetch =
      state2 |
      (low & MSR.IR.lo ? MODE.relocate : 0) |
      (msr & MSR.SF.hi ? MODE.sf : 0) |
      (low & MSR.LE.lo ? MODE.le : 0) |
      (this.tracked[state.index]!.observed ? MODE.observed : 0) |
      (compatibilitySet(cpu) ? MODE.set : 0) |
      MODE.fetch;
    const { contexts } = this.engine;
    const whose = {
      lpid: state.lo(LPIDR) & this.model.mmu.lpidMask,
      pid: state.lo(PIDR) & this.model.mmu.pidMask,
    };
    const generation = contexts.generation;
    const dctx = contexts.number(data & MODE.relocate ? translated : key, whose, data);
    const ictx = contexts.number(fetch & MODE.relocate ? translated : key, whose, fetch);
    // Numbers may run out between the two.
    if (contexts.generation !== generation) {
      this.changed(cpu);
      return;
    }
    this.engine.caches[state.index]!.select(
      (whose.lpid & PARTITION_BITS) | (msr & MSR.HV.hi ? HYPERVISOR_PLACE : 0),
    );
    state.setHalves(DCTX, 0, dctx);
    state.setHalves(ICTX, 0, ictx);
  }
  /**
   * Drops what an invalidation by a CPU reaches, or more: the caches hold final translations of 4K pages, tagged by
   * context. The caller recomputes the contexts of all CPUs afterwards.
   */
  invalidate(by: Cpu, what: Invalidation): void {
    if ((what.structures & FINAL) === 0) return;
    if (what.structures === STRUCTURE.ERAT) {
      this.segmentsChanged(by, what);
      return;
    }
    const { page } = what;
    if (what.scope === 'process' && page && page.shift <= LARGEST_BY_PAGE) {
      for (const cache of this.engine.caches)
        cache.dropPages(hiOf(page.address), loOf(page.address), page.shift);
      return;
    }
    this.engine.contexts.drop((context) => reaches(what, context));
  }

  /**
   * After slbie and its like. What was translated without the SLB stays: it is as the tables are. A context switch of a
   * kernel with segments takes no more than a new number for the contexts that it comes back to.
   */
  private segmentsChanged(by: Cpu, { local }: Invalidation): void {
    this.tracked.forEach((tracked, index) => {
      if (local && index !== by.state.index) return;
      this.engine.contexts.forget(tracked.segmentKey);
      tracked.segmentKey = '';
      tracked.segments++;
    });
  }

  /** The variant of generated code for the CPU's MSR. Switching observation on or off changes the contexts. */
  variant(cpu: Cpu, observed: boolean): number {
    const tracked = this.tracked[cpu.state.index]!;
    if (observed !== tracked.observed) {
      tracked.observed = observed;
      this.changed(cpu);
    }
    const le = cpu.state.lo(MSR_AT) & MSR.LE.lo ? 1 : 0;
    const sf = cpu.state.hi(MSR_AT) & MSR.SF.hi ? 1 : 0;
    return variantIndex(le, sf, observed);
  }

  private keyOf(cpu: Cpu): string {
    const tracked = this.tracked[cpu.state.index]!;
    const { values } = tracked;
    let same = tracked.key !== '';
    for (let i = 0; i < REGISTERS.length; i++) {
      const lo = cpu.state.lo(REGISTERS[i]!);
      const hi = cpu.state.hi(REGISTERS[i]!);
      if (values[2 * i] === lo && values[2 * i + 1] === hi) continue;
      values[2 * i] = lo;
      values[2 * i + 1] = hi;
      same = false;
    }
    if (!same) {
      tracked.key = values.join();
      tracked.segmentKey = '';
    }
    return tracked.key;
  }

  /** Two CPUs whose registers are equal may have different SLBs. */
  private segmentKeyOf({ state: { index } }: Cpu): string {
    const tracked = this.tracked[index]!;
    return (tracked.segmentKey ||= `${tracked.key};SLB ${index}.${tracked.segments}`);
  }

  /** True where addresses are translated through the SLB while relocation is on. */
  private hashed({ state }: Cpu): boolean {
    const { mechanisms } = this.model.mmu;
    return mechanisms === 'both' ? !state.has(LPCR_AT, LPCR.HR) : mechanisms === 'hash';
  }
}
