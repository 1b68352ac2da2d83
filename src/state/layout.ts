/**
 * The one place that knows where state lives in linear memory. Accessors, generated code, snapshots and the
 * debugger's register list all derive from the tables here; there is no second copy of guest state.
 *
 * Linear memory, in order: one CPU block per CPU, the translation caches of each CPU, the decoded-page slots,
 * host real memory. The sizes are in {@link MemoryMap}.
 */
import { SPR_ROWS } from '../../isa/registers/spr';

/** Bytes of an element of each type. */
const SIZE = { u8: 1, i32: 4, i64: 8, v128: 16 } as const;
export type SlotType = keyof typeof SIZE;

/** A register or an engine variable of a CPU block: `count` elements of `type` from byte `offset`. */
export interface Slot {
  readonly name: string;
  readonly type: SlotType;
  readonly offset: number;
  readonly count: number;
  /** Bytes of all elements. */
  readonly size: number;
  /** Architected state is saved in snapshots; the rest is the engine's scratch. */
  readonly architected: boolean;
}

type Spec = readonly [name: string, type: SlotType, count?: number];

/** Architected registers that are not SPRs with a doubleword of their own. */
const REGISTERS = [
  ['GPR', 'i64', 32],
  /** Always zero: what (RA|0) reads when RA is 0. */
  ['ZERO', 'i64'],
  /** Next instruction address: current whenever the engine is not inside wasm. */
  ['NIA', 'i64'],
  ['MSR', 'i64'],
  ['VSR', 'v128', 64],
  ['FPSCR', 'i64'],
  ['VSCR', 'i64'],
  /** The eight CR fields, one a byte, CR0 first. */
  ['CR', 'u8', 8],
  /** XER in parts: each flag a byte of 0 or 1, and the rest (bits 46:63 of the register). */
  ['SO', 'u8'],
  ['OV', 'u8'],
  ['CA', 'u8'],
  ['OV32', 'u8'],
  ['CA32', 'u8'],
  ['XERLOW', 'i32'],
  /** Reservation: 0 none, else its length in bytes; host real address of the access. */
  ['RESLEN', 'i32'],
  ['RESADDR', 'i64'],
  /** Copy buffer of copy/paste: 1 when it holds a block. */
  ['COPYVALID', 'i32'],
  ['COPYBUF', 'i64', 16],
  /** SLB: ESID word and VSID word of 32 entries, as slbmfee and slbmfev return them. */
  ['SLBE', 'i64', 32],
  ['SLBV', 'i64', 32],
  /** Instructions retired since reset. */
  ['RETIRED', 'i64'],
  /** Loads with update among them, on CPU models that complete those as two operations. */
  ['CRACKED', 'i64'],
  /** Time that passed while the thread was stopped, or in interrupts that no instruction came between. */
  ['IDLETIME', 'i64'],
  /** One more than RETIRED when the last interrupt was taken; 0: none was. */
  ['INTERRUPTED', 'i64'],
  /** Time base at time 0, so that TB = TBOFFSET + time; the same for VTB, PURR, SPURR, DEC and HDEC. */
  ['TBOFFSET', 'i64'],
  ['VTBOFFSET', 'i64'],
  ['PURROFFSET', 'i64'],
  ['SPURROFFSET', 'i64'],
  /** Time at which DEC and HDEC pass from 0 to -1. */
  ['DECEXPIRY', 'i64'],
  ['HDECEXPIRY', 'i64'],
  /** Time up to which the performance monitor counters are counted. */
  ['PMUSINCE', 'i64'],
  /** The same in instructions, where a cycle model makes time another thing. */
  ['PMURETIRED', 'i64'],
  /** Interrupt requests latched in the CPU, one bit each (see src/cpu/asynchronous.ts). */
  ['PENDING', 'i32'],
  /** 1 while the thread is stopped by stop, wait or H_CEDE. */
  ['STOPPED', 'i32'],
] as const satisfies readonly Spec[];

/** The engine's own variables; nothing of the guest is kept here while the engine is outside wasm. */
const ENGINE = [
  /** CIA = FETCHBIAS + (ip >>> 1) for a decoded record at `ip`. */
  ['FETCHBIAS', 'i64'],
  /** The record that is executing, and the instructions left, at an exit. */
  ['IP', 'i32'],
  ['LEFT', 'i32'],
  /** Context numbers in the tags of the translation caches: load/store and fetch. */
  ['DCTX', 'i64'],
  ['ICTX', 'i64'],
  /**
   * Linear addresses of this CPU's translation cache and fetch cache, with the bits flipped that keep contexts of
   * different partitions and privileges from each other's entries.
   */
  ['TLBBASE', 'i32'],
  ['FETCHBASE', 'i32'],
  /** Linear address of host real address 0. */
  ['RAMBASE', 'i32'],
  /** Operand block between generated code and TypeScript. */
  ['ARG', 'i64', 7],
  ['RESULT', 'v128'],
  /** RETIRED at the end of the stretch of instructions that was granted. */
  ['STRETCHEND', 'i64'],
  /** Switches of MSR that are known ({@link SWITCH_ENTRY}), for each kind; those with this stamp still hold. */
  ['SWITCHES', 'i64', 256],
  ['SWITCHSTAMP', 'i32'],
  /** Switches that generated code has made, and interrupts among them. */
  ['SWITCHED', 'i32'],
  ['SWITCHINTERRUPTS', 'i32'],
  /** Cells of a cycle model (src/timing/state.ts), and the linear address of its tables. */
  ['TIMING', 'i64', 192],
  ['TIMINGBASE', 'i32'],
] as const satisfies readonly Spec[];

