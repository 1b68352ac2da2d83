/**
 * The hypervisor's own invalidations: what a tlbie of L0 would be, as a value that every cache of translations
 * understands (nested.md 5.7; Power ISA v3.1 Book III, 6.9.3.3). The LPID is always the hardware's.
 */
import { STRUCTURE, type Invalidation, type InvalidatedPage } from '../mmu/invalidate';

/** Drops translations of every CPU. */
export type Invalidate = (what: Invalidation) => void;

const TLB = STRUCTURE.ERAT | STRUCTURE.TLB_PARTITION | STRUCTURE.TLB_COMBINED;
const HASHED = STRUCTURE.ERAT | STRUCTURE.TLB_COMBINED;
const WALK = STRUCTURE.PWC_PROCESS | STRUCTURE.PWC_PARTITION;

export class HypervisorTlb {
  /** Invalidations so far, by kind. */
  readonly counters = { page: 0, virtualPage: 0, walk: 0, partition: 0 };

  constructor(private readonly invalidate: Invalidate) {}

  /** tlbie RIC=0 PRS=0 IS=0: one page of guest real addresses. */
  page(lpid: number, gpa: number, shift: number): void {
    this.counters.page++;
    const page = { address: BigInt(gpa), shift };
    this.drop('L0 tlbie RIC=0 IS=0', { structures: TLB, lpid, page });
  }

  /** tlbie R=0 IS=0: one page of virtual addresses of an HPT partition. @param page of VA[14:77] */
  virtualPage(lpid: number, page: InvalidatedPage): void {
    this.counters.virtualPage++;
    this.invalidate({
      by: 'L0 tlbie R=0 IS=0',
      local: false,
      scope: 'hash',
      structures: HASHED,
      lpid,
      page,
    });
  }

  /** tlbie RIC=1 IS=2: the page walk caches of a partition. */
  walkCache(lpid: number): void {
    this.counters.walk++;
    this.drop('L0 tlbie RIC=1 IS=2', { structures: WALK, lpid });
  }

  /** tlbie RIC=2 IS=2: all that belongs to a partition, its table entry too. */
  partition(lpid: number): void {
    this.counters.partition++;
    this.drop('L0 tlbie RIC=2 IS=2', { structures: STRUCTURE.ALL, lpid });
  }

  private drop(by: string, what: Pick<Invalidation, 'structures' | 'lpid' | 'page'>): void {
    this.invalidate({ by, local: false, scope: 'partition', ...what });
  }
}
