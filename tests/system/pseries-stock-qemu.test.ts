/**
 * Debian's QEMU with its libraries, unchanged, as L1's virtual machine monitor: it boots Debian's kernel with Debian's busybox
 * as L2 on L1's KVM. Needs `tests/system/linux/fetch qemu`.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cpio, directory, program } from '../support/cpio';
import {
  CONSOLE,
  fetched,
  fetchedTree,
  isFetched,
  kvmEntries,
  onBook3s,
  onQemu,
  QEMU,
  SOURCES,
  works,
} from './linux/run';

const missing = ['vmlinux', 'busybox', 'qemu'].every(isFetched)
  ? undefined
  : 'no QEMU for ppc64le: run tests/system/linux/fetch qemu';
// eslint-disable-next-line no-console -- a skipped proof must be visible
if (missing) console.warn(`skipped: stock QEMU on pseries: ${missing}`);

const script = (name: string) => program('init', fs.readFileSync(path.join(SOURCES, name)));
const FOLDERS = ['bin', 'proc', 'sys', 'tmp'].map(directory);

(missing ? describe.skip : describe)('stock QEMU on pseries', () => {
  let folder = '';
  let disk = '';
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-qemu-'));
    disk = path.join(folder, 'l1.cpio');
    const busybox = fetched('busybox', 'bin/busybox');
    const l2 = cpio([...CONSOLE, ...FOLDERS, busybox, script('busybox-init.sh')]);
    const l1 = [...CONSOLE, ...FOLDERS, busybox, ...kvmEntries(), ...fetchedTree('qemu')];
    fs.writeFileSync(disk, cpio([...l1, fetched('vmlinux'), program('l2.cpio', l2), script('qemu-init.sh')]));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  test('boots the same kernel as L2 to a shell that runs a script, as on QEMU', () => {
    const { status, stderr, lines, console } = onBook3s(disk, { more: ['-m', '1G'], limit: '10000M' });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(console.split('Linux version 6.')).toHaveLength(3);
    expect(lines[0]).toBe('L1: Linux ppc64le with KVM');
    expect(lines).toContain('shell: 42 Linux ppc64le 1');
    expect(lines.slice(-2)).toEqual(['tools: 0', 'L1: QEMU ended with 0']);
    // Before that, a message of L2's kernel with its time may be in another's line.
    const ofShell = (all: string[]): string[] => all.slice(all.indexOf('shell: 42 Linux ppc64le 1'));
    if (works(QEMU)) expect(ofShell(lines)).toEqual(ofShell(onQemu(disk, { memory: '1G' })));
  });
});
