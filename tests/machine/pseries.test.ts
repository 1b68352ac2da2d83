/** Machine pseries as a whole: a guest from its first instruction to its end, alone and with other CPUs. */
import { PTE } from '../../isa/tables/radix';
import { has } from '../../src/core/bits';
import { parseFdt } from '../../src/loader/fdt';
import { readRaw } from '../../src/loader';
import { Machine } from '../../src/machine/machine';
import { PSERIES_MACHINE } from '../../src/machine/pseries';
import {
  assembleGuest,
  MIB,
  runPseries,
  type PseriesGuest,
  type PseriesOptions,
} from '../support/pseries-guest';

const BUDGET = 2_000_000;
const NAME = 'pseries-hello.s';
const PRINTED = [
  'hello from L1', 'r3 is a device tree', 'relocation is on', 'memory is there', 'the decrementer woke us', '',
].join('\n'); // prettier-ignore

/** `hcall N` with its arguments in place already. */
const MACROS = `
.macro hcall number
        load64  3, \\number
        sc      1
.endm
.macro no_decrementer
        lis     3, 0x7fff
        mtspr   22, 3
.endm
.macro power_off
        load64  4, 0x8000
        load64  5, 0x2003
        stw     5, 0(4)
        li      5, 2
        stw     5, 4(4)
        li      5, 1
        stw     5, 8(4)
        hcall   0xf000
        b       .
.endm
`;

describe(NAME, () => {
  it.each([
    ['power9', undefined],
    ['power10', undefined],
    ['power9', 'architected'],
  ] as const)('prints and powers off: %s, TLB %s', (model, tlb) => {
    const run = runPseries(NAME, { model, ...(tlb ? { tlb } : {}) });
    expect(run.console).toBe(PRINTED);
    expect(run.end).toEqual({ kind: 'power', request: { kind: 'off' } });
  });

  it('runs the same however it is cut', () => {
    const runs = [BUDGET, 7, 1000].map((slice) => runPseries(NAME, { slice, cpus: 2 }));
    for (const run of runs) {
      expect(run.console).toBe(PRINTED);
      expect(run.machine.instructions).toBe(runs[0]!.machine.instructions);
    }
  });

  it('is traced: hypercalls by name, and each page that L0 gave once', () => {
    const { events } = runPseries(NAME, { trace: ['hcall', 'console'] });
    const calls = events
      .filter((e) => e.ev === 'hcall')
      .map((e) => (e.ev === 'hcall' ? `${e.name} ${e.result}` : ''));
    expect(calls.filter((call) => !call.startsWith('H_PUT_TERM_CHAR'))).toEqual([
      'H_REGISTER_PROC_TBL H_SUCCESS',
      'H_CEDE H_SUCCESS',
      'KVMPPC_H_RTAS H_SUCCESS',
    ]);
    const pages = events.flatMap((e) => (e.ev === 'l0.fault' ? [Number(e.gpa / 0x200000n)] : []));
    expect(new Set(pages).size).toBe(pages.length);
    expect(events.some((e) => e.ev === 'console' && e.device === 'vty')).toBe(true);
  });

  it("leaves L0 with a tree whose every page is the host's page of that address", () => {
    const { l0 } = runPseries(NAME);
    let leaves = 0;
    l0.arch.tree.each(0, 2 ** 52, (gpa, { pte, shift }) => {
      leaves++;
      expect(shift).toBe(21);
      const slot = l0.vm.gfnToMemslot(gpa / 65536)!;
      const frame = l0.mm.resolve(slot.userspaceAddr + gpa, 'read');
      expect(Number(pte & PTE.RPN.mask)).toBe(l0.frames.addressOf(frame));
      expect(has(pte, PTE.WRITE)).toBe(true);
    });
    expect(leaves).toBeGreaterThan(4);
    expect(l0.vm.warnings).toEqual([]);
  });
});

