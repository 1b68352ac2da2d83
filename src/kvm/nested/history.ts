/**
 * What happened to each nested guest, for a checker that finds something wrong with one: when its record was made,
 * entered and removed, what was mapped in it afterwards and which event of the host would have had to find that. It
 * is fed with events and keeps a bounded number of each kind. Nothing is recorded unless somebody asks.
 */
import { PTE } from '../../../isa/tables/radix';
import type { NestedEvent, NestedFaultEvent, RmapEvent } from '../../trace/events/nested';

/** Entries kept of each list of one guest; more are counted. */
const KEPT = 16;
/** Records kept: more than the hardware has LPIDs for are never alive. */
const MOST_GUESTS = 4096;

/** A shadow entry that was made after the guest was removed. */
interface Insertion {
  readonly t: number;
  readonly nGpa: bigint;
  readonly host: bigint;
}

/** An entry of the reverse map that led to nothing while the guest had a shadow entry at its address. */
interface Miss {
  readonly t: number;
  readonly gfn: number;
  readonly nGpa: bigint;
  readonly cause: string;
}

/** The life of one record. */
export interface GuestHistory {
  readonly lpid: number;
  readonly shadowLpid: number;
  /** Instructions that the CPU had retired when the record was made. */
  readonly created: number;
  readonly entries: number;
  readonly lastEntry?: number;
  readonly removed?: { readonly t: number; readonly cause: string };
  /** Since then; the first ones, and how many in all. */
  readonly inserted: readonly Insertion[];
  readonly insertions: number;
  readonly missed: readonly Miss[];
  readonly misses: number;
}

interface Life {
  readonly lpid: number;
  readonly shadowLpid: number;
  readonly created: number;
  entries: number;
  lastEntry?: number;
  removed?: { readonly t: number; readonly cause: string };
  readonly inserted: Insertion[];
  insertions: number;
  readonly missed: Miss[];
  misses: number;
}

export class NestedHistory {
  /** By the hardware's LPID, which no two records share while they live. */
  private readonly lives = new Map<number, Life>();
  /** Those that were removed and are still there. */
  private readonly removed = new Set<Life>();

  /** The life of the record that has a hardware LPID; undefined where it began before the history did. */
  of(shadowLpid: number): GuestHistory | undefined {
    return this.lives.get(shadowLpid);
  }

  observe(event: NestedEvent): void {
    switch (event.ev) {
      case 'nested.guest':
        this.guest(event.op, event);
        return;
      case 'nested.enter': {
        const life = this.lives.get(event.shadowLpid);
        if (!life) return;
        life.entries++;
        life.lastEntry = event.t;
        return;
      }
      case 'nested.fault':
        this.fault(event);
        return;
      case 'rmap':
        if (!event.live && event.op === 'drop') this.drop(event);
        return;
      default:
    }
  }

  private guest(op: string, event: Extract<NestedEvent, { ev: 'nested.guest' }>): void {
    const { lpid, shadowLpid, t, cause = 'L0' } = event;
    const life = this.lives.get(shadowLpid);
    if (op === 'create') {
      if (this.lives.size >= MOST_GUESTS) return;
      const made = {
        lpid,
        shadowLpid,
        created: t,
        entries: 0,
        inserted: [],
        insertions: 0,
        missed: [],
        misses: 0,
      };
      this.lives.set(shadowLpid, made);
    } else if (op === 'remove' && life) {
      life.removed = { t, cause };
      this.removed.add(life);
    } else if (op === 'release' && life) {
      this.lives.delete(shadowLpid);
      this.removed.delete(life);
    }
  }

  private fault({ t, shadowLpid, shadow }: NestedFaultEvent): void {
    const life = this.lives.get(shadowLpid);
    if (!life?.removed || !shadow) return;
    const { ra: nGpa, pte } = shadow;
    if (life.insertions++ < KEPT) life.inserted.push({ t, nGpa, host: pte & PTE.RPN.mask });
  }

  private drop({ t, gfn, lpid, nGpa, cause = 'L0' }: RmapEvent): void {
    for (const life of this.removed) {
      if (life.lpid !== lpid || !life.inserted.some((entry) => entry.nGpa === nGpa)) continue;
      if (life.misses++ < KEPT) life.missed.push({ t, gfn, nGpa, cause });
    }
  }
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const more = (all: number, shown: number): string => (all > shown ? ` and ${all - shown} more` : '');

/** A life as sentences, one a line. */
export function historyText(life: GuestHistory): string[] {
  const { lpid, shadowLpid, created, entries, lastEntry, removed, inserted, insertions, missed, misses } =
    life;
  const lines = [
    `nested guest ${lpid} (shadow LPID ${shadowLpid}) was made at instruction ${created}, entered ${entries} times` +
      (lastEntry === undefined ? '' : `, last at ${lastEntry}`),
  ];
  if (!removed) return lines;
  lines.push(`removed from the map at ${removed.t} by ${removed.cause}`);
  for (const { t, nGpa, host } of inserted)
    lines.push(`mapped since: at ${t} n_gpa ${hex(nGpa)} to host ${hex(host)}`);
  if (insertions > inserted.length) lines.push(`mapped since:${more(insertions, inserted.length)}`);
  for (const { t, gfn, nGpa, cause } of missed)
    lines.push(`not found: at ${t} ${cause} of frame ${hex(gfn)} needed n_gpa ${hex(nGpa)}`);
  if (misses > missed.length) lines.push(`not found:${more(misses, missed.length)}`);
  return lines;
}
