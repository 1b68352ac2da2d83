/**
 * What a timing profile is: every number of the cycle model as plain data, so that a user can write one as JSON.
 * `profile-file.ts` reads and checks such a file, `profiles/` has those that come with the program.
 *
 * All durations are cycles. Fractions are for averages of effects that the model does not resolve; time is kept in
 * twelfths of a cycle.
 */
import type { TimingClass } from '../../isa/vocabulary/row';

/** Slots that a cycle has: every duration is a multiple of one slot. */
export const SLOTS_PER_CYCLE = 12;

/** How one kind of instruction passes through the pipeline. */
export interface InstructionTiming {
  /** From issue until an instruction that needs the result can issue: at least 1. */
  readonly latency: number;
  /** From issue until the next instruction can issue: 1 is pipelined, more blocks the issue of everything. */
  readonly interval: number;
  /** It issues when all earlier instructions have completed, and later ones wait until it has. */
  readonly serialises?: boolean;
  /** With `serialises`: it also waits until no refill of the data cache and no store is under way. */
  readonly drains?: boolean;
  /** Fetching starts anew after it: the interval has the cost, the branch target cache cannot be used behind it. */
  readonly refetches?: boolean;
  /** Added to the latency of CR0 with Rc=1, and of XER's overflow flags with OE=1. */
  readonly record?: number;
  readonly overflow?: number;
  /** It also waits for the register that it is going to write. */
  readonly waitsForTarget?: boolean;
  /** Added to the interval, and to the latency of the base register, of a load or store with update. */
  readonly update?: number;
  /** Decoding makes two instructions of it, during which nothing behind it moves. Default false. */
  readonly twoParts?: boolean;
}

/**
 * A divide by the bits of its operands, for dividers that get at the quotient by an approximation of the inverse.
 * Bits are those of magnitudes: `dividend` up to 16, 32 and 64 bits need one more iteration each.
 */
export interface DivideTiming {
  /** Divisor or dividend 0. */
  readonly trivial: number;
  /** Dividend smaller than divisor (not for the remainder, which takes the long way). */
  readonly smaller: number;
  /** Extended divide whose quotient does not fit. */
  readonly overflow: number;
  /** Dividend of at most 16, at most 32 and more bits. */
  readonly iterations: readonly [number, number, number];
  /**
   * Instead of `iterations` for a divisor whose first `bits` bits are all ones and whose others are not all zeros: rounded
   * up it is a power of two, and no iteration is needed. Default: there is none.
   */
  readonly half?: { readonly bits: number; readonly cycles: number };
  /** Added where the dividend has at least `bits` bits more than the divisor. */
  readonly longQuotient: { readonly bits: number; readonly cycles: number };
  /** Added for a remainder (negative: it saves). */
  readonly remainder: number;
  /** Added for a remainder that is negative. Default 0. */
  readonly negativeRemainder?: number;
  /** Added for a quotient without sign. Default 0. */
  readonly unsigned?: number;
  /** Added for an extended divide of words, or of doublewords. Default 0. */
  readonly extended?: { readonly word: number; readonly doubleword: number };
  /** Added for an extended divide of doublewords whose operands have as many bits each. Default 0. */
  readonly close?: number;
}

export interface CacheTiming {
  /** Powers of two. */
  readonly sets: number;
  readonly ways: number;
  /** log2 of a line's bytes, 5 to 8. */
  readonly lineShift: number;
  /** Added to an access that misses. */
  readonly miss: number;
  /** How long the refill of a line keeps the port to memory, for other refills and for stores; 0: never. */
  readonly refill: number;
  /**
   * From the access, as if that issued at once, until its refill asks for the port; fetching is ahead, so that it can be
   * negative there. Default 0.
   */
  readonly request?: number;
  /** From the start of a refill until the same cache can start another one. Default: `refill`. */
  readonly busy?: number;
  /** Between the doublewords of a line, the one that was asked for first. Default 0: all of them at once. */
  readonly beat?: number;
}

/**
 * Which line of a set leaves: the least recently used one, or so but for misses, which count as a use of the first way
 * whichever they fill.
 */
export const REPLACEMENT = ['lru', 'firstWay'] as const;

/**
 * Which line of a set leaves the instruction cache: the least recently used one; or the one in the way that is the oldest of the
 * set of the line before, where an instruction waits to issue when the miss is first seen: fetching asks the set of what
 * it has handed on last.
 */
export const FETCH_REPLACEMENT = ['lru', 'handedOn'] as const;

export interface FetchCacheTiming extends CacheTiming {
  /** Default `lru`. */
  readonly replacement?: (typeof FETCH_REPLACEMENT)[number];
}

export interface DataCacheTiming extends CacheTiming {
  readonly replacement: (typeof REPLACEMENT)[number];
  /** False: stores that miss do not bring the line in. */
  readonly writeAllocates: boolean;
  /** From the start of a refill until the next access can issue. Default: as long as what it loads takes. */
  readonly blocks?: number;
  /** What waits for the unit of loads and stores is everything behind, not only the next access. Default false. */
  readonly stalls?: boolean;
  /** How long a store keeps the port. Default 0: it does not, and the next access waits for a refill of before. */
  readonly store?: number;
  /** log2 of the bytes within which stores follow each other without letting go of the port, 6 to 30. Default 12. */
  readonly storeRegion?: number;
  /** How long dcbz keeps the port: it brings its line in. Default 0: it takes what `instructions` say. */
  readonly zero?: number;
}

