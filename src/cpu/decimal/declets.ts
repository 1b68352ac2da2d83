/** Densely packed decimal: three digits in ten bits (Power ISA Book I, 5.3 and appendix B). */

const bit = (value: number, n: number): number => (value >> n) & 1;

/** The number 0 to 999 of a declet, canonical or not. Bits are named pqr stu v wxy, digits abcd efgh ijkm. */
function decodeDeclet(declet: number): number {
  const small = (high: number, last: number): number => (high << 1) | last;
  const large = (last: number): number => 8 | last;
  const [pq, r, st, u] = [declet >> 8, bit(declet, 7), (declet >> 5) & 3, bit(declet, 4)];
  const [v, wx, y] = [bit(declet, 3), (declet >> 1) & 3, bit(declet, 0)];
  const digits = ((): readonly [number, number, number] => {
    if (v === 0) return [small(pq, r), small(st, u), small(wx, y)];
    if (wx === 0) return [small(pq, r), small(st, u), large(y)];
    if (wx === 1) return [small(pq, r), large(u), small(st, y)];
    if (wx === 2) return [large(r), small(st, u), small(pq, y)];
    if (st === 0) return [large(r), large(u), small(pq, y)];
    if (st === 1) return [large(r), small(pq, u), large(y)];
    if (st === 2) return [small(pq, r), large(u), large(y)];
    return [large(r), large(u), large(y)];
  })();
  return digits[0] * 100 + digits[1] * 10 + digits[2];
}

const NUMBERS: readonly number[] = Array.from({ length: 1024 }, (_, declet) => decodeDeclet(declet));
/** The canonical declet of three digits is the least that has them: the bits pq that do not count are 0. */
const DECLETS: readonly number[] = ((): number[] => {
  const out = new Array<number>(1000).fill(0);
  for (let declet = NUMBERS.length - 1; declet >= 0; declet--) out[NUMBERS[declet]!] = declet;
  return out;
})();

/** The number in a field of declets. */
export function numberOfDeclets(field: bigint, count: number): bigint {
  let out = 0n;
  for (let n = count - 1; n >= 0; n--)
    out = out * 1000n + BigInt(NUMBERS[Number((field >> BigInt(10 * n)) & 0x3ffn)]!);
  return out;
}
/** The declets of a number below 1000^count. */
export function decletsOfNumber(number: bigint, count: number): bigint {
  let out = 0n;
  let rest = number;
  for (let n = 0; n < count; n++) {
    out |= BigInt(DECLETS[Number(rest % 1000n)]!) << BigInt(10 * n);
    rest /= 1000n;
  }
  return out;
}
