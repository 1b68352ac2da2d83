/**
 * Instruction forms (Power ISA Book I, 1.6): named fields with ISA bit numbers. A field made of several pieces lists
 * them most significant first. Prefixed forms number the prefix 0:31 and the suffix 32:63.
 */
import type { FieldBits } from './field-bits';

const bits = (from: number, to = from): FieldBits => [[from, to]];
/** A field of the suffix word, by the suffix's own bit numbers. */
const suffix = (from: number, to = from): FieldBits => [[32 + from, 32 + to]];

const PO = bits(0, 5);
const RT = bits(6, 10);
const RA = bits(11, 15);
const RB = bits(16, 20);
const BF = bits(6, 8);
const BFA = bits(11, 13);
const Rc = bits(31);
const GPRS = { RT, RS: RT, RA, RB };
const XO10 = bits(21, 30);
const VRS_3 = { VRT: RT, VRA: RA, VRB: RB };
/** A VSR number: the bit that chooses the upper half is apart from the rest. */
const vsrField = (high: number, from: number): FieldBits => [
  [high, high],
  [from, from + 4],
];
const XT = vsrField(31, 6);
const XT_DQ = vsrField(28, 6);
const XA = vsrField(29, 11);
const XB = vsrField(30, 16);
const XC = vsrField(28, 21);
/** The even register of a pair of VSRs, without its last bit. */
const XTp: FieldBits = [
  [10, 10],
  [6, 9],
];

const PREFIX = { PPO: bits(0, 5), PTYPE: bits(6, 7), PST: bits(8, 8), R: bits(11), PO: suffix(0, 5) };
/** A field of several pieces in the suffix word, by the suffix's own bit numbers. */
const suffixPieces = (pieces: FieldBits): FieldBits => pieces.map(([from, to]) => [32 + from, 32 + to]);
/** A 34-bit displacement or immediate, and its halves: semantics, whose fields have 32 bits, put it together. */
const D0_D1: FieldBits = [
  [14, 31],
  [48, 63],
];
const HALVES = { D0: bits(14, 31), D1: suffix(16, 31) };

