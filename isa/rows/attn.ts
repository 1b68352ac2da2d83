/** Attention: stops the CPU for a service processor. No part of the ISA; POWER and Microwatt have it. */
import { insn, type InsnRow } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';

export const ATTN_ROWS: readonly InsnRow[] = [
  insn('attn', 'X', { PO: 0, XO: 256 }, '', { level: 'PPC', feature: 'attn', timing: 'system' }, perform('attn')),
]; // prettier-ignore
