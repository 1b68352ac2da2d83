/**
 * Services: what an instruction does beyond arithmetic and storage. A row names one and passes doublewords; TypeScript
 * (`src/cpu/services/`) carries it out. The engine makes state exact before a service and looks at it again after.
 */

export interface ServiceSpec {
  /** Number of doubleword operands, at most 6. */
  readonly args: number;
  /** True where it gives a doubleword. */
  readonly result: boolean;
  /** True where execution does not simply go on with the next instruction in the same context. */
  readonly endsBlock: boolean;
}

const effect = (args: number): ServiceSpec => ({ args, result: false, endsBlock: false });
const value = (args: number): ServiceSpec => ({ args, result: true, endsBlock: false });
const context = (args: number): ServiceSpec => ({ args, result: false, endsBlock: true });

export const SERVICES = {
  /** Operand: SPR number. Result: its value; the privilege rules of SPRs are the service's (Book III, 4.4.5). */
  mfspr: value(1),
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
  attn: context(0),
  stop: context(0),
  /** Operands: WC, PL. */
  wait: context(2),
  isync: context(0),
  /** Operands: L, SC. */
  sync: effect(2),
  eieio: effect(0),
  tlbsync: effect(0),
  slbsync: effect(0),
  /** Operands: RB, RS, RIC, PRS, R. */
  tlbie: context(5),
  /** Operands: RB, RIC, PRS, R and, as the second, RS. */
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
  msgsync: effect(0),
  /** Operand: EA. */
  icbi: context(1),
  /** Operands: EA, and the L field for dcbf. */
  dcbst: effect(1),
  dcbf: effect(2),
  /** Operand: EA. */
  copy: effect(1),
  /** Operand: EA. Result: the CR0 field without SO. */
  paste: value(1),
  cpabort: effect(0),
  /** Operands: EA, function code, number of RT, length in bytes (4 or 8). */
  loadAtomic: effect(4),
  storeAtomic: effect(4),
  /** Operands: EA, number of the first register of the pair. */
  lqarx: effect(2),
  /** Operands: EA, number of the first register. Result: 1 where stored. */
  stqcx: value(2),
  /** Operand: L. Result: a random number, deterministic, or all ones for an invalid L. */
  darn: value(1),
  clrbhrb: effect(0),
  /** Operand: BHRBE number. */
  mfbhrbe: value(1),
  /** Operands: two doublewords and the key. Result: the hash (Book I, 3.3.17). */
  hashDigest: value(3),
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
  'fpUnavailable',
  'vectorUnavailable',
  'vsxUnavailable',
  /** Operand: the interruption cause code of FSCR. */
  'facilityUnavailable',
  /** Operand: the interruption cause code of HFSCR. */
  'hypervisorFacilityUnavailable',
] as const;
export type RaiseReason = (typeof RAISE_REASONS)[number];
