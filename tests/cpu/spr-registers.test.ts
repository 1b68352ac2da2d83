import { MICROWATT, POWER10, POWER8, POWER9, type CpuModel } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { DR, EE, HV, IR, LE, ME, mfspr, mtspr, named, PR, SF, TestMachine, testCpu } from './support';

const ALL = 0xffffffffffffffffn;
const HYPERVISOR = SF | HV | ME;
const GUEST = SF | ME;
const PROBLEM = SF | ME | PR | EE | IR | DR;
const OPEN = { FSCR: 0x3184n, HFSCR: 0x37ffn };

/** What a register holds after all ones were written to it. */
function implemented(model: CpuModel, num: number): bigint {
  const { cpu } = testCpu(model, HYPERVISOR);
  mtspr(cpu, num, ALL);
  mfspr(cpu, num);
  return cpu.result;
}

describe('implemented bits', () => {
  test.each([
    ['LPCR of POWER8', POWER8, 318, 0xf07f80003f85fa09n],
    ['LPCR of POWER9', POWER9, 318, 0x7070400003f7fe1bn],
    ['LPCR of POWER10', POWER10, 318, 0x7070400007f7fe1bn],
    ['PTCR', POWER9, 464, 0x0ffffffffffff01fn],
    ['LPIDR', POWER9, 319, 0xfffn],
    ['PIDR of POWER9', POWER9, 48, 0xfffffn],
    ['PIDR of Microwatt', MICROWATT, 48, 0xfffn],
    ['FSCR of POWER8', POWER8, 153, 0xff00000000000184n],
    ['FSCR of POWER9', POWER9, 153, 0xff00000000001184n],
    ['FSCR of POWER10', POWER10, 153, 0xff00000000003184n],
    ['FSCR of Microwatt', MICROWATT, 153, 0xff00000000003104n],
    ['DSISR', POWER9, 18, 0xffffffffn],
    ['DAWR0', POWER9, 180, 0xfffffffffffffff8n],
    ['DAWRX0 of POWER9', POWER9, 188, 0xfc7fn],
    ['DAWRX1 of POWER10', POWER10, 189, 0xfcffn],
    ['PCR of POWER10', POWER10, 338, 0x1en],
    ['HRMOR of Microwatt', MICROWATT, 313, 0n],
    ['DSCR of Microwatt', MICROWATT, 17, 0x1ffffffn],
    ['DSCR through SPR 3 of Microwatt', MICROWATT, 3, 0x1ffffffn],
    ['PVR of POWER9', POWER9, 287, 0x4e1200n],
    ['PVR of Microwatt', MICROWATT, 287, 0x630000n],
  ])('%s', (_name, model, num, expected) => {
    expect(implemented(model, num)).toBe(expected);
  });

  test('LPCR of Microwatt: UPRT and HR are always 1', () => {
    expect(implemented(MICROWATT, 318)).toBe(0x472001an);
    const { cpu } = testCpu(MICROWATT, HYPERVISOR);
    mtspr(cpu, 318, 0n);
    mfspr(cpu, 318);
    expect(cpu.result).toBe(0x500000n);
  });
});

describe('what translation depends on', () => {
  test('PTCR drops every translation', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    expect(mtspr(cpu, 464, 0x400000n)).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toHaveLength(1);
    expect(machine.contextChanges).toBe(1);
  });

  test.each([
    ['PIDR', 48, 5n],
    ['LPIDR', 319, 2n],
    ['AMR', 29, 1n],
    ['LPCR, when HR changes', 318, 0x500000n],
    ['HRMOR', 313, 0x1000000n],
    ['DAWR0', 180, 8n],
    ['CIABR', 187, 3n],
  ])('%s changes the context and drops nothing', (_name, num, value) => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    expect(mtspr(cpu, num, value)).toBe(OUTCOME.RESUME);
    expect(machine.invalidations).toEqual([]);
    expect(machine.contextChanges).toBe(1);
  });

  test('an ordinary register does neither', () => {
    const { cpu, machine } = testCpu(POWER9, HYPERVISOR);
    expect(mtspr(cpu, 272, 1n)).toBe(OUTCOME.NEXT);
    expect(machine.contextChanges).toBe(0);
  });
});

describe('authority masks', () => {
  const MASKS = { ...OPEN, AMR: 0xf0n, UAMOR: 0x0fn, AMOR: 0xffn, IAMR: 0n };

  test('problem state changes what UAMOR lets it, through SPR 13', () => {
    const { cpu } = testCpu(POWER9, PROBLEM, MASKS);
    mtspr(cpu, 13, ALL);
    expect(named(cpu, 'AMR')).toBe(0xffn);
    mtspr(cpu, 13, 0n);
    expect(named(cpu, 'AMR')).toBe(0xf0n);
  });

  test.each([
    ['AMR', 29],
    ['IAMR', 61],
    ['UAMOR', 157],
  ])('a guest changes of %s what AMOR lets it, the hypervisor all', (name, num) => {
    const { cpu } = testCpu(POWER9, GUEST, { ...MASKS, [name]: 0xf000n });
    mtspr(cpu, num, 0x1234n);
    expect(named(cpu, name)).toBe(0xf034n);
    const own = testCpu(POWER9, HYPERVISOR, { ...MASKS, [name]: 0xf000n });
    mtspr(own.cpu, num, 0x1234n);
    expect(named(own.cpu, name)).toBe(0x1234n);
  });
});

