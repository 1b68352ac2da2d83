/**
 * What a host address space tells those who map its pages elsewhere (Linux include/linux/mmu_notifier.h). The host
 * address space calls, the L0 hypervisor implements; this file has only the contract.
 */
import type { Steps } from '../steps';

/** A range of host virtual addresses, in bytes, about to change or changed. */
export interface MmuNotifierRange {
  start: number;
  /** First byte after the range; above `start`. */
  end: number;
  /** False only where the OOM reaper calls: the notifier must not wait. */
  mayBlock: boolean;
}

export interface MmuNotifier {
  /** Mappings of the range must be gone when it returns, and none may be made until the matching end. */
  invalidateRangeStart(range: MmuNotifierRange): void;
  /** The same as steps: it may have to wait for a vCPU to leave the guest. */
  invalidateRangeStartSteps(range: MmuNotifierRange): Steps<void>;
  invalidateRangeEnd(range: MmuNotifierRange): void;
  /** One page now has another frame; only between start and end of a range that contains it. */
  changePte(hva: number, frame: number): void;
  /** Makes the mappings old and flushes; true where one was young. */
  clearFlushYoung(start: number, end: number): boolean;
  /** Makes the mappings old; true where one was young. */
  clearYoung(start: number, end: number): boolean;
  /** True where the page's mapping is young; changes nothing. */
  testYoung(hva: number): boolean;
  /** The address space ends: every mapping must go. */
  release(): void;
}
