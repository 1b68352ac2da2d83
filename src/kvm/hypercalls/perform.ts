/** One hypercall of L1, from its registers to its answer, with its event in the trace. */
import type { HypercallValue } from '../../trace/events/hypervisor';
import type { L0 } from '../l0';
import type { GuestVcpu } from '../guest/vcpu';
import { decodeCall } from '../nested/decode-call';
import { statusName } from './status';
import { Hypercall, HypercallTable } from './table';

const NUMBER_REGISTER = 3;
const FIRST_ARGUMENT = 4;
/** Numbers above this are none: hypercalls have 16 bits. */
const LARGEST_NUMBER = 0xffffn;
const NO_NUMBER = -1;
/** Its positive results are vectors, but for H_NOT_AVAILABLE. */
const ENTER_NESTED = 'H_ENTER_NESTED';
const SMALLEST_VECTOR = 0x100n;

/** Answers the hypercall whose number is in r3. `cpu.nia` is the instruction after it. */
export function performHypercall(l0: L0, vcpu: GuestVcpu): void {
  const { state } = vcpu.cpu;
  const asked = state.gpr(NUMBER_REGISTER);
  const number = asked > LARGEST_NUMBER ? NO_NUMBER : Number(asked);
  const call = new Hypercall(l0, vcpu, number);
  l0.counters.hypercalls++;
  if (!l0.observer) {
    l0.hypercalls.perform(call);
    return;
  }
  const row = HypercallTable.row(number);
  const registers = (names: readonly string[]): HypercallValue[] =>
    names.map((name, i) => ({ name, value: state.gpr(FIRST_ARGUMENT + i) }));
  const args = registers(row?.args ?? []);
  l0.hypercalls.perform(call);
  const name = row?.name ?? `0x${asked.toString(16)}`;
  const result = resultOf(l0, vcpu, name);
  const results = registers(row?.results ?? []);
  const decoded = decodeCall(
    name,
    args.map(({ value }) => value),
  );
  l0.emit({ ev: 'hcall', number, name, args, result, results, ...decoded }, vcpu);
}

/** r3 in words. What enters a nested guest has its result when that is left; until then r3 is the nested guest's. */
function resultOf(l0: L0, vcpu: GuestVcpu, name: string): string {
  const r3 = vcpu.cpu.state.gpr(NUMBER_REGISTER);
  if (name !== ENTER_NESTED) return statusName(r3);
  if (l0.nested?.isRunning(vcpu)) return 'entered';
  return r3 === 0n || (r3 >= SMALLEST_VECTOR && r3 <= LARGEST_NUMBER)
    ? `trap 0x${r3.toString(16)}`
    : statusName(r3);
}
