/**
 * Random numbers of the tests. Everything random follows from one seed a run, `BOOK3S_SEED`, which jest.config.ts sets:
 * always the same one, unless the user asks for another. fast-check has it too (`seed-fast-check.ts`).
 */

/** Seed of this run: what is random in it is the same in every run with this number. */
export const SEED = Number(process.env['BOOK3S_SEED']);
if (!Number.isInteger(SEED)) throw new Error('BOOK3S_SEED is not set: tests run by jest with jest.config.ts');

/** Numbers that are far apart where the arguments are neighbours (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Seed of one of several random lives in a run: another one for every number, and in every run. */
export const seedOf = (life: number): number => mixed(mixed(SEED) + life);

/** 32-bit numbers that follow from a seed: xorshift32. */
export function xorshift32(seed: number): () => number {
  let x = mixed(seed) || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Numbers from 0 to below the argument, at most 2^32, that follow from a seed. */
export function randomOf(seed: number): (below: number) => number {
  const next = xorshift32(seed);
  return (below) => next() % below;
}

/** Random words, doublewords and choices from a 32-bit seed: xorshift128. */
export class Random {
  private readonly s = new Uint32Array(4);

  constructor(seed: number) {
    for (let i = 0; i < 4; i++) this.s[i] = Math.imul(seed + i + 1, 0x9e3779b1) ^ (0x85ebca6b * (i + 1));
    for (let i = 0; i < 16; i++) this.word();
  }

  /** 32 bits. */
  word(): number {
    const { s } = this;
    let t = s[3]!;
    t ^= t << 11;
    t ^= t >>> 8;
    s.copyWithin(1, 0, 3);
    s[0] = t ^ s[1]! ^ (s[1]! >>> 19);
    return s[0];
  }

  doubleword(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  below(n: number): number {
    return this.word() % n;
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
