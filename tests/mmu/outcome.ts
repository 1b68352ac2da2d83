/** What a translation came to, in the form that the slow twins give: the result, or the register image. */
import { INTERRUPTS } from '../../isa/interrupts';
import { joinHalves } from '../../src/core/u64';
import { rightsText } from '../../src/mmu/access';
import type { Translator } from '../../src/mmu/translate';

export type TwinOutcome =
  | { ra: bigint; pageShift: number; inhibited: boolean; guarded: boolean; rights: string }
  | { interrupt: string; image: Record<string, bigint> };

export function fastOutcome(mmu: Translator, translated: boolean): TwinOutcome {
  if (translated)
    return {
      ra: joinHalves(mmu.raHi, mmu.raLo),
      pageShift: mmu.pageShift,
      inhibited: mmu.cachingInhibited,
      guarded: mmu.guarded,
      rights: rightsText(mmu.rights),
    };
  const { interrupt, cause, ...registers } = mmu.toInterrupt();
  const image: Record<string, bigint> = {
    [INTERRUPTS[interrupt].save === 'HSRR' ? 'HSRR1' : 'SRR1']: cause,
  };
  for (const [name, value] of Object.entries(registers)) image[name.toUpperCase()] = value;
  return { interrupt, image };
}
