/**
 * Memory as a CPU sees it, read and written without any effect of a translation: no reference or change bit, no
 * interrupt, no device. An address translates as a load, or as a fetch where loads are not permitted or not relocated
 * alike.
 */
import { hiOf, joinHalves, loOf } from '../core/u64';
import type { Cpu } from '../cpu/cpu';
import type { Machine } from '../machine/machine';
import { ACCESS, type Access } from '../mmu/access';
import { unmappedAddress } from './guest-memory';

/** Whether addresses are effective, or host real ones (QEMU's PhyMemMode). */
export type AddressSpace = 'effective' | 'real';

const PAGE = 4096;

/** Reads and writes of a debugger. */
export class DebugMemory {
  space: AddressSpace = 'effective';

  constructor(private readonly machine: Machine) {}

  /** The bytes from an address on, as many as there are up to `length`: none where the first does not translate. */
  read(cpu: Cpu, address: bigint, length: number): Uint8Array {
    const out = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const at = address + BigInt(done);
      const host = this.locate(cpu, at);
      if (host === undefined) break;
      const bytes = Math.min(length - done, PAGE - (host % PAGE));
      out.set(this.machine.memory.bytes.subarray(host, host + bytes), done);
      done += bytes;
    }
    return out.subarray(0, done);
  }

  /** Stores bytes, with what a store does to code, tables and reservations. False: nothing was stored. */
  write(cpu: Cpu, address: bigint, bytes: Uint8Array): boolean {
    const hosts: number[] = [];
    for (let done = 0; done < bytes.length; done += PAGE - (hosts.at(-1)! % PAGE)) {
      const host = this.locate(cpu, address + BigInt(done));
      if (host === undefined) return false;
      hosts.push(host);
    }
    let done = 0;
    for (const host of hosts)
      for (let at = host; done < bytes.length && (at === host || at % PAGE !== 0); at++, done++)
        cpu.hooks.bus.write(BigInt(at), 1, BigInt(bytes[done]!));
    return true;
  }

  /** Host real address in memory of one byte. */
  private locate(cpu: Cpu, address: bigint): number | undefined {
    const ea = BigInt.asUintN(64, address);
    if (this.space === 'real') return ea < BigInt(this.machine.memory.size) ? Number(ea) : undefined;
    const { translator } = cpu;
    const { observer } = translator;
    translator.observer = undefined;
    const host = this.translated(cpu, ACCESS.load, ea) ?? this.translated(cpu, ACCESS.fetch, ea);
    translator.observer = observer;
    return host;
  }

  private translated(cpu: Cpu, access: Access, ea: bigint): number | undefined {
    const { machine } = this;
    const { translator, state } = cpu;
    if (!translator.probe(state, access, hiOf(ea), loOf(ea)))
      return machine.l0 ? unmappedAddress(machine.l0, cpu, ea) : undefined;
    const { raHi, raLo } = translator;
    return machine.memory.contains(raHi, raLo, 1) ? Number(joinHalves(raHi, raLo)) : undefined;
  }
}
