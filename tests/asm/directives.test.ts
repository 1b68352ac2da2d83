import { assemble, type AssembleOptions } from '../../src/asm/assemble';

const hex = (source: string, options: AssembleOptions = {}): string =>
  Buffer.from(assemble(source, options).bytes).toString('hex');

describe('data', () => {
  test.each([
    ['.byte 1, -1, 255', '01ffff'],
    ['.short 0x1234, -2', '1234fffe'],
    ['.hword 1; .2byte 2; .word 3', '000100020003'],
    ['.long 1; .int 2; .4byte 3', '000000010000000200000003'],
    ['.quad 1; .8byte 2; .llong 3', '000000000000000100000000000000020000000000000003'],
    ['.long', ''],
    ['.ascii "ab", "c"', '616263'],
    ['.asciz "ab"; .string "c"', '6162006300'],
    ['.ascii "\\t\\n\\\\\\"\\101\\x42\\0"', '090a5c22414200'],
    ['.ascii "é"', 'c3a9'],
    ['.space 3; .skip 2, 0xff; .zero 1', '000000ffff00'],
    ['.fill 2, 2, 0x1234; .fill 3; .fill 1, 8, -1', '12341234' + '000000' + '00000000ffffffff'],
  ])('%s', (source, expected) => {
    expect(hex(source)).toBe(expected);
  });

  test('in little-endian order', () => {
    expect(hex('.short 0x1234; .long 0x12345678; .quad 1; .ascii "ab"', { byteOrder: 'little' })).toBe(
      '3412785634120100000000000000' + '6162',
    );
  });
});

describe('places', () => {
  test('.org goes to an address', () => {
    expect(hex('nop\n.org 0x10, 0xee\nnop')).toBe(`60000000${'ee'.repeat(12)}60000000`);
    expect(assemble('.org 0x1010', { origin: 0x1000n }).bytes.length).toBe(16);
    expect(assemble('. = 8\n. = . + 8').bytes.length).toBe(16);
  });

  test('alignment by bytes and by powers', () => {
    expect(hex('.byte 1; .balign 4, 0xee; .byte 2; .align 2, 0; .byte 3; .p2align 1, 7')).toBe(
      '01eeeeee' + '02000000' + '0307',
    );
    expect(hex('.byte 1\n.balign 8,,3')).toBe('01');
    expect(hex('.byte 1\n.p2align 2,,3')).toBe('01000000');
    expect(hex('.byte 1\n.balign 0\n.align\n.align 0')).toBe('01');
  });

  test('alignment counts from address 0', () => {
    expect(hex('.balign 16', { origin: 0x1008n })).toBe('6000000060000000');
    expect(assemble('.balign 16', { origin: 0xffff_ffff_ffff_fff8n }).bytes.length).toBe(8);
  });

  test('code is filled with nops, a branch over many', () => {
    expect(hex('nop\n.balign 16')).toBe('60000000'.repeat(4));
    expect(hex('.balign 16', { origin: 4n, byteOrder: 'little' })).toBe('00000060'.repeat(3));
    expect(hex('nop\n.balign 32')).toBe('60000000' + '4800001c' + '60000000'.repeat(6));
  });

  test('data is filled with zeros', () => {
    const fill = (section: string): string => hex(`${section}\n.long -1\n.balign 8`).slice(8);
    expect(fill('.data')).toBe('00000000');
    expect(fill('.section .rodata')).toBe('00000000');
    expect(fill('.section .bss,"aw",@nobits')).toBe('00000000');
    expect(fill('.text')).toBe('60000000');
    expect(fill('.data\n.text')).toBe('60000000');
    expect(fill('.section .text.boot,"ax",@progbits')).toBe('60000000');
    expect(fill('.section .head.text')).toBe('60000000');
  });
});

describe('what changes nothing in a flat image is accepted', () => {
  test.each([
    '.globl main',
    '.type main, @function',
    '.size main, .-main',
    '.abiversion 2',
    '.machine "power9"',
  ])('%s', (directive) => {
    expect(hex(`main: nop\n${directive}`)).toBe('60000000');
  });
});

describe('conditionals', () => {
  test.each([
    ['.if 1', true],
    ['.if 2 < 1', false],
    ['.ifne 1', true],
    ['.ifeq 1', false],
    ['.ifgt 0', false],
    ['.ifge 0', true],
    ['.iflt -1', true],
    ['.ifle 1', false],
    ['.ifdef known', true],
    ['.ifdef unknown', false],
    ['.ifndef known', false],
    ['.ifndef unknown', true],
    ['.ifnotdef unknown', true],
    ['.ifb', true],
    ['.ifb x', false],
    ['.ifnb x', true],
    ['.ifc a, a', true],
    ['.ifc a,b', false],
    ['.ifnc a,b', true],
  ])('%s is %s', (directive, expected) => {
    expect(hex(`.set known,1\n${directive}\n.byte 1\n.else\n.byte 2\n.endif`)).toBe(expected ? '01' : '02');
  });

  test('take the first part that is true', () => {
    const source = (x: number): string =>
      `.set x,${x}\n.if x==1\n.byte 1\n.elseif x==2\n.byte 2\n.elseif x==2\n.byte 3\n.else\n.byte 4\n.endif`;
    expect([1, 2, 3].map((x) => hex(source(x)))).toEqual(['01', '02', '04']);
  });

  test('nest, and look at nothing that is not read', () => {
    expect(hex('.if 0\n.if 1/0\nrubbish !!\n.else\n.byte 1\n.endif\n.else\n.byte 2\n.endif')).toBe('02');
    expect(hex('.if 1\n.byte 1\n.elseif 1/0\n.byte 2\n.endif')).toBe('01');
  });
});

