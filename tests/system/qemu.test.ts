/** The fixtures print the same on QEMU's powernv9 and pseries as here. Skipped, saying so, where QEMU is not installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { assembleFixture, runGuest, type GuestOptions } from '../support/guest';
import { temporaryFolder } from '../support/folder';
import { hptGuest } from '../support/hpt';
import { MIB, runPseries } from '../support/pseries-guest';
import { describeUnless, QEMU, qemuMissing } from '../support/requirements';

const ARGUMENTS = ['-M', 'powernv9', '-m', '1G', '-display', 'none', '-monitor', 'none'];
/** Long against the milliseconds that a fixture takes and the seconds that QEMU takes to start. */
const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 20;

const file = temporaryFolder();
/**
 * What an image prints on QEMU until that is `length` characters, or until the limit. The console is a file: a pipe that
 * is not read in time loses characters of guests that do not wait for their UART.
 */
async function consoleOnQemu(
  image: Uint8Array,
  length: number,
  machine: readonly string[] = ARGUMENTS,
): Promise<string> {
  const output = file('console.txt', '');
  const program = ['-serial', `file:${output}`, '-bios', file('image.bin', image)];
  const child = spawn(QEMU, [...machine, ...program], { stdio: 'ignore' });
  const closed = once(child, 'close');
  try {
    // Its machine has no power register where ours is: it would go on for ever.
    for (let waited = 0; waited < LIMIT_MS && fs.statSync(output).size < length; waited += LOOK_EVERY_MS)
      await setTimeout(LOOK_EVERY_MS);
    return fs.readFileSync(output, 'latin1');
  } finally {
    child.kill();
    await closed;
  }
}

// QEMU 7.2 has no machine check for a load from nowhere.
const FIXTURES: readonly [string, GuestOptions][] = [
  ['hello.s', {}],
  ['radix.s', { symbols: { MACHINE_CHECK: 0n } }],
  ['hypervisor.s', {}],
  ['hpt-and-radix.s', {}],
];

const HPT_GUEST = 'pseries-hpt.s';
/** A POWER8 begins with a hashed page table; the capabilities are those that QEMU itself can have without a host's. */
const HPT_ARGUMENTS = [
  ...['-M', 'pseries,resize-hpt=enabled,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken'],
  ...['-cpu', 'power8', '-m', '256M', '-display', 'none', '-monitor', 'none', '-net', 'none'],
];
/** QEMU 7.2 answers H_BULK_REMOVE without R and C, and lets a load through that the key denies. */
const compared = (console: string): string[] =>
  console.split('\n').filter((line) => !line.startsWith('H_BULK_REMOVE') && !line.startsWith('key:'));

describeUnless(qemuMissing(), 'the fixtures on QEMU', () => {
  test.each(FIXTURES)('%s prints what it prints here', async (name, options) => {
    const { console: here } = runGuest(name, options);
    expect(await consoleOnQemu(assembleFixture(name, options), here.length)).toBe(here);
  });

  test('hpt-guest.s prints what it prints here', async () => {
    const { console: here } = hptGuest();
    expect(await consoleOnQemu(assembleFixture('hpt-guest.s'), here.length)).toBe(here);
  });

  test('pseries-hpt.s prints what it prints here', async () => {
    const options = { symbols: { CLEARS: 0n } };
    const { console: here } = runPseries(HPT_GUEST, {
      ...options,
      memory: 256 * MIB,
      append: 'disable_radix',
    });
    const there = await consoleOnQemu(assembleFixture(HPT_GUEST, options), here.length, HPT_ARGUMENTS);
    expect(compared(there)).toEqual(compared(here));
  });
});
