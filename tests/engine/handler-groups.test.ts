/** The interpreter is generated in groups, each when the first of its instructions is decoded: what exists when. */
import { WASM } from '../../src/engine/wasm/api';
import { program } from '../support/program';

/** Modules that are instantiated while a program runs to its `attn`, and the number in r3 at the end. */
function instances(code: string): { count: number; r3: bigint } {
  const { Instance } = WASM;
  const spy = jest.spyOn(WASM, 'Instance').mockImplementation((...args) => new Instance(...args));
  try {
    const p = program(`start:\n${code}\nattn\n`, { machine: 'powernv' }).finish();
    return { count: spy.mock.calls.length, r3: p.gpr(3) };
  } finally {
    spy.mockRestore();
  }
}

/** Makes the floating-point, vector and vector-scalar facilities available. */
const ENABLE = 'lis 4, 0x280\nori 4, 4, 0x2000\nmfmsr 5\nor 5, 5, 4\nmtmsrd 5\nisync';
const FLOAT = 'fcfid 1, 1\nmfvsrd 3, 1';

test('a program of general instructions needs one module', () => {
  expect(instances('li 3, 7')).toEqual({ count: 1, r3: 7n });
});

test.each([
  ['floating-point', 'li 3, 5\nmtfsfi 7, 3\nmffs 1\nfadd 2, 1, 1', 2],
  ['vector', 'li 3, 5\nvspltisb 2, -1\nvaddubm 3, 2, 2', 2],
  ['vector-scalar', 'li 3, 5\nmtvsrd 34, 3\nxxlor 35, 34, 34', 2],
  ['decimal', 'li 3, 5\ndadd 2, 1, 1', 2],
  ['all of them but decimal', `li 3, 5\nmtvsrd 1, 3\nvspltisb 2, -1\n${FLOAT}\n`, 4],
] as const)('%s instructions bring their module when the first is decoded, once', (_, code, count) => {
  const twice = instances(`${ENABLE}\n${code}\n${code}`);
  expect(twice.count).toBe(count);
  expect(twice.r3).toBe(count === 4 ? 0x4014000000000000n : 5n);
});

test('an instruction of a facility that is switched off is unavailable, whether its module is there or not', () => {
  // Interrupts stop at 0x800 with r3 = 1 for floating-point unavailable.
  const code = (first: string): string =>
    `b go\n.org 0x800\nli 3, 1\nattn\n.org 0x1000\ngo: ${first}\nli 3, 0\nmfmsr 5\nli 4, 0x2000\nandc 5, 5, 4\nmtmsrd 5\nfadd 1, 1, 1`;
  expect(instances(code('nop'))).toEqual({ count: 2, r3: 1n });
  expect(instances(code(`${ENABLE}\nfadd 1, 1, 1`))).toEqual({ count: 2, r3: 1n });
});
