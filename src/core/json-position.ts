/** Where a text stops being JSON: parsers say that it does, and not all of them say where. */

/** White space, then one token: punctuation, string, number or word. */
const TOKEN =
  /[ \t\n\r]*(?:([[\]{}:,])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null))/y;

/** What may come next. */
type Expected = 'value' | 'first' | 'key' | 'firstKey' | 'colon' | 'more' | 'end';

/** What follows a value, by what it is in. */
const after = (stack: readonly string[]): Expected => (stack.length === 0 ? 'end' : 'more');

/**
 * The offset of the first token that cannot be there; the text's length where only its end is missing.
 * @param text no JSON
 */
export function jsonErrorPosition(text: string): number {
  const stack: string[] = [];
  let expected: Expected = 'value';
  for (let at = 0; ;) {
    const start = at + /^[ \t\n\r]*/.exec(text.slice(at, at + LOOK))![0].length;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) return start;
    const next = step(stack, expected, { sign: match[1], isText: match[2] !== undefined });
    if (next === undefined) return start;
    expected = next;
    at = TOKEN.lastIndex;
    if (expected === 'end') return at + /^[ \t\n\r]*/.exec(text.slice(at, at + LOOK))![0].length;
  }
}
/** White space that is looked over to show the token and not what is before it. */
const LOOK = 4096;

interface Token {
  /** Punctuation; absent: a value. */
  readonly sign: string | undefined;
  readonly isText: boolean;
}

/** What is expected behind a token, or undefined where the token cannot be there. */
function step(stack: string[], expected: Expected, { sign, isText }: Token): Expected | undefined {
  switch (expected) {
    case 'firstKey':
    case 'key':
      if (isText) return 'colon';
      return sign === '}' && expected === 'firstKey' ? close(stack) : undefined;
    case 'colon':
      return sign === ':' ? 'value' : undefined;
    case 'more':
      if (sign === ',') return stack.at(-1) === '{' ? 'key' : 'value';
      return sign === (stack.at(-1) === '{' ? '}' : ']') ? close(stack) : undefined;
    case 'first':
      if (sign === ']') return close(stack);
      break;
    case 'end':
      return undefined;
    case 'value':
      break;
  }
  if (sign === undefined) return after(stack);
  if (sign !== '{' && sign !== '[') return undefined;
  stack.push(sign);
  return sign === '{' ? 'firstKey' : 'first';
}

function close(stack: string[]): Expected {
  stack.pop();
  return after(stack);
}
