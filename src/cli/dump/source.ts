/** What `book3s dump` reads: one CPU of a snapshot, its model, and real memory where that is wanted. */
import { UserError } from '../../core/errors';
import { RealMemory } from '../../core/memory';
import { CPU_MODELS, type CpuModel } from '../../cpu/models';
import { restoreRegisters, type Snapshot } from '../../machine/snapshot';
import { CpuState } from '../../state/cpu-state';
import { parsed, textOf, type Parsed } from '../options';
import { readSnapshot } from '../snapshot-file';
import { parseCount } from '../values';

export interface DumpSource {
  /** The snapshot's file name, for messages. */
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly model: CpuModel;
  /** The CPU of `--cpu-index`. */
  readonly cpu: CpuState;
}

/** @throws UserError where the snapshot cannot be read, or has no such CPU */
export function openSource(argv: Parsed): DumpSource {
  const name = textOf(argv, 'snapshot')!;
  const index = parsed(argv, 'cpu-index', (o, t) => parseCount(o, t)) ?? 0;
  const snapshot = readSnapshot(name);
  const saved = snapshot.cpus[index];
  if (saved === undefined)
    throw new UserError(
      `--cpu-index ${index}: the snapshot has ${snapshot.cpus.length} CPUs, numbered from 0`,
    );
  const model = Object.values(CPU_MODELS).find((m) => m.name === snapshot.model);
  if (!model)
    throw new UserError(`${name}: CPU model ${snapshot.model} is unknown; use the book3s that saved it`);
  const cpu = CpuState.detached();
  restoreRegisters(cpu, saved, `${name}: cpus.${index}`);
  return { name, snapshot, model, cpu };
}

/** Real memory as the snapshot has it. */
export function memoryOf({ snapshot }: DumpSource): RealMemory {
  const memory = RealMemory.ofSize(snapshot.memorySize);
  snapshot.copyMemory(memory.bytes);
  return memory;
}
