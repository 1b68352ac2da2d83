/** What a denied access must look like to the guest. */
import type { HptWorld } from './support';
import { offsetOf } from '../../../src/state/layout';

/** AMR that denies loads and stores of a key and nothing else. */
export const AMR_KEY = (key: number): bigint => 3n << BigInt(62 - 2 * key);

const CAUSES = 0x7800_0000n | 0x0020_0000n;

export const at = (world: HptWorld) => ({
  /** The access ends in the guest's own storage interrupt, with exactly these causes. */
  denied(
    ea: bigint,
    kind: 'load' | 'store' | 'fetch',
    state: { real?: boolean; problem?: boolean },
    cause: bigint,
  ): void {
    const ended = world.access(ea, kind, state);
    if (kind === 'fetch') {
      expect(ended).toMatchObject({ taken: { interrupt: 'instructionStorage', resume: ea } });
      if (typeof ended === 'object' && 'taken' in ended) expect(ended.taken.status & CAUSES).toBe(cause);
      return;
    }
    expect(ended).toMatchObject({ taken: { interrupt: 'dataStorage', resume: ea } });
    expect(world.dsisr).toBe(cause);
    expect(world.cpu().state.get(offsetOf('DAR'))).toBe(ea);
  },
});
