/** Hypercalls that say how a guest is interrupted and translated, and some that have one setting. */
import { H } from '../../../src/kvm/hypercalls/status';
import { TestGuest } from '../l0/support';
import { status, ALL } from './support';

describe('H_SET_MODE', () => {
  const set = (guest: TestGuest, ...args: (number | bigint)[]): bigint => guest.call('H_SET_MODE', args);
  const lpcr = (guest: TestGuest, cpu = 0): bigint => guest.cpu(cpu).state.named('LPCR');
  const UNSUPPORTED = -256n;

  it('sets the byte order of interrupts on every vCPU', () => {
    const guest = new TestGuest();
    expect(set(guest, 1, 4)).toBe(0n);
    expect([lpcr(guest) & 0x2000000n, lpcr(guest, 1) & 0x2000000n]).toEqual([0x2000000n, 0x2000000n]);
    expect(set(guest, 0, 4)).toBe(0n);
    expect(lpcr(guest, 1) & 0x2000000n).toBe(0n);
    expect(set(guest, 2, 4)).toBe(UNSUPPORTED);
    expect(set(guest, 1, 4, 1)).toBe(status(H.P3));
    expect(set(guest, 1, 4, 0, 1)).toBe(status(H.P4));
  });

  it('sets AIL 0 and 3', () => {
    const guest = new TestGuest();
    expect(set(guest, 3, 3)).toBe(0n);
    expect(lpcr(guest, 1) & 0x1800000n).toBe(0x1800000n);
    expect(set(guest, 0, 3)).toBe(0n);
    expect(lpcr(guest) & 0x1800000n).toBe(0n);
    for (const ail of [1, 2, 4, ALL]) expect(set(guest, ail, 3)).toBe(UNSUPPORTED);
    expect(set(guest, 3, 3, 1)).toBe(status(H.P3));
    expect(set(guest, 3, 3, 0, 1)).toBe(status(H.P4));
  });

  it('sets CIABR, but not to match in the hypervisor', () => {
    const guest = new TestGuest();
    expect(set(guest, 0, 1, 0x1002)).toBe(0n);
    expect(guest.cpu().state.named('CIABR')).toBe(0x1002n);
    expect(set(guest, 0, 1, 0x1003)).toBe(status(H.P3));
    expect(set(guest, 0, 1, 0, 1)).toBe(status(H.P4));
    expect(set(guest, 1, 1)).toBe(UNSUPPORTED);
    expect(guest.cpu().state.named('CIABR')).toBe(0x1002n);
  });

  it('sets as many watchpoints as the model has', () => {
    const guest = new TestGuest();
    expect(set(guest, 0, 2, 0x1000, 3)).toBe(0n);
    expect(guest.cpu().state.named('DAWR0')).toBe(0x1000n);
    expect(set(guest, 0, 2, 0, 4)).toBe(status(H.P4));
    expect(set(guest, 1, 2)).toBe(UNSUPPORTED);
    expect(set(guest, 0, 5, 0x1000, 3)).toBe(status(H.P2));
    expect(set(new TestGuest({ model: 'power10' }), 0, 5, 0x1000, 3)).toBe(0n);
  });

  it.each([0, 6, 0x100000004n, ALL])('knows no resource %p', (resource) => {
    expect(set(new TestGuest(), 0, resource)).toBe(status(H.P2));
  });
});

describe('H_REGISTER_PROC_TBL', () => {
  const register = (guest: TestGuest, ...args: (number | bigint)[]): bigint =>
    guest.call('H_REGISTER_PROC_TBL', args);

  it('writes the partition table entry and flushes the partition', () => {
    const guest = new TestGuest();
    guest.invalidations.length = 0;
    expect(register(guest, 0x1d, 0x10000, 0, 4)).toBe(0n);
    expect(guest.l0.partitions.get(guest.l0.lpid)[1]).toBe(0x8000000000010004n);
    expect(guest.invalidations).toMatchObject([{ lpid: guest.l0.lpid, structures: 255 }]);
    expect(guest.cpu().state.named('LPCR') & 0x400n).toBe(0x400n);
    expect(register(guest, 0x1c, 0x10000, 0, 4)).toBe(0n);
    expect(guest.cpu(1).state.named('LPCR') & 0x400n).toBe(0n);
  });

  it('keeps and deregisters', () => {
    const guest = new TestGuest();
    register(guest, 0x1d, 0x10000, 0, 4);
    expect(register(guest, 0x5)).toBe(0n);
    expect(guest.l0.processTable).toBe(0x8000000000010004n);
    expect(register(guest, 0x15)).toBe(0n);
    expect(guest.l0.processTable).toBe(0x8000000000000000n);
  });

  it.each([
    ['an unknown flag', [0x20], H.PARAMETER],
    ['an unknown flag far up', [1n << 63n], H.PARAMETER],
    ['radix where the entry is none', [0x4], H.PARAMETER],
    ['a table that is not aligned', [0x1d, 0x10800, 0, 0], H.P2],
    ['a table above 2^60', [0x1d, 1n << 60n, 0, 0], H.P2],
    ['a page size', [0x1d, 0x10000, 1, 0], H.P3],
    ['a size above 2^36', [0x1d, 0x10000, 0, 25], H.P4],
    ['a huge size', [0x1d, 0x10000, 0, ALL], H.P4],
    ['segment tables', [0x1a, 0x10000, 0, 0], H.PARAMETER],
    ['a hash table beyond 2^38', [0x18, 1n << 38n, 0, 0], H.P2],
    ['a hash page size', [0x18, 0, 8, 0], H.P3],
    ['a hash table size', [0x18, 0, 0, 25], H.P4],
  ] as const)('refuses %s', (_what, args, expected) => {
    const guest = new TestGuest();
    const before = guest.l0.partitions.get(guest.l0.lpid);
    expect(register(guest, ...args)).toBe(status(expected));
    expect(guest.l0.partitions.get(guest.l0.lpid)).toEqual(before);
  });
});

describe('others', () => {
  it('H_SET_SPRG0 sets, H_SET_DABR has none, characteristics ask for nothing', () => {
    const guest = new TestGuest();
    expect(guest.call('H_SET_SPRG0', [0xdeadbeefn])).toBe(0n);
    expect(guest.cpu().state.named('SPRG0')).toBe(0xdeadbeefn);
    expect(guest.call('H_SET_DABR', [0])).toBe(status(H.HARDWARE));
    expect(guest.call('H_GET_CPU_CHARACTERISTICS', [1, 2])).toBe(0n);
    expect([guest.out(0), guest.out(1)]).toEqual([0n, 0n]);
  });
});
