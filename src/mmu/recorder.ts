/**
 * Collects what a translation does into a walk event. Exists only while somebody watches; the walkers call it and
 * know nothing of events.
 */
import { INTERRUPTS } from '../../isa/interrupts';
import { PTE } from '../../isa/tables/radix';
import type {
  PermissionStep,
  ReferenceChangeStep,
  TlbEvent,
  TlbStructure,
  WalkDecision,
  WalkEvent,
  WalkFault,
  WalkPurpose,
  WalkResult,
  WalkStep,
} from '../trace/events/walk';
import type { CpuState } from '../state/cpu-state';
import { offsetOf } from '../state/layout';
import { rightsText } from './access';
import type { TranslationContext } from './context';
import type { Invalidation } from './invalidate';
import type { TranslationMode } from './mode';
import { authority, isLeaf } from './radix/entry';
import type { RadixTree } from './radix/tree';
import { toInterrupt } from './to-interrupt';

/** Who wants to see translations. Both are called synchronously; events are theirs to keep. */
export interface WalkObserver {
  walk(event: WalkEvent): void;
  tlb?(event: TlbEvent): void;
}

const RETIRED = offsetOf('RETIRED');
const MSR_AT = offsetOf('MSR');
const LPCR_AT = offsetOf('LPCR');

const PURPOSES: readonly WalkPurpose[] = ['access', 'PRTE', 'PDE/PTE'];
const MODE_TEXT: Readonly<Record<TranslationMode, WalkEvent['mode']>> = {
  hypervisorReal: 'hypervisor real',
  guestReal: 'guest real',
  radix: 'radix',
  hash: 'hash',
  hashReal: 'hash real',
};

/** Two halves to one bigint through a typed array: a quarter of the cost of shifting bigints. */
const joint = new BigUint64Array(1);
const halves = new Int32Array(joint.buffer);
export function toBigint(hi: number, lo: number): bigint {
  halves[0] = lo;
  halves[1] = hi;
  return joint[0]!;
}

