/**
 * The interrupt vectors (Power ISA Book III, 7.5 and figure "Effective addresses of interrupt vectors"): one row each.
 * How they are taken is `src/cpu/interrupts.ts`.
 */

export interface InterruptRow {
  /** Offset of the vector. */
  readonly vector: number;
  /** Title as the ISA has it, for traces and messages. */
  readonly title: string;
  /** Registers that save the context: SRR0/1, HSRR0/1, LR and CTR (scv), or by LPCR[LPES] (external). */
  readonly save: 'SRR' | 'HSRR' | 'LR' | 'LPES';
  /** MSR[HV] afterwards: unchanged or set. */
  readonly hv: 'same' | 'set';
  /** True where LPCR[AIL] or LPCR[HAIL] may relocate the vector. */
  readonly ail: boolean;
}

const srr = (vector: number, title: string, ail = true): InterruptRow => ({
  vector,
  title,
  save: 'SRR',
  hv: 'same',
  ail,
});
const hsrr = (vector: number, title: string, ail = true): InterruptRow => ({
  vector,
  title,
  save: 'HSRR',
  hv: 'set',
  ail,
});

export const INTERRUPTS = {
  systemReset: { ...srr(0x100, 'System Reset', false), hv: 'set' },
  machineCheck: { ...srr(0x200, 'Machine Check', false), hv: 'set' },
  dataStorage: srr(0x300, 'Data Storage'),
  dataSegment: srr(0x380, 'Data Segment'),
  instructionStorage: srr(0x400, 'Instruction Storage'),
  instructionSegment: srr(0x480, 'Instruction Segment'),
  external: { ...srr(0x500, 'External'), save: 'LPES' },
  alignment: srr(0x600, 'Alignment'),
  program: srr(0x700, 'Program'),
  fpUnavailable: srr(0x800, 'Floating-Point Unavailable'),
  decrementer: srr(0x900, 'Decrementer'),
  hypervisorDecrementer: hsrr(0x980, 'Hypervisor Decrementer'),
  privilegedDoorbell: srr(0xa00, 'Directed Privileged Doorbell'),
  systemCall: srr(0xc00, 'System Call'),
  trace: srr(0xd00, 'Trace'),
  hypervisorDataStorage: hsrr(0xe00, 'Hypervisor Data Storage'),
  hypervisorInstructionStorage: hsrr(0xe20, 'Hypervisor Instruction Storage'),
  hypervisorEmulationAssistance: hsrr(0xe40, 'Hypervisor Emulation Assistance'),
  hypervisorMaintenance: hsrr(0xe60, 'Hypervisor Maintenance', false),
  hypervisorDoorbell: hsrr(0xe80, 'Directed Hypervisor Doorbell'),
  hypervisorVirtualization: hsrr(0xea0, 'Hypervisor Virtualization'),
  performanceMonitor: srr(0xf00, 'Performance Monitor'),
  vectorUnavailable: srr(0xf20, 'Vector Unavailable'),
  vsxUnavailable: srr(0xf40, 'VSX Unavailable'),
  facilityUnavailable: srr(0xf60, 'Facility Unavailable'),
  hypervisorFacilityUnavailable: hsrr(0xf80, 'Hypervisor Facility Unavailable'),
  systemCallVectored: { vector: 0x17000, title: 'System Call Vectored', save: 'LR', hv: 'same', ail: true },
} as const satisfies Record<string, InterruptRow>;

export type InterruptName = keyof typeof INTERRUPTS;
