/** mfspr and mtspr (Power ISA v3.1 Book III, 4.4.5). */
import type { SprRow } from '../../../isa/registers/spr';
import { u64 } from '../../core/u64';
import type { PlainSpr } from '../../engine/spr-code';
import { hasSlot } from '../../state/layout';
import type { Cpu } from '../cpu';
import type { CpuModel } from '../models/model';
import { OUTCOME } from '../outcome';
import { contextChanged, type Service } from '../services/service';
import { plain, type SprHandler } from './handler';
import { REGISTER_SPRS } from './registers';
import { denied, facilityOff, isUnconditional } from './rules';
import { TIMER_SPRS } from './timers';
import { TRANSLATION_SPRS } from './translation';

const HANDLERS: ReadonlyMap<string, SprHandler> = new Map(
  Object.entries({ ...REGISTER_SPRS, ...TIMER_SPRS, ...TRANSLATION_SPRS }),
);
const PLAIN = plain('none');

/** How a register is read and written. */
const handlerOf = (row: SprRow): SprHandler => HANDLERS.get(row.name) ?? PLAIN;

/** The registers of a model that are only a doubleword of state, which generated code moves by itself. */
export const plainSprs = (model: CpuModel): readonly PlainSpr[] =>
  [...model.sprs.values()]
    .filter(({ name }) => !HANDLERS.has(name) && hasSlot(name) && isUnconditional(name))
    .map(({ num, name, read, write, mask }) => ({
      num, name, read, write, ...(model.sprMasks[name] ?? { writable: mask ?? u64(-1n), fixed: 0n }),
    })); // prettier-ignore

/** SPR numbers have 10 bits. */
const numberOf = (cpu: Cpu): number => cpu.argInt(0) & 0x3ff;

/** An access that is a no-op leaves RT as it is. */
export const mfspr: Service = (cpu) => {
  const num = numberOf(cpu);
  const row = cpu.model.sprs.get(num);
  const no = denied(cpu, num, row?.read ?? 'none');
  if (no !== undefined) {
    cpu.result = cpu.arg(1);
    return no;
  }
  const off = facilityOff(cpu, row!.name);
  if (off !== undefined) return off;
  cpu.result = handlerOf(row!).read(cpu, row!);
  return OUTCOME.NEXT;
};

export const mtspr: Service = (cpu) => {
  const num = numberOf(cpu);
  const row = cpu.model.sprs.get(num);
  const no = denied(cpu, num, row?.write ?? 'none') ?? facilityOff(cpu, row!.name);
  if (no !== undefined) return no;
  return handlerOf(row!).write(cpu, cpu.arg(1), row!) === 'context' ? contextChanged(cpu) : OUTCOME.NEXT;
};

/** The value of an SPR as hypervisor state would read it: for debuggers and dumps. Undefined: the model lacks it. */
export function peekSpr(cpu: Cpu, num: number): bigint | undefined {
  const row = cpu.model.sprs.get(num);
  return row && row.read !== 'none' ? handlerOf(row).read(cpu, row) : undefined;
}

/** Writes an SPR as hypervisor state would, with all that a write does: for debuggers. False: the model cannot. */
export function pokeSpr(cpu: Cpu, num: number, value: bigint): boolean {
  const row = cpu.model.sprs.get(num);
  if (!row || row.write === 'none') return false;
  if (handlerOf(row).write(cpu, value, row) === 'context') contextChanged(cpu);
  return true;
}
