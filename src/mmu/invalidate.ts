/**
 * What an instruction asks to be invalidated: tlbie and tlbiel decoded from their operands, as a value that every
 * cache of translations understands (Power ISA v3.1 Book III, 6.9.3.3). The architected models drop exactly that;
 * a cache that is only an implementation detail may drop more.
 *
 * Not here: the SLB itself (slbie and its family), and who raises the interrupts that are returned by name.
 */
import { TLBIE_RB_HASH, TLBIE_RB_RADIX, TLBIE_RS } from '../../isa/registers/invalidate';
import { HASH_AP, HASH_LP, RADIX_AP } from '../../isa/tables/page-size';
import { SMALLEST_PAGE_SHIFT } from '../../isa/tables/radix';
import { getInHalf, has, type Field } from '../core/bits';
import { hiOf, loOf } from '../core/u64';
import type { MmuPolicy } from './policy';

/** The structures that hold translations: a set of bits. */
export const STRUCTURE = {
  ERAT: 1,
  /** Effective address to real address of a process that has no partition-scoped stage. */
  TLB_PROCESS: 2,
  /** Guest real address to real address. */
  TLB_PARTITION: 4,
  /** Effective address to real address through both stages. */
  TLB_COMBINED: 8,
  PWC_PROCESS: 16,
  PWC_PARTITION: 32,
  PRTE: 64,
  PATE: 128,
  ALL: 255,
} as const;

const TLB_OF_PROCESS = STRUCTURE.ERAT | STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_COMBINED;
const TLB_OF_PARTITION = STRUCTURE.ERAT | STRUCTURE.TLB_PARTITION | STRUCTURE.TLB_COMBINED;

/** What RIC 0, 1, 2 reach, by PRS. RIC=2 with PRS=0 takes all that belongs to the partition. */
const REACH: Readonly<Record<'process' | 'partition', readonly number[]>> = {
  process: [TLB_OF_PROCESS, STRUCTURE.PWC_PROCESS, TLB_OF_PROCESS | STRUCTURE.PWC_PROCESS | STRUCTURE.PRTE],
  partition: [TLB_OF_PARTITION, STRUCTURE.PWC_PROCESS | STRUCTURE.PWC_PARTITION, STRUCTURE.ALL],
};

/** A contiguous range of 2^`shift` bytes. */
export interface InvalidatedPage {
  readonly address: bigint;
  readonly shift: number;
}

/** Something to invalidate. What is absent is not restricted. */
export interface Invalidation {
  /** The operation, for traces. */
  readonly by: string;
  /** Of this thread only: tlbiel, slbia. */
  readonly local: boolean;
  /** Set of {@link STRUCTURE} bits. */
  readonly structures: number;
  /** What `page` is an address of, and whose entries are meant. */
  readonly scope: 'process' | 'partition' | 'hash';
  readonly lpid?: number;
  /** Effective PID (0 for quadrant 3). */
  readonly pid?: number;
  /** Scope process: effective page without its quadrant; partition: guest real page; hash: virtual page. */
  readonly page?: InvalidatedPage;
  /** Only this congruence class (tlbiel of whole contexts on implementations that have more than one). */
  readonly set?: number;
}

/** What happens instead of an invalidation. */
export type InvalidateRefusal =
  /** Illegal instruction type program interrupt. */
  | 'invalidForm'
  /** Privileged instruction type program interrupt. */
  | 'privileged'
  /** The same, or with LPCR[EVIRT] a hypervisor emulation assistance interrupt. */
  | 'hypervisorPrivileged';

export interface TlbieOperands {
  readonly operation: 'tlbie' | 'tlbiel';
  readonly rb: bigint;
  readonly rs: bigint;
  readonly ric: number;
  readonly prs: number;
  readonly r: number;
}

/** Machine state that the operands are interpreted under. */
export interface TlbieState {
  readonly hv: boolean;
  readonly pr: boolean;
  /** LPCR[HR], LPCR[GTSE], LPIDR. */
  readonly hostRadix: boolean;
  readonly guestShootdown: boolean;
  readonly lpidr: number;
}

/** Everything, as after a write to PTCR. */
export const everything = (by: string, local: boolean): Invalidation => ({
  by,
  local,
  structures: STRUCTURE.ALL,
  scope: 'process',
});

