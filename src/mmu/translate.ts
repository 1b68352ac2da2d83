/**
 * Address translation: read this first. Effective address to host real address in the steps of Power ISA v3.1
 * Book III, chapter 6:
 *
 * 1. MSR, LPCR and the quadrant of the address give the mode, effective LPID and effective PID (mode.ts).
 * 2. Process-scoped translation: effective to guest real address, through the process's tree.
 * 3. Partition-scoped translation: guest real to host real address, through the partition's tree. Steps 2 also uses
 *    it for each table entry that a guest's walk touches.
 * 4. Storage attributes are checked, and reference and change bits recorded.
 *
 * Each step fails at the first rule that is broken; the fault is a value (fault.ts) that to-interrupt.ts turns into
 * the interrupt. Hashed translation (hash/) takes the place of steps 2 and 3 in an HPT partition.
 *
 * Not here: what lies at the real address, alignment of operands, accesses that cross a page (page-crossing.ts).
 *
 * @example
 *   const mmu = new Translator(memory, POWER9);
 *   if (mmu.access(cpu, ACCESS.load, eaHi, eaLo)) use(mmu.raHi, mmu.raLo);
 *   else deliver(mmu.toInterrupt());
 */
import type { RealMemory } from '../core/memory';
import type { CpuState } from '../state/cpu-state';
import { offsetOf } from '../state/layout';
import { RIGHT, type Access } from './access';
import { checkAttributes, combineAttributes, inhibitingStage } from './attributes';
import { TranslationContext } from './context';
import type { Fault } from './fault';
import type { Invalidation } from './invalidate';
import type { ArchitectedCaches } from './tlb/caches';
import { HashedTranslation, type HashTranslation } from './hash';
import { lpidr, qualifyAddress, quadrantIsPlain, selectMode } from './mode';
import { readPartitionEntry } from './partition-table';
import type { MmuPolicy } from './policy';
import { partitionScoped } from './radix/partition-scoped';
import { processScoped } from './radix/process-scoped';
import { hypervisorReal } from './real-mode';
import { WalkRecorder, type WalkObserver } from './recorder';
import { partitionRights, processRights } from './protection';
import { recordedRights } from './reference-change';
import { TableReader } from './table-reader';
import type { WalkCache } from './walk-cache';
import { toInterrupt, type InterruptImage } from './to-interrupt';
import { REAL_EA } from '../../isa/registers/translation';

const MSR_AT = offsetOf('MSR');
const LPCR_AT = offsetOf('LPCR');
const REAL_ADDRESS = REAL_EA.REAL.hi;
const { READ, WRITE, FETCH, ALL } = RIGHT;

export class Translator {
  private readonly ctx: TranslationContext;
  private readonly hash: HashTranslation;
  private watcher: WalkRecorder | undefined;
  /** What translations read. */
  readonly tables: TableReader;
  /**
   * What earlier walks found; absent: every walk begins at the root. Who gives one empties it whenever a table may have
   * changed.
   */
  walks: WalkCache | undefined;

  /** @param hash hashed translation, for partitions with LPCR[HR] = 0 */
  constructor(memory: RealMemory, policy: MmuPolicy, hash: HashTranslation = new HashedTranslation(policy)) {
    this.ctx = new TranslationContext(memory, policy);
    this.hash = hash;
    this.tables = new TableReader(this, this.ctx, hash);
  }

  /** Sees every translation while it is set; without one nothing is collected. */
  get observer(): WalkObserver | undefined {
    return this.watcher?.observer;
  }

  set observer(observer: WalkObserver | undefined) {
    this.watcher = observer && new WalkRecorder(observer);
    this.ctx.recorder = this.watcher;
  }

  /**
   * The architected translation caches (`--tlb architected`): with them stale translations survive until they are
   * invalidated. Without, every translation sees the tables as they are.
   */
  get caches(): ArchitectedCaches | undefined {
    return this.ctx.caches;
  }

  set caches(caches: ArchitectedCaches | undefined) {
    this.ctx.caches = caches;
  }

