/** Collects what one nested page fault did, for the event that tells it as one story. Made only for an observer. */
import { PTE } from '../../../isa/tables/radix';
import { joinHalves } from '../../core/u64';
import type { NestedLeaf, NestedWalkStep } from '../../trace/events/nested';
import type { RadixLeaf } from '../guest/radix-leaf';
import type { NestedFault, NestedFaultResult } from './fault-work';
import type { GuestTreeWalk } from './guest-tree-walk';
import type { Nested } from './nested';
import { note } from './observer';
import type { InsertResult } from './rmap';
import type { ShadowEntry } from './shadow-entry';

const DATA = 0xe00;
const INSTRUCTION = 0xe20;
const word = (dsisr: number): bigint => BigInt(dsisr >>> 0);

export class FaultStory {
  private walk: readonly NestedWalkStep[] = [];
  private verdict = 'no table';
  private leaves: { l1?: NestedLeaf; l0?: NestedLeaf; shadow?: NestedLeaf; rmapGfn?: number; rmap?: string } =
    {};
  private made = false;

  constructor(
    private readonly fault: NestedFault,
    private readonly nGpa: bigint,
  ) {}

  walked(walk: GuestTreeWalk): void {
    this.verdict = walk.verdict;
    this.walk = walk.steps.map(({ level, address, hi, lo }) => ({
      level,
      guestRa: BigInt(address),
      value: joinHalves(hi, lo),
    }));
    if (walk.verdict !== 'ok') return;
    const pte = joinHalves(walk.pteHi, walk.pteLo);
    this.leaves.l1 = { ra: BigInt(walk.raddr), pte, shift: walk.shift };
  }

  /** L1's page was not present, or not writable, and was made so. */
  instantiated(): void {
    this.made = true;
  }

  combined(found: { l0: RadixLeaf; shadow: ShadowEntry; address: number; gfn: number }): void {
    const { l0, shadow, address, gfn } = found;
    this.leaves.l0 = { ra: l0.pte & PTE.RPN.mask, pte: l0.pte, shift: l0.shift };
    this.leaves.shadow = { ra: BigInt(address), pte: shadow.pte, shift: shadow.shift };
    this.leaves.rmapGfn = gfn;
  }

  filed(result: InsertResult | undefined): void {
    if (result) this.leaves.rmap = result;
  }

  tell(nested: Nested, result: NestedFaultResult): void {
    const { guest, fetch, ea, dsisr } = this.fault;
    const reflected =
      result.kind === 'reflect' || result.kind === 'inject'
        ? {
            ...(result.dsisr === undefined ? {} : { reflectedDsisr: word(result.dsisr) }),
            ...('asdr' in result && result.asdr !== undefined ? { reflectedAsdr: BigInt(result.asdr) } : {}),
          }
        : {};
    note(nested.observer!, {
      ev: 'nested.fault',
      lpid: guest.lpid,
      shadowLpid: guest.shadowLpid,
      trap: fetch ? INSTRUCTION : DATA,
      ea,
      nGpa: this.nGpa,
      dsisr: word(dsisr),
      walk: this.walk,
      verdict: this.verdict,
      ...this.leaves,
      instantiated: this.made,
      outcome: result.kind,
      ...reflected,
    });
  }
}
