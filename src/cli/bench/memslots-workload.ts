/**
 * The workloads of the memslot benchmark: the five of Linux's memslot_perf_test whose results the series "KVM: Scalable
 * memslots implementation" published, with the constants of that time (4 KiB pages). Each `iterate` is what one
 * iteration of the original does; nothing here measures time or knows what is compared.
 */
import { InternalError } from '../../core/errors';
import { RealMemory } from '../../core/memory';
import { FlatArch } from '../../kvm/flat-arch';
import { GuestMmu } from '../../kvm/guest-fault';
import { HostAddressSpace } from '../../kvm/host/address-space';
import { FrameAllocator } from '../../kvm/host/frames';
import { HostHeap } from '../../kvm/host/heap';
import type { SetsKind } from '../../kvm/memslot-sets';
import { MIB, PageGeometry } from '../../kvm/page';
import { PowerArch } from '../../kvm/power-arch';
import { setUserMemoryRegion } from '../../kvm/set-memory-region';
import type { Vcpu } from '../../kvm/vcpu';
import { Kvm } from '../../kvm/vm';

const PAGE_SIZE = 4096;
const pagesOf = (bytes: number): number => bytes / PAGE_SIZE;
/** First guest frame of the test area: 256 MiB. */
const AREA_GFN = pagesOf(256 * MIB);
/** One page in front of each area is what guest and host synchronise by. */
const SYNC_PAGES = 1;
const MAP_PAGES = pagesOf(32 * MIB);
const UNMAP_PAGES = pagesOf(128 * MIB);
const FULL_PAGES = pagesOf(512 * MIB);
const CHUNK_PAGES = pagesOf(2 * MIB);
const MOVE_WINDOW_PAGES = 50;
const PROGRAM_PAGES = 512;
const VALUE = 0x1122_3344;

export type WorkloadName = 'Map' | 'Unmap' | 'Unmap 2M' | 'Move active' | 'Move inactive' | 'Slot setup';

/** Pages of the area that a workload needs. */
const AREA_PAGES: Readonly<Record<WorkloadName, number>> = {
  Map: MAP_PAGES + SYNC_PAGES,
  Unmap: UNMAP_PAGES + SYNC_PAGES,
  'Unmap 2M': UNMAP_PAGES + SYNC_PAGES,
  'Move active': FULL_PAGES + SYNC_PAGES,
  'Move inactive': FULL_PAGES + SYNC_PAGES,
  'Slot setup': FULL_PAGES + SYNC_PAGES,
};

/** The most slots that a workload can have: one page each, and one slot for the program. */
export const maxSlots = (name: WorkloadName): number => AREA_PAGES[name] + 1;

/** A virtual machine whose test area is cut into slots, one host mapping each. */
export class SlotWorld {
  readonly vm: Kvm;
  readonly arch: FlatArch = new PowerArch();
  readonly guest: GuestMmu;
  readonly vcpu: Vcpu;
  /** Test slots: those without the program's. */
  private readonly testSlots: number;
  private readonly pagesPerSlot: number;
  private readonly areaPages: number;
  /** Host address of each test slot; index 0 is slot 1. */
  private readonly hvas: number[] = [];

  /** @param slots slots in use in total, at least 2 */
  constructor(
    name: WorkloadName,
    readonly slots: number,
    sets: SetsKind,
  ) {
    this.areaPages = AREA_PAGES[name];
    this.testSlots = slots - 1;
    this.pagesPerSlot = Math.floor(this.areaPages / this.testSlots);
    if (this.pagesPerSlot === 0) throw new RangeError(`${name} can use at most ${maxSlots(name)} slots`);
    // Room for the area, the program, the rmap arrays and their rounding.
    const size = this.areaPages * PAGE_SIZE + 64 * MIB;
    const frames = new FrameAllocator(RealMemory.ofSize(size), new PageGeometry(PAGE_SIZE));
    const mm = new HostAddressSpace(frames);
    this.vm = new Kvm({ mm, heap: new HostHeap(frames), arch: this.arch, sets });
    this.guest = new GuestMmu(this.vm, this.arch);
    this.vcpu = this.vm.createVcpu();
    this.register(0, { gfn: 0, pages: PROGRAM_PAGES });
  }

  /** The timed part of "Slot setup": maps and registers every test slot. */
  registerAll(): void {
    for (let slot = 1; slot <= this.testSlots; slot++) {
      const gfn = this.slotGfn(slot);
      this.hvas.push(this.register(slot, { gfn, pages: this.slotPages(slot) }));
    }
  }

  /** Makes every page of the area present in the host. */
  populate(): void {
    for (let page = 0; page < this.areaPages; page++) this.vm.mm.resolve(this.hvaOf(page), 'write');
  }

  /** Guest: writes a value to each page `[from, from + count)` of the test area. */
  touch(from: number, count: number): void {
    for (let page = from; page < from + count; page++) this.write(AREA_GFN + SYNC_PAGES + page);
  }

