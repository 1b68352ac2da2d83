/** Cache management, copy and paste, quadword reservations (Power ISA v3.1 Book II, chapter 4). */
import { MSR } from '../../../isa/registers/msr';
import { ACCESS } from '../../mmu/access';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { takeStorageInterrupt } from '../interrupts';
import { OUTCOME } from '../outcome';
import { consumeReservation, reserve } from '../reservation';
import { loadReal, locate, storeReal } from './operand';
import type { Service } from './service';

const AT = {
  COPYVALID: offsetOf('COPYVALID'),
  COPYBUF: offsetOf('COPYBUF'),
} as const;

/** Translates as a load, for an instruction that has no other use for its address; undefined where it faulted. */
function translateOnly(
  cpu: Cpu,
  name: 'icbi' | 'dcbst' | 'dcbf',
): { ra: bigint | undefined; faulted: boolean } {
  if (cpu.model.untranslatedCacheOperations.has(name)) return { ra: undefined, faulted: false };
  const ra = cpu.translate(cpu.arg(0), ACCESS.load);
  return { ra, faulted: ra === undefined };
}

const icbi: Service = (cpu) => {
  const { ra, faulted } = translateOnly(cpu, 'icbi');
  if (faulted) return takeStorageInterrupt(cpu);
  if (ra !== undefined) cpu.hooks.invalidateInstructions(cpu, ra);
  return OUTCOME.RESUME;
};

/** Storage is always current: all that is left of the instruction is its translation. */
const store =
  (name: 'dcbst' | 'dcbf'): Service =>
  (cpu) =>
    translateOnly(cpu, name).faulted ? takeStorageInterrupt(cpu) : OUTCOME.NEXT;

/** copy and paste move a block of 128 bytes. */
const BLOCK = 128;
const DOUBLEWORDS = BLOCK / 8;

const copy: Service = (cpu) => {
  const at = locate(cpu, { ea: cpu.arg(0), length: BLOCK, access: ACCESS.copy });
  if ('outcome' in at) return at.outcome;
  for (let i = 0; i < DOUBLEWORDS; i++) {
    const value = cpu.hooks.bus.read(at.ra + BigInt(8 * i), 8);
    if (value === undefined) return badRealAddress(cpu);
    cpu.state.set(AT.COPYBUF + 8 * i, value);
  }
  cpu.state.setInt(AT.COPYVALID, 1);
  return OUTCOME.NEXT;
};

/** What lies at an address that translates is no memory: a machine check. */
function badRealAddress(cpu: Cpu) {
  cpu.translator.failBadRealAddress();
  return takeStorageInterrupt(cpu);
}

/** CR0 without SO: EQ where the block was stored. */
const PASTED = 2n;

/** choice: ordinary storage may be pasted to, which silicon keeps for accelerators. A paste uses up the copy. */
const paste: Service = (cpu) => {
  const at = locate(cpu, { ea: cpu.arg(0), length: BLOCK, access: ACCESS.paste });
  if ('outcome' in at) return at.outcome;
  const valid = cpu.state.int(AT.COPYVALID) !== 0;
  cpu.state.setInt(AT.COPYVALID, 0);
  cpu.result = valid ? PASTED : 0n;
  if (!valid) return OUTCOME.NEXT;
  for (let i = 0; i < DOUBLEWORDS; i++)
    if (!cpu.hooks.bus.write(at.ra + BigInt(8 * i), 8, cpu.state.get(AT.COPYBUF + 8 * i)))
      return badRealAddress(cpu);
  return OUTCOME.NEXT;
};

const cpabort: Service = (cpu) => {
  cpu.state.setInt(AT.COPYVALID, 0);
  return OUTCOME.NEXT;
};

const QUADWORD = 16;

/** Where the doubleword of the pair's first register lies: the pair is one 128-bit number. */
const firstAt = (cpu: Cpu, ra: bigint): bigint => (cpu.inState(MSR.LE) ? ra + 8n : ra);
const secondAt = (cpu: Cpu, ra: bigint): bigint => (cpu.inState(MSR.LE) ? ra : ra + 8n);

const lqarx: Service = (cpu) => {
  const at = locate(cpu, { ea: cpu.arg(0), length: QUADWORD, access: ACCESS.reserve });
  if ('outcome' in at) return at.outcome;
  const first = cpu.argInt(1);
  cpu.state.setGpr(first, loadReal(cpu, firstAt(cpu, at.ra), 8));
  cpu.state.setGpr(first + 1, loadReal(cpu, secondAt(cpu, at.ra), 8));
  reserve(cpu, at.ra, QUADWORD);
  return OUTCOME.NEXT;
};

/** Translation faults are taken whether the reservation is held or not; the attempt ends the reservation. */
const stqcx: Service = (cpu) => {
  const at = locate(cpu, { ea: cpu.arg(0), length: QUADWORD, access: ACCESS.conditional });
  if ('outcome' in at) return at.outcome;
  const { state } = cpu;
  const held = consumeReservation(cpu, at.ra, QUADWORD);
  cpu.result = held ? 1n : 0n;
  if (!held) return OUTCOME.NEXT;
  const first = cpu.argInt(1);
  storeReal(cpu, firstAt(cpu, at.ra), 8, state.gpr(first));
  storeReal(cpu, secondAt(cpu, at.ra), 8, state.gpr(first + 1));
  return OUTCOME.NEXT;
};

export const STORAGE_SERVICES = {
  icbi,
  dcbst: store('dcbst'),
  dcbf: store('dcbf'),
  copy,
  paste,
  cpabort,
  lqarx,
  stqcx,
} as const satisfies Record<string, Service>;
