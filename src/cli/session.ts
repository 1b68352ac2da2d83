/**
 * `book3s boot`: runs a machine with its console on the terminal until it ends, and writes what was asked for, however
 * it ends.
 */
import type { PowerRequest } from '../machine/devices/power';
import type { Machine, MachineEnd } from '../machine/machine';
import { allRegisters, registerFile } from '../machine/registers';
import { encodeSnapshot } from '../machine/snapshot';
import { Tracer, WATCHED_KINDS, type WatchedKind } from '../machine/tracer';
import { TraceRecorder } from '../trace/sinks/recorder';
import type { CliIo } from './command';
import type { BootOptions } from './commands/boot-options';
import { ConsoleInput } from './console-input';
import { EXIT } from './exit-codes';
import type { GdbOptions } from './gdb-options';
import { GdbSession } from './gdb-session';
import { wantsJson, writeFile } from './files';
import { setUp, type Setup } from './machine-setup';
import { NestedCheck } from './nested-check';
import { instructionText, PipelineWatch } from './pipeline-watch';
import { ZLIB } from './snapshot-file';
import { countersOf, instructionsOf, statisticsText } from './statistics';
import { TimingSamples } from './timing-samples';

/** Instructions between looks at input and signals. */
const SLICE = 2_000_000;
/** What a shell reports for a process that SIGINT ended. */
const INTERRUPTED = 130;

/** How a run ended: its exit code, the word for it in traces, and what to tell the user. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly message?: string;
}

/** @returns the exit code */
export async function runBoot(options: BootOptions, io: CliIo): Promise<number> {
  const output = new ConsoleOutput(io);
  const { image: imageFile, snapshotIn, ...rest } = options;
  const setup = setUp(
    {
      ...rest,
      ...(imageFile === undefined ? {} : { image: imageFile }),
      ...(snapshotIn === undefined ? {} : { snapshot: snapshotIn }),
    },
    (byte) => output.put(byte),
  );
  if (options.dumpDtb !== undefined) return EXIT.OK;
  const recorder = options.trace && record(options, setup);
  const { machine, timing } = setup;
  const watches: RunWatch[] = [];
  if (options.pipeline) watches.push(new PipelineWatch(machine, timing!, options.pipeline));
  if (recorder && options.trace?.kinds.has('timing'))
    watches.push(new TimingSamples(machine, timing!, recorder.emit));
  const check = options.check && new NestedCheck(machine, options.check, recorder?.emit);
  const before = instructionsOf(machine);
  const started = process.hrtime.bigint();
  const gdb = options.gdb && (await openGdb(setup, options.gdb, io));
  const ran = await runToEnd(machine, { limit: options.maxInsns ?? Infinity, output, watches, gdb });
  gdb?.close(ran.code);
  const ending = check?.end() ?? ran;
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  output.flush();
  for (const watch of watches) watch.end();
  writeResults(options, { ...setup, ending, seconds, recorder, before });
  if (ending.message !== undefined) io.err.write(`book3s: ${ending.message}\n`);
  io.err.flush();
  return ending.code;
}

const openGdb = (setup: Setup, options: GdbOptions, { err }: CliIo): Promise<GdbSession> =>
  GdbSession.open(setup, options, (text) => {
    err.write(`book3s: ${text}\n`);
    err.flush();
  });

/** Bytes of the guest on their way to standard output: by lines while it runs, all of it when it waits. */
class ConsoleOutput {
  private bytes: number[] = [];

  constructor(private readonly io: CliIo) {}

  put(byte: number): void {
    this.bytes.push(byte);
    if (byte === NEWLINE) this.flush();
  }

  flush(): void {
    if (this.bytes.length === 0) return;
    this.io.out.flush();
    this.io.writeBytes(Uint8Array.from(this.bytes));
    this.bytes = [];
  }
}
const NEWLINE = 0x0a;

interface HowToRun {
  /** Instructions. */
  readonly limit: number;
  readonly output: ConsoleOutput;
  readonly watches: readonly RunWatch[];
  readonly gdb: GdbSession | undefined;
}

/** Who wants to look at a run from time to time. */
interface RunWatch {
  /** How many instructions may run until it has to be asked again. */
  next(): number;
  end(): void;
}

