/** The random numbers that guests get: the same sequence in every run (splitmix64). */
import { hex0x, u64 } from '../core/u64';

const SEED = 0x9e3779b97f4a7c15n;
const STEP = 0x9e3779b97f4a7c15n;

export class RandomNumbers {
  private value = SEED;

  /** Where the sequence is, as `"0x..."`. */
  get state(): string {
    return hex0x(this.value);
  }

  set state(state: string) {
    this.value = BigInt(state);
  }

  /** The next 64 bits. */
  next(): bigint {
    this.value = u64(this.value + STEP);
    let z = this.value;
    z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }
}
