/** Time in cycles through the command line: statistics, profiles, pipeline traces, samples, snapshots. */
import fs from 'node:fs';
import path from 'node:path';
import { BODIES } from '../../src/cli/bodies';
import { assemble } from '../../src/asm/assemble';
import { cli, type CliResult } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { describeWith, oracle, unpack } from '../support/oracle';
import { parseKanata } from '../timing/kanata-parser';

const file = temporaryFolder();

const PROGRAM = `
        lis     20, 1
        li      5, 5000
        mtctr   5
loop:   ld      4, 0(20)
        addi    20, 20, 24
        rlwinm  20, 20, 0, 12, 30
        oris    20, 20, 1
        add     6, 4, 4
        divd    7, 6, 5
        bdnz    loop
        mftb    30
        attn
`;
const image = file('p.bin', assemble(PROGRAM, { byteOrder: 'little' }).bytes);

const boot = (line: string): Promise<CliResult> =>
  cli(['boot', '--machine', 'microwatt', ...line.split(/\s+/)], BODIES);

interface Stats {
  readonly instructions: number;
  readonly cycles: number;
  readonly cpi: number;
  readonly seconds: number;
  readonly timing: {
    readonly profile: string;
    readonly cpus: readonly { cycles: number; instructions: number; stack: { cycles: number }[] }[];
    readonly instructionStalls: readonly { address: string; cycles: number; code: string }[];
  };
}
let runs = 0;
/** Runs and reads the statistics. */
async function stats(line: string): Promise<Stats> {
  const out = file(`s${runs++}.json`);
  const { err } = await boot(`${line} --stats ${out}`);
  if (!fs.existsSync(out) || fs.statSync(out).size === 0) throw new Error(err);
  return JSON.parse(fs.readFileSync(out, 'utf8')) as Stats;
}

describe('--stats', () => {
  it('has instructions and seconds without a model, and no cycles', async () => {
    const s = await stats(image);
    expect(s.instructions).toBe(35_005);
    expect(s.seconds).toBeGreaterThan(0);
    expect('cycles' in s || 'timing' in s).toBe(false);
  });

  it('has cycles with one, and causes that add up to them', async () => {
    const s = await stats(`${image} --timing microwatt`);
    const [cpu] = s.timing.cpus;
    expect(s.instructions).toBe(35_005);
    expect(s.cpi).toBeCloseTo(s.cycles / s.instructions, 5);
    expect([cpu!.cycles, cpu!.instructions]).toEqual([s.cycles, s.instructions]);
    expect(cpu!.stack.reduce((sum, { cycles }) => sum + cycles, 0)).toBe(s.cycles);
    expect(s.timing.instructionStalls[0]).toMatchObject({ address: '0x20', code: 'divd    r7,r6,r5' });
  });

  it('as text begins with one NAME VALUE a line, and no other line looks like one of them', async () => {
    await boot(`${image} --timing microwatt --stats ${file('s.txt')}`);
    const text = fs.readFileSync(file('s.txt'), 'utf8');
    const { cycles } = await stats(`${image} --timing microwatt`);
    expect(text).toMatch(/^instructions 35005\ncycles \d+\ncpi \d+\.\d+\n(\w+ \d+\n)+seconds \d[\d.e-]*\n\n/);
    expect([...text.matchAll(/^cycles (\S+)/gm)].map((m) => m[1])).toEqual([String(cycles)]);
    expect([...text.matchAll(/^(instructions|seconds) /gm)]).toHaveLength(2);
  });

  it('is the same twice, and with a limit a part of it', async () => {
    const [one, two] = [await stats(`${image} --timing power9`), await stats(`${image} --timing power9`)];
    expect({ ...two, seconds: 0 }).toEqual({ ...one, seconds: 0 });
    const part = await stats(`${image} --timing power9 --max-insns 10_000`);
    expect(part.instructions).toBe(10_000);
    expect(part.cycles).toBeGreaterThan(one.cycles / 5);
    expect(part.cycles).toBeLessThan(one.cycles / 2);
  });

  it.each(['--tlb architected', '--trace insn --trace-out /dev/null', '--smp 2'])(
    'gives the same cycles with %s',
    async (more) => {
      const plain = await stats(`${image} --timing microwatt`);
      const other = await stats(`${image} --timing microwatt ${more}`);
      expect(other.timing.cpus[0]).toEqual(plain.timing.cpus[0]);
    },
  );
});

describe('--timing', () => {
  it('takes a file', async () => {
    const slow = file(
      'slow.json',
      '{"extends": "microwatt", "name": "slow divider", "divide": {"trivial": 400}}',
    );
    const s = await stats(`${image} --timing ${slow}`);
    expect(s.timing.profile).toBe('slow divider');
    expect(s.cycles).toBeGreaterThan(5000 * 400);
  });

  it.each<[string, string, RegExp]>([
    ['a file that is not there', file('none.json'), /none\.json: cannot read the timing profile: ENOENT/],
    ['no JSON', file('bad.json', '{\n  "name": }'), /bad\.json:2:11: not JSON: /],
    ['the wrong value', file('w.json', '{"extends": "power9", "data": {"miss": "x"}}'), /w\.json: data\.miss: expected a number/],
    ['an unknown key', file('u.json', '{"extends": "power9", "date": {}}'), /u\.json: unknown key "date"; it has name, /],
  ])('says what is wrong with %s', async (_, profile, message) => {
    const { code, err } = await boot(`${image} --timing ${profile}`);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  }); // prettier-ignore
});

