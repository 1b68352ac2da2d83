/**
 * Run-time abstraction services (PAPR, "RTAS Call Definition"): one hypercall whose argument is a block of big-endian
 * words in L1's memory: token, number of arguments and of results, arguments, results. The first result is the status.
 */
import { MSR } from '../../../isa/registers/msr';
import { STOPPED } from '../../cpu/pending';
import { LEAST_FAVOURED } from '../guest/xics';
import type { GuestVcpu } from '../guest/vcpu';
import { startVcpu } from '../guest/start';
import { civilTime, secondsOf } from './calendar';
import { stopVcpu } from './scheduling';
import { H } from './status';
import type { Hypercall, HypercallHandler } from './table';

const STATUS = {
  SUCCESS: 0,
  HARDWARE: -1,
  PARAMETER: -3,
  NO_SUCH: -3,
  NOT_SUPPORTED: -3,
  NO_ERROR: 1,
} as const;
const FIRST_TOKEN = 0x2000;
const HEADER_WORDS = 3;
/** Words that a block can have: more are refused unread. */
const MOST_WORDS = 16;
const WORD = 4;

/** One call: arguments, and results beside the status. */
class RtasCall {
  constructor(
    readonly hypercall: Hypercall,
    private readonly args: readonly number[],
    readonly results: number[],
  ) {}

  get count(): number {
    return this.args.length;
  }

  arg(n: number): number {
    return this.args[n]!;
  }
}

interface RtasRow {
  readonly name: string;
  readonly args: number;
  /** Status included. */
  readonly results: number;
  /** @returns the status */
  readonly perform: (call: RtasCall) => number;
}

const l0Of = (call: RtasCall): Hypercall['l0'] => call.hypercall.l0;

function displayCharacter(call: RtasCall): number {
  l0Of(call).console.put(Uint8Array.of(call.arg(0) & 0xff));
  return STATUS.SUCCESS;
}

function getTimeOfDay(call: RtasCall): number {
  const l0 = l0Of(call);
  civilTime(l0.secondsNow(call.hypercall.vcpu)).forEach((part, i) => (call.results[1 + i] = part));
  return STATUS.SUCCESS;
}

function setTimeOfDay(call: RtasCall): number {
  const parts = Array.from({ length: 6 }, (_, i) => call.arg(i));
  const seconds = secondsOf(parts);
  if (seconds === undefined) return STATUS.PARAMETER;
  l0Of(call).setSeconds(call.hypercall.vcpu, seconds);
  return STATUS.SUCCESS;
}

function power(kind: 'off' | 'reboot'): RtasRow['perform'] {
  return (call) => {
    l0Of(call).options.power?.({ kind });
    return STATUS.SUCCESS;
  };
}

function osTerm(call: RtasCall): number {
  l0Of(call).options.power?.({ kind: 'crash', reason: 'the guest called ibm,os-term' });
  return STATUS.SUCCESS;
}

const vcpuOf = (call: RtasCall): GuestVcpu | undefined => l0Of(call).vcpus[call.arg(0) >>> 0];

/** As PAPR has it: 0 stopped, 1 stopping, 2 running. */
const CPU_STATE = { STOPPED: 0, RUNNING: 2 } as const;

function queryCpuStoppedState(call: RtasCall): number {
  const vcpu = vcpuOf(call);
  if (!vcpu) return STATUS.PARAMETER;
  call.results[1] = vcpu.isStarted ? CPU_STATE.RUNNING : CPU_STATE.STOPPED;
  return STATUS.SUCCESS;
}

function startCpu(call: RtasCall): number {
  const vcpu = vcpuOf(call);
  if (!vcpu) return STATUS.PARAMETER;
  if (vcpu.isStarted) return STATUS.HARDWARE;
  startVcpu(l0Of(call), vcpu, { entry: BigInt(call.arg(1) >>> 0), argument: BigInt(call.arg(2) >>> 0) });
  return STATUS.SUCCESS;
}

function stopSelf(call: RtasCall): number {
  const { vcpu } = call.hypercall;
  vcpu.isStarted = false;
  vcpu.cpu.msr &= ~MSR.EE.mask;
  stopVcpu(vcpu, STOPPED.CEDED);
  return STATUS.SUCCESS;
}

/** Parameters are the platform's to invent; this one has none. */
const systemParameter = (): number => STATUS.NOT_SUPPORTED;

