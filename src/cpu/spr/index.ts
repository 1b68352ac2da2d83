/** mfspr and mtspr (Power ISA v3.1 Book III, 4.4.5). */
import type { SprRow } from '../../../isa/registers/spr';
import type { Cpu } from '../cpu';
import { OUTCOME } from '../outcome';
import { contextChanged, type Service } from '../services/service';
import { plain, type SprHandler } from './handler';
import { REGISTER_SPRS } from './registers';
import { denied, facilityOff } from './rules';
import { TIMER_SPRS } from './timers';
import { TRANSLATION_SPRS } from './translation';

const HANDLERS: ReadonlyMap<string, SprHandler> = new Map(
  Object.entries({ ...REGISTER_SPRS, ...TIMER_SPRS, ...TRANSLATION_SPRS }),
);
const PLAIN = plain('none');

/** How a register is read and written. */
export const handlerOf = (row: SprRow): SprHandler => HANDLERS.get(row.name) ?? PLAIN;

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
