/**
 * Small programs against the memory of Microwatt's model, each with cycles computed by hand from the RTL's rules.
 *
 * The first instruction of the body issues at 0, the result is when the read of the time base behind it issues. A load that
 * hits gives its result 3 after its issue, one that misses 6 after the start of its refill. From that start, at S:
 * the next instruction at S + 4, the doubleword n behind the one asked for at S + 3 + n for loads that issue then, another refill at
 * S + 11. A store that issues at T keeps the port until T + 4, and another refill can start at T + 3. dcbz: the next
 * instruction at S + 3, another refill at S + 10. Fetching looks up the next line when the instruction 4 before issues, plus 4.
 */
import { measure, MODELS } from './support';

/** r20 is DATA, r21 and r22 are 4 KiB and 8 KiB on: the same set of the data cache. */
const ADDRESSES = 'addi 21,20,4096; addi 22,21,4096;';

interface Kernel {
  readonly body: string;
  readonly setup?: string;
  /** In the first pass, with DATA in no cache. The body's instructions are on the line of the loop's head. */
  readonly cold: number;
  readonly warm: number;
}

const KERNELS: Readonly<Record<string, Kernel>> = {
  // Starts at 0: result at 6 for 3.
  'a load that misses is three later': { body: 'ld 4,0(20); add 5,4,4', cold: 7, warm: 4 },
  // One instruction leaves the first stage of execution at 1, but not the second one before 4; the others follow it.
  'what does not need it waits until it comes': {
    body: 'ld 4,0(20); nop; nop; nop; nop',
    cold: 4 + 4,
    warm: 5,
  },
  // The second issues at 4, when its doubleword comes: result at 7.
  'the next doubleword is there in time': { body: 'ld 4,0(20); ld 5,8(20); add 6,5,5', cold: 8, warm: 5 },
  // Row 4 first, row 3 is the last of eight: 3 + 7 = 10, result at 13.
  'the doubleword before comes last': { body: 'ld 4,32(20); ld 5,24(20); add 6,5,5', cold: 14, warm: 5 },
  // The nops issue from 4 on, the second load at 9: row 2 came at 5.
  'what has come is a hit': {
    body: 'ld 4,0(20); nop; nop; nop; nop; nop; ld 5,16(20); add 6,5,5',
    cold: 9 + 3 + 1,
    warm: 10,
  },
  // The second issues at 4 and starts at 11: result at 17.
  'refills come one after the other': { body: 'ld 4,0(20); ld 5,64(20); add 6,5,5', cold: 18, warm: 5 },
  // The third issues when the second is on its way, at 15, and starts at 22: result at 28.
  'a third one too': { body: 'ld 4,0(20); ld 5,64(20); ld 6,128(20); add 6,6,6', cold: 29, warm: 6 },
  // Only the next access waits, until 4; that hits.
  'a hit passes a refill': {
    body: 'ld 4,0(20); ld 5,1024(20); add 6,5,5',
    setup: 'ld 5,1024(20);',
    cold: 8,
    warm: 5,
  },
  // What it loads is there at 6, but the last row comes at 11.
  'sync waits for all of a refill': { body: 'ld 4,0(20); sync; nop', cold: 11 + 3 + 1, warm: 3 + 3 + 1 },
  // icbi at 0 takes 3.5; isync 6, and then its line is looked up and there 5 later.
  'isync behind icbi fetches from memory': { body: 'icbi 0,20; isync; nop', cold: 15, warm: 15 },
  // The refill before is over at 11: the pointer of what misses is there at 6.
  'a chain of misses is 11 each': {
    body: 'ld 4,0(20); ldx 5,20,4; ldx 6,20,5; add 7,6,6',
    setup: 'li 4,64; std 4,0(20); li 4,128; std 4,64(20);',
    cold: 2 * 11 + 6 + 1,
    warm: 3 * 3 + 1,
  },
  // Every miss counts as a use of the first way: the line that fills that stays, the two others take turns. The second load issues
  // at 1 and starts, the third issues at 5 and starts at 12. First pass: starts at 0, 11, 22.
  'three lines of a set': {
    body: 'ld 4,0(20); ld 5,0(21); ld 6,0(22); add 7,6,6',
    setup: ADDRESSES,
    cold: 22 + 6 + 1,
    warm: 12 + 6 + 1,
  },
  // Asked for at 1, but the store is over at 3: result at 9.
  'a miss waits for a store': { body: 'std 4,0(20); ld 5,64(20); add 6,5,5', cold: 10, warm: 5 },
  'a hit does not': { body: 'std 4,0(20); ld 5,0(20); add 6,5,5', setup: 'ld 5,0(20);', cold: 5, warm: 5 },
  // The first store misses and brings nothing in: the load issues at 1 and starts at 3.
  'stores do not bring lines in': { body: 'std 4,0(20); ld 5,0(20); add 6,5,5', cold: 10, warm: 5 },
  'stores to one page pass one a cycle': {
    body: 'std 4,0(20); std 4,512(20); std 4,8(20); std 4,0(20)',
    cold: 4,
    warm: 4,
  },
  // To another page a store waits until the one before is through: at 3, 6, 9; what is behind it follows at 4, 7, 10.
  'stores to two pages in turns do not': {
    body: 'std 4,0(20); std 4,0(21); std 4,8(20); std 4,8(21)',
    setup: ADDRESSES,
    cold: 10,
    warm: 10,
  },
  // Issues at 4, waits in the cache until the refill is over at 11; the next store follows at 12.
  'stores wait for the refill of a load': {
    body: 'ld 4,0(20); std 5,0(20); std 5,8(20); nop',
    cold: 12 + 2,
    warm: 4,
  },
  // Two requests, the second starts at 11: result at 17.
  'a load across lines misses twice': { body: 'ld 4,60(20); add 5,4,4', cold: 18, warm: 5 },
  // The second one issues at 3 and starts at 10, the load issues at 13.
  'dcbz after dcbz': {
    body: 'dcbz 0,20; dcbz 0,21; ld 5,1024(20)',
    setup: `${ADDRESSES} ld 5,1024(20);`,
    cold: 14,
    warm: 14,
  },
  // lwarx at 0 and 5; its result is stored at 3 and 8, two cycles each.
  'reservations one after the other': {
    body: 'lwarx 4,0,20; stwcx. 4,0,20; lwarx 4,0,20; stwcx. 4,0,20',
    setup: 'lwz 4,0(20);',
    cold: 10,
    warm: 10,
  },
  // beq issues at 10 and is expected not to be taken: fetching looks up the next line as if that issued at 14, it is there
  // at 19. The target issues at 16, the instruction behind it at 17, that of the next line at 19 for 18.
  'the wrong path brings in the next line': {
    body: `${'nop; '.repeat(10)} beq 1,after0; nop; after0: nop; nop; nop; nop`,
    setup: 'cmpd 1,4,4;',
    cold: 15 + 5 + 1,
    warm: 15,
  },
  // The loads issue at 0, 4, ... 24, the adds three later. The next line is looked up at 20 + 4 and would be there at 29, its
  // instruction out of the cache at 26; but the last add waits until 27, and only then it moves on: 27 + 3.
  'a line that comes while an instruction waits': {
    body: `${'ld 5,0(20); add 6,5,5; '.repeat(7)} nop`,
    setup: 'ld 5,0(20);',
    cold: 27 + 3 + 1,
    warm: 27 + 1 + 1,
  },
  // The load issues at 11 and asks at 13. The line behind is looked up when the instruction before the load has issued, at 10, so
  // as one of 14: it asks at 12 and keeps the port until 22. The refill starts at 20, the next instruction issues at 24.
  'fetching asks before a load behind the last few does': {
    body: `${'nop; '.repeat(11)} ld 4,0(20); nop; nop; nop`,
    cold: 20 + 4 + 3,
    warm: 12 + 3,
  },
  // The same: it has the port at 22 and not at 13, so all is 9 later.
  'and before a conditional store': {
    body: `lwarx 4,0,20; ${'nop; '.repeat(10)} stwcx. 4,0,20; nop; nop; nop`,
    setup: 'lwz 4,0(20);',
    cold: 11 + 2 + 9 + 3,
    warm: 11 + 2 + 3,
  },
  // lq at 1, 3, ... 25. The line behind can move into the cache when the second part of the last but two is in front of it,
  // which issues at 21 and 22: looked up at 22 + 3, there at 30 for 27.
  'what is decoded as two keeps fetching from going ahead': {
    body: `nop; ${'lq 4,0(20); '.repeat(13)} nop; nop`,
    setup: 'ld 4,0(20);',
    cold: 30 + 2,
    warm: 29,
  },
  // Not so where the line ends 5 behind the branch: looked up at 16 + 3, there at 24 for 19.
  'but only the next four': {
    body: `${'nop; '.repeat(9)} beq 1,after0; nop; after0: nop; nop; nop; nop; nop`,
    setup: 'cmpd 1,4,4;',
    cold: 15 + 5 + 5,
    warm: 15,
  },
  // The last but one of the line: decoded at once, so that nothing goes on behind it. b issues at 12, its target is
  // looked up at 15, is the last of the line, and the next line follows at 16 + 5.
  'a branch that decoding finds leaves no wrong path': {
    body: `${'nop; '.repeat(12)} b after0; after0: nop; nop`,
    cold: 15 + 2 + 5,
    warm: 15,
  },
  // In the first pass decoding finds the branch at 5, so that its target is at 8 and fetching has read its entry when the
  // instruction before it could issue at 11; the new one is there from 5 + 7 on. Then each end of the loop is wrong.
  'a loop of five is decoded twice': {
    body: 'mtctr 6; after0: nop; nop; nop; nop; bdnz after0',
    setup: 'li 6,4;',
    cold: 1 + 4 * 5 + 2 + 2 + 5,
    warm: 1 + 4 * 5 + 5 + 5,
  },
  'one of six is not': {
    body: 'mtctr 6; after0: nop; nop; nop; nop; nop; bdnz after0',
    setup: 'li 6,4;',
    cold: 1 + 4 * 6 + 2 + 5,
    warm: 1 + 4 * 6 + 5 + 5,
  },
  // Both have the same entry of the target cache. Each of the three is decoded: the first because the second has
  // overwritten its entry, the others as the first at their targets.
  'branches 4 KiB apart take each other out of the target cache': {
    body: 'b far0; back0: b after0; .space 4088; far0: b back0; after0: nop',
    cold: NaN,
    warm: 4 + 3 * 2,
  },
  // Predicted, so the first target is looked up at 1, its line there at 6. The branch there is decoded: 6 + 3 = 9. The refill
  // before began at 1, the next one can at 13: 18.
  'three lines of a set of the instruction cache': {
    body: 'b one0; .space 4108; one0: b two0; .space 4108; two0: nop',
    cold: NaN,
    warm: 18 + 1,
  },
};

describe.each(MODELS)('%s model', (_name, create) => {
  test.each(Object.entries(KERNELS))('%s', (_case, { body, setup = '', cold, warm }) => {
    const measured = measure(body, setup, create);
    const got = { cold: measured.cold, warm: measured.warm };
    // Code that lies far apart is not timed in its first pass.
    expect(got).toEqual({ cold: Number.isNaN(cold) ? got.cold : cold, warm });
  });
});
