/** Saved state as somebody could have made it up: one value of a JSON document replaced by another. */
import type { Json } from '../../src/core/saved-state';
import { Random } from './random';

type Path = readonly (string | number)[];

/** Where all values within a document are, at most `most` of each array. */
export function pathsOf(json: Json, most = 40, path: Path = []): Path[] {
  if (typeof json !== 'object' || json === null) return [path];
  const entries: [string | number, Json][] = Array.isArray(json)
    ? (json as readonly Json[]).slice(0, most).map((item, i) => [i, item])
    : Object.entries(json);
  const below = entries.flatMap(([key, item]) => pathsOf(item, most, [...path, key]));
  return path.length > 0 ? [path, ...below] : below;
}

/** The document with another value in one place; `undefined` takes the place away. */
export function replaced(json: Json, [key, ...rest]: Path, value: Json | undefined): Json {
  if (key === undefined) return value as Json;
  const copy = (Array.isArray(json) ? [...(json as readonly Json[])] : { ...(json as object) }) as Record<
    string | number,
    Json
  >;
  const next = rest.length > 0 ? replaced(copy[key]!, rest, value) : value;
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

export function valueAt(json: Json, path: Path): Json {
  return path.reduce((value, key) => (value as Record<string | number, Json>)[key]!, json);
}

const NUMBERS = [0, 1, -1, 7, 255, 4095, 65535, 65536, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 52, 1e300, 0.5];
const OTHERS: readonly Json[] = [null, true, '', '0x0', '0xffffffffffffffff', 'text', [], {}, [[]], [0]];

/** Another value for a place: near the old one, at a limit, of another type. */
export function mutated(old: Json, random: Random): Json | undefined {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const kind = random.below(10);
  if (kind === 0) return undefined;
  if (kind === 1) return pick(OTHERS);
  if (typeof old === 'number')
    return kind < 6 ? old + pick([1, -1, 8, 16, 4096, 65536, -65536, 2 ** 20]) : pick(NUMBERS);
  if (typeof old === 'boolean') return !old;
  if (typeof old === 'string') {
    if (!/^0x/.test(old)) return kind < 5 ? old.slice(1) : `${old}0`;
    return kind < 6
      ? `0x${(BigInt(old) ^ (1n << BigInt(random.below(64)))).toString(16)}`
      : pick(['0x0', '0x1', old, '0xffffffffffffffff']);
  }
  if (Array.isArray(old)) {
    const items = old as readonly Json[];
    return kind < 4 ? items.slice(1) : kind < 7 ? [...items, ...items.slice(0, 1)] : [...items].reverse();
  }
  return pick(OTHERS);
}
