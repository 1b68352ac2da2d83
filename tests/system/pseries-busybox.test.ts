/**
 * Debian's kernel with Debian's busybox, both unchanged, on machine pseries: a script of what a user would try first, and a
 * conversation with the shell. Needs `tests/system/linux/fetch`.
 */
import { cpio } from '../support/cpio';
import { temporaryFolder } from '../support/folder';
import { describeUnless, qemuMissing, testUnless } from '../support/requirements';
import { busybox, COMMAND_LINE, fetchedMissing, onBook3s, onQemu, talkOnBook3s } from './linux/run';

/** What the script prints, on any machine but for what it says of the machine. */
const printed = (cpus: number, model: string, translation: string): string[] => [
  `shell: 42 Linux ppc64le ${cpus}`,
  '/bin            /dev/console    /proc/self/exe  /sys/kernel',
  'rootfs on / type rootfs',
  'proc on /proc type proc',
  'sysfs on /sys type sysfs',
  'dev on /dev type devtmpfs',
  'tmp on /tmp type tmpfs',
  model,
  translation,
  '     2000      2000      8893 numbers',
  'ea4d0a24dabcaa11f9aa979b872d162b  numbers',
  '6251e5743b6fd6a7d606130bdf7c15077ce85ebd3a0fdee284d15a46df199e38  numbers',
  '2000 1999 1998 ',
  '285857.142857 2668667000',
  '0.667 1.234568e+04 1e-07 -7',
  '1267650600228229401496703205376',
  '3.14285714285714285714',
  '1.41421356237309504880',
  'Sun Sep  9 01:46:40 UTC 2001',
  'ec87a838931d4d5d2e94a04644788a55  -',
  'compressed and back',
  'archived and back',
  '<1>',
  '<10>',
  'item a',
  'item b',
  'item c',
  '-five',
  '+5',
  '304f7b95',
  '3b7cf989',
  '5705e3c0',
  '7a044e2a',
  '95a02ea2',
  '9fc6b0b3',
  'bf4fa711',
  'd632eba7',
  'killed: 143',
  'slept',
  'signal: USR1',
  'tools: 0',
];

describeUnless(fetchedMissing('vmlinux', 'busybox'), 'busybox on pseries', () => {
  const file = temporaryFolder();
  let disk = '';
  beforeAll(() => {
    disk = file('busybox.cpio', cpio(busybox('busybox-init.sh')));
  });

  test.each([
    ['power9', 1, 'Radix'],
    ['power9', 2, 'Radix'],
    ['power9', 1, 'Hash'],
    ['power9', 2, 'Hash'],
    ['power10', 1, 'Radix'],
  ])('its tools give what they give elsewhere: %s, %d CPUs, %s', (model, cpus, translation) => {
    const { status, stderr, lines } = onBook3s(disk, {
      more: ['--cpu', model, '--smp', String(cpus)],
      append: translation === 'Hash' ? `${COMMAND_LINE} disable_radix` : COMMAND_LINE,
    });
    const expected = printed(cpus, model.toUpperCase(), translation);
    expect({ stderr, status, lines }).toEqual({ stderr: '', status: 0, lines: expected });
  });

  testUnless(qemuMissing(), 'QEMU prints the same', () => {
    expect(onQemu(disk)).toEqual(printed(1, 'POWER9', 'Radix'));
  });

  test('its shell answers what is typed', async () => {
    const { status, stderr, lines } = await talkOnBook3s(
      disk,
      // What a command prints is not what is typed: the quotes tell them apart.
      [
        ['/ # ', 'echo $((6 * 7))\n'],
        ['/ # ', "echo sle''eps; sleep 1000\n"],
        ['sleeps', '\x03'],
        ['/ # ', "echo rea''dy; cat >file\n"],
        ['ready', 'one line\nanother\n\x04'],
        ['/ # ', 'wc file; tty\n'],
        ['/ # ', 'poweroff -f\n'],
      ],
      `${COMMAND_LINE} interactive`,
    );
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    for (const line of ['42', '^C', '        2         3        17 file', '/dev/hvc0'])
      expect(lines).toContain(line);
  });
});
