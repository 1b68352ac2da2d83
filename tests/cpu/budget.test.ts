/** An instruction that retires with an interrupt uses up one unit of budget, also right after another interrupt. */
import { MSR } from '../../isa/registers/msr';
import { FPSCR } from '../../isa/registers/float';
import { program, type Program } from '../support/program';

const TRAPS = '\nstart:  trap';

/** What begins after a trap, at its vector: instructions that interrupt as they complete. */
const CASES: Record<string, () => Program> = {
  sc: () =>
    program(
      `        .org    0x700\n        sc\n        .org    0xc00\n        trap\n        .org    0x1000${TRAPS}`,
    ),
  mtmsrd: () => {
    const guest = program(`        .org    0x700\n        mtmsrd  3\n        .org    0x1000${TRAPS}`);
    guest.cpu.state.setGpr(3, guest.cpu.msr | MSR.FE0.mask);
    return guest;
  },
  rfid: () => program(`        .org    0x700\n        rfid\n        .org    0x1000${TRAPS}`),
};

test.each(Object.keys(CASES))('%s', (name) => {
  const { cpu, machine } = CASES[name]!();
  cpu.msr |= MSR.FE0.mask;
  cpu.state.setNamed('FPSCR', FPSCR.FEX.mask);
  machine.execution.memoryReplaced();
  const used = [1, 1, 1, 1, 2, 3].map((budget) => machine.run(budget).used);
  expect(used).toEqual([1, 1, 1, 1, 2, 3]);
  expect(machine.instructions).toBeGreaterThan(3n);
});
