/**
 * The table entries that one translation reads, as numbers in arrays that are made once: what the cycle model asks for
 * at each walk. It stands where the recorder of walk events stands and sees the same entries.
 */
import { isLeaf } from './radix/entry';
import type { RadixTree } from './radix/tree';
import type { TranslationContext } from './context';
import type { TranslationRecorder } from './recorder';
import type { WalkEntryKind, WalkPurpose, WalkStep } from '../trace/events/walk';

/** Kinds of entries that lie in memory, and what they are read for. */
const KINDS = ['PATE', 'PRTE', 'PDE', 'PTE', 'HPTE'] as const satisfies readonly WalkEntryKind[];
const PURPOSES: readonly WalkPurpose[] = ['access', 'PRTE', 'PDE/PTE'];
const [PATE, PRTE, PDE, PTE, HPTE] = [0, 1, 2, 3, 4];
const LEVELS = 16;
/** How many numbers {@link TableReads.levels} can hold. */
export const TABLE_LEVELS = KINDS.length * PURPOSES.length * 2 * LEVELS;

/** What of an entry counts: its kind, whose it is, for what, and its level, -1 for none. */
interface Level {
  readonly kind: number;
  readonly partition: boolean;
  readonly purpose: number;
  readonly level: number;
}

const numberOf = ({ kind, partition, purpose, level }: Level): number =>
  ((kind * PURPOSES.length + purpose) * 2 + (partition ? 1 : 0)) * LEVELS + level + 1;

/** The number of a step of a walk event. */
export const tableLevel = ({
  what,
  scope,
  purpose,
  level = -1,
}: Pick<WalkStep, 'what' | 'scope' | 'purpose' | 'level'>): number =>
  numberOf({
    kind: (KINDS as readonly string[]).indexOf(what),
    partition: scope === 'partition',
    purpose: PURPOSES.indexOf(purpose),
    level,
  });

/** What has a number, in words: `PATE`, `PDE level 0`, `partition PTE level 3 of PDE/PTE`. */
export function tableLevelName(level: number): string {
  const rest = Math.floor(level / LEVELS);
  const kind = KINDS[Math.floor(rest / 2 / PURPOSES.length)]!;
  const name = level % LEVELS === 0 ? kind : `${kind} level ${(level % LEVELS) - 1}`;
  if (rest % 2 === 0) return name;
  const purpose = (rest >> 1) % PURPOSES.length;
  return `partition ${name}${purpose === 0 ? '' : ` of ${PURPOSES[purpose]!}`}`;
}

/** More than the deepest trees have, one below the other. */
const MOST = 256;

export class TableReads implements TranslationRecorder {
  readonly detailed = false;
  tlb: undefined;
  /** How many entries there are. */
  count = 0;
  /** Host real address of each. */
  readonly addresses = new Float64Array(MOST);
  /** What each is: {@link tableLevelName}. */
  readonly levels = new Int32Array(MOST);
  /** log2 of the bytes that an entry of the address's own tree maps; 0 for other entries. */
  readonly shifts = new Int32Array(MOST);

  start(): void {
    this.count = 0;
  }

  /** @param lo lower half of a host real address @param shift log2 of what an entry of the address's own tree maps */
  add(level: number, lo: number, shift = 0): void {
    if (this.count === MOST) return;
    this.levels[this.count] = level;
    this.shifts[this.count] = shift;
    this.addresses[this.count] = lo >>> 0;
    this.count++;
  }

  /** Drops all but the last. */
  keepLast(): void {
    if (this.count === 0) return;
    this.levels[0] = this.levels[this.count - 1]!;
    this.addresses[0] = this.addresses[this.count - 1]!;
    this.shifts[0] = this.shifts[this.count - 1]!;
    this.count = 1;
  }

  partitionEntry({ partition }: TranslationContext): void {
    this.add(PARTITION_ENTRY, partition.entryLo);
  }

  processEntry({ process }: TranslationContext): void {
    this.add(PROCESS_ENTRY, process.hostLo);
  }

  treeEntry(ctx: TranslationContext, tree: RadixTree): void {
    const partition = tree.scope === 'partition';
    const kind = isLeaf(tree.valueHi) ? PTE : PDE;
    const purpose = partition ? ctx.purpose : 0;
    const shift = partition && ctx.mode === 'radix' ? 0 : tree.shift;
    this.add(numberOf({ kind, partition, purpose, level: tree.level }), tree.hostLo, shift);
  }

  hashedEntry(at: number): void {
    this.add(HASHED_ENTRY, at);
  }

  cachedEntry(): void {}
  permission(): void {}
  permissionOf(): void {}
  referenceChange(): void {}
  referenceChangeOf(): void {}
  step(): void {}
  tlbEvent(): void {}
  finish(): void {}
}

/** The numbers of entries of the partition table and of a process table. */
export const PARTITION_ENTRY = numberOf({ kind: PATE, partition: true, purpose: 0, level: -1 });
export const PROCESS_ENTRY = numberOf({ kind: PRTE, partition: false, purpose: 0, level: -1 });
export const HASHED_ENTRY = numberOf({ kind: HPTE, partition: false, purpose: 0, level: -1 });