/** SPRs with a doubleword of state: all rows but those that are only another name for something. */
const SPR_ALIASES = new Set([
  'XER', 'UDSCR', 'UAMR', 'USPRG3', 'TB', 'TBU', 'TBL', 'TBUW', 'TBU40', 'CTRLW', 'TEXASRU', 'DEC', 'HDEC',
  'VTB', 'PURR', 'SPURR', 'BESCRS', 'BESCRSU', 'BESCRR', 'BESCRRU', 'DEXCRU', 'UHDEXCR', 'PSSCR_G', 'PPR32', 'TIR', 'PVR',
]); // prettier-ignore
const SPR_SLOTS = SPR_ROWS.filter(({ name }) => !SPR_ALIASES.has(name) && !/^UPMU/.test(name)).map(
  ({ name }): Spec => [name, 'i64'],
);

export type RegisterName = (typeof REGISTERS)[number][0];
export type EngineName = (typeof ENGINE)[number][0];

function place(): { slots: Map<string, Slot>; size: number } {
  const slots = new Map<string, Slot>();
  let offset = 0;
  const add = ([name, type, count = 1]: Spec, architected: boolean): void => {
    const size = SIZE[type];
    offset = Math.ceil(offset / size) * size;
    slots.set(name, { name, type, offset, count, size: size * count, architected });
    offset += size * count;
  };
  for (const spec of REGISTERS) add(spec, true);
  for (const spec of SPR_SLOTS) add(spec, true);
  for (const spec of ENGINE) add(spec, false);
  return { slots, size: Math.ceil(offset / 64) * 64 };
}

const placed = place();

/** All slots of a CPU block in order of offset. */
export const SLOTS: readonly Slot[] = [...placed.slots.values()];

/** Bytes of one CPU block. */
export const CPU_BLOCK_SIZE = placed.size;

/** The slot of a register by its name (`GPR`, `MSR`, an SPR's ISA name...); an unknown name is a defect. */
export function slot(name: string): Slot {
  const found = placed.slots.get(name);
  if (!found) throw new Error(`no state slot is named ${name}`);
  return found;
}

/** Byte offset of a slot in its CPU block. */
export const offsetOf = (name: string): number => slot(name).offset;

/** True where an SPR of this name has a doubleword of its own in the CPU block. */
export const hasSlot = (name: string): boolean => placed.slots.has(name);

/**
 * A translation cache entry: read tag, write tag (both EA page | context), addend to a linear address; `leaf` is what a
 * cycle model wants to know of the translation, 0 for nothing.
 */
export const TLB_ENTRY = { readTag: 0, writeTag: 8, addend: 16, leaf: 20, size: 32 } as const;
/** A fetch cache entry: tag, address of the decoded page's first record; `leaf` as above. */
export const FETCH_ENTRY = { tag: 0, records: 8, leaf: 12, size: 16 } as const;
/** Instructions that switch MSR, by their services. */
export const SWITCH_KINDS = ['sc', 'rfid', 'hrfid', 'mtmsrd'] as const;
export type SwitchKind = (typeof SWITCH_KINDS)[number];
/** Known switches of each kind; a power of two. */
export const SWITCH_ENTRIES = 8;
/** A known switch: MSR and operand before; MSR, contexts, caches, status and address after. */
export const SWITCH_ENTRY = {
  from: 0, operand: 8, msr: 16, dctx: 24, ictx: 28, tlb: 32, fetch: 36, status: 40, target: 48, stamp: 56, size: 64,
} as const; // prettier-ignore
/** A decoded record: index of the handler in the function table, instruction word (suffix in the next record). */
export const RECORD = { handler: 0, word: 4, size: 8, perPage: 1024 } as const;
/** Bytes from one decoded page to the next: the records, then the record that leaves the page, then free room. */
export const RECORD_SLOT_SIZE = 16384;
/** In the free room of a decoded page: the number of the real page that it is of. */
export const RECORD_PAGE = 8200;
/** In the same room: a counter of 32 bits for each record, for a cycle model. */
export const RECORD_COUNTERS = 8204;
/** Bytes of the tables of one CPU's cycle model. */
export const TIMING_TABLES_SIZE = 262144;

export const TLB_ENTRIES = 65536;
export const FETCH_ENTRIES = 4096;

/** Where the parts of linear memory lie, in bytes. */
export interface MemoryMap {
  readonly cpus: number;
  readonly tlbBase: number;
  readonly fetchBase: number;
  /** Tables of the CPUs' cycle models. */
  readonly timingBase: number;
  readonly recordBase: number;
  readonly recordSlots: number;
  readonly ramBase: number;
  readonly ramSize: number;
  /** Size of the whole linear memory: a multiple of 64 KiB. */
  readonly total: number;
}

const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/**
 * Lays out linear memory.
 * @param ramSize bytes of host real memory, a multiple of 4096
 * @param cpus number of CPUs, at least 1
 */
export function memoryMap(ramSize: number, cpus: number, recordSlots = 2048): MemoryMap {
  // Aligned to their sizes, so that generated code finds entries by exclusive or.
  const tlbBase = alignUp(CPU_BLOCK_SIZE * cpus, TLB_ENTRIES * TLB_ENTRY.size);
  const fetchBase = tlbBase + TLB_ENTRIES * TLB_ENTRY.size * cpus;
  const timingBase = fetchBase + FETCH_ENTRIES * FETCH_ENTRY.size * cpus;
  const recordBase = alignUp(timingBase + TIMING_TABLES_SIZE * cpus, RECORD_SLOT_SIZE);
  const ramBase = alignUp(recordBase + recordSlots * RECORD_SLOT_SIZE, 65536);
  const total = alignUp(ramBase + ramSize, 65536);
  return { cpus, tlbBase, fetchBase, timingBase, recordBase, recordSlots, ramBase, ramSize, total };
}