  /** Invalidations matter here: to architected caches, or to somebody who sees them. */
  get isWatched(): boolean {
    return this.ctx.caches !== undefined || this.ctx.recorder !== undefined;
  }

  /** Drops from the architected caches what an instruction or register write of a CPU invalidates. */
  invalidate(cpu: CpuState, what: Invalidation): void {
    const dropped = this.ctx.caches?.invalidate(what) ?? {};
    this.watcher?.invalidation(cpu, what, dropped);
  }

  /**
   * Translates for an access that is going to happen: reference and change bits are recorded.
   * @param eaHi @param eaLo the effective address of the first byte, as 32-bit halves
   * @returns true: the result is in `raHi` .. `rights`. False: it is in `fault`. Both until the next translation.
   */
  access(cpu: CpuState, access: Access, eaHi: number, eaLo: number): boolean {
    this.ctx.sideEffects = true;
    return this.translate(cpu, access, eaHi, eaLo);
  }

  /** The same translation without any effect: for prefetches, debuggers, `book3s walk`. */
  probe(cpu: CpuState, access: Access, eaHi: number, eaLo: number): boolean {
    this.ctx.sideEffects = false;
    return this.translate(cpu, access, eaHi, eaLo);
  }

  /** Host real address, as signed 32-bit halves. */
  get raHi(): number {
    return this.ctx.raHi;
  }
  get raLo(): number {
    return this.ctx.raLo;
  }
  /** log2 of the bytes around the address that the same translation covers (the smaller page of both stages). */
  get pageShift(): number {
    return this.ctx.pageShift;
  }
  get cachingInhibited(): boolean {
    return this.ctx.cachingInhibited;
  }
  get guarded(): boolean {
    return this.ctx.guarded;
  }
  /** Effective LPID and PID that the translation was made under; 0 in hypervisor real mode. */
  get lpid(): number {
    return this.ctx.lpid;
  }
  get pid(): number {
    return this.ctx.pid;
  }
  /** What a cache may grant on this page in this machine state without asking again: a set of RIGHT bits. */
  get rights(): number {
    return this.ctx.rights;
  }
  get mayReadLater(): boolean {
    return (this.ctx.rights & READ) !== 0;
  }
  /** Stores are permitted and need no change bit recorded any more. */
  get mayWriteLater(): boolean {
    return (this.ctx.rights & WRITE) !== 0;
  }
  get mayFetchLater(): boolean {
    return (this.ctx.rights & FETCH) !== 0;
  }
  /** Why the last translation that returned false failed. */
  get fault(): Fault {
    return this.ctx.fault;
  }

  /** The interrupt that the last failed translation is. */
  toInterrupt(): InterruptImage {
    const { cpu, fault, policy } = this.ctx;
    return toInterrupt(fault, { msr: cpu.get(MSR_AT), lpcr: cpu.get(LPCR_AT) }, policy);
  }

  /** Makes the last translation a failure because nothing is at its real address: a machine check. */
  failBadRealAddress(): void {
    this.ctx.fail('badRealAddress', 'effective', -1);
  }

  private translate(cpu: CpuState, access: Access, eaHi: number, eaLo: number): boolean {
    const ctx = this.ctx;
    ctx.cpu = cpu;
    ctx.access = access;
    ctx.eaHi = eaHi;
    ctx.eaLo = eaLo;
    ctx.reset();
    if (ctx.caches !== undefined) ctx.caches.begin(ctx);
    if (ctx.recorder !== undefined) ctx.recorder.start();
    selectMode(ctx);
    this.useWalks(ctx);
    const translated = this.byMode(ctx) || (ctx.walks !== undefined && this.again(ctx));
    if (translated) ctx.commitUpdates();
    if (ctx.recorder !== undefined) ctx.recorder.finish(ctx, translated);
    return translated;
  }

  /** Whoever watches sees every step, and the architected caches have an opinion of their own. */
  private useWalks(ctx: TranslationContext): void {
    const unseen = ctx.recorder === undefined && ctx.caches === undefined;
    ctx.walks = unseen && (ctx.mode === 'radix' || ctx.mode === 'guestReal') ? this.walks : undefined;
    if (ctx.walks !== undefined) ctx.walks.begin(ctx);
  }

