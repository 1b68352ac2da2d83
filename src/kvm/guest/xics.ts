/**
 * The interrupt controller that L1 sees through hypercalls: XICS, one presenter a vCPU and one source unit (PAPR,
 * "Interrupt Source Control and Presentation"). Lower numbers are more favoured priorities. What is pending is found
 * anew at each look, so that there is no presented state that could be lost by a change of priority.
 */

import type { Json, StateReader } from '../../core/saved-state';

/** XISR of inter-processor interrupts. */
const XISR_IPI = 2;
/** Number of the first source. */
const FIRST_SOURCE = 0x1000;
/** The source of the virtual terminal. */
export const VTY_SOURCE = 0x1100;
const SOURCES = 0x200;
/** The priority that masks. */
export const LEAST_FAVOURED = 0xff;

interface Presenter {
  cppr: number;
  mfrr: number;
  line: boolean;
}

/** An edge-triggered source, as the device tree says of all of them. */
interface Source {
  pending: boolean;
  server: number;
  priority: number;
  savedPriority: number;
}

const resetSource = (): Source => ({
  pending: false,
  server: 0,
  priority: LEAST_FAVOURED,
  savedPriority: LEAST_FAVOURED,
});

const isAsReset = ({ pending, server, priority, savedPriority }: Source): boolean =>
  !pending && server === 0 && priority === LEAST_FAVOURED && savedPriority === LEAST_FAVOURED;

export interface SourceState {
  readonly server: number;
  readonly priority: number;
}

export interface GuestXicsOptions {
  readonly servers: number;
  /** The external interrupt line of a vCPU, whenever it changes. */
  readonly line: (server: number, level: boolean) => void;
}

/** What a presenter would give: its XISR (0: none) and the priority of that. */
interface Best {
  readonly xisr: number;
  readonly priority: number;
}

export class GuestXics {
  private readonly presenters: Presenter[];
  private readonly sources: Source[];

  constructor(private readonly options: GuestXicsOptions) {
    this.presenters = Array.from({ length: options.servers }, () => ({
      cppr: 0,
      mfrr: LEAST_FAVOURED,
      line: false,
    }));
    this.sources = Array.from({ length: SOURCES }, resetSource);
  }

  hasServer(server: number): boolean {
    return server >= 0 && server < this.presenters.length;
  }

  hasSource(source: number): boolean {
    return source >= FIRST_SOURCE && source < FIRST_SOURCE + SOURCES;
  }

  /** A device's edge. */
  pulse(source: number): void {
    this.source(source).pending = true;
    this.update();
  }

  /** CPPR and pending XISR as one word, as XIRR has them. */
  poll(server: number): { xirr: number; mfrr: number } {
    const { cppr, mfrr } = this.presenters[server]!;
    return { xirr: ((cppr << 24) | this.deliverable(server).xisr) >>> 0, mfrr };
  }

  /** Accepts the most favoured interrupt: XIRR before, and the vCPU runs at its priority from now on. */
  accept(server: number): number {
    const presenter = this.presenters[server]!;
    const { xisr, priority } = this.deliverable(server);
    const xirr = ((presenter.cppr << 24) | xisr) >>> 0;
    if (xisr !== 0) presenter.cppr = priority;
    // An IPI stays until its sender's value is taken back; an edge is consumed.
    if (this.hasSource(xisr)) this.source(xisr).pending = false;
    this.update();
    return xirr;
  }

  setCppr(server: number, cppr: number): void {
    this.presenters[server]!.cppr = cppr;
    this.update();
  }

  setMfrr(server: number, mfrr: number): void {
    this.presenters[server]!.mfrr = mfrr;
    this.update();
  }

  state(source: number): SourceState {
    const { server, priority } = this.source(source);
    return { server, priority };
  }

  configure(source: number, { server, priority }: SourceState): void {
    Object.assign(this.source(source), { server, priority, savedPriority: priority });
    this.update();
  }

  /** Masks a source; {@link unmask} gives it its priority back. */
  mask(source: number): void {
    const s = this.source(source);
    if (s.priority !== LEAST_FAVOURED) s.savedPriority = s.priority;
    s.priority = LEAST_FAVOURED;
    this.update();
  }

  unmask(source: number): void {
    const s = this.source(source);
    s.priority = s.savedPriority;
    this.update();
  }

  /** All of it but for the lines, which follow from it; sources only where they are not as after reset. */
  save(): Json {
    return {
      presenters: this.presenters.map(({ cppr, mfrr }) => ({ cppr, mfrr })),
      sources: this.sources.flatMap((source, i) => (isAsReset(source) ? [] : [{ number: i, ...source }])),
    };
  }

  /** @throws UserError where it is not what {@link save} gives for as many servers */
  restore(reader: StateReader): void {
    const servers = this.presenters.length;
    const presenters = reader.children('presenters', servers);
    if (presenters.length !== servers) reader.fail('presenters', `${servers} of them`);
    presenters.forEach((saved, i) => {
      Object.assign(this.presenters[i]!, { cppr: saved.byte('cppr'), mfrr: saved.byte('mfrr'), line: false });
      saved.done();
      this.options.line(i, false);
    });
    for (const source of this.sources) Object.assign(source, resetSource());
    for (const saved of reader.children('sources', SOURCES)) {
      Object.assign(this.sources[saved.integer('number', 0, SOURCES - 1)]!, {
        pending: saved.boolean('pending'),
        server: saved.integer('server', 0, servers - 1),
        priority: saved.byte('priority'),
        savedPriority: saved.byte('savedPriority'),
      });
      saved.done();
    }
    reader.done();
    this.update();
  }

  private source(number: number): Source {
    return this.sources[number - FIRST_SOURCE]!;
  }

  /** The most favoured that the presenter's priority lets through. */
  private deliverable(server: number): Best {
    const best = this.pending(server);
    return best.priority < this.presenters[server]!.cppr ? best : { xisr: 0, priority: LEAST_FAVOURED };
  }

  private pending(server: number): Best {
    let best: Best = { xisr: 0, priority: LEAST_FAVOURED };
    this.sources.forEach((source, i) => {
      if (source.pending && source.server === server && source.priority < best.priority)
        best = { xisr: FIRST_SOURCE + i, priority: source.priority };
    });
    const { mfrr } = this.presenters[server]!;
    return mfrr < best.priority ? { xisr: XISR_IPI, priority: mfrr } : best;
  }

  private update(): void {
    this.presenters.forEach((presenter, server) => {
      const level = this.deliverable(server).xisr !== 0;
      if (level === presenter.line) return;
      presenter.line = level;
      this.options.line(server, level);
    });
  }
}