describe('macros and repetitions', () => {
  test('arguments by position, by name, with defaults', () => {
    const macro = '.macro m a, b=7, c:req\n.byte \\a, \\b, \\c\n.endm\n';
    expect(hex(`${macro}m 1, 2, 3`)).toBe('010203');
    expect(hex(`${macro}m 1,,3`)).toBe('010703');
    expect(hex(`${macro}m 1 2 3`)).toBe('010203');
    expect(hex(`${macro}m c=3, a=1`)).toBe('010703');
    expect(hex(`${macro}M (1 + 1), 2, 3`)).toBe('020203');
  });

  test('the rest of the arguments', () => {
    expect(hex('.macro m first, rest:vararg\n.byte \\first\n.byte \\rest\n.endm\nm 1, 2, 3, 4')).toBe(
      '01020304',
    );
  });

  test('\\@ counts the uses, \\() separates', () => {
    const source = '.macro m n\nlabel\\@: b label\\@\n.byte \\n\\()0\n.space 3\n.endm\nm 1\nm 2';
    expect(hex(source)).toBe('480000000a000000480000001' + '4000000');
  });

  test('quotation marks hold an argument together', () => {
    expect(hex('.macro m text, n\n.ascii "\\text"\n.byte \\n\n.endm\nm "a, b", 1')).toBe('612c206201');
  });

  test('macros use macros, themselves too, and end early', () => {
    const count = '.macro count n\n.byte \\n\n.if \\n\ncount "(\\n-1)"\n.endif\n.endm\n';
    expect(hex(`${count}count 3`)).toBe('03020100');
    expect(hex('.macro m n\n.byte 1\n.if \\n\n.exitm\n.endif\n.byte 2\n.endm\nm 0\nm 1')).toBe('010201');
  });

  test('a macro that makes a macro', () => {
    const source = '.macro maker name\n.macro \\name x\n.byte \\x\n.endm\n.endm\nmaker put\nput 5';
    expect(hex(source)).toBe('05');
  });

  test('may be removed and defined again', () => {
    expect(hex('.macro m\n.byte 1\n.endm\nm\n.purgem m\n.macro m\n.byte 2\n.endm\nm')).toBe('0102');
  });

  test('repetitions, nested', () => {
    expect(hex('.rept 2\n.byte 1\n.rept 2\n.byte 2\n.endr\n.endr')).toBe('010202010202');
    expect(hex('.rept 0\n.byte 1\n.endr')).toBe('');
    expect(hex('.set i,0\n.rept 3\n.byte i\n.set i,i+1\n.endr')).toBe('000102');
  });

  test('one for each value or character', () => {
    expect(hex('.irp x, 1, 2, 0x10\n.byte \\x\n.endr')).toBe('010210');
    expect(hex('.irpc x, 135\n.byte \\x\n.endr')).toBe('010305');
  });
});

describe('includes', () => {
  const files: Record<string, string> = {
    'a.inc': '.byte 1\n.include "b.inc"\n',
    'b.inc': '.byte 2\n',
    'me.inc': '.include "me.inc"',
  };
  const asked: string[] = [];
  const include = (name: string, from: string): string | undefined => {
    asked.push(`${from} ${name}`);
    return files[name];
  };

  test('are asked of the caller, with who asks', () => {
    const result = assemble('.include "a.inc"\n.byte 3', { include, file: 'main.s' });
    expect(Buffer.from(result.bytes).toString('hex')).toBe('010203');
    expect(asked).toEqual(['main.s a.inc', 'a.inc b.inc']);
    expect(result.lines.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'a.inc:1',
      'b.inc:1',
      'main.s:2',
    ]);
  });

  test('that are not there, or include themselves, are errors', () => {
    expect(() => assemble('.include "c.inc"', { include })).toThrow('<source>:1:10: cannot include "c.inc"');
    expect(() => assemble('.include "c.inc"')).toThrow('cannot include "c.inc"');
    expect(() => assemble('.include "me.inc"', { include })).toThrow('nested deeper than 200');
  });

  test('.end ends the source', () => {
    expect(hex('.byte 1\n.end\nrubbish')).toBe('01');
  });
});
