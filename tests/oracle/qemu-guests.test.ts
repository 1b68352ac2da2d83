/** Guests with hashed page tables print on QEMU what they print here, where QEMU is installed. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { assembleFixture, runGuest } from '../support/guest';
import { temporaryFolder } from '../support/cli';
import { hptGuest } from '../support/hpt';

const QEMU = 'qemu-system-ppc64';
const installed = spawnSync(QEMU, ['--version']).status === 0;
const onQemu = installed ? test : test.skip;
if (!installed) process.stderr.write(`${QEMU} is not installed: its comparison is skipped\n`);

const file = temporaryFolder();
const PATIENCE = 60_000;

const LOOK = 50;

/**
 * What a program prints on powernv9 until it has printed as much as is expected; QEMU itself goes on for ever. Into a
 * file, which takes every byte at once: the guests do not ask the UART whether it has room.
 */
function consoleOf(image: string, length: number): Promise<string> {
  const out = `${image}.console`;
  const serial = ['-display', 'none', '-monitor', 'none', '-serial', `file:${out}`];
  const qemu = spawn(QEMU, ['-M', 'powernv9', '-m', '1G', '-bios', image, ...serial], { stdio: 'ignore' });
  const printed = (): string => (fs.existsSync(out) ? fs.readFileSync(out, 'latin1') : '');
  return new Promise((resolve, reject) => {
    const end = Date.now() + PATIENCE / 2;
    const timer = setInterval(() => {
      if (printed().length >= length || Date.now() > end) qemu.kill();
    }, LOOK);
    qemu.on('error', reject);
    qemu.on('exit', () => {
      clearInterval(timer);
      resolve(printed());
    });
  });
}

onQemu(
  'hpt-and-radix.s',
  async () => {
    const { console } = runGuest('hpt-and-radix.s');
    const image = file('hpt-and-radix.bin', assembleFixture('hpt-and-radix.s'));
    expect(await consoleOf(image, console.length)).toBe(console);
  },
  PATIENCE,
);

onQemu(
  'hpt-guest.s',
  async () => {
    const { console } = hptGuest();
    const image = file('hpt-guest.bin', assembleFixture('hpt-guest.s'));
    expect(await consoleOf(image, console.length)).toBe(console);
  },
  PATIENCE,
);
