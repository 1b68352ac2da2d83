/** The bus: which device answers, and what happens where none does. */
import { InternalError, UserError } from '../../../src/core/errors';
import { Bus } from '../../../src/machine/devices/bus';
import { extractBytes, insertBytes, reverseBytes, type Device } from '../../../src/machine/devices/device';
import type { Json } from '../../../src/core/saved-state';

/** Remembers accesses; reads as its offset. */
class Probe implements Device {
  readonly log: string[] = [];
  value: Json = 0;
  read(offset: number, size: number): bigint {
    this.log.push(`r ${offset} ${size}`);
    return BigInt(offset);
  }
  write(offset: number, size: number, value: bigint): void {
    this.log.push(`w ${offset} ${size} ${value.toString(16)}`);
  }
  save(): Json {
    return this.value;
  }
  restore(state: Json): void {
    if (typeof state !== 'number') throw new UserError('not a number');
    this.value = state;
  }
}

function twoDevices() {
  const bus = new Bus();
  const [a, b] = [new Probe(), new Probe()];
  bus.add('a', 0xc000_0000n, 0x100, a);
  bus.add('b', 0xffff_ffff_ffff_ff00n, 0x100, b);
  return { bus, a, b };
}

it('gives an access to the device that holds all of it, with the offset in the device', () => {
  const { bus, a, b } = twoDevices();
  expect(bus.read(0xc000_0010n, 4)).toBe(0x10n);
  expect(bus.write(0xffff_ffff_ffff_fff8n, 8, 5n)).toBe(true);
  expect(bus.read(0xc000_00f8n, 8)).toBe(0xf8n);
  expect(a.log).toEqual(['r 16 4', 'r 248 8']);
  expect(b.log).toEqual(['w 248 8 5']);
});

it('drops bits of a value that the size does not have', () => {
  const { bus, a } = twoDevices();
  bus.write(0xc000_0000n, 2, -1n);
  expect(a.log).toEqual(['w 0 2 ffff']);
});

it.each([
  ['below', 0xbfff_ffffn, 1],
  ['across the start', 0xbfff_fffcn, 8],
  ['across the end', 0xc000_00fcn, 8],
  ['above', 0xc000_0100n, 1],
  ['at 0', 0n, 8],
] as const)('reports an access %s as unassigned and touches nothing', (_, address, size) => {
  const { bus, a, b } = twoDevices();
  expect(bus.read(address, size)).toBeUndefined();
  expect(bus.write(address, size, 0n)).toBe(false);
  expect([...a.log, ...b.log]).toEqual([]);
});

it('refuses ranges that overlap and names that are taken', () => {
  const { bus } = twoDevices();
  expect(() => bus.map({ name: 'c', base: 0xc000_00ffn, size: 1, registers: new Probe() })).toThrow(
    new InternalError('c overlaps a'),
  );
  expect(() => bus.attach('a', new Probe())).toThrow(InternalError);
  expect(() => bus.map({ name: 'd', base: 0xc000_0100n, size: 1, registers: new Probe() })).not.toThrow();
});

it('saves and restores the state of every device by name', () => {
  const { bus, a, b } = twoDevices();
  a.value = 7;
  const saved = bus.save();
  expect(saved).toEqual({ a: 7, b: 0 });
  a.value = b.value = 1;
  bus.restore(saved, 'snapshot: devices');
  expect([a.value, b.value]).toEqual([7, 0]);
});

it.each([
  ['not an object', 5, /devices: expected an object, found 5/],
  ['an array', [], /expected an object, found an array of 0 items/],
  ['a missing device', { a: 1 }, /devices\.b: expected a value, found nothing/],
  ['an unknown device', { a: 1, b: 2, c: 3 }, /devices\.c: expected no such key, found 3/],
  ['a bad state', { a: 'x', b: 2 }, /not a number/],
])('refuses %s on restore', (_, state, message) => {
  expect(() => twoDevices().bus.restore(state, 'snapshot: devices')).toThrow(message);
});

it('extracts, inserts and reverses bytes', () => {
  expect(extractBytes(0x1122334455667788n, 2, 2)).toBe(0x5566n);
  expect(extractBytes(0x1122334455667788n, 6, 4)).toBe(0x1122n);
  expect(insertBytes(0x1122334455667788n, 2, 2, 0xabcdn)).toBe(0x11223344abcd7788n);
  expect(reverseBytes(0x11223344n, 4)).toBe(0x44332211n);
});
