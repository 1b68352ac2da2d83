/**
 * The devices of a machine by host real address. Real memory is not here: the engine reaches it directly, and what is
 * neither memory nor a device is reported as unassigned, for the CPU to raise a machine check (Power ISA Book III,
 * 7.5.2) or whatever the machine does.
 */
import { InternalError } from '../../core/errors';
import { StateReader, type Json } from '../../core/saved-state';
import type { AccessSize, Device, Registers, Snapshotable } from './device';

/** A device and where it is. */
export interface Region {
  readonly name: string;
  readonly base: bigint;
  /** Bytes, at least 1. */
  readonly size: number;
  readonly registers: Registers;
}

export class Bus {
  private readonly regions: Region[] = [];
  private readonly devices = new Map<string, Snapshotable>();
  private last: Region | undefined;

  /** Adds a range of registers; ranges that overlap are a defect of the machine's description. */
  map(region: Region): void {
    const end = region.base + BigInt(region.size);
    const other = this.regions.find((r) => region.base < r.base + BigInt(r.size) && r.base < end);
    if (other) throw new InternalError(`${region.name} overlaps ${other.name}`);
    this.regions.push(region);
  }

  /** Registers state for {@link save}; a device with two ranges is there once. */
  attach(name: string, device: Snapshotable): void {
    if (this.devices.has(name)) throw new InternalError(`two devices are named ${name}`);
    this.devices.set(name, device);
  }

  /** The usual case: one device with one range. */
  add(name: string, base: bigint, size: number, device: Device): void {
    this.map({ name, base, size, registers: device });
    this.attach(name, device);
  }

  /** The range that holds all `size` bytes from `address`. */
  find(address: bigint, size: number): Region | undefined {
    const holds = (r: Region): boolean =>
      address >= r.base && address + BigInt(size) <= r.base + BigInt(r.size);
    if (this.last && holds(this.last)) return this.last;
    const found = this.regions.find(holds);
    if (found) this.last = found;
    return found;
  }

  /** The bytes as a little-endian value, or undefined: nothing answers at this address. */
  read(address: bigint, size: AccessSize): bigint | undefined {
    const region = this.find(address, size);
    return region?.registers.read(Number(address - region.base), size);
  }

  /** False: nothing answers at this address. */
  write(address: bigint, size: AccessSize, value: bigint): boolean {
    const region = this.find(address, size);
    if (!region) return false;
    region.registers.write(Number(address - region.base), size, BigInt.asUintN(8 * size, value));
    return true;
  }

  /** State of every device by name. */
  save(): { readonly [name: string]: Json } {
    return Object.fromEntries([...this.devices].map(([name, device]) => [name, device.save()]));
  }

  /** @param where names the state in messages; @throws UserError when a device is missing, unknown, or its state is wrong; devices before it are restored */
  restore(state: Json | undefined, where: string): void {
    const reader = new StateReader(where, state);
    const states = [...this.devices].map(([name, device]) => ({
      device,
      state: reader.required(name),
      place: `${where}.${name}`,
    }));
    reader.done();
    for (const { device, state, place } of states) device.restore(state, place);
  }
}
