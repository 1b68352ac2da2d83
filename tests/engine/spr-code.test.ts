/** Moves to and from SPRs that generated code makes by itself, against the services, in every state of privilege. */
import fc from 'fast-check';
import { SPR_ROWS } from '../../isa/registers/spr';
import { CPU_MODELS, type ModelName } from '../../src/cpu/models';
import { plainSprs } from '../../src/cpu/spr';
import { OUTCOME } from '../../src/cpu/outcome';
import { SLOTS } from '../../src/state/layout';
import { HV, ME, mfspr, mtspr, OLD_GPR, PR, SF, TestMachine } from '../cpu/support';
import { Program } from '../support/program';

const V = 1n << 63n;
const TREE52 = 0x40000000000000adn;
const LEAF = 0xc000000000000187n;
const LPID = 2n;
const FIRST = 0x10000n;

/** HRMOR moves the program itself. */
const numbers = SPR_ROWS.filter(({ name }) => name !== 'HRMOR').map(({ num }) => num);
/** A move to and a move from each register, 16 bytes apart. */
const moves = numbers.map((num) => `mtspr ${num}, 3\n mfspr 4, ${num}\n nop\n nop`).join('\n');

/** A machine with the moves, and a guest partition that has its memory where the machine has it. */
function machineOf(model: ModelName) {
  const program = new Program(`.fill 0x400, 4, 0x60000000\n.org ${FIRST}\n${moves}`, { model });
  const { memory } = program.machine;
  const words: readonly (readonly [number, bigint])[] = [
    [0x8000 + 16 * Number(LPID), V | TREE52 | 0x80000n],
    [0x8000 + 16 * Number(LPID) + 8, V],
    [0x80000, V | 0x90000n | 9n],
    [0x90000, LEAF],
  ];
  for (const [at, value] of words) memory.setDoubleword(at, value);
  return program;
}

const REGISTERS = { PTCR: 0x8000n, LPCR: 0x500000n, LPIDR: LPID, AMOR: 0n, UAMOR: 0n } as const;
/** What instructions use beside what they are about. */
const SCRATCH = new Set(['RETIRED', 'IDLETIME', 'INTERRUPTED', 'PMUSINCE', 'PMURETIRED']);

const setUp = (cpu: Program['cpu'], msr: bigint, at: bigint, value: bigint): void => {
  cpu.reset();
  for (const [name, to] of Object.entries(REGISTERS))
    if (SLOTS.some((s) => s.name === name)) cpu.state.setNamed(name, to);
  cpu.msr = msr;
  cpu.nia = at;
  cpu.state.setGpr(3, value);
  cpu.state.setGpr(4, OLD_GPR);
};

const stateOf = (cpu: Program['cpu']): string =>
  SLOTS.filter(({ architected, name }) => architected && !SCRATCH.has(name))
    .flatMap((s) =>
      Array.from({ length: s.count }, (_, i) => `${s.name}.${i} ${cpu.state.read(s, i).toString(16)}`),
    )
    .join('\n');

/** One move by the service, or the interrupt that it is and the nop that its handler begins with. */
function serve(cpu: Program['cpu'], word: number, run: () => number): boolean {
  [cpu.imageHi, cpu.imageLo, cpu.prefixed] = [0, word, false];
  const outcome = run();
  cpu.nia = cpu.following;
  return outcome !== OUTCOME.FAULT;
}

describe.each(['power8', 'power9', 'power10'] as const)('%s', (model) => {
  const program = machineOf(model);
  const twin = new TestMachine(CPU_MODELS[model]).cpus[0]!;
  const states = [SF | HV, SF | HV | PR, ...(model === 'power8' ? [] : [SF, SF | PR])];

  test('has plain registers, none of which has an effect', () => {
    const names = plainSprs(CPU_MODELS[model]).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['SRR0', 'SRR1', 'SPRG0', 'HSPRG0', 'DAR', 'DSISR', 'HDAR', 'CFAR']),
    );
    for (const name of ['LPCR', 'PIDR', 'DEC', 'AMR', 'BESCR', 'TAR', 'DSCR', 'HMER', 'PMU11', 'DAWR0'])
      expect(names).not.toContain(name);
  });

  test('generated code does what the services do', () => {
    fc.assert(
      fc.property(
        fc.nat(numbers.length - 1),
        fc.constantFrom(...states),
        fc.bigInt(0n, (1n << 64n) - 1n),
        (index, state, value) => {
          const num = numbers[index]!;
          const at = FIRST + 16n * BigInt(index);
          const { cpu, machine } = program;
          const image = (n: number): number => machine.memory.getWord(Number(at) + 4 * n);
          setUp(cpu, state | ME, at, value);
          setUp(twin, state | ME, at, value);
          machine.execution.registersChanged(cpu);
          machine.execution.memoryReplaced();
          const written = serve(twin, image(0), () => mtspr(twin, num, value));
          expect(machine.run(1).end).toEqual({ kind: 'budget' });
          // Timers go on between the two moves of the machine.
          if (written && serve(twin, image(1), () => mfspr(twin, num))) twin.state.setGpr(4, twin.result);
          if (written) machine.run(1);
          if (TIMERS.has(num)) return;
          expect(stateOf(cpu)).toBe(stateOf(twin));
        },
      ),
      { numRuns: 600 },
    );
  });
});

/** Registers that count time, in which the twin has none. */
const TIMERS = new Set(
  SPR_ROWS.filter(({ name }) => /^(TB|DEC|HDEC|VTB|PURR|SPURR|U?PMU)/.test(name)).map(({ num }) => num),
);
