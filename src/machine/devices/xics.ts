/**
 * Microwatt's XICS interrupt controller: one source unit (ICS) of 16 level-triggered sources and one presenter (ICP)
 * per CPU. Registers are big-endian. Choice (as in its RTL): XISR shows the pending interrupt whether or not CPPR lets
 * it through, and there is no end-of-interrupt state, because sources are levels.
 */
import { StateReader, type Json } from '../../core/saved-state';
import { extractBytes, reverseBytes, type AccessSize, type Registers, type Snapshotable } from './device';

/** ICP registers of one CPU, in bytes. */
export const ICP = { XIRR_POLL: 0, XIRR: 4, MFRR: 12, SIZE: 16 } as const;
export const ICS = { CONFIG: 0, DEBUG: 4, XIVE: 0x800, SIZE: 0x1000 } as const;
const XICS_SOURCES = 16;
/** XISR of source n is XISR_BASE + n; inter-processor interrupts have one of their own. */
const XISR_BASE = 16;
const XISR_IPI = 2;
/** Priorities: 3 bits are implemented; the least favoured one masks, and reads as 0xff. */
const PRIORITY_BITS = 3;
const MASKED = 0xff;
const LEAST = (1 << PRIORITY_BITS) - 1;

/** XIVE register: shifts of its fields. */
const XIVE = { level: 31, pending: 29, server: 8 } as const;
const CONFIG_PRIORITY_BITS = 24;
const WORD = 4;

interface Presenter {
  cppr: number;
  mfrr: number;
  line: boolean;
}

interface Source {
  level: boolean;
  server: number;
  priority: number;
}

export interface XicsOptions {
  readonly servers: number;
  /** The external interrupt line of a CPU, whenever it changes. */
  readonly interrupt: (server: number, level: boolean) => void;
}

/** The registers of both units; they are two ranges of one device. */
export class Xics implements Snapshotable {
  private readonly presenters: Presenter[];
  private readonly sources: Source[];

  constructor(private readonly options: XicsOptions) {
    const presenter = (): Presenter => ({ cppr: 0, mfrr: MASKED, line: false });
    this.presenters = Array.from({ length: options.servers }, presenter);
    this.sources = Array.from({ length: XICS_SOURCES }, () => ({
      level: false,
      server: 0,
      priority: MASKED,
    }));
  }

  /** Input of source `n`, 0..15. */
  setLevel(n: number, level: boolean): void {
    this.sources[n]!.level = level;
    this.update();
  }

  readonly icp: Registers = {
    read: (offset, size) =>
      this.words(offset, size, (at, whole) => {
        const value = this.readPresenter(at);
        if (whole && at % ICP.SIZE === ICP.XIRR) this.accept(Math.floor(at / ICP.SIZE));
        return value;
      }),
    write: (offset, size, value) => this.writePresenters(offset, size, value),
  };

  readonly ics: Registers = {
    read: (offset, size) => this.words(offset, size, (at) => this.readSource(at)),
    write: (offset, size, value) => this.writeSources(offset, size, value),
  };

  /** Composes an access from 32-bit big-endian registers; `whole` where the access covers all of one. */
  private words(offset: number, size: number, read: (at: number, whole: boolean) => number): bigint {
    let value = 0n;
    for (let at = offset - (offset % WORD); at < offset + size; at += WORD) {
      const from = Math.max(offset, at);
      const length = Math.min(offset + size, at + WORD) - from;
      const register = reverseBytes(BigInt(read(at, length === WORD) >>> 0), WORD);
      value |= extractBytes(register, from - at, length) << BigInt(8 * (from - offset));
    }
    return value;
  }

  /** What is pending for a CPU: source number of the XISR (0: none) and its priority. */
  private pending(server: number): { xisr: number; priority: number } {
    let best = { xisr: 0, priority: MASKED };
    this.sources.forEach(({ level, server: to, priority }, n) => {
      if (level && to === server && priority < best.priority) best = { xisr: XISR_BASE + n, priority };
    });
    const mfrr = this.presenters[server]!.mfrr;
    return mfrr < best.priority ? { xisr: XISR_IPI, priority: mfrr } : best;
  }

