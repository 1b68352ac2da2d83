/** Cycle models: what a machine is given to have time in cycles, and what can be asked of it afterwards. */
import type { KanataTrace } from './kanata';
import type { TimingProfile } from './profile';
import { ReferenceTiming, type Timing } from './timing';
import { WovenTiming } from './woven';

export type { TimingProfile } from './profile';
export { KanataTrace, type TraceWindow } from './kanata';
export type { Timing } from './timing';
export { MICROWATT_PROFILE } from './profiles/microwatt';
export { POWER9_PROFILE } from './profiles/power9';
export { parseProfile, profileOf, PROFILES } from './profile-file';
export { PROFILE_SCHEMA } from './profile-schema';
export { timingStatistics, timingText, type TimingStatistics } from './statistics';

/**
 * The slow, obvious model: sees every instruction in TypeScript.
 * @param trace gets a pipeline trace
 */
export const createReferenceTiming = (profile: TimingProfile, trace?: KanataTrace): Timing =>
  new ReferenceTiming(profile, trace);

/** The model as generated code keeps it: the same cycles, fast. One per machine. */
export const createTiming = (profile: TimingProfile): Timing => new WovenTiming(profile);
