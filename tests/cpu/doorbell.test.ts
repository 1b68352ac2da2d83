/** Doorbells: msgsnd, msgclr, msgsndp, msgclrp and DPDES (Power ISA v3.1 Book III, chapter 11). */
import { deliver } from '../../src/cpu/asynchronous';
import { POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { PENDING } from '../../src/cpu/pending';
import { EE, ME, mtspr, named, perform, SF, TestMachine } from './support';

const GUEST = SF | ME;

describe('doorbells', () => {
  const DOORBELL = 0x28000000n;
  const BROADCAST = 0x02000000n;
  const waiting = (machine: TestMachine): boolean[] =>
    machine.cpus.map((cpu) => (named(cpu, 'PENDING') & BigInt(PENDING.HYPERVISOR_DOORBELL)) !== 0n);

  test('msgsnd reaches the thread with that PIR', () => {
    const machine = new TestMachine(POWER9, 3);
    expect(perform(machine.cpus[0]!, 'msgsnd', DOORBELL | 2n)).toBe(OUTCOME.RESUME);
    expect(waiting(machine)).toEqual([false, false, true]);
  });

  test('msgsnd to the core reaches all its threads', () => {
    const machine = new TestMachine(POWER9, 6);
    perform(machine.cpus[0]!, 'msgsnd', DOORBELL | BROADCAST | 5n);
    expect(waiting(machine)).toEqual([false, false, false, false, true, true]);
  });

  test('another type of message, or a thread that does not exist, is nothing', () => {
    const machine = new TestMachine(POWER9, 2);
    perform(machine.cpus[0]!, 'msgsnd', 0x20000000n | 1n);
    perform(machine.cpus[0]!, 'msgsnd', DOORBELL | 7n);
    expect(waiting(machine)).toEqual([false, false]);
  });

  test('msgclr clears the thread’s own', () => {
    const machine = new TestMachine(POWER9, 2);
    for (const tag of [0n, 1n]) perform(machine.cpus[0]!, 'msgsnd', DOORBELL | tag);
    perform(machine.cpus[1]!, 'msgclr', DOORBELL);
    expect(waiting(machine)).toEqual([true, false]);
  });

  test('msgsndp reaches a thread of the same core, DPDES shows it, delivery clears it', () => {
    const machine = new TestMachine(POWER9, 6);
    perform(machine.cpus[4]!, 'msgsndp', DOORBELL | 1n);
    expect(machine.cpus.map((cpu) => named(cpu, 'DPDES'))).toEqual([0n, 0n, 0n, 0n, 0n, 1n]);
    perform(machine.cpus[4]!, 'mfspr', 176n, 0n);
    expect(machine.cpus[4]!.result).toBe(2n);
    perform(machine.cpus[0]!, 'mfspr', 176n, 0n);
    expect(machine.cpus[0]!.result).toBe(0n);
    const target = machine.cpus[5]!;
    target.msr = GUEST | EE;
    target.state.setNamed('DECEXPIRY', 1000n);
    expect(deliver(target)).toBe(true);
    expect(target.nia).toBe(0xa00n);
    expect(named(target, 'DPDES')).toBe(0n);
  });

  test('mtspr DPDES sets those of the core', () => {
    const machine = new TestMachine(POWER9, 2);
    mtspr(machine.cpus[0]!, 176, 2n);
    expect(machine.cpus.map((cpu) => named(cpu, 'DPDES'))).toEqual([0n, 1n]);
    perform(machine.cpus[1]!, 'msgclrp', DOORBELL);
    expect(named(machine.cpus[1]!, 'DPDES')).toBe(0n);
  });
});
