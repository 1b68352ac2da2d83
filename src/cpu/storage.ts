/**
 * Storage accesses that the translation cache did not carry out: translation, page crossings, devices, the rules of
 * caching-inhibited storage, watchpoints, reservations; and what of it may be cached for the next time.
 */
import {
  MACHINE_CHECK_DSISR,
  MACHINE_CHECK_SRR1,
  STORAGE_CAUSE,
} from '../../isa/registers/storage-interrupts';
import type { Engine } from '../engine/engine';
import type { AccessDescriptor } from '../engine/storage-code';
import { ACCESS, type Access } from '../mmu/access';
import { SpanTranslator, type RealPart, type Span } from '../mmu/page-crossing';
import { offsetOf } from '../state/layout';
import { dawrArmed, dawrMatch, dawrWatches } from './debug';
import type { Cpu } from './cpu';
import { storeAround } from './table-stores';
import { takeInterrupt, takeStorageInterrupt } from './interrupts';
import { raise } from './raise';
import { consumeReservation, reserve } from './reservation';
import type { TimedAccess } from './timing-port';

const ARG = offsetOf('ARG');
const VALUE = ARG + 8;
const RESULT = offsetOf('RESULT');
const PAGE_SHIFT = 12;
const PAGE_MASK = ~0xfff;

/** How translation sees each kind of access. */
const LOADS: Readonly<Record<AccessDescriptor['kind'], Access>> = {
  plain: ACCESS.load,
  multiple: ACCESS.load,
  reserve: ACCESS.reserve,
  quad: ACCESS.reserve,
  inhibited: ACCESS.inhibitedLoad,
  zero: ACCESS.dcbz,
};
const STORES: Readonly<Record<AccessDescriptor['kind'], Access>> = {
  plain: ACCESS.store,
  multiple: ACCESS.store,
  reserve: ACCESS.conditional,
  quad: ACCESS.conditional,
  inhibited: ACCESS.inhibitedStore,
  zero: ACCESS.dcbz,
};

