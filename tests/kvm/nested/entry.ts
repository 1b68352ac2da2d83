/** An L1 about to enter a nested guest, with both structures of H_ENTER_NESTED. */
import { MSR } from '../../../isa/registers/msr';
import { GuestStruct, HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { readGuest, writeGuest } from '../../../src/kvm/translate';
import { offsetOf } from '../../../src/state/layout';
import { CALL, L2Tree, LPID, World, type WorldOptions } from './support';

export const HV_AT = 0x20_0000;
export const REGS_AT = 0x20_1000;
export const FAR = 1n << 40n;
export const NIP = 0x1234_5678_9000n;

/** An L1 about to enter a nested guest. */
export class Entry {
  readonly world: World;
  readonly tree: L2Tree;
  readonly hv = new GuestStruct(0xf8);
  readonly regs = new GuestStruct(384);

  constructor(options: WorldOptions & { little?: boolean } = {}) {
    const { little = false, ...rest } = options;
    this.world = new World(rest);
    this.tree = new L2Tree(this.world);
    this.hv.little = this.regs.little = little;
    this.hv.set(HV_STATE.version, 2n);
    this.hv.setWord(HV_STATE.lpid, LPID);
    this.hv.set(HV_STATE.hdecExpiry, FAR);
    this.regs.set(PT_REGS.nip, NIP);
    this.regs.set(PT_REGS.msr, MSR.SF.mask | MSR.ME.mask);
    for (let n = 0; n < 32; n++) this.regs.set(8 * n, 0x1000n + BigInt(n));
    const { cpu } = this.world;
    cpu.msr = MSR.SF.mask | MSR.ME.mask | (little ? MSR.LE.mask : 0n);
    cpu.nia = 0x4000n;
    for (let n = 5; n < 32; n++) cpu.state.setGpr(n, 0xaa00n + BigInt(n));
  }

  store(hvAt = HV_AT, regsAt = REGS_AT, hvBytes = 0xf8): void {
    expect(writeGuest(this.world.vm, { gpa: BigInt(hvAt), bytes: this.hv.bytes.subarray(0, hvBytes) })).toBe(
      0,
    );
    expect(writeGuest(this.world.vm, { gpa: BigInt(regsAt), bytes: this.regs.bytes })).toBe(0);
  }

  enter(hvAt = HV_AT, regsAt = REGS_AT): number {
    this.store(hvAt, regsAt);
    return this.world.hypercall(CALL.enter, hvAt, regsAt);
  }

  /** Reads both structures back. */
  load(): void {
    readGuest(this.world.vm, { gpa: BigInt(HV_AT), bytes: this.hv.bytes });
    readGuest(this.world.vm, { gpa: BigInt(REGS_AT), bytes: this.regs.bytes });
  }

  named(name: string): bigint {
    return this.world.cpu.state.get(offsetOf(name));
  }
}
