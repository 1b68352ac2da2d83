/**
 * Microwatt, the open core (antonblanchard/microwatt): a v3.1B subset in which MSR[HV] is always 1, so that there
 * is no guest, no LPIDR and no hypervisor decrementer. Facts are those of its RTL.
 */
import { FSCR } from '../../../isa/registers/facilities';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { MMCR0 } from '../../../isa/registers/performance';
import { CTRL, DEXCR } from '../../../isa/registers/thread';
import { DAWR, DAWRX } from '../../../isa/registers/debug';
import { PTCR } from '../../../isa/registers/translation';
import { maskOf } from '../../core/bits';
import * as mmu from '../../mmu/policy';
import { TLB_GEOMETRIES } from '../../mmu/tlb/geometry';
import { MICROWATT_EVENTS } from './counter-events';
import { bitsOf, sprSet, type CpuModel } from './model';

const PMU_NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14];

const SPR_NAMES = [
  'XER', 'UDSCR', 'LR', 'CTR', 'DSCR', 'DSISR', 'DAR', 'DEC', 'SRR0', 'SRR1', 'CFAR', 'PIDR', 'CTRL', 'CTRLW',
  'FSCR', 'DAWR0', 'DAWR1', 'CIABR', 'DAWRX0', 'DAWRX1', 'VRSAVE', 'USPRG3', 'TB', 'TBU', 'SPRG0', 'SPRG1',
  'SPRG2', 'SPRG3', 'TBL', 'TBUW', 'PVR', 'HSPRG0', 'HSPRG1', 'HRMOR', 'HSRR0', 'HSRR1', 'LPCR', 'HMER', 'HMEER',
  'HEIR', 'UHDEXCR', 'PTCR', 'HASHKEYR', 'HASHPKEYR', 'HDEXCR', 'DEXCRU', 'TAR', 'DEXCR', 'PIR',
  ...PMU_NUMBERS.flatMap((n) => [`UPMU${n}`, `PMU${n}`]),
]; // prettier-ignore

const LPCR_FIXED = maskOf(LPCR.UPRT, LPCR.HR);
const FSCR_BITS = maskOf(FSCR.PREFIX, FSCR.SCV, FSCR.TAR, FSCR.DSCR);
/** DSCR has 25 bits. */
const DSCR_MASK = 0x1ffffffn;
/** HRMOR, HMER and HMEER can be accessed and read as 0. */
const NOTHING = bitsOf(0n);
/** Every aspect that exists is on, for good: writes of DEXCR and HDEXCR change nothing. */
const DEXCR_FIXED = maskOf(
  ...[DEXCR.PNH_SBHE, DEXCR.PNH_IBRTPD, DEXCR.PNH_SRAPD, DEXCR.PNH_NPHIE, DEXCR.PNH_PHIE],
  ...[DEXCR.PRO_SBHE, DEXCR.PRO_IBRTPD, DEXCR.PRO_SRAPD, DEXCR.PRO_NPHIE, DEXCR.PRO_PHIE],
);
const DAWRX_BITS = bitsOf(
  maskOf(DAWRX.MRD, DAWRX.HRAMMC, DAWRX.DW, DAWRX.DR, DAWRX.WT, DAWRX.WTI, DAWRX.HYP, DAWRX.PNH, DAWRX.PRO),
);

export const MICROWATT: CpuModel = {
  name: 'microwatt',
  pvr: 0x00630000n,
  level: 'v3.1B',
  features: new Set(['base', 'attn', 'doorbell', 'hash', 'prefixed', 'float']),
  sprs: sprSet(SPR_NAMES),
  sprMasks: {
    LPCR: bitsOf(maskOf(LPCR.HAIL, LPCR.EVIRT, LPCR.LD, LPCR.HEIC, LPCR.LPES, LPCR.HVICE), LPCR_FIXED),
    FSCR: bitsOf(FSCR_BITS | maskOf(FSCR.IC)),
    DSCR: bitsOf(DSCR_MASK),
    PTCR: bitsOf(maskOf(PTCR.PATB, PTCR.PATS)),
    PIDR: bitsOf(BigInt(mmu.MICROWATT.pidMask)),
    DAWR0: bitsOf(DAWR.DEAW.mask),
    DAWR1: bitsOf(DAWR.DEAW.mask),
    DAWRX0: DAWRX_BITS,
    DAWRX1: DAWRX_BITS,
    HRMOR: NOTHING,
    HMER: NOTHING,
    HMEER: NOTHING,
    DEXCR: bitsOf(0n, DEXCR_FIXED),
    HDEXCR: bitsOf(0n, DEXCR_FIXED),
  },
  // The RTL keeps all 64 bits, whatever they mean.
  msr: bitsOf(~0n & 0xffffffffffffffffn, MSR.HV.mask),
  transactional: false,
  cracksLoadUpdates: true,
  keepsReservedXer: false,
  tabulatedEstimates: true,
  interruptClears: maskOf(MSR.PR, MSR.SE, MSR.BE, MSR.FP, MSR.FE0, MSR.FE1),
  reset: {
    MSR: maskOf(MSR.SF, MSR.HV, MSR.LE),
    LPCR: LPCR_FIXED | LPCR.LD.mask,
    FSCR: FSCR_BITS,
    CTRL: CTRL.RUN.mask,
    DEXCR: DEXCR_FIXED,
    HDEXCR: DEXCR_FIXED,
    PMU11: MMCR0.FC.mask,
  },
  mmu: mmu.MICROWATT,
  cacheBlockShift: 6,
  reservationShift: 6,
  conditionalMatches: 'granule',
  ail: 'hail',
  hypervisorEndian: 'little',
  illegal: 'emulationAssistance',
  evirtInHypervisor: true,
  untranslatedCacheOperations: new Set(['icbi', 'dcbst']),
  reservedBitsIgnored: true,
  decrementer: { small: 32, large: 64, hypervisor: 64, above: 'zero' },
  timebase: { frequency: 100_000_000, unitsPerTick: 1n },
  threadsPerCore: 1,
  tlbielSets: { radix: 1, hash: 1 },
  tlb: TLB_GEOMETRIES.microwatt,
  dawrs: 2,
  counterEvents: MICROWATT_EVENTS,
  priority: ['performanceMonitor', 'hypervisorDoorbell', 'decrementer', 'external'],
};
