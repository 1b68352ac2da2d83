/** `book3s bench mmu`: what one translation costs, by itself. Measures; decides nothing. */
import { RealMemory } from '../../core/memory';
import { ACCESS } from '../../mmu/access';
import { POWER9 } from '../../mmu/policy';
import { Translator } from '../../mmu/translate';
import { CpuState } from '../../state/cpu-state';
import type { Figure } from './report';
import { KeptWalks, nanoseconds } from './translations';

const PARTITION_TABLE = 0x10000;
const MEMORY = 32 << 20;
const PAGES = 512;
const REPEATS = 20;
/** How many of them are accessed. */
const ACCESSED = 128;

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

/** Measures untraced and traced walks of one and two stages; takes about two seconds. */
export function benchMmu(): { figures: Figure[] } {
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
  const figures: Figure[] = [];
  const measure = (name: string, context: () => void, count: number): void => {
    context();
    figures.push({
      name,
      value: nanoseconds({ count, repeats: REPEATS, pages: ACCESSED }, load),
      unit: 'ns',
    });
  };
  measure('radix walk, 4 levels', host, 100_000);
  measure('radix walk, two stages', guest, 50_000);
  mmu.observer = new KeptWalks();
  measure('radix walk, 4 levels, traced', host, 5_000);
  measure('radix walk, two stages, traced', guest, 5_000);
  return { figures };
}
