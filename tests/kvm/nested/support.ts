/**
 * A machine's memory with L0 and an L1 in it, no instructions: L1's tables are written by the test, L2's accesses are
 * translated by the CPU's translator through real shadow tables, with the architected lookaside buffers on.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, loOf } from '../../../src/core/u64';
import { Cpu, type CpuHooks } from '../../../src/cpu/cpu';
import { POWER9 } from '../../../src/cpu/models';
import type { HostPageSize } from '../../../src/kvm/page';
import { KIB, MIB } from '../../../src/kvm/page';
import { L0 } from '../../../src/kvm/l0';
import { nestedPageFault, type NestedFaultResult } from '../../../src/kvm/nested/fault';
import { addNested, type NestedGuests, type NestedPartOptions } from '../../../src/kvm/nested/part';
import { Hypercall } from '../../../src/kvm/hypercalls/table';
import type { InterruptName } from '../../../isa/interrupts';
import type { InterruptDetail } from '../../../src/cpu/interrupts';
import type { NestedGuest } from '../../../src/kvm/nested/nested-guest';
import { getOrCreateNested, putNested } from '../../../src/kvm/nested/nested-guests';
import { ACCESS } from '../../../src/mmu/access';
import type { Invalidation } from '../../../src/mmu/invalidate';
import { ArchitectedCaches } from '../../../src/mmu/tlb/caches';
import { Translator } from '../../../src/mmu/translate';
import { CpuState } from '../../../src/state/cpu-state';
import { CPU_BLOCK_SIZE, offsetOf } from '../../../src/state/layout';
import type { NestedEvent } from '../../../src/trace/events/nested';
import { L1World, L2Tree, LPID, PARTITION_TABLE } from './l1-world';

export { CALL, L2Tree, LPID, PARTITION_TABLE, RC, RWX, TLBIE } from './l1-world';

export interface WorldOptions extends NestedPartOptions {
  readonly memory?: number;
  readonly pageSize?: number;
  readonly cpus?: number;
  /** Bytes of L1, slot 0 from guest real address 0. */
  readonly l1?: number;
  readonly hostPages?: HostPageSize;
  readonly record?: boolean;
}

export type L2Access = 'load' | 'store' | 'fetch';
export type L2Outcome =
  { readonly host: number } | { readonly result: NestedFaultResult; readonly faults: number };

export class World extends L1World {
  readonly memory: RealMemory;
  readonly l0: L0;
  readonly part: NestedGuests;
  readonly cpus: readonly Cpu[];
  /** What L1 puts on its console and how it ends. */
  readonly said = { bytes: 0, power: 0 };
  /** Units of machine time that have passed. */
  time = 0n;
  readonly events: NestedEvent[] = [];
  readonly invalidations: Invalidation[] = [];
  /** Host virtual address of L1's memory. */
  readonly hva: number;
  readonly l1Bytes: number;
  /** Registers of the nested guest whose access is translated. */
  private readonly state = CpuState.detached();
  private readonly records: boolean;

  constructor(options: WorldOptions = {}) {
    super();
    const {
      memory = 64 * MIB,
      pageSize = 64 * KIB,
      l1 = 16 * MIB,
      hostPages = 'base',
      cpus = 1,
      record,
      ...rest
    } = options;
    this.memory = RealMemory.ofSize(memory);
    this.records = record !== false;
    const hooks = this.hooks();
    this.cpus = Array.from({ length: cpus }, (_, index) => {
      const state = new CpuState(new ArrayBuffer(CPU_BLOCK_SIZE), 0, index);
      const cpu = new Cpu(state, POWER9, new Translator(this.memory, POWER9.mmu), hooks);
      cpu.translator.caches = new ArchitectedCaches(POWER9.tlb);
      return cpu;
    });
    this.l0 = new L0({
      memory: this.memory,
      cpus: this.cpus,
      pageSize,
      consoleOutput: () => void this.said.bytes++,
      power: () => void this.said.power++,
    });
    const observer = {
      time: () => 0,
      cpu: () => 0,
      emit: (event: NestedEvent) => void this.events.push(event),
    };
    this.part = addNested(this.l0, { ...rest, ...(record === false ? {} : { observer }) });
    this.hva = this.l0.mm.mmap({ bytes: l1, pageSize: hostPages });
    this.l1Bytes = l1;
    this.slot({ id: 0, gpa: 0, bytes: l1, hva: this.hva });
    this.nested.l1Ptcr = BigInt(PARTITION_TABLE);
  }

  private hooks(): CpuHooks {
    return {
      bus: { has: () => false, read: () => undefined, write: () => false },
      now: () => this.time,
      contextChanged: () => undefined,
      cpus: () => this.cpus,
      invalidate: (_cpu, what) => {
        if (this.records) this.invalidations.push(what);
        for (const { translator, state } of this.cpus) translator.invalidate(state, what);
      },
      invalidateInstructions: () => undefined,
      machineStop: () => undefined,
      random: () => 0x123456789abcdef0n,
    };
  }

