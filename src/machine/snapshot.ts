/** Snapshots: complete machine state as a file (snapshot/format.ts), and whether one fits a machine. */
import { UserError } from '../core/errors';
import type { SnapshotDescription } from './snapshot/format';

export {
  decodeSnapshot,
  encodeSnapshot,
  SNAPSHOT_PAGE,
  SNAPSHOT_VERSION,
  type Compressor,
  type Snapshot,
  type SnapshotDescription,
} from './snapshot/format';
export { restoreRegisters, saveRegisters } from '../state/saved-registers';

/** What a machine has that a snapshot has to agree with. */
export interface SnapshotTarget {
  readonly machine: string;
  readonly model: string;
  readonly memorySize: number;
  readonly guestMemory: number;
  readonly cpus: number;
  readonly nested: string | null;
  readonly tlb: TlbKind;
}

/** Whether accesses go through the CPU models' lookaside buffers (`--tlb`). */
export type TlbKind = 'coherent' | 'architected';

/** With which of them a snapshot was saved. */
export const tlbOf = ({ tlb }: Pick<SnapshotDescription, 'tlb'>): TlbKind =>
  tlb.some((saved) => saved !== null) ? 'architected' : 'coherent';

/** @throws UserError naming the option to change, when the snapshot is of another machine */
export function checkSnapshotFits(name: string, snapshot: SnapshotDescription, target: SnapshotTarget): void {
  const check = (option: string, saved: string | number | null, here: string | number | null): void => {
    if (saved !== here)
      throw new UserError(`${name}: expected ${option} ${here}, found ${saved}; run with ${option} ${saved}`);
  };
  check('--machine', snapshot.machine, target.machine);
  check('--cpu', snapshot.model, target.model);
  check('-m', snapshot.guestMemory, target.guestMemory);
  if (snapshot.memorySize !== target.memorySize)
    throw new UserError(
      `${name}.memorySize: expected ${target.memorySize}, found ${snapshot.memorySize}; the snapshot is damaged`,
    );
  check('--smp', snapshot.cpus.length, target.cpus);
  check('--nested', snapshot.nested, target.nested);
  // What is stale in lookaside buffers would be lost; that a machine begins with empty ones is as good as any state.
  if (tlbOf(snapshot) === 'architected') check('--tlb', 'architected', target.tlb);
}
