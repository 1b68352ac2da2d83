/**
 * Declarations of options for yargs, and reading them. All values arrive as text and are parsed by values.ts, so that
 * errors look the same everywhere and a number never loses digits.
 */
import type { Argv, Options } from 'yargs';
import { UserError } from '../core/errors';

/** An option with a value. */
export const value = (describe: string, more: Options = {}): Options => ({
  string: true,
  nargs: 1,
  describe,
  ...more,
});

/** An option that is there or not. */
export const flag = (describe: string, more: Options = {}): Options => ({ boolean: true, describe, ...more });

/** Declares an operand. It takes exactly one word, whatever that is: `-` too. */
export const withOperand = (yargs: Argv, name: string, describe: string): Argv =>
  yargs.positional(name, { describe, type: 'string' }).nargs(name, 1);

/** What yargs made of the command line. */
export type Parsed = Readonly<Record<string, unknown>>;

/** The name of an option as the user writes it. */
const shown = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** The text of an option that may be given once and may be empty; undefined where it is not given. */
export function anyTextOf(argv: Parsed, name: string): string | undefined {
  const given = argv[name];
  if (given === undefined) return undefined;
  if (Array.isArray(given)) throw new UserError(`${shown(name)}: given ${given.length} times, expected once`);
  if (typeof given !== 'string') throw new UserError(`${shown(name)}: expected a value`);
  return given;
}

/** The text of an option that may be given once; undefined where it is not given. */
export function textOf(argv: Parsed, name: string): string | undefined {
  const given = anyTextOf(argv, name);
  if (given === '') throw new UserError(`${shown(name)}: expected a value`);
  return given;
}

/** The texts of an option that may be given several times. */
export function textsOf(argv: Parsed, name: string): string[] {
  const given = argv[name];
  return given === undefined ? [] : (Array.isArray(given) ? given : [given]).map(String);
}

/** An option that may be given once, parsed; undefined where it is not given. */
export function parsed<T>(
  argv: Parsed,
  name: string,
  parse: (option: string, text: string) => T,
): T | undefined {
  const text = textOf(argv, name);
  return text === undefined ? undefined : parse(shown(name), text);
}

export const isSet = (argv: Parsed, name: string): boolean => argv[name] === true;

/** An operand (`IMAGE`); yargs has seen to it that it is there unless it is optional. */
export function operand(argv: Parsed, name: string): string | undefined {
  const given = argv[name];
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || given === '')
    throw new UserError(`${name.toUpperCase()}: expected a value`);
  return given;
}

/** `{ key: value }` where there is a value, else nothing: for optional members of option objects. */
export const defined = <K extends string, T>(key: K, item: T | undefined): { readonly [P in K]?: T } =>
  (item === undefined ? {} : { [key]: item }) as { readonly [P in K]?: T };
