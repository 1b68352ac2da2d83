/** `book3s walk`: explains one translation, with every table entry decoded field by field. */
import chalk, { type Chalk } from 'chalk';
import { UserError } from '../core/errors';
import { hiOf, loOf } from '../core/u64';
import { ACCESS } from '../mmu/access';
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
  const below = nested
    ? `${nestedExplanation(nested, walk, { access: options.access, color }).join('\n')}\n`
    : '';
  const text =
    options.format === 'jsonl'
      ? `${encodeHeader({})}\n${encodeEvent(walk)}\n`
      : explanation(walk, color) + below;
  if (options.out === '-') io.out.write(text);
  else writeFile(options.out, '--out', text);
  return Promise.resolve(walk.fault ? EXIT.WOULD_FAULT : EXIT.OK);
}

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
  let seen: WalkEvent | undefined;
  cpu.translator.observer = {
    walk: (event) => {
      seen = event;
    },
  };
  cpu.translator.probe(cpu.state, ACCESS[options.access], hiOf(options.ea), loOf(options.ea));
  return { walk: seen!, ...(nested ? { nested } : {}) };
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