/** What the walkers tell while somebody wants to know: a {@link WalkRecorder}, or who counts only reads of tables. */
export interface TranslationRecorder {
  /** False: of hashed translation only {@link hashedEntry} is of interest, no step, permission or update. */
  readonly detailed: boolean;
  tlb: WalkEvent['tlb'];
  start(): void;
  finish(ctx: TranslationContext, translated: boolean): void;
  partitionEntry(ctx: TranslationContext, decision: WalkDecision): void;
  processEntry(ctx: TranslationContext, decision: WalkDecision): void;
  treeEntry(ctx: TranslationContext, tree: RadixTree, decision: WalkDecision): void;
  cachedEntry(ctx: TranslationContext, tree: RadixTree): void;
  permission(ctx: TranslationContext, tree: RadixTree, needs: number): void;
  referenceChange(ctx: TranslationContext, tree: RadixTree, bits: number): void;
  /** An entry of a hashed page table, by its address: only for who wants no details. */
  hashedEntry(at: number): void;
  step(step: WalkStep): void;
  permissionOf(step: PermissionStep): void;
  referenceChangeOf(step: ReferenceChangeStep): void;
  tlbEvent(ctx: TranslationContext, what: Omit<TlbEvent, 'ev' | 't' | 'cpu' | 'lpid'>): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class WalkRecorder implements TranslationRecorder {
  readonly detailed = true;
  private steps: WalkStep[] = [];
  private permissions: PermissionStep[] = [];
  private changes: ReferenceChangeStep[] = [];
  /** What the architected TLB said, where there is one. */
  tlb: WalkEvent['tlb'];

  constructor(readonly observer: WalkObserver) {}

  /** Entries of hashed tables come with their details, as steps. */
  hashedEntry(): void {}

  start(): void {
    this.steps = [];
    this.permissions = [];
    this.changes = [];
    this.tlb = undefined;
  }

  /** Hashed translation makes its own steps. */
  step(step: WalkStep): void {
    this.steps.push(step);
  }

  permissionOf(step: PermissionStep): void {
    this.permissions.push(step);
  }

  referenceChangeOf(step: ReferenceChangeStep): void {
    this.changes.push(step);
  }

  partitionEntry(ctx: TranslationContext, decision: WalkDecision): void {
    const read = decision === 'used' || decision === 'bad tree';
    const tree = ctx.partition;
    this.steps.push({
      scope: 'partition',
      what: 'PATE',
      purpose: 'access',
      hostRa: toBigint(tree.entryHi, tree.entryLo),
      value: read && ctx.policy.partitions ? toBigint(ctx.valueHi, ctx.valueLo) : 0n,
      value1: read ? toBigint(ctx.pate1Hi, ctx.pate1Lo) : 0n,
      index: tree.index,
      decision,
    });
  }

  processEntry(ctx: TranslationContext, decision: WalkDecision): void {
    const tree = ctx.process;
    const read = decision === 'used';
    this.steps.push({
      scope: 'process',
      what: 'PRTE',
      purpose: 'access',
      ...(ctx.policy.partitions ? { guestRa: toBigint(tree.entryHi, tree.entryLo) } : {}),
      hostRa: toBigint(read ? 0 : ctx.hostHi, tree.hostLo),
      value: read ? toBigint(tree.rootHi, tree.rootLo) : 0n,
      index: tree.index,
      decision,
    });
  }

  treeEntry(ctx: TranslationContext, tree: RadixTree, decision: WalkDecision): void {
    const guest = tree.tableTranslation !== undefined;
    const read = decision !== 'outside memory';
    const step: Mutable<WalkStep> = {
      scope: tree.scope,
      what: read && isLeaf(tree.valueHi) ? 'PTE' : 'PDE',
      purpose: tree.scope === 'process' ? 'access' : PURPOSES[ctx.purpose]!,
      hostRa: toBigint(read ? 0 : guest ? ctx.hostHi : tree.entryHi, tree.hostLo),
      value: read ? toBigint(tree.valueHi, tree.valueLo) : 0n,
      level: tree.level,
      index: tree.index,
      shift: tree.shift,
      decision,
    };
    if (guest) step.guestRa = toBigint(tree.entryHi, tree.entryLo);
    this.steps.push(step);
  }

  /** A directory entry that the page walk cache had: nothing was read. */
  cachedEntry(ctx: TranslationContext, tree: RadixTree): void {
    this.steps.push({
      scope: tree.scope,
      what: 'PDE',
      purpose: tree.scope === 'process' ? 'access' : PURPOSES[ctx.purpose]!,
      value: toBigint(tree.valueHi, tree.valueLo),
      level: tree.level,
      shift: tree.shift,
      index: 0,
      decision: 'cached',
    });
  }

  /** What an architected cache did; only observers that ask for it get it. */
  tlbEvent(ctx: TranslationContext, what: Omit<TlbEvent, 'ev' | 't' | 'cpu' | 'lpid'>): void {
    if (this.observer.tlb === undefined) return;
    const { cpu, lpid, pid } = ctx;
    this.observer.tlb({ ev: 'tlb', t: Number(cpu.get(RETIRED)), cpu: cpu.index, lpid, pid, ...what });
  }

  /** An invalidation: one event a structure that lost entries, or one that says that nothing was there. */
  invalidation(cpu: CpuState, what: Invalidation, dropped: Partial<Record<TlbStructure, number>>): void {
    const lost = Object.entries(dropped) as Array<[TlbStructure, number]>;
    const reached = lost.length > 0 ? lost : ([['TLB', 0]] as const);
    for (const [structure, count] of reached)
      this.observer.tlb?.({
        ev: 'tlb',
        t: Number(cpu.get(RETIRED)),
        cpu: cpu.index,
        action: 'invalidate',
        structure,
        ...(what.lpid === undefined ? {} : { lpid: what.lpid }),
        ...(what.pid === undefined ? {} : { pid: what.pid }),
        ...(what.page === undefined ? {} : { ea: what.page.address, pageShift: what.page.shift }),
        ...(what.set === undefined ? {} : { set: what.set }),
        count,
        by: what.by,
      });
  }

  permission(ctx: TranslationContext, tree: RadixTree, needs: number): void {
    const ofProcess = tree.scope === 'process';
    const keyed = ofProcess && (tree.valueLo & PTE.PRIV.lo) === 0 && ctx.policy.keys && !ctx.pr;
    this.permissions.push({
      scope: tree.scope,
      purpose: ofProcess ? 'access' : PURPOSES[ctx.purpose]!,
      authority: authority(tree.valueLo),
      ...(keyed ? { keyRights: rightsText(ctx.keyRights) } : {}),
      granted: rightsText(tree.rights),
      needed: rightsText(needs),
      allowed: (tree.rights & needs) === needs,
    });
  }

  referenceChange(ctx: TranslationContext, tree: RadixTree, bits: number): void {
    const interrupt = ctx.policy.referenceChange === 'interrupt';
    this.changes.push({
      scope: tree.scope,
      hostRa: toBigint(0, tree.hostLo),
      sets: bits === PTE.R.lo ? 'R' : bits === PTE.C.lo ? 'C' : 'RC',
      action: interrupt ? 'interrupt' : ctx.sideEffects ? 'updated' : 'pending',
    });
  }

  /** Hands the finished translation to the observer. */
  finish(ctx: TranslationContext, translated: boolean): void {
    this.observer.walk({
      ev: 'walk',
      t: Number(ctx.cpu.get(RETIRED)),
      cpu: ctx.cpu.index,
      ea: toBigint(ctx.eaHi, ctx.eaLo),
      access: ctx.access.name,
      hv: ctx.hv,
      pr: ctx.pr,
      relocation: ctx.relocate,
      mode: MODE_TEXT[ctx.mode],
      sideEffects: ctx.sideEffects,
      effLPID: ctx.lpid,
      effPID: ctx.pid,
      ...(this.tlb === undefined ? {} : { tlb: this.tlb }),
      steps: this.steps,
      permissions: this.permissions,
      referenceChange: this.changes,
      ...(translated ? { result: walkResult(ctx) } : { fault: walkFault(ctx) }),
    });
  }
}

const walkResult = (ctx: TranslationContext): WalkResult => ({
  ra: toBigint(ctx.raHi, ctx.raLo),
  ...(ctx.twoStage ? { guestRa: toBigint(ctx.partition.addressHi, ctx.partition.addressLo) } : {}),
  pageShift: ctx.pageShift,
  cachingInhibited: ctx.cachingInhibited,
  guarded: ctx.guarded,
  rights: rightsText(ctx.rights),
});

function walkFault(ctx: TranslationContext): WalkFault {
  const { fault, cpu, policy } = ctx;
  const image = toInterrupt(fault, { msr: cpu.get(MSR_AT), lpcr: cpu.get(LPCR_AT) }, policy);
  return {
    kind: fault.kind,
    stage: fault.stage,
    ...(fault.level < 0 ? {} : { level: fault.level }),
    vector: INTERRUPTS[image.interrupt].vector,
    ...image,
  };
}
