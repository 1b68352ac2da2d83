/**
 * How an access is translated and under which LPID and PID: the two decision tables of Book III (Power ISA v3.1
 * Book III, 6.7.1 and 6.7.11), as data.
 */
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import { RADIX_EA } from '../../isa/registers/translation';
import { offsetOf } from '../state/layout';
import type { TranslationContext } from './context';
import { keyRights } from './protection';

export type TranslationMode =
  /** EA is the real address, with HRMOR. */
  | 'hypervisorReal'
  /** EA is a guest real address for the partition-scoped tree. */
  | 'guestReal'
  /** Process-scoped tree, then the partition-scoped one where there is a partition. */
  | 'radix'
  /** SLB and hashed page table. */
  | 'hash'
  /** Guest real mode of an HPT partition: virtual real mode area, or offset mode. */
  | 'hashReal';

interface ModeRow {
  readonly hv: 0 | 1;
  readonly relocate: 0 | 1;
  readonly hostRadix: TranslationMode;
  readonly hostHash: TranslationMode;
}

/** MSR[HV] and relocation select the row, LPCR[HR] the column. */
const MODES: readonly ModeRow[] = [
  { hv: 0, relocate: 0, hostRadix: 'guestReal', hostHash: 'hashReal' },
  { hv: 0, relocate: 1, hostRadix: 'radix', hostHash: 'hash' },
  { hv: 1, relocate: 0, hostRadix: 'hypervisorReal', hostHash: 'hypervisorReal' },
  { hv: 1, relocate: 1, hostRadix: 'radix', hostHash: 'hash' },
];

interface QuadrantRow {
  /** False: there is no such quadrant, a segment interrupt. */
  readonly exists: boolean;
  /** The effective LPID is LPIDR, else 0; the effective PID is PIDR, else 0. */
  readonly lpidr: boolean;
  readonly pidr: boolean;
}

const NONE: QuadrantRow = { exists: false, lpidr: false, pidr: false };

/** Effective LPID and PID by EA[0:1]. */
const QUADRANTS: {
  readonly guest: readonly QuadrantRow[];
  readonly hypervisor: readonly QuadrantRow[];
} = {
  guest: [{ exists: true, lpidr: true, pidr: true }, NONE, NONE, { exists: true, lpidr: true, pidr: false }],
  hypervisor: [
    { exists: true, lpidr: false, pidr: true },
    { exists: true, lpidr: true, pidr: true },
    { exists: true, lpidr: true, pidr: false },
    { exists: true, lpidr: false, pidr: false },
  ],
};

// The hot code below loads constants, not fields.
const { SF, HV } = { SF: MSR.SF.hi, HV: MSR.HV.hi };
const { PR, IR, DR } = { PR: MSR.PR.lo, IR: MSR.IR.lo, DR: MSR.DR.lo };
const HR = LPCR.HR.lo;
const QUADRANT = RADIX_EA.QUADRANT.hi;
const QUADRANT_SHIFT = RADIX_EA.QUADRANT.shift - 32;
const WITHIN_QUADRANT = RADIX_EA.WITHIN_QUADRANT.hi;
const MUST_BE_ZERO = RADIX_EA.MUST_BE_ZERO.hi;

const MSR_AT = offsetOf('MSR');
const LPCR_AT = offsetOf('LPCR');
const LPIDR_AT = offsetOf('LPIDR');
const PIDR_AT = offsetOf('PIDR');

/** Takes from MSR and LPCR what the translation depends on, and truncates the address in 32-bit mode. */
export function selectMode(ctx: TranslationContext): void {
  const { cpu, policy, access } = ctx;
  const msrHi = cpu.hi(MSR_AT);
  const msrLo = cpu.lo(MSR_AT);
  ctx.hv = !policy.partitions || (msrHi & HV) !== 0;
  ctx.pr = (msrLo & PR) !== 0;
  ctx.relocate = (msrLo & (access.fetch ? IR : DR)) !== 0;
  if ((msrHi & SF) === 0) ctx.eaHi = 0;
  const row = MODES[(ctx.hv ? 2 : 0) + (ctx.relocate ? 1 : 0)]!;
  const radix = policy.mechanisms === 'both' ? (cpu.lo(LPCR_AT) & HR) !== 0 : policy.mechanisms === 'radix';
  ctx.mode = radix ? row.hostRadix : row.hostHash;
}

/** LPIDR as far as it is implemented. */
export function lpidr(ctx: TranslationContext): number {
  return ctx.cpu.lo(LPIDR_AT) & ctx.policy.lpidMask;
}

/** The fully qualified address: quadrant to effective LPID and PID, and the bits that no tree translates. */
export function qualifyAddress(ctx: TranslationContext): boolean {
  const row = (ctx.hv ? QUADRANTS.hypervisor : QUADRANTS.guest)[ctx.eaHi >>> QUADRANT_SHIFT]!;
  ctx.lpid = row.lpidr ? lpidr(ctx) : 0;
  ctx.pid = row.pidr ? ctx.cpu.lo(PIDR_AT) & ctx.policy.pidMask : 0;
  ctx.twoStage = ctx.lpid !== 0 || !ctx.hv;
  ctx.process.addressHi = ctx.eaHi & WITHIN_QUADRANT;
  ctx.process.addressLo = ctx.eaLo;
  ctx.keyRights = keyRights(ctx);
  if (!ctx.policy.partitions) return true;
  const bad = !row.exists || (ctx.eaHi & MUST_BE_ZERO) !== 0;
  return !bad || ctx.fail('segment', 'effective', -1);
}

/** Quadrant 0 or 3. An implementation without partitions has no others, and finds out only when it walks. */
export function quadrantIsPlain(ctx: TranslationContext): boolean {
  const quadrant = ctx.eaHi & QUADRANT;
  return quadrant === 0 || quadrant === QUADRANT;
}
