/**
 * Values of i32 expressions that the instruction alone decides: register numbers, counts and conditions over fields.
 * It folds nothing else; the engine's code generator has its own folding of whole semantics.
 */
import type { Expr, LocalNode } from './expr';
import type { OpName } from './ops';

export interface Known {
  /** The value of a field, if known; sign-extended where `signed`. */
  readonly field: (name: string, signed: boolean) => number | undefined;
  /** The value of a local, if known. */
  readonly local: (local: LocalNode) => number | undefined;
}

type Fold = (a: number, b: number) => number;
const truth = (value: boolean): number => (value ? 1 : 0);

const FOLDS: Partial<Record<OpName, Fold>> = {
  'i32.add': (a, b) => a + b,
  'i32.sub': (a, b) => a - b,
  'i32.mul': Math.imul,
  'i32.and': (a, b) => a & b,
  'i32.or': (a, b) => a | b,
  'i32.xor': (a, b) => a ^ b,
  'i32.shl': (a, b) => a << b,
  'i32.shrU': (a, b) => a >>> b,
  'i32.shrS': (a, b) => a >> b,
  'i32.clz': (a) => Math.clz32(a),
  'i32.eqz': (a) => truth(a === 0),
  'i32.eq': (a, b) => truth(a === b),
  'i32.ne': (a, b) => truth(a !== b),
  'i32.ltU': (a, b) => truth(a >>> 0 < b >>> 0),
  'i32.gtU': (a, b) => truth(a >>> 0 > b >>> 0),
  'i32.leU': (a, b) => truth(a >>> 0 <= b >>> 0),
  'i32.geU': (a, b) => truth(a >>> 0 >= b >>> 0),
  'i32.ltS': (a, b) => truth(a < b),
  'i32.gtS': (a, b) => truth(a > b),
  'i32.leS': (a, b) => truth(a <= b),
  'i32.geS': (a, b) => truth(a >= b),
};

/** The value of an expression as an int32, or undefined where more than known fields decides it. */
export function constantOf(e: Expr, known: Known): number | undefined {
  switch (e.k) {
    case 'const':
      return e.ty === 'i32' ? Number(BigInt.asIntN(32, e.value)) : undefined;
    case 'field':
      return known.field(e.name, e.signed);
    case 'local':
      return known.local(e);
    case 'select': {
      const cond = constantOf(e.cond, known);
      return cond === undefined ? undefined : constantOf(cond !== 0 ? e.then : e.else, known);
    }
    case 'op':
      return operator(e, known);
    default:
      return undefined;
  }
}

function operator(e: Extract<Expr, { k: 'op' }>, known: Known): number | undefined {
  const fold = FOLDS[e.op];
  if (!fold) return undefined;
  const [a, b] = e.args.map((arg) => constantOf(arg, known));
  // One operand decides it; rows put no storage access and no service under an `and` with a field.
  if (e.op === 'i32.and' && (a === 0 || b === 0)) return 0;
  if (a === undefined || (b === undefined && e.args.length === 2)) return undefined;
  return fold(a, b ?? 0) | 0;
}
