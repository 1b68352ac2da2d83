/** Names that the tests of hypercalls share. */
import { offsetOf } from '../../../src/state/layout';

/** A status as r3 has it. */
export const status = (value: number): bigint => BigInt(value);
/** All bits: every vCPU, and else an argument that is none. */
export const ALL = -1;
export const STOPPED_AT = offsetOf('STOPPED');
