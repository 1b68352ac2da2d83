import { EXTENDED, GNU_OPERANDS, GNU_VALUES } from '../../isa/extended';
import { linear, parseOperands } from '../../isa/extended/model';
import { INSTRUCTIONS, ROWS } from '../../isa/index';
import { fieldBits } from '../../isa/vocabulary/forms';

const rowsNamed = (mnemonic: string) => ROWS.filter((row) => row.mnemonic === mnemonic);

describe('extended mnemonics', () => {
  test('stand for instructions that exist', () => {
    const bases = new Set(INSTRUCTIONS.map(({ mnemonic }) => mnemonic));
    expect(EXTENDED.filter(({ base }) => !bases.has(base)).map(({ mnemonic }) => mnemonic)).toEqual([]);
  });

  test('determine every operand field of the base, and use every operand they have', () => {
    for (const { mnemonic, base, operands, fields } of EXTENDED) {
      const { row } = INSTRUCTIONS.find((instruction) => instruction.mnemonic === base)!;
      const names = parseOperands(operands).map(({ name }) => name);
      const needed = parseOperands(row.operands).map(({ name }) => name);
      const used = new Set(needed.flatMap((name) => Object.keys((fields[name] ?? linear(name)).terms)));
      expect({ mnemonic, unknown: Object.keys(fields).filter((name) => !needed.includes(name)) }).toEqual({
        mnemonic,
        unknown: [],
      });
      expect({ mnemonic, used: [...used].sort() }).toEqual({ mnemonic, used: [...names].sort() });
    }
  });

  test('have ranges for operands only', () => {
    for (const { operands, ranges } of EXTENDED)
      for (const name of Object.keys(ranges))
        expect(parseOperands(operands).map((o) => o.name)).toContain(name);
  });
});

describe("GNU's operand lists", () => {
  test.each(Object.entries(GNU_OPERANDS))('%s has the fields of its row', (mnemonic, operands) => {
    const [row] = rowsNamed(mnemonic);
    const names = (text: string) => parseOperands(text).map(({ name }) => name);
    expect(names(operands)).toEqual(names(row!.operands));
  });

  test.each(Object.entries(GNU_VALUES))('%s restricts operands of its row', (mnemonic, values) => {
    for (const row of rowsNamed(mnemonic))
      for (const [name, taken] of Object.entries(values)) {
        expect(parseOperands(row.operands).map((o) => o.name)).toContain(name);
        const width = fieldBits(row.form, name).reduce((sum, [from, to]) => sum + to - from + 1, 0);
        expect(taken.filter((value) => value >= 2 ** width)).toEqual([]);
      }
    expect(rowsNamed(mnemonic).length).toBeGreaterThan(0);
  });
});

describe('the little language of operands', () => {
  test('linear expressions', () => {
    expect(linear('31-n')).toEqual({ constant: 31, terms: { n: -1 } });
    expect(linear('b+n-1')).toEqual({ constant: -1, terms: { b: 1, n: 1 } });
    expect(linear('528+2*n')).toEqual({ constant: 528, terms: { n: 2 } });
    expect(linear('4*BF+3')).toEqual({ constant: 3, terms: { BF: 4 } });
    expect(linear('-n')).toEqual({ constant: 0, terms: { n: -1 } });
    expect(linear(20)).toEqual({ constant: 20, terms: {} });
  });

  test('operand lists', () => {
    expect(parseOperands('RT,D(RA),R?,L?=1')).toEqual([
      { name: 'RT', optional: undefined, inParentheses: false },
      { name: 'D', optional: undefined, inParentheses: false },
      { name: 'RA', optional: undefined, inParentheses: true },
      { name: 'R', optional: 0, inParentheses: false },
      { name: 'L', optional: 1, inParentheses: false },
    ]);
    expect(parseOperands('')).toEqual([]);
  });
});
