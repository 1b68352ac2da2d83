/**
 * SLB and TLB management (Power ISA Book III, 6.9.3). What depends on LPCR and the process or partition table (GTSE, HR)
 * beyond `privileged` is the services'.
 */
import { call, gpr } from '../vocabulary/expr';
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { perform, setGpr } from '../vocabulary/stmt';

const tlb = (level: IsaLevel): RowProperties => ({ level, privilege: 'privileged', timing: 'tlb' });
/** slbia is also on CPUs without an SLB: it drops effective-to-real translations. */
const slb = (level: IsaLevel): RowProperties => ({ ...tlb(level), feature: 'hpt' });

const invalidation = [gpr('RB'), gpr('RS'), wideField('RIC'), wideField('PRS'), wideField('R')] as const;

export const SLB_TLB_ROWS: readonly InsnRow[] = [
  insn('slbie', 'X', { PO: 31, XO: 434 }, 'RB', slb('PPC'), perform('slbie', gpr('RB'))),
  insn(
    'slbieg', 'X', { PO: 31, XO: 466 }, 'RS,RB', slb('v3.0'),
    perform('slbieg', gpr('RS'), gpr('RB')),
  ),
  insn('slbia', 'X', { PO: 31, XO: 498 }, 'IH', tlb('PPC'), perform('slbia', wideField('IH'))),
  insn(
    'slbiag', 'X', { PO: 31, XO: 850 }, 'RS,L1', slb('v3.0B'),
    perform('slbiag', gpr('RS'), wideField('L1')),
  ),
  insn(
    'slbmte', 'X', { PO: 31, XO: 402 }, 'RS,RB', slb('v2.00'),
    perform('slbmte', gpr('RS'), gpr('RB')),
  ),
  // choice: L1, which selects a format that is the implementation's, is ignored.
  insn(
    'slbmfev', 'X', { PO: 31, XO: 851 }, 'RT,RB,L1', slb('v2.00'),
    setGpr('RT', call('slbmfev', gpr('RB'))),
  ),
  insn(
    'slbmfee', 'X', { PO: 31, XO: 915 }, 'RT,RB,L1', slb('v2.00'),
    setGpr('RT', call('slbmfee', gpr('RB'))),
  ),
  insn(
    'slbfee.', 'X', { PO: 31, XO: 979, Rc: 1 }, 'RT,RB', slb('v2.05'),
    setGpr('RT', call('slbfee', gpr('RB'))),
  ),
  insn('slbsync', 'X', { PO: 31, XO: 338 }, '', slb('v3.0'), perform('slbsync')),
  insn(
    'tlbie', 'X', { PO: 31, XO: 306 }, 'RB,RS,RIC,PRS,R', tlb('P1'),
    perform('tlbie', ...invalidation),
  ),
  insn(
    'tlbiel', 'X', { PO: 31, XO: 274 }, 'RB,RS,RIC,PRS,R', tlb('v2.03'),
    perform('tlbiel', ...invalidation),
  ),
  insn('tlbsync', 'X', { PO: 31, XO: 566 }, '', tlb('PPC'), perform('tlbsync')),
]; // prettier-ignore