/** How the set is found: low bits of the page number, three fields of it combined, or those with the PID. */
export const TLB_INDEX = ['page', 'folded', 'hashed'] as const;

export interface TlbTiming {
  readonly sets: number;
  readonly ways: number;
  readonly index: (typeof TLB_INDEX)[number];
}

/**
 * A walk by its steps, in cycles since the access: when the entry of the partition table is read where it has to be
 * (`base`), when what the cache of tables knows is there - a page of 2 MiB, a table of 2 MiB or 1 GiB, one of 512 GiB
 * (`page`, `table`, `topTable`) -, when it is certain that it knows `nothing`; then follow the check of the address, as long as that
 * takes, the reads one after the other, and `finish` until the access goes on.
 */
export interface WalkTiming {
  readonly base: number;
  readonly page: number;
  readonly table: number;
  readonly topTable: number;
  readonly nothing: number;
  readonly check: number;
  readonly finish: number;
}

/** What leaves a set: the least recently used entry, or what a binary tree of bits takes for it; default `lru`. */
export const TREE_REPLACEMENT = ['lru', 'tree'] as const;
export type TreeReplacement = (typeof TREE_REPLACEMENT)[number];

export interface TranslationTiming {
  /** First-level structures of 4K pages: a change of PID or LPID empties them. */
  readonly instruction: TlbTiming;
  readonly data: TlbTiming;
  /** Second level: `hit` is added to an access that misses the first level and hits the second. */
  readonly second: TlbTiming & {
    readonly hit: number;
    /** Added where it is not found in one of the first two ways. Default 0. */
    readonly slow?: number;
    readonly replacement?: TreeReplacement;
  };
  /** Page tables by the 2 MiB that they map; with `walk` also those of 1 GiB and 512 GiB, and pages of 2 MiB. */
  readonly walkCache: Omit<TlbTiming, 'index'> & { readonly replacement?: TreeReplacement };
  /** One read of a walk that hits the data cache, and what a miss adds: with `walk` what `data` says instead. */
  readonly read: number;
  readonly readMiss: number;
  /** Steps of a walk. Default: the second level's `hit`, and a `read` for each entry. */
  readonly walk?: WalkTiming;
  /** Added where the miss is a fetch's. Default 0. */
  readonly fetchMore?: number;
  /** Added to a fetch from another page than the last two, where the first level has it. Default 0. */
  readonly recentPages?: number;
}

export interface BranchTiming {
  /** Entries of the direct-mapped branch target cache, a power of two from 64 to 4096; it also keeps the direction. */
  readonly targetCache: number;
  /**
   * Cycles from the issue of a branch until another one can issue of which fetching has read the entry that the first one
   * wrote. Only seen where a loop is that short. Default: at once.
   */
  readonly update?: number;
  /** Added to a taken branch that only decoding found to be taken. */
  readonly decoded: number;
  /** Added where direction or target was predicted wrongly, or not at all. */
  readonly mispredicted: number;
}

export interface CoreTiming {
  /** Instructions that can issue in a cycle: a divisor of 12. */
  readonly issueWidth: number;
  /** Cycle at which the first instruction after reset issues. */
  readonly reset: number;
  /** From issue until an instruction of latency 1 has completed; what serialisation waits for. */
  readonly completion: number;
  /** Instructions that fetching is ahead of issue at most: what hides instruction cache misses; at most 4. */
  readonly runAhead: number;
  /**
   * Stages from the instruction cache until issue, at most 3: while an instruction waits to issue, none of those behind it
   * lets go of what it has, also where the next stage is empty. Default 0: they close up.
   */
  readonly decode?: number;
  /**
   * CR, and carry and overflow of XER, are written as a whole: an instruction that writes a field of CR waits for the last
   * one that did, and one that writes the carry for overflow. Default false.
   */
  readonly wholeFlags?: boolean;
  /** Added to any interrupt. */
  readonly interrupt: number;
  /** Added to a load or store that crosses a boundary of `alignment` bytes. */
  readonly alignment: number;
  readonly unaligned: number;
}

/** What the built-in hypervisor's own work costs, by kind of exit; 0 where unknown, and statistics say so. */
export interface HypervisorTiming {
  readonly hypercall: number;
  /** Of its guest or of a nested one, served without leaving it. */
  readonly pageFault: number;
  readonly nestedEntry: number;
  /** A nested guest leaves, and its hypervisor goes on. */
  readonly nestedExit: number;
  /** Timers, external interrupts, facilities... */
  readonly other: number;
}
export type HypervisorExit = keyof HypervisorTiming;

/** Where a number comes from, by its path in the profile (`data.miss`); `estimate` marks what nobody published. */
export interface ProfileSource {
  readonly path: string;
  readonly source: string;
  readonly estimate?: boolean;
}

export interface TimingProfile {
  readonly name: string;
  readonly description: string;
  readonly core: CoreTiming;
  /** By timing class, then by mnemonic without suffix (`mulld`), or `mfspr:NAME` and `mtspr:NAME`; later ones win. */
  readonly classes: Readonly<Record<TimingClass, InstructionTiming>>;
  readonly instructions: Readonly<Record<string, InstructionTiming>>;
  readonly divide: DivideTiming;
  readonly fetch: FetchCacheTiming;
  readonly data: DataCacheTiming;
  readonly translation: TranslationTiming;
  readonly branch: BranchTiming;
  /** tlbie: what an invalidation that names no page adds. */
  readonly invalidateAll: number;
  readonly hypervisor: HypervisorTiming;
  readonly sources: readonly ProfileSource[];
}
