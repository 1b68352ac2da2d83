/**
 * Accesses of several bytes: which pages they touch, which byte a fault is reported for (Power ISA v3.1 Book III,
 * 7.5.3: DAR is the first byte of the access in the failing page; both pages are checked before anything changes).
 */
import { SMALLEST_PAGE_SHIFT } from '../../isa/tables/radix';
import type { CpuState } from '../state/cpu-state';
import type { Access } from './access';
import type { Translator } from './translate';

const PAGE = 2 ** SMALLEST_PAGE_SHIFT;

/** Bytes of the access that lie in its first smallest page: `length` where it does not cross. */
export const bytesInFirstPage = (eaLo: number, length: number): number =>
  Math.min(length, PAGE - (eaLo & (PAGE - 1)));

/** First byte of the block that dcbz clears, by the lower half: the address that it translates and DAR reports. */
export const blockStart = (eaLo: number, blockSize: 64 | 128): number => eaLo & -blockSize;

/** Operand of a storage access. */
export interface Span {
  eaHi: number;
  eaLo: number;
  /** Bytes, 1 to one page. */
  length: number;
}

/** One contiguous part of the operand in real memory. */
export interface RealPart {
  raHi: number;
  raLo: number;
  bytes: number;
  cachingInhibited: boolean;
}

/** Translates operands that may cross a page. The parts are overwritten by the next call. */
export class SpanTranslator {
  readonly first: RealPart = { raHi: 0, raLo: 0, bytes: 0, cachingInhibited: false };
  /** `bytes` is 0 where the operand lies in one page. */
  readonly second: RealPart = { raHi: 0, raLo: 0, bytes: 0, cachingInhibited: false };

  constructor(private readonly mmu: Translator) {}

  /** True: `first` and `second` say where the operand is. False: `fault` of the translator says what failed. */
  access(cpu: CpuState, access: Access, span: Span): boolean {
    const { eaHi, eaLo, length } = span;
    const bytes = bytesInFirstPage(eaLo, length);
    this.second.bytes = length - bytes;
    if (bytes < length) {
      // Nothing of the first page may be recorded before the second is known to be good.
      if (!this.mmu.probe(cpu, access, eaHi, eaLo)) return false;
      const nextLo = (eaLo + bytes) | 0;
      const nextHi = nextLo === 0 ? (eaHi + 1) | 0 : eaHi;
      if (!this.mmu.access(cpu, access, nextHi, nextLo)) return false;
      this.keep(this.second);
    }
    if (!this.mmu.access(cpu, access, eaHi, eaLo)) return false;
    this.keep(this.first);
    this.first.bytes = bytes;
    return true;
  }

  private keep(part: RealPart): void {
    part.raHi = this.mmu.raHi;
    part.raLo = this.mmu.raLo;
    part.cachingInhibited = this.mmu.cachingInhibited;
  }
}
