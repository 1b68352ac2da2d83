/** Extended mnemonics of storage control and prefixed storage access (Power ISA Book I, II and III). */
import { ROWS } from '../index';
import { printed, type Extended } from './model';

const SYNCHRONIZATION: readonly Extended[] = [
  ...(
    [
      ['hwsync', 0, 0],
      ['lwsync', 1, 0],
      ['ptesync', 2, 0],
      ['phwsync', 4, 0],
      ['plwsync', 5, 0],
      ['stncisync', 1, 1],
      ['stcisync', 0, 2],
      ['stsync', 0, 3],
    ] as const
  ).map(([name, LSYNC, SC2]) => printed([name, 'sync'], '', { LSYNC, SC2 })),
  printed(['waitrsv', 'wait'], '', { WC: 1, PL: 0 }),
  printed(['pause_short', 'wait'], '', { WC: 2, PL: 0 }),
];

/** Data cache touches name the kind of hint that TH gives. */
const TOUCHES: readonly Extended[] = ['dcbt', 'dcbtst'].flatMap((base) => [
  printed([`${base}ct`, base], 'RA,RB,TH?', {}, { ranges: { TH: [0, 7] } }),
  printed([`${base}ds`, base], 'RA,RB,TH?=8', {}, { ranges: { TH: [8, 15] } }),
  printed([`${base}t`, base], 'RA,RB', { TH: 16 }),
]);

const CACHE: readonly Extended[] = [
  ...TOUCHES,
  printed(['dcbna', 'dcbt'], 'RA,RB', { TH: 17 }),
  ...(
    [
      ['dcbfl', 1],
      ['dcbflp', 3],
      ['dcbfps', 4],
      ['dcbstps', 6],
    ] as const
  ).map(([name, LDCBF]) => printed([name, 'dcbf'], 'RA,RB', { LDCBF })),
];

/** A prefixed access relative to the instruction's own address: no base register is written. */
const RELATIVE: readonly Extended[] = ROWS.filter((row) => row.operands.endsWith(',D(RA),R')).map((row) =>
  printed([row.mnemonic, row.mnemonic], row.operands.replace('D(RA),R', 'D'), { RA: 0, R: 1 }),
);

export const EXTENDED_STORAGE: readonly Extended[] = [...SYNCHRONIZATION, ...CACHE, ...RELATIVE];
