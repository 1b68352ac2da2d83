/** Snapshots of machine pseries at the command line, saved while a nested guest runs. */
import { runBoot } from '../../src/cli/session';
import { runWalk } from '../../src/cli/walk-body';
import { cli as run, type CliResult } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { PseriesGuest, type PseriesOptions } from '../support/pseries-guest';
import { fileOf } from '../support/resume';

const file = temporaryFolder();
const cli = (args: readonly string[]): Promise<CliResult> => run(args, { runBoot, runWalk });

/** nested.s, stopped in the middle of a run of a nested guest. */
function inNested(options: PseriesOptions = {}): { guest: PseriesGuest; name: string } {
  const guest = new PseriesGuest('nested.s', options);
  const { l0, cpus } = guest.machine;
  while (guest.machine.instructions < 2500n || !l0!.nested!.isRunning(l0!.vcpus[0]!)) guest.machine.run(20);
  expect(cpus[0]!.state.named('LPIDR')).not.toBe(BigInt(l0!.lpid));
  return { guest, name: file('l2.snap', fileOf(guest.machine)) };
}

test.each([{}, { tlb: 'architected' }] as const)(
  'walk explains both stages of the nested guest: %p',
  async (shape) => {
    const { guest, name } = inNested(shape);
    const { code, out } = await cli(['walk', '0x200000', '--snapshot', name]);
    expect(code).toBe(0);
    const shadow = guest.machine.cpus[0]!.state.named('LPIDR');
    expect(out).toContain(`effective LPID ${shadow}, effective PID 1`);
    expect(out).toMatch(new RegExp(`^partition PATE\\[${shadow}\\]`, 'm'));
    expect(out).toMatch(/^ +process PTE level 3\[0\] +ra 0x0000000000033000/m);
    const nested = [...guest.nested.guests.values()].find(({ shadowLpid }) => BigInt(shadowLpid) === shadow)!;
    const host = nested.tree.find(0x200000)!.pte & 0x00ff_ffff_ffff_f000n;
    expect(out).toContain(`=> host RA 0x${host.toString(16).padStart(16, '0')}`);
  },
);

test('walk explains L1 with its LPID and its MSR', async () => {
  const { guest, name } = inNested();
  const { l0 } = guest.machine;
  const { code, out } = await cli([
    'walk',
    '0x1000',
    '--snapshot',
    name,
    '--reg',
    'LPIDR=1,MSR=0x8000000000001000',
  ]);
  expect(code).toBe(0);
  const host = l0!.arch.tree.find(0x1000)!.pte & 0x00ff_ffff_ffff_f000n;
  expect(out).toContain(`=> host RA 0x${(host + 0x1000n).toString(16).padStart(16, '0')}`);
});

test('boot goes on from within the nested guest', async () => {
  const { guest, name } = inNested();
  const before = guest.console;
  guest.machine.run(1_000_000);
  const { code, out } = await cli(['boot', '--snapshot-in', name]);
  expect([code, out]).toEqual([0, guest.console.slice(before.length)]);
});

test('what lookaside buffers keep is not lost without a word', async () => {
  const { name } = inNested({ tlb: 'architected' });
  const { code, err } = await cli(['boot', '--snapshot-in', name]);
  expect(code).toBe(2);
  expect(err).toContain('expected --tlb coherent, found architected; run with --tlb architected');
});
