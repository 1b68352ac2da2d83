/**
 * Decoded pages: for each 4K page of host real memory that is executed, and each way of decoding it, the records that
 * the interpreter threads through. Stores to such a page come here and renew the records they touch, so that new code
 * is seen at once.
 */
import { RECORD, RECORD_PAGE, RECORD_SLOT_SIZE, type MemoryMap } from '../state/layout';
import { SPECIAL } from './helpers';

const NONE = -1;

/** How a page is decoded: which variant executes it and which instructions exist. */
export interface DecodeMode {
  /** Small number, unique among modes. */
  readonly id: number;
  readonly littleEndian: boolean;
  /** Table position of the variant's first handler. */
  readonly tableBase: number;
}

export class CodeCache {
  private readonly words: Int32Array;
  private readonly ram: DataView;
  private readonly modes: DecodeMode[] = [];
  /** By mode, then by real page number: the slot that holds it, or NONE. */
  private readonly slotOf: Int32Array[] = [];
  /** By slot: the real page it holds, or NONE, and the mode. */
  private readonly pageOf: Int32Array;
  private readonly modeOf: Uint8Array;
  /** By real page: number of slots that hold it. */
  private readonly users: Uint8Array;
  /** Told before a decoded page is dropped and after one is made, so that its counters can be read and cleared. */
  onSlot: ((slot: number, page: number, what: 'dropped' | 'made') => void) | undefined;
  private hand = 0;

  constructor(
    buffer: ArrayBufferLike,
    private readonly map: MemoryMap,
    private readonly onEvicted: () => void,
  ) {
    this.words = new Int32Array(buffer);
    this.ram = new DataView(buffer, map.ramBase, map.ramSize);
    this.pageOf = new Int32Array(map.recordSlots).fill(NONE);
    this.modeOf = new Uint8Array(map.recordSlots);
    this.users = new Uint8Array(map.ramSize >>> 12);
  }

  /** True where stores to the page that contains a real address must be reported with {@link written}. */
  holds(address: number): boolean {
    return this.users[address >>> 12] !== 0;
  }

  /** The decoded pages: slot and real page number. */
  *pages(): Iterable<{ slot: number; page: number }> {
    for (const [slot, page] of this.pageOf.entries()) if (page !== NONE) yield { slot, page };
  }

  /** Linear address of the first record of the decoded page at a real address; decodes lazily. */
  records(address: number, mode: DecodeMode): number {
    const page = address >>> 12;
    this.modes[mode.id] ??= mode;
    const slots = (this.slotOf[mode.id] ??= new Int32Array(this.map.ramSize >>> 12).fill(NONE));
    let slot = slots[page]!;
    if (slot === NONE) {
      slot = this.evict();
      slots[page] = slot;
      this.pageOf[slot] = page;
      this.modeOf[slot] = mode.id;
      this.users[page]!++;
      this.fill(slot, page, mode);
      this.onSlot?.(slot, page, 'made');
    }
    return this.map.recordBase + slot * RECORD_SLOT_SIZE;
  }

  /** Renews the records of `length` bytes from a real address on, in every mode. */
  written(address: number, length: number): void {
    const last = (address + length - 1) >>> 12;
    for (let page = address >>> 12; page <= last; page++) {
      if (!this.users[page]) continue;
      const from = Math.max(address, page * 4096);
      const to = Math.min(address + length, (page + 1) * 4096);
      for (const mode of this.modes) {
        const slot = mode ? this.slotOf[mode.id]![page]! : NONE;
        // A prefix decides how the word after it is read, so the word before is renewed too.
        if (slot !== NONE) this.renew(slot, mode, Math.max(from - 4, page * 4096), to);
      }
    }
  }

  /** The mode and the real address of a record's instruction. */
  locate(record: number): { mode: DecodeMode; address: number } {
    const offset = record - this.map.recordBase;
    const slot = Math.floor(offset / RECORD_SLOT_SIZE);
    const index = (offset % RECORD_SLOT_SIZE) / RECORD.size;
    return { mode: this.modes[this.modeOf[slot]!]!, address: this.pageOf[slot]! * 4096 + index * 4 };
  }

  /** The mode that a record was decoded in. */
  modeAt(record: number): DecodeMode {
    return this.modes[this.modeOf[Math.floor((record - this.map.recordBase) / RECORD_SLOT_SIZE)]!]!;
  }

  /** Gives records back the handlers that they have before they are decoded, and empties the list. */
  restore(records: number[]): void {
    for (const record of records) {
      const atEnd = (record - this.map.recordBase) % RECORD_SLOT_SIZE === RECORD.perPage * RECORD.size;
      this.setHandler(record, this.modeAt(record).tableBase + (atEnd ? SPECIAL.pageEnd : SPECIAL.decode));
    }
    records.length = 0;
  }

  /** A record's instruction word; the word of the next record is the suffix of a prefixed instruction. */
  wordAt(record: number): number {
    return this.words[(record + RECORD.word) >> 2]!;
  }

  setHandler(record: number, handler: number): void {
    this.words[(record + RECORD.handler) >> 2] = handler;
  }

  private evict(): number {
    const slot = this.hand;
    this.hand = (this.hand + 1) % this.map.recordSlots;
    const page = this.pageOf[slot]!;
    if (page !== NONE) {
      this.onSlot?.(slot, page, 'dropped');
      this.slotOf[this.modeOf[slot]!]![page] = NONE;
      this.users[page]!--;
      this.onEvicted();
    }
    return slot;
  }

  private fill(slot: number, page: number, mode: DecodeMode): void {
    this.renew(slot, mode, page * 4096, (page + 1) * 4096);
    const end = this.map.recordBase + slot * RECORD_SLOT_SIZE + RECORD.perPage * RECORD.size;
    this.setHandler(end, mode.tableBase + SPECIAL.pageEnd);
    this.words[(this.map.recordBase + slot * RECORD_SLOT_SIZE + RECORD_PAGE) >> 2] = page;
  }

  private renew(slot: number, mode: DecodeMode, from: number, to: number): void {
    const undecoded = mode.tableBase + SPECIAL.decode;
    let record = (this.map.recordBase + slot * RECORD_SLOT_SIZE + (from & 0xffc) * 2) >> 2;
    // Addresses have 32 bits without a sign.
    for (let address = from - (from % 4); address < to; address += 4, record += RECORD.size >> 2) {
      this.words[record] = undecoded;
      this.words[record + 1] = this.ram.getInt32(address, mode.littleEndian);
    }
  }
}
