/** `book3s bench mmu`, hashed translation: what one translation costs, by itself. Measures; decides nothing. */
import { PTEG_SIZE } from '../../../isa/tables/hpte';
import { RealMemory } from '../../core/memory';
import { ACCESS } from '../../mmu/access';
import { slbmte } from '../../mmu/hash/slb';
import { POWER9 } from '../../mmu/policy';
import { Translator } from '../../mmu/translate';
import { CpuState } from '../../state/cpu-state';
import type { Figure } from './report';
import { KeptWalks, nanoseconds } from './translations';

const PARTITION_TABLE = 0x10000;
const HPT = 0x400000;
/** HTABSIZE 2: 1 MiB, 8192 groups. */
const HTABSIZE = 2;
const GROUPS = 1 << 13;
const MEMORY = 32 << 20;
const PAGES = 2048;
const REPEATS = 5;

const VSID = 0x12345n;
/** Coherent memory, R and C set, pp 10. */
const ENTRY = 0x192n;
/** Segments beside the one that is used, so that the SLB is full. */
const SLB_ENTRIES = 32;

/** One 4K page of segment 0, found by the primary or by the secondary hash, behind three entries of other pages. */
function enter(memory: RealMemory, page: number, h: 0 | 1): void {
  const hash = Number(VSID) ^ page;
  const group = HPT + ((h === 0 ? hash : ~hash) & (GROUPS - 1)) * PTEG_SIZE;
  const avpn = (VSID << 12n) | (BigInt(page >> 11) << 7n);
  for (let slot = 0; slot < 3; slot++) memory.setDoubleword(group + 16 * slot, ((avpn + 0x80n) << 4n) | 1n);
  memory.setDoubleword(group + 48, avpn | BigInt(h << 1) | 1n);
  memory.setDoubleword(group + 56, BigInt(page << 12) | ENTRY);
}

/** A hypervisor of LPID 0 whose pages 0..2047 are in primary groups and 4096..6143 in secondary ones. */
function machine(): { memory: RealMemory; cpu: CpuState } {
  const memory = RealMemory.ofSize(MEMORY);
  memory.setDoubleword(PARTITION_TABLE, BigInt(HPT | HTABSIZE));
  for (let page = 0; page < PAGES; page++) {
    enter(memory, page, 0);
    enter(memory, 2 * PAGES + page, 1);
  }
  const cpu = CpuState.detached();
  cpu.setNamed('PTCR', BigInt(PARTITION_TABLE));
  cpu.setNamed('MSR', 0x9000000000001012n);
  for (let n = 1; n < SLB_ENTRIES; n++)
    slbmte(cpu, BigInt(n) << 12n, (BigInt(n) << 28n) | 0x8000000n | BigInt(n - 1));
  slbmte(cpu, VSID << 12n, 0x8000000n | BigInt(SLB_ENTRIES - 1));
  return { memory, cpu };
}

/** Measures untraced and traced searches with a full SLB; takes about two seconds. */
export function benchHash(): { figures: Figure[] } {
  const { memory, cpu } = machine();
  const mmu = new Translator(memory, POWER9);
  const secondary = 2 * PAGES * 4096;
  const figures: Figure[] = [];
  const measure = (name: string, from: number, count: number): void => {
    const load = (eaLo: number): boolean => mmu.access(cpu, ACCESS.load, 0, from + eaLo);
    figures.push({ name, value: nanoseconds({ count, repeats: REPEATS, pages: PAGES }, load), unit: 'ns' });
  };
  measure('hash walk, primary group', 0, 500_000);
  measure('hash walk, secondary group', secondary, 500_000);
  mmu.observer = new KeptWalks();
  measure('hash walk, primary group, traced', 0, 20_000);
  return { figures };
}
