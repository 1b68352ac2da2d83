/** The table of hypercalls and `sc 1`: which number is answered by what, and from where. */
import { MSR } from '../../../isa/registers/msr';
import { HYPERCALL_ROWS } from '../../../src/kvm/hypercalls/rows';
import { H, statusName } from '../../../src/kvm/hypercalls/status';
import { HypercallTable } from '../../../src/kvm/hypercalls/table';
import { TestGuest } from '../l0/support';
import { status } from './support';

describe('rows', () => {
  it('have numbers and names once each, and multiples of 4', () => {
    expect(new Set(HYPERCALL_ROWS.map(({ number }) => number)).size).toBe(HYPERCALL_ROWS.length);
    expect(new Set(HYPERCALL_ROWS.map(({ name }) => name)).size).toBe(HYPERCALL_ROWS.length);
    for (const { number } of HYPERCALL_ROWS) expect(number % 4).toBe(0);
  });

  it('are needed for a handler, and each has one at most', () => {
    const table = new HypercallTable();
    expect(() => table.add({ H_NO_SUCH: () => 0 })).toThrow('H_NO_SUCH');
    table.add({ H_CEDE: () => 0 });
    expect(() => table.add({ H_CEDE: () => 0 })).toThrow('two handlers');
  });

  it('name statuses', () => {
    expect(statusName(BigInt.asUintN(64, -4n))).toBe('H_PARAMETER');
    expect(statusName(0xe00n)).toBe('0xe00');
  });
});

describe('numbers that nobody answers', () => {
  it.each([0x0, 0x2, 0x60, 0x3a8, 0x47c, 0xf00c, 0xffff])('%i is H_FUNCTION', (number) => {
    expect(new TestGuest().call(number)).toBe(status(H.FUNCTION));
  });

  it('of more than 16 bits are H_FUNCTION, also where the low half is a number', () => {
    const guest = new TestGuest();
    guest.cpu().state.setGpr(3, 0x1_0000_0058n);
    guest.cpu().state.setGpr(5, 1n);
    guest.interrupt('systemCall', { level: 1, resume: 0x104n });
    expect(BigInt.asIntN(64, guest.cpu().state.gpr(3))).toBe(status(H.FUNCTION));
    expect(guest.output).toBe('');
  });
});

describe('sc 1', () => {
  it('goes on after the instruction', () => {
    const guest = new TestGuest();
    guest.call('H_RANDOM');
    expect(guest.cpu().nia).toBe(0x104n);
    expect(guest.taken).toEqual([]);
  });

  it('of problem state is a privileged program interrupt, and nothing is done', () => {
    const guest = new TestGuest();
    const cpu = guest.cpu();
    cpu.msr |= MSR.PR.mask;
    cpu.state.setGpr(3, 0x58n);
    cpu.state.setGpr(5, 1n);
    guest.interrupt('systemCall', { level: 1, resume: 0x104n });
    expect(guest.output).toBe('');
    expect(guest.taken).toMatchObject([{ interrupt: 'program', resume: 0x100n }]);
    expect(guest.taken[0]!.status & 0x40000n).toBe(0x40000n);
    expect(cpu.state.gpr(3)).toBe(0x58n);
  });
});
