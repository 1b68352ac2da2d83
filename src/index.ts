/**
 * The public API of book3s.
 *
 * @example
 *   import { assemble, Machine, POWERNV_MACHINE, readImage } from 'book3s';
 *
 *   const { bytes } = assemble('li 3, 42\nattn');
 *   const machine = new Machine({ description: POWERNV_MACHINE, memory: 1 << 20, output: () => undefined });
 *   machine.load(readImage('example', bytes));
 *   machine.run(100);
 *   machine.cpus[0]!.state.gpr(3); // 42n
 */
export { ea, guestRA, hostRA, va, type EA, type GuestRA, type HostRA, type VA } from './core/address';
export { InternalError, UserError } from './core/errors';
export { assemble, type AssembleOptions, type Assembled } from './asm/assemble';
export {
  disassemble,
  disassembleOne,
  type DisassembleOptions,
  type DisassembledLine,
} from './asm/disassemble';
export { CPU_MODELS, type CpuModel, type ModelName } from './cpu/models';
export { Cpu } from './cpu/cpu';
export { isElf, readElf, readImage, readRaw, SymbolTable, type Image, type ImageOptions } from './loader';
export type { MachineDescription } from './machine/description';
export { Machine, type MachineEnd } from './machine/machine';
export type { MachineOptions } from './machine/machine-options';
export { MICROWATT_MACHINE } from './machine/microwatt';
export { POWERNV_MACHINE } from './machine/powernv';
export { PSERIES_MACHINE } from './machine/pseries';
export { allRegisters, registerFile } from './machine/registers';
export { decodeSnapshot, encodeSnapshot, type Compressor, type Snapshot } from './machine/snapshot';
export { Tracer, type TracerOptions, type WatchedKind } from './machine/tracer';
export { ACCESS, type Access, type AccessName } from './mmu/access';
export { MMU_POLICIES, type MmuPolicy } from './mmu/policy';
export { Translator } from './mmu/translate';
export { CpuState } from './state/cpu-state';
export type { TraceEvent } from './trace/events';
