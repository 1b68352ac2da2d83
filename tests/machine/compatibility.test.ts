/** PCR: problem state is that of an older level. */
import { PCR } from '../../isa/registers/thread';
import { MSR } from '../../isa/registers/msr';
import { INTERRUPTS } from '../../isa/interrupts';
import type { ModelName } from '../../src/cpu/models';
import { program } from '../support/program';

const HANDLER = `
        .org    0x700
        attn
        .org    0xc00
        attn
        .org    0xe40
        attn
        .org    0x1000
`;

/** Where an instruction ends under a PCR: true where it was executed, which the system call after it shows. */
function executes(model: ModelName, text: string, setting: { pcr: bigint; problem: boolean }): boolean {
  const guest = program(`${HANDLER}start: ${text}\n sc`, { model });
  const { cpu, machine } = guest;
  cpu.state.setNamed('PCR', setting.pcr);
  cpu.state.setNamed('FSCR', -1n);
  cpu.state.setNamed('HFSCR', -1n);
  cpu.state.setGpr(3, 0x8000n);
  if (setting.problem) cpu.msr |= MSR.PR.mask;
  machine.execution.memoryReplaced();
  guest.finish(10);
  const at = Number(cpu.nia) & ~0x1f;
  expect([INTERRUPTS.systemCall.vector, 0xe40, 0x700]).toContain(at);
  return at === INTERRUPTS.systemCall.vector;
}

const CASES: [string, ModelName, keyof typeof PCR, boolean][] = [
  ['pli 4, 5', 'power10', 'V3_00', false],
  ['brd 4, 5', 'power10', 'V3_00', false],
  ['modsd 4, 5, 6', 'power10', 'V3_00', true],
  ['modsd 4, 5, 6', 'power10', 'V2_07', false],
  ['modsd 4, 5, 6', 'power9', 'V2_07', false],
  ['lbarx 4, 0, 3', 'power9', 'V2_07', true],
  ['lqarx 4, 0, 3', 'power9', 'V2_07', true],
  ['lqarx 4, 0, 3', 'power9', 'V2_06', false],
  ['popcntd 4, 5', 'power9', 'V2_06', true],
  ['popcntd 4, 5', 'power8', 'V2_05', false],
  ['cmpb 4, 5, 6', 'power8', 'V2_05', true],
  ['mfspr 4, 815', 'power9', 'V2_07', true],
  ['mfspr 4, 815', 'power9', 'V2_06', false],
  ['mtspr 815, 4', 'power9', 'V2_05', false],
  ['mtspr 3, 4', 'power9', 'V2_06', false],
];

test.each(CASES)('%s on %s in problem state with PCR[%s]: executed %s', (text, model, bit, expected) => {
  expect(executes(model, text, { pcr: PCR[bit].mask, problem: true })).toBe(expected);
});

test.each(CASES)('%s on %s: PCR[%s] leaves privileged state alone', (text, model, bit) => {
  expect(executes(model, text, { pcr: PCR[bit].mask, problem: false })).toBe(true);
});

test('the oldest level that is set decides', () => {
  const pcr = PCR.V3_00.mask | PCR.V2_07.mask | PCR.V2_06.mask;
  expect(executes('power10', 'lqarx 4, 0, 3', { pcr, problem: true })).toBe(false);
  expect(executes('power10', 'popcntd 4, 5', { pcr, problem: true })).toBe(true);
});

test('one page is executed in both states in turn, each time by the rules of its state', () => {
  const guest = program(`${HANDLER}start: modsd 4, 5, 6\n sc`);
  const { cpu, machine } = guest;
  cpu.state.setNamed('PCR', PCR.V2_07.mask);
  const privileged = cpu.msr;
  const ends = [true, false, true, false].map((problem) => {
    cpu.msr = problem ? privileged | MSR.PR.mask : privileged;
    cpu.nia = guest.at('start');
    machine.execution.resume();
    machine.execution.registersChanged(cpu);
    guest.finish(10);
    return cpu.nia & ~0x1fn;
  });
  expect(ends).toEqual([0xe40n, 0xc00n, 0xe40n, 0xc00n]);
});
