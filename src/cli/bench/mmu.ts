/** `book3s bench mmu`: what one translation costs, by itself. Measures; decides nothing. */
import { performance } from 'node:perf_hooks';
import { RealMemory } from '../../core/memory';
import { ACCESS } from '../../mmu/access';
import { POWER9 } from '../../mmu/policy';
import { Translator } from '../../mmu/translate';
import { CpuState } from '../../state/cpu-state';
import type { WalkEvent } from '../../trace/events/walk';

export interface BenchFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly ratio?: number;
}

const PARTITION_TABLE = 0x10000;
const MEMORY = 32 << 20;
const PAGES = 512;
/** Pages in the order of a fixed stride that is coprime to their number, so that no two in a row are neighbours. */
const STRIDE = 197;
const REPEATS = 20;

/** Root description: 52-bit tree, 2^13 entries. */
const ROOT = 0x40000000000000adn;
const VALID = 0x8000000000000000n;
const LEAF = 0xc000000000000187n;

type Words = Array<readonly [address: number, value: bigint]>;

/** A tree of directory pages at `base` that maps pages 0..511 through four levels, to `to` onwards. */
function tree(base: number, real: number, to: number): Words {
  const next = (n: number): bigint => VALID | BigInt(real + n) | 9n;
  const leaves = Array.from(
    { length: PAGES },
    (_, i) => [base + 0x12000 + 8 * i, LEAF | BigInt(to + i * 4096)] as const,
  );
  return [[base, next(0x10000)], [base + 0x10000, next(0x11000)], [base + 0x11000, next(0x12000)], ...leaves];
}

/** LPID 0 with PID 5 at 4 MiB, its process table mapped by 4K pages; LPID 2 with everything behind 4K pages. */
function machine(): { memory: RealMemory; cpu: CpuState } {
  const memory = RealMemory.ofSize(MEMORY);
  const words: Words = [
    [PARTITION_TABLE, VALID | ROOT | 0x100000n],
    [PARTITION_TABLE + 8, VALID | 0x0n],
    [PARTITION_TABLE + 32, VALID | ROOT | 0x200000n],
    [PARTITION_TABLE + 40, VALID | 0x0n],
    ...tree(0x100000, 0x100000, 0),
    // Guest page n is host page n: guest tables lie where the guest thinks.
    ...tree(0x200000, 0x200000, 0),
    [0x50, ROOT | 0x180000n],
    ...tree(0x180000, 0x180000, 0x80000),
  ];
  for (const [address, value] of words) memory.setDoubleword(address, value);
  const cpu = CpuState.detached();
  cpu.setNamed('LPCR', 0x500000n);
  cpu.setNamed('PTCR', BigInt(PARTITION_TABLE));
  cpu.setNamed('PIDR', 5n);
  return { memory, cpu };
}

/** Nanoseconds of one call: the best of several repeats, for what else the machine does only adds. */
function nanoseconds(count: number, once: (eaLo: number) => boolean): number {
  const run = (): number => {
    const start = performance.now();
    for (let i = 0, page = 0; i < count; i++, page = (page + STRIDE) & 0x7f)
      if (!once(page * 4096 + 8)) throw new Error('the benchmark tables do not translate');
    return ((performance.now() - start) * 1e6) / count;
  };
  run();
  return Math.round(Math.min(...Array.from({ length: REPEATS }, run)) * 10) / 10;
}

/** Measures untraced and traced walks of one and two stages; takes about two seconds. */
export function benchMmu(): { figures: BenchFigure[] } {
  const { memory, cpu } = machine();
  const mmu = new Translator(memory, POWER9);
  const load = (eaLo: number): boolean => mmu.access(cpu, ACCESS.load, 0, eaLo);
  const host = (): void => {
    cpu.setNamed('MSR', 0x9000000000001012n);
    cpu.setNamed('LPIDR', 0n);
  };
  const guest = (): void => {
    cpu.setNamed('MSR', 0x8000000000001012n);
    cpu.setNamed('LPIDR', 2n);
  };
  const kept: WalkEvent[] = [];
  const walk = (event: WalkEvent): void => {
    kept[kept.length & 1023] = event;
    if (kept.length >= 1024) kept.length = 0;
  };
  const figures: BenchFigure[] = [];
  const measure = (name: string, context: () => void, count: number): void => {
    context();
    figures.push({ name, value: nanoseconds(count, load), unit: 'ns' });
  };
  measure('radix walk, 4 levels', host, 100_000);
  measure('radix walk, two stages', guest, 50_000);
  mmu.observer = { walk };
  measure('radix walk, 4 levels, traced', host, 5_000);
  measure('radix walk, two stages, traced', guest, 5_000);
  return { figures };
}
