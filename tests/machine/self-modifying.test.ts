/** Code that is stored while it runs is seen, however it is stored and wherever it lies. */
import { program, type ProgramOptions } from '../support/program';

const ADDI = 0x38630001; // addi 3,3,1

/** Stores ADDI over the nop at `there` and runs to it; r3 counts whether the new instruction was executed. */
const STORED_BY = (store: string, barrier: string, between = ''): string => `
start:  li      3, 0
        bl      1f
1:      mflr    10
        addi    11, 10, there - 1b
        lis     4, ${ADDI >> 16}
        ori     4, 4, ${ADDI & 0xffff}
        li      5, 2
        mtctr   5
again:  cmpwi   3, 0
        bne     done
        ${store}
        ${barrier}
        ${between}
there:  nop
        b       again2
        .balign 4
again2: bdnz    again
done:   attn
`;
const BARRIER = 'dcbst 0, 11\n sync\n icbi 0, 11\n isync';

const both: [string, ProgramOptions][] = [
  ['big-endian', {}],
  ['little-endian', { byteOrder: 'little' }],
  ['microwatt', { machine: 'microwatt' }],
];

describe.each(both)('%s', (_name, options) => {
  test.each([
    ['with icbi and isync', BARRIER],
    ['without', ''],
  ])('the next instruction, %s', (_how, barrier) => {
    expect(program(STORED_BY('stw 4, 0(11)', barrier), options).finish().gpr(3)).toBe(1n);
  });

  test('an instruction on the next page, stored by an access that crosses into it', () => {
    const guest = program(
      STORED_BY('rldicr 6, 4, 32, 31\n std 6, -4(11)', '', 'b there\n .balign 4096').replace(
        'std 6, -4(11)',
        options.byteOrder === 'little' || options.machine === 'microwatt'
          ? 'sldi 6, 4, 32\n std 6, -4(11)'
          : 'clrldi 6, 4, 32\n std 6, -4(11)',
      ),
      options,
    );
    expect(guest.at('there') % 4096n).toBe(0n);
    expect(guest.finish().gpr(3)).toBe(1n);
  });

  test('one byte of an instruction that was executed already', () => {
    const at = options.byteOrder === 'little' || options.machine === 'microwatt' ? 0 : 3;
    const guest = program(
      `
start:  li      3, 0
        bl      2f
2:      mflr    11
        addi    11, 11, there - 2b
        li      5, 2
        mtctr   5
1:
there:  addi    3, 3, 1
        li      4, 5
        stb     4, ${at}(11)
        bdnz    1b
        attn`,
      options,
    );
    expect(guest.finish().gpr(3)).toBe(6n);
  });
});

test.each(['big', 'little'] as const)('prefix and suffix stored one by one, %s-endian', (byteOrder) => {
  const guest = program(
    `
start:  bl      1f
1:      mflr    11
        addi    11, 11, there - 1b
        li      5, 3
        mtctr   5
        b       there
        .balign 64
there:  pli     3, 0x10001
        add     20, 20, 3
        mfctr   6
        cmpwi   6, 3
        bne     2f
        lis     4, 0x3860               # the suffix: pli 3, 0x10002
        ori     4, 4, 2
        stw     4, 4(11)
        b       3f
2:      lis     4, 0x0600               # the prefix: pli 3, 0x20002
        ori     4, 4, 2
        stw     4, 0(11)
3:      bdnz    there
        attn`,
    { byteOrder, model: 'power10' },
  ).finish();
  expect(guest.gpr(20)).toBe(0x10001n + 0x10002n + 0x20002n);
});

test('code stored through another address of the same page', () => {
  const guest = program(
    STORED_BY('oris 12, 12, 0\n rldicr 12, 11, 0, 63\n rldimi 12, 12, 0, 0\n stwx 4, 13, 11', ''),
  ).machine;
  // Hypervisor real mode ignores EA[0:3] but for HRMOR: the same page by another address.
  guest.cpus[0]!.state.setGpr(13, 0x8000000000000000n);
  expect(guest.run(1000).end.kind).toBe('attn');
  expect(guest.cpus[0]!.state.gpr(3)).toBe(1n);
});

test('code stored through the alias of memory on microwatt', () => {
  const guest = program(STORED_BY('stwcix 4, 13, 11', ''), { machine: 'microwatt' });
  guest.cpu.state.setGpr(13, 0x80000000n);
  expect(guest.finish().gpr(3)).toBe(1n);
});

test('a word is code of two byte orders at once', () => {
  const guest = program('start: nop\n nop\n attn');
  const { machine, cpu } = guest;
  guest.finish();
  cpu.nia = 0n;
  cpu.msr |= 1n;
  machine.memory.bytes.set([0x01, 0x00, 0x63, 0x38, 0x00, 0x02, 0x00, 0x00], 0);
  machine.execution.resume();
  machine.execution.memoryReplaced();
  guest.finish();
  expect(guest.gpr(3)).toBe(1n);
});

test('more code than decoded pages are kept: pages come and go, stores to all of them are seen', () => {
  const PAGES = 8;
  const guest = program(
    `
start:  li      20, 0
        li      22, 2
again:  li      5, ${PAGES}
        lis     6, 1
        mtctr   5
1:      mtlr    6
        mr      21, 6
        mfctr   7
        blrl
        mtctr   7
        addi    6, 21, 4096
        bdnz    1b
        li      5, ${PAGES}
        lis     6, 1
        mtctr   5
        li      8, 10
2:      sth     8, 2(6)                 # addi 20,20,10
        addi    6, 6, 4096
        bdnz    2b
        addi    22, 22, -1
        cmpwi   22, 0
        bne     again
        attn`,
    { recordSlots: 2 },
  );
  const { memory } = guest.machine;
  for (let page = 0; page < PAGES; page++) {
    memory.setWord(0x10000 + 4096 * page, 0x3a940001);
    memory.setWord(0x10004 + 4096 * page, 0x4e800020);
  }
  expect(guest.finish().gpr(20)).toBe(BigInt(PAGES + 10 * PAGES));
});
