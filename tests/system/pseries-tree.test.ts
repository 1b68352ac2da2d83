/** The device tree of machine pseries: dtc takes it and has nothing to say against it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { temporaryFolder } from '../support/folder';
import { describeUnless, dtcMissing } from '../support/requirements';

const ROOT = path.join(__dirname, '..', '..');

describeUnless(dtcMissing(), 'dtc', () => {
  const file = temporaryFolder();

  test.each([
    ['power9', 1],
    ['power10', 3],
  ])('takes the tree of %s with %d CPUs', (model, cpus) => {
    const image = file('image.bin', new Uint8Array(4));
    const tree = file('tree.dtb');
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