describe('what a guest meets', () => {
  const run = (source: string, options?: PseriesOptions): PseriesGuest =>
    runPseries('guest', options, assembleGuest(MACROS + source));

  it('guest real mode, 64-bit, big-endian, HV off, the tree in r3', () => {
    const r = run('        mfmsr   31\n        mr      30, 3\n        mr      29, 5\n        power_off');
    const { state } = r.machine.cpus[0]!;
    expect(state.gpr(31)).toBe(0x8000000000001000n);
    expect(state.gpr(29)).toBe(0n);
    expect(r.end.kind).toBe('power');
    const bytes = new Uint8Array(65536);
    expect(r.l0.guestMemory.read(state.gpr(30), bytes)).toBe(true);
    expect(parseFdt('tree', bytes).bootCpu).toBe(0);
  });

  it('an illegal instruction is its own program interrupt', () => {
    const r = run(`
        b       1f
        .org    0x700
        mfspr   31, SPR_SRR1
        mfspr   30, SPR_SRR0
        power_off
        .org    0x1000
1:      .long   0`);
    const { state } = r.machine.cpus[0]!;
    expect([state.gpr(30), state.gpr(31) & 0x80000n]).toEqual([0x1000n, 0x80000n]);
  });

  it('a hypervisor register is none of its business', () => {
    const r = run(`
        b       1f
        .org    0x700
        mfspr   31, SPR_SRR1
        power_off
        .org    0x1000
1:      mtspr   SPR_LPCR, 3`);
    expect(r.machine.cpus[0]!.state.gpr(31) & 0x40000n).toBe(0x40000n);
  });

  it('memory that is not there is a machine check', () => {
    const r = run(`
        b       1f
        .org    0x200
        mfspr   31, SPR_DAR
        power_off
        .org    0x1000
1:      load64  4, 0x123456780
        ld      5, 0(4)`);
    expect(r.machine.cpus[0]!.state.gpr(31)).toBe(0x123456780n);
    expect(r.end.kind).toBe('power');
  });

  it('an interrupt that it never leaves ends the run', () => {
    const r = run('        .long   0\n        .org    0x700\n        .long   0');
    expect(r.end.kind).toBe('interruptLoop');
  });

  it('an IPI wakes the other CPU, which has the same time', () => {
    const r = run(
      `
        b       1f
        .org    0x500
        # External: accept, take the IPI back, tell.
        hcall   0x74
        mr      30, 4
        li      4, 1
        li      5, 0xff
        hcall   0x6c
        mr      4, 30
        hcall   0x64
        mftb    6
        load64  7, 0x9000
        std     6, 8(7)
        std     30, 0(7)
        li      4, 0
2:      hcall   0xe0
        b       2b
        .org    0x1000
        # CPU 1: everything may interrupt, wait.
second: no_decrementer
        li      4, 0xff
        hcall   0x68
        load64  7, 0x9000
        li      6, 1
        std     6, 16(7)
2:      hcall   0xe0
        b       2b
1:      load64  4, 0x8000
        load64  5, 0x2006
        stw     5, 0(4)
        li      5, 3
        stw     5, 4(4)
        li      5, 1
        stw     5, 8(4)
        stw     5, 12(4)
        load64  6, second
        stw     6, 16(4)
        hcall   0xf000
        load64  7, 0x9000
2:      ld      6, 16(7)
        cmpdi   6, 0
        beq     2b
        lis     6, 1
        mtctr   6
2:      bdnz    2b
        mftb    29
        li      4, 1
        li      5, 4
        hcall   0x6c
        load64  7, 0x9000
2:      ld      31, 0(7)
        cmpdi   31, 0
        beq     2b
        ld      28, 8(7)
        power_off`,
      { cpus: 2 },
    );
    const { state } = r.machine.cpus[0]!;
    expect(r.end.kind).toBe('power');
    expect(state.gpr(31)).toBe(0xff000002n);
    const skew = state.gpr(28) - state.gpr(29);
    expect(skew < 0n ? -skew : skew).toBeLessThan(30_000n);
  });

  it("typed characters raise the terminal's interrupt and are read", () => {
    const machine = new Machine({ description: PSERIES_MACHINE, memory: 64 * MIB, output: () => undefined });
    const source = `${MACROS}
        b       1f
        .org    0x500
        hcall   0x74
        mr      31, 4
        li      4, 0
        hcall   0x54
        mr      30, 4
        mr      29, 5
        power_off
        .org    0x1000
1:      no_decrementer
        li      4, 0xff
        hcall   0x68
        load64  4, 0x8000
        load64  5, 0x200a
        stw     5, 0(4)
        li      5, 3
        stw     5, 4(4)
        li      5, 1
        stw     5, 8(4)
        li      5, 0x1100
        stw     5, 12(4)
        li      5, 0
        stw     5, 16(4)
        li      5, 5
        stw     5, 20(4)
        hcall   0xf000
2:      hcall   0xe0
        b       2b`;
    machine.load(readRaw('guest', assembleGuest(source), { entry: 0n }));
    // It waits with its decrementer far away: nothing else happens.
    expect(machine.run(BUDGET).end.kind).toBe('budget');
    expect(machine.input(Uint8Array.of(0x41, 0x42))).toBe(2);
    expect(machine.run(BUDGET).end.kind).toBe('power');
    const { state } = machine.cpus[0]!;
    expect([state.gpr(31), state.gpr(30), state.gpr(29)]).toEqual([0xff001100n, 2n, 0x4142000000000000n]);
  });
});
