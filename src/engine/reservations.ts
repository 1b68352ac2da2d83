/**
 * Reservations of CPUs that are not running. A store of the CPU that runs to the granule of another CPU's reservation ends
 * it, whatever it stores (Power ISA Book II, 1.7.2.1). Generated code does not look: while such a reservation is held, the
 * caches of all CPUs have no write permission for its page, so that every store there comes to TypeScript.
 */
import type { CpuState } from '../state/cpu-state';
import { offsetOf } from '../state/layout';
import type { WriteWatch } from './write-watch';

const RESLEN = offsetOf('RESLEN');
const RESADDR = offsetOf('RESADDR');
const NONE = -1;

export class Reservations {
  /** By CPU: the page that is withheld for its reservation, or NONE. */
  private readonly pages: Int32Array;
  private running = NONE;

  /** @param granule bytes, a power of two */
  constructor(
    private readonly cpus: readonly CpuState[],
    private readonly writes: WriteWatch,
    private readonly granule: number,
  ) {
    this.pages = new Int32Array(cpus.length).fill(NONE);
  }

  /** A CPU begins to run: its own stores leave its reservation alone. */
  enter({ index }: CpuState): void {
    this.running = index;
    this.release(index);
  }

  /** It has stopped running. */
  leave(cpu: CpuState): void {
    this.running = NONE;
    if (this.cpus.length > 1) this.hold(cpu);
  }

  /** Real memory was stored to, by the CPU that runs where one does. */
  stored(address: number, length: number): void {
    for (const cpu of this.cpus) {
      if (cpu.index === this.running || !this.reaches(cpu, address, length)) continue;
      cpu.setInt(RESLEN, 0);
      this.release(cpu.index);
    }
  }

  /** Registers were replaced from outside. */
  restored(): void {
    for (const cpu of this.cpus) {
      this.release(cpu.index);
      if (cpu.index !== this.running) this.leave(cpu);
    }
  }

  private reaches(cpu: CpuState, address: number, length: number): boolean {
    const reserved = cpu.int(RESLEN);
    if (reserved === 0 || cpu.hi(RESADDR) !== 0) return false;
    const from = cpu.lo(RESADDR) >>> 0;
    const start = from - (from % this.granule);
    const last = from + reserved - 1;
    const end = last - (last % this.granule) + this.granule;
    return address < end && start < address + length;
  }

  private hold(cpu: CpuState): void {
    if (cpu.int(RESLEN) === 0 || cpu.hi(RESADDR) !== 0) return;
    const page = cpu.lo(RESADDR) >>> 12;
    if (!this.writes.hold(page)) return;
    this.pages[cpu.index] = page;
  }

  private release(index: number): void {
    const page = this.pages[index]!;
    if (page === NONE) return;
    this.pages[index] = NONE;
    this.writes.release(page);
  }
}
