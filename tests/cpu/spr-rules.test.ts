import { SPR_ROWS } from '../../isa/registers/spr';
import { CPU_MODELS, MICROWATT, POWER10, POWER8, POWER9 } from '../../src/cpu/models';
import { OUTCOME } from '../../src/cpu/outcome';
import { peekSpr } from '../../src/cpu/spr';
import { DR, EE, HV, IR, ME, mfspr, mtspr, named, OLD_GPR, PR, RI, SF, testCpu } from './support';

const GUEST = SF | ME | RI;
const HYPERVISOR = GUEST | HV;
const PROBLEM = SF | ME | RI | PR | EE | IR | DR;
const EVIRT = 0x200000n;
const PRIVILEGED_CAUSE = 0x40000n;
/** Every facility on. */
const OPEN = { FSCR: 0x3184n, HFSCR: 0x37ffn };

/** What an access did: the interrupt's vector with cause, `no-op`, or `done`. */
function effectOf(
  model: typeof POWER9,
  msr: bigint,
  o: { num: number; write?: boolean; lpcr?: bigint },
): string {
  const { cpu, machine } = testCpu(model, msr, { ...OPEN, LPCR: o.lpcr ?? 0n });
  cpu.msr = msr | (model.sprs.has(130) ? 1n << 32n : 0n);
  const outcome = o.write ? mtspr(cpu, o.num, 0n) : mfspr(cpu, o.num);
  if (outcome === OUTCOME.FAULT) {
    const { interrupt, status } = machine.taken[0]!;
    return `${interrupt}${status & PRIVILEGED_CAUSE ? ' privileged' : ''}`;
  }
  if (o.write) return 'done';
  return cpu.result === OLD_GPR ? 'no-op' : 'done';
}

const PRIVILEGED = 'program privileged';
const ILLEGAL = 'hypervisorEmulationAssistance';
const EMULATED = 'hypervisorEmulationAssistance privileged';

describe('rows', () => {
  test('a privileged number (n & 0x10) is exactly what problem state may not access', () => {
    for (const row of SPR_ROWS) {
      const privilegedNumber = (row.num & 0x10) !== 0;
      for (const access of [row.read, row.write])
        if (access !== 'none' && row.name !== 'GSR')
          expect(`${row.name} ${access === 'problem'}`).toBe(`${row.name} ${!privilegedNumber}`);
    }
  });

  test('no number and no name twice', () => {
    expect(new Set(SPR_ROWS.map(({ num }) => num)).size).toBe(SPR_ROWS.length);
    expect(new Set(SPR_ROWS.map(({ name }) => name)).size).toBe(SPR_ROWS.length);
  });
});

describe('the privilege matrix, every register of every model', () => {
  const ACCESSES = Object.values(CPU_MODELS).flatMap((model) =>
    [...model.sprs.values()].map((row) => [model.name, row.name, model, row] as const),
  );

  test.each(ACCESSES)('%s %s', (_model, _name, model, row) => {
    for (const write of [false, true]) {
      const { num } = row;
      const access = write ? row.write : row.read;
      const inHypervisor = effectOf(model, HYPERVISOR, { num, write });
      const inProblem = effectOf(model, PROBLEM | HV, { num, write });
      expect(inHypervisor).toBe(access === 'none' && !write ? 'no-op' : 'done');
      if (access === 'problem') expect(inProblem).toBe('done');
      else expect(inProblem).toBe(num & 0x10 ? PRIVILEGED : ILLEGAL);
      if (!model.mmu.partitions) continue;
      const inGuest = effectOf(model, GUEST, { num, write });
      if (access === 'hypervisor') expect(inGuest).toBe(PRIVILEGED);
      else if (access === 'none') expect(inGuest).toBe(write ? 'done' : 'no-op');
      else expect(inGuest).toBe('done');
    }
  });
});

