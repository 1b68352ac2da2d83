/** Microwatt's interrupt controller. Registers are big-endian: values here are what `lwbrx` sees on the LE bus. */
import { reverseBytes, type AccessSize } from '../../../src/machine/devices/device';
import { ICP, ICS, Xics } from '../../../src/machine/devices/xics';

function setup(servers = 1) {
  const lines: boolean[] = Array<boolean>(servers).fill(false);
  const xics = new Xics({ servers, interrupt: (server, level) => (lines[server] = level) });
  const word = (value: number): bigint => reverseBytes(BigInt(value >>> 0), 4);
  const get = (at: number, size: AccessSize = 4): number =>
    Number(reverseBytes(xics.icp.read(at, size), size));
  const set = (at: number, value: number): void => xics.icp.write(at, 4, word(value));
  const setByte = (at: number, value: number): void => xics.icp.write(at, 1, BigInt(value));
  const xive = (n: number): number => Number(reverseBytes(xics.ics.read(ICS.XIVE + 4 * n, 4), 4));
  const setXive = (n: number, priority: number, server = 0): void =>
    xics.ics.write(ICS.XIVE + 4 * n, 4, word((server << 8) | priority));
  return { xics, lines, get, set, setByte, xive, setXive };
}
const OPEN = 0xff;

it('starts masked: CPPR 0, MFRR 0xff, every source at priority 0xff', () => {
  const { get, xive, lines, xics } = setup();
  expect(get(ICP.XIRR_POLL)).toBe(0);
  expect(get(ICP.MFRR)).toBe(0xff00_0000);
  expect(xive(15)).toBe(0xff);
  xics.setLevel(3, true);
  expect(lines).toEqual([false]);
});

it('raises the line for a source that is more favoured than CPPR, and only then', () => {
  const { xics, setXive, setByte, lines, get } = setup();
  setXive(0, 5);
  xics.setLevel(0, true);
  expect(lines[0]).toBe(false);
  setByte(ICP.XIRR, 5);
  expect(lines[0]).toBe(false);
  setByte(ICP.XIRR, 6);
  expect(lines[0]).toBe(true);
  expect(get(ICP.XIRR_POLL)).toBe(0x0600_0010);
  xics.setLevel(0, false);
  expect(lines[0]).toBe(false);
  expect(get(ICP.XIRR_POLL)).toBe(0x0600_0000);
});

it('accepts on a word read of XIRR: CPPR becomes the priority; the EOI opens it again', () => {
  const { xics, setXive, setByte, lines, get, set } = setup();
  setXive(2, 3);
  setByte(ICP.XIRR, OPEN);
  xics.setLevel(2, true);
  expect(get(ICP.XIRR)).toBe(0xff00_0012);
  expect(lines[0]).toBe(false);
  expect(get(ICP.XIRR_POLL)).toBe(0x0300_0012);
  set(ICP.XIRR, 0xff00_0012);
  expect(lines[0]).toBe(true);
  xics.setLevel(2, false);
  expect(lines[0]).toBe(false);
});

it('does not accept on reads of a part of XIRR or of XIRR_POLL', () => {
  const { xics, setXive, setByte, get, lines } = setup();
  setXive(2, 3);
  setByte(ICP.XIRR, OPEN);
  xics.setLevel(2, true);
  expect([get(ICP.XIRR, 1), get(ICP.XIRR + 2, 2), get(ICP.XIRR_POLL)]).toEqual([0xff, 0x0012, 0xff00_0012]);
  expect(lines[0]).toBe(true);
});

