/** Extended mnemonics of the fixed-point, compare, rotate, trap and CR instructions (Power ISA Book I, appendix C). */
import { accepted, printed, withRecord, type Extended, type ExtendedOptions } from './model';

type Names = readonly [mnemonic: string, base: string];
type Values = Readonly<Record<string, string | number>>;

const printedWithRecord = (names: Names, operands: string, values: Values): Extended[] =>
  withRecord(printed(names, operands, values));
const acceptedWithRecord = (
  names: Names,
  operands: string,
  values: Values,
  options?: ExtendedOptions,
): Extended[] => withRecord(accepted(names, operands, values, options));

const ARITHMETIC: readonly Extended[] = [
  printed(['li', 'addi'], 'RT,SI', { RA: 0 }),
  printed(['lis', 'addis'], 'RT,SI', { RA: 0 }),
  accepted(['la', 'addi'], 'RT,SI(RA)', {}),
  accepted(['subi', 'addi'], 'RT,RA,n', { SI: '-n' }),
  accepted(['subis', 'addis'], 'RT,RA,n', { SI: '-n' }),
  accepted(['subic', 'addic'], 'RT,RA,n', { SI: '-n' }),
  accepted(['subic.', 'addic.'], 'RT,RA,n', { SI: '-n' }),
  printed(['lnia', 'addpcis'], 'RT', { D: 0 }),
  accepted(['subpcis', 'addpcis'], 'RT,n', { D: '-n' }),
  ...['', 'o'].flatMap((o) => [
    ...acceptedWithRecord([`sub${o}`, `subf${o}`], 'RT,RB,RA', {}),
    ...acceptedWithRecord([`subc${o}`, `subfc${o}`], 'RT,RB,RA', {}),
  ]),
];

const PREFIXED: readonly Extended[] = [
  printed(['pli', 'paddi'], 'RT,SI', { RA: 0, R: 0 }),
  printed(['pla', 'paddi'], 'RT,SI', { RA: 0, R: 1 }),
  accepted(['pla', 'paddi'], 'RT,SI(RA),R?', {}),
  accepted(['psubi', 'paddi'], 'RT,RA,n,R?', { SI: '-n' }),
];

const LOGICAL: readonly Extended[] = [
  printed(['nop', 'ori'], '', { RA: 0, RS: 0, UI: 0 }),
  // The hint of an exception serialisation (GNU's name).
  printed(['exser', 'ori'], '', { RA: 31, RS: 31, UI: 0 }),
  printed(['xnop', 'xori'], '', { RA: 0, RS: 0, UI: 0 }),
  // Hints to the processor that are no-ops of `or` (Book II, 3.2).
  printed(['miso', 'or'], '', { RA: 26, RS: 26, RB: 26 }),
  printed(['yield', 'or'], '', { RA: 27, RS: 27, RB: 27 }),
  printed(['mdoio', 'or'], '', { RA: 29, RS: 29, RB: 29 }),
  printed(['mdoom', 'or'], '', { RA: 30, RS: 30, RB: 30 }),
  ...printedWithRecord(['mr', 'or'], 'RA,RS', { RB: 'RS' }),
  ...printedWithRecord(['not', 'nor'], 'RA,RS', { RB: 'RS' }),
];

/** The sizes of comparisons: suffix of the mnemonic and L. */
const COMPARISONS: readonly Extended[] = [['w', 0] as const, ['d', 1] as const].flatMap(([size, L]) => [
  printed([`cmp${size}i`, 'cmpi'], 'BF?,RA,SI', { L }),
  printed([`cmp${size}`, 'cmp'], 'BF?,RA,RB', { L }),
  printed([`cmpl${size}i`, 'cmpli'], 'BF?,RA,UI', { L }),
  printed([`cmpl${size}`, 'cmpl'], 'BF?,RA,RB', { L }),
]);

const SELECTS: readonly Extended[] = ['lt', 'gt', 'eq'].map((name, BC) =>
  printed([`isel${name}`, 'isel'], 'RT,RA,RB', { BC }),
);

/** Word rotates; the operand n of the printed ones is the whole 5-bit field. */
const WORD_ROTATES: readonly Extended[] = [
  ...printedWithRecord(['rotlwi', 'rlwinm'], 'RA,RS,SH', { MB: 0, ME: 31 }),
  ...printedWithRecord(['clrlwi', 'rlwinm'], 'RA,RS,MB', { SH: 0, ME: 31 }),
  ...printedWithRecord(['clrrwi', 'rlwinm'], 'RA,RS,n', { SH: 0, MB: 0, ME: '31-n' }),
  ...printedWithRecord(['slwi', 'rlwinm'], 'RA,RS,SH', { MB: 0, ME: '31-SH' }),
  ...printedWithRecord(['srwi', 'rlwinm'], 'RA,RS,MB', { SH: '32-MB', ME: 31 }),
  ...printedWithRecord(['rotlw', 'rlwnm'], 'RA,RS,RB', { MB: 0, ME: 31 }),
  ...acceptedWithRecord(
    ['rotrwi', 'rlwinm'],
    'RA,RS,n',
    { SH: '32-n', MB: 0, ME: 31 },
    { ranges: { n: [0, 31] } },
  ),
  ...acceptedWithRecord(
    ['extlwi', 'rlwinm'], 'RA,RS,n,b', { SH: 'b', MB: 0, ME: 'n-1' }, { ranges: { n: [1, 32], b: [0, 31] } },
  ), // prettier-ignore
  ...acceptedWithRecord(
    ['extrwi', 'rlwinm'], 'RA,RS,n,b', { SH: 'b+n', MB: '32-n', ME: 31 }, { ranges: { n: [1, 31], b: [0, 31] } },
  ), // prettier-ignore
  ...acceptedWithRecord(
    ['clrlslwi', 'rlwinm'], 'RA,RS,b,n', { SH: 'n', MB: 'b-n', ME: '31-n' }, { ranges: { b: [0, 31] } },
  ), // prettier-ignore
  ...acceptedWithRecord(
    ['inslwi', 'rlwimi'], 'RA,RS,n,b', { SH: '32-b', MB: 'b', ME: 'b+n-1' }, { ranges: { n: [1, 32] } },
  ), // prettier-ignore
  ...acceptedWithRecord(
    ['insrwi', 'rlwimi'], 'RA,RS,n,b', { SH: '32-b-n', MB: 'b', ME: 'b+n-1' }, { ranges: { n: [1, 32] } },
  ), // prettier-ignore
];

