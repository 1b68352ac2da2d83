/** An HPT guest of L0 whose CPUs translate as hardware does, and whose faults go to L0 as they would from an engine. */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { has } from '../../../src/core/bits';
import { hiOf, joinHalves, loOf } from '../../../src/core/u64';
import type { Cpu, TakenInterrupt } from '../../../src/cpu/cpu';
import { takeStorageInterrupt } from '../../../src/cpu/interrupts';
import { checkL0 } from '../../../src/kvm/guest/check';
import { addressInSegment, avpnOf, groupOf, hashOf } from '../../../src/kvm/hpt/hash';
import { switchToHpt } from '../../../src/kvm/hpt/switch';
import { setUserMemoryRegion } from '../../../src/kvm/set-memory-region';
import { ACCESS } from '../../../src/mmu/access';
import { slbmte } from '../../../src/mmu/hash/slb';
import type { Invalidation } from '../../../src/mmu/invalidate';
import { ArchitectedCaches } from '../../../src/mmu/tlb/caches';
import { offsetOf } from '../../../src/state/layout';
import { MIB, TestGuest, type TestGuestOptions } from '../l0/support';

export { MIB };
const ORDER = 18;
export const EXACT = 1n << 39n;
export const AVPN = 1n << 31n;
export const V = HPTE0.V.mask;
const L = HPTE0.L.mask;
export const BOLTED = 0x10n;
export const ABSENT = 0x20n;
export const R = HPTE1.R.mask;
export const C = HPTE1.C.mask;
export const M = HPTE1.M.mask;

/** L and LP of pages by log2 of base and actual size. */
const ENCODINGS: Readonly<Record<string, { l: bigint; lp: bigint }>> = {
  '12/12': { l: 0n, lp: 0n },
  '16/16': { l: L, lp: 0x1000n },
  '12/16': { l: L, lp: 0x7000n },
  '16/24': { l: L, lp: 0x8000n },
  '12/24': { l: L, lp: 0x38000n },
  '24/24': { l: L, lp: 0n },
};
const LLP: Readonly<Record<number, bigint>> = { 12: 0n, 16: 0x110n, 24: 0x100n };

/** A segment as the SLB has it: its VSID word for this base page. */
export const segment256M = (vsid: bigint, base = 12, more = 0n): bigint =>
  (vsid << BigInt(SLBV.VSID.shift)) | LLP[base]! | more;
export const segment1T = (vsid: bigint, base = 12, more = 0n): bigint =>
  (1n << BigInt(SLBV.B.shift)) | (vsid << BigInt(SLBV.VSID_1T.shift)) | LLP[base]! | more;

export interface PageSpec {
  readonly ea: bigint;
  readonly segment: bigint;
  readonly gpa: bigint;
  readonly base?: number;
  readonly actual?: number;
  /** Bits of doubleword 1: PP, key, N, WIMG, R, C. Default: PP 2, M. */
  readonly bits?: bigint;
  /** More bits of doubleword 0. */
  readonly v?: bigint;
}

/** The two doublewords of an entry, and the first place of its group. */
export function entryOf(spec: PageSpec, groups: number): { v: bigint; r: bigint; ptex: number } {
  const { ea, segment, gpa, base = 12, actual = base, bits = M | 2n, v = 0n } = spec;
  const { l, lp } = ENCODINGS[`${base}/${actual}`]!;
  const at = addressInSegment(ea, segment);
  const secondary = has(v, HPTE0.H);
  const ptex = 8 * groupOf(hashOf(at, base), groups, secondary);
  return { v: avpnOf(at, base) | l | V | v, r: gpa | lp | bits, ptex };
}

/** An access that ended: with the real address, or the interrupt that the guest got, or a machine that is dead. */
export type Ended =
  { readonly host: number } | { readonly taken: TakenInterrupt & { cpu: number } } | 'crash';

export class HptWorld extends TestGuest {
  /** @param options.tlb the CPU has lookaside buffers, which only invalidations empty */
  constructor(options: TestGuestOptions & { readonly order?: number; readonly tlb?: boolean } = {}) {
    super({ guest: 4 * MIB, cpus: 1, ...options });
    if (options.tlb) this.useTlb();
    if (!switchToHpt(this.l0, options.order ?? ORDER)) throw new Error('no memory for the table');
    this.invalidations.length = 0;
  }

