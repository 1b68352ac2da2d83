import { createDecoder, hasRow } from '../../isa/decoder';
import { disassemble } from '../../src/asm/disassemble';

const text = (words: number[], address = 0x100n): string[] =>
  disassemble(words, address).map((line) => line.text);

describe('the disassembler', () => {
  test.each<[string, number, string]>([
    ['pads the mnemonic to 7 columns', 0x38600001, 'li      r3,1'],
    ['writes long mnemonics with one blank', 0x4d000461, 'bdnzttarl lt'],
    ['writes displacements with a sign', 0x8061fff8, 'lwz     r3,-8(r1)'],
    ['writes (RA|0) as 0', 0x80600010, 'lwz     r3,16(0)'],
    ['writes registers that are no base with r', 0x7c001838, 'and     r0,r0,r3'],
    ['prefers extended mnemonics', 0x60000000, 'nop'],
    ['writes mr for or with equal registers', 0x7c641b78, 'mr      r4,r3'],
    ['leaves out cr0', 0x2c030005, 'cmpwi   r3,5'],
    ['writes other CR fields', 0x2c830005, 'cmpwi   cr1,r3,5'],
    ['writes CR bits by name', 0x4c243342, 'crorc   gt,4*cr1+lt,4*cr1+eq'],
    ['writes targets as addresses', 0x4800_0010, 'b       0x110'],
    ['wraps targets before address 0', 0x4bff_fef0, 'b       0xfffffffffffffff0'],
    ['writes absolute targets with 32 bits', 0x4bff_fff2, 'ba      0xfffffff0'],
    ['writes branch hints', 0x41e2_0008, 'beq+    0x108'],
    ['writes branches on a CR field', 0x409e_0008, 'bne     cr7,0x108'],
    ['writes what no extended form covers', 0x4e850020, 'bclr    20,4*cr1+gt'],
    ['writes optional operands that have a value', 0x4e800c20, 'bctr    1'],
    ['writes .long where reserved bits are set', 0x4e80e020, '.long 0x4e80e020'],
    ['writes .long where an operand is reserved', 0x7c6004ac, '.long 0x7c6004ac'],
    ['writes .long for no instruction', 0x00000000, '.long 0x0'],
    ['writes names of special purpose registers', 0x7c7a03a6, 'mtsrr0  r3'],
    ['writes numbers of special purpose registers without name', 0x7c7fbaa6, 'mfspr   r3,767'],
    ['writes numbered registers', 0x7c7142a6, 'mfsprg  r3,1'],
    ['writes 32 bytes as 32', 0x7c6404aa, 'lswi    r3,r4,32'],
    ['writes hash displacements', 0x7c642da5, 'hashst  r5,-232(r4)'],
    ['prints forms that are invalid', 0x84600004, 'lwzu    r3,4(0)'],
  ])('%s', (_, word, expected) => {
    expect(text([word])).toEqual([expected]);
  });

  test('takes two words for a prefixed instruction and goes on behind it', () => {
    const lines = disassemble([0x06000001, 0x38640000, 0x60000000], 0x100n);
    expect(lines.map(({ address, size, text: t }) => [address, size, t])).toEqual([
      [0x100n, 8, 'paddi   r3,r4,65536'],
      [0x108n, 4, 'nop'],
    ]);
  });

  test('says where an instruction relative to its address points', () => {
    expect(text([0x04100000, 0xe4600008])).toEqual(['pld     r3,8\t# 108']);
    const symbol = (address: bigint) => (address === 0x108n ? 'table' : undefined);
    expect(disassemble([0x04100000, 0xe4600008], 0x100n, { symbol })[0]!.text).toBe(
      'pld     r3,8\t# 108 <table>',
    );
  });

  test('a prefix without suffix, or with none that fits, is data', () => {
    expect(text([0x06000001])).toEqual(['.long 0x6000001']);
    expect(text([0x06000001, 0x60000000])).toEqual(['.long 0x6000001', 'nop']);
    // R=1 with a base register.
    expect(text([0x04100000, 0xe4640008])[0]).toBe('.long 0x4100000');
  });

  test('shows symbols of targets', () => {
    const symbol = (address: bigint) => (address === 0x110n ? 'main+0x10' : undefined);
    const [known, unknown] = disassemble([0x48000010, 0x48000010], 0x100n, { symbol });
    expect(known!.text).toBe('b       110 <main+0x10>');
    expect(unknown!.text).toBe('b       0x114');
  });

  test('knows the instructions of the decoder it is given', () => {
    const decoder = createDecoder((row) => hasRow({ level: 'v2.07', features: new Set() }, row));
    const options = { decoder };
    expect(disassemble([0x7c642e16], 0n)[0]!.text).toBe('modsw   r3,r4,r5');
    expect(disassemble([0x7c642e16], 0n, options)[0]!.text).toBe('.long 0x7c642e16');
    expect(disassemble([0x4c0003a4], 0n, options)[0]!.text).toBe('sleep');
  });

  test('tells the mnemonic and the index', () => {
    const [li, data] = disassemble([0x38600001, 0], 0n);
    expect(li).toMatchObject({ mnemonic: 'li', size: 4 });
    expect(li!.index).toBeGreaterThanOrEqual(0);
    expect(data).toMatchObject({ mnemonic: '.long', index: -1 });
  });
});
