/**
 * Debian's kernel, unchanged, as L1 on machine pseries: to a first process of ours, on one and two CPUs; then its own
 * KVM with a guest (L2), compared with the same on QEMU; then the same kernel once more as L2. Needs `tests/system/linux/fetch` and a cross compiler.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { CPU_MODELS } from '../../src/cpu/models';
import { pseriesTree } from '../../src/machine/pseries/device-tree';
import { cpio, program, type CpioEntry } from '../support/cpio';
import { temporaryFolder } from '../support/folder';
import { describeUnless, missingTools, qemuMissing } from '../support/requirements';
import {
  COMMAND_LINE,
  CONSOLE,
  fetched,
  fetchedMissing,
  kvmEntries,
  onBook3s,
  onQemu,
  SOURCES,
} from './linux/run';

const GCC = 'powerpc64le-linux-gnu-gcc';
const MIB = 2 ** 20;

const missing = fetchedMissing('vmlinux') ?? missingTools([GCC], 'gcc-powerpc64le-linux-gnu');

const file = temporaryFolder();

/** Compiles for processes whose floating-point and vector registers are their own affair. */
function compiled(name: string, sources: readonly string[]): Uint8Array {
  const flags =
    '-O2 -Wall -Werror -ffreestanding -nostdlib -static -mcpu=power8 -mno-altivec -mno-vsx -msoft-float ' +
    '-fno-stack-protector -fno-tree-loop-distribute-patterns -Wl,-z,max-page-size=65536';
  const all = ['start.S', 'runtime.c', ...sources].map((source) => path.join(SOURCES, source));
  const { status, stderr } = spawnSync(GCC, [...flags.split(' '), '-o', file(name), ...all]);
  if (status !== 0) throw new Error(`${name}: ${stderr.toString()}`);
  return fs.readFileSync(file(name));
}

/** Writes the initial RAM disk with a first process, and gives its name. */
const disk = (name: string, init: Uint8Array, more: readonly CpioEntry[] = []): string =>
  file(name, cpio([...CONSOLE, ...kvmEntries(), program('init', init), ...more]));

/** What linux-vmm.c boots: the kernel, a RAM disk, and a tree of a machine that has them where that program puts them. */
function linuxAsGuest(init: Uint8Array): CpioEntry[] {
  const initrd = cpio([...CONSOLE, program('init', init)]);
  const tree = pseriesTree({
    model: CPU_MODELS.power9,
    cpus: 1,
    memory: 256 * MIB,
    rtas: { address: 248 * MIB, size: 65536 },
    initrd: { address: 64 * MIB, size: initrd.length },
    bootArguments: COMMAND_LINE,
  });
  return [fetched('vmlinux'), program('l2.cpio', initrd), program('l2.dtb', tree)];
}

/** Hypercalls of a name in a trace. */
const countOf = (trace: string, name: string): number =>
  fs.readFileSync(trace, 'utf8').split(`"name":"${name}"`).length - 1;

describeUnless(missing, 'Linux on pseries', () => {
  let hello = '';
  let vmm = '';
  let nested = '';
  beforeAll(() => {
    hello = disk('hello.cpio', compiled('hello', ['init.c']));
    vmm = disk('vmm.cpio', compiled('vmm', ['kvm.c', 'vmm.c', 'l2.S']));
    const boots = compiled('linux-vmm', ['kvm.c', 'linux-vmm.c']);
    nested = disk('nested.cpio', boots, linuxAsGuest(fs.readFileSync(file('hello'))));
  });

  test.each([
    ['power9', 1],
    ['power9', 2],
    ['power10', 1],
  ])('boots to its first process: %s, %d CPUs', (model, cpus) => {
    const { status, stderr, lines } = onBook3s(hello, { more: ['--cpu', model, '--smp', String(cpus)] });
    expect({ stderr, status, lines }).toEqual({
      stderr: '',
      status: 0,
      lines: ['init runs', `CPUs ${String(cpus).padStart(16, '0')}`, 'registers kept'],
    });
  });

  test.each(['1', '2'])('boots to its first process with a hashed page table: %s CPUs', (cpus) => {
    const { status, console, lines } = onBook3s(hello, {
      more: ['--smp', cpus],
      append: `${COMMAND_LINE} disable_radix`,
    });
    expect(console).toContain('hash-mmu: Initializing hash mmu with SLB');
    expect({ status, lines }).toEqual({
      status: 0,
      lines: ['init runs', `CPUs ${cpus.padStart(16, '0')}`, 'registers kept'],
    });
  });

  test('its KVM runs a guest, as on QEMU', () => {
    const trace = file('trace.jsonl');
    const traced = ['--trace', 'hcall', '--trace-format', 'jsonl', '--trace-out', trace];
    const { status, stderr, lines } = onBook3s(vmm, { more: traced });
    expect({ stderr, status, last: lines.at(-1) }).toEqual({ stderr: '', status: 0, last: 'KVM works' });
    expect(countOf(trace, 'H_SET_PARTITION_TABLE')).toBe(1);
    // Part 1 alone touches 64 pages; part 8 takes 32 away, one by one.
    expect(countOf(trace, 'H_ENTER_NESTED')).toBeGreaterThan(64);
    expect(countOf(trace, 'H_TLB_INVALIDATE')).toBeGreaterThan(32);
    if (!qemuMissing()) expect(lines).toEqual(onQemu(vmm));
  });

  test('its KVM boots the same kernel as L2 to a first process and power-off, as on QEMU', () => {
    const trace = file('nested.jsonl');
    const traced = ['-m', '1G', '--trace', 'hcall', '--trace-format', 'jsonl', '--trace-out', trace];
    const { status, stderr, lines, console } = onBook3s(nested, { more: traced });
    expect({ stderr, status, lines }).toEqual({
      stderr: '',
      status: 0,
      lines: [
        'L1 process runs',
        `KVM API ${'c'.padStart(16, '0')}`,
        'init runs',
        `CPUs ${'1'.padStart(16, '0')}`,
        'registers kept',
        'L2 powered off',
      ],
    });
    expect(console.split('Linux version 6.')).toHaveLength(3);
    // A thousand lines of its console, and the pages of what it is made of.
    expect(countOf(trace, 'H_ENTER_NESTED')).toBeGreaterThan(1000);
    if (!qemuMissing()) expect(lines).toEqual(onQemu(nested, { memory: '1G' }));
  });

  test('its KVM runs a guest on a machine with two CPUs', () => {
    const { status, lines } = onBook3s(vmm, { more: ['--smp', '2'] });
    expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: 'KVM works' });
  });
});