const DOUBLEWORD_ROTATES: readonly Extended[] = [
  ...printedWithRecord(['rotldi', 'rldicl'], 'RA,RS,SH', { MB: 0 }),
  ...printedWithRecord(['clrldi', 'rldicl'], 'RA,RS,MB', { SH: 0 }),
  ...printedWithRecord(['srdi', 'rldicl'], 'RA,RS,MB', { SH: '64-MB' }),
  ...printedWithRecord(['clrrdi', 'rldicr'], 'RA,RS,n', { SH: 0, ME: '63-n' }),
  ...printedWithRecord(['sldi', 'rldicr'], 'RA,RS,SH', { ME: '63-SH' }),
  ...printedWithRecord(['rotld', 'rldcl'], 'RA,RS,RB', { MB: 0 }),
  ...acceptedWithRecord(['rotrdi', 'rldicl'], 'RA,RS,n', { SH: '64-n', MB: 0 }, { ranges: { n: [0, 63] } }),
  ...acceptedWithRecord(
    ['extldi', 'rldicr'],
    'RA,RS,n,b',
    { SH: 'b', ME: 'n-1' },
    { ranges: { n: [1, 64], b: [0, 63] } },
  ),
  ...acceptedWithRecord(
    ['extrdi', 'rldicl'], 'RA,RS,n,b', { SH: 'b+n', MB: '64-n' }, { ranges: { n: [1, 63], b: [0, 63] } },
  ), // prettier-ignore
  ...acceptedWithRecord(
    ['clrlsldi', 'rldic'], 'RA,RS,b,n', { SH: 'n', MB: 'b-n' }, { ranges: { b: [0, 63] } },
  ), // prettier-ignore
  ...acceptedWithRecord(
    ['insrdi', 'rldimi'], 'RA,RS,n,b', { SH: '64-b-n', MB: 'b' }, { ranges: { n: [1, 64], b: [0, 63] } },
  ), // prettier-ignore
];

/** Names of the values of TO; objdump prints the first one of each. */
const TRAPS: readonly (readonly [name: string, to: number])[] = [
  ['lgt', 1], ['llt', 2], ['eq', 4], ['lge', 5], ['lle', 6], ['gt', 8], ['ge', 12], ['lt', 16], ['le', 20],
  ['ne', 24], ['u', 31],
]; // prettier-ignore
const TRAP_ALIASES: readonly (readonly [name: string, to: number])[] = [
  ['lnl', 5], ['lng', 6], ['nl', 12], ['ng', 20],
]; // prettier-ignore

const trapNames = (names: typeof TRAPS, make: typeof printed): Extended[] =>
  names.flatMap(([name, TO]) =>
    ['w', 'd'].flatMap((size) => [
      make([`t${size}${name}i`, `t${size}i`], 'RA,SI', { TO }),
      make([`t${size}${name}`, `t${size}`], 'RA,RB', { TO }),
    ]),
  );

const TRAP_MNEMONICS: readonly Extended[] = [
  printed(['trap', 'tw'], '', { TO: 31, RA: 0, RB: 0 }),
  ...trapNames(TRAPS, printed),
  ...trapNames(TRAP_ALIASES, accepted),
];

const CONDITION_REGISTER: readonly Extended[] = [
  printed(['crclr', 'crxor'], 'BT', { BA: 'BT', BB: 'BT' }),
  printed(['crset', 'creqv'], 'BT', { BA: 'BT', BB: 'BT' }),
  printed(['crmove', 'cror'], 'BT,BA', { BB: 'BA' }),
  printed(['crnot', 'crnor'], 'BT,BA', { BB: 'BA' }),
  printed(['mtcr', 'mtcrf'], 'RS', { FXM: 255 }),
];

export const EXTENDED_COMPUTATION: readonly Extended[] = [
  ...ARITHMETIC,
  ...PREFIXED,
  ...LOGICAL,
  ...COMPARISONS,
  ...SELECTS,
  ...WORD_ROTATES,
  ...DOUBLEWORD_ROTATES,
  ...TRAP_MNEMONICS,
  ...CONDITION_REGISTER,
];
