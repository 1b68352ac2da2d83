/**
 * The nested part of L0: its hypercalls, its vCPUs, what it is told of L1's memory. `addNested` is all that a machine
 * calls.
 */
import type { InterruptName } from '../../../isa/interrupts';
import type { Json, StateReader } from '../../core/saved-state';
import type { InterruptDetail } from '../../cpu/interrupts';
import { STRUCTURE } from '../../mmu/invalidate';
import type { NestedEvent } from '../../trace/events/nested';
import type { GuestVcpu } from '../guest/vcpu';
import { H } from '../hypercalls/status';
import { HANDLED, type Hypercall, type HypercallHandler } from '../hypercalls/table';
import type { L0, NestedPart } from '../l0';
import type { MemoryClaims } from '../snapshot';
import { copyGuest } from './copy-guest';
import { nestedInterrupt } from './exits';
import type { NestedOptions } from './host';
import { isNestedRpt, rptInvalidateNested, tlbInvalidate, type RptInvalidate } from './invalidate';
import { nestedHostOf } from './l0-host';
import { NestedMemoryEvents } from './memory-events';
import type { MmioBus } from './mmio';
import { Nested } from './nested';
import { setPartitionTable } from './partition-table';
import { NestedRun } from './run';
import { restoreNested, saveNested } from './saved-nested';

export interface NestedPartOptions extends NestedOptions {
  /** Bytes of pt_regs that H_ENTER_NESTED reads and writes: 384 as Linux 6.x, or 352, the ABI's part. */
  readonly regsBytes?: number;
  /** Devices in L1's real address space. */
  readonly mmio?: MmioBus;
}

export class NestedGuests extends NestedMemoryEvents implements NestedPart {
  readonly runs: readonly NestedRun[];

  constructor(
    readonly l0: L0,
    options: NestedPartOptions = {},
  ) {
    super(new Nested(nestedHostOf(l0), options));
    const { regsBytes, mmio } = options;
    this.runs = l0.vcpus.map(
      (vcpu) =>
        new NestedRun({
          nested: this.nested,
          vcpu,
          memory: l0.guestMemory,
          ...(regsBytes === undefined ? {} : { regsBytes }),
          ...(mmio ? { mmio } : {}),
        }),
    );
  }

  /** Hands events to `emit` while it is set. */
  observe(emit: ((event: NestedEvent) => void) | undefined): void {
    this.nested.observer = emit && { ...this.l0.stamp(), emit };
  }

  save(): Json {
    return saveNested(this.nested, this.runs);
  }

  restore(reader: StateReader, claims: MemoryClaims): void {
    // The words of the reverse map are those of the hashed page table while there is one.
    const lists = this.l0.hpt.isActive ? 'none' : 'in memory';
    restoreNested(this.nested, this.runs, { reader, claims, lists });
  }

  isRunning(vcpu: GuestVcpu): boolean {
    return this.runs[vcpu.id]!.guest !== undefined;
  }

  interrupt(vcpu: GuestVcpu, name: InterruptName, detail: InterruptDetail): boolean {
    return nestedInterrupt(this.nested, this.runs[vcpu.id]!, name, detail);
  }

  /** The hypercalls of a hypervisor. */
  get hypercalls(): Readonly<Record<string, HypercallHandler>> {
    const { nested, runs, l0 } = this;
    // A hypervisor has a radix tree, for itself and for its guests.
    const nesting =
      (handler: HypercallHandler): HypercallHandler =>
      (call) =>
        l0.hpt.isActive ? H.FUNCTION : handler(call);
    return {
      H_SET_PARTITION_TABLE: nesting((call) => setPartitionTable(nested, call.arg(0))),
      H_ENTER_NESTED: nesting(
        (call) => runs[call.vcpu.id]!.enter({ hvAddress: call.arg(0), regsAddress: call.arg(1) }) ?? HANDLED,
      ),
      H_TLB_INVALIDATE: nesting((call) => tlbInvalidate(nested, call.arg(0), call.arg(1), call.arg(2))),
      H_COPY_TOFROM_GUEST: nesting((call) =>
        copyGuest(nested, call.cpu, l0.guestMemory, {
          lpid: call.arg(0), pid: call.arg(1), ea: call.arg(2), to: call.arg(3), from: call.arg(4), bytes: call.arg(5),
        }),
      ), // prettier-ignore
      H_RPT_INVALIDATE: (call) =>
        rptInvalidate(l0, requestOf(call), (request) => rptInvalidateNested(nested, request)),
    };
  }
}

const PID_LIMIT = 1n << 20n;

const requestOf = (call: Hypercall): RptInvalidate => ({
  id: call.arg(0), target: call.arg(1), type: call.arg(2), pages: call.arg(3), start: call.arg(4), end: call.arg(5),
}); // prettier-ignore

/** H_RPT_INVALIDATE: for a nested guest, or for a process of L1 itself. */
function rptInvalidate(l0: L0, request: RptInvalidate, ofNested: (request: RptInvalidate) => number): number {
  if (l0.hpt.isActive) return H.UNSUPPORTED;
  if (request.end < request.start) return H.P5;
  if (isNestedRpt(request)) return ofNested(request);
  const { cpu } = l0.vcpus[0]!;
  // More than asked for: all of the process.
  cpu.hooks.invalidate(cpu, {
    by: 'H_RPT_INVALIDATE',
    local: false,
    structures: STRUCTURE.ALL,
    scope: 'process',
    lpid: l0.lpid,
    pid: Number(request.id % PID_LIMIT),
  });
  return H.SUCCESS;
}

/** Lets the guest of L0 be a hypervisor. */
export function addNested(l0: L0, options: NestedPartOptions = {}): NestedGuests {
  const part = new NestedGuests(l0, options);
  l0.nested = part;
  l0.hypercalls.add(part.hypercalls);
  return part;
}

/** The guest of L0 is to be no hypervisor: of its calls only the invalidation of its own processes is there. */
export function withoutNested(l0: L0): void {
  l0.hypercalls.add({ H_RPT_INVALIDATE: (call) => rptInvalidate(l0, requestOf(call), () => H.FUNCTION) });
}
