/** The command line of `book3s boot`, checked and typed: what a run needs to know and nothing of how it is said. */
import type { Options } from 'yargs';
import { NESTED_CHOICES, type NestedChoice } from '../../kvm/nested/hazards';
import { UserError } from '../../core/errors';
import { anyTextOf, defined, operand, parsed, textOf, value, type Parsed } from '../options';
import {
  COLOR_OPTION,
  parseRecordOptions,
  recordOptions,
  wantsColor,
  type RecordOptions,
} from '../trace-options';
import {
  checkedTiming,
  parsePipeline,
  timingOptions,
  withSamples,
  type PipelineOptions,
} from '../timing-options';
import { gdbOptions, parseGdb, type GdbOptions } from '../gdb-options';
import { parseCheck, type CheckOptions } from '../nested-check';
import { parseAddress, parseChoice, parseCount, parseSize } from '../values';

/** Machines and CPU models by the names of the command line. */
const MACHINES = ['microwatt', 'powernv', 'pseries'] as const;
const MODELS = ['microwatt', 'power8', 'power9', 'power10'] as const;
const TLBS = ['coherent', 'architected'] as const;
const MAX_CPUS = 1024;

export type MachineName = (typeof MACHINES)[number];
export type CpuName = (typeof MODELS)[number];

export interface BootOptions {
  /** The image file; absent only with `snapshotIn`. */
  readonly image?: string;
  /** Absent: the snapshot's, or `powernv`. */
  readonly machine?: MachineName;
  /** Absent: the machine's default. */
  readonly cpu?: CpuName;
  /** Bytes; absent: the machine's default. */
  readonly memory?: number;
  readonly smp?: number;
  /** Host real addresses. */
  readonly loadAddress?: bigint;
  readonly entry?: bigint;
  /** Absent: no limit. */
  readonly maxInsns?: number;
  /** A cycle model by name, or a file; it has not been read yet. */
  readonly timing: string;
  readonly pipeline?: PipelineOptions;
  readonly tlb: (typeof TLBS)[number];
  /** Absent: `strict` on machine pseries. */
  readonly nested?: NestedChoice;
  readonly trace?: RecordOptions;
  /** Invariants to check while it runs. */
  readonly check?: CheckOptions;
  readonly color: boolean;
  /** The stub, where gdb may connect. */
  readonly gdb?: GdbOptions;
  /** Files, `-` for standard output; each has been found writable. */
  readonly dumpRegs?: string;
  readonly stats?: string;
  readonly snapshotOut?: string;
  readonly snapshotIn?: string;
  /** Of machine pseries: files, and the kernel command line. */
  readonly initrd?: string;
  readonly append?: string;
  readonly dtb?: string;
  /** File for the device tree that the guest gets; nothing is run then. */
  readonly dumpDtb?: string;
}

export const bootOptions: Record<string, Options> = {
  machine: value(`machine: ${MACHINES.join(', ')} (default: powernv)`),
  cpu: value(`CPU model: ${MODELS.join(', ')} (default: the machine's)`),
  m: value('real memory: 64K, 512M, 2G', { alias: 'memory' }),
  smp: value('number of CPUs (default: 1)'),
  'load-addr': value(
    'real address of a raw or position-independent image (default: 0; of such an ELF file on pseries: 0x400000)',
  ),
  entry: value("real address of the first instruction (default: the image's)"),
  initrd: value('initial RAM disk (machine pseries)'),
  append: value('kernel command line, which may be empty (machine pseries)'),
  dtb: value('device tree to use instead of the generated one (machine pseries)'),
  'dump-dtb': value('write the device tree that the guest would get, and end (machine pseries)'),
  'max-insns': value('stop with exit code 4 after this many instructions: 5_000_000, 10M'),
  ...timingOptions,
  tlb: value(
    'coherent: translations are never stale; architected: they are, until software invalidates them',
  ),
  nested: value(
    'guests of the guest (machine pseries): strict (default), linux: with what Linux does where it is doubtful, or off',
  ),
  ...recordOptions,
  check: value(
    'nested: check the invariants of nested guests after every exit that touched them, exit code 7 where one is broken; ' +
      'each check looks at every frame of L1 and every shadow entry; nested:N: at every N-th such exit',
  ),
  color: COLOR_OPTION,
  'dump-regs': value('write the registers at the end: text, or all of them as JSON for a name in .json'),
  stats: value(
    'write counters at the end, with --timing cycles and where they went: text, or JSON for a name in .json',
  ),
  'snapshot-in': value('go on from this snapshot instead of an image'),
  'snapshot-out': value('write a snapshot of the machine at the end, however it ends'),
  ...gdbOptions,
};