/** What a write to a register that every translation depends on asks for. */
export const INVALIDATE_ALL: Invalidation = everything('mtspr', true);

/** The ERAT alone: slbia IH=7, and what every SLB instruction does besides the SLB. */
export const effectiveLookaside = (by: string): Invalidation => ({
  by,
  local: true,
  structures: STRUCTURE.ERAT,
  scope: 'process',
});

/** Decodes tlbie or tlbiel, or says which interrupt it is. */
export function decodeTlbie(
  operands: TlbieOperands,
  state: TlbieState,
  policy: MmuPolicy,
): Invalidation | InvalidateRefusal {
  if (state.pr) return 'privileged';
  if (!policy.partitions) return withoutPartitions(operands);
  const form = policy.mechanisms === 'hash' ? beforeV30(operands) : operands;
  const refused = guestMayNot(form, policy.mechanisms === 'hash' ? { ...state, hostRadix: false } : state);
  if (refused) return refused;
  return form.r === 1 ? radix(form, state, policy) : hash(form, state, policy);
}

/** The instruction had neither RIC nor PRS nor R; tlbie was the hypervisor's, for there is no LPCR[GTSE] either. */
const beforeV30 = (operands: TlbieOperands): TlbieOperands => ({ ...operands, ric: 0, prs: 0, r: 0 });

/** What a guest is not allowed, in the order of the checks. */
function guestMayNot({ operation, prs, r }: TlbieOperands, state: TlbieState): InvalidateRefusal | undefined {
  if (state.hv) return undefined;
  if (operation === 'tlbie' && !state.guestShootdown) return 'hypervisorPrivileged';
  if (state.hostRadix && prs === 0) return 'hypervisorPrivileged';
  if ((r === 1) !== state.hostRadix) return 'invalidForm';
  return undefined;
}

const number = (value: bigint, f: Field): number => getInHalf(f.shift >= 32 ? hiOf(value) : loOf(value), f);

/** tlbie names the partition in RS, where the hypervisor executes it; all else means the current one. */
const partitionOf = ({ operation, rs }: TlbieOperands, state: TlbieState, policy: MmuPolicy): number =>
  (operation === 'tlbie' && state.hv ? number(rs, TLBIE_RS.LPID) : state.lpidr) & policy.lpidMask;

/** Names of the operations, made when they are first met: RIC, IS, PRS and R are 6 bits. */
const TEXTS: Readonly<Record<TlbieOperands['operation'], string[]>> = { tlbie: [], tlbiel: [] };

const textOf = ({ operation, ric, prs, r }: TlbieOperands, is: number): string =>
  (TEXTS[operation][(ric << 4) | (is << 2) | (prs << 1) | r] ??=
    `${operation} RIC=${ric} PRS=${prs} R=${r} IS=${is}`);

const IS = { PAGE: 0, PROCESS: 1, PARTITION: 2, ALL: 3 } as const;

function radix(operands: TlbieOperands, state: TlbieState, policy: MmuPolicy): Invalidation | 'invalidForm' {
  const { operation, rb, rs, ric } = operands;
  const is = number(rb, TLBIE_RB_RADIX.IS);
  if (!isRadixForm(operands, is)) return 'invalidForm';
  const scope = operands.prs === 1 ? 'process' : 'partition';
  const local = operation === 'tlbiel';
  const by = textOf(operands, is);
  const structures = REACH[scope][ric]!;
  const lpid = partitionOf(operands, state, policy);
  const pid = number(rs, TLBIE_RS.PID) & policy.pidMask;
  // choice: quadrant bits in RB are boundedly undefined; all of the process goes.
  const misplaced = scope === 'process' && has(rb, TLBIE_RB_RADIX.QUADRANT);
  if (is === IS.PAGE && !misplaced) {
    // Kernels do little else: one object, written at once.
    const page = pageAt(rb & TLBIE_RB_RADIX.EPN.mask, RADIX_AP[number(rb, TLBIE_RB_RADIX.AP)]!);
    return scope === 'process'
      ? { by, local, structures, scope, lpid, pid, page }
      : { by, local, structures, scope, lpid, page };
  }
  const base = { by, local, structures, scope } as const;
  // A tlbiel of a whole context takes one congruence class at a time; the other caches have only one.
  const set = local && is !== IS.PAGE ? { set: number(rb, TLBIE_RB_RADIX.SET) } : {};
  if (is === IS.PARTITION || (is === IS.ALL && !state.hv)) return { ...base, ...set, lpid };
  if (is === IS.ALL) return { ...base, ...set };
  return { ...base, ...set, ...(scope === 'process' ? { lpid, pid } : { lpid }) };
}

