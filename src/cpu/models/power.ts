/** POWER8, POWER9 and POWER10 (user's manuals; writable register bits as QEMU models them). */
import { FSCR, HFSCR } from '../../../isa/registers/facilities';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { MMCR0 } from '../../../isa/registers/performance';
import { CIABR, DAWR, DAWRX } from '../../../isa/registers/debug';
import { HID0, PCR, PSSCR } from '../../../isa/registers/thread';
import { PTCR } from '../../../isa/registers/translation';
import { maskOf } from '../../core/bits';
import * as mmu from '../../mmu/policy';
import { TLB_GEOMETRIES } from '../../mmu/tlb/geometry';
import { eventsOf, NO_EVENTS, POWER10_EVENTS, POWER9_EVENTS } from './counter-events';
import { bitsOf, sprsWithout, type CpuModel } from './model';

/** Ultravisor registers; no model here has one. */
const ULTRAVISOR = ['USPRG0', 'USPRG1', 'URMOR', 'USRR0', 'USRR1'];
const HASH_AND_DEXCR = ['HASHKEYR', 'HASHPKEYR', 'DEXCR', 'DEXCRU', 'HDEXCR', 'UHDEXCR'];
const TRANSACTIONAL = ['TFHAR', 'TFIAR', 'TEXASR', 'TEXASRU'];

const MSR_COMMON = maskOf(
  ...[MSR.SF, MSR.HV, MSR.VEC, MSR.VSX, MSR.EE, MSR.PR, MSR.FP, MSR.ME, MSR.FE0, MSR.SE, MSR.BE, MSR.FE1],
  ...[MSR.IR, MSR.DR, MSR.PMM, MSR.RI, MSR.LE],
);
const MSR_TRANSACTIONAL = MSR_COMMON | maskOf(MSR.TS, MSR.TM);

const LPCR_COMMON = maskOf(
  ...[LPCR.VPM1, LPCR.ISL, LPCR.KBV, LPCR.DPFD, LPCR.ILE, LPCR.AIL, LPCR.ONL, LPCR.PECE, LPCR.MER],
  ...[LPCR.TC, LPCR.LPES, LPCR.HDICE],
);
const LPCR_POWER8 = LPCR_COMMON | maskOf(LPCR.VPM0, LPCR.VRMASD, LPCR.RMLS);
const LPCR_POWER9 =
  LPCR_COMMON | maskOf(LPCR.HVEE, LPCR.UPRT, LPCR.EVIRT, LPCR.HR, LPCR.LD, LPCR.GTSE, LPCR.HEIC, LPCR.HVICE);

const FSCR_COMMON = maskOf(FSCR.IC, FSCR.DSCR, FSCR.EBB, FSCR.TAR);
const HFSCR_COMMON = maskOf(
  ...[HFSCR.IC, HFSCR.FP, HFSCR.VECVSX, HFSCR.DSCR, HFSCR.PM, HFSCR.BHRB, HFSCR.EBB, HFSCR.TAR, HFSCR.MSGP],
);
const PCR_COMMON = maskOf(PCR.V2_05, PCR.V2_06);

const DEBUG_MASKS = {
  CIABR: bitsOf(maskOf(CIABR.CIEA, CIABR.PRIV)),
  DAWR0: bitsOf(DAWR.DEAW.mask),
  DAWRX0: bitsOf(maskOf(DAWRX.MRD, DAWRX.DW, DAWRX.DR, DAWRX.WT, DAWRX.WTI, DAWRX.HYP, DAWRX.PNH, DAWRX.PRO)),
};
const DAWRX_V31 = bitsOf(DEBUG_MASKS.DAWRX0.writable | DAWRX.HRAMMC.mask);
const PSSCR_MASK = bitsOf(
  maskOf(PSSCR.PLS, PSSCR.SD, PSSCR.ESL, PSSCR.EC, PSSCR.PSLL, PSSCR.TR, PSSCR.MTL, PSSCR.RL),
);

