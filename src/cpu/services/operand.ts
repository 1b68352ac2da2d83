/** Storage operands of services: where they are, and reading and writing them in the CPU's byte order. */
import { MSR } from '../../../isa/registers/msr';
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import type { Access } from '../../mmu/access';
import type { Cpu } from '../cpu';
import { dawrMatch } from '../debug';
import { takeInterrupt, takeStorageInterrupt } from '../interrupts';
import { OUTCOME, type Outcome } from '../outcome';

/** An operand that lies in one page. */
export interface Operand {
  readonly ea: bigint;
  readonly length: number;
  readonly access: Access;
}

/** Where an operand is, or the interrupt that was taken instead, or a debugger that stops the run. */
export type Located = { readonly ra: bigint } | { readonly outcome: Outcome };

/** Translates an operand and compares it with the watchpoints. */
export function locate(cpu: Cpu, { ea, length, access }: Operand): Located {
  const ra = cpu.translate(ea, access);
  if (ra === undefined) return { outcome: takeStorageInterrupt(cpu) };
  if (cpu.accessWatch?.hits(cpu, { ea, length, store: access.store })) return { outcome: OUTCOME.FAULT };
  if (dawrMatch(cpu, { ea, length, store: access.store })) {
    const dsisr = STORAGE_CAUSE.DAWR.mask;
    return { outcome: takeInterrupt(cpu, 'dataStorage', { dar: ea, dsisr, byInstruction: true }) };
  }
  if (!cpu.hooks.bus.has(ra, length)) {
    cpu.translator.failBadRealAddress();
    return { outcome: takeStorageInterrupt(cpu) };
  }
  return { ra };
}

function reversed(value: bigint, bytes: number): bigint {
  let out = 0n;
  for (let i = 0; i < bytes; i++) out = (out << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

const inCpuOrder = (cpu: Cpu, value: bigint, bytes: number): bigint =>
  cpu.inState(MSR.LE) ? reversed(value, bytes) : value;

/** Loads from a located operand: what is there was checked. */
export const loadReal = (cpu: Cpu, ra: bigint, bytes: 1 | 2 | 4 | 8): bigint =>
  inCpuOrder(cpu, cpu.hooks.bus.read(ra, bytes) ?? 0n, bytes);

export function storeReal(cpu: Cpu, ra: bigint, bytes: 1 | 2 | 4 | 8, value: bigint): void {
  cpu.hooks.bus.write(ra, bytes, inCpuOrder(cpu, BigInt.asUintN(8 * bytes, value), bytes));
}