  private useTlb(): void {
    const { hooks, state, translator, model } = this.cpu();
    translator.caches = new ArchitectedCaches(model.tlb);
    Object.assign(hooks, {
      invalidate: (_cpu: Cpu, what: Invalidation) => translator.invalidate(state, what),
    });
  }

  get table(): NonNullable<typeof this.l0.hpt.table> {
    return this.l0.hpt.table!;
  }

  /** Puts a segment into the SLB. */
  slb(index: number, ea: bigint, segment: bigint): void {
    slbmte(this.cpu().state, segment, ea | (1n << 27n) | BigInt(index));
  }

  enter(spec: PageSpec, flags = 0n): { status: bigint; ptex: number } {
    const { v, r, ptex } = entryOf(spec, this.table.groups);
    const status = this.call('H_ENTER', [flags, ptex, v, r]);
    return { status, ptex: Number(this.out(0)) };
  }

  /** The index of a page that was entered, and its segment in the SLB. */
  map(spec: PageSpec, index = 1): number {
    const { status, ptex } = this.enter(spec);
    if (status !== 0n) throw new Error(`H_ENTER: ${status}`);
    this.slb(index, spec.ea & ~0xfffffffn, spec.segment);
    return ptex;
  }

  /** An access with relocation on, unless `real`; repeated while L0 says that it can be. */
  access(
    ea: bigint,
    kind: 'load' | 'store' | 'fetch' = 'load',
    state: { real?: boolean; problem?: boolean } = {},
  ): Ended {
    const cpu = this.cpu();
    const relocate = state.real ? 0n : MSR.IR.mask | MSR.DR.mask;
    cpu.msr = MSR.SF.mask | MSR.ME.mask | relocate | (state.problem ? MSR.PR.mask : 0n);
    cpu.nia = ea;
    const ended = this.settle(ea, kind);
    // Whoever makes the next hypercall is the kernel.
    cpu.msr = MSR.SF.mask | MSR.ME.mask;
    return ended;
  }

  private settle(ea: bigint, kind: 'load' | 'store' | 'fetch'): Ended {
    const cpu = this.cpu();
    for (let tries = 0; tries < 8; tries++) {
      const { translator } = cpu;
      if (translator.access(cpu.state, ACCESS[kind], hiOf(ea), loOf(ea)))
        return { host: Number(joinHalves(translator.raHi, translator.raLo)) };
      const before = this.taken.length;
      takeStorageInterrupt(cpu);
      if (this.power.length > 0) return 'crash';
      const taken = this.taken[before];
      if (taken) return { taken };
    }
    throw new Error(`the access to ${ea.toString(16)} never ends`);
  }

  /** DSISR of the last data storage interrupt. */
  get dsisr(): bigint {
    return this.cpu().state.get(offsetOf('DSISR'));
  }

  /** Where the host has a guest real address now; -1 where it has no page. */
  hostOf(gpa: bigint): number {
    const gfn = Number(gpa / BigInt(this.l0.vm.pageSize));
    const slot = this.l0.vm.gfnToMemslot(gfn);
    if (!slot) return -1;
    const hva = slot.userspaceAddr + (gfn - slot.baseGfn) * this.l0.vm.pageSize;
    const size = this.l0.mm.mappingSize(hva);
    if (size === 0) return -1;
    return (
      this.l0.frames.addressOf(this.l0.mm.resolve(hva, 'read')) + Number(gpa % BigInt(this.l0.vm.pageSize))
    );
  }

  slot(region: { id: number; gpa: bigint; bytes: number; hva: number; flags?: number }): number {
    return setUserMemoryRegion(this.l0.vm, {
      slot: region.id,
      flags: region.flags ?? 0,
      guestPhysAddr: region.gpa,
      memorySize: BigInt(region.bytes),
      userspaceAddr: BigInt(region.hva),
    });
  }

  get isHpt(): boolean {
    return !has(this.cpu().state.get(offsetOf('LPCR')), LPCR.HR);
  }

  /** Problems of L0's tables: none. */
  check(): void {
    expect(checkL0(this.l0)).toEqual([]);
  }
}