export const FORMS = {
  I: { PO, LI: bits(6, 29), AA: bits(30), LK: bits(31) },
  B: { PO, BO: bits(6, 10), BI: bits(11, 15), BD: bits(16, 29), AA: bits(30), LK: bits(31) },
  SC: { PO, LEV: bits(20, 26), SCB: bits(30, 31) },
  D: {
    ...{ PO, ...GPRS, TO: RT, BF, L: bits(10), FRT: RT, FRS: RT },
    ...{ D: bits(16, 31), SI: bits(16, 31), UI: bits(16, 31) },
  },
  DS: {
    PO,
    ...GPRS,
    RTp: RT,
    RSp: RT,
    VRT: RT,
    VRS: RT,
    FRTp: RT,
    FRSp: RT,
    DS: bits(16, 29),
    XO: bits(30, 31),
  },
  DQ: {
    PO,
    ...GPRS,
    RTp: RT,
    DQ: bits(16, 27),
    XO: bits(28, 31),
    XO3: bits(29, 31),
    XT: XT_DQ,
    XS: XT_DQ,
    TX: bits(28),
    XTp,
    XSp: XTp,
  },
  DX: {
    PO,
    RT,
    VRT: RT,
    D: [
      [16, 25],
      [11, 15],
      [31, 31],
    ] as FieldBits,
    XO: bits(26, 30),
  },
  X: {
    ...{ PO, ...GPRS, XO: XO10, Rc, TO: RT, BF, BFA, L: bits(10), FC: RB, NB: RB, SH: RB, CT: bits(7, 10) },
    ...{
      BT: RT,
      BI: RA,
      TH: RT,
      IH: bits(8, 10),
      L1: bits(15),
      L2: bits(14, 15),
      L3: bits(9, 10),
      LSYNC: bits(8, 10),
    },
    ...{
      SC2: bits(14, 15),
      WC: bits(9, 10),
      PL: bits(14, 15),
      RIC: bits(12, 13),
      PRS: bits(14),
      R: bits(15),
    },
    ...{
      EH: bits(31),
      LDCBF: bits(8, 10),
      S: bits(20),
      RSp: RT,
      RTp: RT,
      FRT: RT,
      FRA: RA,
      FRB: RB,
      FRS: RT,
      FRTp: RT,
      FRSp: RT,
    },
    /** Decimal: pairs, sign and width of digits, significance. */
    ...{ FRAp: RA, FRBp: RB, SP: bits(11, 12), S1: bits(11), UIM: bits(10, 15) },
    /** Quad precision: which of the instructions of one opcode, round to odd, classes of data. */
    ...{ VRA: RA, VRB: RB, EO: RA, RO: bits(31), DCMX: bits(9, 15), XTp, XSp: XTp },
    ...{ SR: bits(12, 15), VRT: RT, VRS: RT, SX: bits(31), TX: bits(31), DH: bits(31), SLEV: bits(20, 26) },
    /** Immediates of FPSCR: a field's value, and the rounding modes. */
    ...{ FPF: BF, FPB: RT, U: bits(16, 19), W: bits(15), DRM: bits(18, 20), RM: bits(19, 20) },
    /** Data streams: transient, all of them, number. */
    ...{ T: bits(6), ALL: bits(6), STRM: bits(9, 10) },
    /** hashst and hashchk: the displacement's high bit (its sign is fixed) and low bits. */
    HD: [
      [31, 31],
      [6, 10],
    ] as FieldBits,
    /** Byte-sized immediates and bit fields of later facilities. */
    BHRBE: bits(11, 20),
  },
  XL: {
    PO,
    BT: RT,
    BA: RA,
    BB: RB,
    BO: RT,
    BI: RA,
    BF,
    BFA,
    BH: bits(19, 20),
    XO: XO10,
    LK: bits(31),
    S: bits(20),
  },
  XFX: {
    PO,
    ...GPRS,
    SPR: [
      [16, 20],
      [11, 15],
    ] as FieldBits,
    FXM: bits(12, 19),
    ONE: bits(11),
    XO: XO10,
    BHRBE: bits(11, 20),
  },
  XO: { PO, ...GPRS, OE: bits(21), XO: bits(22, 30), Rc },
  Z23: {
    ...{ PO, ...GPRS, CY: bits(21, 22), XO: bits(23, 30) },
    ...{ VRT: RT, VRB: RB, R: bits(15), RMC: bits(21, 22), EX: bits(31), Rc },
    /** Decimal: registers, pairs, exponent. */
    ...{ FRT: RT, FRA: RA, FRB: RB, FRTp: RT, FRAp: RA, FRBp: RB, TE: RA },
  },
  Z22: {
    ...{ PO, BF, FRT: RT, FRA: RA, FRTp: RT, FRAp: RA, XO: bits(22, 30), Rc },
    /** Digits to shift by, masks of classes and groups. */
    ...{ SH16: bits(16, 21), DCM: bits(16, 21), DGM: bits(16, 21) },
  },
  XS: {
    PO,
    ...GPRS,
    SH: [
      [30, 30],
      [16, 20],
    ] as FieldBits,
    XO: bits(21, 29),
    Rc,
  },
  A: { PO, ...GPRS, BC: bits(21, 25), FRT: RT, FRA: RA, FRB: RB, FRC: bits(21, 25), XO: bits(26, 30), Rc },
  M: { PO, ...GPRS, SH: RB, MB: bits(21, 25), ME: bits(26, 30), Rc },
  MD: {
    PO,
    ...GPRS,
    SH: [
      [30, 30],
      [16, 20],
    ] as FieldBits,
    MB: [
      [26, 26],
      [21, 25],
    ] as FieldBits,
    ME: [
      [26, 26],
      [21, 25],
    ] as FieldBits,
    XO: bits(27, 29),
    Rc,
  },
  MDS: {
    PO,
    ...GPRS,
    MB: [
      [26, 26],
      [21, 25],
    ] as FieldBits,
    ME: [
      [26, 26],
      [21, 25],
    ] as FieldBits,
    XO: bits(27, 30),
    Rc,
  },
  VA: { PO, ...GPRS, RC: bits(21, 25), ...VRS_3, VRC: bits(21, 25), SHB: bits(22, 25), XO: bits(26, 31) },
  VX: {
    ...{ PO, ...VRS_3, RT, RA, RB, BF, XO: bits(21, 31), SIM: RA, UIM: RA },
    /** Numbers of bytes, halfwords and words. */
    ...{ UIM4: bits(12, 15), UIM3: bits(13, 15), UIM2: bits(14, 15) },
    /** More of the opcode in the place of VRA, with a bit that selects what is counted; which bits are gathered. */
    ...{ EO: RA, EO4: bits(11, 14), MP: bits(15), N: bits(13, 15) },
    /** Signed BCD: the opcode without the code of the preferred sign. SHA-2: which function, for which elements. */
    ...{ ONE: bits(21), PS: bits(22), XO9: bits(23, 31), ST: bits(16), SIX: bits(17, 20) },
  },
  VC: { PO, ...VRS_3, EO: RA, Rc: bits(21), XO: bits(22, 31) },
  VN: { PO, ...VRS_3, XO2: bits(21, 22), SH: bits(23, 25), XO: bits(26, 31) },
  XFL: { PO, L: bits(6), FLM: bits(7, 14), W: bits(15), FRB: RB, XO: XO10, Rc },
  XX1: {
    ...{ PO, ...GPRS, XT, XS: XT, XO: XO10, RA2: bits(11, 12), IMM8: bits(13, 20) },
    ...{ VRB: RB, EO: RA, UIM5: RB, IMM5: RA },
  },
  XX2: {
    ...{ PO, XT, XB, UIM2: bits(14, 15), UIM4: bits(12, 15), XO: bits(21, 29), EO: RA, RT, BF },
    /** Classes of data, in one piece and in three; and the opcode around the latter. */
    DCMX: bits(9, 15),
    DCMXV: [
      [25, 25],
      [29, 29],
      [11, 15],
    ] as FieldBits,
    ...{ XO4: bits(21, 24), XO3: bits(26, 28) },
  },
  XX3: {
    PO,
    XT,
    XA,
    XB,
    DM: bits(22, 23),
    SHW: bits(22, 23),
    XO: bits(21, 28),
    XOL: bits(24, 28),
    OE: bits(21),
    ...{ BF, Rc: bits(21), XO7: bits(22, 28) },
  },
  XX4: { PO, XT, XA, XB, XC, XO: bits(26, 27) },
  /** Prefixed: 8LS loads and stores, MLS loads, stores and add immediate, MRR (pnop). */
  '8LS:D': {
    ...PREFIX,
    RT: suffix(6, 10),
    RS: suffix(6, 10),
    RTp: suffix(6, 10),
    RSp: suffix(6, 10),
    RA: suffix(11, 15),
    D: D0_D1,
    ...HALVES,
    ...{ VRT: suffix(6, 10), VRS: suffix(6, 10), XTp: suffixPieces(XTp), XSp: suffixPieces(XTp) },
    /** The upper bit of the register is the last of the opcode. */
    ...{ PO5: suffix(0, 4), XT: suffixPieces(vsrField(5, 6)), XS: suffixPieces(vsrField(5, 6)) },
  },
  'MLS:D': {
    ...PREFIX,
    RT: suffix(6, 10),
    RS: suffix(6, 10),
    FRT: suffix(6, 10),
    FRS: suffix(6, 10),
    RA: suffix(11, 15),
    D: D0_D1,
    SI: D0_D1,
    ...HALVES,
  },
  /** Prefixed: immediates of 32 bits for vectors, and operations on three of them. */
  '8RR:D': {
    ...{ PPO: bits(0, 5), PTYPE: bits(6, 7), PST: bits(8, 11), PO: suffix(0, 5) },
    ...{ XT: suffixPieces(vsrField(15, 6)), XO4: suffix(11, 14), XO3: suffix(11, 13), IX: suffix(14) },
    IMM32: [
      [16, 31],
      [48, 63],
    ] as FieldBits,
  },
  '8RR:XX4': {
    ...{ PPO: bits(0, 5), PTYPE: bits(6, 7), PST: bits(8, 11), UIM: bits(29, 31), IMM8: bits(24, 31) },
    ...{ PO: suffix(0, 5), XO: suffix(26, 27), XT: suffixPieces(XT), XA: suffixPieces(XA) },
    ...{ XB: suffixPieces(XB), XC: suffixPieces(XC) },
  },
  /** SXO: where the suffix, as a word instruction, has its extended opcode, and L of mtmsr. */
  MRR: { ...PREFIX, PFIX: bits(6, 11), SXO: suffix(21, 30), SL: suffix(15) },
} as const satisfies Record<string, Record<string, FieldBits>>;

export type FormName = keyof typeof FORMS;

export const isPrefixed = (form: FormName): boolean => 'PPO' in FORMS[form];

/** The pieces of a field of a form; an unknown field is a defect of the row that names it. */
export function fieldBits(form: FormName, name: string): FieldBits {
  const found = (FORMS[form] as Record<string, FieldBits>)[name];
  if (!found) throw new TypeError(`form ${form} has no field ${name}`);
  return found;
}
