/** CPUs that only take interrupts: which are stuck for good, and what gets others out. */
import { MSR } from '../../isa/registers/msr';
import { program, type Program } from '../support/program';

const SLICES = [7, 999, 1_000_000];

/** Runs in slices until something else than the budget ends a slice. */
function runIn(slice: number, { machine }: Program): { kind: string; message?: string } {
  for (let left = 400_000; left > 0; left -= slice) {
    const { end } = machine.run(slice);
    if (end.kind !== 'budget') return end;
  }
  return { kind: 'limit' };
}

/** An illegal instruction is at the vector of illegal instructions. CPU 1 begins there. */
function pair(source: string): Program {
  const guest = program(
    `        .long   0\n        .org    0xe40\nvector: .long 0\n        .org    0x1000\n${source}`,
    {
      cpus: 2,
    },
  );
  const other = guest.machine.cpus[1]!;
  other.nia = guest.symbols.get('other') ?? 0n;
  other.msr = guest.cpu.msr;
  guest.machine.turns.enable(3);
  guest.machine.execution.memoryReplaced();
  return guest;
}

describe.each(SLICES)('in slices of %d', (slice) => {
  test('a CPU that another one can help is not given up', () => {
    const guest = pair(`
start:  lis     3, 1
        mtctr   3
        bdnz    .
        lis     4, 0x4800               # b .+8
        ori     4, 4, 8
        stw     4, 0xe40(0)
        lis     4, 0x0000
        ori     4, 4, 0x0200            # attn
        stw     4, 0xe48(0)
        b       .`);
    expect(runIn(slice, guest)).toEqual({ kind: 'attn' });
    expect(guest.machine.cpus[1]!.nia).toBe(0xe4cn);
  });

  test('a CPU that runs for ever is no end, whatever another one does', () => {
    expect(runIn(slice, pair('start: b .'))).toEqual({ kind: 'limit' });
  });

  test('two that are stuck are reported', () => {
    const end = runIn(slice, pair('start: .long 0'));
    expect(end).toMatchObject({ kind: 'interruptLoop' });
    expect(end.message).toContain('NIA 0xe40');
  });

  test('HDEC gets a guest out that is in a loop, later than the loop would be noticed', () => {
    const V = 1n << 63n;
    const guest = program(`
        .org    0x700
        trap
        .org    0x980
        mfspr   31, SPR_HSRR0
        attn
        .org    0x1000
start:  trap`);
    const { memory } = guest.machine;
    // Partition 1: guest real is host real, 2M of it.
    for (const [at, value] of [
      [0x10010, V | 0x40000000000000adn | 0x20000n],
      [0x10018, 0n],
      [0x20000, V | 0x30000n | 9n],
      [0x30000, V | 0x31000n | 9n],
      [0x31000, (3n << 62n) | 0x187n],
    ] as const)
      memory.setDoubleword(at, value);
    const { cpu, machine } = guest;
    for (const [name, value] of Object.entries({
      PTCR: 0x10000n, LPIDR: 1n, LPCR: 0x500001n, HDECEXPIRY: 5000n,
    })) cpu.state.setNamed(name, value); // prettier-ignore
    cpu.msr &= ~MSR.HV.mask;
    machine.execution.memoryReplaced();
    expect(runIn(slice, guest)).toEqual({ kind: 'attn' });
    expect(guest.gpr(31)).toBe(0x700n);
  });

  test('without HDEC such a guest is stuck', () => {
    const guest = program('        .org    0x700\n        trap\n        .org    0x1000\nstart:  trap');
    expect(runIn(slice, guest)).toMatchObject({ kind: 'interruptLoop' });
  });
});
