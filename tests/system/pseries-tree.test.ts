/** The device tree of machine pseries: dtc takes it and has nothing to say against it. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const isInstalled = spawnSync('dtc', ['--version']).status === 0;
// eslint-disable-next-line no-console -- a skipped comparison must be visible
if (!isInstalled) console.warn('skipped: dtc is not installed (Debian: device-tree-compiler)');

(isInstalled ? describe : describe.skip)('dtc', () => {
  let folder = '';
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-tree-'));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  test.each([
    ['power9', 1],
    ['power10', 3],
  ])('takes the tree of %s with %d CPUs', (model, cpus) => {
    const image = path.join(folder, 'image.bin');
    const tree = path.join(folder, 'tree.dtb');
    fs.writeFileSync(image, new Uint8Array(4));
    const boot = ['boot', image, '--machine', 'pseries', '--cpu', model, '--smp', String(cpus)];
    const more = ['--append', 'console=hvc0', '--initrd', image, '--dump-dtb', tree];
    const made = spawnSync(process.execPath, [path.join(ROOT, 'bin', 'book3s'), ...boot, ...more], {
      encoding: 'utf8',
    });
    expect({ status: made.status, stdout: made.stdout, stderr: made.stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const read = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts', tree], { encoding: 'utf8' });
    expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: '' });
    expect(read.stdout).toContain('bootargs = "console=hvc0"');
    expect(read.stdout.match(/PowerPC,POWER\d+@/g)).toHaveLength(cpus);
  });
});
