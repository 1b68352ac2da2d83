/** The hypercalls on hashed page tables, from registers to registers. A radix guest has none of them. */
import { has } from '../../core/bits';
import { H } from '../hypercalls/status';
import type { Hypercall, HypercallHandler } from '../hypercalls/table';
import { enterEntry } from './enter';
import { clearChange, clearReference, protectEntry, readEntries, type Failed } from './protect';
import { HPT_FLAGS, removeEntry, removeOne } from './remove';
import { commitResize, prepareResize } from './resize';

type Perform = (call: Hypercall) => number;

const hptOnly =
  (perform: Perform): HypercallHandler =>
  (call) =>
    call.l0.hpt.isActive ? perform(call) : H.FUNCTION;

function enter(call: Hypercall): number {
  const entered = enterEntry(call.l0.hpt, {
    exact: has(call.arg(0), HPT_FLAGS.EXACT),
    index: call.arg(1),
    entry: { v: call.arg(2), r: call.arg(3) },
  });
  if ('status' in entered) return entered.status;
  call.result(0, BigInt(entered.index));
  return H.SUCCESS;
}

function remove(call: Hypercall): number {
  const removed = removeEntry(call.l0.hpt, { flags: call.arg(0), index: call.arg(1), avpn: call.arg(2) });
  if (typeof removed === 'number') return removed;
  call.result(0, removed.v);
  call.result(1, removed.r);
  return H.SUCCESS;
}

const PAIRS = 4;

/** What was done before a wrong specifier stays done. */
function bulkRemove(call: Hypercall): number {
  for (let pair = 0; pair < PAIRS; pair++) {
    const { answer, outcome } = removeOne(call.l0.hpt, call.arg(2 * pair), call.arg(2 * pair + 1));
    if (outcome === 'end') break;
    call.result(2 * pair, answer);
    if (outcome === 'parameter') return H.PARAMETER;
  }
  return H.SUCCESS;
}

const protect: Perform = (call) =>
  protectEntry(call.l0.hpt, { flags: call.arg(0), index: call.arg(1), avpn: call.arg(2) });

function read(call: Hypercall): number {
  const entries = readEntries(call.l0.hpt, { flags: call.arg(0), index: call.arg(1) });
  if (typeof entries === 'number') return entries;
  entries.forEach(({ v, r }, i) => {
    call.result(2 * i, v);
    call.result(2 * i + 1, r);
  });
  return H.SUCCESS;
}

function cleared(call: Hypercall, r: bigint | Failed): number {
  if (typeof r !== 'bigint') return r.status;
  call.result(0, r);
  return H.SUCCESS;
}

export const HPT_HYPERCALLS = {
  H_REMOVE: hptOnly(remove),
  H_ENTER: hptOnly(enter),
  H_READ: hptOnly(read),
  H_CLEAR_MOD: hptOnly((call) => cleared(call, clearChange(call.l0.hpt, call.arg(1)))),
  H_CLEAR_REF: hptOnly((call) => cleared(call, clearReference(call.l0.hpt, call.arg(1)))),
  H_PROTECT: hptOnly(protect),
  H_BULK_REMOVE: hptOnly(bulkRemove),
  H_RESIZE_HPT_PREPARE: (call) => prepareResize(call.l0.hpt, call.arg(0), call.arg(1)),
  H_RESIZE_HPT_COMMIT: (call) => commitResize(call.l0.hpt, call.arg(0), call.arg(1)),
} as const satisfies Record<string, HypercallHandler>;
