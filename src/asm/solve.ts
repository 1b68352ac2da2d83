/** Between operand values and instruction images: equations evaluated forwards (assemble) and solved (disassemble). */
import { GNU_VALUES } from '../../isa/extended';
import type { Linear } from '../../isa/extended/model';
import { extractField, insertField } from '../../isa/vocabulary/field-bits';
import { rawOf, valueOf } from './operand';
import { isInvalidForm } from './row-facts';
import type { Equation, Syntax } from './syntax';

export type Values = Readonly<Record<string, number>>;

/** Unsigned value of a field of an image. */
const rawField = (image: bigint, { instruction }: Syntax, { pieces }: Equation): number =>
  Number(extractField(image, instruction.size, pieces));

/** True where GNU takes the value of this field; the others are reserved. */
const isTaken = ({ instruction }: Syntax, { field }: Equation, raw: number): boolean =>
  GNU_VALUES[instruction.row.mnemonic]?.[field]?.includes(raw) ?? true;

function sum({ constant, terms }: Linear, values: Values): number {
  return Object.entries(terms).reduce((total, [name, factor]) => total + factor * values[name]!, constant);
}

/** The one operand of an equation that is not yet known, with its factor. */
function onlyUnknown(equation: Equation, known: Values): [name: string, factor: number] | undefined {
  const unknown = Object.entries(equation.value.terms).filter(([name]) => known[name] === undefined);
  return unknown.length === 1 ? unknown[0] : undefined;
}

const wrapTo = (width: number, value: number): number => ((value % 2 ** width) + 2 ** width) % 2 ** width;

const holds = ({ value, wraps, kind }: Equation, operands: Values, found: number): boolean => {
  const expected = sum(value, operands);
  return (wraps ? wrapTo(kind.width, expected) : expected) === found;
};

/**
 * The operand values that give an image (whose fixed bits match), or undefined where this syntax does not write it:
 * another value in a field it fixes, or a value GNU refuses.
 */
export function solve(syntax: Syntax, image: bigint): Values | undefined {
  const fields = syntax.equations.map((equation) => ({ equation, raw: rawField(image, syntax, equation) }));
  if (!fields.every(({ equation, raw }) => syntax.printOnly || isTaken(syntax, equation, raw)))
    return undefined;
  const known: Record<string, number> = {};
  for (let progress = true; progress;) {
    progress = false;
    for (const { equation, raw } of fields) {
      const unknown = onlyUnknown(equation, known);
      if (!unknown) continue;
      const [name, factor] = unknown;
      known[name] = (valueOf(equation.kind, raw) - sum(equation.value, { ...known, [name]: 0 })) / factor;
      progress = true;
    }
  }
  const exact = fields.every(({ equation, raw }) => holds(equation, known, valueOf(equation.kind, raw)));
  const inRange = syntax.operands.every(({ name, range: [least, most] }) => {
    const value = known[name];
    return value !== undefined && Number.isInteger(value) && value >= least && value <= most;
  });
  return exact && inRange ? known : undefined;
}

/** Why operand values do not make an instruction. */
export interface EncodeProblem {
  /** The operand at fault; undefined: their combination. */
  readonly operand: string | undefined;
  readonly expected: string;
}

export type Encoded = { readonly image: bigint } | EncodeProblem;

/** The field that an equation gives, or the problem. */
function encodeField(syntax: Syntax, equation: Equation, values: Values): number | EncodeProblem {
  const { kind, value, wraps } = equation;
  const total = sum(value, values);
  const raw = rawOf(kind, wraps ? wrapTo(kind.width, total) : total);
  const [operand] = Object.keys(value.terms);
  if (typeof raw === 'string') return { operand, expected: raw };
  const taken = GNU_VALUES[syntax.instruction.row.mnemonic]?.[equation.field];
  return taken && !taken.includes(raw) ? { operand, expected: `one of ${taken.join(', ')}` } : raw;
}

/** The image of an instruction with these operand values, reserved bits zero. */
export function encode(syntax: Syntax, values: Values): Encoded {
  for (const { name, range } of syntax.operands)
    if (values[name]! < range[0] || values[name]! > range[1])
      return { operand: name, expected: `${range[0]} to ${range[1]}` };
  const { instruction } = syntax;
  let image = instruction.match;
  for (const equation of syntax.equations) {
    const raw = encodeField(syntax, equation, values);
    if (typeof raw !== 'number') return raw;
    image |= insertField(BigInt(raw), instruction.size, equation.pieces);
  }
  if (isInvalidForm(instruction, image))
    return { operand: undefined, expected: 'other registers: this combination is an invalid form' };
  return { image };
}
