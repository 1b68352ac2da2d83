/** SPRs on which address translation depends beside LPCR and the authority masks (Book III, 6.7). */
import { LPCR } from '../../../isa/registers/lpcr';
import { maskOf } from '../../core/bits';
import { everything } from '../../mmu/invalidate';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { maskFor, plain, writeMasked, type SprHandler } from './handler';

/** A register that is in the tags of translation caches. */
const tagged = plain('context');

/** A register whose change makes every cached translation another's. */
const base: SprHandler = {
  read: tagged.read,
  write(cpu, value, row) {
    tagged.write(cpu, value, row);
    cpu.hooks.invalidate(cpu, everything(`mtspr ${row.name}`, true));
    return 'context';
  },
};

const LPCR_AT = offsetOf('LPCR');
/** Software has to flush before it changes these; we do it with the change. */
const KIND_OF_TRANSLATION = maskOf(
  ...[LPCR.UPRT, LPCR.HR, LPCR.VPM0, LPCR.VPM1, LPCR.ISL, LPCR.TC, LPCR.VRMASD, LPCR.RMLS, LPCR.KBV],
);

const lpcr: SprHandler = {
  read: tagged.read,
  write(cpu: Cpu, value, row) {
    const old = cpu.state.get(LPCR_AT);
    writeMasked(cpu, 'LPCR', value, maskFor(cpu, row));
    if (((old ^ cpu.state.get(LPCR_AT)) & KIND_OF_TRANSLATION) !== 0n)
      cpu.hooks.invalidate(cpu, everything('mtspr LPCR', true));
    return 'context';
  },
};

export const TRANSLATION_SPRS: Readonly<Record<string, SprHandler>> = {
  LPCR: lpcr,
  LPIDR: tagged,
  PIDR: tagged,
  PTCR: base,
  SDR1: base,
  HRMOR: base,
  RMOR: base,
};
