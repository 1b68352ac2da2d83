/**
 * What the arguments of a hypervisor's hypercalls mean, for the trace: their fields by name, and in words what L0 is
 * asked to do. The calls themselves are `invalidate.ts`, `copy-guest.ts` and `partition-table.ts`.
 */
import { PTCR } from '../../../isa/registers/translation';
import { TLBIE_RB_RADIX, TLBIE_RS } from '../../../isa/registers/invalidate';
import { RADIX_AP } from '../../../isa/tables/page-size';
import { get } from '../../core/bits';
import { hex0x } from '../../core/u64';
import type { HypercallValue } from '../../trace/events/hypervisor';
import { INSTRUCTION, IS, RIC, RPT } from './invalidate';

export interface DecodedCall {
  /** Fields of the arguments, with the names of the ISA or PAPR. */
  readonly fields: readonly HypercallValue[];
  /** What is asked for, one phrase. */
  readonly effect: string;
}

type Arguments = readonly bigint[];

const named = (values: Readonly<Record<string, bigint>>): HypercallValue[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

const sizeName = (shift: number): string => SIZES.get(shift) ?? `2^${shift} bytes`;
const SIZES: ReadonlyMap<number, string> = new Map([
  [12, '4K'],
  [16, '64K'],
  [21, '2M'],
  [30, '1G'],
]);

/** What each RIC takes away; L0 keeps no page walk cache of its own. */
const WHAT: Readonly<Record<string, string>> = {
  [String(RIC.TLB)]: 'all shadow entries',
  [String(RIC.WALK)]: 'the page walk cache (L0 keeps none)',
  [String(RIC.ALL)]: 'all shadow entries and the cached partition table entry',
};

function tlbInvalidate([instruction = 0n, rs = 0n, rb = 0n]: Arguments): DecodedCall {
  const fields = {
    RIC: get(instruction, INSTRUCTION.RIC),
    PRS: get(instruction, INSTRUCTION.PRS),
    R: get(instruction, INSTRUCTION.R),
    IS: get(rb, TLBIE_RB_RADIX.IS),
    AP: get(rb, TLBIE_RB_RADIX.AP),
    EPN: rb & TLBIE_RB_RADIX.EPN.mask,
    LPID: get(rs, TLBIE_RS.LPID),
  };
  return { fields: named(fields), effect: tlbieEffect(fields) };
}

function tlbieEffect({
  RIC: ric,
  PRS,
  R,
  IS: is,
  AP,
  EPN,
  LPID,
}: Record<'RIC' | 'PRS' | 'R' | 'IS' | 'AP' | 'EPN' | 'LPID', bigint>): string {
  const shift = RADIX_AP[Number(AP)];
  if (R === 0n) return 'refused: R=0 is a hashed table';
  if (PRS === 1n) return 'refused: PRS=1 is process-scoped';
  if (ric === RIC.GROUP) return 'refused: RIC=3';
  if (is === IS.PROCESS) return 'refused: IS=1';
  if (is === IS.PAGE && ric !== RIC.TLB) return 'refused: IS=0 needs RIC=0';
  if (is === IS.PAGE)
    return shift === undefined
      ? `refused: AP=${AP} is no page size`
      : `LPID ${LPID}: shadow entries of the ${sizeName(shift)} page at ${hex0x(EPN)}`;
  return `${is === IS.ALL ? 'every nested guest' : `LPID ${LPID}`}: ${WHAT[String(ric)]}`;
}

const TYPES: Readonly<Record<string, bigint>> = {
  NESTED: RPT.NESTED,
  TLB: RPT.TLB,
  PWC: RPT.WALK,
  'PRT/PAT': RPT.TABLES,
};
const TARGETS: Readonly<Record<string, bigint>> = { CMMU: 1n, local: 2n, NMMU: 4n };
const namesIn = (value: bigint, names: Readonly<Record<string, bigint>>): string =>
  Object.entries(names)
    .filter(([, bit]) => (value & bit) !== 0n)
    .map(([name]) => name)
    .join('+') || 'nothing';

function rptInvalidate([
  id = 0n,
  target = 0n,
  type = 0n,
  pages = 0n,
  start = 0n,
  end = 0n,
]: Arguments): DecodedCall {
  const nested = (type & RPT.NESTED) !== 0n;
  const bit = (mask: bigint): bigint => ((type & mask) === 0n ? 0n : 1n);
  const sizes = RPT.PAGES.filter(({ bit: page }) => (pages & page) !== 0n).map(({ shift }) =>
    sizeName(shift),
  );
  return {
    fields: named({
      NESTED: bit(RPT.NESTED),
      TLB: bit(RPT.TLB),
      PWC: bit(RPT.WALK),
      'PRT/PAT': bit(RPT.TABLES),
    }),
    effect:
      `${nested ? 'LPID' : 'PID'} ${id}: ${namesIn(type & RPT.ALL, TYPES)} on ${namesIn(target, TARGETS)}, ` +
      `pages of ${sizes.join('+') || 'no size'} in ${hex0x(start)}..${hex0x(end)}`,
  };
}

function copyGuest([lpid = 0n, pid = 0n, ea = 0n, to = 0n, from = 0n, length = 0n]: Arguments): DecodedCall {
  const load = to !== 0n;
  const there = `LPID ${lpid} PID ${pid} EA ${hex0x(ea)} (quadrant ${pid === 0n ? 2 : 1})`;
  const effect = load
    ? `${length} bytes from ${there} to L1 ${hex0x(to)}`
    : `${length} bytes from L1 ${hex0x(from)} to ${there}`;
  const both = load && from !== 0n;
  return { fields: [], effect: both ? 'refused: both "to" and "from" are given' : effect };
}

function setPartitionTable([ptcr = 0n]: Arguments): DecodedCall {
  const base = ptcr & PTCR.PATB.mask;
  const pats = get(ptcr, PTCR.PATS);
  const entries = 2 ** (8 + Number(pats));
  return {
    fields: named({ PATB: base, PATS: pats }),
    effect: ptcr === 0n ? 'no partition table' : `${entries} entries at L1 ${hex0x(base)}`,
  };
}

const DECODERS: Readonly<Record<string, (args: Arguments) => DecodedCall>> = {
  H_SET_PARTITION_TABLE: setPartitionTable,
  H_ENTER_NESTED: ([hvState = 0n, regs = 0n]) => ({
    fields: [],
    effect: `hv_guest_state at L1 ${hex0x(hvState)}, pt_regs at L1 ${hex0x(regs)}`,
  }),
  H_TLB_INVALIDATE: tlbInvalidate,
  H_COPY_TOFROM_GUEST: copyGuest,
  H_RPT_INVALIDATE: rptInvalidate,
};

/** Decodes a call by its name; undefined for one whose arguments say it all. */
export const decodeCall = (name: string, args: Arguments): DecodedCall | undefined => DECODERS[name]?.(args);
