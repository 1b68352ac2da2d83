/** SPRs on which address translation depends beside LPCR and the authority masks (Book III, 6.7). */
import { everything } from '../../mmu/invalidate';
import { plain, type SprHandler } from './handler';

/**
 * A register that is in the tags of translation caches. A hypervisor writes LPCR (and SDR1, before v3.0) with each
 * switch of guests: that drops nothing, here as in the processor, whose lookaside entries belong to an LPID.
 */
const tagged = plain('context');

/** The table of all tables: what is cached of another one is nobody's. */
const base: SprHandler = {
  read: tagged.read,
  write(cpu, value, row) {
    tagged.write(cpu, value, row);
    cpu.hooks.invalidate(cpu, everything(`mtspr ${row.name}`, true));
    return 'context';
  },
};

export const TRANSLATION_SPRS: Readonly<Record<string, SprHandler>> = {
  LPCR: tagged,
  LPIDR: tagged,
  PIDR: tagged,
  PTCR: base,
  SDR1: tagged,
  HRMOR: tagged,
  RMOR: tagged,
};
