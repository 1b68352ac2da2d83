/**
 * Where a debugger outside of the machine wants a run to stop: before instructions and accesses at effective addresses,
 * after single instructions. Nothing of it is state of the guest: memory and registers stay as they are, and what has
 * run until a stop has run as it would have without. Addresses are compared in whatever context the CPU is, so that one
 * breakpoint is one of hypervisor, guest and nested guest alike.
 */
import type { Stops } from '../engine/stops';
import type { Cpu } from './cpu';
import type { WatchedAccess } from './debug';

/** Which accesses a watchpoint is for. */
export type WatchKind = 'write' | 'read' | 'access';

/** Bytes from an effective address on. */
export interface Watchpoint {
  readonly ea: bigint;
  /** Bytes, at least 1. */
  readonly length: number;
  readonly kind: WatchKind;
}

/** Why a run stopped for a debugger, and on which CPU. */
export type DebugStop =
  /** NIA is a breakpoint; nothing of the instruction has happened. */
  | { readonly why: 'breakpoint'; readonly cpu: number }
  /** The instruction at NIA wants to access what is watched; the access has not happened. */
  | { readonly why: 'watchpoint'; readonly cpu: number; readonly watchpoint: Watchpoint }
  /** One instruction was executed, or an interrupt was taken instead and NIA is its handler. */
  | { readonly why: 'step'; readonly cpu: number };

/** How such a run ends. */
export interface DebugEnd {
  readonly kind: 'debug';
  readonly stop: DebugStop;
}

/** What accesses ask. */
export interface AccessWatch {
  /** True where the access must not happen: the run stops. */
  hits(cpu: Cpu, access: WatchedAccess): boolean;
  /** True where some access to these bytes is watched. */
  covers(ea: bigint, length: number): boolean;
}

/** What of the run loop has to do with it. */
export interface DebugHost {
  readonly stops: Stops;
  /** Ends the run after what is executing. */
  end(end: DebugEnd): void;
  /** Nothing that was translated for accesses is kept. */
  forgetTranslations(): void;
}

const PAGE_OFFSET = 0xfffn;
const NONE: ReadonlySet<Cpu> = new Set();

function overlaps(watchpoint: Watchpoint, ea: bigint, length: number): boolean {
  return ea < watchpoint.ea + BigInt(watchpoint.length) && watchpoint.ea < ea + BigInt(length);
}

export class DebugStops implements AccessWatch {
  private breakpoints: ReadonlySet<bigint> = new Set();
  private watchpoints: readonly Watchpoint[] = [];
  /** Offsets of the breakpoints in their pages, by the page's effective address. */
  private byPage = new Map<bigint, number[]>();
  /** What changed since the last run. */
  private readonly changed = { breakpoints: false, watchpoints: false };
  private stepping: ReadonlySet<Cpu> = NONE;
  /** A CPU that was stopped by a watchpoint, and where: it does that access when it goes on. */
  private stopped: { readonly cpu: Cpu; readonly nia: bigint } | undefined;
  /** It is doing so. */
  private passing: Cpu | undefined;

  constructor(private readonly host: DebugHost) {}

  setBreakpoints(addresses: Iterable<bigint>): void {
    this.breakpoints = new Set(addresses);
    this.changed.breakpoints = true;
  }

  setWatchpoints(watchpoints: Iterable<Watchpoint>): void {
    this.watchpoints = [...watchpoints];
    this.changed.watchpoints = true;
  }

  /** The next run stops after one instruction of one of these. It is executed whether or not a breakpoint is there. */
  step(cpus: Iterable<Cpu>): void {
    this.stepping = new Set(cpus);
  }

  /** To be called before something runs. */
  prepare(): void {
    const { changed, host } = this;
    if (changed.breakpoints) {
      this.byPage.clear();
      for (const ea of this.breakpoints) {
        const page = ea & ~PAGE_OFFSET;
        this.byPage.set(page, [...(this.byPage.get(page) ?? []), Number(ea & PAGE_OFFSET)]);
      }
      host.stops.clear();
      changed.breakpoints = false;
    }
    if (changed.watchpoints) {
      host.forgetTranslations();
      changed.watchpoints = false;
    }
  }

  /** The page at NIA was entered into the cache of fetched pages. @param page its host real address */
  fetched({ nia }: Cpu, page: number): void {
    for (const offset of this.byPage.get(nia & ~PAGE_OFFSET) ?? []) this.host.stops.add(page + offset);
  }

  /** True where a CPU that is about to execute the instruction at NIA has to stop. */
  stopsBefore(cpu: Cpu): boolean {
    if (this.stepping.has(cpu) || !this.breakpoints.has(cpu.nia)) return false;
    this.end({ why: 'breakpoint', cpu: cpu.state.index });
    return true;
  }

  /** True where a CPU is to execute one instruction only, which may access what is watched if it was stopped for it. */
  begin(cpu: Cpu): boolean {
    const { stopped } = this;
    this.passing = stopped?.cpu === cpu && stopped.nia === cpu.nia ? cpu : undefined;
    return this.stepping.has(cpu) || this.passing !== undefined;
  }

  /** To be called when generated code has been left. @param executed instructions */
  left(cpu: Cpu, executed: number): void {
    this.passing = undefined;
    if (executed === 0) return;
    // What it executed may be what came before the access that it is stopped for.
    if (this.stopped?.cpu === cpu && this.stopped.nia !== cpu.nia) this.stopped = undefined;
    if (this.stepping.has(cpu)) this.end({ why: 'step', cpu: cpu.state.index });
  }

  /** An interrupt was taken, or the hypervisor of the machine made the CPU go on elsewhere. */
  interrupted(cpu: Cpu): void {
    if (this.stopped?.cpu === cpu) this.stopped = undefined;
    if (this.stepping.has(cpu)) this.end({ why: 'step', cpu: cpu.state.index });
  }

  hits(cpu: Cpu, { ea, length, store }: WatchedAccess): boolean {
    if (cpu === this.passing) return false;
    const other: WatchKind = store ? 'read' : 'write';
    const watchpoint = this.watchpoints.find((each) => each.kind !== other && overlaps(each, ea, length));
    if (!watchpoint) return false;
    this.stopped = { cpu, nia: cpu.nia };
    this.end({ why: 'watchpoint', cpu: cpu.state.index, watchpoint });
    return true;
  }

  covers(ea: bigint, length: number): boolean {
    return this.watchpoints.some((watchpoint) => overlaps(watchpoint, ea, length));
  }

  private end(stop: DebugStop): void {
    this.stepping = NONE;
    this.host.end({ kind: 'debug', stop });
  }
}