describe('other names of registers', () => {
  test('SPRG3 is readable in problem state', () => {
    const { cpu } = testCpu(POWER9, PROBLEM, { SPRG3: 0x55n });
    mfspr(cpu, 259);
    expect(cpu.result).toBe(0x55n);
  });

  test('DSCR by its two numbers', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, OPEN);
    mtspr(cpu, 3, 7n);
    mfspr(cpu, 17);
    expect(cpu.result).toBe(7n);
  });

  test('PPR32 and TEXASRU are upper halves', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR | (1n << 32n), { ...OPEN, PPR: 0x1111111122222222n });
    mfspr(cpu, 898);
    expect(cpu.result).toBe(0x11111111n);
    mtspr(cpu, 898, 0xaaaaaaaa33333333n);
    expect(named(cpu, 'PPR')).toBe(0x3333333322222222n);
    mtspr(cpu, 131, 0x44444444n);
    expect(named(cpu, 'TEXASR')).toBe(0x4444444400000000n);
  });

  test('BESCR set and reset registers, whole and upper half', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, { ...OPEN, BESCR: 0x100000000n });
    mtspr(cpu, 800, 0x3n);
    expect(named(cpu, 'BESCR')).toBe(0x100000003n);
    mtspr(cpu, 801, 0x80000000n);
    expect(named(cpu, 'BESCR')).toBe(0x8000000100000003n);
    mfspr(cpu, 801);
    expect(cpu.result).toBe(0x80000001n);
    mtspr(cpu, 802, 0x1n);
    mtspr(cpu, 803, 0x1n);
    expect(named(cpu, 'BESCR')).toBe(0x8000000000000002n);
  });

  test('the performance monitor registers by their user numbers', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR, OPEN);
    mtspr(cpu, 787, 0x99n);
    mfspr(cpu, 771);
    expect(cpu.result).toBe(0x99n);
  });

  test('problem state reads its half of DEXCR and HDEXCR', () => {
    const { cpu } = testCpu(POWER10, PROBLEM, { DEXCR: 0x1111111122222222n, HDEXCR: 0x3333333344444444n });
    mfspr(cpu, 812);
    expect(cpu.result).toBe(0x22222222n);
    mfspr(cpu, 455);
    expect(cpu.result).toBe(0x44444444n);
  });
});

describe('XER', () => {
  test('is made of its parts', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR);
    mtspr(cpu, 1, ALL);
    mfspr(cpu, 1);
    expect(cpu.result).toBe(0xffffffffn);
    expect(['SO', 'OV', 'CA', 'OV32', 'CA32'].map((name) => named(cpu, name))).toEqual([1n, 1n, 1n, 1n, 1n]);
    mtspr(cpu, 1, 0x40040007n);
    expect(['SO', 'OV', 'CA', 'OV32', 'CA32'].map((name) => named(cpu, name))).toEqual([0n, 1n, 0n, 0n, 1n]);
    expect(named(cpu, 'XERLOW')).toBe(7n);
  });
});

describe('CTRL', () => {
  test('is written through SPR 152; problem state does not see the thread', () => {
    const { cpu } = testCpu(MICROWATT, HYPERVISOR | LE);
    mtspr(cpu, 152, 1n);
    mfspr(cpu, 136);
    expect(cpu.result).toBe(0x8001n);
    cpu.msr = PROBLEM | HV;
    mfspr(cpu, 136);
    expect(cpu.result).toBe(1n);
    cpu.msr = HYPERVISOR;
    mtspr(cpu, 152, 0xfffen);
    mfspr(cpu, 136);
    expect(cpu.result).toBe(0n);
  });
});

test('HMER bits can only be cleared', () => {
  const { cpu } = testCpu(POWER9, HYPERVISOR, { HMER: 0xf0n });
  mtspr(cpu, 336, 0x3fn);
  expect(named(cpu, 'HMER')).toBe(0x30n);
});

test('the guest’s view of PSSCR has no state-loss controls, and no status with SD=1', () => {
  const { cpu } = testCpu(POWER9, GUEST, { PSSCR: 0xf0000000003f0000n });
  mtspr(cpu, 823, ALL);
  expect(named(cpu, 'PSSCR')).toBe(0xf0000000003f03ffn);
  mfspr(cpu, 823);
  expect(cpu.result).toBe(0xf0000000000003ffn);
  cpu.state.setNamed('PSSCR', 0xf000000000400003n);
  mfspr(cpu, 823);
  expect(cpu.result).toBe(3n);
});

test('PIR and TIR number the thread in the machine and in its core', () => {
  const { cpus } = new TestMachine(POWER9, 6);
  const read = (index: number, num: number): bigint => {
    mfspr(cpus[index]!, num);
    return cpus[index]!.result;
  };
  expect([read(0, 1023), read(5, 1023)]).toEqual([0n, 5n]);
  expect([read(0, 446), read(3, 446), read(4, 446), read(5, 446)]).toEqual([0n, 3n, 0n, 1n]);
});
