/** Calls of services, and the moves to and from SPRs that need none. */
import type { I64 } from '../../isa/vocabulary/expr';
import { SERVICES, type ServiceName, type ServiceSpec } from '../../isa/vocabulary/services';
import { offsetOf } from '../state/layout';
import { CPU, IP, LEFT } from './parameters';
import { emitReadSpr, emitWriteSpr, type PlainSpr } from './spr-code';
import type { StoragePort } from './storage-code';
import { emitKnownSwitch } from './switch-code';
import { OP } from './wasm/opcodes';

/** Numbers of services, as generated code passes them to TypeScript. */
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
const serviceNumber = new Map(SERVICE_NAMES.map((name, i) => [name, i]));

const ARG = offsetOf('ARG');

/** What calls need of the handler that they are in. */
export interface ServicePort extends StoragePort {
  /** Pushes the value of an argument. */
  push(arg: I64): void;
  /** The value of an argument that is known. */
  known(arg: I64): bigint | undefined;
}

/** The SPR that a move is of, where its number is known and it is nothing but a doubleword. */
function plainSpr(port: ServicePort, number: I64): PlainSpr | undefined {
  const known = port.known(number);
  return known === undefined ? undefined : port.variant.plainSprs.get(Number(known));
}

/** A service that gives nothing. */
export function emitService(port: ServicePort, name: ServiceName, args: readonly I64[]): void {
  const spr = name === 'mtspr' ? plainSpr(port, args[0]!) : undefined;
  const otherwise = (): void => emitCall(port, name, args);
  emitKnownSwitch(port, name, args);
  if (spr && emitWriteSpr(port.code, spr, { value: () => port.push(args[1]!), otherwise })) return;
  otherwise();
}

/** Pushes what a service gives. */
export function emitServiceResult(port: ServicePort, name: ServiceName, args: readonly I64[]): void {
  const spr = name === 'mfspr' ? plainSpr(port, args[0]!) : undefined;
  const otherwise = (): void => emitCall(port, name, args);
  if (spr && emitReadSpr(port.code, spr, otherwise)) return;
  otherwise();
  port.code.get(CPU).memory(OP.i64Load, offsetOf('RESULT'));
}

/** Calls a service and leaves where it did not simply succeed. */
function emitCall(port: ServicePort, name: ServiceName, args: readonly I64[]): void {
  const { code } = port;
  const spec: ServiceSpec = SERVICES[name];
  if (spec.ordersOnly) return;
  args.forEach((arg, i) => {
    code.get(CPU);
    port.push(arg);
    code.memory(OP.i64Store, ARG + 8 * i);
  });
  const status = code.local('i32');
  code.get(CPU).get(IP).get(LEFT).i32(serviceNumber.get(name)!);
  code.call(port.helpers.service).set(status);
  port.exitIf(status);
}
