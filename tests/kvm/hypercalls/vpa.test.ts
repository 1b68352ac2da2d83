/** H_REGISTER_VPA, and what L0 keeps in the area. */
import { H } from '../../../src/kvm/hypercalls/status';
import { GUEST, TestGuest } from '../l0/support';
import { status, ALL } from './support';

const VPA = (n: number): bigint => BigInt(n) << 45n;

describe('H_REGISTER_VPA', () => {
  const register = (
    guest: TestGuest,
    f: number,
    address: number | bigint,
    vcpu: number | bigint = 0,
  ): bigint => guest.call('H_REGISTER_VPA', [VPA(f), vcpu, address]);
  const vpaAt = (guest: TestGuest, address: number, size = 640): void =>
    guest.write(address + 4, [size >> 8, size & 0xff]);

  it('registers and deregisters in order', () => {
    const guest = new TestGuest();
    vpaAt(guest, 0x8000);
    guest.words(0x9000, [0, 0x80]);
    guest.words(0xa000, [0, 0x1000]);
    expect(register(guest, 3, 0x9000)).toBe(status(H.RESOURCE));
    expect(register(guest, 2, 0xa000)).toBe(status(H.RESOURCE));
    expect(register(guest, 1, 0x8000)).toBe(0n);
    expect(register(guest, 3, 0x9000)).toBe(0n);
    expect(register(guest, 2, 0xa000)).toBe(0n);
    expect(guest.l0.vcpus[0]!.vpa).toEqual({ address: 0x8000n, length: 640 });
    expect(register(guest, 5, 0)).toBe(status(H.RESOURCE));
    expect(register(guest, 7, 0)).toBe(0n);
    expect(register(guest, 5, 0)).toBe(status(H.RESOURCE));
    expect(register(guest, 6, 0)).toBe(0n);
    expect(register(guest, 5, 0)).toBe(0n);
    expect(guest.l0.vcpus[0]!.vpa.length).toBe(0);
  });

  it.each([
    ['address 0', 1, 0, 640, H.HARDWARE],
    ['an address that is not aligned', 1, 0x8040, 640, H.PARAMETER],
    ['a size below 640', 1, 0x8000, 639, H.PARAMETER],
    ['an area across 4 KiB', 1, 0x8e00, 640, H.PARAMETER],
    ['an address outside memory', 1, GUEST, 0, H.PARAMETER],
    ['an address at the end of all', 1, 2 ** 52, 0, H.PARAMETER],
    ['a function 0', 0, 0x8000, 640, H.PARAMETER],
    ['a function 4', 4, 0x8000, 640, H.PARAMETER],
  ] as const)('refuses %s', (_what, f, address, size, expected) => {
    const guest = new TestGuest();
    if (size > 0) vpaAt(guest, address, size);
    expect(register(guest, f, address)).toBe(status(expected));
  });

  it('counts yields: odd while the vCPU waits', () => {
    const guest = new TestGuest();
    const counted = (): number | undefined => guest.read(0x8103, 1)[0];
    vpaAt(guest, 0x8000);
    register(guest, 1, 0x8000);
    guest.call('H_CEDE');
    expect(counted()).toBe(1);
    guest.l0.resumed(guest.cpu());
    expect(counted()).toBe(2);
    guest.l0.resumed(guest.cpu());
    expect(counted()).toBe(2);
    guest.call('H_CEDE');
    guest.call('H_PROD', [0], 1);
    expect(counted()).toBe(4);
    guest.write(0x8103, [7]);
    guest.call('H_CEDE');
    expect(counted()).toBe(9);
    guest.l0.mm.vmas.remove(guest.hva, guest.hva + GUEST);
    guest.l0.resumed(guest.cpu());
    expect(guest.l0.vcpus[0]!.isCeded).toBe(false);
  });

  it('refuses a vCPU that does not exist, and shadow and log areas that are none', () => {
    const guest = new TestGuest();
    vpaAt(guest, 0x8000);
    expect(register(guest, 1, 0x8000, 2)).toBe(status(H.PARAMETER));
    expect(register(guest, 1, 0x8000, ALL)).toBe(status(H.PARAMETER));
    register(guest, 1, 0x8000);
    for (const f of [2, 3]) expect(register(guest, f, 0)).toBe(status(H.HARDWARE));
    guest.words(0x9000, [0, 7]);
    expect(register(guest, 3, 0x9000)).toBe(status(H.PARAMETER));
    guest.words(0x9000, [0, 47]);
    expect(register(guest, 2, 0x9000)).toBe(status(H.PARAMETER));
    guest.words(0x9ff8, [0, 16]);
    expect(register(guest, 3, 0x9ff8)).toBe(status(H.PARAMETER));
    guest.words(0x9000, [0, -1]);
    expect(register(guest, 2, 0x9000)).toBe(status(H.PARAMETER));
    expect(register(guest, 1, 0xffffffffffffff80n)).toBe(status(H.PARAMETER));
  });
});
