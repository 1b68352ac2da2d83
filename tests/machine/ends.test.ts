/** How a run ends: attn, power, dead guests, and guests that get nowhere. */
import { MSR } from '../../isa/registers/msr';
import { program } from '../support/program';

test('attn ends the run after itself', () => {
  const guest = program('start: li 3, 1\n attn\n li 3, 2');
  expect(guest.machine.run(100)).toEqual({ end: { kind: 'attn' }, used: 2 });
  expect(guest.gpr(3)).toBe(1n);
});

test('the power register ends the run after the store, and the machine can go on', () => {
  const guest = program(
    'start: load64 3, POWER\n lis 4, 0\n ori 4, 4, POWER_OFF\n stwcix 4, 0, 3\n li 5, 1\n attn',
  );
  expect(guest.run()).toEqual({ kind: 'power', request: { kind: 'off' } });
  expect(guest.gpr(5)).toBe(0n);
  expect(guest.run()).toEqual({ kind: 'attn' });
  expect(guest.gpr(5)).toBe(1n);
});

test('a machine check with ME=0 is a dead guest, with where and why', () => {
  const guest = program('start: lis 3, 0x4000\nbad: ld 4, 0(3)');
  guest.cpu.msr &= ~MSR.ME.mask;
  const end = guest.run();
  expect(end).toMatchObject({ kind: 'checkstop' });
  expect((end as { message: string }).message).toContain('CPU 0 at 0x4: machine check with MSR[ME]=0');
  expect((end as { message: string }).message).toContain('address 0x40000000');
});

test.each([1, 10, 100_000])('a guest that only takes interrupts is reported, in runs of %d', (slice) => {
  const guest = program('start: .long 0');
  let used = 0;
  for (;;) {
    const run = guest.machine.run(slice);
    expect(run.used).toBeLessThanOrEqual(slice);
    used += run.used;
    if (run.end.kind === 'budget') continue;
    expect(run.end).toMatchObject({ kind: 'interruptLoop' });
    expect((run.end as { message: string }).message).toContain('NIA 0xe40');
    break;
  }
  expect(used).toBe(1000);
});

test('a jump to where nothing is ends as such a loop or as a dead guest, within the budget', () => {
  const guest = program('start: lis 3, 0x7000\n mtctr 3\n bctr');
  guest.cpu.msr &= ~MSR.ME.mask;
  expect(guest.run()).toMatchObject({ kind: 'checkstop' });
  const other = program('start: lis 3, 0x7000\n mtctr 3\n bctr');
  other.cpu.msr |= MSR.ME.mask;
  expect(['checkstop', 'interruptLoop']).toContain(other.run().kind);
});

test('a branch to itself uses up the budget, exactly', () => {
  const guest = program('start: b start');
  expect(guest.machine.run(12_345)).toEqual({ end: { kind: 'budget' }, used: 12_345 });
  expect(guest.machine.instructions).toBe(12_345n);
});