  /** Host: drops pages of the test area, one call per slot that they lie in. */
  discard(from: number, count: number): void {
    let page = SYNC_PAGES + from;
    const end = page + count;
    while (page < end) {
      const pages = Math.min(end - page, this.pagesToBorder(page));
      const hva = this.hvaOf(page);
      if (this.vm.mm.discard(hva, hva + pages * PAGE_SIZE) !== 0) throw new InternalError('discard refused');
      page += pages;
    }
  }

  /** Guest: the 50 pages around the last slot's lower border, or those below it. Beyond a moved slot is MMIO. */
  touchWindow(where: 'around the border' | 'below the border'): void {
    const border = this.slotGfn(this.testSlots);
    const from = border - (where === 'around the border' ? MOVE_WINDOW_PAGES / 2 : MOVE_WINDOW_PAGES);
    for (let gfn = from; gfn < from + MOVE_WINDOW_PAGES; gfn++) this.write(gfn);
  }

  /** Host: moves the last slot behind the area and back. */
  moveLastSlot(): void {
    this.placeLastSlot(AREA_GFN + this.areaPages);
    this.placeLastSlot(this.slotGfn(this.testSlots));
  }

  /** First frames of all test slots, in order of the slots. */
  get slotGfns(): number[] {
    return Array.from({ length: this.testSlots }, (_, i) => this.slotGfn(i + 1));
  }

  private write(gfn: number): void {
    if (this.guest.access(this.vcpu, gfn, 'write') !== 'mapped') return;
    const frame = this.arch.mappedFrame(0, gfn);
    this.vm.mm.frames.memory.setWord(frame * PAGE_SIZE, VALUE);
  }

  private slotGfn(slot: number): number {
    return AREA_GFN + (slot - 1) * this.pagesPerSlot;
  }

  /** The last slot has the remainder. */
  private slotPages(slot: number): number {
    return slot < this.testSlots ? this.pagesPerSlot : this.areaPages - (slot - 1) * this.pagesPerSlot;
  }

  private slotOfPage(page: number): number {
    return Math.min(Math.floor(page / this.pagesPerSlot), this.testSlots - 1) + 1;
  }

  private hvaOf(page: number): number {
    const slot = this.slotOfPage(page);
    return this.hvas[slot - 1]! + (page - (slot - 1) * this.pagesPerSlot) * PAGE_SIZE;
  }

  private pagesToBorder(page: number): number {
    const slot = this.slotOfPage(page);
    return (slot - 1) * this.pagesPerSlot + this.slotPages(slot) - page;
  }

  private register(slot: number, { gfn, pages }: { gfn: number; pages: number }): number {
    const hva = this.vm.mm.mmap({ bytes: pages * PAGE_SIZE });
    this.setRegion(slot, { gfn, pages, hva });
    return hva;
  }

  private placeLastSlot(gfn: number): void {
    const slot = this.testSlots;
    this.setRegion(slot, { gfn, pages: this.slotPages(slot), hva: this.hvas[slot - 1]! });
  }

  private setRegion(slot: number, { gfn, pages, hva }: { gfn: number; pages: number; hva: number }): void {
    const result = setUserMemoryRegion(this.vm, {
      slot,
      flags: 0,
      guestPhysAddr: BigInt(gfn) * BigInt(PAGE_SIZE),
      memorySize: BigInt(pages * PAGE_SIZE),
      userspaceAddr: BigInt(hva),
    });
    if (result !== 0) throw new InternalError(`slot ${slot} was refused: ${result}`);
  }
}

/** Two halves by turns: the guest uses one while the host takes the other away. */
function halves(pages: number, step: (host: number, guest: number) => void): void {
  const half = pages / 2;
  step(half, 0);
  step(0, half);
}

/** One iteration of a workload. `timed` runs what counts; the rest is the guest's own processor in the original. */
export function iterate(name: WorkloadName, world: SlotWorld, timed: (part: () => void) => void): void {
  switch (name) {
    case 'Map':
      timed(() =>
        halves(MAP_PAGES, (host, guest) => {
          world.touch(guest, MAP_PAGES / 2);
          world.discard(host, MAP_PAGES / 2);
        }),
      );
      return;
    case 'Unmap':
    case 'Unmap 2M': {
      const chunk = name === 'Unmap' ? 1 : CHUNK_PAGES;
      timed(() =>
        halves(UNMAP_PAGES, (host, guest) => {
          world.touch(guest, 1);
          for (let page = 0; page < UNMAP_PAGES / 2; page += chunk) world.discard(host + page, chunk);
        }),
      );
      return;
    }
    case 'Move active':
    case 'Move inactive':
      world.touchWindow(name === 'Move active' ? 'around the border' : 'below the border');
      timed(() => world.moveLastSlot());
      return;
    case 'Slot setup':
      throw new InternalError('slot setup has no iterations: it is the making of the world');
  }
}
