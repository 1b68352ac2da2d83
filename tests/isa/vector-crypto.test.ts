/** Cryptographic vector instructions: the examples of FIPS 197 and FIPS 180, and polynomials multiplied bit by bit. */
import fc from 'fast-check';
import { elementsOf, ofElements } from '../support/vector-operators';
import { runVector, type VectorOperands } from '../support/vector-run';
import { integers } from '../support/vector-values';

const hex = (value: bigint, digits = 32): string => value.toString(16).padStart(digits, '0');
const run = (name: string, operands: VectorOperands, fields = {}): bigint =>
  runVector(name, operands, fields).result;

describe('AES', () => {
  /** FIPS 197, 5.2: the round keys of a 128-bit key, with S-boxes by vsbox. */
  function roundKeys(key: bigint): bigint[] {
    const keys = [key];
    for (let round = 1, constant = 1n; round <= 10; round++) {
      const words = elementsOf(keys.at(-1)!, 32);
      const last = words[3]!;
      const substituted = run('vsbox', { a: ((last << 8n) | (last >> 24n)) & 0xffff_ffffn }) & 0xffff_ffffn;
      let word = substituted ^ (constant << 24n);
      keys.push(ofElements(words.map((w) => (word ^= w)), 32)); // prettier-ignore
      constant = (constant << 1n) ^ (constant & 0x80n ? 0x11bn : 0n);
    }
    return keys;
  }
  const encrypt = (text: bigint, keys: readonly bigint[]): bigint => {
    const state = keys.slice(1, 10).reduce((a, b) => run('vcipher', { a, b }), text ^ keys[0]!);
    return run('vcipherlast', { a: state, b: keys[10]! });
  };
  const decrypt = (text: bigint, keys: readonly bigint[]): bigint => {
    const state = keys.slice(1, 10).reduceRight((a, b) => run('vncipher', { a, b }), text ^ keys[10]!);
    return run('vncipherlast', { a: state, b: keys[0]! });
  };

  test.each([
    // FIPS 197, appendices B and C.1.
    [
      0x2b7e151628aed2a6abf7158809cf4f3cn,
      0x3243f6a8885a308d313198a2e0370734n,
      '3925841d02dc09fbdc118597196a0b32',
    ],
    [
      0x000102030405060708090a0b0c0d0e0fn,
      0x00112233445566778899aabbccddeeffn,
      '69c4e0d86a7b0430d8cdb78070b4c55a',
    ],
  ])('key %x', (key, text, expected) => {
    const keys = roundKeys(key);
    const encrypted = encrypt(text, keys);
    expect(hex(encrypted)).toBe(expected);
    expect(decrypt(encrypted, keys)).toBe(text);
  });

  test('a round of appendix B', () => {
    const [a, b] = [0x193de3bea0f4e22b9ac68d2ae9f84808n, 0xa0fafe1788542cb123a339392a6c7605n];
    expect(hex(run('vcipher', { a, b }))).toBe('a49c7ff2689f352b6b5bea43026a5049');
  });
});

describe('SHA-2', () => {
  const PRIMES = Array.from({ length: 410 }, (_, n) => n).filter(
    (n) => n > 1 && ![...Array(n).keys()].some((d) => d > 1 && n % d === 0),
  );
  /** The first `bits` bits of the fraction of a root. */
  function fraction(prime: number, degree: bigint, bits: number): bigint {
    const target = BigInt(prime) << (degree * BigInt(bits));
    let root = 0n;
    for (let bit = BigInt(bits + 4); bit >= 0n; bit--)
      if ((root | (1n << bit)) ** degree <= target) root |= 1n << bit;
    return BigInt.asUintN(bits, root);
  }
  /** The digest of a short text; the four functions are the instruction's, in any element. */
  function digest(
    text: string,
    { name, bits, rounds }: { name: string; bits: number; rounds: number },
  ): string {
    const u = (x: bigint): bigint => BigInt.asUintN(bits, x);
    const element = bits === 32 ? 2 : 1;
    const sigma = (ST: number, second: boolean, x: bigint): bigint => {
      const a = ofElements(Array.from({ length: 128 / bits }, (_, i) => (i === element ? x : 0n)), bits); // prettier-ignore
      const selects = bits === 32 ? 8 >> element : 8 >> (2 * element);
      return elementsOf(run(name, { a }, { ST, SIX: second ? selects : 15 & ~selects }), bits)[element]!;
    };
    const block = Buffer.alloc(2 * bits);
    block.write(`${text}\x80`, 'latin1');
    block.writeUInt32BE(8 * text.length, 2 * bits - 4);
    const w = Array.from({ length: 16 }, (_, i) => BigInt(`0x${block.subarray((i * bits) / 8, ((i + 1) * bits) / 8).toString('hex')}`)); // prettier-ignore
    for (let i = 16; i < rounds; i++)
      w.push(u(sigma(0, true, w[i - 2]!) + w[i - 7]! + sigma(0, false, w[i - 15]!) + w[i - 16]!));
    const first = PRIMES.slice(0, 8).map((p) => fraction(p, 2n, bits));
    let [a, b, c, d, e, f, g, h] = first as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
    for (let i = 0; i < rounds; i++) {
      const one = h + sigma(1, true, e) + ((e & f) ^ (u(~e) & g)) + fraction(PRIMES[i]!, 3n, bits) + w[i]!;
      const two = sigma(1, false, a) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [u(one + two), a, b, c, u(d + one), e, f, g];
    }
    return [a, b, c, d, e, f, g, h].map((x, i) => hex(u(x + first[i]!), bits / 4)).join('');
  }

  test('SHA-256 of abc', () => {
    expect(digest('abc', { name: 'vshasigmaw', bits: 32, rounds: 64 })).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
  test('SHA-512 of abc', () => {
    expect(digest('abc', { name: 'vshasigmad', bits: 64, rounds: 80 })).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
  });
});

test('sums of polynomial products', () => {
  const product = (a: bigint, b: bigint): bigint => {
    let sum = 0n;
    for (let i = 0n; b >> i; i++) if ((b >> i) & 1n) sum ^= a << i;
    return sum;
  };
  fc.assert(
    fc.property(integers, integers, (a, b) => {
      for (const [letter, bits] of [['b', 8], ['h', 16], ['w', 32], ['d', 64]] as const) {
        const [x, y] = [elementsOf(a, bits), elementsOf(b, bits)];
        const sums = Array.from({ length: 64 / bits }, (_, i) => product(x[2 * i]!, y[2 * i]!) ^ product(x[2 * i + 1]!, y[2 * i + 1]!)); // prettier-ignore
        expect(elementsOf(run(`vpmsum${letter}`, { a, b }), 2 * bits)).toEqual(sums);
      }
    }),
    { numRuns: 25 },
  ); // prettier-ignore
});

test('vpermxor', () => {
  fc.assert(
    fc.property(integers, integers, integers, (a, b, c) => {
      const [x, y] = [elementsOf(a, 8), elementsOf(b, 8)];
      const expected = elementsOf(c, 8).map((n) => x[Number(n >> 4n)]! ^ y[Number(n & 15n)]!);
      expect(elementsOf(run('vpermxor', { a, b, c }), 8)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});
