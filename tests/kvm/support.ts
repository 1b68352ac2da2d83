/** A small host and virtual machines on it, for the tests of the hypervisor's memory half. */
import { RealMemory } from '../../src/core/memory';
import { FlatArch } from '../../src/kvm/flat-arch';
import { checkInvariants } from '../../src/kvm/check-invariants';
import { GuestMmu } from '../../src/kvm/guest-fault';
import { HostAddressSpace, type HostAddressSpaceOptions } from '../../src/kvm/host/address-space';
import { FrameAllocator } from '../../src/kvm/host/frames';
import { HostHeap } from '../../src/kvm/host/heap';
import { KIB, MIB, PageGeometry } from '../../src/kvm/page';
import { setUserMemoryRegion, setUserMemoryRegionSteps } from '../../src/kvm/set-memory-region';
import { isWait, type StepPoint, type Steps } from '../../src/kvm/steps';
import { Kvm, type KvmOptions } from '../../src/kvm/vm';

export interface HostShape extends HostAddressSpaceOptions {
  readonly pageSize?: number;
  readonly memory?: number;
}

export function makeHost({ pageSize = 4 * KIB, memory = 16 * MIB, ...options }: HostShape = {}) {
  const frames = new FrameAllocator(RealMemory.ofSize(memory), new PageGeometry(pageSize));
  return { frames, mm: new HostAddressSpace(frames, options), heap: new HostHeap(frames) };
}

export type TestHost = ReturnType<typeof makeHost>;

/** A slot in pages: what most tests want to say. `hva` is in bytes. */
export interface SlotShape {
  readonly id: number;
  readonly as?: number;
  readonly gfn: number;
  readonly pages: number;
  readonly hva?: number;
  readonly flags?: number;
}

export const HVA = 0x7000_0000_0000;

/** A virtual machine with flat guest maps, and short words for what tests do to it. */
export class TestVm<A extends FlatArch = FlatArch> {
  readonly vm: Kvm;
  readonly guest: GuestMmu;

  constructor(
    readonly arch: A,
    options: Partial<Omit<KvmOptions, 'arch'>> = {},
    readonly host: TestHost = makeHost(),
  ) {
    this.vm = new Kvm({ mm: host.mm, heap: host.heap, ...options, arch });
    this.guest = new GuestMmu(this.vm, arch);
  }

  get pageSize(): number {
    return this.vm.pageSize;
  }

  region({ id, as = 0, gfn, pages, hva = HVA + gfn * this.pageSize, flags = 0 }: SlotShape) {
    return {
      slot: as * 65536 + id,
      flags,
      guestPhysAddr: BigInt(gfn) * BigInt(this.pageSize),
      memorySize: BigInt(pages) * BigInt(this.pageSize),
      userspaceAddr: BigInt(hva),
    };
  }

  set(shape: SlotShape): number {
    return setUserMemoryRegion(this.vm, this.region(shape));
  }

  setSteps(shape: SlotShape): Steps<number> {
    return setUserMemoryRegionSteps(this.vm, this.region(shape));
  }

  delete(id: number, as = 0): number {
    return this.set({ id, as, gfn: 0, pages: 0, hva: HVA });
  }

  deleteSteps(id: number, as = 0): Steps<number> {
    return this.setSteps({ id, as, gfn: 0, pages: 0, hva: HVA });
  }

  /** A slot whose hvas are mapped; returns where. */
  setMapped(shape: SlotShape): number {
    const hva = this.host.mm.mmap({ bytes: shape.pages * this.pageSize });
    expect(this.set({ ...shape, hva })).toBe(0);
    return hva;
  }

  idAt(gfn: number, as = 0): number | null {
    return this.vm.gfnToMemslot(gfn, as)?.id ?? null;
  }

  generation(as = 0): number {
    return this.vm.sets.active(as).generation;
  }

  expectInvariants(): void {
    expect(checkInvariants(this.vm)).toEqual([]);
  }
}

export const flatVm = (options: Partial<KvmOptions> = {}, host?: TestHost): TestVm =>
  new TestVm(new FlatArch(), options, host);

/** Advances an operation to a named point; returns it, or the result where the operation ended before. */
export function stepTo<T>(steps: Steps<T>, point: StepPoint, limit = 100): { at: StepPoint } | { result: T } {
  for (let i = 0; i < limit; i++) {
    const next = steps.next();
    if (next.done) return { result: next.value };
    if (next.value === point) return { at: point };
  }
  throw new Error(`never reached ${point}`);
}

/** Runs an operation that must end without waiting. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    if (isWait(next.value)) throw new Error(`must not wait, but does at ${next.value}`);
  }
}
