/** Microwatt's system controller and the power control of powernv. */
import { POWER, PowerControl, type PowerRequest } from '../../../src/machine/devices/power';
import { CTRL, INFO, Syscon, SYSCON, SYSCON_SIGNATURE } from '../../../src/machine/devices/syscon';

function setup(bramSize = 0x60000, dramSize = 0) {
  const calls: unknown[] = [];
  const syscon = new Syscon({
    bramSize,
    dramSize,
    clockHz: 100_000_000,
    cpus: 2,
    onReset: (kind) => calls.push(kind),
    onCpuControl: (enabled) => calls.push(enabled),
    onTimebaseControl: (control) => calls.push(control),
  });
  return { syscon, calls, get: (at: number) => syscon.read(at, 8) };
}

it('describes the SoC', () => {
  const { get } = setup();
  expect(get(SYSCON.SIGNATURE)).toBe(SYSCON_SIGNATURE);
  expect(get(SYSCON.INFO)).toBe(INFO.UART | INFO.BRAM | INFO.LARGE_SYSCON);
  expect(get(SYSCON.BRAM_SIZE)).toBe(0x60000n);
  expect(get(SYSCON.DRAM_SIZE)).toBe(0n);
  expect(get(SYSCON.CLOCK)).toBe(100_000_000n);
  expect(get(SYSCON.UART0)).toBe((1n << 32n) | 100_000_000n);
  expect([get(SYSCON.UART1), get(0x100)]).toEqual([0n, 0n]);
  // A clean build: bit 63 is 0, and 14 digits of the revision.
  expect(get(SYSCON.GIT)).toBe(0xf341bed306a9a7n);
  expect(setup(0, 1 << 28).get(SYSCON.INFO)).toBe(INFO.UART | INFO.DRAM | INFO.LARGE_SYSCON);
});

it('gives halves and bytes of registers, also across two', () => {
  const { syscon } = setup();
  expect(syscon.read(4, 4)).toBe(0xf00d_aa55n);
  expect(syscon.read(7, 1)).toBe(0xf0n);
  expect(syscon.read(4, 8)).toBe(0xf00d_aa55n | (0x25n << 32n));
});

it('keeps DRAM_AT_0 and passes resets on, which clear themselves', () => {
  const { syscon, calls, get } = setup();
  syscon.write(SYSCON.CTRL, 8, CTRL.DRAM_AT_0 | CTRL.SOC_RESET);
  syscon.write(SYSCON.CTRL, 4, CTRL.CORE_RESET);
  syscon.write(SYSCON.CTRL + 4, 4, 0xffn);
  expect(calls).toEqual(['soc', 'core']);
  expect(get(SYSCON.CTRL)).toBe(0n);
  syscon.write(SYSCON.CTRL, 1, CTRL.DRAM_AT_0);
  expect(get(SYSCON.CTRL)).toBe(CTRL.DRAM_AT_0);
  expect(setup(0).get(SYSCON.CTRL)).toBe(CTRL.DRAM_AT_0);
});

it('enables CPUs that exist and controls the time base', () => {
  const { syscon, calls, get } = setup();
  expect(get(SYSCON.CPU_CTRL)).toBe(1n);
  syscon.write(SYSCON.CPU_CTRL, 8, 0xffn);
  syscon.write(SYSCON.TB_CTRL, 8, 0xfdn);
  expect(calls).toEqual([3, { freeze: true, readProtect: false }]);
  expect([get(SYSCON.CPU_CTRL), get(SYSCON.TB_CTRL)]).toEqual([3n, 1n]);
});

it('ignores writes to constants', () => {
  const { syscon, get, calls } = setup();
  for (const at of [SYSCON.SIGNATURE, SYSCON.INFO, SYSCON.CLOCK, 0x800]) syscon.write(at, 8, ~0n & 0xffn);
  expect(get(SYSCON.SIGNATURE)).toBe(SYSCON_SIGNATURE);
  expect(calls).toEqual([]);
});

it('keeps its state in snapshots and refuses what is none', () => {
  const a = setup();
  a.syscon.write(SYSCON.CPU_CTRL, 8, 2n);
  a.syscon.write(SYSCON.TB_CTRL, 8, 2n);
  const b = setup();
  b.syscon.restore(a.syscon.save());
  expect(b.calls).toEqual([2, { freeze: false, readProtect: true }]);
  expect(b.syscon.save()).toEqual(a.syscon.save());
  expect(() => b.syscon.restore({ ...(a.syscon.save() as object), cpuControl: 4 })).toThrow(
    /syscon\.cpuControl/,
  );
});

describe('power control', () => {
  const run = (offset: number, size: 1 | 2 | 4 | 8, value: bigint): PowerRequest[] => {
    const requests: PowerRequest[] = [];
    new PowerControl((request) => requests.push(request)).write(offset, size, value);
    return requests;
  };

  it('ends the run on the big-endian values of its register', () => {
    expect(run(0, 4, 0x5555_0000n)).toEqual([{ kind: 'off' }]);
    expect(run(0, 4, 0x3333_0200n)).toEqual([{ kind: 'fail', code: 2 }]);
  });

  it.each([
    ['another value', 0, 4, 0x5655_0000n],
    ['another byte order', 0, 4, 0x5555n],
    ['another offset', 4, 4, 0x5555_0000n],
    ['another size', 0, 2, 0x5555n],
  ] as const)('ignores %s', (_, offset, size, value) => {
    expect(run(offset, size, value)).toEqual([]);
  });

  it('reads as 0 and has no state', () => {
    const power = new PowerControl(() => {});
    expect(power.read()).toBe(0n);
    power.restore(power.save());
    expect(() => power.restore({ [POWER.OFF]: 1 })).toThrow(/snapshot: power\.21845/);
  });
});