  private readPresenter(at: number): number {
    const server = Math.floor(at / ICP.SIZE);
    const presenter = this.presenters[server];
    if (!presenter) return 0;
    switch (at % ICP.SIZE) {
      case ICP.XIRR_POLL:
      case ICP.XIRR:
        return (presenter.cppr << 24) | this.pending(server).xisr;
      case ICP.MFRR:
        return presenter.mfrr << 24;
      default:
        return 0;
    }
  }

  /** Reading all of XIRR accepts: the CPU now runs at the interrupt's priority. */
  private accept(server: number): void {
    const presenter = this.presenters[server];
    if (!presenter) return;
    presenter.cppr = this.pending(server).priority;
    this.update();
  }

  /** CPPR and MFRR are the first bytes of their registers; the rest of a written word (XISR of an EOI) is ignored. */
  private writePresenters(offset: number, size: AccessSize, value: bigint): void {
    for (let i = 0; i < size; i++) {
      const at = offset + i;
      const presenter = this.presenters[Math.floor(at / ICP.SIZE)];
      const byte = Number(extractBytes(value, i, 1));
      if (!presenter) continue;
      if (at % ICP.SIZE === ICP.XIRR || at % ICP.SIZE === ICP.XIRR_POLL) presenter.cppr = byte;
      else if (at % ICP.SIZE === ICP.MFRR) presenter.mfrr = byte;
    }
    this.update();
  }

  private readSource(at: number): number {
    if (at === ICS.CONFIG) return (PRIORITY_BITS << CONFIG_PRIORITY_BITS) | XISR_BASE;
    if (at === ICS.DEBUG) {
      const { xisr, priority } = this.mostFavoured();
      return (xisr << 8) | priority;
    }
    const source = this.sourceAt(at);
    if (!source) return 0;
    const level = source.level ? (1 << XIVE.level) | (1 << XIVE.pending) : 0;
    return level | (source.server << XIVE.server) | source.priority;
  }

  /** Debug register: number and priority of the most favoured source, for any server. */
  private mostFavoured(): { xisr: number; priority: number } {
    let best = { xisr: XICS_SOURCES - 1, priority: MASKED };
    this.sources.forEach(({ level, priority }, n) => {
      if (level && priority < best.priority) best = { xisr: n, priority };
    });
    return best;
  }

  private sourceAt(at: number): Source | undefined {
    return at >= ICS.XIVE ? this.sources[((at - ICS.XIVE) / WORD) % XICS_SOURCES] : undefined;
  }

  private writeSources(offset: number, size: AccessSize, value: bigint): void {
    for (let i = 0; i < size; i++) {
      const at = offset + i;
      const source = this.sourceAt(at - (at % WORD));
      const byte = Number(extractBytes(value, i, 1));
      if (!source) continue;
      if (at % WORD === 2) source.server = byte;
      else if (at % WORD === 3) source.priority = byte >= LEAST ? MASKED : byte;
    }
    this.update();
  }

  private update(): void {
    this.presenters.forEach((presenter, server) => {
      const level = this.pending(server).priority < presenter.cppr;
      if (level === presenter.line) return;
      presenter.line = level;
      this.options.interrupt(server, level);
    });
  }

  save(): Json {
    return {
      presenters: this.presenters.map(({ cppr, mfrr }) => ({ cppr, mfrr })),
      sources: this.sources.map(({ level, server, priority }) => ({ level, server, priority })),
    };
  }

  restore(state: Json): void {
    const reader = new StateReader('snapshot: xics', state);
    const presenters = reader.list('presenters', this.presenters.length).map((item, i) => {
      const r = new StateReader(`snapshot: xics.presenters.${i}`, item);
      const saved = { cppr: r.byte('cppr'), mfrr: r.byte('mfrr') };
      r.done();
      return saved;
    });
    const sources = reader.list('sources', XICS_SOURCES).map((item, i) => {
      const r = new StateReader(`snapshot: xics.sources.${i}`, item);
      const saved = { level: r.boolean('level'), server: r.byte('server'), priority: r.byte('priority') };
      r.done();
      return saved;
    });
    reader.done();
    presenters.forEach((saved, i) => Object.assign(this.presenters[i]!, saved));
    sources.forEach((saved, i) => Object.assign(this.sources[i]!, saved));
    this.update();
  }
}
