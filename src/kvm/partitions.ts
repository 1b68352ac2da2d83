/**
 * L0's partition table in emulated host memory, and who has which hardware LPID. PTCR of every CPU points at it; the
 * entry of LPID 0 stays empty, for L0 itself is not a program of the machine.
 */
import { PATE_SIZE } from '../../isa/tables/partition-table';
import { PTCR } from '../../isa/registers/translation';
import { InternalError } from '../core/errors';
import { put } from '../core/bits';
import type { RealMemory } from '../core/memory';
import type { Json, StateReader } from '../core/saved-state';
import type { HostHeap } from './host/heap';
import type { PieceClaims } from './host/piece-claims';

/** log2 of the entries: every LPID that the hardware has. */
const LPID_BITS = 12;
const TABLE_BYTES = PATE_SIZE << LPID_BITS;
/** PTCR counts from tables of 2^12 bytes. */
const SMALLEST_TABLE_BITS = 12;

export const NO_LPID = -1;

export class Partitions {
  private place: number;
  private readonly used = new Uint8Array(1 << LPID_BITS);
  /** Below it every LPID is in use. */
  private lowest = 1;

  constructor(
    private readonly memory: RealMemory,
    heap: HostHeap,
  ) {
    this.place = heap.allocate(TABLE_BYTES);
    if (this.place < 0) throw new InternalError('no host memory for the partition table');
    this.used[0] = 1;
  }

  /** Host real address of the table. */
  get base(): number {
    return this.place;
  }

  /** PTCR of every CPU. */
  get ptcr(): bigint {
    return put(BigInt(this.base), PTCR.PATS, BigInt(Math.log2(TABLE_BYTES) - SMALLEST_TABLE_BITS));
  }

  /** A hardware LPID that nobody has, 1..4095, or {@link NO_LPID}. The lowest first. */
  allocate(): number {
    for (let lpid = this.lowest; lpid < this.used.length; lpid++) {
      if (this.used[lpid]) continue;
      this.used[lpid] = 1;
      this.lowest = lpid + 1;
      return lpid;
    }
    this.lowest = this.used.length;
    return NO_LPID;
  }

  isUsed(lpid: number): boolean {
    return this.used[lpid] === 1;
  }

  /** Gives an LPID back; its entry is emptied. The caller has flushed what belonged to it. */
  free(lpid: number): void {
    if (lpid === 0 || !this.used[lpid]) throw new InternalError(`LPID ${lpid} is not in use`);
    this.set(lpid, 0n, 0n);
    this.used[lpid] = 0;
    if (lpid < this.lowest) this.lowest = lpid;
  }

  save(): Json {
    return { base: this.base };
  }

  /**
   * Takes over the table of a snapshot. No LPID is in use then: whoever has one says so ({@link adopt}).
   * @throws UserError where there is no table
   */
  restore(reader: StateReader, pieces: PieceClaims): void {
    this.place = reader.integer('base', 0, this.memory.size);
    reader.done();
    if (this.place % TABLE_BYTES !== 0 || !pieces.take(this.place, TABLE_BYTES))
      reader.fail('base', 'the address of a partition table');
    this.used.fill(0);
    this.used[0] = 1;
    this.lowest = 1;
  }

  /** The LPID is somebody's; false where it is somebody else's already. */
  adopt(lpid: number): boolean {
    if (this.used[lpid] !== 0) return false;
    this.used[lpid] = 1;
    return true;
  }

  /** An LPID that nobody has and whose entry is not empty, after everybody has called {@link adopt}; else -1. */
  firstStray(): number {
    return this.used.findIndex(
      (used, lpid) => (used === 0 || lpid === 0) && this.get(lpid).some((word) => word !== 0n),
    );
  }

  /** Writes an entry. The caller flushes with `HypervisorTlb.partition`. */
  set(lpid: number, dw0: bigint, dw1: bigint): void {
    const at = this.addressOf(lpid);
    this.memory.setDoubleword(at, dw0);
    this.memory.setDoubleword(at + 8, dw1);
  }

  get(lpid: number): readonly [dw0: bigint, dw1: bigint] {
    const at = this.addressOf(lpid);
    return [this.memory.getDoubleword(at), this.memory.getDoubleword(at + 8)];
  }

  private addressOf(lpid: number): number {
    return this.base + PATE_SIZE * lpid;
  }
}
