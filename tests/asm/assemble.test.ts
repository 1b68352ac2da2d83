import { assemble, type AssembleOptions } from '../../src/asm/assemble';
import { hasRow } from '../../isa/decoder';
import type { InsnRow } from '../../isa/vocabulary/row';

const hex = (source: string, options: AssembleOptions = {}): string =>
  Buffer.from(assemble(source, options).bytes).toString('hex');

describe('instructions', () => {
  test.each([
    ['registers with r, % or nothing', 'add r3,%r4,5', '7c642a14'],
    ['upper case', 'ADD R3,R4,R5', '7c642a14'],
    ['sp and toc', 'ld toc,24(sp)', 'e8410018'],
    ['CR fields by name and number', 'cmpwi cr1,r3,5; cmpwi 1,r3,5', '2c8300052c830005'],
    ['CR fields left out', 'cmpd r3,r4', '7c232000'],
    ['CR bits', 'crand eq,4*cr1+lt,6; isel r3,r4,r5,4*cr7+so', '4c443202' + '7c642fde'],
    [
      'special purpose registers by name and number',
      'mtspr srr0,r3; mfspr r3,26; mtsrr0 r3',
      '7c7a03a67c7a02a67c7a03a6',
    ],
    ['la, li, lis', 'la r3,8(r4); li r3,-1; lis r3,0xffff', '386400083860ffff3c60ffff'],
    ['negative immediates spelled with 32 bits', 'li r3,0xffffffff', '3860ffff'],
    ['subtract immediate', 'subi r3,r3,16; sub r3,r4,r5', '3863fff07c652050'],
    [
      'shifts',
      'sldi r3,r4,32; srdi r3,r4,0; slwi. r3,r4,5; srwi r3,r4,0',
      '788307c678830000548328355483003e',
    ],
    [
      'inserts and extracts',
      'extrwi r3,r4,8,0; insrdi r3,r4,16,32; clrlslwi r3,r4,16,4',
      '5483463e7883802c54832336',
    ],
    ['rotates with a mask', 'rlwinm r3,r4,5,0xff00; rlwinm r3,r4,0,0xf000000f', '54832c2e54830706'],
    ['branches with hints', 'beq+ .; bne- cr7,.; bdnz .', '41e2000040de00004200' + '0000'],
    ['traps', 'trap; tweqi r3,0; twi 31,r0,0', '7fe000080c8300000fe00000'],
    ['barriers', 'sync; lwsync; ptesync; isync', '7c0004ac7c2004ac7c4004ac4c00012c'],
    [
      'operands that may be left out',
      'sc; sc 1; rfebb; rfebb 0; slbia; slbia 3',
      '44000002440000224c0009244c0001247c0003e47c6003e4',
    ],
    ['mtcr and mtcrf', 'mtcr r3; mtcrf 0x80,r3; mfcr r3', '7c6ff1207c6801207c600026'],
    [
      'prefixed',
      'pld r3,8(r4); pld r3,8; pla r3,-1',
      '04000000e464000804100000e460000806' + '13ffff3860ffff',
    ],
  ])('%s', (_, source, expected) => {
    expect(hex(source)).toBe(expected);
  });

  test('little-endian words, the prefix first', () => {
    expect(hex('li r3,1; pli r3,1', { byteOrder: 'little' })).toBe('0100603800000006' + '01006038');
  });

  test('branch targets are addresses', () => {
    expect(hex('b 0x1010; bl target; target: ba 0x100', { origin: 0x1000n })).toBe(
      '480000104800000548000102',
    );
  });

  test('a prefixed instruction never crosses 64 bytes, and its label goes with it', () => {
    const { bytes, symbols } = assemble('.space 60\nhere: pli r3,1\nb here');
    expect(Buffer.from(bytes.slice(60)).toString('hex')).toBe('60000000' + '0600000038600001' + '4bfffff8');
    expect(symbols.get('here')).toBe(64n);
  });

  test('a label that something follows stays before the padding', () => {
    const { symbols } = assemble('.space 56\nhere: nop\npli r3,1');
    expect(symbols.get('here')).toBe(56n);
  });

  test('addresses relative to the instruction', () => {
    expect(hex('nop; pld r3,data@pcrel; data:')).toBe('6000000004100000e4600008');
  });
});

