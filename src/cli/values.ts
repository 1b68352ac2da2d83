/**
 * Values of options and operands. Every parser takes the name to show in messages first; what it does not understand
 * is a UserError that says what is expected.
 */
import { UserError } from '../core/errors';

const bad = (option: string, expected: string, found: string): never => {
  throw new UserError(`${option}: expected ${expected}, got "${found}"`);
};

/** Digits with `_` between them. */
const DECIMAL = /^[0-9]+(_[0-9]+)*$/;
const HEX = /^0[xX][0-9a-fA-F]+(_[0-9a-fA-F]+)*$/;

/** An unsigned number, decimal or `0x...`, with `_` anywhere between digits; undefined for anything else. */
function unsigned(text: string): bigint | undefined {
  return DECIMAL.test(text) || HEX.test(text) ? BigInt(text.replaceAll('_', '')) : undefined;
}

/** A 64-bit address: `0xc000_0000_0000_1000`. */
export function parseAddress(option: string, text: string): bigint {
  const value = unsigned(text);
  if (value === undefined || value >> 64n !== 0n)
    return bad(option, 'an address of at most 64 bits such as 0xc000_0000_0000_1000', text);
  return value;
}

const SIZE = /^(.*?)([kmgt])?(?:ib|b)?$/i;
const BINARY: Readonly<Record<string, bigint>> = { K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };
const THOUSANDS: Readonly<Record<string, bigint>> = {
  K: 1000n,
  M: 1000n ** 2n,
  G: 1000n ** 3n,
  T: 1000n ** 4n,
};

/** A number with a suffix of `units`; undefined where it is none or not exact in a double. */
function scaled(text: string, units: Readonly<Record<string, bigint>>): number | undefined {
  const [, digits = '', unit] = SIZE.exec(text) ?? [];
  const plain = unsigned(text);
  const number = plain ?? unsigned(digits);
  if (number === undefined) return undefined;
  const value = number * (plain === undefined && unit ? units[unit.toUpperCase()]! : 1n);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(value);
}

/** A size in bytes: `64K`, `512M`, `2G` (powers of 1024), `0x1000`. At least 1. */
export function parseSize(option: string, text: string): number {
  const value = scaled(text, BINARY);
  return value === undefined || value < 1 ? bad(option, 'a size such as 512M, 2G or 0x100000', text) : value;
}

/** A number of things: `5_000_000`, `10M` (powers of 1000). At least `min`. */
export function parseCount(
  option: string,
  text: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
): number {
  const value = scaled(text, THOUSANDS);
  if (value === undefined || value < min || value > max)
    return bad(
      option,
      max === Number.MAX_SAFE_INTEGER ? `a number of at least ${min}` : `a number from ${min} to ${max}`,
      text,
    );
  return value;
}

/** Names separated by commas, each one of `allowed`. */
export function parseList<T extends string>(option: string, text: string, allowed: readonly T[]): T[] {
  const isAllowed = (name: string): name is T => (allowed as readonly string[]).includes(name);
  return text.split(',').map((item) => {
    const name = item.trim();
    return isAllowed(name) ? name : bad(option, `a list of ${allowed.join(', ')}`, item);
  });
}

/** One of `allowed`. */
export function parseChoice<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === text);
  return found ?? bad(option, `one of ${allowed.join(', ')}`, text);
}

/** `FROM-TO` (both included), `FROM+SIZE`, or one address. */
export function parseAddressRange(option: string, text: string): { from: bigint; to: bigint } {
  const [, first = '', sign, second = ''] = /^([^-+]*)(?:([-+])(.*))?$/.exec(text) ?? [];
  const from = parseAddress(option, first);
  if (sign === undefined) return { from, to: from };
  const to = sign === '-' ? parseAddress(option, second) : from + BigInt(parseSize(option, second)) - 1n;
  if (to < from || to >> 64n !== 0n)
    return bad(option, 'a range FROM-TO or FROM+SIZE that does not end before it begins', text);
  return { from, to };
}

/** `FROM-TO` in instructions, the end not included; `FROM-` to the end. */
export function parseWindow(option: string, text: string): { from: number; to: number } {
  const [, first = '', second = ''] =
    /^([^-]*)-(.*)$/.exec(text) ?? bad(option, 'a window FROM-TO of instructions', text);
  const from = parseCount(option, first);
  const to = second === '' ? Infinity : parseCount(option, second);
  return to <= from ? bad(option, 'a window FROM-TO that is not empty', text) : { from, to };
}

/** `NAME=VALUE` items separated by commas; names in upper case, values as addresses. */
export function parseAssignments(option: string, text: string): [name: string, value: bigint][] {
  return text.split(',').map((item) => {
    const [, name = '', value = ''] =
      /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(item) ?? bad(option, 'NAME=VALUE', item);
    return [name.toUpperCase(), parseAddress(`${option} ${name}`, value)];
  });
}
