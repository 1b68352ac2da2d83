/** Pieces of semantics that the rows of storage access share: effective addresses and the alignment they need. */
import {
  add, and, cia, field, gpr, gprOrZero, i32, i64, load, mode, ne, select, shrU, sub, xor, zext32,
  type I32, type I64,
} from './expr'; // prettier-ignore
import { prefixedDisplacement } from './patterns';
import { def, raise, when, type Sem } from './stmt';

/** (RA|0) + (RB). */
export const indexed: I64 = add(gprOrZero('RA'), gpr('RB'));

/** The invalid form of prefixed loads and stores: relative to this instruction there is no base register. */
export const relativeWithBase: I32 = and(field('R'), ne(field('RA'), i32(0)));

/** The address of a prefixed load or store: from this instruction with R=1, else from (RA|0). */
export const prefixedAddress: I64 = add(select(field('R'), cia, gprOrZero('RA')), prefixedDisplacement);

/**
 * The effective address that a sum stands for, where it is put in a register or given to a service: in 32-bit mode
 * its high word is 0 (Book I, 1.10.3). Loads and stores themselves ignore that word.
 */
export const effective = (sum: I64): I64 => select(mode('sf'), sum, zext32(sum));

/** Computes the effective address of a sum once, before what follows. */
export const atEffective = (sum: I64, body: (ea: I64) => Sem): Sem => def(effective(sum), body);

/** As {@link atEffective}, after an alignment interrupt where the address is no multiple of `bytes`, a power of 2. */
export const atAligned = (bytes: number, sum: I64, body: (ea: I64) => Sem): Sem =>
  atEffective(sum, (ea) => [
    bytes === 1 ? [] : when(ne(and(ea, i64(bytes - 1)), i64(0)), raise('alignment', ea)),
    body(ea),
  ]);

/** log2 of the smallest page's bytes: two accesses within one such page fault alike. */
const SMALLEST_PAGE_SHIFT = 12;

/** Accesses a byte and drops its value. */
const touch = (ea: I64): Sem => def(load(1, ea, { storage: 'multiple' }), () => []);

/**
 * For loads of several registers: faults before any register changes. Where an operand of `length` bytes (1..128)
 * spreads over two pages, both are accessed first. choice: a watchpoint inside the operand may still come late.
 */
export const touchPages = (ea: I64, length: I64): Sem =>
  def(add(ea, sub(length, i64(1))), (last) =>
    when(ne(shrU(xor(ea, last), i64(SMALLEST_PAGE_SHIFT)), i64(0)), [touch(ea), touch(last)]),
  );
