/** What a machine is made with, and what is wrong with it. */
import { UserError } from '../core/errors';
import { CPU_MODELS, type CpuModel, type ModelName } from '../cpu/models';
import type { NestedChoice } from '../kvm/nested/hazards';
import type { Timing } from '../timing/timing';
import type { MachineDescription } from './description';

const MEMORY_UNIT = 65536;
const DEFAULT_NESTED: NestedChoice = 'strict';
export const MAX_CPUS = 16;

export interface MachineOptions {
  readonly description: MachineDescription;
  readonly model?: ModelName;
  /** Bytes, a multiple of 64 KiB. */
  readonly memory?: number;
  readonly cpus?: number;
  /** `architected`: stale translations survive until software invalidates them. Slower: every access is looked at. */
  readonly tlb?: 'coherent' | 'architected';
  /** Machine pseries: whether and how L0 runs guests of its guest. Default `strict`. */
  readonly nested?: NestedChoice;
  /** Decoded pages of code that are kept, at least 2; the default suits any guest. */
  readonly recordSlots?: number;
  /** A cycle model (`createTiming` of src/timing): time is then cycles. */
  readonly timing?: Timing | undefined;
  readonly output: (byte: number) => void;
}

/** The same with every default filled in. */
export interface CheckedOptions {
  readonly model: CpuModel;
  /** Bytes of memory that the user asked for. */
  readonly memory: number;
  readonly cpus: number;
  readonly nested: NestedChoice;
}

/** @throws UserError where the machine cannot be as the options say */
export function checkedOptions(options: MachineOptions): CheckedOptions {
  const { description, nested, cpus = 1 } = options;
  const name = options.model ?? description.defaultModel;
  if (!description.models.includes(name))
    throw new UserError(
      `machine ${description.name} has no CPU ${name}; it has ${description.models.join(', ')}`,
    );
  if (nested !== undefined && !description.offersNested)
    throw new UserError(
      `--nested: machine ${description.name} has no hypervisor of its own; use it with pseries`,
    );
  const memory = checkedMemory(description, options.memory ?? description.defaultMemory);
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > MAX_CPUS)
    throw new UserError(`--smp: expected 1 to ${MAX_CPUS} CPUs, got ${cpus}`);
  return { model: CPU_MODELS[name], memory, cpus, nested: nested ?? DEFAULT_NESTED };
}

function checkedMemory({ name, maxMemory }: MachineDescription, size: number): number {
  if (!Number.isInteger(size) || size < MEMORY_UNIT || size % MEMORY_UNIT !== 0)
    throw new UserError(`-m: expected a multiple of 64K, at least 64K, got ${size} bytes`);
  if (size > maxMemory)
    throw new UserError(
      `-m: machine ${name} has at most ${maxMemory / 2 ** 20}M of memory, got ${size} bytes`,
    );
  return size;
}
