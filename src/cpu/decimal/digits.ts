/** Digits and fields of decimal numbers: BCD, exponents, shifts of significands (Power ISA Book I, 5.6.6). */
import { FPSCR } from '../../../isa/registers/float';
import type { Setting } from './arithmetic';
import { immediateOf } from './compare';
import {
  answer, encode, greatestBiased, invalid, powerOfTen, type Answer, type Format, type Operand,
} from './format'; // prettier-ignore

const NIBBLE = 4n;
/** SP: a sign is wanted, and a positive one is 0b1111. */
const SIGNED = 2;
const ALL_ONES = 1;

/** The rightmost digits, and with SP 2 and 3 a sign after them. */
export function toDigits(b: Operand, { f, control }: Setting): Answer {
  const sp = immediateOf(control);
  const count = f.bits / Number(NIBBLE) - (sp & SIGNED ? 1 : 0);
  const text = (b.coefficient % powerOfTen(count)).toString();
  const digits = BigInt(`0x${text}`);
  if (!(sp & SIGNED)) return { value: digits, status: 0n };
  const sign = b.negative ? 0xdn : sp & ALL_ONES ? 0xfn : 0xcn;
  return { value: (digits << NIBBLE) | sign, status: 0n };
}

/** A number with exponent 0 from digits and, with S=1, a sign after them. */
export function fromDigits(bits: bigint, { f, control }: Setting): Answer {
  const isSigned = immediateOf(control) === 1;
  const sign = isSigned ? bits & 0xfn : 0xcn;
  const text = BigInt.asUintN(f.bits, isSigned ? bits >> NIBBLE : bits).toString(16);
  if (!/^\d+$/.test(text) || sign < 0xan) return invalid(FPSCR.VXCVI.mask, f);
  const negative = sign === 0xbn || sign === 0xdn;
  return answer({ kind: 'finite', negative, coefficient: BigInt(text), exponent: 0 }, f);
}

/** What stands for the exponents of numbers that have none. */
const SPECIAL_EXPONENT = { infinity: -1n, quiet: -2n, signalling: -3n } as const;
export function extractExponent(b: Operand, { f }: Setting): Answer {
  const exponent = b.kind === 'finite' ? BigInt(b.exponent + f.bias) : SPECIAL_EXPONENT[b.kind];
  return { value: BigInt.asUintN(64, exponent), status: 0n };
}

/** Digits of the significand without the first, which infinities and NaNs do not have. */
const trailing = (coefficient: bigint, { precision }: Format): bigint =>
  coefficient % powerOfTen(precision - 1);
const encoded = (x: Operand, f: Format): Answer => ({ value: encode(x, f), status: 0n });

/** @param exponent biased, a signed doubleword */
export function insertExponent(exponent: bigint, b: Operand, { f }: Setting): Answer {
  const biased = BigInt.asIntN(64, exponent);
  const { negative, coefficient } = b;
  if (biased >= 0n && biased <= BigInt(greatestBiased(f)))
    return encoded({ kind: 'finite', negative, coefficient, exponent: Number(biased) - f.bias }, f);
  const { infinity, signalling } = SPECIAL_EXPONENT;
  const kind = biased === infinity ? 'infinity' : biased === signalling ? 'signalling' : 'quiet';
  return encoded({ kind, negative, coefficient: trailing(coefficient, f) }, f);
}

/** Classes and exponents stay. */
function shifted(a: Operand, coefficient: bigint, f: Format): Answer {
  const kept = coefficient % powerOfTen(a.kind === 'finite' ? f.precision : f.precision - 1);
  return encoded({ ...a, coefficient: kept }, f);
}
export const shiftLeft = (a: Operand, { f, control }: Setting): Answer =>
  shifted(a, a.coefficient * powerOfTen(immediateOf(control)), f);
export const shiftRight = (a: Operand, { f, control }: Setting): Answer =>
  shifted(a, a.coefficient / powerOfTen(immediateOf(control)), f);
