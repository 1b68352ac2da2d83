/**
 * Extended mnemonics and GNU's operand lists: what assembler and disassembler need beyond the rows. The order of the
 * entries is the order in which objdump tries them.
 */
import { EXTENDED_BRANCHES } from './extended/branches';
import { EXTENDED_COMPUTATION } from './extended/computation';
import { EXTENDED_SPR_MOVES } from './extended/spr-moves';
import { EXTENDED_STORAGE } from './extended/storage';
import { EXTENDED_VECTOR } from './extended/vector';
import type { Extended } from './extended/model';

export const EXTENDED: readonly Extended[] = [
  ...EXTENDED_BRANCHES,
  ...EXTENDED_COMPUTATION,
  ...EXTENDED_SPR_MOVES,
  ...EXTENDED_STORAGE,
  ...EXTENDED_VECTOR,
];

/**
 * Operand lists of base instructions where GNU's differ from the row's: operands that may be left out
 * (see {@link parseOperands}). By the row's mnemonic.
 */
export const GNU_OPERANDS: Readonly<Record<string, string>> = {
  bclr: 'BO,BI,BH?',
  bcctr: 'BO,BI,BH?',
  bctar: 'BO,BI,BH?',
  sc: 'LEV?',
  rfebb: 'S?=1',
  sync: 'LSYNC?,SC2?',
  wait: 'WC?,PL?',
  mtmsr: 'RS,L1?',
  mtmsrd: 'RS,L1?',
  icbt: 'CT?,RA,RB',
  dcbt: 'RA,RB,TH?',
  dcbtst: 'RA,RB,TH?',
  dcbf: 'RA,RB,LDCBF?',
  'paste.': 'RA,RB,L?=1',
  lbarx: 'RT,RA,RB,EH?',
  lharx: 'RT,RA,RB,EH?',
  lwarx: 'RT,RA,RB,EH?',
  ldarx: 'RT,RA,RB,EH?',
  lqarx: 'RTp,RA,RB,EH?',
  slbia: 'IH?',
  slbiag: 'RS,L1?',
  slbmfev: 'RT,RB,L1?',
  slbmfee: 'RT,RB,L1?',
  tlbie: 'RB,RS,RIC?,PRS?,R?',
  tlbiel: 'RB,RS?,RIC?,PRS?,R?',
  paddi: 'RT,RA,SI,R?',
  mtfsf: 'FLM,FRB,L?,W?',
  mtfsfi: 'FPF,U,W?',
};

/** BO values that are not reserved (Book I, 2.4); with hints, z bits zero. */
const BRANCH_OPTIONS = [0, 2, 4, 6, 7, 8, 10, 12, 14, 15, 16, 18, 20, 24, 25, 26, 27] as const;
const ONE_FIELD = [1, 2, 4, 8, 16, 32, 64, 128] as const;

/**
 * Values of operands that GNU as takes and objdump prints, where they are not all that fit the field: the others are
 * reserved. By the row's mnemonic, then by field.
 */
export const GNU_VALUES: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  bc: { BO: BRANCH_OPTIONS },
  bclr: { BO: BRANCH_OPTIONS },
  bcctr: { BO: BRANCH_OPTIONS },
  bctar: { BO: BRANCH_OPTIONS },
  sync: { LSYNC: [0, 1, 2, 4, 5] },
  wait: { WC: [0, 1, 2], PL: [0] },
  dcbf: { LDCBF: [0, 1, 3, 4, 6] },
  mtocrf: { FXM: ONE_FIELD },
  mfocrf: { FXM: ONE_FIELD },
};
