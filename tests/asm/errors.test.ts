import fc from 'fast-check';
import { assemble, AssemblyError } from '../../src/asm/assemble';
import { UserError } from '../../src/core/errors';

function errorsOf(source: string, options = {}): string[] {
  try {
    assemble(source, { file: 'a.s', ...options });
  } catch (error) {
    if (!(error instanceof AssemblyError)) throw error;
    expect(error).toBeInstanceOf(UserError);
    return error.message.split('\n');
  }
  return [];
}

describe('errors say where and what was expected', () => {
  test.each([
    ['  foo r3', 'a.s:1:3: unknown instruction foo'],
    ['.foo 1', 'a.s:1:1: unknown directive .foo'],
    ['add r3,r4', 'a.s:1:4: add: expected RT,RA,RB, found 2 operands'],
    ['nop r3', 'a.s:1:4: nop: expected no operands, found 1 operands'],
    ['lwz r3,r4', 'a.s:1:4: lwz: expected RT,D(RA), found 2 operands'],
    ['lwzx r3,4(r4)', 'a.s:1:5: lwzx: expected RT,RA,RB, found 2 operands'],
    ['tlbie', 'a.s:1:6: tlbie: expected RB,RS,[RIC],[PRS],[R], found 0 operands'],
    ['li r3,32768', 'a.s:1:7: operand SI: expected -32768 to 32767, found 32768'],
    ['li r3,1<<40', 'a.s:1:7: operand SI: expected'],
    ['ori r3,r3,-1', 'a.s:1:11: operand UI: expected 0 to 65535, found -1'],
    ['slwi r3,r4,32', 'a.s:1:12: operand SH: expected 0 to 31, found 32'],
    ['ld r3,2(r4)', 'a.s:1:7: operand DS: expected a multiple of 4, found 2'],
    ['add r3,r4,32', 'a.s:1:11: operand RB: expected 0 to 31, found 32'],
    ['add r3,r4,r32', 'a.s:1:11: r32 is not defined'],
    ['add r3,r4,cr1', 'a.s:1:11: expected a general register r0 to r31, found cr1'],
    ['li r3,r4', 'a.s:1:7: expected a number, found r4'],
    ['crset cr1+eq2', 'a.s:1:11: eq2 is not defined'],
    ['mtspr bogus,r3', 'a.s:1:7: bogus is not defined'],
    ['lwzu r3,4(r3)', 'a.s:1:1: expected other registers: this combination is an invalid form'],
    ['lq r3,0(r4)', 'a.s:1:1: expected other registers'],
    ['sync 3', 'a.s:1:6: operand LSYNC: expected one of 0, 1, 2, 4, 5, found 3'],
    [
      'b 0x4000000',
      'a.s:1:3: operand LI: expected -33554432 to 33554428, found 0x4000000, a distance of 67108864',
    ],
    ['beq 2', 'a.s:1:5: operand BD: expected a multiple of 4'],
    ['rlwinm r3,r4,5,0x5', 'a.s:1:16: expected a mask of ones in a row'],
    ['li r3,x@nothing', 'a.s:1:8: unknown modifier @nothing'],
    ['li r3,x@l@h', 'a.s:1:8: unknown modifier @l'],
    ['li r3,', 'a.s:1:7: expected an operand, found end of statement'],
    ['li ,3', 'a.s:1:4: expected an operand, found ","'],
    ['li r3,(4', 'a.s:1:9: expected ")", found end of statement'],
    ['lwz r3,4(r4', 'a.s:1:12: expected ")", found end of statement'],
    ['.byte 1\nnop', 'a.s:2:1: instruction at 0x1, which is no multiple of 4'],
    ['.byte 256', 'a.s:1:7: expected a value of 8 bits, found 0x100'],
    ['.long -2147483649', 'a.s:1:7: expected a value of 32 bits'],
    ['.long x@zz', 'a.s:1:8: unknown modifier @zz'],
    ['.ascii 5', 'a.s:1:8: expected a string in quotation marks, found "5"'],
    ['.ascii "abc', 'a.s:1:8: unexpected character "\\""'],
    ['.space x\nx:', 'a.s:1:8: x is not defined'],
    ['.space -1', 'a.s:1:8: expected a number of bytes of 0 or more, found -1'],
    ['.fill 1,9', 'a.s:1:1: expected a size of 0 to 8, found 9'],
    ['nop\n.org 0', 'a.s:2:6: cannot go back from 0x4 to 0x0'],
    ['.balign 3', 'a.s:1:9: expected an alignment that is a power of 2, found 3'],
    ['.align 40', 'a.s:1:8: expected a power of 0 to 30, found 40'],
    ['x: nop\nx: nop', 'a.s:2:1: label x is already at a.s:1'],
    ['.set x,1\nx:', 'a.s:2:1: x already has a value that was assigned'],
    ['x:\n.set x,1', 'a.s:2:1: x is already a label'],
    ['.set 5,1', 'a.s:1:6: expected a symbol, found "5"'],
    ['.set x 1', 'a.s:1:8: expected ",", found "1"'],
    ['.error "not here"', 'a.s:1:8: not here'],
    ['.if 1', 'a.s:1:1: this .if is not closed by .endif'],
    ['.endif', 'a.s:1:1: .endif without .if'],
    ['.else', 'a.s:1:1: .else without .if'],
    ['.if 1\n.else\n.else\n.endif', 'a.s:3:1: .else was already there for this .if'],
    ['.macro m\n', 'a.s:1:1: .macro is not closed'],
    ['.rept 3\n', 'a.s:1:1: .rept is not closed'],
    ['.endm', 'a.s:1:1: .endm without its beginning'],
    ['.macro\n.endm', 'a.s:1:1: expected a name after .macro'],
    ['.macro m\n.endm\n.macro m\n.endm', 'a.s:3:1: macro m is already defined'],
    ['.purgem m', 'a.s:1:1: there is no macro m'],
    ['.exitm', 'a.s:1:1: .exitm outside of a macro'],
    ['.macro m a:req\n.endm\nm', 'a.s:3:1: macro m needs a value for a'],
    ['.macro m a\n.endm\nm 1,2', 'a.s:3:1: macro m takes 1 arguments, found 2'],
    ['.ifc a\n.endif', 'a.s:1:1: expected two texts with a comma between them'],
    ['.include foo', 'a.s:1:10: expected the name of a file in quotation marks'],
    ['= 5', 'a.s:1:1: expected a label, instruction or directive, found "= 5"'],
    ['nop\n/* open', 'a comment that begins with /* does not end'],
  ])('%j', (source, expected) => {
    expect(errorsOf(source)[0]).toContain(expected);
  });

  test('all of them, in the order of the source', () => {
    const messages = errorsOf('li r3,later\nfoo\n.set later,70000\nbar\n');
    expect(messages.map((message) => message.split(':').slice(0, 2).join(':'))).toEqual([
      'a.s:1',
      'a.s:2',
      'a.s:4',
    ]);
  });

  test('with the place where a macro was used', () => {
    expect(errorsOf('.macro m\n li r3,70000\n.endm\nnop\n m')).toEqual([
      'a.s:2:8 (used at a.s:5:2): operand SI: expected -32768 to 32767, found 70000',
    ]);
  });

  test('with the nearest places only where macros nest deep', () => {
    const [message] = errorsOf('.macro m n\n.if \\n\nm "(\\n-1)"\n.else\n foo\n.endif\n.endm\nm 20');
    expect(message).toContain('(used at ...)');
    expect(message!.match(/used at/g)!.length).toBe(5);
  });

  test('many errors are counted, not shown', () => {
    const messages = errorsOf('foo\n'.repeat(100));
    expect(messages.length).toBe(51);
    expect(messages.at(-1)).toBe('and 50 more errors');
    expect(errorsOf('foo\n'.repeat(5000)).at(-1)).toBe('and 951 more errors');
  });

  test('carry all diagnostics', () => {
    const error = (() => {
      try {
        assemble('foo\nbar');
      } catch (thrown) {
        return thrown as AssemblyError;
      }
      return undefined;
    })();
    expect(error?.diagnostics).toMatchObject([
      { file: '<source>', line: 1, column: 1, message: 'unknown instruction foo' },
      { file: '<source>', line: 2, column: 1, message: 'unknown instruction bar' },
    ]);
  });
});

