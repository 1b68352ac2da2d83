/** Each mechanism of the microwatt profile, with cycles computed by hand. */
import { measure, MODELS } from './support';

/** Name, body, cycles with everything warm, setup. `+` in comments: what is added to one cycle an instruction. */
const WARM: readonly (readonly [name: string, body: string, cycles: number, setup?: string])[] = [
  ['an instruction a cycle', 'nop; nop; nop; nop', 4],
  ['a result is there for the next instruction', 'add 4,4,5; add 4,4,5; add 4,4,5', 3],
  // The second waits one cycle.
  ['counting has a latency of two', 'cntlzd 4,4; cntlzd 4,4', 3],
  ['but a throughput of one', 'cntlzd 4,6; cntlzd 5,6', 2],
  ['a load has a latency of three', 'ld 4,0(20); add 5,4,4', 4],
  ['that other instructions fill', 'ld 4,0(20); nop; nop; add 5,4,4', 4],
  ['loads are pipelined', 'ld 4,0(20); ld 5,0(20); ld 6,0(20)', 3],
  ['CR0 of Rc=1 is there one cycle later', 'add. 4,4,5; beq after0; after0: nop', 4, 'li 4,1; li 5,1'],
  ['that of a compare at once', 'cmpdi 4,0; beq after0; after0: nop', 3, 'li 4,1'],
  ['instructions with Rc=1 are two cycles apart', 'add. 4,4,5; add. 6,6,5', 3],
  ['overflow flags are three cycles apart', 'addo 4,4,5; addo 6,6,5', 4],
  ['mfxer waits for them', 'addo 4,4,5; mfxer 6', 4],
  // CR and XER are written as a whole: who writes a part of them waits for the rest.
  ['a compare waits for CR0 too', 'add. 4,4,5; cmpd 1,6,7; cmpd 2,6,7', 4],
  ['and mtocrf', 'add. 4,4,5; mtocrf 0x40,6', 3],
  ['who writes the carry waits for overflow flags', 'addo 4,4,5; addc 6,6,7', 4],
  ['who does not, does not', 'addo 4,4,5; add 6,6,7', 2],
  ['carry does not', 'addc 4,4,5; adde 6,6,5; addze 7,7', 3],
  ['a 64-bit multiplication blocks for four', 'mulld 4,4,5; nop', 5],
  ['a 32-bit one does not', 'mullw 4,6,5; nop', 2],
  ['dividing by zero takes 4', 'divd 4,6,5', 4, 'li 5,0; li 6,7'],
  ['less by more 10', 'divd 4,6,5', 10, 'li 5,3; li 6,1'],
  ['up to 16 bits 31', 'divd 4,6,5', 31, 'li 5,3; li 6,1000'],
  ['of a negative number too', 'divd 4,6,5', 31, 'li 5,-3; li 6,-1000'],
  ['up to 32 bits 39', 'divd 4,6,5', 39, 'li 5,3; lis 6,0x4000'],
  ['more bits 47', 'divd 4,6,5', 47, 'li 5,1; sldi 5,5,40; li 6,1; sldi 6,6,62'],
  ['and a long quotient 10 more', 'divd 4,6,5', 57, 'li 5,3; li 6,1; sldi 6,6,62'],
  ['the remainder one less', 'modsd 4,6,5', 30, 'li 5,3; li 6,1000'],
  // It has no sign that could overflow.
  ['an unsigned quotient one less', 'divdu 4,6,5', 30, 'li 5,3; li 6,1000'],
  ['of a long one too', 'divdu 4,6,5', 56, 'li 5,3; li 6,-1'],
  ['less by more does not get there', 'divdu 4,6,5', 10, 'li 5,3; li 6,1'],
  // Negated, and its sign is checked.
  ['a negative remainder two more', 'modsd 4,6,5', 32, 'li 5,3; li 6,-1000'],
  ['but not 0', 'modsd 4,6,5', 30, 'li 5,3; li 6,-999'],
  ['nor one without sign', 'modud 4,6,5', 30, 'li 5,3; li 6,1000'],
  // Three states to get the dividend in place, and twice 10 for the quotient.
  ['an extended quotient', 'divde 4,6,5', 47 + 3 + 10, 'li 5,3; li 6,1'],
  ['a short one', 'divde 4,6,5', 47 + 3, 'li 5,1; sldi 5,5,40; li 6,1'],
  ['an unsigned one', 'divdeu 4,6,5', 47 + 3 + 10 - 1, 'li 5,3; li 6,1'],
  ['one that may have its top bit', 'divde 4,6,5', 47 + 3 + 10 + 3, 'li 5,3; li 6,2'],
  // Rounded up to 57 bits it is 2^64: its inverse needs no iteration, which takes 23 of the 47 cycles.
  ['a divisor next to a power of two', 'modud 4,6,5', 46 - 23, 'li 5,-3; rldicr 6,5,0,0'],
  ['not of 57 bits', 'modud 4,6,5', 46, 'li 5,-1; rldicr 5,5,0,56; rldicr 6,5,0,0'],
  ['one of a word', 'divwe 4,6,5', 47 + 1, 'li 5,3; li 6,1'],
  ['also of a smaller dividend', 'modsd 4,6,5', 30, 'li 5,1000; li 6,3'],
  ['extended overflow 10', 'divde 4,6,5', 10, 'li 5,3; li 6,4'],
  ['only the low words count for divw', 'divw 4,6,5', 31, 'li 5,3; li 6,1; sldi 6,6,40; addi 6,6,1000'],
  // mftb completes three cycles after its issue, then the sync has three to itself: 2 + 3.
  ['sync waits for everything and lets wait', 'sync', 5],
  ['sync does not wait for a store that has the port', 'std 4,0(20); sync; nop', 3 + 3 + 1],
  // The second store has the port from 3 on, as its page is another: sync issues when it is through, at 6.
  ['but for one that had to wait', 'std 4,0(20); std 4,0(21); sync', 6 + 3, 'addi 21,20,4096'],
  ['isync fetches anew', 'isync', 6],
  ['an access across a doubleword takes one more', 'ld 4,4(20); nop', 3],
  ['one within it does not', 'lwz 4,4(20); nop', 2],
  ['a load with update gives its base after four', 'ldu 4,0(20); ldu 5,0(20)', 6],
  // The store needs what is loaded: 3 + 1.
  ['a store waits for its value', 'ld 4,0(20); std 4,8(20)', 4],
  ['stores pass one a cycle', 'std 4,0(20); std 4,64(20); std 4,128(20)', 3],
  ['a branch that the target cache predicts is free', 'nop; nop; b after0; nop; after0: nop', 4],
  [
    'an indirect branch costs five',
    'mtctr 6; bctr; after0: nop',
    8,
    'bl here; here: mflr 6; addi 6,6,after0-here',
  ],
  // First round: decoding sees it is no backward branch; the others are first at their own target: each 1 + 5.
  ['a loop of one instruction cannot be predicted', 'mtctr 6; after0: bdnz after0', 1 + 9 * 6 + 1, 'li 6,10'],
  // Wrong predictions: of the first round, as the last time it ended there, and of the last one. Behind the first one
  // fetching reads the entry of the branch again one cycle before it is written, so that the second round is wrong too.
  ['a loop of two is, but for its ends', 'mtctr 6; after0: nop; bdnz after0', 1 + 10 * 2 + 3 * 5, 'li 6,10'],
  // It reads the entry a cycle later: just in time.
  ['a loop of three', 'mtctr 6; after0: nop; nop; bdnz after0', 1 + 10 * 3 + 2 * 5, 'li 6,10'],
];

