/**
 * Events as lines of JSON and back, by the schema. Writing is the hot path of a recorded run; reading trusts nothing:
 * a trace file is input from outside.
 */
import { UserError } from '../core/errors';
import { hex0x } from '../core/u64';
import type { TraceEvent, TraceHeader } from './events';
import {
  EVENT_SHAPES, TRACE_HEADER, TRACE_VERSION, type AnyField, type AnyKind, type AnyShape,
} from './schema'; // prettier-ignore

type Encoder = (value: unknown) => string;
type Fields = Readonly<Record<string, unknown>>;

function encoderOf(kind: AnyKind): Encoder {
  switch (kind) {
    case 'hex':
      return (value) => `"${hex0x(value as bigint)}"`;
    case 'number':
    case 'flag':
      return (value) => String(value);
    case 'text':
    case 'numbers':
      return (value) => JSON.stringify(value);
    default: {
      if ('object' in kind) return shapeEncoder(kind.object);
      const item = shapeEncoder(kind.list);
      return (value) => `[${(value as unknown[]).map(item).join(',')}]`;
    }
  }
}

const kindOf = (field: AnyField): AnyKind =>
  typeof field === 'object' && 'optional' in field ? field.optional : field;
const isOptional = (field: AnyField): boolean => typeof field === 'object' && 'optional' in field;

/** The encoder of an object: fields in the order of the schema, absent ones left out. */
function shapeEncoder(shape: AnyShape): Encoder {
  const fields = Object.entries(shape).map(([name, field]) => ({
    name,
    key: `${JSON.stringify(name)}:`,
    encode: encoderOf(kindOf(field)),
  }));
  return (value) => {
    let out = '';
    for (const { name, key, encode } of fields) {
      const item = (value as Fields)[name];
      if (item !== undefined) out += `${out ? ',' : ''}${key}${encode(item)}`;
    }
    return `{${out}}`;
  };
}

const encoders = new Map(Object.entries(EVENT_SHAPES).map(([ev, shape]) => [ev, shapeEncoder(shape)]));
const encodeHeaderFields = shapeEncoder(TRACE_HEADER);

/** One event as one line of JSON, without its newline. */
export const encodeEvent = (event: TraceEvent): string => encoders.get(event.ev)!(event);

/** The header line, without its newline. */
export const encodeHeader = (header: Omit<TraceHeader, 'ev' | 'version'>): string =>
  encodeHeaderFields({ ev: 'trace', version: TRACE_VERSION, ...header });

/** Where a line is, for messages: `t.jsonl:12`. */
export type Where = string;

/** The header of a recorded trace, from its first line. */
export function decodeHeader(line: string, where: Where): TraceHeader {
  const object = parseObject(line, where);
  if (object['ev'] !== 'trace')
    throw new UserError(
      `${where}: expected a line with "ev":"trace", found ${quote(line)}; give a trace recorded with --trace-format jsonl`,
    );
  if (object['version'] !== TRACE_VERSION)
    throw new UserError(
      `${where}: expected version ${TRACE_VERSION} of the trace schema, found ${quote(JSON.stringify(object['version']))}; ` +
        'use the book3s that recorded it, or record it again',
    );
  return decodeShape(TRACE_HEADER, object, where) as unknown as TraceHeader;
}

/** The event of one line. Fields that the schema does not know are refused. */
export function decodeEvent(line: string, where: Where): TraceEvent {
  const object = parseObject(line, where);
  const ev = object['ev'];
  const shape =
    typeof ev === 'string' && Object.hasOwn(EVENT_SHAPES, ev)
      ? EVENT_SHAPES[ev as TraceEvent['ev']]
      : undefined;
  if (!shape)
    throw new UserError(
      `${where}: expected "ev" to be one of ${Object.keys(EVENT_SHAPES).join(', ')}, found ${quote(JSON.stringify(ev))}`,
    );
  return decodeShape(shape, object, where) as unknown as TraceEvent;
}

function parseObject(line: string, where: Where): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${where}: expected a JSON object, found ${quote(line)}; the trace is damaged`);
  return value as Record<string, unknown>;
}

const HEX = /^0x[0-9a-f]{1,16}$/;
const isFlat = (value: unknown): value is Record<string, number> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(Number.isFinite);

function decodeShape(
  shape: AnyShape,
  object: Record<string, unknown>,
  where: Where,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(object))
    if (!Object.hasOwn(shape, name)) throw new UserError(`${where}: unknown field ${quote(name)}`);
  for (const [name, field] of Object.entries(shape)) {
    if (Object.hasOwn(object, name)) out[name] = decodeKind(kindOf(field), object[name], `${where}: ${name}`);
    else if (!isOptional(field)) throw new UserError(`${where}: field ${quote(name)} is missing`);
  }
  return out;
}

function decodeKind(kind: AnyKind, value: unknown, where: Where): unknown {
  const expect = (ok: boolean, expected: string): void => {
    if (!ok) throw new UserError(`${where}: expected ${expected}, found ${quote(JSON.stringify(value))}`);
  };
  switch (kind) {
    case 'hex':
      expect(typeof value === 'string' && HEX.test(value), '"0x..." of at most 64 bits');
      return BigInt(value as string);
    case 'number':
      expect(Number.isFinite(value), 'a number');
      return value;
    case 'flag':
      expect(typeof value === 'boolean', 'true or false');
      return value;
    case 'text':
      expect(typeof value === 'string', 'a string');
      return value;
    case 'numbers':
      expect(isFlat(value), 'an object of numbers');
      return value;
    default: {
      if ('list' in kind) {
        expect(Array.isArray(value), 'an array');
        return (value as unknown[]).map((item, i) =>
          decodeKind({ object: kind.list }, item, `${where}[${i}]`),
        );
      }
      expect(typeof value === 'object' && value !== null && !Array.isArray(value), 'an object');
      return decodeShape(kind.object, value as Record<string, unknown>, where);
    }
  }
}

/** A piece of input for a message: short and on one line. */
function quote(input: string | undefined): string {
  const text = input ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
