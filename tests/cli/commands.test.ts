/** Commands that do their work alone: asm, disasm, trace, dump, bench. */
import fs from 'node:fs';
import { benchJson, benchText } from '../../src/cli/bench/report';
import { ZLIB } from '../../src/cli/snapshot-file';
import { encodeSnapshot, saveRegisters } from '../../src/machine/snapshot';
import { CpuState } from '../../src/state/cpu-state';
import { encodeEvent, encodeHeader } from '../../src/trace/json';
import { cli } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { buildElf } from '../support/elf-builder';
import { EVENTS } from '../support/trace-events';

const file = temporaryFolder();

describe('asm', () => {
  const SOURCE = 'start: li 3,VALUE\n  b start\n';

  it('writes a flat image and its symbols', async () => {
    const source = file('a.s', SOURCE);
    const line = [
      'asm',
      source,
      '--out',
      file('a.bin'),
      '--symbols',
      file('a.sym'),
      '--defsym',
      'VALUE=7',
      '--origin',
      '0x100',
    ];
    expect(await cli(line)).toMatchObject({ code: 0, out: '', err: '' });
    expect(fs.readFileSync(file('a.bin')).toString('hex')).toBe('386000074bfffffc');
    expect(fs.readFileSync(file('a.sym'), 'utf8')).toContain('0000000000000100 start\n');
    await cli([...line, '--endian', 'little']);
    expect(fs.readFileSync(file('a.bin')).toString('hex')).toBe('07006038fcffff4b');
  });

  it('finds included files beside the including one', async () => {
    file('part.inc', 'nop\n');
    expect((await cli(['asm', file('b.s', '.include "part.inc"\n'), '--out', file('b.bin')])).code).toBe(0);
    expect(fs.readFileSync(file('b.bin')).toString('hex')).toBe('60000000');
  });

  it.each([
    ['an error in the source', 'li 3\n', [], /c\.s:1:\d+: /],
    ['an empty source', '# nothing\n', [], /c\.s: there is nothing to assemble/],
    ['an instruction that the CPU lacks', 'pli 3,1\n', ['--cpu', 'power9'], /c\.s:1:\d+: /],
    ['an unknown byte order', 'nop\n', ['--endian', 'middle'], /--endian: expected one of big, little/],
  ])('refuses %s', async (_, source, more, message) => {
    const { code, err } = await cli(['asm', file('c.s', source), '--out', file('c.bin'), ...more]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('refuses a source that is not there', async () => {
    const { code, err } = await cli(['asm', file('none.s'), '--out', file('c.bin')]);
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringMatching(/cannot read the source: ENOENT/) as string,
    });
  });
});

describe('disasm', () => {
  it('lists a raw image in either byte order', async () => {
    const image = file('d.bin', Uint8Array.of(0x38, 0x60, 0, 1, 0x4e, 0x80, 0, 0x20, 1));
    expect((await cli(['disasm', image, '--load-addr', '0x1000'])).out).toBe(
      '    1000:  38600001           li      r3,1\n    1004:  4e800020           blr\n',
    );
    const little = file('e.bin', Uint8Array.of(1, 0, 0x60, 0x38));
    expect((await cli(['disasm', little, '--endian', 'little'])).out).toContain('li      r3,1');
  });

  it('lists the code of an ELF file with its symbols, or a range of it, into a file', async () => {
    const { bytes } = buildElf({
      endian: 'little',
      entry: 0x1000n,
      segments: [
        { vaddr: 0x1000n, data: Uint8Array.of(0, 0, 0, 0x60, 0xfc, 0xff, 0xff, 0x4b), flags: 5 },
        { vaddr: 0x2000n, data: new Uint8Array(8), flags: 6 },
      ],
      symbols: [{ name: 'main', value: 0x1000n }],
    });
    const image = file('f.elf', bytes);
    expect((await cli(['disasm', image])).out).toBe(
      '\n0000000000001000 <main>:\n    1000:  60000000           nop\n' +
        '    1004:  4bfffffc           b       1000 <main>\n',
    );
    await cli(['disasm', image, '--range', '0x1004', '--out', file('f.lst')]);
    expect(fs.readFileSync(file('f.lst'), 'utf8')).toMatch(/^ {4}1004: .*\n$/);
  });

  it('shows both words of a prefixed instruction, where the CPU has it', async () => {
    const image = file('g.bin', Uint8Array.of(6, 0x10, 0, 0, 0x38, 0x60, 0, 1));
    expect((await cli(['disasm', image, '--cpu', 'power10'])).out).toMatch(
      /^ {7}0: {2}06100000 38600001 {2}pla? .*\n$|^ {7}0: {2}06100000 38600001 {2}p\w+ .*\n$/,
    );
    expect((await cli(['disasm', image, '--cpu', 'power9'])).out).toContain('.long 0x6100000');
  });

  it('refuses an empty file', async () => {
    expect(await cli(['disasm', file('h.bin', '')])).toMatchObject({ code: 2 });
  });
});

describe('trace', () => {
  const recorded = (events = EVENTS): string =>
    [encodeHeader({ machine: 'powernv' }), ...events.map(encodeEvent), ''].join('\n');

  it('renders as text, filtered', async () => {
    const { code, out } = await cli([
      'trace',
      file('t', recorded()),
      '--events',
      'console',
      '--window',
      '2000-3000',
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^# powernv\n.*console +uart0 out .*\n.*stats .*\n.*end .*\n$/);
  });

  it('gives back what was recorded', async () => {
    const source = file('t2', recorded());
    await cli(['trace', source, '--format', 'jsonl', '--out', file('t3')]);
    expect(fs.readFileSync(file('t3'), 'utf8')).toBe(recorded());
  });

  it('converts for Perfetto', async () => {
    await cli(['trace', file('t4', recorded()), '--format', 'perfetto', '--out', file('t5')]);
    expect(Array.isArray(JSON.parse(fs.readFileSync(file('t5'), 'utf8')))).toBe(true);
  });

  /** Lines of a recorded trace but its header. */
  const count = recorded().trimEnd().split('\n').length - 1;

  it('summarises, for people and for programs', async () => {
    const source = file('t6', recorded());
    const { out } = await cli(['trace', source, '--summary']);
    expect(out).toMatch(new RegExp(`^${count} events, instructions 1 to 2004\\nevents:\\n +2 {2}insn\\n`));
    expect(out).toMatch(/failed walks:\n +1 {2}noTranslation \(process\)\n/);
    expect(out).toMatch(/13 table entries read, at most 12 by one walk\n$/);
    await cli(['trace', source, '--summary', '--out', file('t7.json'), '--lpid', '1']);
    expect(JSON.parse(fs.readFileSync(file('t7.json'), 'utf8'))).toMatchObject({
      events: 9,
      walks: { radix: 2 },
    });
  });

  it('says that a trace was cut off or has no end', async () => {
    const { code, out, err } = await cli(['trace', file('t8', recorded().slice(0, -5)), '--summary']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${count - 1} events, .*, without an end\\n`));
    expect(err).toMatch(/t8: its last line is cut off and was left out/);
  });

  it.each([
    ['a damaged line', [], /t9:2: expected "ev"/],
    ['a format of a summary', ['--summary', '--format', 'text'], /--format: a summary has no format/],
    ['an unknown kind', ['--events', 'x'], /--events: expected a list of walk/],
    ['an output that cannot be written', ['--out', file('no/where')], /--out .*: cannot be written/],
  ])('refuses %s', async (_, more, message) => {
    const { code, err } = await cli(['trace', file('t9', `${encodeHeader({})}\n{}\n`), ...more]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('dump', () => {
  const state = CpuState.detached();
  state.setGpr(3, 0x1234n);
  state.setNamed('LR', 0xdeadn);
  state.cr = 0x8000_0001;
  state.setVsr(1, 1n, 2n);
  const memory = new Uint8Array(1 << 17).map((_, i) => i % 251);
  const contentOf = (model: string): Uint8Array => {
    const machine = { machine: 'powernv', model, guestMemory: memory.length, cpus: [saveRegisters(state)] };
    return encodeSnapshot(
      { ...machine, nested: null, tlb: [null], devices: {}, scheduler: {} },
      memory,
      ZLIB,
    );
  };
  const snapshot = (): string => file('s.snap', contentOf('power9'));

  it('shows all registers as text and as JSON', async () => {
    const { code, out } = await cli(['dump', 'registers', '--snapshot', snapshot()]);
    expect(code).toBe(0);
    expect(out).toContain('GPR3 0000000000001234\n');
    expect(out).toContain('LR 000000000000DEAD\n');
    expect(out).toContain('CR 0000000080000001\n');
    expect(out).toContain('VSR1 00000000000000010000000000000002\n');
    expect(out).toMatch(/^PTCR /m);
    await cli(['dump', 'registers', '--snapshot', snapshot(), '--out', file('r.json')]);
    expect(JSON.parse(fs.readFileSync(file('r.json'), 'utf8'))).toMatchObject({
      GPR3: '0x1234',
      LR: '0xdead',
    });
    await cli(['dump', 'registers', '--snapshot', snapshot(), '--out', file('r.txt')]);
    expect(fs.readFileSync(file('r.txt'), 'utf8')).toBe(out);
  });

  it('writes raw bytes of memory', async () => {
    const line = ['dump', 'memory', '0xfff0', '32', '--snapshot', snapshot(), '--out', file('m.bin')];
    expect((await cli(line)).code).toBe(0);
    expect(fs.readFileSync(file('m.bin'))).toEqual(Buffer.from(memory.subarray(0xfff0, 0x10010)));
  });

  it.each([
    [
      'an unknown subject',
      'tree',
      /dump: expected one of registers, memory, slb, segments, hpt, memslots, nested, rmap, .*, got "tree"/,
    ],
    ['a missing length', 'memory 0', /dump memory: expected ADDRESS and LENGTH/],
    [
      'memory beyond the end',
      'memory 0x1fff0 17',
      /expected an end of at most 0x20000, where memory ends, got 0x20001/,
    ],
    ['nothing', 'memory 0 0', /LENGTH: expected a size/],
    ['an address for registers', 'registers 5', /dump registers: expected no address/],
    ['a CPU that is not there', 'registers --cpu-index 1', /--cpu-index 1: the snapshot has 1 CPUs/],
  ])('refuses %s', async (_, line, message) => {
    const { code, err } = await cli(['dump', ...line.split(' '), '--snapshot', snapshot()]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('refuses what is not a snapshot, and one of an unknown CPU', async () => {
    const text = await cli(['dump', 'registers', '--snapshot', file('x', 'hello')]);
    expect(text).toMatchObject({ code: 2, err: expect.stringMatching(/x: not a snapshot/) as string });
    const none = await cli(['dump', 'registers', '--snapshot', file('none')]);
    expect(none.err).toMatch(/none: cannot read the snapshot: ENOENT/);
    const other = await cli(['dump', 'registers', '--snapshot', file('o.snap', contentOf('970'))]);
    expect(other.err).toMatch(/o\.snap: CPU model 970 is unknown/);
  });
});

describe('bench', () => {
  const report = {
    figures: [
      { name: 'walk', value: 61.27, unit: 'ns' },
      { name: 'loop', value: 1234567.8, unit: 'insn/s', peer: 1000, ratio: 1234.5678 },
      { name: 'other', value: 3, unit: 's', peer: 'not installed' },
    ],
    notes: ['peer: QEMU'],
  };

  it('shows a table', () => {
    const lines = benchText('mmu', report).split('\n');
    expect(lines[0]).toMatch(/^book3s bench mmu: .*Node v/);
    expect(lines.slice(1, 6)).toEqual([
      'figure    value    unit           peer  ratio',
      'walk      61.27      ns',
      'loop    1234568  insn/s           1000  1235x',
      'other         3       s  not installed',
      'note: peer: QEMU',
    ]);
  });

  it('gives one JSON object with what the figures depend on', () => {
    const json = benchJson('mmu', report);
    expect(json.indexOf('\n')).toBe(json.length - 1);
    expect(JSON.parse(json)).toMatchObject({
      bench: 'mmu',
      machine: { node: process.version },
      figures: report.figures,
    });
  });
});
