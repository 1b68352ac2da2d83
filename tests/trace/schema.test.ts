/** The schema, its documentation and the coder are one. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { UserError } from '../../src/core/errors';
import { decodeEvent, decodeHeader, encodeEvent, encodeHeader } from '../../src/trace/json';
import {
  EVENT_SHAPES, HYPERCALL_VALUE, NESTED_LEAF, NESTED_STEP, SANITISED, PERMISSION_STEP, REFERENCE_CHANGE_STEP, TRACE_HEADER, TRACE_KINDS, TRACE_VERSION, WALK_FAULT,
  WALK_RESULT, WALK_STEP, type AnyField, type AnyKind, type AnyShape,
} from '../../src/trace/schema'; // prettier-ignore
import { arbitraryEvent, EVENTS } from '../support/trace-events';

const DOC = fs.readFileSync(path.join(__dirname, '../../docs/trace.md'), 'utf8');

/** The table below each `### title` of the document: field name to kind, in order. */
function documented(): Map<string, [string, string][]> {
  const tables = new Map<string, [string, string][]>();
  for (const section of DOC.split(/^### /m).slice(1)) {
    const title = section.slice(0, section.indexOf('\n')).trim();
    const rows = [...section.matchAll(/^\| `(\w+)` +\| (\S+) +\|/gm)];
    tables.set(
      title,
      rows.map(([, name, kind]) => [name!, kind!]),
    );
  }
  return tables;
}

/** Objects by the name that the document gives them. */
const group = (WALK_STEP.group as { optional: { object: AnyShape } }).optional.object;
const OBJECTS = new Map<AnyShape, string>([
  [WALK_STEP, 'step'],
  [group, 'group'],
  [PERMISSION_STEP, 'permission'],
  [REFERENCE_CHANGE_STEP, 'referenceChange'],
  [WALK_RESULT, 'result'],
  [WALK_FAULT, 'fault'],
  [HYPERCALL_VALUE, 'value'],
  [SANITISED, 'sanitised'],
  [NESTED_STEP, 'nestedStep'],
  [NESTED_LEAF, 'leaf'],
]);

function kindText(kind: AnyKind): string {
  if (typeof kind === 'string') return kind;
  return 'list' in kind ? `[${OBJECTS.get(kind.list)}]` : `{${OBJECTS.get(kind.object)}}`;
}
const fieldText = (field: AnyField): string =>
  typeof field === 'object' && 'optional' in field ? `${kindText(field.optional)}?` : kindText(field);
const rowsOf = (shape: AnyShape): [string, string][] =>
  Object.entries(shape).map(([name, field]) => [name, fieldText(field)]);

describe('docs/trace.md', () => {
  const tables = documented();
  const objects = [...OBJECTS].map(
    ([shape, name]) => [EVENT_SHAPES[name as 'fault'] ? `${name} (object)` : name, shape] as const,
  );

  it.each([['trace', TRACE_HEADER] as const, ...Object.entries(EVENT_SHAPES), ...objects])(
    'documents exactly the fields of %s, in order, with their kinds',
    (name, shape: AnyShape) => {
      expect(tables.get(name)).toEqual(rowsOf(shape));
    },
  );

  it('documents nothing else, and the version', () => {
    expect([...tables.keys()].sort()).toEqual(
      ['trace', ...Object.keys(EVENT_SHAPES), ...objects.map(([name]) => name)].sort(),
    );
    expect(DOC).toContain(`## JSON lines, version ${TRACE_VERSION}\n`);
  });

  it('lists the kinds of --trace with their events', () => {
    for (const [kind, events] of Object.entries(TRACE_KINDS)) {
      const row = new RegExp(`^\\| \`${kind}\` +\\| ${events.map((e) => `\`${e}\``).join(', ')} +\\|$`, 'm');
      expect(DOC).toMatch(row);
    }
  });
});

it('every event but those of the end of a run can be asked for', () => {
  const named = Object.values(TRACE_KINDS).flat() as string[];
  expect([...named, 'stats', 'end'].sort()).toEqual(Object.keys(EVENT_SHAPES).sort());
});

describe('the coder', () => {
  it('writes 64-bit values as "0x..." strings and fields in the order of the schema', () => {
    expect(encodeEvent(EVENTS[0]!)).toBe(
      '{"ev":"insn","t":1,"cpu":0,"hv":false,"pr":true,"lpid":1,"pid":5,"ea":"0x100","image":"0x38600001","size":4}',
    );
    expect(encodeHeader({ machine: 'powernv', cpus: 2 })).toBe(
      '{"ev":"trace","version":1,"machine":"powernv","cpus":2}',
    );
  });

  it('reads back what it wrote, for any event', () => {
    for (const event of EVENTS) expect(decodeEvent(encodeEvent(event), 'f:2')).toEqual(event);
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const line = encodeEvent(event);
        expect(line).not.toContain('\n');
        expect(decodeEvent(line, 'f:2')).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });

  const good = encodeEvent(EVENTS[0]!);
  it.each([
    ['no JSON', '{', /^t:2: expected a JSON object, found \{; the trace is damaged/],
    ['no object', '[1]', /expected a JSON object/],
    ['no ev', '{}', /expected "ev" to be one of insn, interrupt/],
    ['an unknown ev', '{"ev":"toString"}', /found "toString"/],
    ['a missing field', good.replace('"t":1,', ''), /^t:2: field t is missing/],
    ['an unknown field', good.replace('{', '{"x":1,'), /unknown field x/],
    ['an inherited name', good.replace('{', '{"constructor":1,'), /unknown field constructor/],
    [
      'a number for hex',
      good.replace('"0x100"', '256'),
      /ea: expected "0x\.\.\." of at most 64 bits, found 256/,
    ],
    ['hex of 65 bits', good.replace('0x100', '0x10000000000000000'), /ea: expected/],
    ['a string for a number', good.replace('"t":1', '"t":"1"'), /t: expected a number, found "1"/],
    ['null for a number', good.replace('"t":1', '"t":null'), /t: expected a number, found null/],
    ['a number for a flag', good.replace('false', '0'), /hv: expected true or false/],
    ['a number for text', encodeEvent(EVENTS[1]!).replace('"pli r3,1"', '1'), /text: expected a string/],
    [
      'counters that are none',
      '{"ev":"stats","t":1,"cpu":0,"counters":{"a":"b"}}',
      /counters: expected an object of numbers/,
    ],
    [
      'steps that are none',
      encodeEvent(EVENTS[3]!).replace(/"steps":\[.*?\]/, '"steps":{}'),
      /steps: expected an array/,
    ],
    [
      'a step that is none',
      encodeEvent(EVENTS[3]!).replace(/"steps":\[.*?\]/, '"steps":[7]'),
      /steps\[0\]: expected an object/,
    ],
    [
      'a damaged step',
      encodeEvent(EVENTS[3]!).replace('"index":8', '"index":true'),
      /steps\[0\]: index: expected a number/,
    ],
  ])('refuses %s', (_, line, message) => {
    expect(() => decodeEvent(line, 't:2')).toThrow(UserError);
    expect(() => decodeEvent(line, 't:2')).toThrow(message);
  });

  it('refuses a file of another kind and another version of the schema', () => {
    expect(decodeHeader(encodeHeader({}), 't:1')).toEqual({ ev: 'trace', version: TRACE_VERSION });
    expect(() => decodeHeader(good, 't:1')).toThrow(/^t:1: expected a line with "ev":"trace"/);
    expect(() => decodeHeader('{"ev":"trace","version":2}', 't:1')).toThrow(
      /expected version 1 .* found 2; use the book3s/,
    );
  });

  it('throws nothing but UserError, whatever the line is', () => {
    const lines = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .tuple(fc.constantFrom(...EVENTS.map(encodeEvent)), fc.nat(), fc.string())
        .map(
          ([line, at, s]) => line.slice(0, at % line.length) + s + line.slice((at % line.length) + s.length),
        ),
    );
    fc.assert(
      fc.property(lines, (line) => {
        try {
          decodeEvent(line, 'f');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
