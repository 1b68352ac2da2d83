/**
 * The architected translation caches of one CPU (Power ISA v3.1 Book III, 6.9.1): TLB, page walk cache, caches of the
 * process table and of the partition table. With them a translation that software has changed but not invalidated
 * survives. Nothing invalid is ever kept; and an entry that would deny an access is not believed: the tables are
 * walked again, so that relaxing a permission needs no invalidation.
 *
 * Hashed translation has a TLB of its own (../hash/tlb.ts).
 */
import type { TlbStructure } from '../../trace/events/walk';
import type { Json, StateReader } from '../../core/saved-state';
import type { TranslationContext } from '../context';
import { HashTlb } from '../hash/tlb';
import { STRUCTURE, type Invalidation } from '../invalidate';
import { TLB_GEOMETRIES, type TlbGeometry } from './geometry';
import { PageTlb } from './page-tlb';
import { PageWalkCache } from './page-walk-cache';
import { PartitionTableCache, ProcessTableCache } from './table-caches';

export class ArchitectedCaches {
  readonly pages: PageTlb;
  readonly directories: PageWalkCache;
  readonly processes: ProcessTableCache;
  readonly partitions: PartitionTableCache;
  /** TLB of hashed translation, where there is one. */
  readonly hashed: HashTlb | undefined;

  constructor(readonly geometry: TlbGeometry) {
    this.pages = new PageTlb(geometry);
    this.hashed = geometry.hashTlb && new HashTlb(geometry.hashTlb);
    this.directories = new PageWalkCache(geometry);
    this.processes = new ProcessTableCache(geometry.processTable);
    this.partitions = new PartitionTableCache(geometry.partitionTable);
  }

  static of(model: keyof typeof TLB_GEOMETRIES): ArchitectedCaches {
    return new ArchitectedCaches(TLB_GEOMETRIES[model]);
  }

  /** Everything that is cached, with what was used when. */
  save(): Json {
    return {
      tlb: this.pages.save(),
      directories: this.directories.save(),
      processes: this.processes.save(),
      partitions: this.partitions.save(),
      hashed: this.hashed?.save() ?? null,
    };
  }

  /**
   * Takes over what {@link save} gave.
   * @param memorySize bytes of real memory
   * @throws UserError where it is not that, or of another geometry
   */
  restore(reader: StateReader, memorySize: number): void {
    this.pages.restore(reader.child('tlb'), memorySize);
    this.directories.restore(reader.child('directories'));
    this.processes.restore(reader.child('processes'));
    this.partitions.restore(reader.child('partitions'));
    if (this.hashed) this.hashed.restore(reader.child('hashed'), memorySize);
    else if (reader.any('hashed') !== null) reader.fail('hashed', 'nothing: there is no such TLB');
    reader.done();
  }

  /** Nothing is cached any more. */
  clear(): void {
    this.pages.clear();
    this.directories.clear();
    this.processes.clear();
    this.partitions.clear();
    this.hashed?.clear();
  }

  /** Whether the translation that begins may change what is cached: a probe may not. */
  begin(ctx: TranslationContext): void {
    const frozen = !ctx.sideEffects;
    this.pages.frozen = frozen;
    this.directories.frozen = frozen;
    this.processes.frozen = frozen;
    this.partitions.frozen = frozen;
  }

  /** Drops what an invalidation names; how many entries of each structure went. */
  invalidate(asked: Invalidation): Partial<Record<TlbStructure, number>> {
    const what = this.geometry.tlbiel === 'all' ? withoutClass(asked) : asked;
    const names = (structures: number): boolean => (what.structures & structures) !== 0;
    const dropped: Partial<Record<TlbStructure, number>> = {};
    if (names(STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_PARTITION | STRUCTURE.TLB_COMBINED))
      dropped.TLB = this.pages.drop(what);
    if (this.hashed !== undefined && names(STRUCTURE.TLB_COMBINED))
      dropped.TLB = (dropped.TLB ?? 0) + this.hashed.drop(what);
    if (names(STRUCTURE.PWC_PROCESS | STRUCTURE.PWC_PARTITION)) dropped.PWC = this.directories.drop(what);
    if (names(STRUCTURE.PRTE)) dropped['PRTE cache'] = this.processes.drop(what);
    if (names(STRUCTURE.PATE)) dropped['PATE cache'] = this.partitions.drop(what);
    return dropped;
  }
}

/** The same of every congruence class. */
function withoutClass({ set, ...rest }: Invalidation): Invalidation {
  void set;
  return rest;
}
