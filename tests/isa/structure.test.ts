/** What must hold of every row whatever it does: encodings do not collide, names exist, semantics are well-formed. */
import { INSTRUCTIONS, ROWS } from '../../isa';
import { extractField, insertField } from '../../isa/vocabulary/field-bits';
import { fieldBits, FORMS, isPrefixed } from '../../isa/vocabulary/forms';
import { prologue } from '../../isa/vocabulary/prologue';
import type { Expr } from '../../isa/vocabulary/expr';
import { ISA_LEVELS, type InsnRow, type Instruction } from '../../isa/vocabulary/row';
import type { Stmt } from '../../isa/vocabulary/stmt';

const sizeOf = (row: InsnRow): 32 | 64 => (isPrefixed(row.form) ? 64 : 32);
const maskOf = (row: InsnRow, field: string): bigint => {
  const pieces = fieldBits(row.form, field);
  return insertField(extractField(-1n, sizeOf(row), pieces), sizeOf(row), pieces);
};
const operandsOf = (row: InsnRow): string[] => row.operands.split(/[,()]/).filter((name) => name !== '');
const hex = (x: bigint): string => x.toString(16);

/** True where some level of the architecture has both. */
const together = (a: InsnRow, b: InsnRow): boolean => {
  const [first, last] = [(r: InsnRow) => ISA_LEVELS.indexOf(r.level), (r: InsnRow) => ISA_LEVELS.indexOf(r.until ?? 'v3.1B')]; // prettier-ignore
  return first(a) <= last(b) && first(b) <= last(a);
};
/** Pairs of instructions of one level for which `test` holds. */
const pairs = (test: (a: Instruction, b: Instruction) => boolean): string[] =>
  INSTRUCTIONS.flatMap((a, i) =>
    INSTRUCTIONS.slice(i + 1)
      .filter((b) => together(a.row, b.row) && test(a, b))
      .map(
        (b) => `${a.mnemonic} ${hex(a.match)}/${hex(a.mask)}, ${b.mnemonic} ${hex(b.match)}/${hex(b.mask)}`,
      ),
  );

/** Every field that expressions of the semantics name. */
function fieldsNamed(statements: readonly Stmt[]): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (node !== null && typeof node === 'object') {
      const { k, name } = node as Partial<Extract<Expr, { k: 'field' }>>;
      if (k === 'field' && name !== undefined) names.add(name);
      Object.values(node).forEach(visit);
    }
  };
  visit(statements);
  return names;
}

describe('rows', () => {
  it('have fixed bits that tell any two instructions apart', () => {
    expect(pairs((a, b) => a.size === b.size && ((a.match ^ b.match) & a.mask & b.mask) === 0n)).toEqual([]);
  });

  it('have mnemonics that no other has', () => {
    expect(pairs((a, b) => a.mnemonic === b.mnemonic)).toEqual([]);
  });

  it.each(ROWS.map((row) => [row.mnemonic, row] as const))(
    '%s: fields exist and do not collide',
    (_, row) => {
      const names = [...Object.keys(row.fixed), ...(row.suffixes ?? []), ...operandsOf(row)];
      for (const name of names) expect(Object.keys(FORMS[row.form])).toContain(name);
      let taken = 0n;
      for (const name of names) {
        expect({ name, collides: hex(taken & maskOf(row, name)) }).toEqual({ name, collides: '0' });
        taken |= maskOf(row, name);
      }
    },
  );

  it.each(ROWS.map((row) => [row.mnemonic, row] as const))(
    '%s: semantics name only what the encoding has',
    (_, row) => {
      const names = [...Object.keys(row.fixed), ...(row.suffixes ?? []), ...operandsOf(row)];
      const known = names.reduce((mask, name) => mask | maskOf(row, name), 0n);
      for (const name of fieldsNamed([...row.sem])) {
        expect(Object.keys(FORMS[row.form])).toContain(name);
        expect({ name, outside: hex(maskOf(row, name) & ~known) }).toEqual({ name, outside: '0' });
      }
      for (const name of fieldsNamed(prologue(row))) expect(Object.keys(FORMS[row.form])).toContain(name);
    },
  );
});
