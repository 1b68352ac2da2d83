/** Loads and stores of two vectors at once, and of the rightmost element of one (Power ISA v3.1 Book I, 7.6.3). */
import { add, field, i32, i64, load, mode, select, shl, vsr, type I32, type I64 } from '../vocabulary/expr';
import { dispDQ, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setVsr, store, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed, prefixedAddress, relativeWithBase } from '../vocabulary/storage';
import { dw1, vector, type Vector } from '../vocabulary/vector';
import { loadTwo, quadLoaded, quadStored, storeTwo } from '../vocabulary/vector-storage';

const V3_1 = { level: 'v3.1', feature: 'vsx', facility: 'VSX' } as const;
const LOAD: RowProperties = { ...V3_1, timing: 'load' };
const STORE: RowProperties = { ...V3_1, timing: 'store' };

/** The registers of a pair: the field has the number of the even one without its last bit. */
const evenOf = (pair: string): I32 => shl(field(pair), i32(1));
const oddOf = (pair: string): I32 => add(evenOf(pair), i32(1));
/** In little-endian mode the odd register has the first quadword: the pair is one number of 32 bytes. */
const firstOf = <T extends I32 | Vector>(even: T, odd: T): T => select(mode('le'), odd, even) as T;
const secondOf = <T extends I32 | Vector>(even: T, odd: T): T => select(mode('le'), even, odd) as T;

const SECOND = i64(16);
const loadPair = (sum: I64): Sem =>
  atEffective(sum, (ea) =>
    loadTwo(ea, (a, b) =>
      loadTwo(add(ea, SECOND), (c, d) =>
        def(quadLoaded(a, b), (first) =>
          def(quadLoaded(c, d), (second) => [
            setVsr(evenOf('XTp'), firstOf(first, second)),
            setVsr(oddOf('XTp'), secondOf(first, second)),
          ]),
        ),
      ),
    ),
  );
const storePair = (sum: I64): Sem => {
  const [even, odd] = [vsr(evenOf('XSp')), vsr(oddOf('XSp'))];
  return atEffective(sum, (ea) => [
    def(firstOf(even, odd), (value) => storeTwo(ea, quadStored(value))),
    def(secondOf(even, odd), (value) => storeTwo(add(ea, SECOND), quadStored(value))),
  ]);
};

const eightByte = (PO: number): Readonly<Record<string, number>> => ({ PPO: 1, PTYPE: 0, PST: 0, PO });

const SIZES = [['b', 1, 0], ['h', 2, 1], ['w', 4, 2], ['d', 8, 3]] as const; // prettier-ignore
/** The rest of the register becomes 0. */
const rightmost = SIZES.flatMap(([letter, bytes, n]) => [
  insn(
    `lxvr${letter}x`, 'XX1', { PO: 31, XO: 13 + 32 * n }, 'XT,RA,RB', LOAD,
    setVsr('XT', vector(i64(0), load(bytes, indexed))),
  ),
  insn(
    `stxvr${letter}x`, 'XX1', { PO: 31, XO: 141 + 32 * n }, 'XS,RA,RB', STORE,
    store(bytes, indexed, dw1(vsr('XS'))),
  ),
]); // prettier-ignore

export const VSX_PAIR_ROWS: readonly InsnRow[] = [
  insn('lxvp', 'DQ', { PO: 6, XO: 0 }, 'XTp,DQ(RA)', LOAD, loadPair(displaced(dispDQ))),
  insn('stxvp', 'DQ', { PO: 6, XO: 1 }, 'XSp,DQ(RA)', STORE, storePair(displaced(dispDQ))),
  insn('lxvpx', 'X', { PO: 31, XO: 333 }, 'XTp,RA,RB', LOAD, loadPair(indexed)),
  insn('stxvpx', 'X', { PO: 31, XO: 461 }, 'XSp,RA,RB', STORE, storePair(indexed)),
  insn(
    'plxvp', '8LS:D', eightByte(58), 'XTp,D(RA),R', { ...LOAD, invalid: relativeWithBase },
    loadPair(prefixedAddress),
  ),
  insn(
    'pstxvp', '8LS:D', eightByte(62), 'XSp,D(RA),R', { ...STORE, invalid: relativeWithBase },
    storePair(prefixedAddress),
  ),
  ...rightmost,
]; // prettier-ignore