describe('undefined registers', () => {
  // 1000 and 1015 have the privileged bit clear and set; neither exists.
  test.each([
    ['hypervisor', HYPERVISOR, 0n, 1000, 'no-op'],
    ['hypervisor', HYPERVISOR, 0n, 1015, 'no-op'],
    ['hypervisor', HYPERVISOR, EVIRT, 1000, 'no-op'],
    ['guest', GUEST, 0n, 1000, 'no-op'],
    ['guest', GUEST, 0n, 1015, 'no-op'],
    ['guest', GUEST, EVIRT, 1000, ILLEGAL],
    ['guest', GUEST, EVIRT, 1015, ILLEGAL],
    ['problem state', PROBLEM, 0n, 1000, ILLEGAL],
    ['problem state', PROBLEM, 0n, 1015, PRIVILEGED],
    ['problem state', PROBLEM, 0n, 19, PRIVILEGED],
  ] as const)('mfspr in %s state', (_state, msr, lpcr, num, expected) => {
    expect(effectOf(POWER9, msr, { num, lpcr })).toBe(expected);
  });

  test.each([0, 4, 5, 6])('%i is illegal in every state, in both directions', (num) => {
    for (const msr of [HYPERVISOR, GUEST, PROBLEM])
      for (const write of [false, true]) expect(effectOf(POWER9, msr, { num, write })).toBe(ILLEGAL);
  });

  test.each([808, 809, 810, 811])('%i is a no-op in every state, EVIRT or not', (num) => {
    for (const msr of [HYPERVISOR, GUEST, PROBLEM]) {
      expect(effectOf(POWER9, msr, { num, lpcr: EVIRT })).toBe('no-op');
      expect(effectOf(POWER9, msr, { num, lpcr: EVIRT, write: true })).toBe('done');
    }
  });

  test('on Microwatt EVIRT makes them illegal, although there is no guest', () => {
    expect(effectOf(MICROWATT, HYPERVISOR, { num: 1000 })).toBe('no-op');
    expect(effectOf(MICROWATT, HYPERVISOR, { num: 1000, lpcr: EVIRT })).toBe(ILLEGAL);
  });

  test('what another model has is undefined: DAWR1 on POWER9, SDR1 on POWER9, PTCR on POWER8, LPIDR on Microwatt', () => {
    expect(effectOf(POWER9, HYPERVISOR, { num: 181 })).toBe('no-op');
    expect(effectOf(POWER9, HYPERVISOR, { num: 25 })).toBe('no-op');
    expect(effectOf(POWER8, HYPERVISOR, { num: 464 })).toBe('no-op');
    expect(effectOf(MICROWATT, HYPERVISOR, { num: 319 })).toBe('no-op');
    expect(effectOf(POWER10, HYPERVISOR, { num: 181 })).toBe('done');
  });

  test('a read-only register is undefined for mtspr', () => {
    const { cpu } = testCpu(POWER9, GUEST, { LPCR: EVIRT });
    expect(mtspr(cpu, 287, 5n)).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0xe40n);
  });
});

describe('registers of the hypervisor', () => {
  test('E7: mfspr LPCR by a guest, EVIRT=0', () => {
    const { cpu } = testCpu(POWER9, GUEST);
    mfspr(cpu, 318);
    expect(cpu.nia).toBe(0x700n);
    expect(named(cpu, 'SRR1')).toBe(0x8000000000041002n);
  });

  test('E8: with EVIRT=1: emulation assistance, HSRR1 bit 45, HEIR', () => {
    expect(effectOf(POWER9, GUEST, { num: 318, lpcr: EVIRT })).toBe(EMULATED);
    const { cpu } = testCpu(POWER9, GUEST, { LPCR: EVIRT });
    cpu.imageLo = 0x7c7e4aa6;
    mfspr(cpu, 318);
    expect(cpu.nia).toBe(0xe40n);
    expect(named(cpu, 'HSRR1')).toBe(GUEST | PRIVILEGED_CAUSE);
    expect(named(cpu, 'HEIR')).toBe(0x7c7e4aa6n);
  });
});

describe('facilities', () => {
  const FSCR_FACILITIES = [
    ['TAR', 815, 0x100n, 0x100n, 8n],
    ['DSCR', 3, 0x4n, 0x4n, 2n],
    ['BESCR', 806, 0x80n, 0x80n, 7n],
  ] as const;

  test.each(FSCR_FACILITIES)('%s turned off by FSCR: only problem state', (_name, num, fscr, _hfscr, ic) => {
    const off = { FSCR: 0x3184n & ~fscr, HFSCR: 0x37ffn };
    const { cpu } = testCpu(POWER9, PROBLEM, off);
    expect(mfspr(cpu, num)).toBe(OUTCOME.FAULT);
    expect(cpu.nia).toBe(0xf60n);
    expect(named(cpu, 'FSCR') >> 56n).toBe(ic);
    const privileged = testCpu(POWER9, GUEST, off);
    expect(mfspr(privileged.cpu, num)).toBe(OUTCOME.NEXT);
  });

  test.each([...FSCR_FACILITIES, ['PMC1', 771, 0n, 0x8n, 3n], ['TIR', 446, 0n, 0x400n, 10n]] as const)(
    '%s turned off by HFSCR: guests, not the hypervisor',
    (_name, num, _fscr, hfscr, ic) => {
      const off = { FSCR: 0x3184n, HFSCR: 0x37ffn & ~hfscr };
      const { cpu } = testCpu(POWER9, GUEST, off);
      expect(mfspr(cpu, num)).toBe(OUTCOME.FAULT);
      expect(cpu.nia).toBe(0xf80n);
      expect(named(cpu, 'HFSCR') >> 56n).toBe(ic);
      expect(mtspr(testCpu(POWER9, HYPERVISOR, off).cpu, num, 0n)).not.toBe(OUTCOME.FAULT);
    },
  );

  test('transactional registers need MSR[TM]', () => {
    const { cpu } = testCpu(POWER9, HYPERVISOR);
    mfspr(cpu, 130);
    expect(cpu.nia).toBe(0xf60n);
    expect(named(cpu, 'FSCR') >> 56n).toBe(5n);
  });
});

test('a debugger sees registers without privilege, and undefined ones as such', () => {
  const { cpu } = testCpu(POWER9, PROBLEM, { LPCR: 0x500000n });
  expect(peekSpr(cpu, 318)).toBe(0x500000n);
  expect(peekSpr(cpu, 25)).toBeUndefined();
});
