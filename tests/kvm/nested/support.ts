/**
 * A machine's memory with L0 and an L1 in it, no instructions: L1's tables are written by the test, L2's accesses are
 * translated by the CPU's translator through real shadow tables, with the architected lookaside buffers on.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { PTE } from '../../../isa/tables/radix';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, loOf } from '../../../src/core/u64';
import { Cpu, type CpuHooks } from '../../../src/cpu/cpu';
import { POWER9 } from '../../../src/cpu/models';
import type { HostPageSize } from '../../../src/kvm/page';
import { KIB, MIB } from '../../../src/kvm/page';
import { L0 } from '../../../src/kvm/l0';
import { nestedPageFault, type NestedFaultResult } from '../../../src/kvm/nested/fault';
import type { Nested } from '../../../src/kvm/nested/nested';
import { addNested, type NestedGuests, type NestedPartOptions } from '../../../src/kvm/nested/part';
import { Hypercall } from '../../../src/kvm/hypercalls/table';
import type { InterruptName } from '../../../isa/interrupts';
import type { InterruptDetail } from '../../../src/cpu/interrupts';
import type { NestedGuest } from '../../../src/kvm/nested/nested-guest';
import { getOrCreateNested, putNested } from '../../../src/kvm/nested/nested-guests';
import { setUserMemoryRegion } from '../../../src/kvm/set-memory-region';
import { readGuest, writeGuest } from '../../../src/kvm/translate';
import { ACCESS } from '../../../src/mmu/access';
import type { Invalidation } from '../../../src/mmu/invalidate';
import { ArchitectedCaches } from '../../../src/mmu/tlb/caches';
import { Translator } from '../../../src/mmu/translate';
import { CpuState } from '../../../src/state/cpu-state';
import { CPU_BLOCK_SIZE, offsetOf } from '../../../src/state/layout';
import type { NestedEvent } from '../../../src/trace/events/nested';

/** Where the test's L1 keeps its partition table, and L2's tree. */
export const PARTITION_TABLE = 0x10_0000;
export const LPID = 5;
export const RWX = PTE.READ.mask | PTE.WRITE.mask | PTE.EXECUTE.mask;
export const RC = PTE.R.mask | PTE.C.mask;

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

export class World {
  readonly memory: RealMemory;
  readonly l0: L0;
  readonly nested: Nested;
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
  /** Next free byte for L1's tables. */
  private nextTable = 0x11_0000;

