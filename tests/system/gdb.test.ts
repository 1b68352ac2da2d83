/** gdb itself against `book3s boot --gdb`: a nested guest of a fixture, and Debian's kernel. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { assemble } from '../../src/asm/assemble';
import { assembleFixture } from '../support/guest';
import { temporaryFolder } from '../support/folder';
import { describeUnless, missingTools } from '../support/requirements';
import { COMMAND_LINE, fetchedMissing, VMLINUX } from './linux/run';

const GDB = 'gdb-multiarch';
const BOOK3S = path.join(__dirname, '..', '..', 'bin', 'book3s');
const noGdb = missingTools([GDB], 'gdb-multiarch');
const file = temporaryFolder();

interface Session {
  /** Arguments of `book3s boot`. */
  readonly boot: readonly string[];
  /** What gdb does before it connects, and then. */
  readonly before: readonly string[];
  readonly commands: readonly string[];
}

/** Lets gdb do its commands one after the other with a guest that waits for it. */
function debug({ boot, before, commands }: Session) {
  const guest = spawn(process.execPath, [BOOK3S, 'boot', ...boot, '-S'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { console: '', stderr: '', gdb: '' };
  guest.stdout.on('data', (data: Buffer) => (said.console += data.toString('latin1')));
  const ended = new Promise<number | null>((done) => guest.on('close', done));
  return new Promise<typeof said & { status: number | null }>((done) => {
    guest.stderr.on('data', (data: Buffer) => {
      const first = said.stderr === '';
      said.stderr += data.toString('latin1');
      const place = /gdb may connect to (\S+?);/.exec(said.stderr)?.[1];
      if (!first || place === undefined) return;
      const all = ['set confirm off', 'set width 0', ...before, `target remote ${place}`, ...commands];
      const gdb = spawn(GDB, ['-nx', '-batch', ...all.flatMap((command) => ['-ex', command])], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [gdb.stdout, gdb.stderr])
        stream.on('data', (text: Buffer) => (said.gdb += text.toString('latin1')));
      gdb.on('close', () => void ended.then((status) => done({ ...said, status })));
    });
    void ended.then((status) => setTimeout(() => done({ ...said, status }), 10_000).unref());
  });
}

const RAW = ['set architecture powerpc:common64', 'set endian big'];

/** Writes to 0x10000 and reads from 0x10004, again and again. */
const COUNT = `
start:  li      3, 5
        lis     4, 1
loop:   stw     3, 0(4)
        lwz     5, 4(4)
        addi    3, 3, -1
        cmpwi   3, 0
        bne     loop
        b       start
`;

describeUnless(noGdb, 'gdb', () => {
  test('stops in a nested guest, reads its registers and memory, and lets it go on to its end', async () => {
    const { status, console, gdb } = await debug({
      boot: [file('nested.bin', assembleFixture('nested.s')), '--machine', 'pseries', '--load-addr', '0', '-m', '64M', '--gdb', 'tcp::0'],
      before: RAW,
      commands: [
        // L1 and both nested guests have code there; the hardware's LPID of the first one is 2.
        'info threads', 'break *4 if $lpidr == 2', 'continue', 'info threads', 'x/i $pc', 'p/x $lpidr', 'monitor walk 4 fetch',
        'stepi', 'p/x $pc', 'delete', 'detach',
      ],
    }); // prettier-ignore
    expect(gdb).toMatch(/Thread 1 \(CPU 0 \[L1\]\)/);
    expect(gdb).toMatch(/Breakpoint 1, 0x0+4 in/);
    expect(gdb).toMatch(/Thread 1 \(CPU 0 \[L2, LPID 1 of L1\]\)/);
    expect(gdb).toMatch(/=> 0x4:\tlbz +r3,0\(r22\)\n\$1 = 0x2\n/);
    expect(gdb).toMatch(/fetch of EA 0x4: guest real[^]*tables of nested guest 1[^]*L1 level/);
    expect(gdb).toMatch(/\$2 = 0x8\n/);
    expect([status, console]).toEqual([0, expect.stringContaining('all nested guests are gone')]);
  });

  test('a watchpoint shows old and new values, over a Unix socket; kill ends the run', async () => {
    const { status, gdb } = await debug({
      boot: [file('count.bin', assemble(COUNT, { byteOrder: 'big' }).bytes), '--gdb', `unix:${file('gdb.sock')}`],
      before: RAW,
      commands: [
        'watch *(int *)0x10000', 'continue', 'continue', 'p $r3', 'rwatch *(int *)0x10004', 'continue', 'x/i $pc',
        'info registers pc msr cr lr ctr xer fpscr vrsave', 'p $f1 = 2.5', 'p $vr3.uint128 = 0x1234',
        'p/x $vs35.uint128', 'p $vs1.v2_double', 'info registers spr', 'set var *(int *)0x10008 = 0x11223344',
        'x/x 0x10008', 'x/x 0xfffffffff000', 'monitor help', 'kill',
      ],
    }); // prettier-ignore
    expect(gdb).toMatch(/Old value = 0\nNew value = 5\n[^]*Old value = 5\nNew value = 4\n/);
    expect(gdb).toMatch(/\$1 = 4\n/);
    expect(gdb).toMatch(/Hardware read watchpoint 2: \*\(int \*\)0x10004\n\nValue = 0/);
    expect(gdb).toMatch(/\$2 = 2.5\n\$3 = 4660\n\$4 = 0x1234\n\$5 = \{2.5, 0\}/);
    expect(gdb).toMatch(/^pvr +0x4e1200/m);
    expect(gdb).toMatch(/0x10008:\t0x11223344\n/);
    expect(gdb).toMatch(/Cannot access memory at address 0xfffffffff000/);
    expect(gdb).toMatch(/walk EA/);
    expect(status).toBe(0);
  });
});

describeUnless(noGdb ?? fetchedMissing('vmlinux'), "gdb and Debian's kernel", () => {
  test('from the first instruction through start_kernel to a timer interrupt', async () => {
    const { gdb, stderr } = await debug({
      boot: [VMLINUX, '--machine', 'pseries', '--append', COMMAND_LINE, '--max-insns', '300M', '--gdb', 'tcp::0'],
      before: [`file ${VMLINUX}`],
      commands: [
        'p/x $pc', 'stepi', 'p/x $pc', 'break start_kernel', 'continue', 'bt', 'x/2i $pc', 'info registers pc msr',
        'stepi', 'hbreak do_timer', 'continue', 'bt', 'finish', 'delete', 'watch *(long *)&jiffies_64', 'continue',
        'continue', 'delete', 'monitor walk 0xc000000000008000', 'monitor info cpus', 'detach',
      ],
    }); // prettier-ignore
    // PC is right though the CPU is big-endian here and gdb is not.
    expect(gdb).toMatch(/\$1 = 0x0\n[^]*\$2 = 0x8\n/);
    expect(gdb).toMatch(
      /Breakpoint 1, 0xc[0-9a-f]+ in start_kernel \(\)\n#0 .* in start_kernel \(\)\n#1 .* in start_here_common/,
    );
    expect(gdb).toMatch(/=> 0xc[0-9a-f]+ <start_kernel\+\d+>:/);
    expect(gdb).toMatch(/Breakpoint 2, 0xc[0-9a-f]+ in do_timer \(\)\n#0 .*do_timer[^]*timer_interrupt/);
    const values = [...gdb.matchAll(/^(?:Old|New) value = (\d+)$/gm)].map(([, value]) => Number(value));
    expect(values).toHaveLength(4);
    expect(values[1]).toBe(values[0]! + 1);
    expect(values[2]).toBe(values[1]);
    expect(gdb).toMatch(/=> host RA 0x[0-9a-f]+ /);
    expect(stderr).toMatch(/stopped after --max-insns|dead/);
  });
});
