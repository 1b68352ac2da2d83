/** Cycle models: what a machine is given to have time in cycles, and what can be asked of it afterwards. */
import type { TimingProfile } from './profile';
import { ReferenceTiming, type Timing } from './timing';
import { WovenTiming } from './woven';

export type { TimingProfile } from './profile';
export { MOST_TRACED, PipelineTrace, type TraceWindow } from './pipeline-trace';
export type { Timing } from './timing';
export { MICROWATT_PROFILE } from './profiles/microwatt';
export { POWER9_PROFILE } from './profiles/power9';
export { checkProfileName, parseProfile, profileOf, PROFILES } from './profile-file';
export { TimingSampler } from './sampler';
export { PROFILE_SCHEMA } from './profile-schema';
export {
  timingStatistics,
  type CpuTiming,
  type DescribeInstruction,
  type TimedInstructions,
  type TimingStatistics,
} from './statistics';
export { timingText } from './statistics-text';

/** The slow, obvious model: sees every instruction in TypeScript. */
export const createReferenceTiming = (profile: TimingProfile): Timing => new ReferenceTiming(profile);

/** The model as generated code keeps it: the same cycles, fast. One per machine. */
export const createTiming = (profile: TimingProfile): Timing => new WovenTiming(profile);
