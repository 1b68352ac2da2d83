/** The command as a user types it, in processes of its own, on compiled output. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../support/folder';

const ROOT = path.join(__dirname, '..', '..');
const BOOK3S = path.join(ROOT, 'bin', 'book3s');
const file = temporaryFolder();

const run = (args: string[], input?: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BOOK3S, ...args], {
    encoding: 'latin1',
    cwd: file(''),
    ...(input === undefined ? { stdio: ['ignore', 'pipe', 'pipe'] } : { input }),
  });
  return { status, stdout, stderr };
};
/** Assembles a source and gives the image's name. */
const assembled = (name: string, source: string): string => {
  fs.writeFileSync(file(`${name}.s`), source);
  expect(run(['asm', `${name}.s`, '--out', `${name}.bin`])).toMatchObject({ status: 0, stderr: '' });
  return `${name}.bin`;
};

beforeAll(() => {
  // The first call compiles; it may take a while.
  expect(run(['--version']).status).toBe(0);
  expect(run(['asm', path.join(ROOT, 'fixtures', 'hypervisor.s'), '--out', 'h.bin']).status).toBe(0);
});

const HYPERVISOR = ['boot', 'h.bin', '--entry', '0x10', '-m', '64M'];

describe('book3s boot', () => {
  test('runs a guest, passes its console through, and ends with 0 when it powers off', () => {
    const { status, stdout, stderr } = run(HYPERVISOR);
    expect(stdout).toBe(
      fs.readFileSync(path.join(ROOT, 'fixtures', 'golden', 'hypervisor.console.txt'), 'latin1'),
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('a run that stops at a limit says so, and its snapshot goes on to the same end', () => {
    const whole = run([...HYPERVISOR, '--dump-regs', 'whole.json', '--stats', 'whole.stats.json']);
    const first = run([...HYPERVISOR, '--max-insns', '9000', '--snapshot-out', 'mid.snap']);
    expect(first.status).toBe(4);
    expect(first.stderr).toContain('--max-insns 9000');
    const rest = run([
      'boot',
      '--snapshot-in',
      'mid.snap',
      '--dump-regs',
      'rest.json',
      '--stats',
      'rest.stats.json',
    ]);
    expect(rest.status).toBe(0);
    expect(first.stdout + rest.stdout).toBe(whole.stdout);
    expect(fs.readFileSync(file('rest.json'), 'utf8')).toBe(fs.readFileSync(file('whole.json'), 'utf8'));
    const stats = (name: string) => JSON.parse(fs.readFileSync(file(name), 'utf8')) as Record<string, number>;
    expect(stats('rest.stats.json')['instructions']).toBe(stats('whole.stats.json')['instructions']);
  });

  test('what can be read of a snapshot is what the run left', () => {
    run([...HYPERVISOR, '--snapshot-out', 'end.snap', '--dump-regs', 'end.json']);
    expect(run(['dump', 'registers', '--snapshot', 'end.snap', '--out', 'dumped.json']).status).toBe(0);
    expect(fs.readFileSync(file('dumped.json'), 'utf8')).toBe(fs.readFileSync(file('end.json'), 'utf8'));
    expect(run(['dump', 'memory', '0x200010', '8', '--snapshot', 'end.snap', '--out', 'pate']).status).toBe(
      0,
    );
    expect(fs.readFileSync(file('pate')).toString('hex')).toBe('c0000000002100ad');
  });

  test('walk explains a two-stage translation of a snapshot, and ends with 6 where it would fault', () => {
    run([...HYPERVISOR, '--max-insns', '9632', '--snapshot-out', 'walk.snap']);
    const good = run(['walk', '0x600100', '--snapshot', 'walk.snap']);
    expect(good.status).toBe(0);
    expect(good.stdout).toContain('=> host RA 0x0000000001400100  2M page, rw-');
    const bad = run(['walk', '0x30000', '--access', 'fetch', '--snapshot', 'walk.snap']);
    expect(bad.status).toBe(6);
    expect(bad.stdout).toContain('vector 0xe20 (Hypervisor Instruction Storage)');
    expect(bad.stdout).toContain('ASDR   0x30000');
  });

  test('a recorded trace renders, and says how the run ended', () => {
    expect(
      run([...HYPERVISOR, '--trace', 'walk,fault', '--trace-format', 'jsonl', '--trace-out', 't.jsonl'])
        .status,
    ).toBe(0);
    const { status, stdout } = run(['trace', 't.jsonl']);
    expect(status).toBe(0);
    expect(stdout).toContain('Hypervisor Data Storage');
    expect(stdout.trimEnd().split('\n').at(-1)).toContain('power-off, exit code 0');
  });

  test('a guest that reports failure ends with 1, a dead one with 5', () => {
    const failing = assembled(
      'fail',
      'lis 4,6\nori 4,4,0x0300\nsldi 4,4,32\noris 4,4,0xe000\nlis 3,7\nori 3,3,0x3333\nstwcix 3,0,4\nb .',
    );
    expect(run(['boot', failing])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('failure 7') as string,
    });
    const nowhere = assembled('nowhere', 'lis 4,0x7000\nld 3,0(4)');
    expect(run(['boot', nowhere, '-m', '1M'])).toMatchObject({
      status: 5,
      stderr: expect.stringContaining('machine check') as string,
    });
    const loop = assembled('loop', '.long 0');
    expect(run(['boot', loop, '-m', '1M']).status).toBe(5);
  });

  test('a loop without an end stops at the limit', () => {
    const forever = assembled('forever', 'b .');
    expect(run(['boot', forever, '--max-insns', '1000000', '--stats', '-'])).toMatchObject({
      status: 4,
      stdout: expect.stringContaining('instructions 1000000\n') as string,
    });
  });

  test('standard input reaches the guest', () => {
    const echo = assembled(
      'echo',
      `lis 4,6\nori 4,4,0x0300\nsldi 4,4,32\noris 4,4,0xd001\nori 4,4,0x03f8\n
       1: addi 6,4,5\nlbzcix 5,0,6\nandi. 5,5,1\nbeq 1b\nlbzcix 3,0,4\nstbcix 3,0,4\ncmpwi 3,10\nbne 1b\nattn`,
    );
    expect(run(['boot', echo], 'hello, guest\n')).toMatchObject({ status: 0, stdout: 'hello, guest\n' });
  });

  test('Ctrl-C ends the run and writes what was asked for', async () => {
    const forever = assembled('interrupted', 'b .');
    const child = spawn(
      process.execPath,
      [BOOK3S, 'boot', forever, '--snapshot-out', 'int.snap', '--stats', 'int.txt'],
      {
        cwd: file(''),
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 3000));
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(130);
    expect(fs.readFileSync(file('int.txt'), 'utf8')).toContain('instructions ');
    expect(run(['dump', 'registers', '--snapshot', 'int.snap']).status).toBe(0);
  });
});

describe('bad input', () => {
  const cases: [string, string[], RegExp][] = [
    ['an unknown option', ['boot', 'h.bin', '--frobnicate'], /frobnicate/],
    ['an unknown command', ['bot'], /unknown command/i],
    ['a file that is not there', ['boot', 'missing.bin'], /missing\.bin: cannot read/],
    ['an empty file', ['boot', 'empty.bin'], /empty\.bin/],
    ['more memory than the machine has', ['boot', 'h.bin', '-m', '64G'], /-m/],
    ['a size that is none', ['boot', 'h.bin', '-m', 'lots'], /-m/],
    ['an image larger than memory', ['boot', 'h.bin', '-m', '64K', '--load-addr', '0xfff0'], /h\.bin/],
    ['a bad address', ['boot', 'h.bin', '--entry', '0x11'], /--entry/],
    [
      'a trace file that cannot be written',
      ['boot', 'h.bin', '--trace', 'walk', '--trace-out', '/nowhere/t'],
      /--trace-out/,
    ],
    ['a snapshot that is none', ['boot', '--snapshot-in', 'h.bin'], /h\.bin/],
    ['a CPU that the machine does not have', ['boot', 'h.bin', '--cpu', 'microwatt'], /power9/],
    ['walk without tables', ['walk', '0x1000'], /--image/],
  ];
  beforeAll(() => fs.writeFileSync(file('empty.bin'), ''));

  test.each(cases)('%s: exit code 2 and a message that names it', (_what, args, message) => {
    const { status, stderr } = run(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });
});

test('book3s demo shows the console, three levels in one trace, the reverse map and the walks', () => {
  const { status, stdout } = run(['demo']);
  expect(status).toBe(0);
  expect(stdout).toContain('L1: all nested guests are gone');
  expect(stdout).toMatch(
    /L1 {2}H_TLB_INVALIDATE = H_SUCCESS: LPID 1: shadow entries of the 2M page at 0x200000/,
  );
  expect(stdout).toMatch(/0x40 {2}A 0x200000\s+live\s+stale\s+stale\s+stale/);
  expect(stdout).toMatch(/load\s+B PID 1\s+200000\s+200000\s+4730000\s+64K/);
});
