/** TLB and SLB management instructions (Power ISA v3.0B Book III, 5.9.3; v3.1 Book III, 6.9.3). */
import { PROGRAM_CAUSE } from '../../../isa/registers/interrupt-status';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { SEGMENT_SIZES, SLB_ENTRIES, SLBE, SLBIE_RB, SLBV } from '../../../isa/tables/slb-entry';
import { get, has, maskOf } from '../../core/bits';
import { decodeTlbie, effectiveLookaside, type TlbieOperands } from '../../mmu/invalidate';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { takeInterrupt } from '../interrupts';
import { OUTCOME, type Outcome } from '../outcome';
import { raise } from '../raise';
import { contextChanged, valueService, type Service } from './service';

const AT = {
  LPCR: offsetOf('LPCR'),
  LPIDR: offsetOf('LPIDR'),
  SLBE: offsetOf('SLBE'),
  SLBV: offsetOf('SLBV'),
  CR0: offsetOf('CR'),
  SO: offsetOf('SO'),
} as const;

/** Invalid forms of these instructions are program interrupts, also where other illegal instructions are not. */
const invalidForm = (cpu: Cpu): Outcome =>
  takeInterrupt(cpu, 'program', { cause: PROGRAM_CAUSE.ILLEGAL.mask, byInstruction: true });

const invalidateEntries =
  (operation: TlbieOperands['operation']): Service =>
  (cpu) => {
    const operands: TlbieOperands = {
      operation,
      rb: cpu.arg(0),
      rs: cpu.arg(1),
      ric: cpu.argInt(2),
      prs: cpu.argInt(3),
      r: cpu.argInt(4),
    };
    const state = {
      hv: cpu.inState(MSR.HV),
      pr: cpu.problemState,
      hostRadix: cpu.state.has(AT.LPCR, LPCR.HR),
      guestShootdown: cpu.state.has(AT.LPCR, LPCR.GTSE),
      lpidr: cpu.state.lo(AT.LPIDR),
    };
    const decoded = decodeTlbie(operands, state, cpu.model.mmu);
    if (decoded === 'invalidForm') return invalidForm(cpu);
    if (typeof decoded === 'string') return raise(cpu, decoded);
    cpu.hooks.invalidate(cpu, decoded);
    return OUTCOME.RESUME;
  };

/** True where the current state may make other threads wait for its invalidations, or invalidate in them. */
const mayShootDown = (cpu: Cpu): boolean => cpu.inState(MSR.HV) || cpu.state.has(AT.LPCR, LPCR.GTSE);

/** tlbsync, slbsync: every invalidation is complete when its instruction is. */
const synchronize: Service = (cpu) => (mayShootDown(cpu) ? OUTCOME.NEXT : raise(cpu, 'hypervisorPrivileged'));

/** Every change of the SLB also takes what was looked up through it. */
function dropLookaside(cpu: Cpu, by: string): Outcome {
  cpu.hooks.invalidate(cpu, effectiveLookaside(by));
  return contextChanged(cpu);
}

const esidWord = (cpu: Cpu, index: number): bigint => cpu.state.get(AT.SLBE + 8 * index);
const vsidWord = (cpu: Cpu, index: number): bigint => cpu.state.get(AT.SLBV + 8 * index);

function invalidateEntry(cpu: Cpu, index: number): void {
  cpu.state.set(AT.SLBE + 8 * index, esidWord(cpu, index) & ~SLBE.V.mask);
}

const ENTRY_ESID = maskOf(SLBE.ESID, SLBE.V);
const ENTRY_VSID = maskOf(SLBV.B, SLBV.VSID, SLBV.KS, SLBV.KP, SLBV.N, SLBV.L, SLBV.C, SLBV.LP);

/** Base page sizes that exist, as L || LP: 4K, 16M, 64K, 16G. */
const BASE_PAGE_SIZES: ReadonlySet<bigint> = new Set([0b000n, 0b100n, 0b101n, 0b110n]);
const basePageSize = (vsid: bigint): bigint => (get(vsid, SLBV.L) << 2n) | get(vsid, SLBV.LP);

