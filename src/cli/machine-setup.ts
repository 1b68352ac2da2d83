/** Makes the machine that the command line asks for: from an image, or from a snapshot. */
import { UserError } from '../core/errors';
import type { ModelName } from '../cpu/models';
import { readImage, type Image } from '../loader';
import type { MachineDescription } from '../machine/description';
import { Machine } from '../machine/machine';
import { MICROWATT_MACHINE } from '../machine/microwatt';
import { NESTED_CHOICES, type NestedChoice } from '../kvm/nested/hazards';
import { POWERNV_MACHINE } from '../machine/powernv';
import { PSERIES_MACHINE } from '../machine/pseries';
import type { BootExtras, NamedBytes } from '../machine/pseries/boot';
import { createTiming, type Timing } from '../timing';
import { tlbOf, type Snapshot } from '../machine/snapshot';
import { readBytes, writeFile } from './files';
import { readSnapshot } from './snapshot-file';
import { readProfile } from './timing-options';

const MACHINES: Readonly<Record<MachineDescription['name'], MachineDescription>> = {
  microwatt: MICROWATT_MACHINE,
  powernv: POWERNV_MACHINE,
  pseries: PSERIES_MACHINE,
};

/** What decides about the machine; what is absent is the snapshot's, or the machine's default. */
export interface SetupOptions {
  readonly machine?: MachineDescription['name'];
  readonly cpu?: ModelName;
  readonly memory?: number;
  readonly smp?: number;
  readonly tlb?: 'coherent' | 'architected';
  readonly nested?: NestedChoice;
  /** A cycle model by name, or a file with its profile. */
  readonly timing?: string;
  /** Exactly one of the two is a file. */
  readonly image?: string;
  readonly snapshot?: string;
  readonly loadAddress?: bigint;
  readonly entry?: bigint;
  /** Of machine pseries: files, and the kernel command line. */
  readonly initrd?: string;
  readonly append?: string;
  readonly dtb?: string;
  /** File for the device tree that the guest gets. */
  readonly dumpDtb?: string;
}

export interface Setup {
  readonly machine: Machine;
  /** Absent for a snapshot. */
  readonly image?: Image;
  readonly timing?: Timing | undefined;
}

/** @throws UserError for files that cannot be read or do not fit */
export function setUp(options: SetupOptions, output: (byte: number) => void): Setup {
  return options.snapshot === undefined
    ? fromImage(options, output)
    : fromSnapshot(options, options.snapshot, output);
}

function fromImage(options: SetupOptions, output: (byte: number) => void): Setup {
  const name = options.image!;
  const description = MACHINES[options.machine ?? 'powernv'];
  const image = readImage(name, readBytes(name, 'image'), {
    ...(description.imageBase === undefined ? {} : { base: description.imageBase }),
    ...(options.loadAddress === undefined ? {} : { loadAddress: options.loadAddress }),
    ...(options.entry === undefined ? {} : { entry: options.entry }),
  });
  const machine = build(description, options, output);
  machine.load(image, extrasOf(options));
  return { machine, image, timing: machine.timing };
}

function extrasOf({ initrd, append, dtb, dumpDtb }: SetupOptions): BootExtras {
  const read = (name: string, what: string): NamedBytes => ({ name, bytes: readBytes(name, what) });
  return {
    ...(initrd === undefined ? {} : { initrd: read(initrd, 'initial RAM disk') }),
    ...(append === undefined ? {} : { append }),
    ...(dtb === undefined ? {} : { deviceTree: read(dtb, 'device tree') }),
    ...(dumpDtb === undefined
      ? {}
      : { onDeviceTree: (tree: Uint8Array) => writeFile(dumpDtb, '--dump-dtb', tree) }),
  };
}

function fromSnapshot(options: SetupOptions, name: string, output: (byte: number) => void): Setup {
  const snapshot = readSnapshot(name);
  const description = MACHINES[options.machine ?? machineOf(name, snapshot)];
  const machine = build(
    description,
    {
      ...options,
      cpu: options.cpu ?? (snapshot.model as ModelName),
      memory: options.memory ?? snapshot.guestMemory,
      smp: options.smp ?? snapshot.cpus.length,
      tlb: options.tlb ?? tlbOf(snapshot),
      ...nestedOf(options, snapshot),
    },
    output,
  );
  machine.restore(name, snapshot);
  return { machine, timing: machine.timing };
}

/** What the user asked for, else what was saved. */
function nestedOf({ nested }: SetupOptions, snapshot: Snapshot): Pick<SetupOptions, 'nested'> {
  const choice = nested ?? NESTED_CHOICES.find((known) => known === snapshot.nested);
  return choice === undefined ? {} : { nested: choice };
}

function machineOf(name: string, { machine }: Snapshot): MachineDescription['name'] {
  if (machine in MACHINES) return machine as MachineDescription['name'];
  throw new UserError(`${name}: machine ${machine} is unknown; use the book3s that saved it`);
}

function build(
  description: MachineDescription,
  { cpu, memory, smp, tlb, nested, timing }: SetupOptions,
  output: (byte: number) => void,
): Machine {
  const profile = readProfile(timing ?? 'none');
  return new Machine({
    description,
    output,
    ...(cpu === undefined ? {} : { model: cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(smp === undefined ? {} : { cpus: smp }),
    ...(tlb === undefined ? {} : { tlb }),
    ...(nested === undefined ? {} : { nested }),
    timing: profile && createTiming(profile),
  });
}
