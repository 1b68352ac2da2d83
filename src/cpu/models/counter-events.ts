/**
 * Event codes of POWER9 and POWER10 that can be counted here, as Linux writes them (arch/powerpc/perf/
 * power9-events-list.h, power10-events-list.h, tools/perf/pmu-events/arch/powerpc/power9): the counter (0: any of PMC1
 * to PMC4), the unit, the combination, PMCnSEL.
 */
import type { CounterEvent, CounterEvents } from '../counter-events';

export interface CounterEventRow {
  readonly name: string;
  readonly code: number;
  readonly event: CounterEvent;
}

const row = (name: string, code: number, event: CounterEvent): CounterEventRow => ({ name, code, event });

/** Those that both have. */
const COMMON: readonly CounterEventRow[] = [
  row('PM_CYC', 0x0001e, 'time'),
  row('PM_INST_CMPL', 0x00002, 'instructions'),
  row('PM_LD_REF_L1', 0x100fc, 'loads'),
  row('PM_BR_CMPL', 0x4d05e, 'branches'),
  row('PM_BR_MPRED_CMPL', 0x400f6, 'mispredictions'),
  row('PM_LD_MISS_L1', 0x3e054, 'loadMisses'),
  row('PM_LD_MISS_L1', 0x400f0, 'loadMisses'),
  row('PM_ST_MISS_L1', 0x300f0, 'storeMisses'),
  row('PM_DTLB_MISS', 0x300fc, 'dataTlbMisses'),
  row('PM_ITLB_MISS', 0x400fc, 'instructionTlbMisses'),
];

export const POWER9_EVENTS: readonly CounterEventRow[] = [
  ...COMMON,
  row('PM_RUN_CYC', 0x200f4, 'runTime'),
  row('PM_RUN_INST_CMPL', 0x400fa, 'runInstructions'),
  row('PM_LD_CMPL', 0x4003e, 'loads'),
  row('PM_ST_FIN', 0x20016, 'stores'),
  row('PM_ST_CMPL', 0x200f0, 'stores'),
  row('PM_BR_CMPL', 0x10012, 'branches'),
  row('PM_BRU_FIN', 0x10068, 'branches'),
  row('PM_BR_TAKEN_CMPL', 0x200fa, 'takenBranches'),
  row('PM_LD_MISS_L1_FIN', 0x2c04e, 'loadMisses'),
  row('PM_L1_ICACHE_MISS', 0x200fd, 'instructionMisses'),
  row('PM_IC_MISS_CMPL', 0x45058, 'instructionMisses'),
  row('PM_LSU_DERAT_MISS', 0x200f6, 'dataEratMisses'),
  row('PM_IERAT_RELOAD', 0x100f6, 'instructionEratMisses'),
  row('PM_TLB_HIT', 0x1f054, 'tlbHits'),
  row('PM_CMPLU_STALL', 0x1e054, 'stallCycles'),
  row('PM_CMPLU_STALL_DCACHE_MISS', 0x2c012, 'dataCacheStallCycles'),
  row('PM_CMPLU_STALL_LSU', 0x2c010, 'storageStallCycles'),
  row('PM_CMPLU_STALL_FXLONG', 0x4d016, 'longStallCycles'),
  row('PM_ICT_NOSLOT_CYC', 0x100f8, 'emptyCycles'),
  row('PM_ICT_NOSLOT_IC_MISS', 0x2d01a, 'instructionCacheEmptyCycles'),
];

export const POWER10_EVENTS: readonly CounterEventRow[] = [
  ...COMMON,
  row('PM_L1_ICACHE_MISS', 0x200fc, 'instructionMisses'),
  row('PM_DISP_STALL_CYC', 0x100f8, 'emptyCycles'),
  row('PM_EXEC_STALL', 0x30008, 'stallCycles'),
];

const COUNTERS = [1, 2, 3, 4];
const COUNTER_SHIFT = 16;
const CODE = 2 ** COUNTER_SHIFT - 1;

/** The events by counter. */
export const eventsOf = (rows: readonly CounterEventRow[]): CounterEvents => ({
  selects: 'unitAndCode',
  counters: COUNTERS.map((n) =>
    Object.fromEntries(
      rows
        .filter(({ code }) => code >>> COUNTER_SHIFT === n || code >>> COUNTER_SHIFT === 0)
        .map(({ code, event }) => [code & CODE, event]),
    ),
  ),
});

export const NO_EVENTS: CounterEvents = { selects: 'code', counters: [] };

/** Microwatt (pmu.vhdl): PMCnSEL alone selects. */
export const MICROWATT_EVENTS: CounterEvents = {
  selects: 'code',
  counters: [
    {
      0xf0: 'time', 0xf2: 'instructions', 0xf6: 'instructionEratMisses', 0xf8: 'emptyCycles', 0xfa: 'runTime',
      0xfc: 'loads', 0xfe: 'instructions',
    },
    {
      0xf0: 'stores', 0xf2: 'instructions', 0xf4: 'runTime', 0xf6: 'dataEratMisses', 0xfa: 'takenBranches',
      0xfc: 'instructionMisses', 0xfe: 'loadMisses',
    },
    {
      0xf0: 'storeMisses', 0xf2: 'instructions', 0xf4: 'runInstructions', 0xf6: 'loadMisses', 0xfe: 'dataEratMisses',
    },
    {
      0xf0: 'loadMisses', 0xf2: 'instructions', 0xf4: 'runTime', 0xf6: 'mispredictions', 0xfa: 'runInstructions',
      0xfc: 'instructionEratMisses',
    },
  ],
}; // prettier-ignore
