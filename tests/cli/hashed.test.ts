/** `book3s dump slb|segments|hpt` and `book3s walk` on a snapshot of fixtures/hpt-guest.s. */
import fs from 'node:fs';
import { ZLIB } from '../../src/cli/snapshot-file';
import { runWalk } from '../../src/cli/walk-body';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { POWERNV_MACHINE } from '../../src/machine/powernv';
import { encodeSnapshot } from '../../src/machine/snapshot';
import { cli } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { hptGuest } from '../support/hpt';

const file = temporaryFolder();
const RELOCATED = 'MSR=0x9000000000001032';

const save = (machine: Machine): Uint8Array => encodeSnapshot(machine.save(), machine.memory.bytes, ZLIB);

const snapshot = (): string => {
  const name = file('guest.snap');
  if (!fs.existsSync(name)) fs.writeFileSync(name, save(hptGuest().machine));
  return name;
};

const run = (line: string) => cli([...line.split(' '), '--snapshot', snapshot()], { runWalk });

async function json(line: string): Promise<Record<string, never>> {
  const out = file('out.json');
  expect(await run(`${line} --out ${out}`)).toMatchObject({ code: 0, err: '', out: '' });
  return JSON.parse(fs.readFileSync(out, 'utf8')) as Record<string, never>;
}

describe('dump slb', () => {
  it('shows the valid entries decoded', async () => {
    const { code, out } = await run('dump slb');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      ' 0  0000000008000000 0000000000100000  0000000000000000-000000000FFFFFFF 256M VSID 0000000000100 pages 4K  -- -- - C0',
      ' 1  0000000018000000 0000000000101110  0000000010000000-000000001FFFFFFF 256M VSID 0000000000101 pages 64K -- -- - C0',
      ' 2  0000050008000000 4000000300000100  0000050000000000-000005FFFFFFFFFF   1T VSID 0000000000300 pages 16M -- -- - C0',
      '',
    ]);
  });

  it('by address, by virtual segment, with what is not valid', async () => {
    expect((await run('dump slb --ea 0x5_0000_1234_5678')).out).toBe('no such SLB entry\n');
    expect((await run('dump slb --ea 0x500_1234_5678')).out).toMatch(/^ 2 .*\n$/);
    expect((await run('dump slb --vsid 0x101')).out).toMatch(/^ 1 .*\n$/);
    expect((await run('dump slb --invalid')).out.split('\n')).toHaveLength(33);
  });

  it('as JSON', async () => {
    expect(await json('dump slb --ea 0x10000008')).toMatchObject({
      slb: [
        { index: 1, valid: true, first: '0x10000000', segmentShift: 28, basePageShift: 16, vsid: '0x101' },
      ],
    });
  });
});

describe('dump segments', () => {
  it('lists the segments by address', async () => {
    const { out } = await run('dump segments');
    expect(out.split('\n').map((line) => line.slice(0, 16))).toEqual([
      '0000000000000000',
      '0000000010000000',
      '0000050000000000',
      '',
    ]);
    expect((await json('dump segments --vsid 0x300'))['segments']).toMatchObject([{ index: 2 }]);
  });
});

describe('dump hpt', () => {
  it('shows where the table is, how full, and its entries', async () => {
    const { code, out } = await run('dump hpt');
    expect(code).toBe(0);
    const [place, load, pages, ...entries] = out.trimEnd().split('\n');
    expect(place).toBe('PATE of LPID 0: 256K at 0x240000, 2048 groups');
    expect(load).toMatch(
      /^21 of 16384 slots valid \(load factor 0\.1%\), 8 by secondary hash, 2 groups full, longest probe 16$/,
    );
    expect(pages).toMatch(/^pages: \d+ of 4K\/4K, 2 of 64K\/64K, 1 of 16M\/16M$/);
    expect(entries).toHaveLength(21);
    expect(entries.filter((line) => line.includes('EA 0000050000000000'))).toHaveLength(1);
  });

  it.each([
    ['an effective address', '--ea 0x10010000', 1],
    ['a virtual segment', '--vsid 0x101', 2],
    ['a real address', '--ra 0x3123456', 1],
    ['a group', '--group 4', 8],
    ['a limit', '--group 4 --limit 3', 4],
    ['nothing but statistics', '--limit 0', 1],
  ])('by %s', async (_name, filter, entries) => {
    const { out } = await run(`dump hpt ${filter}`);
    expect(out.trimEnd().split('\n')).toHaveLength(3 + entries);
  });

  it('as JSON', async () => {
    expect(await json('dump hpt --ea 0x50000fff000')).toMatchObject({
      hpt: {
        table: { from: 'PATE', lpid: 0, base: '0x240000', shift: 18, groups: 2048 },
        statistics: { slots: 16384, valid: 21, fullGroups: 2, longestProbe: 16 },
        entries: [{ pageShift: 24, ra: '0x3000000', vsid: '0x300', keyClass: 0 }],
        omitted: 0,
      },
    });
  });

  it('says why there is no table', async () => {
    const { code, out } = await run('dump hpt --lpid 300');
    expect(code).toBe(0);
    expect(out).toMatch(/the partition table has no entry 300/);
  });
});