export const POWER9: CpuModel = {
  name: 'power9',
  pvr: 0x004e1200n,
  level: 'v3.0C',
  features: new Set([
    'base', 'string', 'atomicMemory', 'copyPaste', 'hpt', 'bhrb', 'attn', 'doorbell', 'ebb', 'stop', 'float',
    'vector', 'vsx', 'decimal',
  ]), // prettier-ignore
  sprs: sprsWithout('SDR1', 'RMOR', 'DAWR1', 'DAWRX1', ...HASH_AND_DEXCR, ...ULTRAVISOR),
  sprMasks: {
    ...DEBUG_MASKS,
    LPCR: bitsOf(LPCR_POWER9),
    FSCR: bitsOf(FSCR_COMMON | FSCR.SCV.mask),
    HFSCR: bitsOf(HFSCR_COMMON | HFSCR.TM.mask),
    PCR: bitsOf(PCR_COMMON | maskOf(PCR.V2_07, PCR.TM_DISABLED)),
    PTCR: bitsOf(maskOf(PTCR.PATB, PTCR.PATS)),
    LPIDR: bitsOf(BigInt(mmu.POWER9.lpidMask)),
    PIDR: bitsOf(BigInt(mmu.POWER9.pidMask)),
    PSSCR: PSSCR_MASK,
  },
  msr: bitsOf(MSR_TRANSACTIONAL),
  transactional: true,
  cracksLoadUpdates: false,
  keepsReservedXer: true,
  tabulatedEstimates: false,
  interruptClears: maskOf(
    ...[MSR.VEC, MSR.VSX, MSR.FP, MSR.FE0, MSR.FE1, MSR.SE, MSR.BE, MSR.PMM, MSR.PR, MSR.TM, MSR.S],
  ),
  // Counters are frozen.
  // attn is enabled, as firmware leaves it on a machine that somebody debugs.
  reset: { MSR: maskOf(MSR.SF, MSR.HV), PMU11: MMCR0.FC.mask, HID0: HID0.EN_ATTN_P9.mask },
  mmu: mmu.POWER9,
  cacheBlockShift: 7,
  reservationShift: 7,
  conditionalMatches: 'operand',
  ail: 'ail',
  hypervisorEndian: HID0.HILE_P9,
  illegal: 'emulationAssistance',
  evirtInHypervisor: false,
  untranslatedCacheOperations: new Set(),
  reservedBitsIgnored: true,
  decrementer: { small: 32, large: 56, hypervisor: 56, above: 'sign' },
  timebase: { frequency: 512_000_000, unitsPerTick: 1n },
  threadsPerCore: 4,
  tlbielSets: { radix: 128, hash: 256 },
  tlb: TLB_GEOMETRIES.power9,
  dawrs: 1,
  counterEvents: eventsOf(POWER9_EVENTS),
  attnEnable: HID0.EN_ATTN_P9,
  // QEMU's order, with hypervisor maintenance first among the maskable ones; the ISA leaves it open.
  priority: [
    'systemReset', 'machineCheck', 'hypervisorMaintenance', 'hypervisorDecrementer', 'hypervisorVirtualization',
    'external', 'decrementer', 'privilegedDoorbell', 'hypervisorDoorbell', 'performanceMonitor',
  ], // prettier-ignore
};

export const POWER10: CpuModel = {
  ...POWER9,
  name: 'power10',
  pvr: 0x00800200n,
  level: 'v3.1B',
  features: new Set([...POWER9.features, 'prefixed', 'hash']),
  sprs: sprsWithout('SDR1', 'RMOR', 'TIDR', ...TRANSACTIONAL, ...ULTRAVISOR),
  sprMasks: {
    ...POWER9.sprMasks,
    DAWRX0: DAWRX_V31,
    DAWR1: DEBUG_MASKS.DAWR0,
    DAWRX1: DAWRX_V31,
    LPCR: bitsOf(LPCR_POWER9 | LPCR.HAIL.mask),
    FSCR: bitsOf(FSCR_COMMON | maskOf(FSCR.SCV, FSCR.PREFIX)),
    HFSCR: bitsOf(HFSCR_COMMON | HFSCR.PREFIX.mask),
    PCR: bitsOf(PCR_COMMON | maskOf(PCR.V2_07, PCR.V3_00)),
  },
  msr: bitsOf(MSR_COMMON),
  transactional: false,
  cracksLoadUpdates: false,
  keepsReservedXer: true,
  tabulatedEstimates: false,
  mmu: mmu.POWER10,
  ail: 'hail',
  threadsPerCore: 8,
  tlbielSets: { radix: 1, hash: 1 },
  tlb: TLB_GEOMETRIES.power10,
  dawrs: 2,
  counterEvents: eventsOf(POWER10_EVENTS),
};

export const POWER8: CpuModel = {
  ...POWER9,
  name: 'power8',
  pvr: 0x004d0200n,
  level: 'v2.07',
  features: new Set([
    'base', 'string', 'hpt', 'bhrb', 'attn', 'doorbell', 'ebb', 'float', 'vector', 'vsx', 'decimal',
  ]), // prettier-ignore
  sprs: sprsWithout(
    ...[
      'DAWR1',
      'DAWRX1',
      'PTCR',
      'ASDR',
      'PSSCR',
      'PSSCR_G',
      'TIDR',
      'LDBAR',
      ...HASH_AND_DEXCR,
      ...ULTRAVISOR,
    ],
  ),
  sprMasks: {
    ...DEBUG_MASKS,
    LPCR: bitsOf(LPCR_POWER8),
    FSCR: bitsOf(FSCR_COMMON),
    HFSCR: bitsOf(HFSCR_COMMON | HFSCR.TM.mask),
    PCR: bitsOf(PCR_COMMON | PCR.TM_DISABLED.mask),
    LPIDR: bitsOf(BigInt(mmu.POWER8.lpidMask)),
    PIDR: bitsOf(0xffffffffn),
  },
  mmu: mmu.POWER8,
  tlb: TLB_GEOMETRIES.power8,
  hypervisorEndian: HID0.HILE_P8,
  decrementer: { small: 32, large: 32, hypervisor: 32, above: 'sign' },
  threadsPerCore: 8,
  tlbielSets: { radix: 1, hash: 512 },
  counterEvents: NO_EVENTS,
  attnEnable: HID0.EN_ATTN_P8,
  reset: { ...POWER9.reset, HID0: HID0.EN_ATTN_P8.mask },
};
