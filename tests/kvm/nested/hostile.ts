/**
 * A hostile L1 on two vCPUs: any hypercall that L0 answers with any arguments, tables and blocks of any content in any
 * place, exits of the nested guests that it entered, events of the host between them. Everything follows from the seed.
 */
import { MSR } from '../../../isa/registers/msr';
import type { Cpu } from '../../../src/cpu/cpu';
import { STOPPED } from '../../../src/cpu/pending';
import { startVcpu } from '../../../src/kvm/guest/start';
import { discardPages, migratePages, perform, swapOut, writeProtect } from '../../../src/kvm/host/operations';
import { HYPERCALL_ROWS } from '../../../src/kvm/hypercalls/rows';
import { KIB, MIB } from '../../../src/kvm/page';
import { offsetOf } from '../../../src/state/layout';
import { randomOf } from '../../support/random';
import { World, type L2Access } from './support';

/** Bytes of L1. */
export const L1 = 4 * MIB;
/** The most that shadow trees and lists may have, as the world is told. */
export const SHADOW_LIMIT = 4 * MIB;
/** H_REGISTER_PROC_TBL: a radix guest. */
const RADIX_FLAG = 4n;
const STOPPED_AT = offsetOf('STOPPED');
const STATUS_REGISTER = 3;
const FIRST_ARGUMENT = 4;
const ARGUMENTS = 8;
const EXITS = ['hypervisorDataStorage', 'hypervisorInstructionStorage', 'systemCall', 'external', 'hypervisorDecrementer', 'hypervisorFacilityUnavailable', 'hypervisorEmulationAssistance', 'machineCheck', 'hypervisorDoorbell'] as const; // prettier-ignore
const EVERYTHING = 2n ** 64n - 1n;
/** Arguments that some hypercall looks for. */
const WORDS = [
  0x1_0000n, 0x5_0000n, 0x9_0000n, 0x800n, 0xc00n, 0xa0n, 0x20n, 0n, EVERYTHING, 1n << 63n, 1n << 45n, 3n << 45n,
  5n << 45n, 0x1000n, 0x1100n, 0x7100_0000n, EVERYTHING - 1n,
] as const; // prettier-ignore

