/** Monitor mode control registers of the performance monitor (Power ISA v3.1 Book III, 10.4). */
import { field, fields, type Field } from '../../src/core/bits';

export const MMCR0 = fields({
  /** Freeze all counters; in privileged states; in problem state (inverted by FCPC); while MSR[PMM] is 1; is 0. */
  FC: 32,
  FCS: 33,
  FCP: 34,
  FCM1: 35,
  FCM0: 36,
  /** Performance monitor alert enable: an enabled event makes an alert. */
  PMAE: 37,
  /** Freeze counters on an enabled event. */
  FCECE: 38,
  /** Who controls PMC5 and PMC6; 3: nobody, they run on. */
  PMCC: [44, 45],
  /** PMC1, or one of the others, becoming negative is an event. */
  PMC1CE: 48,
  PMCJCE: 49,
  /** PMC2 to PMC6 wait for an event of PMC1. */
  TRIGGER: 50,
  FCPC: 51,
  PMAQ: 52,
  /** PMC5 and PMC6 count whatever CTRL[RUN] is. */
  CC56RUN: 55,
  /** An alert has occurred: the interrupt's exception exists as long as this is 1. */
  PMAO: 56,
  FC1_4: 58,
  FC5_6: 59,
  /** Freeze PMC1 to PMC4 while CTRL[RUN] is 0. */
  FC1_4WAIT: 62,
});

/** MMCR1[PMCnSEL], n from 1: what PMC1 to PMC4 count. */
export const PMC_SELECT: readonly Field[] = [
  field([32, 39]),
  field([40, 47]),
  field([48, 55]),
  field([56, 63]),
];

/** MMCR1 on POWER9, by counter: the unit whose event it is, and which combination of its lines. */
export const PMC_UNIT: readonly Field[] = [field([0, 3]), field([4, 7]), field([8, 11]), field([12, 15])];
export const PMC_COMBINE: readonly Field[] = [
  field([24, 25]),
  field([26, 27]),
  field([28, 29]),
  field([30, 31]),
];

/** Sign of a counter: a negative one is an event. */
export const PMC = fields({ NEGATIVE: 32, VALUE: [32, 63] });

/** MMCR2: freeze conditions of one counter. @param n its number, 1 to 6 */
export const freezeOf = (n: number): Readonly<Record<'S' | 'P' | 'M1' | 'M0', Field>> => {
  const first = 9 * (n - 1);
  return { S: field(first), P: field(first + 1), M1: field(first + 3), M0: field(first + 4) };
};
