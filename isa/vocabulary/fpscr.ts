/**
 * What instructions do to FPSCR (Power ISA Book I, 4.2.2 and 4.4): its summaries, the status of arithmetic, the
 * program interrupt of an enabled exception.
 */
import {
  FPSCR, FPSCR_BITS, FPSCR_ENABLE_DISTANCE, FPSCR_ENABLES, FPSCR_EXCEPTIONS, FPSCR_INVALID, FPSCR_SUMMARIES,
} from '../registers/float'; // prettier-ignore
import { MSR } from '../registers/msr';
import { maskOf } from '../../src/core/bits';
import { FPRF_CLASS } from './float-arithmetic';
import { and, field, i32, i64, ne, not, or, resource, select, shrU, wrap, type I32, type I64 } from './expr';
import { def, raise, setCrField, setResource, variable, assign, when, type Sem } from './stmt';

export const fpscr: I64 = resource('FPSCR');
const has = (value: I64, mask: bigint): I32 => ne(and(value, i64(mask)), i64(0));
const bitIf = (cond: I32, mask: bigint): I64 => select(cond, i64(mask), i64(0));

/** With Rc=1: bits 32:35 of FPSCR into CR1. */
export const recordFloat: Sem = when(
  field('Rc'),
  setCrField(i32(1), wrap(and(shrU(fpscr, i64(28)), i64(15)))),
);

/** Sets FPSCR to a value with what its other bits say of VX and FEX. */
export const setFpscr = (value: I64): Sem =>
  def(and(value, i64(FPSCR_BITS & ~FPSCR_SUMMARIES)), (plain) =>
    def(or(plain, bitIf(has(plain, FPSCR_INVALID), FPSCR.VX.mask)), (withVx) => {
      const enabled = and(and(shrU(withVx, i64(FPSCR_ENABLE_DISTANCE)), withVx), i64(FPSCR_ENABLES));
      return setResource('FPSCR', or(withVx, bitIf(ne(enabled, i64(0)), FPSCR.FEX.mask)));
    }),
  );

/** An enabled exception interrupts where MSR[FE0] or [FE1] says so: after FPSCR has changed. */
export const interruptIfEnabled: Sem = when(
  has(fpscr, FPSCR.FEX.mask),
  when(has(resource('MSR'), MSR.FE0.mask | MSR.FE1.mask), raise('floatEnabled')),
);

/** The exceptions that keep an instruction from writing its result where they are enabled. */
const SUPPRESSING = FPSCR_INVALID | FPSCR.ZX.mask;
/** 1 where the status of an instruction has an invalid operation or a division by zero that is enabled. */
const suppressed = (status: I64): I32 =>
  or(
    and(has(status, FPSCR_INVALID), has(fpscr, FPSCR.VE.mask)),
    and(has(status, FPSCR.ZX.mask), has(fpscr, FPSCR.ZE.mask)),
  );

/** Exceptions of a status join those of FPSCR; a new one sets FX. @param base FPSCR without what the rest replaces */
const merge = (base: I64, status: I64): Sem => {
  const isNew = has(and(status, not(fpscr)), FPSCR_EXCEPTIONS);
  return setFpscr(or(or(base, status), bitIf(isNew, FPSCR.FX.mask)));
};

/** FR and FI, which every scalar operation sets, and what it sets but where an enabled exception suppresses that. */
const ROUNDING = maskOf(FPSCR.FR, FPSCR.FI);
const RESULT = ROUNDING | FPSCR.FPRF.mask;

const QNAN = BigInt(FPRF_CLASS.QNAN) << BigInt(FPSCR.FPRF.shift);
/**
 * The status of a conversion to an integer, which leaves FPRF undefined. choice: FPRF stays as it was, but for VXCVI,
 * where it is that of a QNaN, as in QEMU.
 */
export const integerStatus = (status: I64): I64 =>
  or(status, select(has(status, FPSCR.VXCVI.mask), i64(QNAN), and(fpscr, i64(FPSCR.FPRF.mask))));

/**
 * The end of a scalar operation: FPSCR from its status, the result unless an enabled exception suppresses it (then
 * FPRF stays too), CR1 where there is Rc, and the interrupt of an enabled exception.
 *
 * @param status in the places of FPSCR; it is defined, not computed twice
 * @param write sets the target
 * @param after comes before the interrupt: {@link recordFloat}
 */
export const finishScalar = (status: I64, write: Sem, { after = [] }: { readonly after?: Sem } = {}): Sem => {
  const base = and(fpscr, i64(~RESULT));
  const unusual = or(and(status, or(not(fpscr), i64(SUPPRESSING))), and(fpscr, i64(FPSCR.FEX.mask)));
  const exceptions = and(status, i64(FPSCR_EXCEPTIONS));
  const careful: Sem = def(suppressed(status), (isSuppressed) => [
    when(isSuppressed, merge(and(fpscr, i64(~ROUNDING)), exceptions), [merge(base, status), write]),
    after,
    interruptIfEnabled,
  ]);
  // Mostly no exception is new, and none is enabled: then the summaries are what they were.
  const usual: Sem = [setResource('FPSCR', or(base, status)), write, after];
  return when(has(unusual, FPSCR_EXCEPTIONS | FPSCR.FEX.mask), careful, usual);
};

/** The end of a comparison. @param status with the CR field in FPCC */
export const finishComparison = (status: I64, write: Sem): Sem => [
  merge(and(fpscr, i64(~FPSCR.FPCC.mask)), status),
  write,
  interruptIfEnabled,
];

/**
 * The end of a vector operation: exceptions of any element join those of FPSCR; FR, FI and FPRF stay. Where one of the
 * exceptions is enabled, no element is written.
 *
 * @param status of all elements, or'ed
 */
export const finishVector = (status: I64, write: Sem): Sem =>
  def(and(status, i64(FPSCR_EXCEPTIONS)), (exceptions) =>
    when(
      ne(exceptions, i64(0)),
      variable(or(exceptions, bitIf(has(exceptions, FPSCR_INVALID), FPSCR.VX.mask)), (causes) => [
        assign(causes, and(shrU(causes, i64(FPSCR_ENABLE_DISTANCE)), and(fpscr, i64(FPSCR_ENABLES)))),
        merge(fpscr, exceptions),
        when(ne(causes, i64(0)), [], write),
        interruptIfEnabled,
      ]),
      write,
    ),
  );
