/** Hypercalls of the virtual terminal (PAPR, "Client Vterm"). */
import { H } from './status';
import type { Hypercall, HypercallHandler } from './table';

/** The terminal's unit address in the device tree; 0 is the first terminal by another name. */
const VTY_UNIT = 0x71000000n;
const MOST_BYTES = 16;
const BYTES_IN_REGISTER = 8;

const exists = (call: Hypercall): boolean => call.arg(0) === VTY_UNIT || call.arg(0) === 0n;

/** Up to 16 bytes in two registers, the first byte in the most significant place. */
function putTermChar(call: Hypercall): number {
  const length = call.small(1, MOST_BYTES);
  if (!exists(call) || length > MOST_BYTES) return H.PARAMETER;
  const bytes = new Uint8Array(MOST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, call.arg(2));
  view.setBigUint64(BYTES_IN_REGISTER, call.arg(3));
  call.l0.console.put(bytes.subarray(0, length));
  return H.SUCCESS;
}

function getTermChar(call: Hypercall): number {
  if (!exists(call)) return H.PARAMETER;
  const bytes = new Uint8Array(MOST_BYTES);
  const taken = call.l0.console.take(MOST_BYTES);
  bytes.set(taken);
  const view = new DataView(bytes.buffer);
  call.result(0, BigInt(taken.length));
  call.result(1, view.getBigUint64(0));
  call.result(2, view.getBigUint64(BYTES_IN_REGISTER));
  return H.SUCCESS;
}

export const TERMINAL_HYPERCALLS = {
  H_PUT_TERM_CHAR: putTermChar,
  H_GET_TERM_CHAR: getTermChar,
} as const satisfies Record<string, HypercallHandler>;