/** Checks everything about the command line that can be checked without a file. */
export function parseBootOptions(argv: Parsed, isTerminal: boolean): BootOptions {
  const image = operand(argv, 'image');
  const snapshotIn = textOf(argv, 'snapshot-in');
  if (image === undefined && snapshotIn === undefined)
    throw new UserError('boot: expected an IMAGE or --snapshot-in F, got neither');
  if (image !== undefined && snapshotIn !== undefined)
    throw new UserError('boot: expected an IMAGE or --snapshot-in F, got both');
  for (const name of ['load-addr', 'entry', 'dump-dtb'])
    if (snapshotIn !== undefined && argv[name] !== undefined)
      throw new UserError(`--${name}: a snapshot has its own; leave the option out`);
  const timing = parsed(argv, 'timing', checkedTiming) ?? 'none';
  return {
    ...defined('image', image),
    ...defined('snapshotIn', snapshotIn),
    ...parseMachine(argv),
    ...parseGuest(argv),
    ...defined('loadAddress', parsed(argv, 'load-addr', parseAddress)),
    ...defined('entry', parsed(argv, 'entry', parseEntry)),
    ...defined(
      'maxInsns',
      parsed(argv, 'max-insns', (o, t) => parseCount(o, t, { min: 1 })),
    ),
    timing,
    ...defined('pipeline', parsePipeline(argv, timing)),
    tlb: parsed(argv, 'tlb', (o, t) => parseChoice(o, t, TLBS)) ?? 'coherent',
    ...defined(
      'nested',
      parsed(argv, 'nested', (o, t) => parseChoice(o, t, NESTED_CHOICES)),
    ),
    ...defined('trace', withSamples(parseRecordOptions(argv), timing)),
    ...defined('check', parsed(argv, 'check', parseCheck)),
    color: wantsColor(argv, isTerminal),
    ...defined('gdb', parseGdb(argv)),
    ...defined('dumpRegs', textOf(argv, 'dump-regs')),
    ...defined('stats', textOf(argv, 'stats')),
    ...defined('snapshotOut', textOf(argv, 'snapshot-out')),
  };
}

/** The options that say what machine it is; `walk` has them too. */
export function parseMachine(argv: Parsed): Pick<BootOptions, 'machine' | 'cpu' | 'memory' | 'smp'> {
  return {
    ...defined('machine', parsed(argv, 'machine', parseMachineName)),
    ...defined(
      'cpu',
      parsed(argv, 'cpu', (o, t) => parseChoice(o, t, MODELS)),
    ),
    ...defined('memory', parsed(argv, 'm', parseSize)),
    ...defined(
      'smp',
      parsed(argv, 'smp', (o, t) => parseCount(o, t, { min: 1, max: MAX_CPUS })),
    ),
  };
}

/** The options of a guest kernel. */
function parseGuest(argv: Parsed): Pick<BootOptions, 'initrd' | 'append' | 'dtb' | 'dumpDtb'> {
  const names = ['initrd', 'append', 'dtb', 'dump-dtb'] as const;
  const given = names.filter((name) => argv[name] !== undefined);
  if (given[0] !== undefined && argv['machine'] !== 'pseries')
    throw new UserError(`--${given[0]}: needs --machine pseries; give that, or leave the option out`);
  if (given.includes('append') && given.includes('dtb'))
    throw new UserError(
      '--append: a device tree of your own has its own command line; leave one of the two out',
    );
  return {
    ...defined('initrd', textOf(argv, 'initrd')),
    ...defined('append', anyTextOf(argv, 'append')),
    ...defined('dtb', textOf(argv, 'dtb')),
    ...defined('dumpDtb', textOf(argv, 'dump-dtb')),
  };
}

function parseMachineName(option: string, text: string): MachineName {
  return parseChoice(option, text, MACHINES);
}

function parseEntry(option: string, text: string): bigint {
  const entry = parseAddress(option, text);
  if (entry % 4n !== 0n) throw new UserError(`${option}: expected a multiple of 4, got "${text}"`);
  return entry;
}
