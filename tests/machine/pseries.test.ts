/** Machine pseries as a whole: a guest from its first instruction to its end, alone and with other CPUs. */
import { ROWS } from '../../isa/index';
import type { InsnRow } from '../../isa/vocabulary/row';
import { PTE } from '../../isa/tables/radix';
import { UserError } from '../../src/core/errors';
import { has } from '../../src/core/bits';
import { findNode, parseFdt, type FdtNode } from '../../src/loader/fdt';
import { readImage, readRaw } from '../../src/loader';
import { assemble } from '../../src/asm/assemble';
import { Machine, type MachineEnd } from '../../src/machine/machine';
import { hostMemoryFor, PSERIES_MACHINE } from '../../src/machine/pseries';
import type { BootExtras } from '../../src/machine/pseries/boot';
import { Tracer, type WatchedKind } from '../../src/machine/tracer';
import type { TraceEvent } from '../../src/trace/events';
import { assembleFixture } from '../support/guest';
import { include } from '../support/program';

const MIB = 2 ** 20;
const BUDGET = 2_000_000;

interface Options {
  readonly cpus?: number;
  readonly memory?: number;
  readonly model?: 'power9' | 'power10';
  readonly tlb?: 'architected';
  readonly extras?: BootExtras;
  readonly trace?: readonly WatchedKind[];
  readonly slice?: number;
}

class Run {
  readonly machine: Machine;
  readonly events: TraceEvent[] = [];
  console = '';
  end: MachineEnd = { kind: 'budget' };

  constructor(bytes: Uint8Array, options: Options = {}) {
    const { cpus = 1, memory = 64 * MIB, model, tlb, extras = {}, trace, slice = BUDGET } = options;
    this.machine = new Machine({
      description: PSERIES_MACHINE,
      memory,
      cpus,
      ...(model ? { model } : {}),
      ...(tlb ? { tlb } : {}),
      output: (byte) => (this.console += String.fromCharCode(byte)),
    });
    if (trace) new Tracer(this.machine, { kinds: new Set(trace), emit: (event) => this.events.push(event) });
    this.machine.load(readRaw('guest', bytes, { entry: 0n }), extras);
    for (let used = 0; used < BUDGET && this.end.kind === 'budget';) {
      const ran = this.machine.run(slice);
      ({ end: this.end } = ran);
      used += ran.used;
    }
  }

  get l0(): NonNullable<Machine['l0']> {
    return this.machine.l0!;
  }
}

const HELLO = assembleFixture('pseries-hello.s');
const PRINTED = [
  'hello from L1', 'r3 is a device tree', 'relocation is on', 'memory is there', 'the decrementer woke us', '',
].join('\n'); // prettier-ignore

const guest = (source: string): Uint8Array =>
  assemble(`.include "book3s.inc"\n${source}`, { byteOrder: 'big', origin: 0n, include }).bytes;

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

describe('pseries-hello.s', () => {
  it.each([
    ['power9', undefined],
    ['power10', undefined],
    ['power9', 'architected'],
  ] as const)('prints and powers off: %s, TLB %s', (model, tlb) => {
    const run = new Run(HELLO, { model, ...(tlb ? { tlb } : {}) });
    expect(run.console).toBe(PRINTED);
    expect(run.end).toEqual({ kind: 'power', request: { kind: 'off' } });
  });

  it('runs the same however it is cut', () => {
    const runs = [BUDGET, 7, 1000].map((slice) => new Run(HELLO, { slice, cpus: 2 }));
    for (const run of runs) {
      expect(run.console).toBe(PRINTED);
      expect(run.machine.instructions).toBe(runs[0]!.machine.instructions);
    }
  });

  it('is traced: hypercalls by name, and each page that L0 gave once', () => {
    const { events } = new Run(HELLO, { trace: ['hcall', 'console'] });
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
    const { l0 } = new Run(HELLO);
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
  const run = (source: string, options?: Options): Run => new Run(guest(MACROS + source), options);

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
    machine.load(readRaw('guest', guest(source), { entry: 0n }));
    // It waits with its decrementer far away: nothing else happens.
    expect(machine.run(BUDGET).end.kind).toBe('budget');
    expect(machine.input(Uint8Array.of(0x41, 0x42))).toBe(2);
    expect(machine.run(BUDGET).end.kind).toBe('power');
    const { state } = machine.cpus[0]!;
    expect([state.gpr(31), state.gpr(30), state.gpr(29)]).toEqual([0xff001100n, 2n, 0x4142000000000000n]);
  });
});

