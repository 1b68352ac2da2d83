/** Interrupts that come from time and from devices: after exactly which instruction they are taken. */
import { MSR } from '../../isa/registers/msr';
import { MMCR0 } from '../../isa/registers/performance';
import { program, type Program } from '../support/program';

const HANDLERS = `
        .org    0x500
        mfspr   30, SPR_SRR0
        li      31, 0x500
        attn
        .org    0x900
        mfspr   30, SPR_SRR0
        li      31, 0x900
        attn
        .org    0x980
        mfspr   30, SPR_HSRR0
        li      31, 0x980
        attn
        .org    0x1000
`;
/** 200 instructions that count themselves. */
const STRAIGHT = 'start: .rept 200\n addi 3, 3, 1\n .endr\n attn';
const LOOP = 'start: addi 3, 3, 1\n addi 3, 3, 1\n b start';

/** Sets timers and MSR from outside, so that time 0 is the first instruction. */
function timed(source: string, setting: { dec?: number; hdec?: number; msr?: bigint }): Program {
  const guest = program(`${HANDLERS}${source}`);
  const { cpu, machine } = guest;
  cpu.state.setNamed('DECEXPIRY', BigInt(setting.dec ?? 1_000_000));
  cpu.state.setNamed('HDECEXPIRY', BigInt(setting.hdec ?? 1_000_000));
  if (setting.hdec) cpu.state.setNamed('LPCR', 1n);
  cpu.msr |= setting.msr ?? MSR.EE.mask;
  machine.execution.memoryReplaced();
  return guest;
}

describe.each([1, 7, 100_000])('in runs of %d instructions', (slice) => {
  const end = (guest: Program): Program => {
    for (let i = 0; i < 6000; i++) if (guest.machine.run(slice).end.kind === 'attn') return guest;
    throw new Error('the guest did not end');
  };

  test.each([1, 2, 63, 150])('the decrementer comes after %d instructions of straight-line code', (n) => {
    const guest = end(timed(STRAIGHT, { dec: n }));
    expect([guest.gpr(3), guest.gpr(30), guest.gpr(31)]).toEqual([
      BigInt(n),
      0x1000n + BigInt(4 * n),
      0x900n,
    ]);
  });

  test.each([1, 2, 3, 4, 1000])('and after %d of a tight loop', (n) => {
    const guest = end(timed(LOOP, { dec: n }));
    const place = n % 3;
    expect(guest.gpr(3)).toBe(BigInt(Math.floor(n / 3) * 2 + place));
    expect(guest.gpr(30)).toBe(0x1000n + BigInt(4 * place));
  });

  test('the hypervisor decrementer comes before a decrementer of the same time', () => {
    const guest = end(timed(STRAIGHT, { dec: 40, hdec: 40 }));
    expect([guest.gpr(3), guest.gpr(31)]).toEqual([40n, 0x980n]);
  });

  test('a decrementer that passed while EE was 0 comes right after mtmsrd sets it', () => {
    const source =
      'start: .rept 50\n addi 3, 3, 1\n .endr\n mfmsr 4\n ori 4, 4, MSR_EE\n mtmsrd 4, 1\n addi 3, 3, 1\n attn';
    const guest = end(timed(source, { dec: 10, msr: 0n }));
    expect([guest.gpr(3), guest.gpr(30)]).toEqual([50n, 0x1000n + 53n * 4n]);
  });

  test('time passes while a thread waits, and the decrementer wakes it when it is due', () => {
    const guest = end(timed('start: addi 3, 3, 1\n wait\n addi 3, 3, 1\n attn', { dec: 5000 }));
    expect([guest.gpr(3), guest.gpr(30), guest.gpr(31)]).toEqual([1n, 0x1008n, 0x900n]);
    expect(guest.cpu.hooks.now()).toBe(5003n);
  });
});

test('a thread that stops with nothing to wake it uses up no budget', () => {
  const guest = timed('start: li 4, 1\n rldicr 4, 4, 20, 63\n mtspr 855, 4\n stop\n attn', { dec: 50 });
  expect(guest.machine.run(100_000_000)).toEqual({ end: { kind: 'idle' }, used: 4 });
});

test.each([1, 9, 1000])(
  'a counter that freezes at its event has that value whenever it is read, in runs of %d',
  (slice) => {
    const guest = timed(`start: .rept 100\n nop\n .endr\n mfspr 3, 775\n attn`, { msr: 0n });
    const { state } = guest.cpu;
    state.setNamed('PMU11', MMCR0.FCECE.mask | MMCR0.PMCJCE.mask | MMCR0.CC56RUN.mask);
    state.setNamed('PMU7', 0x7ffffff0n);
    while (guest.machine.run(slice).end.kind === 'budget');
    expect(guest.gpr(3)).toBe(0x80000000n);
  },
);

describe('microwatt', () => {
  /** The UART's interrupt by way of XICS: enabled by one store, taken after exactly that one. */
  const SOURCE = `
        .org    0x500
        mfspr   30, SPR_HSRR0           # LPCR[LPES] is 0
        mr      29, 3
        attn
        .org    0x1000
start:  lis     5, 0xc000
        rldicl  5, 5, 0, 32
        ori     6, 5, 0x4000            # ICP
        ori     7, 5, 0x5800            # XIVE of source 0
        ori     5, 5, 0x2000            # UART
        lis     8, 0x0100
        stwcix  8, 0, 7                 # priority 1 for server 0; the register is big-endian
        addi    6, 6, 4
        li      8, 0xff
        stbcix  8, 0, 6                 # CPPR: everything gets through
        mfmsr   8
        ori     8, 8, MSR_EE
        mtmsrd  8, 1
        li      3, 0
        addi    9, 5, 4                 # IER
        li      8, 2                    # transmitter empty: it is
        nop
there:  stbcix  8, 0, 9
        addi    3, 3, 1
        addi    3, 3, 1
        attn
`;

  test.each([1, 5, 100_000])(
    'an interrupt that a store raises is taken right after it, in runs of %d',
    (slice) => {
      const guest = program(SOURCE, { machine: 'microwatt' });
      guest.cpu.state.setNamed('DECEXPIRY', 1_000_000n);
      guest.machine.execution.memoryReplaced();
      while (guest.machine.run(slice).end.kind === 'budget');
      expect([guest.gpr(29), guest.gpr(30)]).toEqual([0n, guest.at('there') + 4n]);
    },
  );
});