export class Hostile {
  readonly world = new World({
    memory: 32 * MIB,
    l1: L1,
    cpus: 2,
    record: false,
    shadowBytesLimit: SHADOW_LIMIT,
    rmapListLimit: 32,
    // Devices have the first page behind memory.
    mmio: (gpa, { store }) => (gpa >= L1 && gpa < L1 + 64 * KIB ? (store ?? 0x1234n) : undefined),
  });
  /** Hypercalls so far, and those that were answered with 0, by number. */
  calls = 0;
  readonly successes = new Map<number, number>();
  /** Of every result so far. */
  digest = 0;
  private readonly numbers: readonly number[];
  /** This L1 may choose a hashed page table; as long as it has one it has no nested guests. */
  private readonly mayHash: boolean;
  readonly random: (below: number) => number;

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.mayHash = this.random(4) === 0;
    const { l0 } = this.world;
    this.numbers = HYPERCALL_ROWS.map((row) => row.number).filter((number) => l0.hypercalls.answers(number));
    for (const vcpu of l0.vcpus) startVcpu(l0, vcpu, { entry: 0x100n, argument: 0n });
  }

  get answered(): readonly number[] {
    return this.numbers;
  }

  /** One hypercall of L1 or one exit of a nested guest, and now and then what others do meanwhile. */
  step(): void {
    const { world } = this;
    const cpu = this.pick(world.cpus);
    world.time += BigInt(this.random(64));
    if (world.part.runs[cpu.state.index]!.guest) this.exit(cpu);
    else this.call(cpu);
    const meanwhile = this.random(512);
    if (meanwhile < 32) this.scribble();
    else if (meanwhile < 40) this.build();
    else if (meanwhile < 160) this.access();
    else if (meanwhile === 160) this.hostEvent();
    else if (meanwhile === 161) world.l0.console.receive(Uint8Array.of(65, 66, 67));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  private word(): bigint {
    return (BigInt(this.random(2 ** 32)) << 32n) | BigInt(this.random(2 ** 32));
  }

  /** An address, mostly in memory or near its end. */
  private address(): bigint {
    switch (this.random(6)) {
      case 0:
        return BigInt(L1 - this.random(512));
      case 1:
        return this.word() >> BigInt(this.random(64));
      case 2:
        return BigInt(this.random(64) * 65536);
      default:
        return BigInt(this.random(L1) & ~7);
    }
  }

  private argument(): bigint {
    switch (this.random(6)) {
      case 0:
        return this.address();
      case 1:
        return BigInt(this.random(4097));
      case 2:
        return this.pick(WORDS);
      case 3:
      case 4:
        return BigInt(this.random(16));
      default:
        return this.word();
    }
  }

  private call(cpu: Cpu): void {
    const { state } = cpu;
    cpu.msr = MSR.SF.mask | MSR.ME.mask | (this.random(8) ? 0n : MSR.LE.mask);
    state.setInt(STOPPED_AT, STOPPED.RUNNING);
    const number = this.random(64) ? this.pick(this.numbers) : this.random(2 ** 17);
    for (let n = 0; n < ARGUMENTS; n++) state.setGpr(FIRST_ARGUMENT + n, this.argument());
    this.prepare(cpu, number);
    state.setGpr(STATUS_REGISTER, BigInt(number));
    this.calls++;
    this.world.l0.interrupt(cpu, 'systemCall', { level: 1, resume: cpu.nia + 4n });
    this.note(cpu, number);
  }

  /** Arguments that get further than the first check, for hypercalls that have many. */
  private prepare({ state }: Cpu, number: number): void {
    const { world } = this;
    const set = (n: number, value: bigint): void => state.setGpr(FIRST_ARGUMENT + n, value);
    switch (number) {
      case 0xf800:
        // The table is moved rarely, or nothing would ever be found.
        if (this.random(64)) set(0, 0x10_0000n | BigInt(this.random(6)));
        return;
      case 0xf804:
        if (this.random(4)) this.prepareEntry(set);
        return;
      case 0xf000:
        if (this.random(8)) set(0, this.rtasBlock());
        return;
      case 0xdc: {
        const at = BigInt(this.random(L1 / 128) * 128);
        if (this.random(2)) world.l0.guestMemory.write(at + 4n, Uint8Array.of(2, 128, 0, 0));
        if (this.random(2)) set(1, BigInt(this.random(2)));
        if (this.random(2)) set(2, at);
        return;
      }
      case 0x37c:
        if (this.random(2)) set(0, this.pick([8n, 0x18n, 0x1cn, 0x1dn, 0x10n, 0n, 2n]));
        if (!this.mayHash) set(0, state.gpr(FIRST_ARGUMENT) | RADIX_FLAG);
        if (this.random(2)) set(1, BigInt(this.random(64) * 65536));
        if (this.random(2)) set(2, 0n);
        if (this.random(2)) set(3, BigInt(this.random(26)));
        return;
      case 0x8:
        if (this.random(2)) this.prepareHpte(set);
        return;
      case 0x31c:
        // Resource 4 is the byte order of interrupts.
        if (this.random(4) === 0) [BigInt(this.random(2)), 4n, 0n, 0n].forEach((value, n) => set(n, value));
        return;
      case 0xf80c:
        if (this.random(2)) this.prepareCopy(set);
        return;
      case 0x36c:
      case 0x370:
        if (this.random(4)) set(0, 0n);
        // The orders that suit L1's memory, and a cancellation.
        if (this.random(4)) set(1, this.pick([18n, 18n, 19n, 0n]));
    }
  }

  /** An entry for a page of L1 that is accepted where its group has a free place. */
  private prepareHpte(set: (n: number, value: bigint) => void): void {
    const bolted = this.pick([0n, 0x10n]);
    set(0, 0n);
    set(1, BigInt(this.random(2048) * 8));
    set(2, (BigInt(this.random(2 ** 20)) << 12n) | bolted | 1n);
    set(3, BigInt(this.random(L1 / 4096) * 4096) | 0x190n | BigInt(this.random(4)));
  }

  /** A state that is accepted, so that the nested guest is really entered. */
  private prepareEntry(set: (n: number, value: bigint) => void): void {
    const { world } = this;
    const at = this.random(L1 / 4096) * 4096;
    world.write(at, BigInt(1 + this.random(2)));
    world.write(at + 8, (BigInt(1 + this.random(64)) << 32n) | BigInt(this.random(2048)));
    world.write(at + 0x58, this.random(4) ? 2n ** 40n : this.word());
    const regs = this.random(L1 / 4096) * 4096;
    world.write(regs + 0x108, this.random(4) ? MSR.SF.mask : this.word());
    set(0, BigInt(at));
    set(1, BigInt(regs));
  }

  /** A few bytes of a nested guest's page, to or from L1: copied where the guest has used the page. */
  private prepareCopy(set: (n: number, value: bigint) => void): void {
    const known = [...this.world.nested.guests.keys()];
    const inL1 = BigInt(this.random(L1 - 64));
    const [to, from] = this.random(2) ? [inL1, 0n] : [0n, inL1];
    const ea = BigInt(this.random(32) * 65536 + this.random(4096));
    [BigInt(known.length > 0 ? this.pick(known) : 1), 0n, ea, to, from, BigInt(this.random(64))].forEach(
      (value, n) => set(n, value),
    );
  }

  private rtasBlock(): bigint {
    const words = [0x2000 + this.random(18), this.random(9), this.random(9)];
    for (let n = 0; n < 8; n++) words.push(this.random(2) ? this.random(0x1200) : this.random(2 ** 32));
    const bytes = new Uint8Array(4 * words.length);
    words.forEach((word, i) => new DataView(bytes.buffer).setUint32(4 * i, word));
    const at = BigInt(this.random(L1 / 64) * 64);
    this.world.l0.guestMemory.write(at, bytes);
    return at;
  }

  /** The result, and what the call did to its vCPU. */
  private note({ state }: Cpu, number: number): void {
    const result = Number(BigInt.asIntN(32, state.gpr(STATUS_REGISTER)));
    if (result === 0) this.successes.set(number, (this.successes.get(number) ?? 0) + 1);
    const more = Number(BigInt.asIntN(32, state.gpr(FIRST_ARGUMENT)));
    this.digest = (Math.imul(this.digest, 31) + number + result) | 0;
    this.digest = (Math.imul(this.digest, 31) + more) | 0;
  }

  private exit(cpu: Cpu): void {
    const name = this.random(3) ? this.pick(EXITS) : 'machineCheck';
    const address = BigInt(this.random(64) * 65536);
    cpu.imageLo = this.random(2 ** 32) | 0;
    if (this.random(4) === 0) cpu.state.setGpr(STATUS_REGISTER, 0x448n);
    this.world.l0.interrupt(cpu, name, {
      hdar: this.argument(),
      asdr: this.random(4) ? address : this.word(),
      hdsisr: this.word() & 0xffff_ffffn,
      cause: this.word() & 0x783f_0000n,
      heir: 0n,
    });
  }

  /** Something in L1's memory that looks like a table. */
  private scribble(): void {
    const at = this.random(L1 / 8) * 8;
    const base = BigInt(this.random(L1 / 256) * 256);
    const words = [
      () => (1n << 63n) | (base & ~0xffffn) | 9n,
      () => (1n << 63n) | (base & ~0xfffn) | this.pick([5n, 9n, 13n]),
      () => (3n << 62n) | (base & ~0xffffn) | (this.word() & 0xfffn),
      () => (3n << 62n) | (this.word() & 0x01ff_ffff_ffff_ffffn),
      () => 0xc000_0000_0000_00adn | (base & ~0xffffn),
      () => this.word(),
    ];
    this.world.write(this.random(2) ? at & ~0xff : at, this.pick(words)());
  }

  /** A whole path of tables, so that faults get further than the root directory. */
  private build(): void {
    const { world } = this;
    const root = this.random(L1 / 65536 - 4) * 65536;
    world.write(root, (1n << 63n) | BigInt(root + 0x1_0000) | 9n);
    world.write(root + 0x1_0000, (1n << 63n) | BigInt(root + 0x1_1000) | 9n);
    world.write(root + 0x1_1000, (1n << 63n) | BigInt(root + 0x1_2000) | 5n);
    for (let i = 0; i < 32; i++) {
      const gpa = BigInt(this.random(2 * (L1 / 65536)) * 65536);
      world.write(root + 0x1_2000 + i * 8, (3n << 62n) | gpa | BigInt(this.random(8)) | 0x180n);
    }
    const table = Number(world.nested.l1Ptcr & 0x0fff_ffff_ffff_f000n);
    const entry = table + (1 + this.random(64)) * 16;
    if (entry + 16 <= L1) world.write(entry, 0xc000_0000_0000_00adn | BigInt(root));
  }

  /** An access of a nested guest, as the hardware does it. */
  private access(): void {
    const { nested } = this.world;
    const lpid = this.random(5) ? 1 + this.random(64) : this.random(4200);
    const guest = nested.guests.get(lpid) ?? nested.guests.values().next().value;
    if (!guest) return;
    const nGpa = this.random(8)
      ? this.random(32) * 65536 + this.random(8192) * 8
      : this.random(2 ** 30) * 2 ** 21;
    guest.references++;
    try {
      this.world.accessAs(guest, nGpa, this.pick<L2Access>(['load', 'store', 'fetch']), {
        limit: 6,
        cpu: this.random(2),
      });
    } catch (error) {
      // An access that faults for ever is L1's own doing, where its tables change under it.
      if (!String(error).includes('again and again')) throw error;
    }
    guest.references--;
  }

  private hostEvent(): void {
    const { l0, hva } = this.world;
    const start = hva + this.random(60) * 65536;
    const end = start + 4 * 65536;
    switch (this.random(4)) {
      case 0:
        return void perform(migratePages(l0.mm, start, end));
      case 1:
        return void perform(swapOut(l0.mm, start, end));
      case 2:
        return void perform(writeProtect(l0.mm, start, end));
      default:
        return void perform(discardPages(l0.mm, { start, end: start + 65536 }));
    }
  }
}
