/**
 * Services: what an instruction does beyond arithmetic and storage. A row names one and passes doublewords; TypeScript
 * (`src/cpu/services/`) carries it out. The engine makes state exact before a service and looks at it again after.
 */

export interface ServiceSpec {
  /** Number of doubleword operands, at most 7. */
  readonly args: number;
  /** True where it gives a doubleword. */
  readonly result: boolean;
  /** True where execution does not simply go on with the next instruction in the same context. */
  readonly endsBlock: boolean;
  /**
   * True where it only orders what is around it. An engine that performs accesses in program order, one CPU after the
   * other, and sees changes of context and code at once, has nothing to do for it.
   */
  readonly ordersOnly?: true;
}

const effect = (args: number): ServiceSpec => ({ args, result: false, endsBlock: false });
const value = (args: number): ServiceSpec => ({ args, result: true, endsBlock: false });
const context = (args: number): ServiceSpec => ({ args, result: false, endsBlock: true });

const ordering = (args: number, { endsBlock }: { endsBlock: boolean }): ServiceSpec => ({
  args,
  result: false,
  endsBlock,
  ordersOnly: true,
});

export const SERVICES = {
  /**
   * Operands: SPR number, what RT holds. Result: the SPR's value, or what RT holds where the access is a no-op; the
   * privilege rules of SPRs are the service's (Book III, 4.4.5).
   */
  mfspr: value(2),
  /** Operands: SPR number, value. */
  mtspr: context(2),
  /** Operands: value, L. */
  mtmsr: context(2),
  mtmsrd: context(2),
  rfid: context(0),
  hrfid: context(0),
  urfid: context(0),
  rfscv: context(0),
  /** Operand: S. */
  rfebb: context(1),
  /** Operand: LEV. */
  sc: context(1),
  scv: context(1),
  /** Who may execute it differs by CPU model: Microwatt: privileged; POWER: illegal unless HID0 enables it. */
  attn: context(0),
  /** The checks of PSSCR and HFSCR, which depend on the level asked for, are the service's (Book III, 3.3.2). */
  stop: context(0),
  /** The power-saving instructions of v2.07. Operand: 0 doze, 1 nap, 2 sleep, 3 rvwinkle. */
  powerSave: context(1),
  /** Operands: WC, PL. */
  wait: context(2),
  isync: ordering(0, { endsBlock: true }),
  /** Operands: L, SC. */
  sync: ordering(2, { endsBlock: false }),
  eieio: ordering(0, { endsBlock: false }),
  tlbsync: effect(0),
  slbsync: effect(0),
  /**
   * Operands: RB, RS, RIC, PRS, R. Privilege by HR, GTSE and PRS, and forms that only R and the levels of old make
   * invalid, are the service's (Book III, 6.9.3.3): rows say only `privileged`.
   */
  tlbie: context(5),
  /** Operands as tlbie's. */
  tlbiel: context(5),
  /** Operand: RB. */
  slbie: context(1),
  /** Operands: RS, RB. */
  slbieg: context(2),
  /** Operand: IH. */
  slbia: context(1),
  /** Operands: RS, L. */
  slbiag: context(2),
  /** Operands: RS, RB. */
  slbmte: context(2),
  /** Operand: RB. */
  slbmfev: value(1),
  slbmfee: value(1),
  /** Operand: RB. Result: the VSID word; sets CR0. */
  slbfee: value(1),
  /** Operand: RB. */
  msgsnd: context(1),
  msgclr: effect(1),
  msgsndp: context(1),
  msgclrp: effect(1),
  msgsync: ordering(0, { endsBlock: false }),
  /** Operand: EA. */
  icbi: context(1),
  /** Operands: EA, and the L field for dcbf. */
  dcbst: effect(1),
  dcbf: effect(2),
  /** Operand: EA, a multiple of 128. */
  copy: effect(1),
  /** Operand: EA, a multiple of 128. Result: the CR0 field without SO. */
  paste: value(1),
  cpabort: effect(0),
  /**
   * Operands: EA, function code, number of RT (or RS), length in bytes (4 or 8). The service raises what the function
   * code decides: reserved codes (data storage) and alignment, which for pairs is that of a 32-byte block (Book II, 4.5).
   */
  loadAtomic: effect(4),
  storeAtomic: effect(4),
  /** Operands: EA, a multiple of 16, and the number of the first register of the pair. */
  lqarx: effect(2),
  /** Operands: EA, a multiple of 16, and the number of the first register. Result: 1 where stored. */
  stqcx: value(2),
  /** Operand: L. Result: a random number, deterministic, or all ones for an invalid L. */
  darn: value(1),
  clrbhrb: effect(0),
  /** Operand: BHRBE number. */
  mfbhrbe: value(1),
  /** Operands: two doublewords and the key. Result: the hash (Book I, 3.3.17). */
  hashDigest: value(3),
  /**
   * Operand: 0 for hashst and hashchk (DEXCR aspect NPHIE), 1 for hashstp and hashchkp (PHIE). Result: 1 where DEXCR
   * or HDEXCR enables them in the current state; otherwise they do nothing (Book III, 9.2).
   */
  hashEnabled: value(1),
  /** Operands: selector, doublewords of three operands (`quad-float.ts`). A function of them; it changes nothing. */
  quadFloat: value(7),
  /** Operands: selector, doublewords of two operands (`decimal-float.ts`). A function of them; it changes nothing. */
  decimalFloat: value(5),
} as const satisfies Record<string, ServiceSpec>;

export type ServiceName = keyof typeof SERVICES;

/** Why an instruction raises an interrupt of its own accord; `src/cpu/raise.ts` makes the image. */
export const RAISE_REASONS = [
  /** Not an instruction of this CPU model, or an invalid form. */
  'illegal',
  /** A privileged instruction in problem state. */
  'privileged',
  /** A hypervisor-privileged instruction outside hypervisor state. */
  'hypervisorPrivileged',
  /** Trap condition met. */
  'trap',
  /** Operand: the EA. */
  'alignment',
  /** A prefixed instruction crosses a 64-byte boundary. */
  'prefixAlignment',
  /** A floating-point exception that FPSCR and MSR enable. */
  'floatEnabled',
  'fpUnavailable',
  'vectorUnavailable',
  'vsxUnavailable',
  /** Operand: the interruption cause code of FSCR. */
  'facilityUnavailable',
  /** Operand: the interruption cause code of HFSCR. */
  'hypervisorFacilityUnavailable',
] as const;
export type RaiseReason = (typeof RAISE_REASONS)[number];
