/** What is at a host real address: memory, or a device of the machine's bus. */
import type { RealMemory } from '../core/memory';
import type { Bus as CpuBus } from '../cpu/cpu';
import type { Bus } from './devices/bus';
import { reverseBytes } from './devices/device';

/** Memory and devices as the CPUs' services see them: values are those of big-endian bytes. */
export class MachineBus implements CpuBus {
  constructor(
    private readonly memory: RealMemory,
    private readonly devices: Bus,
    private readonly stored: (address: number, bytes: number, store: () => void) => void,
  ) {}

  private inMemory(ra: bigint, bytes: number): boolean {
    return ra >= 0n && ra + BigInt(bytes) <= BigInt(this.memory.size);
  }

  has(ra: bigint, bytes: number): boolean {
    return this.inMemory(ra, bytes) || this.devices.find(ra, bytes) !== undefined;
  }

  read(ra: bigint, bytes: 1 | 2 | 4 | 8): bigint | undefined {
    if (this.inMemory(ra, bytes)) {
      let value = 0n;
      for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(this.memory.bytes[Number(ra) + i]!);
      return value;
    }
    const value = this.devices.read(ra, bytes);
    return value === undefined ? undefined : reverseBytes(value, bytes);
  }

  write(ra: bigint, bytes: 1 | 2 | 4 | 8, value: bigint): boolean {
    if (!this.inMemory(ra, bytes)) return this.devices.write(ra, bytes, reverseBytes(value, bytes));
    this.stored(Number(ra), bytes, () => {
      for (let i = 0; i < bytes; i++)
        this.memory.bytes[Number(ra) + i] = Number((value >> BigInt(8 * (bytes - 1 - i))) & 0xffn);
    });
    return true;
  }
}