  constructor(options: WorldOptions = {}) {
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
    this.nested = this.part.nested;
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

  get vm() {
    return this.l0.vm;
  }

  slot(shape: { id: number; gpa: number; bytes: number; hva: number; flags?: number }): number {
    return setUserMemoryRegion(this.vm, {
      slot: shape.id,
      flags: shape.flags ?? 0,
      guestPhysAddr: BigInt(shape.gpa),
      memorySize: BigInt(shape.bytes),
      userspaceAddr: BigInt(shape.hva),
    });
  }

  /** A doubleword of L1's memory. */
  write(gpa: number, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    if (writeGuest(this.vm, { gpa: BigInt(gpa), bytes }) !== 0) throw new Error(`L1 has no memory at ${gpa}`);
  }

  read(gpa: number): bigint {
    const bytes = new Uint8Array(8);
    if (readGuest(this.vm, { gpa: BigInt(gpa), bytes }) !== 0) throw new Error(`L1 has no memory at ${gpa}`);
    return new DataView(bytes.buffer).getBigUint64(0);
  }

  /** A table in L1's memory, aligned to its size. */
  table(bits: number): number {
    const bytes = 8 << bits;
    const at = Math.ceil(this.nextTable / bytes) * bytes;
    this.nextTable = at + bytes;
    return at;
  }

  /** Writes L1's partition table entry. */
  setEntry(lpid: number, dw0: bigint, dw1 = 0n): void {
    this.write(PARTITION_TABLE + lpid * 16, dw0);
    this.write(PARTITION_TABLE + lpid * 16 + 8, dw1);
  }

  /** The record of a nested guest; the reference is given back at once. */
  guest(lpid = LPID): NestedGuest {
    const guest = getOrCreateNested(this.nested, lpid)!;
    putNested(this.nested, guest);
    return guest;
  }

  /** Translates one access of L2 as the hardware does it, L0 serving its faults. */
  access(nGpa: number, kind: L2Access = 'load', lpid = LPID): L2Outcome {
    const guest = getOrCreateNested(this.nested, lpid)!;
    const outcome = this.accessAs(guest, nGpa, kind);
    putNested(this.nested, guest);
    return outcome;
  }

  /** @param limit faults that may come before it is done */
  accessAs(guest: NestedGuest, nGpa: number, kind: L2Access = 'load', limit = 8): L2Outcome {
    if (guest.pate0 === 0n) this.hardwareFault(guest, { nGpa, kind, cause: 0x4000_0000 });
    for (let faults = 0; faults < limit; faults++) {
      const done = this.translate(guest, nGpa, kind);
      if (typeof done === 'number') return { host: done };
      const result = this.hardwareFault(guest, { nGpa, kind, cause: done.cause });
      if (result.kind !== 'resume') return { result, faults: faults + 1 };
    }
    throw new Error(`L2 faults at ${nGpa.toString(16)} again and again`);
  }

  /** What the hardware does with an access: a host real address, or the cause bits of its interrupt. */
  translate(guest: NestedGuest, nGpa: number, kind: L2Access): number | { cause: number } {
    const { translator } = this.cpu;
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

  /** The host address that L1's and the host's tables give now, by the memory slots alone. */
  hostOf(gpa: number): number {
    const slot = this.vm.gfnToMemslot(Math.floor(gpa / this.vm.pageSize))!;
    const hva = slot.userspaceAddr + gpa - slot.baseGfn * this.vm.pageSize;
    return this.l0.frames.addressOf(this.l0.mm.resolve(hva, 'read')) + (gpa % this.vm.pageSize);
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

  /** The head word of an L1 frame. */
  head(gfn: number): bigint {
    return this.l0.arch.readRmap(this.vm.gfnToMemslot(gfn)!, gfn);
  }

  headAt(gfn: number): number {
    return this.l0.arch.rmapAddress(this.vm.gfnToMemslot(gfn)!, gfn);
  }

  shadow(nGpa: number, lpid = LPID) {
    return getNestedQuietly(this.nested, lpid)?.tree.find(nGpa);
  }
}

const getNestedQuietly = (nested: Nested, lpid: number): NestedGuest | undefined => nested.guests.get(lpid);

/** An L2 tree in L1's memory that a test maps pages in. */
export class L2Tree {
  readonly root: number;

  constructor(
    readonly world: World,
    readonly lpid = LPID,
    readonly leafBits: 5 | 9 = 5,
  ) {
    this.root = world.table(13);
    world.setEntry(lpid, this.pate0);
  }

  get pate0(): bigint {
    return 0xc000_0000_0000_00adn | BigInt(this.root);
  }

  /** Address of the entry of a level (3 the root) that maps an address, making tables on the way. */
  entry(nGpa: number, shift: number): number {
    let table = this.root;
    for (const [at, bits, below] of [
      [39, 13, 9],
      [30, 9, 9],
      [21, 9, this.leafBits],
    ] as const) {
      const entry = table + (Math.floor(nGpa / 2 ** at) % 2 ** bits) * 8;
      if (at === shift) return entry;
      let word = this.world.read(entry);
      if (word >> 62n !== 2n) {
        word = (1n << 63n) | BigInt(this.world.table(below)) | BigInt(below);
        this.world.write(entry, word);
      }
      table = Number(word & 0x0fff_ffff_ffff_ff00n);
    }
    return table + (Math.floor(nGpa / 2 ** (21 - this.leafBits)) % 2 ** this.leafBits) * 8;
  }

  map(
    nGpa: number,
    gpa: number,
    { shift = 21 - this.leafBits, bits = RWX | RC }: { shift?: number; bits?: bigint } = {},
  ): number {
    const at = this.entry(nGpa, shift);
    this.world.write(at, (3n << 62n) | BigInt(gpa) | bits);
    return at;
  }

  unmap(nGpa: number, shift: number = 21 - this.leafBits): void {
    this.world.write(this.entry(nGpa, shift), 0n);
  }
}

export const hex = (value: bigint | undefined): string => `0x${(value ?? -1n).toString(16)}`;
