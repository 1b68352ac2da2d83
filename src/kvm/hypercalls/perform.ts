/** One hypercall of L1, from its registers to its answer, with its event in the trace. */
import type { HypercallValue } from '../../trace/events/hypervisor';
import type { L0 } from '../l0';
import type { GuestVcpu } from '../guest/vcpu';
import { statusName } from './status';
import { Hypercall, HypercallTable } from './table';

const NUMBER_REGISTER = 3;
const FIRST_ARGUMENT = 4;
/** Numbers above this are none: hypercalls have 16 bits. */
const LARGEST_NUMBER = 0xffffn;
const NO_NUMBER = -1;

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
  const result = statusName(state.gpr(NUMBER_REGISTER));
  const name = row?.name ?? `0x${asked.toString(16)}`;
  const results = registers(row?.results ?? []);
  l0.emit({ ev: 'hcall', number, name, args, result, results }, vcpu);
}
