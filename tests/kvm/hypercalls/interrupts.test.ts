/** The interrupt controller by hypercalls and RTAS. */
import { PENDING, isPending } from '../../../src/cpu/pending';
import { H } from '../../../src/kvm/hypercalls/status';
import { TestGuest } from '../l0/support';
import { status, ALL } from './support';

describe('interrupt controller', () => {
  const SOURCE = 0x1100;
  const line = (guest: TestGuest, cpu = 0): boolean => isPending(guest.cpu(cpu), PENDING.EXTERNAL);
  const xirr = (guest: TestGuest, cpu = 0): bigint => (guest.call('H_XIRR', [0], cpu), guest.out(0, cpu));

  it('takes an IPI from its line to its end', () => {
    const guest = new TestGuest();
    guest.call('H_CPPR', [0xff], 1);
    expect(guest.call('H_IPI', [1, 4])).toBe(0n);
    expect(line(guest, 1)).toBe(true);
    expect(guest.call('H_IPOLL', [1])).toBe(0n);
    expect([guest.out(0), guest.out(1)]).toEqual([0xff000002n, 4n]);
    expect(xirr(guest, 1)).toBe(0xff000002n);
    expect(line(guest, 1)).toBe(false);
    expect(xirr(guest, 1)).toBe(0x04000000n);
    guest.call('H_IPI', [1, 0xff], 1);
    expect(guest.call('H_EOI', [0xff000002], 1)).toBe(0n);
    expect(line(guest, 1)).toBe(false);
  });

  it('holds back what is not more favoured than the priority', () => {
    const guest = new TestGuest();
    guest.call('H_CPPR', [4]);
    guest.call('H_IPI', [0, 4]);
    expect(line(guest)).toBe(false);
    guest.call('H_CPPR', [5]);
    expect(line(guest)).toBe(true);
  });

  it('delivers an edge once, masked or not', () => {
    const guest = new TestGuest();
    guest.call('H_CPPR', [0xff]);
    guest.l0.xics.pulse(SOURCE);
    expect(line(guest)).toBe(false);
    expect(guest.rtas(0x200a, [SOURCE, 0, 5], 1).results).toEqual([0]);
    expect(line(guest)).toBe(true);
    expect(guest.rtas(0x200c, [SOURCE], 1).results).toEqual([0]);
    expect(line(guest)).toBe(false);
    expect(guest.rtas(0x200b, [SOURCE], 3).results).toEqual([0, 0, 0xff]);
    expect(guest.rtas(0x200d, [SOURCE], 1).results).toEqual([0]);
    expect(guest.rtas(0x200b, [SOURCE], 3).results).toEqual([0, 0, 5]);
    guest.call('H_XIRR_X', [0]);
    expect([guest.out(0), guest.out(1)]).toEqual([0xff001100n, guest.now]);
    guest.call('H_EOI', [0xff001100]);
    expect(line(guest)).toBe(false);
  });

  it.each(['H_IPI', 'H_IPOLL'])('%s refuses servers that do not exist', (name) => {
    const guest = new TestGuest();
    for (const server of [2, ALL, 0x100000000])
      expect(guest.call(name, [server, 0])).toBe(status(H.PARAMETER));
  });

  it.each([
    [0x200a, [0xfff, 0, 5], 1],
    [0x200a, [0x1200, 0, 5], 1],
    [0x200a, [SOURCE, 2, 5], 1],
    [0x200a, [SOURCE, -1, 5], 1],
    [0x200a, [SOURCE, 0, 256], 1],
    [0x200a, [SOURCE, 0, -1], 1],
    [0x200b, [0], 3],
    [0x200c, [-1], 1],
    [0x200d, [0x7fffffff], 1],
  ])('RTAS %i refuses %p', (token, args, results) => {
    expect(new TestGuest().rtas(token, args, results).results[0]).toBe(-3);
  });
});
