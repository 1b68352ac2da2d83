/**
 * Load and store multiple and string (Power ISA Book I, 3.3.6 and 3.3.7). All raise an alignment interrupt in
 * little-endian mode (Book III, 7.5.8). choice: unaligned operands are performed; a store that faults on its second
 * page has stored on its first.
 */
import {
  add,
  and,
  eq,
  extendU,
  field,
  geU,
  gpr,
  gprOrZero,
  i32,
  i64,
  load,
  ltU,
  mode,
  ne,
  or,
  resource,
  select,
  shl,
  shrU,
  sub,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { dispD, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, raise, repeat, setGpr, store, when, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed, touchPages } from '../vocabulary/storage';

const MULTIPLE = { storage: 'multiple' } as const;
const REGISTERS = 32;
/** The most bytes that XER[57:63] counts. */
const MAX_STRING = 127;

const bigEndianOnly = (ea: I64, body: Sem): Sem => when(mode('le'), raise('alignment', ea), body);

/** How many registers there are from `first` to 31, and the address of the word of one. */
const wordsFrom = (first: string): I32 => sub(i32(REGISTERS), field(first));
const wordAt = (ea: I64, i: I32): I64 => add(ea, extendU(shl(i, i32(2))));

const loadMultiple: Sem = atEffective(displaced(dispD), (ea) =>
  bigEndianOnly(ea, [
    touchPages(ea, extendU(shl(wordsFrom('RT'), i32(2)))),
    repeat(wordsFrom('RT'), REGISTERS, (i) => setGpr(add(field('RT'), i), load(4, wordAt(ea, i), MULTIPLE))),
  ]),
);
const storeMultiple: Sem = atEffective(displaced(dispD), (ea) =>
  bigEndianOnly(
    ea,
    repeat(wordsFrom('RS'), REGISTERS, (i) => store(4, wordAt(ea, i), gpr(add(field('RS'), i)), MULTIPLE)),
  ),
);

/** Bytes of an immediate string: NB, where 0 stands for 32. */
const immediateLength: I32 = select(field('NB'), field('NB'), i32(32));
/** Bytes of an indexed string: XER[57:63]. */
const countedLength: I32 = and(resource('XERLOW'), i32(MAX_STRING));

/** The register of byte i of a string, four a register from `first`, wrapping from 31 to 0. */
const registerOf = (first: string, i: I32): I32 =>
  and(add(field(first), shrU(i, i32(2))), i32(REGISTERS - 1));
/** How far byte i of a string is from the right end of its register. */
const placeOf = (i: I32): I64 => extendU(shl(sub(i32(3), and(i, i32(3))), i32(3)));

/** True where a register is among those that a string of `length` bytes loads. */
const isLoaded = (register: string, length: I32): I32 =>
  ltU(and(sub(field(register), field('RT')), i32(REGISTERS - 1)), shrU(add(length, i32(3)), i32(2)));

/** Each register begins with 0, so that what the string does not fill is 0. */
const loadString = (ea: I64, length: I32): Sem =>
  repeat(length, MAX_STRING, (i) =>
    def(registerOf('RT', i), (register) =>
      def(shl(load(1, add(ea, extendU(i)), MULTIPLE), placeOf(i)), (byte) =>
        setGpr(register, or(byte, select(and(i, i32(3)), gpr(register), i64(0)))),
      ),
    ),
  );
const storeString = (ea: I64, length: I32): Sem =>
  repeat(length, MAX_STRING, (i) =>
    store(1, add(ea, extendU(i)), shrU(gpr(registerOf('RS', i)), placeOf(i)), MULTIPLE),
  );

/** choice: RA = 0, which is no register, may be in the range: undefined by the manual, IBM's processors load. */
const loadIndexedString: Sem = def(countedLength, (length) => [
  when(or(and(ne(field('RA'), i32(0)), isLoaded('RA', length)), isLoaded('RB', length)), raise('illegal')),
  atEffective(indexed, (ea) =>
    bigEndianOnly(ea, [when(length, touchPages(ea, extendU(length))), loadString(ea, length)]),
  ),
]);

const eitherIsTarget: I32 = or(eq(field('RT'), field('RA')), eq(field('RT'), field('RB')));

export const LOAD_STORE_MULTIPLE_ROWS: readonly InsnRow[] = [
  insn(
    'lmw', 'D', { PO: 46 }, 'RT,D(RA)',
    // The base among the registers loaded, RA = 0 included.
    { level: 'P1', feature: 'string', timing: 'load', invalid: geU(field('RA'), field('RT')) },
    loadMultiple,
  ),
  insn(
    'stmw', 'D', { PO: 47 }, 'RS,D(RA)', { level: 'P1', feature: 'string', timing: 'store' },
    storeMultiple,
  ),
  insn(
    'lswi', 'X', { PO: 31, XO: 597 }, 'RT,RA,NB',
    { level: 'P1', feature: 'string', timing: 'load', invalid: isLoaded('RA', immediateLength) },
    atEffective(gprOrZero('RA'), (ea) =>
      bigEndianOnly(ea, [touchPages(ea, extendU(immediateLength)), loadString(ea, immediateLength)]),
    ),
  ),
  insn(
    'lswx', 'X', { PO: 31, XO: 533 }, 'RT,RA,RB',
    { level: 'P1', feature: 'string', timing: 'load', invalid: eitherIsTarget },
    loadIndexedString,
  ),
  insn(
    'stswi', 'X', { PO: 31, XO: 725 }, 'RS,RA,NB', { level: 'P1', feature: 'string', timing: 'store' },
    atEffective(gprOrZero('RA'), (ea) => bigEndianOnly(ea, storeString(ea, immediateLength))),
  ),
  insn(
    'stswx', 'X', { PO: 31, XO: 661 }, 'RS,RA,RB', { level: 'P1', feature: 'string', timing: 'store' },
    def(countedLength, (length) =>
      atEffective(indexed, (ea) => bigEndianOnly(ea, storeString(ea, length))),
    ),
  ),
]; // prettier-ignore
