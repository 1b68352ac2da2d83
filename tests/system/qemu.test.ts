/** The fixtures print the same on QEMU's powernv9 as here. Skipped, saying so, where QEMU is not installed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { assembleFixture, runGuest, type GuestOptions } from '../support/guest';

const QEMU = 'qemu-system-ppc64';
const ARGUMENTS = ['-M', 'powernv9', '-m', '1G', '-display', 'none', '-monitor', 'none'];
/** Long against the milliseconds that a fixture takes and the seconds that QEMU takes to start. */
const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 20;

const isInstalled = spawnSync(QEMU, ['--version']).error === undefined;
// eslint-disable-next-line no-console -- a skipped comparison must be visible
if (!isInstalled) console.warn(`skipped: the fixtures on QEMU: ${QEMU} is not installed`);

/**
 * What an image prints on QEMU until that is `length` characters, or until the limit. The console is a file: a pipe that
 * is not read in time loses characters of guests that do not wait for their UART.
 */
async function consoleOnQemu(image: Uint8Array, length: number): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-qemu-'));
  const [file, output] = [path.join(folder, 'image.bin'), path.join(folder, 'console.txt')];
  fs.writeFileSync(file, image);
  fs.writeFileSync(output, '');
  const child = spawn(QEMU, [...ARGUMENTS, '-serial', `file:${output}`, '-bios', file], { stdio: 'ignore' });
  const closed = once(child, 'close');
  try {
    // Its machine has no power register where ours is: it would go on for ever.
    for (let waited = 0; waited < LIMIT_MS && fs.statSync(output).size < length; waited += LOOK_EVERY_MS)
      await setTimeout(LOOK_EVERY_MS);
    return fs.readFileSync(output, 'latin1');
  } finally {
    child.kill();
    await closed;
    fs.rmSync(folder, { recursive: true });
  }
}

// QEMU 7.2 has no machine check for a load from nowhere.
const FIXTURES: readonly [string, GuestOptions][] = [
  ['hello.s', {}],
  ['radix.s', { symbols: { MACHINE_CHECK: 0n } }],
  ['hypervisor.s', {}],
];

(isInstalled ? describe : describe.skip)('on QEMU', () => {
  test.each(FIXTURES)('%s prints what it prints here', async (name, options) => {
    const { console: here } = runGuest(name, options);
    expect(await consoleOnQemu(assembleFixture(name, options), here.length)).toBe(here);
  });
});
