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
import type { Context, Regime } from '../engine/contexts';
import { hasSlot, offsetOf } from '../state/layout';
import { COMPATIBILITY_SETS, compatibilitySet } from './compatibility';
import type { Cpu } from './cpu';
import type { CpuModel } from './models/model';
import { RegisterKeys } from './register-keys';

const { SF, HV } = { SF: MSR.SF.hi, HV: MSR.HV.hi };
const { PR, IR, DR, LE } = { PR: MSR.PR.lo, IR: MSR.IR.lo, DR: MSR.DR.lo, LE: MSR.LE.lo };
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
export const LARGEST_BY_PAGE = 21;

/**
 * True where a context may hold what is invalidated. Every context also holds translations of PID 0 (quadrant 3), and
 * those of hypervisor state of LPID 0.
 */
function reaches({ scope, lpid, pid }: Invalidation, context: Context): boolean {
  const samePartition = lpid === undefined || lpid === 0 || lpid === context.lpid;
  if (scope !== 'process') return samePartition;
  return samePartition && (pid === undefined || pid === 0 || pid === context.pid);
}

/** Places in the caches: by the last bits of LPIDR and PIDR, whether it is hypervisor state, and relocation of data. */
const PARTITION_BITS = 3;
const HYPERVISOR_PLACE = 4;
const PROCESS_BITS = 7;
const REAL_PLACE = 2;

function placeOf({ lpid, pid }: Context, msrHi: number, msrLo: number): number {
  const partition = (lpid & PARTITION_BITS) | (msrHi & HV ? HYPERVISOR_PLACE : 0);
  return partition ^ (pid & PROCESS_BITS) ^ (msrLo & DR ? 0 : REAL_PLACE);
}

/** What is known of one CPU's contexts. */
interface Tracked {
  /** Values of {@link REGISTERS} that `regime` is of: lower and upper halves. */
  readonly values: Int32Array;
  key: string;
  regime: Regime;
  /** The same for what is translated through the SLB; the key is '' where it has to be made anew. */
  segmentKey: string;
  segmentRegime: Regime;
  /** Counts the changes of the SLB after which something that was translated through it is wrong. */
  segments: number;
  /** The CPU's code reports each instruction. */
  observed: boolean;
}

const NO_REGIME: Regime = { lpid: 0, pid: 0, numbers: new Uint16Array(0), live: false };

export class ContextTracker {
  private readonly tracked: Tracked[];
  private readonly keys = new RegisterKeys(2 * REGISTERS.length);

  constructor(
    private readonly engine: Engine,
    private readonly model: CpuModel,
  ) {
    for (const { set, has } of COMPATIBILITY_SETS) engine.defineSet(set, has);
    this.tracked = engine.cpus.map(() => ({
      values: new Int32Array(2 * REGISTERS.length).fill(-1),
      key: '',
      regime: NO_REGIME,
      observed: false,
      segmentKey: '',
      segmentRegime: NO_REGIME,
      segments: 0,
    }));
  }

  /** Recomputes the contexts of a CPU. */
  changed(cpu: Cpu): void {
    this.enter(cpu, this.regimeOf(cpu));
  }

  /** The same where of all that they depend on nothing but MSR has changed since. */
  msrChanged(cpu: Cpu): void {
    const { regime } = this.tracked[cpu.state.index]!;
    this.enter(cpu, regime.live ? regime : this.regimeOf(cpu));
  }

  private enter(cpu: Cpu, own: Regime): void {
    const { state } = cpu;
    const segmented = this.hashed(cpu) ? this.segmentRegimeOf(cpu) : own;
    const hi = state.hi(MSR_AT);
    const lo = state.lo(MSR_AT);
    const privilege = (hi & HV ? MODE.hv : 0) | (lo & PR ? MODE.pr : 0);
    const data = privilege | (lo & DR ? MODE.relocate : 0);
    const fetch = privilege | this.fetchMode(cpu, hi, lo);
    const { contexts } = this.engine;
    const dctx = contexts.numberIn(lo & DR ? segmented : own, data);
    const ictx = dctx && contexts.numberIn(lo & IR ? segmented : own, fetch);
    if (ictx === 0) {
      // Numbers have run out; there are new ones now.
      this.changed(cpu);
      return;
    }
    this.engine.caches[state.index]!.select(placeOf(own, hi, lo));
    state.setHalves(DCTX, 0, dctx);
    state.setHalves(ICTX, 0, ictx);
  }

  /** Bits of the mode that only fetches depend on. */
  private fetchMode(cpu: Cpu, hi: number, lo: number): number {
    return (
      (lo & IR ? MODE.relocate : 0) |
      (hi & SF ? MODE.sf : 0) |
      (lo & LE ? MODE.le : 0) |
      (this.tracked[cpu.state.index]!.observed ? MODE.observed : 0) |
      (compatibilitySet(cpu) ? MODE.set : 0) |
      MODE.fetch
    );
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
    if (what.scope === 'hash' && page && page.shift <= LARGEST_BY_PAGE) {
      for (const cache of this.engine.caches) cache.dropSegmentPages(loOf(page.address), page.shift);
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
    return this.modeOf(cpu);
  }

  /** The same while observation stays as it is. */
  modeOf({ state }: Cpu): number {
    const le = state.lo(MSR_AT) & LE ? 1 : 0;
    const sf = state.hi(MSR_AT) & SF ? 1 : 0;
    return variantIndex(le, sf, this.tracked[state.index]!.observed);
  }

  /** The contexts for the registers of a CPU. */
  private regimeOf(cpu: Cpu): Regime {
    const tracked = this.tracked[cpu.state.index]!;
    if (!this.note(cpu, tracked.values)) {
      tracked.key = this.keys.keyOf(tracked.values);
      tracked.segmentKey = '';
    } else if (tracked.regime.live) return tracked.regime;
    return (tracked.regime = this.engine.contexts.regime(tracked.key, this.whose(cpu)));
  }

  /** Notes the values of the registers; true where all of them are as they were. */
  private note({ state: { words } }: Cpu, values: Int32Array): boolean {
    let same = true;
    for (let i = 0; i < REGISTERS.length; i++) {
      const at = REGISTERS[i]! >> 2;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (values[2 * i] === lo && values[2 * i + 1] === hi) continue;
      values[2 * i] = lo;
      values[2 * i + 1] = hi;
      same = false;
    }
    return same;
  }

  /** Two CPUs whose registers are equal may have different SLBs. */
  private segmentRegimeOf(cpu: Cpu): Regime {
    const tracked = this.tracked[cpu.state.index]!;
    if (tracked.segmentKey !== '' && tracked.segmentRegime.live) return tracked.segmentRegime;
    tracked.segmentKey ||= `${tracked.key};SLB ${cpu.state.index}.${tracked.segments}`;
    return (tracked.segmentRegime = this.engine.contexts.regime(tracked.segmentKey, this.whose(cpu)));
  }

  private whose({ state }: Cpu): Context {
    const { lpidMask, pidMask } = this.model.mmu;
    return { lpid: state.lo(LPIDR) & lpidMask, pid: state.lo(PIDR) & pidMask };
  }

  /** True where addresses are translated through the SLB while relocation is on. */
  private hashed({ state }: Cpu): boolean {
    const { mechanisms } = this.model.mmu;
    return mechanisms === 'both' ? !state.has(LPCR_AT, LPCR.HR) : mechanisms === 'hash';
  }
}
