/** Seconds of the machine's clock to and from civil time, as RTAS has it: year, month, day, hour, minute, second. */

const MS = 1000;
const MIN_YEAR = 1970;
const MAX_YEAR = 9999;

/** The parts, month from 1, and nanoseconds as the last. @param seconds since 1970-01-01 00:00 UTC */
export function civilTime(seconds: number): [number, number, number, number, number, number, number] {
  const date = new Date(seconds * MS);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return [year, month, day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0];
}

/** Seconds since 1970, or undefined for parts that are no time. */
export function secondsOf(parts: readonly number[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (year < MIN_YEAR || year > MAX_YEAR) return undefined;
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / MS;
  // A part out of its range would have moved the others.
  const same = civilTime(seconds).every((part, i) => i >= 6 || part === parts[i]);
  return same ? seconds : undefined;
}
