/** Timing profiles by name, and those that a user writes as JSON. */
import { UserError } from '../core/errors';
import { jsonErrorPosition } from '../core/json-position';
import type { TimingProfile } from './profile';
import { PROFILE_RULE } from './profile-schema';
import { MICROWATT_PROFILE } from './profiles/microwatt';
import { POWER9_PROFILE } from './profiles/power9';

export const PROFILES: Readonly<Record<string, TimingProfile>> = {
  microwatt: MICROWATT_PROFILE,
  power9: POWER9_PROFILE,
};

/** Messages of one file that are shown. */
const MOST_PROBLEMS = 10;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a profile has, with what another one says instead: objects key by key, everything else as a whole. */
function merged(base: unknown, changes: unknown): unknown {
  if (!isObject(base) || !isObject(changes)) return changes;
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes))
    out[key] = Object.hasOwn(base, key) ? merged(base[key], value) : value;
  return out;
}

/**
 * Reads a profile.
 *
 * @param file its name, for messages
 * @param json the file's text: a whole profile, or `{"extends": "microwatt", ...}` and what differs
 * @throws UserError that names every problem by its path
 */
export function parseProfile(file: string, json: string): TimingProfile {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UserError(
      `${file}${lineOf(json, jsonErrorPosition(json))}: not JSON: ${(error as Error).message}`,
    );
  }
  if (!isObject(value)) throw new UserError(`${file}: expected an object with a timing profile`);
  const { extends: base, ...own } = value;
  const whole = base === undefined ? own : merged(baseOf(file, base), own);
  const problems: string[] = [];
  PROFILE_RULE.check(whole, '', problems);
  if (problems.length > 0) {
    const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
    const lines = [...problems.slice(0, MOST_PROBLEMS), ...more].map(
      (text) => `${file}: ${text.replace(/^: /, '')}`,
    );
    throw new UserError(`${lines.join('\n')}\n(docs/timing.md describes the format)`);
  }
  return whole as TimingProfile;
}

/** `:LINE:COLUMN` of an offset. */
function lineOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `:${before.length}:${before.at(-1)!.length + 1}`;
}

function baseOf(file: string, name: unknown): TimingProfile {
  if (typeof name === 'string' && Object.hasOwn(PROFILES, name)) return PROFILES[name]!;
  const names = Object.keys(PROFILES).join(', ');
  throw new UserError(`${file}: extends: expected one of ${names}, got ${JSON.stringify(name)}`);
}

/** @throws UserError where `--timing` names neither a profile nor what looks like a file */
export function checkProfileName(name: string): void {
  if (name === 'none' || Object.hasOwn(PROFILES, name) || name === '-' || /[./\\]/.test(name)) return;
  throw new UserError(
    `--timing: expected one of none, ${Object.keys(PROFILES).join(', ')}, or a JSON file, got "${name}"; ` +
      `a file of that name is ./${name}`,
  );
}

/**
 * The profile that `--timing` names: undefined for `none`.
 *
 * @param read gives the text of a file, or throws a UserError
 */
export function profileOf(name: string, read: (file: string) => string): TimingProfile | undefined {
  checkProfileName(name);
  if (name === 'none') return undefined;
  return Object.hasOwn(PROFILES, name) ? PROFILES[name] : parseProfile(name, read(name));
}
