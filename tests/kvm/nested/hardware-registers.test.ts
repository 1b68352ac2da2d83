/**
 * Fast paths of the switch to a nested guest against slow twins: the answer that is kept against one that is worked out
 * each time, blocks of doublewords against doublewords one by one, sums by halves against sums.
 */
import fc from 'fast-check';
import { u64 } from '../../../src/core/u64';
import type { Cpu } from '../../../src/cpu/cpu';
import { CPU_MODELS } from '../../../src/cpu/models';
import { HardwareRegisters } from '../../../src/kvm/nested/hardware-registers';
import { GuestStruct, HV_STATE, LARGEST_HV_STATE } from '../../../src/kvm/nested/hv-guest-state';
import { CpuState } from '../../../src/state/cpu-state';
import { offsetOf } from '../../../src/state/layout';

const ASKED = ['lpcr', 'pcr', 'hfscr', 'dawr0', 'dawrx0', 'ciabr', 'pidr', 'dawr1', 'dawrx1'] as const;
const OF_L1 = ['LPCR', 'HFSCR'] as const;
const LOADED = [
  'LPCR', 'PCR', 'HFSCR', 'DAWR0', 'DAWRX0', 'CIABR', 'PIDR', 'DAWR1', 'DAWRX1',
] as const; // prettier-ignore
const doubleword = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const change = fc.record({
  which: fc.constantFrom(...ASKED, ...OF_L1),
  bit: fc.integer({ min: 0, max: 63 }),
});
const isOfL1 = (which: string): which is (typeof OF_L1)[number] =>
  (OF_L1 as readonly string[]).includes(which);

test('registers that L1 does not decide alone are the same whether the last answer is known or not', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('power9', 'power10'),
      fc.boolean(),
      fc.array(doubleword, { minLength: 11, maxLength: 11 }),
      fc.array(change, { maxLength: 12 }),
      (model, little, start, changes) => {
        const hv = new GuestStruct(LARGEST_HV_STATE);
        hv.little = little;
        const ofL1 = { LPCR: start[9]!, HFSCR: start[10]! };
        ASKED.forEach((name, i) => hv.set(HV_STATE[name], start[i]!));
        const kept = new HardwareRegisters();
        const loaded = (by: HardwareRegisters) => {
          const state = CpuState.detached();
          for (const name of OF_L1) state.set(offsetOf(name), ofL1[name]);
          by.load({ state, model: CPU_MODELS[model as keyof typeof CPU_MODELS] } as Cpu, hv);
          return LOADED.map((name) => state.get(offsetOf(name)));
        };
        for (const { which, bit } of [{ which: 'LPCR', bit: 0 } as const, ...changes]) {
          if (isOfL1(which)) ofL1[which] ^= 1n << BigInt(bit);
          else hv.set(HV_STATE[which], hv.get(HV_STATE[which]) ^ (1n << BigInt(bit)));
          expect(loaded(kept)).toEqual(loaded(new HardwareRegisters()));
        }
      },
    ),
  );
});

test('blocks of doublewords are carried as one by one, in both byte orders', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(doubleword, { minLength: 1, maxLength: 8 }), (little, values) => {
      const [struct, twin] = [new GuestStruct(80), new GuestStruct(80)];
      struct.little = twin.little = little;
      values.forEach((value, i) => twin.set(8 + 8 * i, value));
      const block = { offset: 8, count: values.length };
      const words = new Int32Array(20);
      twin.load(words, 2, block);
      expect([...new BigUint64Array(words.buffer)]).toEqual([
        0n,
        ...values,
        ...Array<bigint>(9 - values.length).fill(0n),
      ]);
      struct.store(words, 2, block);
      expect(struct.bytes).toEqual(twin.bytes);
    }),
  );
});

test('a doubleword is added by halves as it is added', () => {
  fc.assert(
    fc.property(doubleword, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value, by) => {
      const state = CpuState.detached();
      state.set(offsetOf('CTR'), value);
      state.addHalves(offsetOf('CTR'), Number(BigInt.asIntN(32, by >> 32n)), Number(BigInt.asIntN(32, by)));
      expect(state.get(offsetOf('CTR'))).toBe(u64(value + by));
    }),
    {
      examples: [
        [0xffff_ffffn, 1n],
        [0n, -1n],
      ],
    },
  );
});
