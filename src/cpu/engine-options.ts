/** What the engine has to know of a CPU model. */
import { hasRow } from '../../isa/decoder';
import type { EngineOptions } from '../engine/engine';
import type { ExecutionOptions } from './execution-options';
import { conditionalShift } from './reservation';
import { plainSprs } from './spr';

export function engineOptions(options: ExecutionOptions): EngineOptions {
  const { model } = options;
  const implemented = { level: model.level, features: model.features };
  return {
    ramSize: options.ramSize,
    cpus: options.cpus ?? 1,
    code: {
      blockShift: model.cacheBlockShift,
      cracksLoadUpdates: model.cracksLoadUpdates,
      keepsReservedXer: model.keepsReservedXer,
      tabulatedEstimates: model.tabulatedEstimates,
      conditionalShift: conditionalShift(model),
      plainSprs: plainSprs(model),
    },
    implements: (row) => hasRow(implemented, row),
    reservationShift: model.reservationShift,
    ...(options.timing?.weaver ? { weaver: options.timing.weaver } : {}),
    ...(options.recordSlots === undefined ? {} : { recordSlots: options.recordSlots }),
  };
}
