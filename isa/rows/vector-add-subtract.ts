/** Vector integer addition and subtraction: modulo, saturating, carries, quadwords (Power ISA Book I, 6.9.1, 6.9.2). */
import { extendU, i32, op, type I32 } from '../vocabulary/expr';
import {
  addEach, every, gtEach, inDw1, LETTER, leastOf, maxEach, minEach, negEach, setSaturatedUnless, shrSEach, SIZES, subEach,
  type Bits, type NarrowBits, type Sign,
} from '../vocabulary/lanes'; // prettier-ignore
import { addQuad, lastBit, notQuad, ofQuad, quad, type Quad } from '../vocabulary/quadword';
import type { InsnRow } from '../vocabulary/row';
import type { Sem } from '../vocabulary/stmt';
import { setVr, vand, vandc, vnot, vsel, vxor, type Vector } from '../vocabulary/vector';
import { A, B, binary, C, set, ternary } from '../vocabulary/vector-row';

type Operation = 'add' | 'sub';
const EXACT = { add: addEach, sub: subEach } as const;
/** Extended opcodes of bytes; those of greater elements follow. */
const MODULO = { add: 0, sub: 1024 } as const;
const SATURATING = { U: { add: 512, sub: 1536 }, S: { add: 768, sub: 1792 } } as const;
const opcode = (first: number, bits: Bits): number => first + 64 * Math.log2(bits / 8);

const modulo = (operation: Operation, bits: Bits): InsnRow =>
  binary(
    `v${operation}u${LETTER[bits]}m`,
    opcode(MODULO[operation], bits),
    set(EXACT[operation](bits, A, B)),
    {
      level: bits === 64 ? 'v2.07' : 'v2.03',
    },
  );

/** Signed words: the sum overflows where both operands have the sign that it has not, and is then by A's sign. */
const saturatedWords = (operation: Operation): Vector => {
  const exact = EXACT[operation](32, A, B);
  const signs = operation === 'add' ? vandc(vxor(exact, A), vxor(A, B)) : vand(vxor(exact, A), vxor(A, B));
  const limit = vxor(shrSEach(32, A, 31), every(32, ~leastOf('S', 32)));
  return vsel(exact, limit, shrSEach(32, signs, 31));
};
/** Unsigned words: what is added is at most what is missing to the greatest, what is taken away at most what is there. */
const cutWords = {
  add: addEach(32, A, minEach('U', 32, vnot(A), B)),
  sub: subEach(32, maxEach('U', 32, A, B), B),
};
const saturated = (operation: Operation, sign: Sign, bits: NarrowBits): Vector => {
  if (bits !== 32) return op(`v128.${operation}Sat${sign}${bits}`, A, B);
  return sign === 'U' ? cutWords[operation] : saturatedWords(operation);
};
const saturating = (operation: Operation, sign: Sign, bits: NarrowBits): InsnRow =>
  binary(
    `v${operation}${sign.toLowerCase()}${LETTER[bits]}s`,
    opcode(SATURATING[sign][operation], bits),
    setSaturatedUnless(saturated(operation, sign, bits), EXACT[operation](bits, A, B)),
  );

/** 1 in the words that carry out; subtraction adds the complement and 1. */
const carryWords = [
  binary('vaddcuw', 384, set(negEach(32, gtEach('U', 32, A, vnot(B))))),
  binary('vsubcuw', 1408, set(addEach(32, every(32, 1), gtEach('U', 32, B, A)))),
];

const sumOf = (operation: Operation, carryIn: I32, body: (sum: Quad, carry: I32) => Sem): Sem =>
  quad(A, (a) => quad(B, (b) => addQuad(a, operation === 'add' ? b : notQuad(b), carryIn, body)));
const quadwords = (operation: Operation): InsnRow[] => {
  const one = operation === 'add' ? i32(0) : i32(1);
  const sum = (carryIn: I32): Sem => sumOf(operation, carryIn, (q) => setVr('VRT', ofQuad(q)));
  const carry = (carryIn: I32): Sem =>
    sumOf(operation, carryIn, (_, out) => setVr('VRT', inDw1(extendU(out))));
  const first = MODULO[operation];
  const extended = operation === 'add' ? 60 : 62;
  const level = { level: 'v2.07' } as const;
  return [
    binary(`v${operation}uqm`, first + 256, sum(one), level),
    binary(`v${operation}cuq`, first + 320, carry(one), level),
    ternary(`v${operation}euqm`, extended, sum(lastBit(C)), level),
    ternary(`v${operation}ecuq`, extended + 1, carry(lastBit(C)), level),
  ];
};

const OPERATIONS = ['add', 'sub'] as const;
export const VECTOR_ADD_SUBTRACT_ROWS: readonly InsnRow[] = [
  ...OPERATIONS.flatMap((operation) => [
    ...SIZES.map((bits) => modulo(operation, bits)),
    ...(['U', 'S'] as const).flatMap((sign) =>
      ([8, 16, 32] as const).map((bits) => saturating(operation, sign, bits)),
    ),
    ...quadwords(operation),
  ]),
  ...carryWords,
];
