/**
 * Debian's QEMU with its libraries, unchanged, as L1's virtual machine monitor: it boots Debian's kernel with Debian's busybox
 * as L2 on L1's KVM. Needs `tests/system/linux/fetch qemu`.
 */
import { cpio, program } from '../support/cpio';
import { temporaryFolder } from '../support/folder';
import { describeUnless, qemuMissing } from '../support/requirements';
import { busybox, fetched, fetchedMissing, fetchedTree, kvmEntries, onBook3s, onQemu } from './linux/run';

describeUnless(fetchedMissing('vmlinux', 'busybox', 'qemu'), 'stock QEMU on pseries', () => {
  const file = temporaryFolder();
  let disk = '';
  beforeAll(() => {
    const l2 = [fetched('vmlinux'), program('l2.cpio', cpio(busybox('busybox-init.sh')))];
    const l1 = [...busybox('qemu-init.sh'), ...kvmEntries(), ...fetchedTree('qemu')];
    disk = file('l1.cpio', cpio([...l1, ...l2]));
  });

  test('boots the same kernel as L2 to a shell that runs a script, as on QEMU', () => {
    const { status, stderr, lines, console } = onBook3s(disk, { more: ['-m', '1G'], limit: '10000M' });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(console.split('Linux version 6.')).toHaveLength(3);
    expect(lines[0]).toBe('L1: Linux ppc64le with KVM');
    expect(lines).toContain('shell: 42 Linux ppc64le 1');
    expect(lines.slice(-2)).toEqual(['tools: 0', 'L1: QEMU ended with 0']);
    // Before that, a message of L2's kernel with its time may be in another's line.
    const ofShell = (all: string[]): string[] => all.slice(all.indexOf('shell: 42 Linux ppc64le 1'));
    if (!qemuMissing()) expect(ofShell(lines)).toEqual(ofShell(onQemu(disk, { memory: '1G' })));
  });
});
