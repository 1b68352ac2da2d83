/** tlbie and tlbiel of hashed pages: every page size encoding names the page that the table's entry maps. */
import { HASH_PAGE_SIZES } from '../../../isa/tables/hpte';
import { HASH_AP, HASH_LP } from '../../../isa/tables/page-size';
import { decodeTlbie, type TlbieOperands } from '../../../src/mmu/invalidate';
import { POWER8, POWER9 } from '../../../src/mmu/policy';

const SIZES = HASH_PAGE_SIZES.flatMap((base) => base.actual.map((actual) => ({ base, actual })));
const STATE = { hv: true, pr: false, hostRadix: false, guestShootdown: false, lpidr: 2 };
/** VA[14:77] of some byte. */
const VA = 0x000abcdef7654321n;

/** RB as operating systems form it: L=0 for 4K segments, with L || LP of the page; else L=1 and LP of the entry. */
function operand(baseShift: number, actualShift: number, lp: number, terabyte: bigint): bigint {
  const b = terabyte << 8n;
  if (baseShift === 12) {
    const llp = HASH_PAGE_SIZES.find(({ shift }) => shift === actualShift)!.llp;
    return (VA & ~0xfffn) | b | (BigInt(llp) << 5n);
  }
  const between = (VA >> 12n) & 0xfen;
  return (VA & ~0xfffffn) | (BigInt(lp) << 12n) | b | between | 1n;
}

const operands = (operation: TlbieOperands['operation'], rb: bigint, lpid: bigint): TlbieOperands => ({
  operation,
  rb,
  rs: lpid,
  ric: 0,
  prs: 0,
  r: 0,
});

const CASES = SIZES.flatMap(({ base, actual }) =>
  [0n, 1n].map((terabyte) => [base.shift, actual.shift, actual.lp, terabyte] as const),
);

describe.each([POWER9, POWER8])('$name', (policy) => {
  test.each(CASES)('2^%i base page, 2^%i page, LP %i, B=%i', (base, actual, lp, terabyte) => {
    const rb = operand(base, actual, lp, terabyte);
    const size = BigInt(actual);
    const page = { address: (VA >> size) << size, shift: actual };
    expect(decodeTlbie(operands('tlbie', rb, 7n), STATE, policy)).toMatchObject({
      scope: 'hash',
      lpid: 7,
      page,
    });
    expect(decodeTlbie(operands('tlbiel', rb, 7n), STATE, policy)).toMatchObject({
      lpid: 2,
      local: true,
      page,
    });
  });
});

test('the encodings are those of the table’s entries, no more and no fewer', () => {
  const small = SIZES.filter(({ base }) => base.shift === 12).map(({ actual }) => [
    HASH_PAGE_SIZES.find(({ shift }) => shift === actual.shift)!.llp,
    { base: 12, actual: actual.shift },
  ]);
  const large = SIZES.filter(({ base }) => base.shift !== 12).map(({ base, actual }) => [
    actual.lp,
    { base: base.shift, actual: actual.shift },
  ]);
  expect(HASH_AP).toEqual(Object.fromEntries(small));
  expect(HASH_LP).toEqual(Object.fromEntries(large));
});