describe.each(MODELS)('%s model', (_name, create) => {
  test.each(WARM.map(([name, body, cycles, setup = '']) => [name, { body, cycles, setup }] as const))(
    '%s',
    (_case, { body, cycles, setup }) => {
      expect(measure(body, setup, create).warm).toBe(cycles);
    },
  );

  test('a line that is not in the instruction cache costs five cycles', () => {
    // Pass, mftb and 14 instructions are in the first line, then come two more lines and one for the rest.
    const { cold, warm } = measure(Array(48).fill('nop').join('; '), '', create);
    expect(warm).toBe(48);
    expect(cold - warm).toBe(3 * 5);
  });

  test('stores and the refill of such a line wait for each other', () => {
    // The last store of a line issues at -1, asks for the port at 1 and keeps it until 3; the refill has asked at -2: it
    // is 5 late, its line there at 10, the port free at 13. The first store of the line passes, the second waits for the
    // port, and what follows, a store or not, for the second: 10 and 1.
    const { cold, warm } = measure(Array(48).fill('std 4,0(20)').join('; '), '', create);
    expect(warm).toBe(48);
    expect(cold - warm).toBe(3 * 11);
  });

  test('a load that misses behind such a line finds the port free again', () => {
    const line = Array(16).fill('nop').join('; ');
    const { cold, warm } = measure(`${line}; ${line}; ld 4,0(20); add 5,4,4`, '', create);
    expect(warm).toBe(32 + 4);
    // Two more lines; the load is third in the last: it issues at 7, asks for the port at 9, and that is free at 8.
    expect(cold - warm).toBe(2 * 5 + 3);
  });

  test('isync waits for a load that misses', () => {
    const { cold, warm } = measure('ld 4,0(20); nop; nop; isync; nop', '', create);
    expect(warm).toBe(3 + 6 + 1);
    // What it loads is there at 6, and isync would issue at 3.
    expect(cold - warm).toBe(3);
  });
});