/** Combinations that the ISA makes invalid forms, and page sizes that radix does not have. */
function isRadixForm({ operation, rb, ric, prs }: TlbieOperands, is: number): boolean {
  if (ric === 3) return false;
  if (prs === 0 && is === IS.PROCESS) return false;
  if (ric !== 0 && is === IS.PAGE) return false;
  if (is === IS.PAGE) return number(rb, TLBIE_RB_RADIX.AP) in RADIX_AP;
  // The page walk cache is one congruence class.
  return !(operation === 'tlbiel' && ric === 1 && has(rb, TLBIE_RB_RADIX.SET));
}

const pageAt = (address: bigint, shift: number): InvalidatedPage => ({
  address: (address >> BigInt(shift)) << BigInt(shift),
  shift,
});

/** R=0: virtual pages of an HPT partition, or all of one. RIC=2 also drops what is cached of the tables' tables. */
function hash(operands: TlbieOperands, state: TlbieState, policy: MmuPolicy): Invalidation | 'invalidForm' {
  const { operation, rb, ric, prs } = operands;
  if (!isHashForm(operands)) return 'invalidForm';
  const is = number(rb, TLBIE_RB_HASH.IS);
  const local = operation === 'tlbiel';
  const tables = ric === 2 ? (prs === 1 ? STRUCTURE.PRTE : STRUCTURE.PATE) : 0;
  const base = {
    by: textOf(operands, is),
    local,
    structures: STRUCTURE.ERAT | STRUCTURE.TLB_COMBINED | tables,
    scope: 'hash',
  } as const;
  const lpid = partitionOf(operands, state, policy);
  const set = local && is !== IS.PAGE ? { set: number(rb, TLBIE_RB_RADIX.SET) } : {};
  if (is === IS.ALL && state.hv) return { ...base, ...set };
  if (is !== IS.PAGE) return { ...base, ...set, lpid };
  const page = virtualPage(rb);
  return page ? { ...base, lpid, page } : 'invalidForm';
}

/** There is no page walk cache; and of what belongs to a process, only its process table entry is cached. */
const isHashForm = ({ ric, prs }: TlbieOperands): boolean => ric !== 1 && (prs === 0 || ric === 2);

/** The virtual page that RB names; undefined for a page size that hashed translation does not have. */
function virtualPage(rb: bigint): InvalidatedPage | undefined {
  if (!has(rb, TLBIE_RB_HASH.L)) {
    const size = HASH_AP[number(rb, TLBIE_RB_HASH.AP)];
    return size && pageAt(rb & TLBIE_RB_HASH.AVA.mask, size.actual);
  }
  const size = HASH_LP[number(rb, TLBIE_RB_HASH.LP)];
  const between = (rb & TLBIE_RB_HASH.AVAL.mask) << BigInt(SMALLEST_PAGE_SHIFT);
  return size && pageAt((rb & TLBIE_RB_HASH.AVA_LARGE.mask) | between, size.actual);
}

/** Microwatt: no field is checked; IS other than 0 takes everything; RIC=2 and 3 also the process table's entries. */
function withoutPartitions(operands: TlbieOperands): Invalidation {
  const { operation, rb, ric } = operands;
  const is = number(rb, TLBIE_RB_RADIX.IS);
  const tlb = ric === 1 ? 0 : TLB_OF_PROCESS;
  const tables = ric >= 2 ? STRUCTURE.PRTE | STRUCTURE.PATE : 0;
  const walk = ric === 0 ? 0 : STRUCTURE.PWC_PROCESS;
  const base = {
    by: textOf(operands, is),
    local: operation === 'tlbiel',
    structures: tlb | walk | tables,
    scope: 'process',
  } as const;
  if (is !== IS.PAGE) return base;
  const address = rb & TLBIE_RB_RADIX.EPN.mask & ~TLBIE_RB_RADIX.QUADRANT.mask;
  return { ...base, page: pageAt(address, SMALLEST_PAGE_SHIFT) };
}