it('presents the most favoured source, the lowest of equals, and IPIs before less favoured ones only', () => {
  const { xics, setXive, setByte, get } = setup();
  setByte(ICP.XIRR, OPEN);
  for (const [n, priority] of [[4, 5], [7, 2], [9, 2]] as const) {
    setXive(n, priority);
    xics.setLevel(n, true);
  } // prettier-ignore
  expect(get(ICP.XIRR_POLL) & 0xff_ffff).toBe(16 + 7);
  setByte(ICP.MFRR, 2);
  expect(get(ICP.XIRR_POLL) & 0xff_ffff).toBe(16 + 7);
  setByte(ICP.MFRR, 1);
  expect(get(ICP.XIRR) & 0xff_ffff).toBe(2);
  expect(get(ICP.XIRR_POLL)).toBe(0x0100_0002);
});

it('has 3 bits of priority: 7 and above mask and read as 0xff', () => {
  const { xics, setXive, setByte, xive, lines } = setup();
  setByte(ICP.XIRR, OPEN);
  xics.setLevel(1, true);
  for (const priority of [7, 8, 0xfe, 0xff]) {
    setXive(1, priority);
    expect(xive(1)).toBe(0xa000_00ff);
    expect(lines[0]).toBe(false);
  }
  setXive(1, 6);
  expect(xive(1)).toBe(0xa000_0006);
  expect(lines[0]).toBe(true);
});

it('delivers to the server in XIVE and gives each CPU its own presenter', () => {
  const { xics, setXive, setByte, lines, get } = setup(2);
  setByte(ICP.XIRR, OPEN);
  setByte(ICP.SIZE + ICP.XIRR, OPEN);
  setXive(0, 1, 1);
  xics.setLevel(0, true);
  expect(lines).toEqual([false, true]);
  expect(get(ICP.SIZE + ICP.XIRR)).toBe(0xff00_0010);
  expect(get(2 * ICP.SIZE + ICP.XIRR)).toBe(0);
  setByte(2 * ICP.SIZE + ICP.XIRR, 1);
  setByte(ICP.SIZE + ICP.MFRR, 0);
  expect(lines).toEqual([false, true]);
  setXive(0, 1, 9);
  setByte(ICP.SIZE + ICP.MFRR, 0xff);
  expect(lines).toEqual([false, false]);
});

it('says what it is in the config and debug registers', () => {
  const { xics, setXive } = setup();
  expect(reverseBytes(xics.ics.read(ICS.CONFIG, 4), 4)).toBe(0x0300_0010n);
  expect(reverseBytes(xics.ics.read(ICS.DEBUG, 4), 4)).toBe(0xfffn);
  setXive(5, 4);
  xics.setLevel(5, true);
  expect(reverseBytes(xics.ics.read(ICS.DEBUG, 4), 4)).toBe(0x504n);
  expect(xics.ics.read(0x400, 8)).toBe(0n);
});

it('reads two registers at once as two words', () => {
  const { xics, setXive } = setup();
  setXive(0, 1);
  setXive(1, 2);
  expect(reverseBytes(xics.ics.read(ICS.XIVE, 8), 8)).toBe(0x0000_0001_0000_0002n);
});

it('keeps its state in snapshots and brings the line up to date', () => {
  const a = setup();
  a.setXive(3, 2);
  a.setByte(ICP.XIRR, OPEN);
  a.xics.setLevel(3, true);
  const saved = JSON.parse(JSON.stringify(a.xics.save())) as never;
  const b = setup();
  b.xics.restore(saved);
  expect(b.lines).toEqual([true]);
  expect(b.xics.save()).toEqual(a.xics.save());
  expect(() => setup(2).xics.restore(saved)).toThrow(/xics\.presenters: expected an array of 2 items/);
});

it.each([
  ['presenters', 0, { cppr: 256 }, /presenters\.0\.cppr/],
  ['sources', 4, { level: 1 }, /sources\.4\.level: expected true or false/],
  ['sources', 4, { extra: 1 }, /sources\.4\.extra/],
] as const)('refuses damaged %s', (list, index, change, message) => {
  const { xics } = setup();
  const saved = JSON.parse(JSON.stringify(xics.save())) as Record<string, object[]>;
  Object.assign(saved[list]![index]!, change);
  expect(() => xics.restore(saved as never)).toThrow(message);
});
