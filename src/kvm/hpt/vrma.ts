/**
 * The virtual real mode area: an HPT guest with relocation off is translated too, through entries that L0 puts into
 * its table when it makes it (Linux book3s_64_mmu_hv.c, kvmppc_map_vrma). One page of the area takes the last place
 * of each group.
 */
import { HPTE0, HPTE1, PTEG_SLOTS } from '../../../isa/tables/hpte';
import { VRMA_VSID } from '../../../isa/tables/slb-entry';
import { maskOf } from '../../core/bits';
import { H } from '../hypercalls/status';
import { enterEntry } from './enter';
import { VRMA_PAGES, type HptGuest } from './guest';
import { avpnOf, groupOf, hashOf, type HashedAddress } from './hash';
import { HPTE_SW } from './hpte';

const SEGMENT = 40;
const LAST_PLACE = PTEG_SLOTS - 1;
const ENTRY_LP = VRMA_PAGES.actual.find(({ shift }) => shift === VRMA_PAGES.shift)!.lp << 12;
/** Read and write for the kernel, nothing to record. */
const ENTRY_R = maskOf(HPTE1.R, HPTE1.C, HPTE1.M) | BigInt(ENTRY_LP);

/** Maps guest real addresses from 0 on, as far as the slot there reaches and the table has groups. */
export function mapVrma(hpt: HptGuest): void {
  const { vm, current } = hpt;
  const slot = vm.gfnToMemslot(0);
  const bytes = slot && !slot.isInvalid && slot.baseGfn === 0 ? slot.npages * vm.pageSize : 0;
  const pages = Math.min(
    Math.floor(bytes / 2 ** VRMA_PAGES.shift),
    current.groups,
    2 ** (SEGMENT - VRMA_PAGES.shift),
  );
  for (let page = 0; page < pages; page++) {
    const offset = BigInt(page) << BigInt(VRMA_PAGES.shift);
    const at: HashedAddress = { segment: SEGMENT, vsid: VRMA_VSID, offset };
    const group = groupOf(hashOf(at, VRMA_PAGES.shift), current.groups, false);
    const v = avpnOf(at, VRMA_PAGES.shift) | maskOf(HPTE0.L, HPTE_SW.BOLTED);
    const entered = enterEntry(hpt, {
      exact: true,
      index: BigInt(group * PTEG_SLOTS + LAST_PLACE),
      entry: { v, r: offset | ENTRY_R },
    });
    if ('status' in entered && entered.status !== H.PTEG_FULL)
      vm.warn(`the virtual real mode area ends at page ${page}: status ${entered.status}`);
  }
}
