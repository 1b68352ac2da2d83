/**
 * Switches of MSR that generated code makes by itself: system calls, returns and mtmsrd that `switches.ts` knows from
 * the last time. Purely a matter of speed: the service does the same.
 */
import type { I64 } from '../../isa/vocabulary/expr';
import type { ServiceName } from '../../isa/vocabulary/services';
import { offsetOf, SWITCH_ENTRIES, SWITCH_ENTRY, SWITCH_KINDS, type SwitchKind } from '../state/layout';
import { emitRecordAddress } from './helper-parts';
import { emitOperator } from './operators';
import { CPU, IP, LEFT } from './parameters';
import type { ServicePort } from './service-code';
import { PLACE_SHIFTS, switchesAt } from './switches';
import { OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

/** Bytes of the instructions: none has a prefix. */
const LENGTH = 4n;
const STATUS: Partial<Record<SwitchKind, string>> = { rfid: 'SRR1', hrfid: 'HSRR1' };
const RETURNS_TO: Partial<Record<SwitchKind, string>> = { rfid: 'SRR0', hrfid: 'HSRR0' };

const isSwitch = (name: ServiceName): name is SwitchKind =>
  (SWITCH_KINDS as readonly ServiceName[]).includes(name);

/** Where the entry of this switch is, and what it must be of. */
interface Wanted {
  readonly entry: number;
  readonly msr: number;
  readonly operand: number;
}

/** Emits the switch that is known, after which the function is left; where it is not known code goes on behind. */
export function emitKnownSwitch(port: ServicePort, name: ServiceName, args: readonly I64[]): void {
  // Who observes instructions looks at each of them.
  if (!isSwitch(name) || port.variant.observed) return;
  const { code } = port;
  const wanted = { entry: code.local('i32'), msr: code.local('i64'), operand: code.local('i64') };
  const status = STATUS[name];
  code.get(CPU).memory(OP.i64Load, offsetOf('MSR')).set(wanted.msr);
  if (status === undefined) port.push(args[0]!);
  else code.get(CPU).memory(OP.i64Load, offsetOf(status));
  code.set(wanted.operand);
  emitPlace(code, wanted);
  emitKnown(port, name, args, wanted);
  if (port.woven) {
    port.woven.maySwitch(name);
    emitOperator(code, 'i32.and');
  }
  code.if();
  if (name === 'sc') emitInterrupt(port, name, wanted.entry);
  emitState(code, name, wanted.entry);
  count(code, 'SWITCHED');
  port.woven?.switched(name);
  emitGoOn(port, name, wanted.entry);
  code.op(OP.end);
}

/** Sets the local to the entry's place, less the offset of its kind. */
function emitPlace(code: Code, { entry, msr, operand }: Wanted): void {
  const mixed = code.local('i32');
  code.get(operand);
  emitOperator(code, 'i32.wrap');
  code.i32(1);
  emitOperator(code, 'i32.shl');
  code.get(msr);
  emitOperator(code, 'i32.wrap');
  emitOperator(code, 'i32.add');
  code.set(mixed);
  PLACE_SHIFTS.forEach((shift, i) => {
    code.get(mixed).i32(shift);
    emitOperator(code, 'i32.shrU');
    if (i > 0) emitOperator(code, 'i32.xor');
  });
  code.i32(SWITCH_ENTRIES - 1);
  emitOperator(code, 'i32.and');
  code.i32(Math.log2(SWITCH_ENTRY.size));
  emitOperator(code, 'i32.shl');
  code.get(CPU);
  emitOperator(code, 'i32.add');
  code.set(entry);
}

/** Pushes whether the entry is of this switch and still true. */
function emitKnown(port: ServicePort, name: SwitchKind, args: readonly I64[], wanted: Wanted): void {
  const { code } = port;
  const { entry, msr, operand } = wanted;
  const base = switchesAt(name);
  code.get(entry).memory(OP.i32Load, base + SWITCH_ENTRY.stamp);
  code.get(CPU).memory(OP.i32Load, offsetOf('SWITCHSTAMP'));
  if (name === 'mtmsrd') {
    port.push(args[1]!);
    emitOperator(code, 'i32.wrap');
    emitOperator(code, 'i32.add');
  }
  emitOperator(code, 'i32.eq');
  for (const [at, local] of [
    [SWITCH_ENTRY.from, msr],
    [SWITCH_ENTRY.operand, operand],
  ] as const) {
    // prettier-ignore
    code.get(entry).memory(OP.i64Load, base + at).get(local);
    emitOperator(code, 'i64.eq');
    emitOperator(code, 'i32.and');
  }
}

/**
 * Pushes what INTERRUPTED is where an interrupt is taken now: one more than the instructions retired. An instruction has
 * completed since the one before: a system call that is known has, and after any other interrupt none is known.
 */
function emitInterruptedNow(code: Code): void {
  code.get(CPU).memory(OP.i64Load, offsetOf('STRETCHEND')).get(LEFT);
  emitOperator(code, 'i64.extendU');
  emitOperator(code, 'i64.sub');
  code.i64(1n);
  emitOperator(code, 'i64.add');
}

/** What taking an interrupt does beside the switch. */
function emitInterrupt(port: ServicePort, name: SwitchKind, entry: number): void {
  const { code } = port;
  code.get(CPU);
  emitFollowing(port);
  if (!port.variant.modes.sf) {
    code.i64(0xffffffffn);
    emitOperator(code, 'i64.and');
  }
  code.memory(OP.i64Store, offsetOf('SRR0'));
  code
    .get(CPU)
    .get(entry)
    .memory(OP.i64Load, switchesAt(name) + SWITCH_ENTRY.status);
  code.memory(OP.i64Store, offsetOf('SRR1'));
  code.get(CPU);
  emitInterruptedNow(code);
  code.memory(OP.i64Store, offsetOf('INTERRUPTED'));
  count(code, 'SWITCHINTERRUPTS');
}

/** What of an entry goes where: MSR and what follows from it. */
const STATE = [
  [SWITCH_ENTRY.msr, OP.i64Load, OP.i64Store, 'MSR'],
  [SWITCH_ENTRY.dctx, OP.i64Load32U, OP.i64Store, 'DCTX'],
  [SWITCH_ENTRY.ictx, OP.i64Load32U, OP.i64Store, 'ICTX'],
  [SWITCH_ENTRY.tlb, OP.i32Load, OP.i32Store, 'TLBBASE'],
  [SWITCH_ENTRY.fetch, OP.i32Load, OP.i32Store, 'FETCHBASE'],
] as const;

function emitState(code: Code, name: SwitchKind, entry: number): void {
  const base = switchesAt(name);
  for (const [at, load, store, slot] of STATE)
    code
      .get(CPU)
      .get(entry)
      .memory(load, base + at)
      .memory(store, offsetOf(slot));
}

function count(code: Code, slot: string): void {
  code.get(CPU).get(CPU).memory(OP.i32Load, offsetOf(slot)).i32(1);
  emitOperator(code, 'i32.add');
  code.memory(OP.i32Store, offsetOf(slot));
}

/** Goes on at the address that the switch leads to. */
function emitGoOn(port: ServicePort, name: SwitchKind, entry: number): void {
  const { code } = port;
  const returnsTo = RETURNS_TO[name];
  if (returnsTo !== undefined) {
    code.get(CPU);
    emitRecordAddress(port.variant, code, IP);
    code.memory(OP.i64Store, offsetOf('CFAR'));
  }
  code.get(CPU);
  if (returnsTo !== undefined) code.get(CPU).memory(OP.i64Load, offsetOf(returnsTo));
  else if (name === 'sc') code.get(entry).memory(OP.i64Load, switchesAt(name) + SWITCH_ENTRY.target);
  else emitFollowing(port);
  code.get(LEFT).i32(1);
  emitOperator(code, 'i32.sub');
  code.returnCall(port.helpers.goto);
}

/** Pushes the address of the following instruction; in 32-bit mode it may have one more bit. */
function emitFollowing({ code, variant }: ServicePort): void {
  emitRecordAddress(variant, code, IP);
  code.i64(LENGTH);
  emitOperator(code, 'i64.add');
}