describe('hostile sources end soon', () => {
  test.each([
    ['a macro without end', '.macro m\nm\n.endm\nm', 'nested deeper than 200'],
    ['too many repetitions', '.rept 1<<40\n.endr', 'expected at most 1000000 repetitions'],
    ['a huge image', '.space 1<<40', 'the program grows beyond'],
    ['a huge fill', '.fill 1<<40,8', 'the program grows beyond'],
    ['a far address', '.org 1<<62', 'is too far'],
    ['a macro that doubles', '.macro m x\nm "\\x\\x"\n.endm\nm abcdefgh', 'a statement grew longer'],
  ])('%s', (_, source, message) => {
    expect(errorsOf(source).join('\n')).toContain(message);
  });

  test('repetitions without end', () => {
    const source = '.rept 1000000\n.rept 1000000\n.set x,1\n.endr\n.endr';
    expect(errorsOf(source, { maxStatements: 10_000 })).toEqual([
      'a.s:3:1 (used at a.s:2:1 (used at a.s:1:1)): more than 10000 statements: repetition without end?',
    ]);
  });

  test('names that every JavaScript object has are names like others', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(errorsOf(name)[0]).toContain(`unknown instruction ${name.toLowerCase()}`);
      expect(errorsOf(`.${name}`)[0]).toContain(`unknown directive .${name}`);
      expect(errorsOf(`add ${name},r3,r4`)[0]).toContain(`${name} is not defined`);
      expect(errorsOf(`crset ${name}`)[0]).toContain(`${name} is not defined`);
      expect(errorsOf(`mtspr ${name},r3`)[0]).toContain(`${name} is not defined`);
      expect(errorsOf(`.long 1@${name}`)[0]).toMatch(/unknown modifier|unexpected character/);
      expect(errorsOf(`li r3,1@${name}`)[0]).toMatch(/unknown modifier|unexpected character/);
      expect(errorsOf(`${name}: .long ${name}\n.ifdef ${name}\n.error "defined"\n.endif`)).toEqual([
        'a.s:3:8: defined',
      ]);
      expect(errorsOf(`.macro ${name} a\n.byte \\a\n.endm\n${name} 1`)).toEqual([]);
    }
  });

  test('the limit of the image is the caller’s', () => {
    expect(errorsOf('.space 17', { maxSize: 16 })[0]).toContain('the program grows beyond 16 bytes');
    expect(errorsOf('.space 16', { maxSize: 16 })).toEqual([]);
  });

  test('any text is assembled or refused with places', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        ...[
          'add r3,r4,r5',
          '.if 1',
          '.endif',
          '.macro m a',
          '.endm',
          'm 1',
          '.rept 2',
          '.endr',
          'x: ',
          '1:',
          'b 1b',
        ],
        ...[
          '.long x',
          '.set x,x+1',
          '"',
          "'",
          '/*',
          '*/',
          '#',
          ';',
          '\n',
          '\\a',
          '(',
          ')',
          ',',
          '@l',
          '.balign 8',
        ],
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        for (const separator of [' ', '\n'])
          for (const message of errorsOf(pieces.join(separator))) expect(message).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });
});
