/** The command line of `book3s walk`, checked and typed. */
import type { Options } from 'yargs';
import { UserError } from '../../core/errors';
import { ACCESS, type AccessName } from '../../mmu/access';
import { hasSlot, slot } from '../../state/layout';
import { defined, operand, parsed, textOf, textsOf, value, type Parsed } from '../options';
import { COLOR_OPTION, wantsColor } from '../trace-options';
import { parseAddress, parseAssignments, parseChoice, parseCount } from '../values';
import { lpidOf } from '../dump/filters';
import { bootOptions, parseMachine, type BootOptions } from './boot-options';

const ACCESS_NAMES = Object.keys(ACCESS) as AccessName[];
const FORMATS = ['text', 'jsonl'] as const;

export interface WalkOptions extends Pick<BootOptions, 'machine' | 'cpu' | 'memory'> {
  readonly ea: bigint;
  readonly access: AccessName;
  /** Exactly one of the two. */
  readonly image?: string;
  readonly snapshot?: string;
  /** Host real address of a raw or position-independent image. */
  readonly loadAddress?: bigint;
  /** L1's LPID of a nested guest to be in. */
  readonly lpid?: number;
  /** Which CPU of the snapshot. */
  readonly cpuIndex: number;
  /** Registers to set before the walk, by slot name, in order: each has one doubleword. */
  readonly registers: readonly (readonly [name: string, value: bigint])[];
  readonly format: (typeof FORMATS)[number];
  readonly out: string;
  readonly color: boolean;
}

const machineOptions = Object.fromEntries(
  (['machine', 'cpu', 'm', 'load-addr'] as const).map((name) => [name, bootOptions[name]!]),
);

export const walkOptions: Record<string, Options> = {
  image: value('image whose tables to walk'),
  snapshot: value('snapshot whose memory and registers to take'),
  'cpu-index': value('CPU of the snapshot (default: 0)'),
  lpid: value("snapshot of machine pseries: translate as this nested guest does (L1's LPID)"),
  access: value(`kind of access: ${ACCESS_NAMES.join(', ')} (default: load)`),
  reg: value('registers to set first: MSR=0x9000000000000010,PTCR=0x10000 (may be repeated)'),
  ...machineOptions,
  format: value(`form of the explanation: ${FORMATS.join(', ')} (default: text)`),
  out: value('file for it, - for standard output (default)'),
  color: COLOR_OPTION,
};

export function parseWalkOptions(argv: Parsed, isTerminal: boolean): WalkOptions {
  const image = textOf(argv, 'image');
  const snapshot = textOf(argv, 'snapshot');
  if ((image === undefined) === (snapshot === undefined))
    throw new UserError(
      `walk: expected one of --image F and --snapshot F, got ${image === undefined ? 'neither' : 'both'}`,
    );
  const { machine, cpu, memory } = parseMachine(argv);
  const out = textOf(argv, 'out') ?? '-';
  return {
    ea: parseAddress('EA', operand(argv, 'ea') ?? ''),
    access: parsed(argv, 'access', (o, t) => parseChoice(o, t, ACCESS_NAMES)) ?? 'load',
    ...defined('image', image),
    ...defined('snapshot', snapshot),
    ...defined('machine', machine),
    ...defined('cpu', cpu),
    ...defined('memory', memory),
    ...defined('loadAddress', parsed(argv, 'load-addr', parseAddress)),
    ...lpidOf(argv),
    cpuIndex: parsed(argv, 'cpu-index', (o, t) => parseCount(o, t)) ?? 0,
    registers: textsOf(argv, 'reg').flatMap((text) => parseRegisters(text)),
    format: parsed(argv, 'format', (o, t) => parseChoice(o, t, FORMATS)) ?? 'text',
    out,
    color: wantsColor(argv, isTerminal && out === '-'),
  };
}

/** Aliases that people use for registers of other names. */
const ALIASES: Readonly<Record<string, string>> = { PID: 'PIDR', LPID: 'LPIDR', PC: 'NIA' };

function parseRegisters(text: string): [string, bigint][] {
  return parseAssignments('--reg', text).map(([given, number]) => {
    const name = ALIASES[given] ?? given;
    const known =
      hasSlot(name) && slot(name).architected && slot(name).type === 'i64' && slot(name).count === 1;
    if (!known || name === 'ZERO')
      throw new UserError(
        `--reg ${given}: expected a register of one doubleword such as MSR, LPCR, PTCR, LPIDR, PIDR or AMR`,
      );
    return [name, number];
  });
}
