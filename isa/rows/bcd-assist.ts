/** Binary coded decimal assistance, with densely packed decimal (Power ISA Book I, 3.3.15 and 5.3). */
import { def2, repeated } from '../vocabulary/arith';
import {
  add,
  and,
  extendU,
  gpr,
  i32,
  i64,
  ltU,
  mul,
  or,
  select,
  shl,
  shrU,
  wrap,
  xor,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { insn, type InsnRow } from '../vocabulary/row';
import { assign, def, repeat, setGpr, variable, type Sem } from '../vocabulary/stmt';

const properties = { level: 'v2.06', timing: 'alu' } as const;

/** Sixes in the digits of RA + RB from which no carry went out: what a decimal addition takes back. */
const addg6s: Sem = def2(gpr('RA'), gpr('RB'), (a, b) =>
  def(add(a, b), (sum) => {
    const carriesOut = or(shrU(xor(xor(a, b), sum), i64(4)), shl(extendU(ltU(sum, a)), i64(60)));
    return setGpr('RT', mul(xor(and(carriesOut, repeated(4, 1n)), repeated(4, 1n)), i64(6)));
  }),
);

/** `width` bits of a value whose last is at distance `lsb` from the right. */
const bits = (value: I32, lsb: number, width: number): I32 =>
  and(shrU(value, i32(lsb)), i32((1 << width) - 1));
const joined = (high: I32, width: number, low: I32): I32 => or(shl(high, i32(width)), low);

/** A digit 0..7 from three bits, or 8..9 from its last bit. */
const small = (high2: I32, last: I32): I32 => joined(high2, 1, last);
const large = (last: I32): I32 => or(i32(8), last);

/** The three digits of a declet, bits pqr stu v wxy. */
function decode(declet: I32): I32 {
  const pq = bits(declet, 8, 2);
  const r = bits(declet, 7, 1);
  const st = bits(declet, 5, 2);
  const u = bits(declet, 4, 1);
  const v = bits(declet, 3, 1);
  const wx = bits(declet, 1, 2);
  const y = bits(declet, 0, 1);
  const digits = (a: I32, b: I32, c: I32): I32 => joined(joined(a, 4, b), 4, c);
  const choose = (index: I32, of: readonly [I32, I32, I32, I32]): I32 =>
    select(
      and(index, i32(2)),
      select(and(index, i32(1)), of[3], of[2]),
      select(and(index, i32(1)), of[1], of[0]),
    );
  const twoLarge = choose(st, [
    digits(large(r), large(u), small(pq, y)),
    digits(large(r), small(pq, u), large(y)),
    digits(small(pq, r), large(u), large(y)),
    digits(large(r), large(u), large(y)),
  ]);
  const someLarge = choose(wx, [
    digits(small(pq, r), small(st, u), large(y)),
    digits(small(pq, r), large(u), small(st, y)),
    digits(large(r), small(st, u), small(pq, y)),
    twoLarge,
  ]);
  return select(v, someLarge, digits(small(pq, r), small(st, u), small(wx, y)));
}

/** The declet of three digits, bits abcd efgh ijkm. */
function encode(digits: I32): I32 {
  const a = bits(digits, 11, 1);
  const bc = bits(digits, 9, 2);
  const d = bits(digits, 8, 1);
  const e = bits(digits, 7, 1);
  const fg = bits(digits, 5, 2);
  const h = bits(digits, 4, 1);
  const i = bits(digits, 3, 1);
  const jk = bits(digits, 1, 2);
  const m = bits(digits, 0, 1);
  const declet = (pq: I32, st: I32, wx: I32): I32 => {
    const upper = joined(joined(joined(pq, 1, d), 2, st), 1, h);
    return joined(joined(joined(upper, 1, i32(1)), 2, wx), 1, m);
  };
  const [zero, one, two, three] = [i32(0), i32(1), i32(2), i32(3)];
  const oneLarge = select(a, declet(jk, fg, two), select(e, declet(bc, jk, one), declet(bc, fg, zero)));
  const severalLarge = select(
    and(and(a, e), i),
    declet(zero, three, three),
    select(and(a, e), declet(jk, zero, three), select(a, declet(fg, one, three), declet(bc, two, three))),
  );
  const allSmall = joined(joined(joined(joined(bc, 1, d), 2, fg), 1, h), 4, joined(jk, 1, m));
  const several = or(or(and(a, e), and(a, i)), and(e, i));
  return select(or(or(a, e), i), select(several, severalLarge, oneLarge), allSmall);
}

/** Converts the two right-aligned groups of each word from `from` bits to `to` bits. */
const convert = (from: 10 | 12, to: 10 | 12, group: (value: I32) => I32): Sem =>
  variable(i64(0), (result) => [
    repeat(i32(4), 4, (n) =>
      def2(shl(shrU(n, i32(1)), i32(5)), and(n, i32(1)), (wordShift, second) => {
        const at = (width: number): I64 => extendU(add(wordShift, mul(second, i32(width))));
        return def(and(wrap(shrU(gpr('RS'), at(from))), i32((1 << from) - 1)), (value) =>
          assign(result, or(result, shl(extendU(group(value)), at(to)))),
        );
      }),
    ),
    setGpr('RA', result),
  ]);

export const BCD_ASSIST_ROWS: readonly InsnRow[] = [
  insn('addg6s', 'XO', { PO: 31, XO: 74 }, 'RT,RA,RB', properties, addg6s),
  insn('cdtbcd', 'X', { PO: 31, XO: 282 }, 'RA,RS', properties, convert(10, 12, decode)),
  insn('cbcdtd', 'X', { PO: 31, XO: 314 }, 'RA,RS', properties, convert(12, 10, encode)),
];