/** The bytes of a value in the opposite order. */
function reversed(value: bigint, bytes: number): bigint {
  let out = 0n;
  for (let i = 0; i < bytes; i++) out = (out << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

export class Storage {
  private readonly spans: SpanTranslator;
  private readonly ram: DataView;
  private readonly span: Span = { eaHi: 0, eaLo: 0, length: 0 };
  private storing = false;
  /** This access stored to a table that its own translation may have come from. */
  private tableChanged = false;
  /** False where every access must be seen: an architected TLB decides that. */
  cacheable = true;
  /** Sees every access that succeeded here, while it is set; the address is in ARG. */
  onAccess: ((access: TimedAccess) => void) | undefined;
  /** What the translation cache keeps for a cycle model of the translation that was just made. */
  leafOf: (() => number) | undefined;

  constructor(
    private readonly cpu: Cpu,
    private readonly engine: Engine,
    private readonly onTableChanged: () => void,
  ) {
    this.spans = new SpanTranslator(cpu.translator);
    this.ram = new DataView(engine.ram.buffer, engine.ram.base, engine.ram.size);
  }

  /** Carries out the access that ARG describes; false where an interrupt was taken instead. */
  perform(access: AccessDescriptor): boolean {
    const { cpu, span } = this;
    const { state } = cpu;
    const isStore = access.operation !== 'load';
    this.storing = isStore;
    this.tableChanged = false;
    span.eaHi = state.hi(ARG);
    span.eaLo = state.lo(ARG);
    span.length = access.bytes;
    const misaligned = (span.eaLo & (access.bytes - 1)) !== 0;
    if (access.kind === 'inhibited' && misaligned) return this.misaligned();
    const kind = (isStore ? STORES : LOADS)[access.kind];
    if (!this.spans.access(state, kind, span)) {
      takeStorageInterrupt(cpu);
      return false;
    }
    const { first, second } = this.spans;
    if (misaligned && (first.cachingInhibited || (second.bytes > 0 && second.cachingInhibited)))
      return this.misaligned();
    if (cpu.accessWatch?.hits(cpu, { ea: state.get(ARG), length: access.bytes, store: isStore }))
      return false;
    if (dawrArmed(cpu) && dawrMatch(cpu, { ea: state.get(ARG), length: access.bytes, store: isStore }))
      return this.watched();
    const done = isStore ? this.store(access) : this.load(access);
    if (!done) return this.nothingThere();
    this.onAccess?.({ access, first, second });
    if (second.bytes === 0) this.remember(first);
    return true;
  }

  private misaligned(): boolean {
    raise(this.cpu, 'alignment', this.cpu.state.get(ARG));
    return false;
  }

  private watched(): boolean {
    takeInterrupt(this.cpu, 'dataStorage', {
      dar: this.cpu.state.get(ARG),
      dsisr: STORAGE_CAUSE.DAWR.mask | (this.storing ? STORAGE_CAUSE.STORE.mask : 0n),
      byInstruction: true,
    });
    return false;
  }

  private nothingThere(): boolean {
    takeInterrupt(this.cpu, 'machineCheck', {
      cause: MACHINE_CHECK_SRR1.DATA.mask,
      dar: this.cpu.state.get(ARG),
      dsisr: MACHINE_CHECK_DSISR.BAD_RA_LOAD,
      byInstruction: true,
    });
    return false;
  }

  /** Offset in host real memory of a part that lies wholly in it, else -1. */
  private offsetOf(part: RealPart): number {
    return this.engine.ram.contains(part.raHi, part.raLo, part.bytes) ? part.raLo >>> 0 : -1;
  }

  private load(access: AccessDescriptor): boolean {
    const { first, second } = this.spans;
    if (!(second.bytes === 0 && this.loadWhole(first)) && !this.loadParts(first, second)) return false;
    if (access.kind === 'reserve') reserve(this.cpu, this.address(first), access.bytes);
    return true;
  }

  /** The usual load: one part, in real memory, of a size that a word or two hold. False: not that. */
  private loadWhole(part: RealPart): boolean {
    const { state } = this.cpu;
    const at = this.offsetOf(part);
    if (at < 0) return false;
    const { ram } = this;
    switch (part.bytes) {
      case 8:
        state.setHalves(RESULT, ram.getInt32(at + 4, true), ram.getInt32(at, true));
        return true;
      case 4:
        state.setHalves(RESULT, 0, ram.getInt32(at, true));
        return true;
      case 2:
        state.setHalves(RESULT, 0, ram.getUint16(at, true));
        return true;
      case 1:
        state.setHalves(RESULT, 0, ram.getUint8(at));
        return true;
      default:
        return false;
    }
  }

  /** Any load: across pages, from devices. */
  private loadParts(first: RealPart, second: RealPart): boolean {
    const low = this.read(first);
    if (low === undefined) return false;
    let value = low;
    if (second.bytes > 0) {
      const high = this.read(second);
      if (high === undefined) return false;
      value |= high << BigInt(8 * first.bytes);
    }
    this.cpu.state.set(RESULT, value);
    return true;
  }

  private store(access: AccessDescriptor): boolean {
    const { state } = this.cpu;
    const { first, second } = this.spans;
    if (access.operation === 'storeConditional') {
      const held = consumeReservation(this.cpu, this.address(first), access.bytes);
      state.setHalves(RESULT, 0, held ? 1 : 0);
      if (!held) return true;
    }
    if (second.bytes === 0 && this.storeWhole(first)) return true;
    const value = state.get(VALUE);
    // Both parts are known to exist before the first is written.
    if (second.bytes > 0 && this.offsetOf(second) < 0 && !this.isDevice(second)) return false;
    if (!this.write(first, value)) return false;
    return second.bytes === 0 || this.write(second, value >> BigInt(8 * first.bytes));
  }

  /** The usual store: one part, in real memory, of a size that a word or two hold. False: not that, nothing is stored. */
  private storeWhole(part: RealPart): boolean {
    const { bytes } = part;
    const at = this.offsetOf(part);
    if (at < 0 || !isPower(bytes)) return false;
    // A part lies in one page.
    if (this.engine.ram.tablePages[at >>> PAGE_SHIFT] === 0) {
      this.put(at, bytes);
      this.engine.written(at, bytes);
    } else this.storeToTable(at, bytes, () => this.put(at, bytes));
    return true;
  }

  /** Stores the value's low bytes. */
  private put(at: number, bytes: 1 | 2 | 4 | 8): void {
    const { state } = this.cpu;
    const { ram } = this;
    const low = state.lo(VALUE);
    switch (bytes) {
      case 8:
        ram.setInt32(at, low, true);
        ram.setInt32(at + 4, state.hi(VALUE), true);
        return;
      case 4:
        ram.setInt32(at, low, true);
        return;
      case 2:
        ram.setInt16(at, low, true);
        return;
      case 1:
        ram.setInt8(at, low);
    }
  }

  /** Does a store that may be to a table of translation. */
  private storeToTable(at: number, bytes: number, store: () => void): void {
    const stale = storeAround(this.engine.ram, at, bytes, store);
    this.engine.written(at, bytes);
    if (!stale) return;
    this.tableChanged = true;
    this.onTableChanged();
  }

  private isDevice(part: RealPart): boolean {
    return this.cpu.hooks.bus.has(this.address(part), part.bytes);
  }

  private address(part: RealPart): bigint {
    return (BigInt(part.raHi >>> 0) << 32n) | BigInt(part.raLo >>> 0);
  }

  /** The bytes of a part as a little-endian number; undefined where nothing answers. */
  private read(part: RealPart): bigint | undefined {
    const at = this.offsetOf(part);
    return at >= 0 ? this.bytesAt(at, part.bytes) : this.readDevice(part);
  }

  private bytesAt(at: number, bytes: number): bigint {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.ram.getUint8(at + i));
    return value;
  }

  private readDevice(part: RealPart): bigint | undefined {
    const { bus } = this.cpu.hooks;
    const address = this.address(part);
    if (isPower(part.bytes)) {
      const value = bus.read(address, part.bytes);
      return value === undefined ? undefined : reversed(value, part.bytes);
    }
    let out = 0n;
    for (let i = part.bytes - 1; i >= 0; i--) {
      const byte = bus.read(address + BigInt(i), 1);
      if (byte === undefined) return undefined;
      out = (out << 8n) | byte;
    }
    return out;
  }

  private write(part: RealPart, value: bigint): boolean {
    const at = this.offsetOf(part);
    if (at < 0) return this.writeDevice(part, value);
    this.storeToTable(at, part.bytes, () => {
      for (let i = 0; i < part.bytes; i++)
        this.ram.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
    });
    return true;
  }

  private writeDevice(part: RealPart, value: bigint): boolean {
    const { bus } = this.cpu.hooks;
    const address = this.address(part);
    if (isPower(part.bytes)) {
      const low = BigInt.asUintN(8 * part.bytes, value);
      return bus.write(address, part.bytes, reversed(low, part.bytes));
    }
    for (let i = 0; i < part.bytes; i++)
      if (!bus.write(address + BigInt(i), 1, (value >> BigInt(8 * i)) & 0xffn)) return false;
    return true;
  }

  /** Lets generated code do the next access to this page itself, where nothing forbids it. */
  private remember(part: RealPart): void {
    const { cpu, span } = this;
    const { translator } = cpu;
    if (!this.cacheable || this.tableChanged || part.cachingInhibited || part.raHi !== 0) return;
    const page = (part.raLo & PAGE_MASK) >>> 0;
    if (!this.engine.ram.contains(0, page, 4096)) return;
    if (cpu.accessWatch?.covers(cpu.state.get(ARG) & PAGE_OF_EA, 4096)) return;
    if (dawrArmed(cpu) && dawrWatches(cpu, cpu.state.get(ARG) & PAGE_OF_EA, 4096)) return;
    this.engine.cacheTranslation(cpu.state, { hi: span.eaHi, lo: span.eaLo }, page, {
      read: translator.mayReadLater,
      write: translator.mayWriteLater,
      leaf: this.leafOf?.() ?? 0,
    });
  }
}

const PAGE_OF_EA = ~0xfffn;
const isPower = (bytes: number): bytes is 1 | 2 | 4 | 8 => (bytes & (bytes - 1)) === 0;
