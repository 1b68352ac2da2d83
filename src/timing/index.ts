/** Cycle models: what a machine is given to have time in cycles, and what can be asked of it afterwards. */
import type { TimingProfile } from './profile';
import { ReferenceTiming, type Timing } from './timing';
import { WovenTiming } from './woven';

export type { TimingProfile } from './profile';
export type { Timing } from './timing';
export { MICROWATT_PROFILE } from './profiles/microwatt';

/** The slow, obvious model: sees every instruction in TypeScript. */
export const createReferenceTiming = (profile: TimingProfile): Timing => new ReferenceTiming(profile);

/** The model as generated code keeps it: the same cycles, fast. One per machine. */
export const createTiming = (profile: TimingProfile): Timing => new WovenTiming(profile);
