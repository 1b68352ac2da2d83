/**
 * The last accesses of a vCPU that turned out to be no memory, so that the next ones need no search of the table
 * (Linux arch/powerpc/include/asm/kvm_host.h, struct mmio_hpte_cache). Each is good as long as nobody has changed such
 * an entry and no memory has appeared.
 */
const PLACES = 4;

/** What an access to no memory is known by. */
export interface MmioKey {
  readonly ea: bigint;
  /** The VSID word of its segment. */
  readonly segment: bigint;
  /** The count of changes at which this was true. */
  readonly update: number;
}

interface Place extends MmioKey {
  readonly index: number;
  readonly guestR: bigint;
  /** log2 of the base page. */
  readonly base: number;
}

const pageOf = (ea: bigint, base: number): bigint => ea >> BigInt(base);

export class MmioCache {
  private readonly places: (Place | undefined)[] = new Array<Place | undefined>(PLACES).fill(undefined);
  private next = 0;

  find({ ea, segment, update }: MmioKey): { index: number; guestR: bigint } | undefined {
    return this.places.find(
      (place) =>
        place?.update === update &&
        place.segment === segment &&
        pageOf(place.ea, place.base) === pageOf(ea, place.base),
    );
  }

  /** Takes the place of the oldest. */
  keep(place: Place): void {
    this.places[this.next] = place;
    this.next = (this.next + 1) % PLACES;
  }

  clear(): void {
    this.places.fill(undefined);
  }
}
