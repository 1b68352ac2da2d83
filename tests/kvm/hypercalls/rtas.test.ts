/** RTAS calls one by one. */
import { MSR } from '../../../isa/registers/msr';
import { STOPPED } from '../../../src/cpu/pending';
import { H } from '../../../src/kvm/hypercalls/status';
import { GUEST, TestGuest } from '../l0/support';
import { status, STOPPED_AT, ALL } from './support';

describe('RTAS', () => {
  it('powers off, restarts, gives up', () => {
    const guest = new TestGuest();
    guest.rtas(0x2003, [-1, -1], 1);
    guest.rtas(0x2004, [], 1);
    guest.rtas(0x2010, [0], 1);
    expect(guest.power.map(({ kind }) => kind)).toEqual(['off', 'reboot', 'crash']);
  });

  it('has a clock that follows the time base', () => {
    const guest = new TestGuest();
    expect(guest.rtas(0x2001, [], 8).results).toEqual([0, 2024, 1, 1, 0, 0, 0, 0]);
    guest.now = 512_000_000n * 90n;
    expect(guest.rtas(0x2001, [], 8).results).toEqual([0, 2024, 1, 1, 0, 1, 30, 0]);
    expect(guest.rtas(0x2002, [2030, 2, 28, 23, 59, 59, 0], 1).results).toEqual([0]);
    guest.now += 512_000_000n;
    expect(guest.rtas(0x2001, [], 8).results).toEqual([0, 2030, 3, 1, 0, 0, 0, 0]);
  });

  it.each([
    [[2030, 2, 29, 0, 0, 0, 0]],
    [[2030, 13, 1, 0, 0, 0, 0]],
    [[1969, 1, 1, 0, 0, 0, 0]],
    [[2030, 1, 1, 24, 0, 0, 0]],
    [[-1, -1, -1, -1, -1, -1, -1]],
  ])('refuses the time %p', (parts) => {
    expect(new TestGuest().rtas(0x2002, parts, 1).results).toEqual([-3]);
  });

  it('starts, asks for and stops vCPUs', () => {
    const guest = new TestGuest();
    const state = (): number[] => guest.rtas(0x2005, [1], 2).results;
    expect(state()).toEqual([0, 0]);
    expect(guest.rtas(0x2006, [1, 0x2000, 0xabc], 1).results).toEqual([0]);
    const { state: regs } = guest.cpu(1);
    expect([guest.cpu(1).nia, regs.gpr(3), regs.int(STOPPED_AT)]).toEqual([0x2000n, 0xabcn, STOPPED.RUNNING]);
    expect(guest.cpu(1).msr).toBe(MSR.SF.mask | MSR.ME.mask);
    expect(state()).toEqual([0, 2]);
    expect(guest.rtas(0x2006, [1, 0x2000, 0], 1).results).toEqual([-1]);
    guest.rtas(0x2007, [], 1, 1);
    expect(regs.int(STOPPED_AT)).toBe(STOPPED.CEDED);
    expect(state()).toEqual([0, 0]);
    for (const none of [2, -1, 0x7fffffff]) {
      expect(guest.rtas(0x2006, [none, 0, 0], 1).results).toEqual([-3]);
      expect(guest.rtas(0x2005, [none], 2).results[0]).toBe(-3);
    }
  });

  it('prints characters, has no events and no parameters', () => {
    const guest = new TestGuest();
    guest.rtas(0x2000, [0x41], 1);
    expect(guest.output).toBe('A');
    expect(guest.rtas(0x200f, [0, 0, 0, 0], 1).results).toEqual([1]);
    expect(guest.rtas(0x200e, [0, 0, 0, 0, 0, 0], 1).results).toEqual([1]);
    expect(guest.rtas(0x2008, [0, 0, 0], 1).results).toEqual([-3]);
    expect(guest.rtas(0x2009, [0, 0], 1).results).toEqual([-3]);
  });

  it('refuses tokens, counts and blocks that are none', () => {
    const guest = new TestGuest();
    expect(guest.rtas(0x1fff, [], 1)).toEqual({ status: status(H.PARAMETER), results: [-3] });
    expect(guest.rtas(0x2011, [], 1)).toEqual({ status: status(H.PARAMETER), results: [-3] });
    expect(guest.rtas(0x2003, [0], 1).results).toEqual([-3]);
    expect(guest.rtas(0x2001, [], 7).results[0]).toBe(-3);
    expect(guest.power).toEqual([]);
    for (const counts of [
      [17, 0],
      [0, 17],
      [9, 8],
      [-1, 0],
      [0, -1],
      [-1, 2],
    ] as const) {
      guest.words(0x4000, [0x2003, ...counts]);
      expect(guest.call('KVMPPC_H_RTAS', [0x4000])).toBe(status(H.PARAMETER));
    }
    for (const at of [GUEST, GUEST - 8, ALL, -8])
      expect(guest.call('KVMPPC_H_RTAS', [at])).toBe(status(H.PARAMETER));
  });

  it('answers where there is no room for a status', () => {
    const guest = new TestGuest();
    guest.words(0x4000, [0x2000, 1, 0, 0x42]);
    expect(guest.call('KVMPPC_H_RTAS', [0x4000])).toBe(status(H.SUCCESS));
    // One result is what the service gives: without room it refuses.
    expect(guest.output).toBe('');
  });

  it('reads a block that ends with memory', () => {
    const guest = new TestGuest();
    guest.words(GUEST - 20, [0x2000, 1, 1, 0x43, 0]);
    expect(guest.call('KVMPPC_H_RTAS', [GUEST - 20])).toBe(0n);
    expect(guest.output).toBe('C');
  });
});