function setXive(call: RtasCall): number {
  const { xics } = l0Of(call);
  const [source, server, priority] = [call.arg(0), call.arg(1), call.arg(2)];
  if (!xics.hasSource(source) || !xics.hasServer(server) || priority > LEAST_FAVOURED || priority < 0)
    return STATUS.PARAMETER;
  xics.configure(source, { server, priority });
  return STATUS.SUCCESS;
}

function getXive(call: RtasCall): number {
  const { xics } = l0Of(call);
  if (!xics.hasSource(call.arg(0))) return STATUS.PARAMETER;
  const { server, priority } = xics.state(call.arg(0));
  call.results[1] = server;
  call.results[2] = priority;
  return STATUS.SUCCESS;
}

function maskSource(operation: 'mask' | 'unmask'): RtasRow['perform'] {
  return (call) => {
    const { xics } = l0Of(call);
    if (!xics.hasSource(call.arg(0))) return STATUS.PARAMETER;
    xics[operation](call.arg(0));
    return STATUS.SUCCESS;
  };
}

const noError = (): number => STATUS.NO_ERROR;

/** The services; the token of each is {@link FIRST_TOKEN} and its place. */
const ROWS: readonly RtasRow[] = [
  { name: 'display-character', args: 1, results: 1, perform: displayCharacter },
  { name: 'get-time-of-day', args: 0, results: 8, perform: getTimeOfDay },
  { name: 'set-time-of-day', args: 7, results: 1, perform: setTimeOfDay },
  { name: 'power-off', args: 2, results: 1, perform: power('off') },
  { name: 'system-reboot', args: 0, results: 1, perform: power('reboot') },
  { name: 'query-cpu-stopped-state', args: 1, results: 2, perform: queryCpuStoppedState },
  { name: 'start-cpu', args: 3, results: 1, perform: startCpu },
  { name: 'stop-self', args: 0, results: 1, perform: stopSelf },
  { name: 'ibm,get-system-parameter', args: 3, results: 1, perform: systemParameter },
  { name: 'ibm,set-system-parameter', args: 2, results: 1, perform: systemParameter },
  { name: 'ibm,set-xive', args: 3, results: 1, perform: setXive },
  { name: 'ibm,get-xive', args: 1, results: 3, perform: getXive },
  { name: 'ibm,int-off', args: 1, results: 1, perform: maskSource('mask') },
  { name: 'ibm,int-on', args: 1, results: 1, perform: maskSource('unmask') },
  { name: 'check-exception', args: 6, results: 1, perform: noError },
  { name: 'event-scan', args: 4, results: 1, perform: noError },
  { name: 'ibm,os-term', args: 1, results: 1, perform: osTerm },
];

/** Name and token of every service, for the device tree. */
export const RTAS_TOKENS: readonly (readonly [name: string, token: number])[] = ROWS.map(({ name }, i) => [
  name,
  FIRST_TOKEN + i,
]);

function readWords(call: Hypercall, from: bigint, count: number): number[] | undefined {
  const bytes = new Uint8Array(count * WORD);
  if (!call.l0.guestMemory.read(from, bytes)) return undefined;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, i) => view.getInt32(i * WORD));
}

function writeWords(call: Hypercall, from: bigint, words: readonly number[]): boolean {
  const bytes = new Uint8Array(words.length * WORD);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setInt32(i * WORD, word));
  return call.l0.guestMemory.write(from, bytes);
}

/** Runs the service and returns its status; one that is called with too few arguments or results refuses. */
function perform(row: RtasRow | undefined, call: RtasCall): number {
  if (!row || call.count < row.args || call.results.length < row.results) return STATUS.PARAMETER;
  return row.perform(call);
}

function rtas(call: Hypercall): number {
  const block = call.arg(0);
  const header = readWords(call, block, HEADER_WORDS);
  if (!header) return H.PARAMETER;
  const [token, count, resultCount] = header.map((word) => word >>> 0) as [number, number, number];
  if (count > MOST_WORDS || resultCount > MOST_WORDS || count + resultCount > MOST_WORDS) return H.PARAMETER;
  const args = readWords(call, block + BigInt(HEADER_WORDS * WORD), count);
  if (!args) return H.PARAMETER;
  const results = new Array<number>(resultCount).fill(0);
  const row = ROWS[token - FIRST_TOKEN];
  const status = perform(row, new RtasCall(call, args, results));
  if (resultCount > 0) results[0] = status;
  if (!writeWords(call, block + BigInt((HEADER_WORDS + count) * WORD), results)) return H.PARAMETER;
  return row ? H.SUCCESS : H.PARAMETER;
}

export const RTAS_HYPERCALLS = { KVMPPC_H_RTAS: rtas } as const satisfies Record<string, HypercallHandler>;