describe('refuses', () => {
  it.each([
    ['slb --group 4', /--group: dump slb does not take it; it is for dump hpt/],
    ['segments --invalid', /--invalid: dump segments does not take it; it is for dump slb/],
    ['registers --ea 0', /--ea: dump registers does not take it; it is for dump slb, segments, hpt/],
    ['hpt 0x1000', /dump hpt: expected no address/],
    ['hpt --lpid 4096', /--lpid: expected a number from 0 to 4095/],
    ['hpt --limit some', /--limit: expected a number of at least 0/],
    ['slb --cpu-index 1', /--cpu-index 1: the snapshot has 1 CPUs/],
  ])('dump %s', async (line, message) => {
    const { code, err } = await run(`dump ${line}`);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('a CPU without hashed translation, and --lpid where there is one table', async () => {
    const microwatt = new Machine({ description: MICROWATT_MACHINE, output: () => undefined });
    const of = (name: string, machine: Machine, line: string) =>
      cli(['dump', ...line.split(' '), '--snapshot', file(name, save(machine))]);
    expect(await of('m.snap', microwatt, 'slb')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/CPU microwatt has no hashed translation/) as string,
    });
    const description = { description: POWERNV_MACHINE, model: 'power8', memory: 1 << 20 } as const;
    const power8 = new Machine({ ...description, output: () => undefined });
    expect((await of('8.snap', power8, 'hpt --lpid 1')).err).toMatch(/--lpid: CPU power8 has one table/);
    expect((await of('8.snap', power8, 'hpt')).out).toMatch(/^SDR1: 256K at 0x0, 2048 groups\n/);
  });
});

test('dump --help names the subjects and the filters', async () => {
  const { out } = await cli(['dump', '--help']);
  for (const word of [
    'slb:',
    'segments:',
    'hpt:',
    '--ea',
    '--vsid',
    '--group',
    '--limit',
    '--lpid',
    '--invalid',
  ])
    expect(out).toContain(word);
});

describe('walk', () => {
  it('shows segment, both groups with every slot, and the decision', async () => {
    const { code, out } = await run(`walk 0x4904008 --reg ${RELOCATED}`);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[1]).toMatch(
      /^hash SLBE\[0\] .* ESID=0x0 VSID=0x100 KS=0 KP=0 N=0 segment=256M page=4K used$/,
    );
    const primary = lines.indexOf('hash HPTE primary hash 0x4804: PTEG 4, AVPN=0x2009 wanted');
    const secondary = lines.indexOf('hash HPTE secondary hash 0x7fffffb7fb: PTEG 2043, AVPN=0x2009 wanted');
    expect(primary).toBeGreaterThan(0);
    for (let slot = 0; slot < 8; slot++)
      expect(lines[primary + 1 + slot]).toMatch(
        new RegExp(`^  slot ${slot} @ 0x00000000002402${slot}0 = .* H=0 .* other page$`),
      );
    expect(secondary).toBe(primary + 9);
    const found = lines.filter((line) => line.endsWith(' match'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/AVPN=0x2009 H=1 RPN=0x1009000/);
    expect(lines.at(-2)).toBe(
      'hash permission: pp 010 with storage key 0, class key 0 leaves rwx: rwx granted, r-- needed',
    );
    expect(lines.at(-1)).toBe('=> host RA 0x0000000001009008  4K page, rwx');
  });

  it('invalid slots take one line; a page of 16M in 1 TiB is decoded as v3.0 has it', async () => {
    const { code, out } = await run(`walk 0x50000123456 --access store --reg ${RELOCATED}`);
    expect(code).toBe(0);
    expect(out).toMatch(/ESID=0x50000000000 VSID=0x300 KS=0 KP=0 N=0 segment=1T page=16M used\n/);
    expect(out).toMatch(
      /slot 0 .* RPN=0x3000000 R=1 C=1 PP=2 match\n.* B=0x1 RPN=0x3000 .*\n {2}slots 1 to 7: invalid\n/,
    );
    expect(out).toMatch(
      /secondary hash 0x[0-9a-f]+: PTEG \d+, AVPN=0x[0-9a-f]+ wanted\n {2}slots 0 to 7: invalid\n/,
    );
    expect(out).toMatch(/=> host RA 0x0000000003123456 {2}16M page/);
  });

  it('a segment that is missing, and a page that is denied', async () => {
    const missing = await run(`walk 0x30000000 --reg ${RELOCATED}`);
    expect(missing.code).toBe(6);
    expect(missing.out.match(/ other segment\n/g)).toHaveLength(3);
    expect(missing.out).toMatch(/!! segment \(effective\): Data Segment 0x380, DAR 0x30000000\n/);
    const denied = await run(`walk 0x1000 --access store --reg ${RELOCATED},AMR=0x8000000000000000`);
    expect(denied.code).toBe(6);
    expect(denied.out).toMatch(
      /pp 010 with storage key 0, class key 0 leaves r-x: r-x granted, -w- needed: denied\n/,
    );
    expect(denied.out).toMatch(/DSISR 0x2200000\n/i);
  });
});
