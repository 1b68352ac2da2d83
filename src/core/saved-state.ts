/** Saved state as JSON, and readers that accept exactly what was saved and say what is wrong with anything else. */
import { UserError } from './errors';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object that is being read; `where` names it in messages (`snapshot: devices.uart0`). */
export class StateReader {
  private readonly object: { readonly [key: string]: Json };
  private readonly seen = new Set<string>();

  constructor(
    readonly where: string,
    state: Json | undefined,
  ) {
    if (typeof state !== 'object' || state === null || Array.isArray(state))
      throw new UserError(`${where}: expected an object, found ${describe(state)}; the snapshot is damaged`);
    this.object = state as { readonly [key: string]: Json };
  }

  /** @throws UserError: what is at the key is not what was expected */
  fail(key: string, expected: string): never {
    const found = describe(this.object[key]);
    throw new UserError(
      `${this.where}.${key}: expected ${expected}, found ${found}; the snapshot is damaged or of another machine`,
    );
  }

  /** Any value, unchecked. */
  any(key: string): Json | undefined {
    this.seen.add(key);
    return Object.hasOwn(this.object, key) ? this.object[key] : undefined;
  }

  /** Any value, unchecked, that must be there. */
  required(key: string): Json {
    return this.any(key) ?? this.fail(key, 'a value');
  }

  integer(key: string, min: number, max: number): number {
    const value = this.any(key);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      this.fail(key, `an integer from ${min} to ${max}`);
    return value;
  }

  byte(key: string): number {
    return this.integer(key, 0, 0xff);
  }

  boolean(key: string): boolean {
    const value = this.any(key);
    if (typeof value !== 'boolean') this.fail(key, 'true or false');
    return value;
  }

  /** A string of at most `limit` characters. */
  text(key: string, limit = 4096): string {
    const value = this.any(key);
    if (typeof value !== 'string' || value.length > limit)
      this.fail(key, `a string of at most ${limit} characters`);
    return value;
  }

  /** An array of at most `limit` integers from 0 to `max`. */
  integers(key: string, max: number, limit: number): number[] {
    const value = this.any(key);
    const fits = (item: Json): boolean =>
      typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= max;
    if (!Array.isArray(value) || value.length > limit || !value.every(fits))
      this.fail(key, `an array of at most ${limit} integers from 0 to ${max}`);
    return value as number[];
  }

  /** An array of exactly `length` items. */
  list(key: string, length: number): readonly Json[] {
    const value = this.any(key);
    if (!Array.isArray(value) || value.length !== length) this.fail(key, `an array of ${length} items`);
    return value as readonly Json[];
  }

  /** An array of at most `limit` items. */
  array(key: string, limit: number): readonly Json[] {
    const value = this.any(key);
    if (!Array.isArray(value) || value.length > limit) this.fail(key, `an array of at most ${limit} items`);
    return value as readonly Json[];
  }

  /** An array of at most `limit` arrays, each of `width` integers of any sign. */
  tuples(key: string, width: number, limit: number): (readonly number[])[] {
    const fits = (item: Json): boolean =>
      Array.isArray(item) && item.length === width && item.every((value) => Number.isSafeInteger(value));
    const items = this.array(key, limit);
    if (!items.every(fits)) this.fail(key, `arrays of ${width} integers`);
    return items as (readonly number[])[];
  }

  /** The objects of an array of at most `limit` items, each to be read on its own. */
  children(key: string, limit: number): StateReader[] {
    return this.array(key, limit).map((item, i) => new StateReader(`${this.where}.${key}.${i}`, item));
  }

  /** `"0x..."`: an unsigned number of at most `width` bits. */
  hex(key: string, width = 64): bigint {
    return parseHex(this.any(key), width) ?? this.fail(key, `"0x..." of at most ${width} bits`);
  }

  /** Exactly `length` bytes, two hexadecimal digits each (see {@link hexBytes}). */
  bytes(key: string, length: number): Uint8Array {
    const text = this.any(key);
    if (typeof text !== 'string' || text.length !== 2 * length || !DIGITS.test(text))
      this.fail(key, `${length} bytes in hexadecimal`);
    return Uint8Array.from({ length }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
  }

  /** A nested object. */
  child(key: string): StateReader {
    return new StateReader(`${this.where}.${key}`, this.any(key));
  }

  /** The keys that are there. */
  keys(): string[] {
    return Object.keys(this.object);
  }

  /** To be called last: a key that nothing asked for is an error. */
  done(): void {
    const unknown = this.keys().find((key) => !this.seen.has(key));
    if (unknown !== undefined) this.fail(unknown, 'no such key');
  }
}

const HEX = /^0x[0-9a-f]+$/;
const DIGITS = /^[0-9a-f]*$/;

/** Bytes as JSON carries them: two lower-case hexadecimal digits each. */
export const hexBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The value of `"0x..."` when it is an unsigned number of at most `width` bits, else undefined. */
export function parseHex(value: Json | undefined, width: number): bigint | undefined {
  if (typeof value !== 'string' || value.length > 2 + Math.ceil(width / 4) || !HEX.test(value))
    return undefined;
  const number = BigInt(value);
  return number === BigInt.asUintN(width, number) ? number : undefined;
}

/** A value for a message: short, and without looking into what may be nested without end. */
function describe(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length} items`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
