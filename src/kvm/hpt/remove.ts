/** H_REMOVE and H_BULK_REMOVE: the guest takes entries out (Linux book3s_hv_rm_mmu.c, kvmppc_do_h_remove, kvmppc_h_bulk_remove). */
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { fields, get, has, put } from '../../core/bits';
import { H } from '../hypercalls/status';
import type { HptGuest } from './guest';
import { guestView, HPTE_GUEST, HPTE_SW, isInUse, isMmio, RC, type Hpte } from './hpte';

/** Flags of the hypercalls on entries (PAPR). */
export const HPT_FLAGS = fields({
  /** H_ENTER: this entry, not another of the group. */
  EXACT: 24,
  /** H_READ: four entries. */
  READ_4: 26,
  /** Only where the virtual page number is the one given. */
  AVPN: 32,
  /** Only where none of the bits given is set. */
  ANDCOND: 33,
});

/** The virtual page number with segment size: what H_AVPN compares. */
const AVPN = HPTE0.B.mask | HPTE0.AVPN.mask;

/** Which entries to take: any, none of the bits, this page. */
export type RemoveCondition = 'any' | 'andcond' | 'avpn';

export function satisfies(v: bigint, condition: RemoveCondition, avpn: bigint): boolean {
  if (condition === 'any') return true;
  return condition === 'avpn' ? (v & AVPN) === avpn : (v & avpn) === 0n;
}

/** H_REMOVE; the entry as the guest had it, or a status. */
export function removeEntry(
  hpt: HptGuest,
  { index, flags, avpn }: { index: bigint; flags: bigint; avpn: bigint },
): Hpte | number {
  if (index >= BigInt(hpt.current.entries)) return H.PARAMETER;
  const at = Number(index);
  const { v } = hpt.current.read(at);
  const wanted =
    isInUse(v) &&
    (!has(flags, HPT_FLAGS.AVPN) || satisfies(v, 'avpn', avpn)) &&
    (!has(flags, HPT_FLAGS.ANDCOND) || satisfies(v, 'andcond', avpn));
  return wanted ? take(hpt, at) : H.NOT_FOUND;
}

/** Empties a place. @returns the entry as the guest had it, with what hardware has recorded */
function take(hpt: HptGuest, index: number): Hpte {
  const { vm, current } = hpt;
  vm.mmuLock.lock();
  const entry = current.read(index);
  if (has(entry.v, HPTE0.V)) unlink(hpt, index, entry.v);
  const r = current.guestR(index) & ~HPTE_GUEST.MODIFIED.mask;
  current.write(index, { v: 0n, r: 0n });
  vm.mmuLock.unlock();
  if (isMmio(entry)) hpt.forgetMmio();
  return { v: guestView(entry.v & ~HPTE_SW.HVLOCK.mask), r };
}

/** Takes a valid entry away from hardware and out of its ring. */
function unlink(hpt: HptGuest, index: number, v: bigint): void {
  const page = hpt.pageAt(index, v);
  const ring = page && hpt.ringOf(page);
  if (page && ring) hpt.invalidate(index, { ...ring, page });
}

/** A translation specifier of H_BULK_REMOVE: its first doubleword. */
const SPECIFIER = fields({
  /** Request: {@link REQUEST}; in the answer, with RESULT: 10. */
  TYPE: [0, 1],
  /** Answer: what became of it. */
  RESULT: [2, 3],
  /** Answer: R and C of the entry. */
  RC: [4, 5],
  CONDITION: [6, 7],
  INDEX: [8, 63],
});
const REQUEST = { DO: 1n, ANSWER: 2n, END: 3n } as const;
const RESULT = { REMOVED: 0n, NOT_FOUND: 1n, PARAMETER: 2n } as const;
const CONDITIONS: readonly (RemoveCondition | undefined)[] = ['any', 'andcond', 'avpn'];

const answer = (specifier: bigint, result: bigint, rc = 0n): bigint => {
  const kept = specifier & (SPECIFIER.CONDITION.mask | SPECIFIER.INDEX.mask);
  const typed = put(put(kept, SPECIFIER.TYPE, REQUEST.ANSWER), SPECIFIER.RESULT, result);
  return put(typed, SPECIFIER.RC, rc);
};

/** One request: its answer, and whether the call goes on. */
export function removeOne(
  hpt: HptGuest,
  specifier: bigint,
  avpn: bigint,
): { answer: bigint; outcome: 'done' | 'end' | 'parameter' } {
  const type = get(specifier, SPECIFIER.TYPE);
  if (type === REQUEST.END) return { answer: specifier, outcome: 'end' };
  const index = get(specifier, SPECIFIER.INDEX);
  const condition = CONDITIONS[Number(get(specifier, SPECIFIER.CONDITION))];
  if (type !== REQUEST.DO || !condition || index >= BigInt(hpt.current.entries))
    return { answer: answer(specifier, RESULT.PARAMETER), outcome: 'parameter' };
  const { v } = hpt.current.read(Number(index));
  if (!isInUse(v) || !satisfies(v, condition, avpn))
    return { answer: answer(specifier, RESULT.NOT_FOUND), outcome: 'done' };
  const { r } = take(hpt, Number(index));
  return { answer: answer(specifier, RESULT.REMOVED, get(r & RC, RC_PAIR)), outcome: 'done' };
}

/** R and C side by side, as an entry and an answer have them. */
const RC_PAIR = fields({ RC: [HPTE1.R.from, HPTE1.C.to] }).RC;
