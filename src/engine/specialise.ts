/**
 * Instructions that deserve a function of their own for some values of their fields: what the field decides is then
 * decided when code is generated. Purely a matter of speed; the plain function does the same.
 */
import { SPR_ROWS } from '../../isa/registers/spr';
import type { Feature, Instruction } from '../../isa/vocabulary/row';

/** XER, LR, CTR, and what is a doubleword of state for most models: what is not is a function like the plain one. */
const SPRS = [
  1,
  8,
  9,
  ...SPR_ROWS.filter(({ kind, name }) => kind === 'plain' && !/^PMU/.test(name)).map(({ num }) => num),
];
const SPR_NUMBERS = [...new Set(SPRS)];

/** Values of one field, by mnemonic of the row. */
const SPECIALISED: Readonly<Record<string, { field: string; values: readonly number[] }>> = {
  // Conditional branches without hints' variety: true, false, always, count not zero, count zero.
  bc: { field: 'BO', values: [4, 5, 6, 7, 12, 13, 14, 15, 16, 18, 20, 24, 25, 27] },
  bclr: { field: 'BO', values: [4, 12, 20] },
  bcctr: { field: 'BO', values: [4, 12, 20] },
  mfspr: { field: 'SPR', values: SPR_NUMBERS },
  mtspr: { field: 'SPR', values: SPR_NUMBERS },
};

/**
 * Handlers are generated and compiled in groups, each when the first of its instructions is decoded: few programs use
 * all of them.
 */
export const HANDLER_GROUPS = ['general', 'float', 'vector', 'vsx', 'decimal'] as const;
export type HandlerGroup = (typeof HANDLER_GROUPS)[number];

const GROUP_OF_FEATURE: Partial<Record<Feature, HandlerGroup>> = {
  float: 'float',
  vector: 'vector',
  vsx: 'vsx',
  decimal: 'decimal',
};
const groupOf = ({ row }: Instruction): HandlerGroup => GROUP_OF_FEATURE[row.feature ?? 'base'] ?? 'general';

export interface Handler {
  readonly group: HandlerGroup;
  readonly instruction: Instruction;
  /** Fields with constant values: those of the instruction, and the specialised one. */
  readonly fixed: Readonly<Record<string, number>>;
}

/** The handlers of an instruction set: instruction i is handler i, specialised ones follow. */
export function handlersOf(instructions: readonly Instruction[]): {
  handlers: Handler[];
  /** For instruction i: its specialised field and the handler of each value. */
  special: ReadonlyMap<number, { field: string; byValue: ReadonlyMap<number, number> }>;
} {
  const handlers: Handler[] = instructions.map((instruction) => ({
    group: groupOf(instruction),
    instruction,
    fixed: instruction.fixed,
  }));
  const special = new Map<number, { field: string; byValue: Map<number, number> }>();
  instructions.forEach((instruction, index) => {
    const spec = SPECIALISED[instruction.row.mnemonic];
    if (!spec) return;
    const byValue = new Map<number, number>();
    for (const value of spec.values) {
      const fixed = { ...instruction.fixed, [spec.field]: value };
      byValue.set(value, handlers.push({ group: groupOf(instruction), instruction, fixed }) - 1);
    }
    special.set(index, { field: spec.field, byValue });
  });
  return { handlers, special };
}
