/** The CPU models by name. */
import type { CpuModel, ModelName } from './model';
import { MICROWATT } from './microwatt';
import { POWER10, POWER8, POWER9 } from './power';

export const CPU_MODELS: Readonly<Record<ModelName, CpuModel>> = {
  power8: POWER8,
  power9: POWER9,
  power10: POWER10,
  microwatt: MICROWATT,
};
export { MICROWATT, POWER10, POWER8, POWER9 };
export type { CpuModel, ModelName } from './model';
