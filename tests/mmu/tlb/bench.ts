/** An MMU with architected caches before tables that a test changes behind their back. */
import { ACCESS, type AccessName } from '../../../src/mmu/access';
import { decodeTlbie, type Invalidation, type TlbieOperands } from '../../../src/mmu/invalidate';
import type { MmuPolicy } from '../../../src/mmu/policy';
import { ArchitectedCaches } from '../../../src/mmu/tlb/caches';
import { Translator } from '../../../src/mmu/translate';
import { hiOf, joinHalves, loOf } from '../../../src/core/u64';
import type { TlbEvent, WalkEvent } from '../../../src/trace/events/walk';
import { build, type Machine } from '../golden/run';

/** What tlbie is unless a test says otherwise, and the state that it is executed in. */
const INVALIDATION = {
  radix: { operands: { prs: 1, r: 1 }, state: { hostRadix: true, lpidr: 2 } },
  hash: { operands: { prs: 0, r: 0 }, state: { hostRadix: false, lpidr: 0 } },
} as const;

export class TlbBench {
  readonly mmu: Translator;
  readonly events: TlbEvent[] = [];
  walk: WalkEvent | undefined;
  readonly machine: ReturnType<typeof build>;

  constructor(
    base: Machine,
    readonly policy: MmuPolicy,
    private readonly translation: keyof typeof INVALIDATION,
  ) {
    this.machine = build(base);
    this.mmu = new Translator(this.machine.memory, policy);
    this.mmu.caches = ArchitectedCaches.of(policy.name);
    this.mmu.observer = { walk: (event) => (this.walk = event), tlb: (event) => this.events.push(event) };
  }

  /** The real address, or the name of the interrupt. */
  access(access: AccessName, ea: bigint): bigint | string {
    const { mmu, machine } = this;
    const translated = mmu.access(machine.cpu, ACCESS[access], hiOf(ea), loOf(ea));
    return translated ? joinHalves(mmu.raHi, mmu.raLo) : mmu.toInterrupt().interrupt;
  }

  load(ea: bigint): bigint | string {
    return this.access('load', ea);
  }

  write(address: number, value: bigint): void {
    this.machine.memory.setDoubleword(address, value);
  }

  set(register: string, value: bigint): void {
    this.machine.cpu.setNamed(register, value);
  }

  tlbie(operands: Partial<TlbieOperands>): void {
    const usual = INVALIDATION[this.translation];
    const all: TlbieOperands = {
      ...{ operation: 'tlbie', rb: 0n, rs: 0n, ric: 0, ...usual.operands },
      ...operands,
    };
    const state = { hv: true, pr: false, guestShootdown: false, ...usual.state };
    this.drop(decodeTlbie(all, state, this.policy) as Invalidation);
  }

  drop(what: Invalidation): void {
    this.mmu.invalidate(this.machine.cpu, what);
  }
}

/** IS of a tlbie: what it is about. */
export const IS = (is: bigint): bigint => is << 10n;
