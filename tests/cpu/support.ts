/** A CPU with a machine of memory and records around it, for tests of what instructions and interrupts do. */
import { INTERRUPTS, type InterruptName } from '../../isa/interrupts';
import type { ServiceName } from '../../isa/vocabulary/services';
import { RealMemory } from '../../src/core/memory';
import { Cpu, type CpuHooks, type StopReason, type TakenInterrupt } from '../../src/cpu/cpu';
import type { CpuModel } from '../../src/cpu/models';
import type { Outcome } from '../../src/cpu/outcome';
import { SERVICE_TABLE } from '../../src/cpu/services';
import type { Invalidation } from '../../src/mmu/invalidate';
import { Translator } from '../../src/mmu/translate';
import { CpuState } from '../../src/state/cpu-state';
import { CPU_BLOCK_SIZE, offsetOf } from '../../src/state/layout';

const MEMORY_SIZE = 0x800000;

/** Names of MSR bits, for images in tests. */
export const SF = 0x8000000000000000n;
export const HV = 0x1000000000000000n;
export const EE = 0x8000n;
export const PR = 0x4000n;
export const ME = 0x1000n;
export const SE = 0x400n;
export const BE = 0x200n;
export const IR = 0x20n;
export const DR = 0x10n;
export const RI = 2n;
export const LE = 1n;

export class TestMachine {
  now = 0n;
  readonly stops: StopReason[] = [];
  readonly invalidations: Invalidation[] = [];
  readonly codeInvalidations: bigint[] = [];
  readonly taken: TakenInterrupt[] = [];
  contextChanges = 0;
  random = 0x123456789abcdef0n;
  hypercall: ((cpu: Cpu) => boolean) | undefined;
  readonly memory = RealMemory.ofSize(MEMORY_SIZE);
  readonly cpus: Cpu[];

  constructor(model: CpuModel, threads = 1) {
    const hooks = this.hooks();
    this.cpus = [...Array(threads).keys()].map((index) => {
      const state = new CpuState(new ArrayBuffer(CPU_BLOCK_SIZE), 0, index);
      const cpu = new Cpu(state, model, new Translator(this.memory, model.mmu), hooks);
      cpu.reset();
      return cpu;
    });
  }

  private hooks(): CpuHooks {
    const value = (ra: bigint, bytes: number): bigint => {
      let out = 0n;
      for (let i = 0; i < bytes; i++) out = (out << 8n) | BigInt(this.memory.bytes[Number(ra) + i]!);
      return out;
    };
    const has = (ra: bigint, bytes: number): boolean => ra + BigInt(bytes) <= BigInt(MEMORY_SIZE);
    return {
      bus: {
        has,
        read: (ra, bytes) => (has(ra, bytes) ? value(ra, bytes) : undefined),
        write: (ra, bytes, to) => {
          if (!has(ra, bytes)) return false;
          for (let i = 0; i < bytes; i++)
            this.memory.bytes[Number(ra) + i] = Number((to >> BigInt(8 * (bytes - 1 - i))) & 0xffn);
          return true;
        },
      },
      now: () => this.now,
      contextChanged: () => void this.contextChanges++,
      invalidate: (_cpu, what) => void this.invalidations.push(what),
      invalidateInstructions: (_cpu, ra) => void this.codeInvalidations.push(ra),
      cpus: () => this.cpus,
      hypercall: (cpu) => this.hypercall?.(cpu) ?? false,
      machineStop: (_cpu, reason) => void this.stops.push(reason),
      random: () => this.random,
      interruptTaken: (_cpu, taken) => void this.taken.push(taken()),
    };
  }
}

/** A machine with one CPU at address 0x3000 in the given MSR, and the other registers named. */
export function testCpu(
  model: CpuModel,
  msr: bigint,
  registers: Readonly<Record<string, bigint>> = {},
): { cpu: Cpu; machine: TestMachine } {
  const machine = new TestMachine(model);
  const cpu = machine.cpus[0]!;
  cpu.msr = msr;
  cpu.nia = 0x3000n;
  for (const [name, value] of Object.entries(registers)) cpu.state.setNamed(name, value);
  return { cpu, machine };
}

/** Performs a service with these operands, the word at NIA being `word`. */
export function perform(cpu: Cpu, name: ServiceName, ...args: bigint[]): Outcome {
  const at = offsetOf('ARG');
  args.forEach((value, i) => cpu.state.set(at + 8 * i, BigInt.asUintN(64, value)));
  return SERVICE_TABLE[name](cpu);
}

/** mfspr and mtspr by number; what the GPR had before is 0xdead. */
export const OLD_GPR = 0xdeadn;
export const mfspr = (cpu: Cpu, num: number): Outcome => perform(cpu, 'mfspr', BigInt(num), OLD_GPR);
export const mtspr = (cpu: Cpu, num: number, value: bigint): Outcome =>
  perform(cpu, 'mtspr', BigInt(num), value);

export const named = (cpu: Cpu, name: string): bigint => cpu.state.named(name);

/** Vector offset of an interrupt. */
export const vector = (name: InterruptName): bigint => BigInt(INTERRUPTS[name].vector);

/** The interrupt that was taken last, with what it saved. */
export const lastTaken = (machine: TestMachine): TakenInterrupt | undefined => machine.taken.at(-1);