describe('symbols', () => {
  test('may be used before they are defined', () => {
    expect(hex('.long end - start\nstart: .long 1\nend:')).toBe('0000000400000001');
  });

  test('that are assigned have the value of their place', () => {
    expect(hex('.set x,1\n.byte x\nx = x + 1\n.byte x\n.equ x,5\n.byte x')).toBe('010205');
  });

  test('assigned later have their last value', () => {
    expect(hex('.byte x\n.set x,3')).toBe('03');
  });

  test('numeric labels go backwards and forwards', () => {
    expect(hex('1: b 1f\n1: b 1b\nb 2f\n2:')).toBe('480000044800000048000004');
  });

  test('are given, with origin and lines', () => {
    const result = assemble('start: nop\n.set size,end-start\nli r3,1\nend:', {
      file: 'a.s',
      origin: 0x100n,
    });
    expect([...result.symbols]).toEqual([
      ['start', 0x100n],
      ['size', 8n],
      ['end', 0x108n],
    ]);
    expect(result.origin).toBe(0x100n);
    expect(result.lines).toEqual([
      { address: 0x100n, file: 'a.s', line: 1 },
      { address: 0x104n, file: 'a.s', line: 3 },
    ]);
  });

  test('may come from the caller', () => {
    expect(hex('.ifdef DEBUG\n.byte DEBUG\n.endif', { symbols: { DEBUG: 7n } })).toBe('07');
    expect(hex('.ifdef DEBUG\n.byte DEBUG\n.endif')).toBe('');
  });

  test('of high addresses are 64 bits without sign', () => {
    const origin = 0xc000_0000_0000_0000n;
    const { symbols } = assemble('nop\nlabel: .quad label', { origin });
    expect(symbols.get('label')).toBe(origin + 4n);
    expect(hex('label: .quad label', { origin })).toBe('c000000000000000');
  });
});

describe('parts of addresses', () => {
  const part = (modifier: string, value: string): string =>
    hex(`.set v,${value}\naddis r3,r3,v@${modifier}`).slice(4);

  test.each([
    ['ha', '0x18000', '0002'],
    ['h', '0x18000', '0001'],
    ['higher', '0x123456789abcdef0', '5678'],
    ['highest', '0x123456789abcdef0', '1234'],
    ['highera', '0x12345678ffff8000', '5679'],
    ['highesta', '0x1234ffffffff8000', '1235'],
    ['high', '0x18000', '0001'],
    ['higha', '0x18000', '0002'],
  ])('@%s of %s', (modifier, value, expected) => {
    expect(part(modifier, value)).toBe(expected);
  });

  test('@l is signed where the field is', () => {
    expect(hex('.set v,0x18000\naddi r3,r3,v@l\nori r3,r3,v@l\nlwz r3,v@l(r4)')).toBe(
      '386380006063800080648000',
    );
  });

  test('of sums, wherever the modifier stands', () => {
    expect(hex('.set v,0x10000\naddi r3,r3,v@l+4\naddi r3,r3,(v+4)@l')).toBe('3863000438630004');
    expect(hex('.short 0x12345678@h, 0x12345678@l')).toBe('12345678');
  });

  test('put together make the address', () => {
    const load64 =
      '.macro LOAD64 r,v\nlis \\r,(\\v)@highest\nori \\r,\\r,(\\v)@higher\nrldicr \\r,\\r,32,31\n' +
      'oris \\r,\\r,(\\v)@h\nori \\r,\\r,(\\v)@l\n.endm\n';
    expect(hex(`${load64}LOAD64 r3, 0xfedcba9876543210`)).toBe('3c60fedc6063ba98786307c66463765460633210');
  });
});

describe('text', () => {
  test('comments of every kind', () => {
    expect(hex('nop # one\nnop // two\nnop /* three\nstill three */ ; nop\n# all\n')).toBe(
      '60000000'.repeat(4),
    );
  });

  test('comment signs in strings and characters are characters', () => {
    expect(hex(".ascii \"#;//\" ; .byte '#, ';'")).toBe('233b2f2f233b');
  });

  test('several labels and statements on a line', () => {
    const { symbols } = assemble('a: b: nop; c: nop');
    expect([...symbols]).toEqual([
      ['a', 0n],
      ['b', 0n],
      ['c', 4n],
    ]);
  });

  test('an empty source is an empty image', () => {
    expect(assemble('').bytes.length).toBe(0);
    expect(assemble('\n  # nothing\n').bytes.length).toBe(0);
  });

  test('windows line ends', () => {
    expect(hex('li r3,1\r\nblr\r\n')).toBe('386000014e800020');
  });
});

describe('the chosen CPU', () => {
  const power9 = (row: InsnRow): boolean => hasRow({ level: 'v3.0B', features: new Set() }, row);

  test('has its instructions only', () => {
    expect(hex('modsw r3,r4,r5', { filter: power9 })).toBe('7c642e16');
    expect(() => assemble('setbc r3,eq', { filter: power9 })).toThrow(
      '<source>:1:1: setbc (level v3.1 of the architecture) is not on the chosen CPU',
    );
  });
});