/** choice: a segment or page size that does not exist is undefined; it is an illegal instruction, as in QEMU. */
const slbmte: Service = (cpu) => {
  const [vsid, esid] = [cpu.arg(0), cpu.arg(1)];
  const index = Number(get(esid, SLBE.INDEX));
  const known = Number(get(vsid, SLBV.B)) in SEGMENT_SIZES && BASE_PAGE_SIZES.has(basePageSize(vsid));
  if (index >= SLB_ENTRIES || !known) return invalidForm(cpu);
  cpu.state.set(AT.SLBE + 8 * index, esid & ENTRY_ESID);
  cpu.state.set(AT.SLBV + 8 * index, vsid & ENTRY_VSID);
  return dropLookaside(cpu, 'slbmte');
};

/** Reading an entry that does not exist gives 0. */
const readEntry = (word: (cpu: Cpu, index: number) => bigint): Service =>
  valueService((cpu) => {
    const index = Number(get(cpu.arg(0), SLBE.INDEX));
    return index < SLB_ENTRIES ? word(cpu, index) : 0n;
  });

const ONE_TERABYTE = 1n;

/** True where the entry is valid and its segment, of whichever size, has the address. */
function entryMatches(cpu: Cpu, index: number, address: bigint): boolean {
  const esid = esidWord(cpu, index);
  if (!has(esid, SLBE.V)) return false;
  const counted = get(vsidWord(cpu, index), SLBV.B) === ONE_TERABYTE ? SLBE.ESID_1T : SLBE.ESID;
  return ((esid ^ address) & counted.mask) === 0n;
}

const ENTRIES = [...Array(SLB_ENTRIES).keys()];

/** CR0 is EQ where an entry was found, with SO. */
const EQ = 2;

const slbfee: Service = (cpu) => {
  const found = ENTRIES.find((index) => entryMatches(cpu, index, cpu.arg(0)));
  cpu.result = found === undefined ? 0n : vsidWord(cpu, found);
  cpu.state.bytes[AT.CR0] = (found === undefined ? 0 : EQ) | cpu.state.bytes[AT.SO]!;
  return OUTCOME.NEXT;
};

/** Invalidates the entry of a segment; its class and size have to be the operand's. */
const slbie: Service = (cpu) => {
  const rb = cpu.arg(0);
  for (const index of ENTRIES) {
    const vsid = vsidWord(cpu, index);
    const same = get(vsid, SLBV.C) === get(rb, SLBIE_RB.C) && get(vsid, SLBV.B) === get(rb, SLBIE_RB.B);
    if (same && entryMatches(cpu, index, rb)) invalidateEntry(cpu, index);
  }
  return dropLookaside(cpu, 'slbie');
};

type Selector = (cpu: Cpu, index: number) => boolean;
const allButFirst: Selector = (_cpu, index) => index > 0;

/** Entries that slbia invalidates, by IH. 5 is reserved. */
const SLBIA: readonly Selector[] = [
  allButFirst,
  allButFirst,
  allButFirst,
  (cpu, index) => has(vsidWord(cpu, index), SLBV.C),
  () => true,
  allButFirst,
  allButFirst,
  () => false,
];

const slbia: Service = (cpu) => {
  const ih = cpu.argInt(0);
  const selected = SLBIA[ih]!;
  for (const index of ENTRIES) if (selected(cpu, index)) invalidateEntry(cpu, index);
  return dropLookaside(cpu, `slbia IH=${ih}`);
};

/**
 * slbieg and slbiag reach the entries that hardware made from segment tables, in every thread. There are none: in-memory
 * segment tables are not implemented, so that only lookaside entries go.
 */
const segmentTableEntries =
  (by: string): Service =>
  (cpu) => {
    if (!mayShootDown(cpu)) return raise(cpu, 'hypervisorPrivileged');
    cpu.hooks.invalidate(cpu, { ...effectiveLookaside(by), local: false });
    return contextChanged(cpu);
  };

export const TRANSLATION_SERVICES = {
  tlbie: invalidateEntries('tlbie'),
  tlbiel: invalidateEntries('tlbiel'),
  tlbsync: synchronize,
  slbsync: synchronize,
  slbmte,
  slbmfee: readEntry(esidWord),
  slbmfev: readEntry(vsidWord),
  slbfee,
  slbie,
  slbia,
  slbieg: segmentTableEntries('slbieg'),
  slbiag: segmentTableEntries('slbiag'),
} as const satisfies Record<string, Service>;
