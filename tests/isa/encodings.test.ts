import { INSTRUCTIONS, ROWS } from '../../isa';
import { fieldBits } from '../../isa/vocabulary/forms';
import { fieldWidth } from '../../isa/vocabulary/field-bits';
import { SERVICES, type ServiceName } from '../../isa/vocabulary/services';
import { findInstruction, fieldOf } from '../support/find-instruction';

/** What GNU as 2.40 makes of these, and the fields it was given. */
const WORDS: readonly (readonly [string, number, Record<string, number>])[] = [
  ['sync', 0x7c0004ac, { LSYNC: 0, SC2: 0 }], // hwsync
  ['sync', 0x7c2004ac, { LSYNC: 1, SC2: 0 }], // lwsync
  ['sync', 0x7c4004ac, { LSYNC: 2, SC2: 0 }], // ptesync
  ['sync', 0x7c8004ac, { LSYNC: 4, SC2: 0 }], // phwsync
  ['sync', 0x7ca004ac, { LSYNC: 5, SC2: 0 }], // plwsync
  ['sync', 0x7c0204ac, { LSYNC: 0, SC2: 2 }], // stcisync
  ['sync', 0x7c2104ac, { LSYNC: 1, SC2: 1 }], // stncisync
  ['sync', 0x7c0304ac, { LSYNC: 0, SC2: 3 }], // stsync
  ['wait', 0x7c40003c, { WC: 2, PL: 0 }], // pause_short
  ['eieio', 0x7c0006ac, {}],
  ['isync', 0x4c00012c, {}],
  ['dcbt', 0x7d03222c, { TH: 8, RA: 3, RB: 4 }],
  ['dcbtst', 0x7d0321ec, { TH: 8, RA: 3, RB: 4 }],
  ['dcbz', 0x7c0327ec, { RA: 3, RB: 4 }],
  ['dcbf', 0x7cc320ac, { LDCBF: 6, RA: 3, RB: 4 }], // dcbstps
  ['dcbst', 0x7c03206c, { RA: 3, RB: 4 }],
  ['icbi', 0x7c0327ac, { RA: 3, RB: 4 }],
  ['icbt', 0x7ca3202c, { CT: 5, RA: 3, RB: 4 }],
  ['sc', 0x44000022, { LEV: 1 }],
  ['scv', 0x44000061, { LEV: 3 }],
  ['rfid', 0x4c000024, {}],
  ['hrfid', 0x4c000224, {}],
  ['urfid', 0x4c000264, {}],
  ['rfscv', 0x4c0000a4, {}],
  ['rfebb', 0x4c000924, { S: 1 }],
  ['slbie', 0x7c002364, { RB: 4 }],
  ['slbieg', 0x7c6023a4, { RS: 3, RB: 4 }],
  ['slbia', 0x7ce003e4, { IH: 7 }],
  ['slbiag', 0x7c6106a4, { RS: 3, L1: 1 }],
  ['slbmte', 0x7c602324, { RS: 3, RB: 4 }],
  ['slbmfev', 0x7c6126a6, { RT: 3, RB: 4, L1: 1 }],
  ['slbmfee', 0x7c602726, { RT: 3, RB: 4, L1: 0 }],
  ['slbfee.', 0x7c6027a7, { RT: 3, RB: 4 }],
  ['slbsync', 0x7c0002a4, {}],
  ['tlbie', 0x7c8b1a64, { RB: 3, RS: 4, RIC: 2, PRS: 1, R: 1 }],
  ['tlbiel', 0x7c8b1a24, { RB: 3, RS: 4, RIC: 2, PRS: 1, R: 1 }],
  ['tlbsync', 0x7c00046c, {}],
  ['msgsnd', 0x7c00219c, { RB: 4 }],
  ['msgclr', 0x7c0021dc, { RB: 4 }],
  ['msgsndp', 0x7c00211c, { RB: 4 }],
  ['msgclrp', 0x7c00215c, { RB: 4 }],
  ['msgsync', 0x7c0006ec, {}],
  ['stop', 0x4c0002e4, {}],
  ['doze', 0x4c000324, {}],
  ['nap', 0x4c000364, {}],
  ['sleep', 0x4c0003a4, {}],
  ['rvwinkle', 0x4c0003e4, {}],
  ['lbzcix', 0x7c642eaa, { RT: 3, RA: 4, RB: 5 }],
  ['stdcix', 0x7c642fea, { RS: 3, RA: 4, RB: 5 }],
  ['hashst', 0x7fe41da5, { RB: 3, RA: 4, HD: 63 }],
  ['hashchk', 0x7c041de4, { RB: 3, RA: 4, HD: 0 }],
  ['hashstp', 0x7c041d25, { RB: 3, RA: 4, HD: 32 }],
  ['hashchkp', 0x7fe41d64, { RB: 3, RA: 4, HD: 31 }],
  ['clrbhrb', 0x7c00035c, {}],
  ['mfbhrbe', 0x7c63225c, { RT: 3, BHRBE: 100 }],
  ['attn', 0x00000200, {}],
  ['lwat', 0x7c642c8c, { RT: 3, RA: 4, FC: 5 }],
  ['stdat', 0x7c642dcc, { RS: 3, RA: 4, FC: 5 }],
  ['copy', 0x7c23260c, { RA: 3, RB: 4 }],
  ['paste.', 0x7c23270d, { RA: 3, RB: 4, L: 1 }],
  ['cpabort', 0x7c00068c, {}],
  ['lwarx', 0x7c642829, { RT: 3, RA: 4, RB: 5, EH: 1 }],
  ['stwcx.', 0x7c64292d, { RS: 3, RA: 4, RB: 5 }],
  ['lqarx', 0x7c853228, { RTp: 4, RA: 5, RB: 6, EH: 0 }],
  ['stqcx.', 0x7c85316d, { RSp: 4, RA: 5, RB: 6 }],
  ['lq', 0xe0850010, { RTp: 4, RA: 5, DQ: 1 }],
  ['stq', 0xf8850012, { RSp: 4, RA: 5, DS: 4 }],
  ['lswi', 0x7c6a2caa, { RT: 3, RA: 10, NB: 5 }],
  ['stmw', 0xbc650004, { RS: 3, RA: 5, D: 4 }],
  ['ldbrx', 0x7c642c28, { RT: 3, RA: 4, RB: 5 }],
  ['lwa', 0xe8650006, { RT: 3, RA: 5, DS: 1 }],
];

