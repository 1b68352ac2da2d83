/** Hypercalls on memory: logical loads and stores, caches, pages, random numbers. */
import { H } from '../../../src/kvm/hypercalls/status';
import { GUEST, TestGuest } from '../l0/support';
import { status, ALL } from './support';

describe('memory', () => {
  it('loads and stores as the size says', () => {
    const guest = new TestGuest();
    guest.write(0x8000, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (const [name, to] of [
      ['H_LOGICAL_CI_LOAD', 'H_LOGICAL_CI_STORE'],
      ['H_LOGICAL_CACHE_LOAD', 'H_LOGICAL_CACHE_STORE'],
    ] as const) {
      const loaded = [1, 2, 4, 8].map((size) => (guest.call(name, [size, 0x8000]), guest.out(0)));
      expect(loaded).toEqual([1n, 0x102n, 0x1020304n, 0x102030405060708n]);
      expect(guest.call(to, [2, 0x9000, 0xaabbccddeeffn])).toBe(0n);
      expect([...guest.read(0x9000, 3)]).toEqual([0xee, 0xff, 0]);
    }
  });

  it.each([
    ['size 0', 0, 0x8000n],
    ['size 3', 3, 0x8000n],
    ['size 16', 16, 0x8000n],
    ['a huge size', -1, 0x8000n],
    ['an address that is not aligned', 8, 0x8004n],
    ['an address past the end', 8, BigInt(GUEST)],
    ['an address at the end of all', 8, 0xfffffffffffffff8n],
  ])('refuses %s', (_what, size, address) => {
    const guest = new TestGuest();
    for (const name of [
      'H_LOGICAL_CI_LOAD',
      'H_LOGICAL_CACHE_LOAD',
      'H_LOGICAL_CI_STORE',
      'H_LOGICAL_CACHE_STORE',
    ])
      expect(guest.call(name, [size, address, 1])).toBe(status(H.PARAMETER));
  });

  it('has cache operations for addresses that are memory', () => {
    const guest = new TestGuest();
    for (const name of ['H_LOGICAL_ICBI', 'H_LOGICAL_DCBF']) {
      expect(guest.call(name, [0x8004])).toBe(0n);
      expect(guest.call(name, [GUEST])).toBe(status(H.PARAMETER));
      expect(guest.call(name, [ALL])).toBe(status(H.PARAMETER));
    }
  });

  it('H_PAGE_INIT zeroes and copies 4K pages', () => {
    const guest = new TestGuest();
    guest.write(0x8000, new Uint8Array(8192).fill(7));
    guest.write(0x20000, [1, 2, 3]);
    expect(guest.call('H_PAGE_INIT', [0x8000, 0x8000])).toBe(0n);
    expect([guest.read(0x8fff, 2)[0], guest.read(0x8fff, 2)[1]]).toEqual([0, 7]);
    expect(guest.call('H_PAGE_INIT', [0xc04000, 0x8000, 0x20000])).toBe(0n);
    expect([...guest.read(0x8000, 4)]).toEqual([1, 2, 3, 0]);
    expect(guest.call('H_PAGE_INIT', [0, 0x8000])).toBe(0n);
    expect(guest.read(0x8000, 1)[0]).toBe(1);
  });

  it.each([
    ['an unknown flag', [1, 0x8000, 0]],
    ['a destination that is not aligned', [0x8000, 0x8800, 0]],
    ['a destination outside memory', [0x8000, GUEST, 0]],
    ['a source that is not aligned', [0x4000, 0x8000, 0x20800]],
    ['a source outside memory', [0x4000, 0x8000, -4096]],
  ])('H_PAGE_INIT refuses %s', (_what, args) => {
    expect(new TestGuest().call('H_PAGE_INIT', args)).toBe(status(H.PARAMETER));
  });

  it('gives random numbers', () => {
    const guest = new TestGuest();
    expect(guest.call('H_RANDOM')).toBe(0n);
    expect(guest.out(0)).toBe(0x123456789abcdef0n);
  });
});
