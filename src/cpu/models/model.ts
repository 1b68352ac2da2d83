/**
 * What distinguishes one CPU model from another, as data. No code asks for a model's name: it asks for the choice.
 * The choices of the MMU are {@link MmuPolicy}.
 */
import type { Feature, IsaLevel } from '../../../isa/vocabulary/row';
import { SPR_ROWS, type SprRow } from '../../../isa/registers/spr';
import type { Field } from '../../core/bits';
import type { MmuPolicy } from '../../mmu/policy';
import type { TlbGeometry } from '../../mmu/tlb/geometry';
import type { CounterEvents } from '../counter-events';

export type ModelName = 'power8' | 'power9' | 'power10' | 'microwatt';

/** Asynchronous interrupts, by what requests them (Power ISA v3.1 Book III, 7.7). */
export type AsynchronousSource =
  | 'systemReset'
  | 'machineCheck'
  | 'hypervisorMaintenance'
  | 'hypervisorDecrementer'
  | 'hypervisorVirtualization'
  | 'external'
  | 'decrementer'
  | 'privilegedDoorbell'
  | 'hypervisorDoorbell'
  | 'performanceMonitor';

/** A register of which not every bit exists. */
export interface RegisterMask {
  /** Bits that a write changes. */
  readonly writable: bigint;
  /** Bits that are always 1. */
  readonly fixed: bigint;
}

/** Which rule relocates interrupt vectors. */
export type AilRule =
  /** v2.07, v3.0: LPCR[AIL] for every interrupt, except into a hypervisor with LPCR[HR]=0. */
  | 'ail'
  /** v3.1: LPCR[AIL] for interrupts that stay in HV=0, LPCR[HAIL] for those taken with HV=1. */
  | 'hail';

export interface CpuModel {
  readonly name: ModelName;
  readonly pvr: bigint;
  readonly level: IsaLevel;
  readonly features: ReadonlySet<Feature>;
  /** The SPRs that exist, by number. */
  readonly sprs: ReadonlyMap<number, SprRow>;
  /** Implemented bits that differ from the SPR's row, by its name. */
  readonly sprMasks: Readonly<Record<string, RegisterMask>>;
  /** Implemented MSR bits; `fixed` has HV where there is no other state. */
  readonly msr: RegisterMask;
  /** Transactional memory exists: interrupts suspend a transaction, returns restore its state. */
  readonly transactional: boolean;
  /** Loads with update complete as two operations and count as two instructions. */
  readonly cracksLoadUpdates: boolean;
  /** XER keeps what is written to its reserved bits 35:43; else they read as 0. */
  readonly keepsReservedXer: boolean;
  /** True where fre and frsqrte give what Microwatt's table does; else quotients, as QEMU has them. */
  readonly tabulatedEstimates: boolean;
  /** MSR bits that every interrupt clears, beside those that its kind decides (EE, RI, IR, DR, HV, LE, ME). */
  readonly interruptClears: bigint;
  /** Registers that are not 0 after reset, by slot name. */
  readonly reset: Readonly<Record<string, bigint>>;
  readonly mmu: MmuPolicy;
  /** log2 of the cache block, and of the reservation granule, in bytes. */
  readonly cacheBlockShift: number;
  readonly reservationShift: number;
  /**
   * What a store conditional must have in common with the load that reserved, for the reservation to serve it: address
   * and length, or the granule alone. The architecture leaves all but address and length open.
   */
  readonly conditionalMatches: 'operand' | 'granule';
  readonly ail: AilRule;
  /** MSR[LE] of interrupts taken with HV=1: a bit of HID0, or always little-endian. */
  readonly hypervisorEndian: Field | 'little';
  /**
   * Where an illegal instruction goes: hypervisor emulation assistance, or a program interrupt, as a guest under a
   * hypervisor that is not in the machine sees it.
   */
  readonly illegal: 'emulationAssistance' | 'program';
  /** LPCR[EVIRT] makes undefined SPRs illegal in hypervisor state too, and not only for guests. */
  readonly evirtInHypervisor: boolean;
  /** Cache management that does not look at its address, so that it never faults. */
  readonly untranslatedCacheOperations: ReadonlySet<'icbi' | 'dcbst' | 'dcbf'>;
  /** Reserved instruction bits are ignored; else an instruction with one set is illegal. */
  readonly reservedBitsIgnored: boolean;
  readonly decrementer: {
    /** Bits of DEC with LPCR[LD]=0 and 1, and of HDEC. */
    readonly small: number;
    readonly large: number;
    readonly hypervisor: number;
    /** What the bits above DEC read as. */
    readonly above: 'sign' | 'zero';
  };
  readonly timebase: {
    /** Ticks of the time base a second, as the device tree says. */
    readonly frequency: number;
    /** Units of the machine's time (instructions or cycles) per tick. */
    readonly unitsPerTick: bigint;
  };
  readonly threadsPerCore: number;
  /** Congruence classes that tlbiel with IS != 0 addresses, by kind of translation; 1: all at once. */
  readonly tlbielSets: { readonly radix: number; readonly hash: number };
  /** Sizes of the architected lookaside buffers. */
  readonly tlb: TlbGeometry;
  readonly dawrs: number;
  /** Events that PMC1 to PMC4 can count. */
  readonly counterEvents: CounterEvents;
  /** HID0 bit that enables attn; without it attn is always enabled. */
  readonly attnEnable?: Field;
  /** Asynchronous interrupts that exist, the first being taken first. */
  readonly priority: readonly AsynchronousSource[];
}

const UNIVERSE = new Map(SPR_ROWS.map((row) => [row.name, row]));

/** The SPRs of these names, by number; a name that no row has is a defect of the model. */
export function sprSet(names: readonly string[]): ReadonlyMap<number, SprRow> {
  const rows = names.map((name) => {
    const row = UNIVERSE.get(name);
    if (!row) throw new TypeError(`no SPR is named ${name}`);
    return [row.num, row] as const;
  });
  return new Map(rows);
}

/** All SPRs but these. */
export const sprsWithout = (...names: readonly string[]): ReadonlyMap<number, SprRow> =>
  sprSet(SPR_ROWS.map(({ name }) => name).filter((name) => !names.includes(name)));

/** A register with these writable bits, and bits that are always 1. */
export const bitsOf = (writable: bigint, fixed = 0n): RegisterMask => ({ writable, fixed });
