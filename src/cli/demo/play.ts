/**
 * What the demonstration runs: fixtures/nested.s on pseries, with the reverse map as it is before and after L1
 * invalidates, after the host moves a page behind L1's back, and after the guest has run again.
 */
import { migratePages, perform } from '../../kvm/host/operations';
import type { L0 } from '../../kvm/l0';
import { describeRmap, type DescribedRmap } from '../../kvm/nested/describe-rmap';
import type { NestedGuests } from '../../kvm/nested/part';
import { PMD_SHIFT } from '../../kvm/guest/radix-format';
import { readImage } from '../../loader';
import { Machine, type MachineEnd } from '../../machine/machine';
import { PSERIES_MACHINE } from '../../machine/pseries';
import { Tracer } from '../../machine/tracer';
import type { TraceEvent } from '../../trace/events';
import { assembleFixture } from '../fixtures';

export const FIXTURE = 'nested.s';
const MEMORY = 64 * 2 ** 20;
/** Many times what the demonstration needs. */
const BUDGET = 10_000_000;

/** The reverse map at one moment. */
export interface Moment {
  readonly title: string;
  readonly rmap: DescribedRmap;
}

/** What the host did on its own. */
export interface HostMove {
  readonly ev: 'host';
  readonly t: number;
  /** Frame of L1 whose page was moved. */
  readonly gfn: number;
  readonly pages: number;
}

export type DemoEvent = TraceEvent | HostMove;

export interface Play {
  readonly machine: Machine;
  readonly console: string;
  /** What happened, up to the last of the moments. */
  readonly events: readonly DemoEvent[];
  readonly moments: readonly Moment[];
  readonly end: MachineEnd;
}

/** @throws Error where the guest does not do what the demonstration is about */
export function play(): Play {
  let console = '';
  const machine = new Machine({
    description: PSERIES_MACHINE,
    memory: MEMORY,
    tlb: 'architected',
    output: (byte) => {
      console += String.fromCharCode(byte);
    },
  });
  const l0 = machine.l0!;
  const { nested } = l0.nested as NestedGuests;
  const events: DemoEvent[] = [];
  let lastCall = '';
  // Between two runs of a guest nobody changes the reverse map but L1's invalidations and the host.
  let afterGuest = describeRmap(nested);
  let eventsThen = 0;
  const emit = (event: TraceEvent): void => {
    events.push(event);
    if (event.ev === 'hcall') lastCall = event.name;
    if (event.ev !== 'nested.exit') return;
    afterGuest = describeRmap(nested);
    eventsThen = events.length;
  };
  const tracer = new Tracer(machine, { kinds: new Set(['walk', 'hcall', 'nested', 'rmap']), emit });
  machine.load(readImage(FIXTURE, assembleFixture(FIXTURE), { entry: 0n }));

  const moments: Moment[] = [];
  runUntil(machine, () => lastCall === 'H_TLB_INVALIDATE');
  moments.push({ title: 'before', rmap: afterGuest });
  moments.push({ title: 'L1 invalidates', rmap: describeRmap(nested) });
  // What it causes is told after it.
  const told = events.length;
  const move = movePage(l0, afterGuest.totals.longest!.gfn, Number(machine.instructions));
  events.splice(told, 0, move);
  moments.push({ title: 'host moves page', rmap: describeRmap(nested) });
  runUntil(machine, () => lastCall === 'H_RPT_INVALIDATE');
  moments.push({ title: 'A ran again', rmap: afterGuest });
  events.length = eventsThen;
  tracer.detach();
  const { end } = machine.run(BUDGET);
  return { machine, console, events, moments, end };
}

function runUntil(machine: Machine, done: () => boolean): void {
  for (let used = 0; !done(); used++)
    if (used > BUDGET || machine.run(1).end.kind !== 'budget')
      throw new Error(`${FIXTURE} did not do its part`);
}

/** Gives L1's 2 MiB page of a frame other host frames, as compaction or NUMA balancing would. */
function movePage({ vm, mm }: L0, gfn: number, t: number): HostMove {
  const slot = vm.gfnToMemslot(gfn)!;
  const hva = slot.userspaceAddr + (gfn - slot.baseGfn) * vm.pageSize;
  const pages = perform(migratePages(mm, hva, hva + 2 ** PMD_SHIFT));
  if (pages <= 0) throw new Error(`the host cannot move frame ${gfn}: ${pages}`);
  return { ev: 'host', t, gfn, pages };
}
