/** The command line as a whole: help, errors, exit codes, and what boot and walk are told. */
import { OutputClosed } from '../../src/trace/sinks/output';
import { UserError } from '../../src/core/errors';
import { cli } from '../support/cli';
import { temporaryFolder } from '../support/folder';

const file = temporaryFolder();

describe('help and usage', () => {
  it('shows help and the version on standard output', async () => {
    const help = await cli(['--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const name of ['boot', 'walk', 'trace', 'dump', 'asm', 'disasm', 'bench', 'demo'])
      expect(help.out).toContain(`book3s ${name}`);
    expect((await cli(['boot', '--help'])).out).toContain('--snapshot-out');
    expect(await cli(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
  });

  it.each([
    ['no command', [], /^book3s: expected a command; book3s --help/],
    ['an unknown command', ['bot'], /unknown command\. Did you mean boot\?/],
    ['an unknown option', ['boot', 'f', '--memroy', '1G'], /Unknown argument: memroy/],
    ['an unknown short option', ['boot', 'f', '-x'], /Unknown argument: x/],
    ['too many operands', ['boot', 'f', 'g'], /Unknown argument: g/],
    ['a missing operand', ['walk', '--image', 'f'], /Not enough non-option arguments/],
    ['a missing value', ['boot', 'f', '--cpu'], /Not enough arguments following: cpu/],
    ['an empty value', ['boot', 'f', '--cpu='], /--cpu: expected a value/],
    [
      'an option given twice',
      ['boot', 'f', '--smp', '1', '--smp', '2'],
      /--smp: given 2 times, expected once/,
    ],
    ['a missing option', ['asm', 'f'], /Missing required argument: out/],
    ['an unknown benchmark', ['bench', 'toString'], /bench: expected one of .*, got "toString"/],
  ])('%s is wrong usage', async (_, args, message) => {
    const { code, err, out } = await cli(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });
});

describe('exit codes', () => {
  const boot = (error: Error) => cli(['boot', 'f'], { runBoot: () => Promise.reject(error) });

  it('of the body are those of the process', async () => {
    expect((await cli(['boot', 'f'], { runBoot: () => Promise.resolve(5) })).code).toBe(5);
    expect((await cli(['walk', '0', '--image', 'f'], { runWalk: () => Promise.resolve(6) })).code).toBe(6);
    expect((await cli(['demo'], { runDemo: () => Promise.resolve(4) })).code).toBe(4);
  });

  it('2 for a UserError, with its message alone', async () => {
    expect(await boot(new UserError('f: is bad'))).toMatchObject({ code: 2, err: 'book3s: f: is bad\n' });
  });

  it('3 for anything else, with where it happened and a request to report it', async () => {
    const { code, err } = await boot(new RangeError('oops'));
    expect(code).toBe(3);
    expect(err).toMatch(/^book3s: a fault of the emulator, not of the guest: RangeError: oops\n.* at /s);
    expect(err).toMatch(/Please report it/);
    expect((await boot('text' as unknown as Error)).err).toMatch(/guest: text\n/);
  });

  it('0 and silence when the reader of the output has gone', async () => {
    expect(await boot(new OutputClosed('x'))).toMatchObject({ code: 0, err: '' });
  });
});

describe('boot', () => {
  it('has defaults that say nothing', async () => {
    expect((await cli(['boot', 'f'])).boot).toEqual({
      image: 'f',
      timing: 'none',
      tlb: 'coherent',
      color: false,
    });
  });

  it('is told everything, typed', async () => {
    const { boot, err } = await cli(
      `boot ${file('i')} --machine powernv --cpu power10 -m 512M --smp 2 --load-addr 0x1_0000 --entry 0x10000
       --max-insns 10M --timing ./my.json --pipeline ${file('p')} --pipeline-window 1M-2M --tlb architected --nested linux --trace walk,memslot --trace-format jsonl --trace-out -
       --trace-ea 0x1000+4K --trace-pid 5 --trace-lpid 1 --trace-window 5-10 --color
       --dump-regs - --stats ${file('s.json')} --snapshot-out ${file('o')}`.split(/\s+/),
    );
    expect(err).toBe('');
    expect(boot).toEqual({
      image: file('i'),
      machine: 'powernv',
      cpu: 'power10',
      memory: 512 * 2 ** 20,
      smp: 2,
      loadAddress: 0x10000n,
      entry: 0x10000n,
      maxInsns: 10_000_000,
      timing: './my.json',
      pipeline: { file: file('p'), window: { first: 1_000_000, count: 1_000_000 } },
      tlb: 'architected',
      nested: 'linux',
      trace: {
        kinds: new Set(['walk', 'memslot']),
        format: 'jsonl',
        out: '-',
        filter: {
          events: new Set([
            'walk',
            'memslot',
            'memslot.step',
            'memslot.activate',
            'notifier',
            'gpc',
            'dirtylog',
            'kvm.warning',
          ]),
          ea: { from: 0x1000n, to: 0x1fffn },
          pid: 5,
          lpid: 1,
          window: { from: 5, to: 10 },
        },
      },
      color: true,
      dumpRegs: '-',
      stats: file('s.json'),
      snapshotOut: file('o'),
    });
  });

  it('takes an image from standard input and numbers as names', async () => {
    expect((await cli(['boot', '-'])).boot?.image).toBe('-');
    expect((await cli(['boot', '007'])).boot?.image).toBe('007');
    expect((await cli(['boot', '--memory', '1G', 'f'])).boot?.memory).toBe(2 ** 30);
  });

  it('takes an empty kernel command line, and no empty name', async () => {
    expect((await cli(['boot', 'f', '--machine', 'pseries', '--append', ''])).boot?.append).toBe('');
    const { code, err } = await cli(['boot', 'f', '--machine', 'pseries', '--initrd', '']);
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--initrd: expected a value/) as string,
    });
  });

  it('goes on from a snapshot instead of an image', async () => {
    expect((await cli(['boot', '--snapshot-in', 's'])).boot).toMatchObject({ snapshotIn: 's' });
  });

  it.each([
    ['neither image nor snapshot', '', /boot: expected an IMAGE or --snapshot-in F, got neither/],
    ['both', 'f --snapshot-in s', /got both/],
    ['an entry for a snapshot', '--snapshot-in s --entry 0', /--entry: a snapshot has its own/],
    [
      'an unknown machine',
      'f --machine mac99',
      /--machine: expected one of microwatt, powernv, pseries, got "mac99"/,
    ],
    [
      'two command lines',
      'f --machine pseries --append x --dtb y',
      /--append: a device tree of your own has its own command line/,
    ],
    [
      'an unknown cycle model',
      'f --timing x',
      /--timing: expected one of none, microwatt, power9, or a JSON/,
    ],
    ['a pipeline of nothing', 'f --pipeline x', /--pipeline: needs a cycle model; give --timing microwatt/],
    ['a window of nothing', 'f --pipeline-window 0:5', /--pipeline-window: needs --pipeline FILE/],
    [
      'an odd window',
      'f --timing power9 --pipeline x --pipeline-window 7',
      /--pipeline-window: expected FROM:COUNT or FROM-TO of instructions, got "7"/,
    ],
    [
      'an empty window',
      'f --timing power9 --pipeline x --pipeline-window 7-7',
      /--pipeline-window: expected 1 to 10000000 instructions, got 0/,
    ],
    ['an initrd elsewhere', 'f --initrd x', /--initrd: needs --machine pseries/],
    ['a command line elsewhere', 'f --machine powernv --append x', /--append: needs --machine pseries/],
    ['a device tree to see elsewhere', 'f --dump-dtb x', /--dump-dtb: needs --machine pseries/],
    [
      'a device tree of a snapshot',
      '--snapshot-in s --machine pseries --dump-dtb x',
      /--dump-dtb: a snapshot has its own/,
    ],
    ['a device tree elsewhere', 'f --dtb x', /--dtb: needs --machine pseries/],
    ['a stopped start that nobody ends', 'f -S', /-S: nobody could start the guest; add -s or --gdb/],
    ['two places for gdb', 'f -s --gdb tcp::1', /-s: is --gdb tcp::1234; leave one of the two out/],
    [
      'no place for gdb',
      'f --gdb 1234',
      /--gdb: expected tcp::PORT, tcp:HOST:PORT or unix:PATH, .*got "1234"/,
    ],
    ['a port that is none', 'f --gdb tcp::65536', /--gdb: expected tcp::PORT/],
    ['a socket without a name', 'f --gdb unix:', /--gdb: expected tcp::PORT/],
    ['an unknown CPU', 'f --cpu 970', /--cpu: expected one of microwatt, power8, power9, power10, got "970"/],
    ['impossible memory', 'f -m 0', /-m: expected a size/],
    ['no CPUs', 'f --smp 0', /--smp: expected a number from 1 to 1024/],
    ['a bad address', 'f --load-addr 10000h', /--load-addr: expected an address/],
    ['an odd entry', 'f --entry 0x102', /--entry: expected a multiple of 4, got "0x102"/],
    ['no instructions', 'f --max-insns 0', /--max-insns: expected a number of at least 1/],
    ['an unknown TLB', 'f --tlb x', /--tlb: expected one of coherent, architected/],
    [
      'unknown guests of the guest',
      'f --nested kvm',
      /--nested: expected one of strict, linux, off, got "kvm"/,
    ],
    ['an unknown event', 'f --trace walk,rmaps', /--trace: expected a list of walk, .*, got "rmaps"/],
    [
      'an unknown format',
      'f --trace walk --trace-format vcd',
      /--trace-format: expected one of text, jsonl, perfetto/,
    ],
    ['a trace file without events', 'f --trace-out x', /--trace-out: needs --trace/],
    ['a filter without events', 'f --trace-pid 1', /--trace-pid: needs --trace/],
    [
      'registers that cannot be written',
      `f --dump-regs ${file('no/where')}`,
      /--dump-regs .*where: cannot be written: ENOENT/,
    ],
    [
      'a snapshot that cannot be written',
      `f --snapshot-out ${file('.')}`,
      /--snapshot-out .*: cannot be written: EISDIR/,
    ],
  ])('refuses %s', async (_, line, message) => {
    const { code, err, boot } = await cli(['boot', ...line.split(' ').filter(Boolean)]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(boot).toBeUndefined();
  });
});

describe('walk', () => {
  it('is told what to translate, for whom and in which tables', async () => {
    const line =
      'walk 0xc000_0000_0000_1000 --snapshot s --access store --reg msr=1 --reg LPID=2,PC=4 --cpu-index 1 --format jsonl --out f';
    expect((await cli(line.split(' '))).walk).toEqual({
      ea: 0xc000_0000_0000_1000n,
      access: 'store',
      snapshot: 's',
      cpuIndex: 1,
      registers: [['MSR', 1n], ['LPIDR', 2n], ['NIA', 4n]],
      format: 'jsonl',
      out: 'f',
      color: false,
    }); // prettier-ignore
    expect((await cli(['walk', '4096', '--image', 'i', '-m', '1M'])).walk).toMatchObject({
      ea: 4096n, access: 'load', image: 'i', memory: 2 ** 20, registers: [], out: '-',
    }); // prettier-ignore
  });

  it.each([
    ['no tables', '0', /walk: expected one of --image F and --snapshot F, got neither/],
    ['two of them', '0 --image a --snapshot b', /got both/],
    ['no address', '-5 --image a', /EA: expected an address/],
    ['an unknown access', '0 --image a --access peek', /--access: expected one of load, store/],
    ['an unknown register', '0 --image a --reg R99=1', /--reg R99: expected a register of one doubleword/],
    ['a register of many', '0 --image a --reg GPR=1', /--reg GPR: expected a register/],
    ['a register of the engine', '0 --image a --reg FETCHBIAS=1', /--reg FETCHBIAS: expected a register/],
    ['the zero', '0 --image a --reg ZERO=1', /--reg ZERO: expected a register/],
  ])('refuses %s', async (_, line, message) => {
    const { code, err } = await cli(['walk', ...line.split(' ')]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});