  /** A translation that failed is made again from the roots: what is wrong is said by a whole walk. */
  private again(ctx: TranslationContext): boolean {
    ctx.walks = undefined;
    ctx.reset();
    return this.byMode(ctx);
  }

  private byMode(ctx: TranslationContext): boolean {
    if (ctx.access.inhibitedForm && ctx.relocate) return ctx.fail('inhibitedMisuse', 'effective', -1);
    switch (ctx.mode) {
      case 'hypervisorReal':
        return hypervisorReal(ctx);
      case 'radix':
        return radix(ctx);
      case 'guestReal':
        return guestReal(ctx);
      case 'hash':
      case 'hashReal':
        return this.hash.translate(ctx);
    }
  }
}

/** Relocation on in a radix partition, or in the hypervisor that has LPID 0. */
function radix(ctx: TranslationContext): boolean {
  if (!qualifyAddress(ctx)) return false;
  if (ctx.caches !== undefined && inTlb(ctx)) return complete(ctx);
  if (!mayResume(ctx)) ctx.walks = undefined;
  return (
    (ctx.walks !== undefined || readPartitionEntry(ctx)) &&
    processScoped(ctx) &&
    (!ctx.twoStage || partitionScoped(ctx, ctx.hostHi, ctx.hostLo, ctx.access.needs)) &&
    keepInTlb(ctx) &&
    complete(ctx)
  );
}

/** What LPID and PID do not tell apart begins at the root: a guest under LPID 0, and quadrants that do not exist. */
const mayResume = (ctx: TranslationContext): boolean =>
  (ctx.lpid !== 0 || ctx.hv) && (ctx.policy.partitions || quadrantIsPlain(ctx));

/**
 * True where the architected TLB has the page and what it has permits the access. If it does not, the tables are
 * walked again before anything is reported: permissions may be relaxed without an invalidation.
 */
function inTlb(ctx: TranslationContext): boolean {
  const { process, partition, access } = ctx;
  const found = (ctx.policy.partitions || quadrantIsPlain(ctx)) && ctx.caches!.pages.findEffective(ctx);
  if (ctx.recorder !== undefined) ctx.recorder.tlb = found ? 'hit' : 'miss';
  if (!found) return false;
  process.rights = processRights(ctx, process);
  let rights = recordedRights(process);
  if (ctx.twoStage) {
    partition.rights = partitionRights(ctx, partition);
    rights &= recordedRights(partition);
  }
  if ((rights & access.needs) === access.needs) return true;
  if (ctx.recorder !== undefined) ctx.recorder.tlb = 'hit, walked again';
  return false;
}

function keepInTlb(ctx: TranslationContext): true {
  if (ctx.caches !== undefined) ctx.caches.pages.keepEffective(ctx);
  return true;
}

/** Relocation off in a radix partition: EA[4:63] is the guest real address. */
function guestReal(ctx: TranslationContext): boolean {
  ctx.lpid = lpidr(ctx);
  ctx.twoStage = true;
  if (!mayResume(ctx)) ctx.walks = undefined;
  return (
    (ctx.walks !== undefined || readPartitionEntry(ctx)) &&
    partitionScoped(ctx, ctx.eaHi & REAL_ADDRESS, ctx.eaLo, ctx.access.needs) &&
    complete(ctx)
  );
}

/** The result of both stages together. */
function complete(ctx: TranslationContext): boolean {
  ctx.raHi = ctx.hostHi;
  ctx.raLo = ctx.hostLo;
  ctx.rights = ALL;
  ctx.pageShift = 64;
  if (ctx.mode === 'radix') addStage(ctx, ctx.process);
  if (ctx.twoStage) addStage(ctx, ctx.partition);
  return !ctx.cachingInhibited || checkAttributes(ctx, inhibitingStage(ctx));
}

function addStage(ctx: TranslationContext, tree: TranslationContext['process']): void {
  ctx.rights &= recordedRights(tree);
  if (tree.shift < ctx.pageShift) ctx.pageShift = tree.shift;
  combineAttributes(ctx, tree);
}
