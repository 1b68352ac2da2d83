/**
 * `book3s bench cpu`, second part: what kernels do between computations, beside QEMU. The guest is
 * `fixtures/bench/switch.s`; every figure counts with the few instructions of its loop.
 */
import { bestRates, peerNote, rateFigure } from './guest-timing';
import type { BenchReport, Figure } from './report';

export interface SwitchWorkload {
  readonly name: string;
  /** Value of the symbol WORKLOAD. */
  readonly workload: number;
  /** What an iteration counts as. */
  readonly each: number;
  /** Iterations of QEMU's rounds for one of ours, which must be long against the way of its characters. */
  readonly peerFactor: number;
}

/** The twelve moves of an iteration, or one of the others. */
export const SWITCH_WORKLOADS: readonly SwitchWorkload[] = [
  { name: 'system call and return (sc, rfid)', workload: 0, each: 1, peerFactor: 2 },
  { name: 'move to or from an SPR', workload: 1, each: 12, peerFactor: 20 },
  { name: 'entry stored, tlbiel, load', workload: 2, each: 1, peerFactor: 2 },
  { name: 'another PID, load', workload: 3, each: 1, peerFactor: 2 },
  { name: 'switch of processes by a system call', workload: 4, each: 1, peerFactor: 2 },
];

/** Measures; takes about ten seconds where QEMU is installed. */
export async function benchSwitch(iterations = 100_000, rounds = 20): Promise<BenchReport> {
  const figures: Figure[] = [];
  for (const { name, workload, each, peerFactor } of SWITCH_WORKLOADS) {
    const rates = await bestRates({
      name: 'switch.s',
      symbols: { WORKLOAD: workload },
      counter: 'COUNT',
      count: iterations,
      peerCount: iterations * peerFactor,
      rounds,
    });
    const { here, qemu } = rates;
    figures.push(rateFigure(name, 'M/s', { here: here * each, qemu: qemu && qemu * each }));
  }
  return { figures, notes: [peerNote(figures)] };
}
