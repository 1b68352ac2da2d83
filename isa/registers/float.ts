import { fields, maskOf } from '../../src/core/bits';

/** Floating-Point Status and Control Register (Power ISA Book I, 4.2.2). */
export const FPSCR = fields({
  /** Decimal rounding. */
  DRN: [29, 31],
  /** Some exception bit went from 0 to 1. */
  FX: 32,
  /** An enabled exception, and any invalid operation: computed from the other bits. */
  FEX: 33,
  VX: 34,
  OX: 35,
  UX: 36,
  ZX: 37,
  XX: 38,
  VXSNAN: 39,
  VXISI: 40,
  VXIDI: 41,
  VXZDZ: 42,
  VXIMZ: 43,
  VXVC: 44,
  FR: 45,
  FI: 46,
  /** Class and comparison of the last result. */
  FPRF: [47, 51],
  /** The part of it that comparisons set: less, greater, equal, unordered. */
  FPCC: [48, 51],
  VXSOFT: 53,
  VXSQRT: 54,
  VXCVI: 55,
  /** Enables of VX, OX, UX, ZX and XX, in that order. */
  VE: 56,
  OE: 57,
  UE: 58,
  ZE: 59,
  XE: 60,
  NI: 61,
  /** Binary rounding. */
  RN: [62, 63],
});

/** The causes of VX. */
export const FPSCR_INVALID = maskOf(
  ...[FPSCR.VXSNAN, FPSCR.VXISI, FPSCR.VXIDI, FPSCR.VXZDZ, FPSCR.VXIMZ, FPSCR.VXVC],
  ...[FPSCR.VXSOFT, FPSCR.VXSQRT, FPSCR.VXCVI],
);
export const FPSCR_ENABLES = maskOf(FPSCR.VE, FPSCR.OE, FPSCR.UE, FPSCR.ZE, FPSCR.XE);
/** How far an exception is above its enable. */
export const FPSCR_ENABLE_DISTANCE = FPSCR.VX.shift - FPSCR.VE.shift;
export const FPSCR_SUMMARIES = maskOf(FPSCR.FEX, FPSCR.VX);
/** What changes FX when it goes from 0 to 1. */
export const FPSCR_EXCEPTIONS = maskOf(FPSCR.OX, FPSCR.UX, FPSCR.ZX, FPSCR.XX) | FPSCR_INVALID;
/** Every bit that exists. */
export const FPSCR_BITS = maskOf(...Object.values(FPSCR));
