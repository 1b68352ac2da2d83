/** The reservation of a CPU, where TypeScript rather than generated code makes or uses it (Power ISA Book II, 1.7.2). */
import type { CodeModel } from '../engine/variant';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import type { CpuModel } from './models/model';

const RESLEN = offsetOf('RESLEN');
const RESADDR = offsetOf('RESADDR');

/** The rule of a CPU model as generated code has it. */
export const conditionalShift = (model: CpuModel): CodeModel['conditionalShift'] =>
  model.conditionalMatches === 'granule' ? model.reservationShift : 0;

/** Makes a reservation. @param ra host real address of the load, `bytes` its length */
export function reserve({ state }: Cpu, ra: bigint, bytes: number): void {
  state.setInt(RESLEN, bytes);
  state.set(RESADDR, ra);
}

/** Ends the reservation. @returns whether it serves a store conditional of `bytes` bytes at a host real address */
export function consumeReservation(cpu: Cpu, ra: bigint, bytes: number): boolean {
  const { state, model } = cpu;
  const length = state.int(RESLEN);
  state.setInt(RESLEN, 0);
  const shift = conditionalShift(model);
  const sameLength = shift > 0 ? length !== 0 : length === bytes;
  return sameLength && (state.get(RESADDR) ^ ra) >> BigInt(shift) === 0n;
}