describe('--pipeline', () => {
  it('writes a window of the run, whose cycles it does not change', async () => {
    const plain = await stats(`${image} --timing microwatt`);
    const traced = await stats(
      `${image} --timing microwatt --pipeline ${file('p.kanata')} --pipeline-window 20_000:1000`,
    );
    expect(traced.timing).toEqual(plain.timing);
    const all = parseKanata(fs.readFileSync(file('p.kanata'), 'utf8'));
    expect(all).toHaveLength(1000);
    expect(all[0]!.number).toBe(20_000);
    expect(all.some(({ label }) => label === '20: divd    r7,r6,r5')).toBe(true);
  });

  it('is complete where the run ends within the window', async () => {
    await boot(`${image} --timing microwatt --pipeline ${file('q')} --pipeline-window 35_000:1000`);
    expect(parseKanata(fs.readFileSync(file('q'), 'utf8'))).toHaveLength(5);
  });
});

describe('--trace', () => {
  const COUNTERS = ['cycles', 'CPI', 'CPI by cause', 'misses per 1000 instructions'];

  it('for Perfetto has counters over time', async () => {
    const line = `--trace interrupt --trace-format perfetto --trace-out ${file('t.json')}`;
    await boot(`${image} --timing microwatt ${line}`);
    const events = JSON.parse(fs.readFileSync(file('t.json'), 'utf8')) as { ph: string; name: string; ts: number }[];
    const counters = events.filter(({ ph }) => ph === 'C');
    expect(counters.map(({ name, ts }) => [name, ts])).toEqual(
      [0, 10_000, 20_000, 30_000].flatMap((ts) => COUNTERS.map((name) => [`CPU 0 ${name}`, ts])),
    );
  }); // prettier-ignore

  it('as JSON lines has samples that add up, where they are asked for', async () => {
    const s = await stats(
      `${image} --timing microwatt --trace timing --trace-format jsonl --trace-out ${file('t.jsonl')}`,
    );
    const lines = fs.readFileSync(file('t.jsonl'), 'utf8').trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { ev: string; elapsed: number; cycles: number });
    const samples = events.filter(({ ev }) => ev === 'timing');
    expect(samples).toHaveLength(4);
    // Up to the first instruction nobody has sampled yet.
    expect(samples.reduce((sum, { elapsed }) => sum + elapsed, 11)).toBe(s.cycles);
    expect(samples.at(-1)!.cycles).toBe(s.cycles);
  });

  it('of samples needs a model', async () => {
    expect(await boot(`${image} --trace timing`)).toMatchObject({
      code: 2,
      err: 'book3s: --trace timing: needs a cycle model; give --timing microwatt or another one\n',
    });
  });
});

describe('snapshots', () => {
  const timeBase = async (line: string): Promise<number> => {
    const out = file('r.txt');
    await boot(`${line} --dump-regs ${out}`);
    return parseInt(/^GPR30 (\S+)$/m.exec(fs.readFileSync(out, 'utf8'))![1]!, 16);
  };

  it('time goes on from where it was, with the same model, another one or none', async () => {
    const whole = await timeBase(`${image} --timing microwatt`);
    const { cycles } = await stats(
      `${image} --timing microwatt --max-insns 17_500 --snapshot-out ${file('half.snap')}`,
    );
    const rest = `--snapshot-in ${file('half.snap')}`;
    // Empty caches: some misses more.
    const same = await timeBase(`${rest} --timing microwatt`);
    expect(Math.abs(same - whole)).toBeLessThan(1500);
    expect(await timeBase(rest)).toBe(cycles + 17_503);
    const { timing, instructions } = await stats(`${rest} --timing microwatt`);
    expect(instructions).toBe(35_005);
    expect(timing.cpus[0]!.instructions).toBe(35_005 - 17_500);
    const untimed = file('untimed.snap');
    await boot(`${image} --max-insns 17_500 --snapshot-out ${untimed}`);
    const later = await timeBase(`--snapshot-in ${untimed} --timing microwatt`);
    expect(Math.abs(later - 17_500 - (whole - cycles))).toBeLessThan(1500);
  });
});

describeWith(oracle('microwatt', 'tests-1-500.tar.xz'), 'numbered programs', (archive) => {
  const rows = fs
    .readFileSync(path.join(path.dirname(archive), 'cycles-1-500.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));
  let folder: string;
  beforeAll(() => {
    folder = unpack(archive, file(''));
  });

  it.each([1, 77, 123, 250, 404, 500])('%i: the cycles that are printed are those of the RTL', async (n) => {
    const [, instructions, cycles] = rows.find(([number]) => number === n)!;
    const s = await stats(`${path.join(folder, `${n}.bin`)} --timing microwatt`);
    expect(s.instructions).toBe(instructions);
    expect(Math.abs(s.cycles / cycles! - 1)).toBeLessThan(0.02);
  });
});