test.each(WORDS)('%s is %i', (mnemonic, word, fields) => {
  const image = BigInt(word);
  const found = findInstruction(image)!;
  expect(found.mnemonic).toBe(mnemonic);
  for (const [name, value] of Object.entries(fields)) expect(fieldOf(found, image, name)).toBe(value);
});

/** Every object in the semantics of a row. */
function* nodes(value: unknown, seen = new Set<unknown>()): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const part of Object.values(value)) yield* nodes(part, seen);
}

describe('every row', () => {
  test.each(ROWS.map((row) => [row.mnemonic, row] as const))(
    '%s: its form has the fields of its operands and of its semantics, and semantics read no other bits',
    (_, row) => {
      const operands = row.operands.match(/[A-Za-z]\w*/g) ?? [];
      for (const name of operands) expect(fieldWidth(fieldBits(row.form, name))).toBeGreaterThan(0);
      const covered = [...operands, ...Object.keys(row.fixed), ...(row.suffixes ?? [])]
        .flatMap((name) => fieldBits(row.form, name))
        .flatMap(([from, to]) => [...Array(to - from + 1).keys()].map((i) => from + i));
      // pnop looks at the word instruction that is its suffix.
      if (row.form === 'MRR') return;
      for (const node of nodes([row.sem, row.invalid])) {
        if (node['k'] !== 'field') continue;
        for (const [from, to] of fieldBits(row.form, node['name'] as string))
          for (let bit = from; bit <= to; bit++) expect(covered).toContain(bit);
      }
    },
  );

  test('no operand covers a fixed bit or another operand', () => {
    for (const { row, mask, size } of INSTRUCTIONS) {
      let taken = mask;
      for (const name of row.operands.match(/[A-Za-z]\w*/g) ?? []) {
        for (const [from, to] of fieldBits(row.form, name)) {
          const bits = ((1n << BigInt(to - from + 1)) - 1n) << BigInt(size - 1 - to);
          expect([row.mnemonic, name, taken & bits]).toEqual([row.mnemonic, name, 0n]);
          taken |= bits;
        }
      }
    }
  });

  test('every service is called with as many operands as it has, and gives a value only where it has one', () => {
    for (const { mnemonic, sem } of ROWS)
      for (const node of nodes(sem)) {
        if (!('service' in node)) continue;
        const spec = SERVICES[node['service'] as ServiceName];
        expect([mnemonic, (node['args'] as unknown[]).length]).toEqual([mnemonic, spec.args]);
        expect([mnemonic, spec.result]).toEqual([mnemonic, node['k'] === 'call']);
      }
  });
});
