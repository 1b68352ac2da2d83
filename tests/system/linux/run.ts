/** Boots Debian's kernel on book3s and on QEMU, with what `tests/system/linux/fetch` fetched. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { device, directory, program, type CpioEntry } from '../../support/cpio';
import { QEMU } from '../../support/requirements';

const ROOT = path.join(__dirname, '..', '..', '..');
const FETCHED = path.join(ROOT, '.cache', 'linux');
export const SOURCES = __dirname;
export const VMLINUX = path.join(FETCHED, 'vmlinux');
// The self-tests of the kernel's cryptography are 1.2 thousand million instructions that prove nothing of the machine.
export const COMMAND_LINE = 'console=hvc0 cryptomgr.notests=1';
const QEMU_MACHINE =
  'pseries,x-vof=on,cap-nested-hv=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off';
const QEMU_LIMIT_MS = 120_000;

/** Why what `fetch` leaves cannot be used, or undefined. */
export const fetchedMissing = (...names: string[]): string | undefined =>
  names.every((name) => fs.existsSync(path.join(FETCHED, name)))
    ? undefined
    : `not all of ${names.join(', ')} is there: run tests/system/linux/fetch qemu`;
/** A fetched program or module as an entry of an initial RAM disk. */
export const fetched = (name: string, as = name): CpioEntry =>
  program(as, fs.readFileSync(path.join(FETCHED, name)));

/** The fetched files of a folder, with the folders that they are in. */
export function fetchedTree(folder: string): CpioEntry[] {
  const root = path.join(FETCHED, folder);
  return (fs.readdirSync(root, { recursive: true }) as string[]).sort().map((name) => {
    const file = path.join(root, name);
    return fs.statSync(file).isDirectory() ? directory(name) : program(name, fs.readFileSync(file));
  });
}

/** What every first process needs to print. */
export const CONSOLE = [directory('dev'), device('dev/console', 5, 1)];
/** What a shell needs, and the script of this folder that it runs as the first process. */
export const busybox = (script: string): CpioEntry[] => [
  ...CONSOLE,
  ...['bin', 'proc', 'sys', 'tmp'].map(directory),
  fetched('busybox', 'bin/busybox'),
  program('init', fs.readFileSync(path.join(SOURCES, script))),
];
/** What a process needs of the kernel's KVM. */
export const kvmEntries = (): CpioEntry[] => [
  device('dev/kvm', 10, 232),
  fetched('kvm.ko'),
  fetched('kvm-hv.ko'),
];

/** What the first process printed: from its start to the machine's end, without the kernel's own messages. */
export const ofProcess = (text: string): string[] =>
  text
    .slice(text.indexOf('Run /init as init process'))
    // A console within a console ends its lines twice.
    .split(/\r*\n/)
    .slice(1)
    .filter((line) => line !== '' && !line.startsWith('['));

/** How book3s is to run the kernel. */
export interface BootOptions {
  /** More options of `book3s boot`. */
  readonly more?: readonly string[];
  readonly append?: string;
  /** Instructions after which the guest counts as one that does not end. */
  readonly limit?: string;
}

const bookArguments = (
  initrd: string,
  { more = [], append = COMMAND_LINE, limit = '2000M' }: BootOptions,
): string[] => [
  ...[path.join(ROOT, 'bin', 'book3s'), 'boot', VMLINUX, '--machine', 'pseries', '--initrd', initrd],
  ...['--append', append, '--max-insns', limit, ...more],
];

/** Runs the kernel with a RAM disk on book3s until it powers off. */
export function onBook3s(initrd: string, options: BootOptions = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, bookArguments(initrd, options), {
    encoding: 'latin1',
    maxBuffer: 2 ** 26,
  });
  return { status, stderr, console: stdout, lines: ofProcess(stdout) };
}

/** One step of a conversation: what has to appear on the console, and what is typed then. */
export type Exchange = readonly [awaited: string, typed: string];

/** Runs the kernel on book3s and types at its console; ends with the machine. */
export function talkOnBook3s(initrd: string, talk: readonly Exchange[], append: string) {
  const child = spawn(process.execPath, bookArguments(initrd, { append }));
  const said = { console: '', stderr: '' };
  let [seen, step] = [0, 0];
  child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString('latin1')));
  child.stdout.on('data', (data: Buffer) => {
    said.console += data.toString('latin1');
    const [awaited, typed] = talk[step] ?? [];
    const at = awaited === undefined ? -1 : said.console.indexOf(awaited, seen);
    if (at < 0) return;
    seen = at + awaited!.length;
    step++;
    child.stdin.write(typed!);
  });
  return new Promise<{ status: number | null; stderr: string; console: string; lines: string[] }>((done) =>
    child.on('close', (status) => done({ status, ...said, lines: ofProcess(said.console) })),
  );
}

/** Runs the kernel with a RAM disk on QEMU, as an L1 may be; what its first process printed. */
export function onQemu(
  initrd: string,
  { memory = '512M', model = 'power9' }: { memory?: string; model?: string } = {},
): string[] {
  const { stdout } = spawnSync(
    QEMU,
    `-M ${QEMU_MACHINE} -cpu ${model} -m ${memory} -display none -monitor none -serial stdio`
      .split(' ')
      .concat(['-kernel', VMLINUX, '-initrd', initrd, '-append', COMMAND_LINE]),
    { encoding: 'latin1', timeout: QEMU_LIMIT_MS },
  );
  return ofProcess(stdout);
}
