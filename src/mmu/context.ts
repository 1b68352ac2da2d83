/**
 * The state of one translation: what was asked, what each stage found, what came out. Every step of the walk reads
 * and writes it; it is allocated once per translator, so that a translation allocates nothing.
 */
import { TABLE, type RealMemory } from '../core/memory';
import { CpuState } from '../state/cpu-state';
import { ACCESS, RIGHT, type Access } from './access';
import { FaultRecord, type FaultKind, type FaultStage } from './fault';
import type { MmuPolicy } from './policy';
import type { TranslationRecorder } from './recorder';
import { RadixTree } from './radix/tree';
import type { ArchitectedCaches } from './tlb/caches';
import type { TranslationMode } from './mode';
import type { WalkCache } from './walk-cache';

/** What an address is being translated for. */
export const PURPOSE = { ACCESS: 0, PROCESS_TABLE: 1, TREE: 2 } as const;

const { ACCESS: FOR_ACCESS } = PURPOSE;
const { TREE } = TABLE;

/** Most entries whose reference and change bits one translation sets after its last check. */
const MOST_UPDATES = 4;

export class TranslationContext {
  /** The request. Addresses are signed 32-bit halves; `eaHi` is already 0 in 32-bit mode. */
  cpu: CpuState;
  access: Access = ACCESS.load;
  eaHi = 0;
  eaLo = 0;
  sideEffects = true;

  /** The machine state that it runs under. */
  hv = false;
  pr = false;
  relocate = false;
  mode: TranslationMode = 'hypervisorReal';
  /** Effective LPID and PID. */
  lpid = 0;
  pid = 0;
  /** Whether the root of a process's tree needs more than the walk checks. */
  readonly checksRoot: boolean;
  /** The process-scoped tables are addressed by guest real addresses. */
  twoStage = false;
  /** Rights that AMR and IAMR leave on pages that are subject to key 0. */
  keyRights: number = RIGHT.ALL;

  readonly process = new RadixTree('process');
  readonly partition = new RadixTree('partition');
  /** Doubleword 1 of the partition table entry. */
  pate1Hi = 0;
  pate1Lo = 0;
  /** The partition table entry was read by this translation. */
  partitionRead = false;
  purpose: number = PURPOSE.ACCESS;

  /** Doubleword read last, and the host real address that partition-scoped translation found last. */
  valueHi = 0;
  valueLo = 0;
  hostHi = 0;
  hostLo = 0;
  /** Entries whose R and C are set when the translation succeeds: host real addresses and bits. */
  private readonly updateAt = new Int32Array(MOST_UPDATES);
  private readonly updateBits = new Int32Array(MOST_UPDATES);
  private updates = 0;

  /** The result. */
  raHi = 0;
  raLo = 0;
  pageShift = 0;
  cachingInhibited = false;
  guarded = false;
  /** What the page permits without another walk: a set of RIGHT bits. */
  rights = 0;
  readonly fault = new FaultRecord();

  /** There while somebody watches. */
  recorder: TranslationRecorder | undefined;
  /** What earlier walks found, where this translation may use it. */
  walks: WalkCache | undefined;
  /** There in `--tlb architected`. */
  caches: ArchitectedCaches | undefined;

  constructor(
    readonly memory: RealMemory,
    readonly policy: MmuPolicy,
  ) {
    this.cpu = CpuState.detached();
    this.checksRoot = policy.geometry.segmentCheck === 'tree';
  }

  /** Forgets what the last translation was about to change. */
  reset(): void {
    this.updates = 0;
    this.purpose = FOR_ACCESS;
    this.lpid = 0;
    this.pid = 0;
    this.twoStage = false;
    this.partitionRead = false;
    this.process.resumed = false;
    this.partition.resumed = false;
    this.cachingInhibited = false;
    this.guarded = false;
  }

  /** Ends the translation with a fault. A partition-scoped one is about the address that stage translates. */
  fail(kind: FaultKind, stage: FaultStage, level: number): false {
    const fault = this.fault;
    const ofPartition = stage === 'partition';
    fault.kind = kind;
    fault.stage = stage;
    fault.level = level;
    fault.access = this.access;
    fault.eaHi = this.eaHi;
    fault.eaLo = this.eaLo;
    fault.lpid = this.lpid;
    fault.tableWalk = ofPartition && this.purpose !== PURPOSE.ACCESS;
    fault.tableStore = false;
    fault.asdrHi = ofPartition ? this.partition.addressHi : 0;
    fault.asdrLo = ofPartition ? this.partition.addressLo : 0;
    return false;
  }

  /** Ends it because setting a bit in a guest's table is a store that the hypervisor's table does not permit. */
  failTableStore(kind: FaultKind): false {
    this.purpose = PURPOSE.TREE;
    this.fail(kind, 'partition', this.partition.level);
    this.fault.tableStore = true;
    return false;
  }

  /**
   * Reads the doubleword of a table at a host real address; false where there is no memory.
   * @param kind one of TABLE
   */
  read(hi: number, lo: number, kind: number = TREE): boolean {
    const at = lo >>> 0;
    if (hi !== 0 || at + 8 > this.memory.size) return false;
    this.memory.noteTable(at, kind);
    this.valueHi = this.memory.getWord(at);
    this.valueLo = this.memory.getWord(at + 4);
    return true;
  }

  /** The same of a radix tree's entry, which becomes the tree's current one. */
  readEntry(tree: RadixTree, hi: number, lo: number): boolean {
    const { memory } = this;
    const at = lo >>> 0;
    if (hi !== 0 || at + 8 > memory.size) return false;
    memory.noteTable(at, TREE);
    tree.valueHi = memory.getWord(at);
    tree.valueLo = memory.getWord(at + 4);
    return true;
  }

  /** Remembers bits to be set in the lower half of the doubleword at a host real address. */
  updateLater(hostLo: number, bits: number): void {
    this.updateAt[this.updates] = hostLo;
    this.updateBits[this.updates] = bits;
    this.updates++;
  }

  /** Sets bits in the lower half of a doubleword: one agent at a time walks, so this is the atomic update. */
  setBits(hostLo: number, bits: number): void {
    const low = (hostLo >>> 0) + 4;
    this.memory.setWord(low, this.memory.getWord(low) | bits);
    this.memory.onTableUpdate?.(low, 4);
  }

  /** Carries out what was remembered: the access is certain to happen. */
  commitUpdates(): void {
    for (let i = 0; i < this.updates; i++) this.setBits(this.updateAt[i]!, this.updateBits[i]!);
    this.updates = 0;
  }
}
