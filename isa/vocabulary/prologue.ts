/**
 * What every instruction checks before its own semantics, derived from its row: privilege and facility (Power ISA
 * Book III, 3.2 and 6.2.10, 6.2.11), as semantics in the same vocabulary. Order: illegal form, privilege, facility.
 */
import { FACILITIES, type FacilityRow } from '../registers/facilities';
import { MSR } from '../registers/msr';
import type { Field } from '../../src/core/bits';
import { and, eqz, i64, ne, resource, type I32 } from './expr';
import { isPrefixed } from './forms';
import type { Facility, InsnRow } from './row';
import { raise, when, type Stmt } from './stmt';

const isClear = (register: 'MSR' | 'FSCR' | 'HFSCR', f: Field): I32 =>
  eqz(and(resource(register), i64(f.mask)));
const isSet = (register: 'MSR', f: Field): I32 => ne(and(resource(register), i64(f.mask)), i64(0));

function privilegeCheck(row: InsnRow): Stmt[] {
  const inProblemState = when(isSet('MSR', MSR.PR), raise('privileged'));
  switch (row.privilege ?? 'problem') {
    case 'problem':
      return [];
    case 'privileged':
      return [inProblemState];
    case 'hypervisor':
      return [inProblemState, when(isClear('MSR', MSR.HV), raise('hypervisorPrivileged'))];
    case 'ultravisor':
      return [inProblemState, when(isClear('MSR', MSR.S), raise('hypervisorPrivileged'))];
  }
}

function facilityCheck(facility: Facility | undefined): Stmt[] {
  switch (facility) {
    case undefined:
      return [];
    case 'FP':
      return [when(isClear('MSR', MSR.FP), raise('fpUnavailable'))];
    case 'VEC':
      return [when(isClear('MSR', MSR.VEC), raise('vectorUnavailable'))];
    case 'VSX':
      return [when(isClear('MSR', MSR.VSX), raise('vsxUnavailable'))];
    default: {
      const { fscr, everyState, hfscr, ic }: FacilityRow = FACILITIES[facility];
      const checks: Stmt[] = [];
      if (hfscr) {
        const off = when(isClear('HFSCR', hfscr), raise('hypervisorFacilityUnavailable', i64(ic)));
        checks.push(when(isClear('MSR', MSR.HV), off));
      }
      if (fscr) {
        const off = when(isClear('FSCR', fscr), raise('facilityUnavailable', i64(ic)));
        checks.push(everyState ? off : when(isSet('MSR', MSR.PR), off));
      }
      return checks;
    }
  }
}

/** The checks of a row, to be executed before its semantics. */
export const prologue = (row: InsnRow): Stmt[] => [
  ...(row.invalid ? [when(row.invalid, raise('illegal'))] : []),
  ...privilegeCheck(row),
  ...(isPrefixed(row.form) && row.facility !== 'PREFIX' ? facilityCheck('PREFIX') : []),
  ...facilityCheck(row.facility),
];
