/**
 * Instructions that generated code is left before, each time: what debuggers wait for. They cost nothing elsewhere: the
 * record of such an instruction has a handler that leaves instead of its own.
 */
import type { CpuState } from '../state/cpu-state';
import { offsetOf } from '../state/layout';
import type { CodeCache } from './code-cache';
import type { TranslationCache } from './translation-cache';

const IP = offsetOf('IP');
const WORD = 4;

export class Stops {
  /** Host real addresses. */
  private readonly addresses = new Set<number>();
  /** The one of them that is none, for now. */
  private passed: number | undefined;

  constructor(
    private readonly code: CodeCache,
    private readonly caches: readonly TranslationCache[],
  ) {}

  /** True where the record of the instruction at a real address is to be one that leaves. */
  has(address: number): boolean {
    return this.addresses.has(address) && address !== this.passed;
  }

  add(address: number): void {
    if (this.addresses.has(address)) return;
    this.addresses.add(address);
    this.renew(address);
  }

  /** Forgets all, and what was fetched: the host is asked again for each page that is executed. */
  clear(): void {
    const addresses = [...this.addresses];
    this.addresses.clear();
    for (const address of addresses) this.renew(address);
    for (const cache of this.caches) cache.dropFetches();
  }

  /** Runs while the instruction that a CPU was left before is no stop. @param run executes it, on that CPU */
  pass(cpu: CpuState, run: () => number): number {
    const { address } = this.code.locate(cpu.int(IP));
    this.passed = address;
    this.renew(address);
    const exit = run();
    this.passed = undefined;
    this.renew(address);
    return exit;
  }

  private renew(address: number): void {
    this.code.written(address, WORD);
  }
}
