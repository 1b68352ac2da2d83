/** Hypercalls by which vCPUs wait and wake: H_CEDE, H_PROD, H_CONFER, H_JOIN, H_SIGNAL_SYS_RESET. */
import { MSR } from '../../../isa/registers/msr';
import { PENDING, STOPPED, isPending } from '../../../src/cpu/pending';
import { H } from '../../../src/kvm/hypercalls/status';
import { TestGuest } from '../l0/support';
import { status, STOPPED_AT, ALL } from './support';

describe('waiting and waking', () => {
  const stopped = (guest: TestGuest, cpu = 0): number => guest.cpu(cpu).state.int(STOPPED_AT);

  it('H_CEDE waits with external interrupts enabled', () => {
    const guest = new TestGuest();
    expect(guest.call('H_CEDE')).toBe(0n);
    expect(guest.cpu().inState(MSR.EE)).toBe(true);
    expect(stopped(guest)).toBe(STOPPED.UNTIL_EXCEPTION);
  });

  it('H_PROD before H_CEDE lets it return at once, once', () => {
    const guest = new TestGuest();
    expect(guest.call('H_PROD', [0])).toBe(0n);
    guest.call('H_CEDE');
    expect(stopped(guest)).toBe(STOPPED.RUNNING);
    guest.call('H_CEDE');
    expect(stopped(guest)).toBe(STOPPED.UNTIL_EXCEPTION);
  });

  it('H_PROD wakes, and does not start one that was never started', () => {
    const guest = new TestGuest({ cpus: 3 });
    guest.rtas(0x2006, [1, 0x1000, 7], 1);
    guest.call('H_CEDE', [], 1);
    expect(guest.call('H_PROD', [1])).toBe(0n);
    expect(stopped(guest, 1)).toBe(STOPPED.RUNNING);
    expect(guest.call('H_PROD', [2])).toBe(0n);
    expect(stopped(guest, 2)).toBe(STOPPED.CEDED);
    expect(guest.call('H_PROD', [3])).toBe(status(H.PARAMETER));
    expect(guest.call('H_PROD', [ALL])).toBe(status(H.PARAMETER));
  });

  it('H_CONFER takes a vCPU or all', () => {
    const guest = new TestGuest();
    expect(guest.call('H_CONFER', [1, 1])).toBe(0n);
    expect(guest.call('H_CONFER', [ALL])).toBe(0n);
    expect(guest.call('H_CONFER', [2])).toBe(status(H.PARAMETER));
  });

  it('H_JOIN waits for H_PROD, and the last one goes on', () => {
    const guest = new TestGuest();
    guest.rtas(0x2006, [1, 0x1000, 0], 1);
    expect(guest.call('H_JOIN', [], 1)).toBe(0n);
    expect(stopped(guest, 1)).toBe(STOPPED.CEDED);
    expect(guest.call('H_JOIN')).toBe(status(H.CONTINUE));
    expect(stopped(guest)).toBe(STOPPED.RUNNING);
    guest.call('H_PROD', [1]);
    expect(stopped(guest, 1)).toBe(STOPPED.RUNNING);
    guest.cpu(1).msr |= MSR.EE.mask;
    expect(guest.call('H_JOIN', [], 1)).toBe(status(H.BAD_MODE));
  });

  it('H_SIGNAL_SYS_RESET reaches those that run', () => {
    const guest = new TestGuest({ cpus: 3 });
    guest.rtas(0x2006, [1, 0x1000, 0], 1);
    const pending = (): boolean[] => guest.cpus.map((cpu) => isPending(cpu, PENDING.SYSTEM_RESET));
    expect(guest.call('H_SIGNAL_SYS_RESET', [-2])).toBe(0n);
    expect(pending()).toEqual([false, true, false]);
    expect(guest.call('H_SIGNAL_SYS_RESET', [ALL])).toBe(0n);
    expect(pending()).toEqual([true, true, false]);
    expect(guest.call('H_SIGNAL_SYS_RESET', [3])).toBe(status(H.PARAMETER));
  });

  it("a system reset that is delivered is the guest's own", () => {
    const guest = new TestGuest();
    guest.interrupt('systemReset');
    expect(guest.taken).toMatchObject([{ interrupt: 'systemReset', handler: 0x100n }]);
    expect(guest.cpu().inState(MSR.HV)).toBe(false);
  });
});
