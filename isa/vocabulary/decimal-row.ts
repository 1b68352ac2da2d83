/**
 * Pieces of rows of decimal instructions (Power ISA Book I, chapter 5): most are two, for numbers in a register and for
 * numbers in a pair of registers, whose even one is named and has the more significant half.
 */
import { field, i32, i64, op, or, vsr, type I32 } from './expr';
import { NO_OPERAND, type Halves } from './decimal-float';
import { fpr, setFpr } from './float';
import { isOdd } from './quad';
import type { IsaLevel, RowProperties, TimingClass } from './row';
import { setVsr, type Sem } from './stmt';
import { vector } from './vector';

/** Opcodes of the two. */
export const LONG_OPCODE = 59;
export const QUAD_OPCODE = 63;

const odd = (pair: string): I32 => or(field(pair), i32(1));
/** A number in a register or pair, by the field's name. */
export const number = (name: string): Halves =>
  name.endsWith('p')
    ? { high: fpr(name), low: op('v128.dw0', vsr(odd(name))) }
    : { high: i64(0), low: fpr(name) };
export const setNumber = (name: string, { high, low }: Halves): Sem =>
  name.endsWith('p') ? [setFpr(name, high), setVsr(odd(name), vector(low, i64(0)))] : setFpr(name, low);

/** Operands a and b of a row that has them by these names. */
export const operandsOf = (names: string): readonly [Halves, Halves] => {
  const all = names.split(',');
  const named = (start: string): Halves => {
    const name = all.find((each) => each.startsWith(start));
    return name === undefined ? NO_OPERAND : number(name);
  };
  return [named('FRA'), named('FRB')];
};

/** True where a pair is named by an odd number: an invalid form. */
const oddPair = (names: string): I32 | undefined => {
  const pairs = names.split(',').filter((name) => name.endsWith('p'));
  return pairs.length === 0 ? undefined : pairs.map(isOdd).reduce((a, b) => or(a, b));
};

export interface DecimalProperties {
  readonly level?: IsaLevel;
  readonly timing?: TimingClass;
  /** Whether there is a variant that records in CR1: true but for comparisons and tests. */
  readonly records?: boolean;
}
/** @param names the operands */
export const decimalProperties = (
  names: string,
  { level = 'v2.05', timing = 'vectorDecimal', records = true }: DecimalProperties,
): RowProperties => {
  const invalid = oddPair(names);
  return {
    ...{ level, timing, feature: 'decimal', facility: 'FP' },
    ...(records ? { suffixes: ['Rc'] } : {}),
    ...(invalid ? { invalid } : {}),
  };
};

/** With which names the form for pairs has what the other calls so. */
export const paired = (names: string): string => names.replace(/\bFR[TAB]\b/g, '$&p');
