/** State of the built-in hypervisor that the fixtures do not have: each piece of it is in a snapshot and comes back. */
import { VTY_SOURCE } from '../../src/kvm/guest/xics';
import { perform, swapOut } from '../../src/kvm/host/operations';
import { PseriesGuest } from '../support/pseries-guest';
import { fileOf, snapshotOf } from '../support/resume';

test('interrupts, console, shared areas, clock, host pages in any order', () => {
  const { machine } = new PseriesGuest('pseries-hello.s', { cpus: 2 });
  const l0 = machine.l0!;
  machine.run(500);
  l0.xics.configure(VTY_SOURCE, { server: 1, priority: 5 });
  l0.xics.setCppr(1, 9);
  l0.xics.setMfrr(0, 4);
  machine.input(Uint8Array.of(0x41, 0x42));
  Object.assign(l0.vcpus[1]!, { isProdded: true, isJoined: true });
  Object.assign(l0.vcpus[0]!.vpa, { address: 0x9000n, length: 640 });
  l0.clockOffset += 12345;
  l0.vm.warnings.push('once');
  const hva = l0.mm.mmap({ bytes: 64 * 65536 });
  for (let page = 0; page < 64; page++) l0.mm.resolve(hva + page * 65536, 'write');
  // Single frames that come back in no order, a page on the swap device.
  for (const page of [9, 3, 41, 17, 55, 1]) l0.mm.discard(hva + page * 65536, hva + (page + 1) * 65536);
  perform(swapOut(l0.mm, hva + 5 * 65536, hva + 7 * 65536));
  const file = fileOf(machine);

  const other = new PseriesGuest('pseries-hello.s', { cpus: 2 }).machine;
  other.restore('s.snap', snapshotOf(file));
  const restored = other.l0!;
  expect(restored.xics.state(VTY_SOURCE)).toEqual({ server: 1, priority: 5 });
  expect(restored.xics.poll(1)).toEqual(l0.xics.poll(1));
  expect(other.cpus[1]!.state.named('PENDING')).toBe(machine.cpus[1]!.state.named('PENDING'));
  expect(restored.vcpus[1]).toMatchObject({ isProdded: true, isJoined: true });
  expect(restored.secondsNow(restored.vcpus[0]!)).toBe(l0.secondsNow(l0.vcpus[0]!));
  expect(restored.console.take(9)).toEqual([0x41, 0x42]);
  l0.console.take(9);
  // The next frames are those that the first machine would give.
  const next = ({ frames }: typeof l0): number[] => Array.from({ length: 20 }, () => frames.allocate(0));
  expect(next(restored)).toEqual(next(l0));
  expect(restored.mm.resolve(hva + 5 * 65536, 'read')).toBe(l0.mm.resolve(hva + 5 * 65536, 'read'));
  expect(JSON.stringify(other.save())).toBe(JSON.stringify(machine.save()));
});