  get cpu(): Cpu {
    return this.cpus[0]!;
  }

  /** Translates one access of L2 as the hardware does it, L0 serving its faults. */
  access(nGpa: number, kind: L2Access = 'load', lpid = LPID, cpu = 0): L2Outcome {
    const guest = getOrCreateNested(this.nested, lpid)!;
    const outcome = this.accessAs(guest, nGpa, kind, { cpu });
    putNested(this.nested, guest);
    return outcome;
  }

  /** @param options the CPU whose lookaside buffers are asked, and faults that may come before it is done */
  accessAs(
    guest: NestedGuest,
    nGpa: number,
    kind: L2Access = 'load',
    { cpu = 0, limit = 8 } = {},
  ): L2Outcome {
    if (guest.pate0 === 0n) this.hardwareFault(guest, { nGpa, kind, cause: 0x4000_0000 });
    for (let faults = 0; faults < limit; faults++) {
      const done = this.translate(guest, nGpa, kind, cpu);
      if (typeof done === 'number') return { host: done };
      const result = this.hardwareFault(guest, { nGpa, kind, cause: done.cause });
      if (result.kind !== 'resume') return { result, faults: faults + 1 };
    }
    throw new Error(`L2 faults at ${nGpa.toString(16)} again and again`);
  }

  /** What the hardware does with an access: a host real address, or the cause bits of its interrupt. */
  translate(guest: NestedGuest, nGpa: number, kind: L2Access, cpu = 0): number | { cause: number } {
    const { translator } = this.cpus[cpu]!;
    const { state } = this;
    state.set(offsetOf('PTCR'), this.l0.partitions.ptcr);
    state.set(offsetOf('LPIDR'), BigInt(guest.shadowLpid));
    state.set(offsetOf('LPCR'), LPCR.HR.mask | LPCR.UPRT.mask);
    state.set(offsetOf('MSR'), MSR.SF.mask);
    const ea = BigInt(nGpa);
    if (translator.access(state, ACCESS[kind], hiOf(ea), loOf(ea))) return translator.raLo >>> 0;
    const { interrupt, cause, hdsisr } = translator.toInterrupt();
    if (!interrupt.startsWith('hypervisor')) throw new Error(`L2 gets ${interrupt}`);
    return { cause: loOf(hdsisr ?? cause) };
  }

  /** Gives L0 a page fault as the hardware would. */
  hardwareFault(
    guest: NestedGuest,
    { nGpa, kind = 'load', cause }: { nGpa: number; kind?: L2Access; cause: number },
  ): NestedFaultResult {
    const ea = BigInt(nGpa);
    const dsisr = cause | (kind === 'store' ? 0x0200_0000 : 0);
    return nestedPageFault(this.nested, { guest, fetch: kind === 'fetch', dsisr, ea, asdr: ea & ~0xfffn });
  }

  /** A hypercall of L1; what it finds in r3, as a signed number. After an entry that is the nested guest's r3. */
  hypercall(number: number, ...args: (bigint | number)[]): number {
    const { state } = this.cpu;
    state.setGpr(3, BigInt(number));
    args.forEach((value, i) => state.setGpr(4 + i, BigInt.asUintN(64, BigInt(value))));
    this.l0.hypercalls.perform(new Hypercall(this.l0, this.l0.vcpus[0]!, number));
    return this.r3;
  }

  get r3(): number {
    return Number(BigInt.asIntN(64, this.cpu.state.gpr(3)));
  }

  /** The CPU takes an interrupt that enters the hypervisor. */
  interrupt(name: InterruptName, detail: InterruptDetail = {}): void {
    if (!this.l0.interrupt(this.cpu, name, detail)) throw new Error(`nobody dealt with ${name}`);
  }

  /** True where the vCPU is in its nested guest. */
  get inL2(): boolean {
    return this.part.runs[0]!.guest !== undefined;
  }
}

export const hex = (value: bigint | undefined): string => `0x${(value ?? -1n).toString(16)}`;

/** A page of the nested guest, and the page of L1 that the tests put there. */
export const NGPA = 0x4000_0000;
export const GPA = 0x40_0000;

/** A world whose L1 has a nested guest, with nothing in its tree. */
export function setup(options: WorldOptions = {}): { readonly world: World; readonly tree: L2Tree } {
  const world = new World(options);
  return { world, tree: new L2Tree(world) };
}

/** Which of the pages from {@link NGPA} on have a shadow entry. */
export const mapped = (world: World, count: number, step = 65536, lpid = LPID): boolean[] =>
  Array.from({ length: count }, (_, i) => world.shadow(NGPA + i * step, lpid) !== undefined);
