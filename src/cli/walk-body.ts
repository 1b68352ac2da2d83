/** `book3s walk`: explains one translation, with every table entry decoded field by field. */
import chalk, { type Chalk } from 'chalk';
import { UserError } from '../core/errors';
import { hiOf, loOf } from '../core/u64';
import type { Cpu } from '../cpu/cpu';
import { NestedGuests } from '../kvm/nested/part';
import type { Machine } from '../machine/machine';
import { ACCESS, type AccessName } from '../mmu/access';
import type { WalkEvent } from '../trace/events/walk';
import { encodeEvent, encodeHeader } from '../trace/json';
import { entryFields, formatOf } from '../trace/sinks/entry-fields';
import { interruptTitle, stepText, walkOutcome } from '../trace/sinks/text-walk';
import type { CliIo } from './command';
import type { WalkOptions } from './commands/walk-options';
import { EXIT } from './exit-codes';
import { writeFile } from './files';
import { setUp } from './machine-setup';
import { enterGuest, findGuest, nestedExplanation, type FoundGuest } from './nested-walk';

/** @returns the exit code: 6 where the access would fault */
export function runWalk(options: WalkOptions, io: CliIo): Promise<number> {
  const { walk, nested } = walkOf(options);
  const color = new chalk.Instance({ level: options.color ? 1 : 0 });
  const below = nested ? explanationBelow(nested, walk, { access: options.access, color }) : '';
  const text =
    options.format === 'jsonl'
      ? `${encodeHeader({})}\n${encodeEvent(walk)}\n`
      : explanation(walk, color) + below;
  if (options.out === '-') io.out.write(text);
  else writeFile(options.out, '--out', text);
  return Promise.resolve(walk.fault ? EXIT.WOULD_FAULT : EXIT.OK);
}

/** An access that is to be explained. */
interface ExplainedAccess {
  readonly ea: bigint;
  readonly access: AccessName;
  readonly color: Chalk;
}

/** The same for a CPU of a machine that runs, as it is now. */
export function explainAccess(machine: Machine, cpu: Cpu, { ea, access, color }: ExplainedAccess): string {
  const { translator } = cpu;
  const { caches, observer } = translator;
  translator.caches = undefined;
  const walk = observedWalk(cpu, access, ea);
  translator.caches = caches;
  translator.observer = observer;
  const { nested } = machine.l0 ?? {};
  const part = nested instanceof NestedGuests ? nested : undefined;
  const guest = part?.runs[cpu.state.index]?.guest;
  const below = part && guest ? explanationBelow({ part, guest }, walk, { access, color }) : '';
  return explanation(walk, color) + below;
}

const explanationBelow = (
  nested: FoundGuest,
  walk: WalkEvent,
  how: { access: AccessName; color: Chalk },
): string => `${nestedExplanation(nested, walk, how).join('\n')}\n`;

/** Translates once, without any effect on the machine. */
function walkOf(options: WalkOptions): { walk: WalkEvent; nested?: FoundGuest } {
  const { image, snapshot, loadAddress, machine: name, cpu: model, memory } = options;
  const { machine } = setUp(
    {
      ...(image === undefined ? {} : { image }),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(loadAddress === undefined ? {} : { loadAddress }),
      ...(name === undefined ? {} : { machine: name }),
      ...(model === undefined ? {} : { cpu: model }),
      ...(memory === undefined ? {} : { memory }),
    },
    () => undefined,
  );
  const cpu = machine.cpus[options.cpuIndex];
  if (!cpu)
    throw new UserError(
      `--cpu-index ${options.cpuIndex}: the machine has ${machine.cpus.length} CPUs, numbered from 0`,
    );
  const nested = options.lpid === undefined ? undefined : findGuest(machine, options.lpid);
  if (nested) enterGuest(nested, cpu);
  // The tables are explained, not what lookaside buffers keep of them.
  cpu.translator.caches = undefined;
  for (const [register, value] of options.registers) cpu.state.setNamed(register, value);
  const walk = observedWalk(cpu, options.access, options.ea);
  return { walk, ...(nested ? { nested } : {}) };
}

/** Translates without an effect. Nobody else observes afterwards. */
function observedWalk({ translator, state }: Cpu, access: AccessName, ea: bigint): WalkEvent {
  let seen: WalkEvent | undefined;
  translator.observer = {
    walk: (event) => {
      seen = event;
    },
  };
  translator.probe(state, ACCESS[access], hiOf(ea), loOf(ea));
  return seen!;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The whole translation for people. */
function explanation(walk: WalkEvent, color: Chalk): string {
  const state = `${walk.hv ? 'hypervisor' : 'guest'}${walk.pr ? ' problem' : ' privileged'} state`;
  const lines = [
    color.bold(`${walk.access} of EA ${hex(walk.ea)}: ${walk.mode}, ${state}`) +
      `, effective LPID ${walk.effLPID}, effective PID ${walk.effPID}`,
  ];
  const format = formatOf(walk);
  for (const { text, step } of stepText(walk, color)) {
    lines.push(text);
    if (step === undefined) continue;
    const margin = ' '.repeat(text.length - text.trimStart().length + 6);
    const fields = entryFields(step, format).map(({ name, value }) => `${name}=${hex(value)}`);
    if (fields.length) lines.push(color.dim(`${margin}${fields.join(' ')}`));
  }
  lines.push(...walkOutcome(walk, color), ...registerImage(walk));
  return `${lines.join('\n')}\n`;
}

/** The registers that the interrupt would set, one a line. */
function registerImage({ fault }: WalkEvent): string[] {
  if (!fault) return [];
  const values = (['dar', 'dsisr', 'hdar', 'hdsisr', 'asdr'] as const).flatMap((name) =>
    fault[name] === undefined ? [] : [`${name.toUpperCase().padEnd(6)} ${hex(fault[name])}`],
  );
  const status = fault.interrupt.startsWith('hypervisor') ? 'HSRR1' : 'SRR1';
  return [
    `vector 0x${fault.vector.toString(16)} (${interruptTitle(fault.interrupt)})`,
    `${status.padEnd(6)} MSR | ${hex(fault.cause)}`,
    ...values,
  ];
}
