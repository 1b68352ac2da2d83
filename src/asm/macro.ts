/** Macros and repetitions: definition, arguments, substitution of `\name`, `\@` and `\()`. */
import { SourceProblem, type Location } from './errors';
import type { Statement } from './source';

interface Parameter {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly required: boolean;
  readonly vararg: boolean;
}

export interface Macro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

const PARAMETER = /^([A-Za-z_.$][\w.$]*)(?::(req|vararg))?(?:\s*=\s*(.*))?$/s;

/** Cuts arguments at commas and at blanks, but not in quotation marks, parentheses or around operators. */
export function splitArguments(text: string): string[] {
  const out: string[] = [];
  // A name with `=` keeps the blanks around it out of the way of the cutting.
  const source = text.trim().replace(/\s*=\s*/g, '=');
  if (source === '') return out;
  const piece =
    /\s*((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^\\])'?|\((?:[^()]|\([^()]*\))*\)|\s*(?:[-+*/|&^]|<<|>>)\s*|[^\s,"'])*)\s*(,|$)?/y;
  while (piece.lastIndex < source.length) {
    const [, argument, separator] = piece.exec(source)!;
    out.push(argument!.trim());
    if (separator === ',' && piece.lastIndex === source.length) out.push('');
  }
  return out;
}

/** Parses what follows `.macro`. */
export function defineMacro(header: string, body: readonly Statement[]): Macro {
  const match = /^\s*([A-Za-z_.$][\w.$]*)\s*,?\s*(.*)$/s.exec(header);
  if (!match) throw new SourceProblem('expected a name after .macro');
  const parameters = splitArguments(match[2]!).map((text) => {
    const parts = PARAMETER.exec(text);
    if (!parts) throw new SourceProblem(`expected a parameter name, found "${text}"`);
    const [, name, mode, fallback] = parts;
    return { name: name!, fallback, required: mode === 'req', vararg: mode === 'vararg' };
  });
  return { name: match[1]!, parameters, body };
}

/** A string argument stands for its content. */
const unquoted = (text: string): string => (/^"(?:\\.|[^"\\])*"$/s.test(text) ? text.slice(1, -1) : text);

/** Binds the arguments of a use to the macro's parameters. */
function bind({ name, parameters }: Macro, text: string): Map<string, string> {
  const values = new Map<string, string>();
  const fixed = parameters.filter((p) => !p.vararg);
  const pieces = splitArguments(text);
  let position = 0;
  for (const piece of pieces.slice(0, parameters.some((p) => p.vararg) ? fixed.length : undefined)) {
    const [, key, value] = /^([A-Za-z_.$][\w.$]*)=(?!=)(.*)$/s.exec(piece) ?? [];
    const parameter = parameters.find((p) => p.name === key) ?? fixed[position++];
    if (!parameter)
      throw new SourceProblem(`macro ${name} takes ${fixed.length} arguments, found ${pieces.length}`);
    const given = parameter.name === key ? value! : piece;
    if (given !== '') values.set(parameter.name, unquoted(given));
  }
  const vararg = parameters.find((p) => p.vararg);
  if (vararg) values.set(vararg.name, pieces.slice(fixed.length).join(','));
  for (const { name: parameter, fallback, required } of parameters) {
    if (values.has(parameter)) continue;
    if (required) throw new SourceProblem(`macro ${name} needs a value for ${parameter}`);
    values.set(parameter, fallback === undefined ? '' : unquoted(fallback));
  }
  return values;
}

/** Replaces `\name`; the longest parameter name that fits is meant, as GNU as has it. */
function substitute(text: string, values: ReadonlyMap<string, string>, count: number): string {
  return text.replace(/\\(@|\(\)|[A-Za-z_.$][\w.$]*)/g, (whole, name: string) => {
    if (name === '@') return String(count);
    if (name === '()') return '';
    for (let length = name.length; length > 0; length--) {
      const value = values.get(name.slice(0, length));
      if (value !== undefined) return value + name.slice(length);
    }
    return whole;
  });
}

/** Longer statements come from macros that double their text. */
const MAX_LENGTH = 1 << 16;

function expandBody(
  body: readonly Statement[],
  values: ReadonlyMap<string, string>,
  use: { count: number; location: Location },
): Statement[] {
  return body.map(({ text, location }) => {
    const expanded = substitute(text, values, use.count);
    if (expanded.length > MAX_LENGTH)
      throw new SourceProblem(`a statement grew longer than ${MAX_LENGTH} characters`);
    return { text: expanded, location: { ...location, from: use.location } };
  });
}

/** The statements that a use of a macro stands for. `count`: how many uses there were before. */
export const expandMacro = (
  macro: Macro,
  argumentText: string,
  use: { count: number; location: Location },
): Statement[] => expandBody(macro.body, bind(macro, argumentText), use);

/** The body once for each value of a name: `.irp`. */
export const expandForEach = (
  body: readonly Statement[],
  name: string,
  values: readonly string[],
  use: { count: number; location: Location },
): Statement[] => values.flatMap((value) => expandBody(body, new Map([[name, unquoted(value)]]), use));
