/** Hypercalls of the interrupt controller (PAPR, "Interrupt Support hcall()s"). */
import { H } from './status';
import type { Hypercall, HypercallHandler } from './table';

const BYTE = 0xffn;
const LARGEST_SERVER = 0xffff;
const CPPR_SHIFT = 24n;

function cppr(call: Hypercall): number {
  call.l0.xics.setCppr(call.vcpu.id, Number(call.arg(0) & BYTE));
  return H.SUCCESS;
}

function ipi(call: Hypercall): number {
  const server = call.small(0, LARGEST_SERVER);
  if (!call.l0.xics.hasServer(server)) return H.PARAMETER;
  call.l0.xics.setMfrr(server, Number(call.arg(1) & BYTE));
  return H.SUCCESS;
}

function ipoll(call: Hypercall): number {
  const server = call.small(0, LARGEST_SERVER);
  if (!call.l0.xics.hasServer(server)) return H.PARAMETER;
  const { xirr, mfrr } = call.l0.xics.poll(server);
  call.result(0, BigInt(xirr));
  call.result(1, BigInt(mfrr));
  return H.SUCCESS;
}

function xirr(call: Hypercall): number {
  call.result(0, BigInt(call.l0.xics.accept(call.vcpu.id)));
  return H.SUCCESS;
}

/** The same with the time base at which the interrupt was accepted. */
function xirrX(call: Hypercall): number {
  call.result(1, call.l0.timebase(call.vcpu));
  return xirr(call);
}

/** End of interrupt: the priority before it comes back. Its XISR needs nothing: every source is an edge. */
function eoi(call: Hypercall): number {
  const value = call.arg(0);
  call.l0.xics.setCppr(call.vcpu.id, Number((value >> CPPR_SHIFT) & BYTE));
  return H.SUCCESS;
}

export const INTERRUPT_HYPERCALLS = {
  H_CPPR: cppr,
  H_IPI: ipi,
  H_IPOLL: ipoll,
  H_XIRR: xirr,
  H_XIRR_X: xirrX,
  H_EOI: eoi,
} as const satisfies Record<string, HypercallHandler>;