/** Runs until the machine ends, the limit is reached or the user leaves. */
async function runToEnd(machine: Machine, how: HowToRun): Promise<Ending> {
  const { limit, output, watches, gdb } = how;
  let leaving: Ending | undefined;
  const leave = (ending: Ending): void => {
    leaving = ending;
    input.interrupt();
    gdb?.wake();
  };
  const input = new ConsoleInput(() => leave({ code: EXIT.OK, reason: 'left' }));
  const onSignal = (): void => leave({ code: INTERRUPTED, reason: 'interrupted', message: 'interrupted' });
  if (gdb) gdb.onChange = () => input.interrupt();
  process.on('SIGINT', onSignal);
  try {
    let left = limit;
    let unattended = 0;
    while (leaving === undefined) {
      if (gdb?.killed) return { code: EXIT.OK, reason: 'left', message: 'gdb ended the run' };
      if (gdb?.stands) {
        await gdb.change();
        continue;
      }
      input.feed((bytes) => machine.input(bytes));
      const { end, used } = machine.run(Math.min(SLICE, left, ...watches.map((watch) => watch.next())));
      left -= used;
      unattended += used;
      output.flush();
      if (end.kind === 'idle' && !input.exhausted) await input.arrival();
      else if (end.kind === 'debug') gdb?.stopped(end.stop);
      else if (end.kind !== 'budget') {
        if (!gdb?.keepsDead(end)) return endingOf(end, machine);
      } else if (left <= 0) return limitReached(limit, machine);
      else if (unattended >= SLICE) {
        unattended = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return leaving;
  } finally {
    process.off('SIGINT', onSignal);
    input.close();
  }
}

const limitReached = (limit: number, machine: Machine): Ending => ({
  code: EXIT.LIMIT,
  reason: 'limit',
  message: `stopped after --max-insns ${limit} (${where(machine)}); a higher limit lets it go on`,
});

const where = (machine: Machine): string =>
  machine.cpus.map((cpu) => `CPU ${cpu.state.index} at 0x${cpu.nia.toString(16)}`).join(', ');

/** What the guest wanted. A guest that wants to start again has ended well: nobody starts it again. */
function powerEnding(request: PowerRequest): Ending {
  switch (request.kind) {
    case 'off':
      return { code: EXIT.OK, reason: 'power-off' };
    case 'reboot':
      return { code: EXIT.OK, reason: 'reboot' };
    case 'fail': {
      const message = `the guest reported failure ${request.code}`;
      return { code: EXIT.GUEST_FAILURE, reason: 'guest failure', message };
    }
    case 'crash':
      return { code: EXIT.DEAD_GUEST, reason: 'dead guest', message: `the guest is dead: ${request.reason}` };
  }
}

/** What the end of a run means. */
function endingOf(end: Exclude<MachineEnd, { kind: 'budget' | 'debug' }>, machine: Machine): Ending {
  switch (end.kind) {
    case 'attn':
      return { code: EXIT.OK, reason: 'attn' };
    case 'power':
      return powerEnding(end.request);
    case 'checkstop':
    case 'interruptLoop':
      return { code: EXIT.DEAD_GUEST, reason: 'dead guest', message: `the guest is dead: ${end.message}` };
    case 'idle':
      return {
        code: EXIT.DEAD_GUEST,
        reason: 'dead guest',
        message: `the guest is dead: it waits for an interrupt that cannot come (${where(machine)})`,
      };
  }
}

/** Starts the trace that the options ask for. */
function record(options: BootOptions, { machine, image }: Setup): TraceRecorder {
  const { kinds, format, out, filter } = options.trace!;
  const symbol = (ea: bigint): string | undefined => image?.symbols.format(ea);
  const recorderOptions = {
    format,
    filter,
    header: { machine: machine.description.name, model: machine.model.name, cpus: machine.cpus.length },
    text: { color: options.color && out === undefined, symbol },
  };
  const recorder =
    out === undefined
      ? TraceRecorder.toStandardError(recorderOptions)
      : TraceRecorder.open(out, '--trace-out', recorderOptions);
  new Tracer(machine, {
    kinds: new Set(WATCHED_KINDS.filter((kind): kind is WatchedKind => kinds.has(kind))),
    emit: recorder.emit,
    disassemble: instructionText,
  });
  return recorder;
}

interface Results extends Setup {
  readonly ending: Ending;
  readonly seconds: number;
  readonly before: readonly bigint[];
  readonly recorder: TraceRecorder | undefined;
}

function writeResults(options: BootOptions, results: Results): void {
  const { machine, ending, recorder } = results;
  const t = Number(machine.execution.clock.retired(machine.cpus[0]!));
  const counters = countersOf(machine);
  recorder?.emit({ ev: 'stats', t, cpu: 0, counters });
  recorder?.emit({ ev: 'end', t, cpu: 0, reason: ending.reason, exitCode: ending.code });
  recorder?.close();
  const cpu = machine.cpus[0]!;
  if (options.dumpRegs !== undefined)
    writeFile(
      options.dumpRegs,
      '--dump-regs',
      wantsJson(options.dumpRegs)
        ? `${JSON.stringify(machine.cpus.length === 1 ? allRegisters(cpu) : machine.cpus.map(allRegisters))}\n`
        : `${registerFile(cpu).join('\n')}\n`,
    );
  if (options.stats !== undefined)
    writeFile(options.stats, '--stats', statisticsText(results, { json: wantsJson(options.stats) }));
  if (options.snapshotOut !== undefined)
    writeFile(
      options.snapshotOut,
      '--snapshot-out',
      encodeSnapshot(machine.save(), machine.memory.bytes, ZLIB),
    );
}