describe('what is started beside the image', () => {
  const IDLE = guest('        b       .');
  const load = (
    extras: BootExtras,
    memory = 64 * MIB,
    image = readRaw('guest', IDLE, { entry: 0n }),
  ): Machine => {
    const machine = new Machine({ description: PSERIES_MACHINE, memory, output: () => undefined });
    machine.load(image, extras);
    return machine;
  };
  const tree = (machine: Machine): FdtNode => {
    const bytes = new Uint8Array(65536);
    machine.l0!.guestMemory.read(machine.cpus[0]!.state.gpr(3), bytes);
    return parseFdt('tree', bytes).root;
  };
  const cell = (node: FdtNode | undefined, name: string, at = 0): number => {
    const value = node!.properties.get(name)!;
    return new DataView(value.buffer, value.byteOffset).getUint32(4 * at);
  };

  it('has a device tree with all of it', () => {
    const bytes = Uint8Array.from({ length: 70000 }, (_, i) => i);
    const machine = load({ initrd: { name: 'i', bytes }, append: 'console=hvc0' });
    const root = tree(machine);
    const chosen = findNode(root, '/chosen');
    expect(Buffer.from(chosen!.properties.get('bootargs')!).toString()).toBe('console=hvc0\0');
    const start = cell(chosen, 'linux,initrd-start', 1);
    expect(cell(chosen, 'linux,initrd-end', 1) - start).toBe(70000);
    const back = new Uint8Array(70000);
    machine.l0!.guestMemory.read(BigInt(start), back);
    expect(back).toEqual(bytes);
    expect(cell(findNode(root, '/memory@0'), 'reg', 3)).toBe(64 * MIB);
    const rtas = findNode(root, '/rtas');
    expect([cell(rtas, 'power-off'), cell(rtas, 'ibm,int-on'), cell(rtas, 'ibm,os-term')]).toEqual([
      0x2003, 0x200d, 0x2010,
    ]);
    const entry = new Uint8Array(4);
    machine.l0!.guestMemory.read(BigInt(cell(rtas, 'linux,rtas-entry')), entry);
    expect([...entry]).toEqual([0x7c, 0x64, 0x1b, 0x78]);
    const vec5 = chosen!.properties.get('ibm,architecture-vec-5')!;
    expect([vec5.length, vec5[23], vec5[24], vec5[26]]).toEqual([27, 0x40, 0x40, 0x40]);
    const processor = findNode(root, '/cpus/PowerPC,POWER9@0')!.properties;
    const features = processor.get('ibm,pa-features')!;
    expect(features.length).toBe(68);
    // Two bytes come before the attributes. What the tree promises are instructions that there are.
    const hasRow = (test: (row: InsnRow) => boolean): boolean => ROWS.some(test);
    const isDecimal = (row: InsnRow): boolean => row.feature === 'decimal';
    expect(features[2 + 22] === 0x80).toBe(hasRow(({ mnemonic }) => mnemonic.startsWith('tbegin')));
    expect([features[2 + 54] === 0x80, processor.has('ibm,dfp')]).toEqual([
      hasRow(isDecimal),
      hasRow(isDecimal),
    ]);
  });

  it('shows the tree that the guest is started with', () => {
    const seen: Uint8Array[] = [];
    const machine = load({ append: 'console=hvc0', onDeviceTree: (bytes) => seen.push(bytes) });
    const there = new Uint8Array(seen[0]!.length);
    machine.l0!.guestMemory.read(machine.cpus[0]!.state.gpr(3), there);
    expect(seen).toEqual([there]);
  });

  it('promises no facility that is not there', () => {
    const cpu = findNode(tree(load({})), '/cpus/PowerPC,POWER9@0')!;
    expect(cpu.properties.has('ibm,dfp')).toBe(false);
  });

  it('takes a tree of the user as it is, with RTAS where it says', () => {
    const own = new Uint8Array(65536);
    const first = load({ append: 'x' });
    first.l0!.guestMemory.read(first.cpus[0]!.state.gpr(3), own);
    const machine = load({ deviceTree: { name: 'd', bytes: own } });
    expect(Buffer.from(findNode(tree(machine), '/chosen')!.properties.get('bootargs')!).toString()).toBe(
      'x\0',
    );
    const entry = new Uint8Array(4);
    machine.l0!.guestMemory.read(BigInt(cell(findNode(tree(machine), '/rtas'), 'linux,rtas-base')), entry);
    expect([...entry]).toEqual([0x7c, 0x64, 0x1b, 0x78]);
  });

  it.each([
    [
      'an initial RAM disk larger than memory',
      { initrd: { name: 'big', bytes: new Uint8Array(70 * MIB) } },
      'big',
    ],
    ['a device tree that is none', { deviceTree: { name: 'none', bytes: new Uint8Array(100) } }, 'none'],
  ])('refuses %s', (_what, extras, name) => {
    expect(() => load(extras)).toThrow(UserError);
    expect(() => load(extras)).toThrow(name);
  });

  it('refuses an image beyond memory, and one that leaves no room', () => {
    const at =
      (loadAddress: bigint): (() => Machine) =>
      () =>
        load({}, 2 * MIB, readImage('guest', IDLE, { loadAddress }));
    expect(at(0x200000n)).toThrow('expected an end of at most');
    expect(at(0x1f0000n)).toThrow('do not fit between the image');
    expect(at(0x100000n)).not.toThrow();
  });

  it("has host memory for L0 beside the guest's", () => {
    expect(hostMemoryFor(64 * MIB)).toBe(96 * MIB);
    expect(hostMemoryFor(1024 * MIB)).toBe(1088 * MIB);
  });
});
