/** The UART, register by register (PC16550D data sheet, section 8). */
import fc from 'fast-check';
import {
  FCR, IER, IIR, INPUT_LIMIT, LCR, LSR, MCR, MSR, UART, Uart16550, type UartOptions,
} from '../../../src/machine/devices/uart16550'; // prettier-ignore

function setup(options: Partial<UartOptions> = {}) {
  const sent: number[] = [];
  const lines: boolean[] = [];
  const stride = options.stride ?? 1;
  const uart = new Uart16550({
    stride,
    transmitInterrupt: 'latched',
    output: (byte) => sent.push(byte),
    interrupt: (level) => lines.push(level),
    ...options,
  });
  const get = (register: number): number => Number(uart.read(register * stride, 1));
  const set = (register: number, value: number): void => uart.write(register * stride, 1, BigInt(value));
  const type = (...bytes: number[]): number => uart.receive(Uint8Array.from(bytes));
  return { uart, sent, lines, get, set, type, line: () => lines.at(-1) ?? false };
}

it('sends every byte written to THR and is always ready for the next', () => {
  const { set, get, sent } = setup();
  set(UART.THR, 0x48);
  set(UART.THR, 0x69);
  expect(sent).toEqual([0x48, 0x69]);
  expect(get(UART.LSR)).toBe(LSR.THRE | LSR.TEMT);
});

it('gives received bytes in order and says in LSR[DR] whether there are any', () => {
  const { get, type } = setup();
  type(1, 2);
  expect(get(UART.LSR) & LSR.DR).toBe(LSR.DR);
  expect([get(UART.RBR), get(UART.RBR)]).toEqual([1, 2]);
  expect(get(UART.LSR) & LSR.DR).toBe(0);
  expect(get(UART.RBR)).toBe(0);
});

it('shows the divisor latch instead of RBR, THR and IER while LCR[DLAB] is set', () => {
  const { get, set, sent, type } = setup();
  type(9);
  set(UART.LCR, LCR.DLAB | 3);
  set(UART.DLL, 0x12);
  set(UART.DLM, 0x34);
  expect([get(UART.DLL), get(UART.DLM), get(UART.LCR)]).toEqual([0x12, 0x34, LCR.DLAB | 3]);
  set(UART.LCR, 3);
  expect(sent).toEqual([]);
  expect([get(UART.RBR), get(UART.IER)]).toEqual([9, 0]);
});

it('keeps SCR, and only the bits that IER and MCR have', () => {
  const { get, set } = setup();
  for (const register of [UART.SCR, UART.IER, UART.MCR]) set(register, 0xff);
  expect([get(UART.SCR), get(UART.IER), get(UART.MCR)]).toEqual([0xff, 0x0f, 0x1f]);
});

describe('interrupts', () => {
  it('received data: raised while there is data and enabled, gone when it is read', () => {
    const { get, set, type, lines } = setup();
    type(5);
    expect(get(UART.IIR)).toBe(IIR.NONE);
    set(UART.IER, IER.ERBFI);
    expect(get(UART.IIR)).toBe(IIR.RDA);
    get(UART.RBR);
    expect(get(UART.IIR)).toBe(IIR.NONE);
    type(6);
    expect(lines).toEqual([true, false, true]);
  });

  it.each([
    [0, 1],
    [1, 4],
    [2, 8],
    [3, 14],
  ])('FIFO trigger %i: data below %i bytes is a timeout, from there on received data', (code, level) => {
    const { get, set, type } = setup();
    set(UART.FCR, FCR.ENABLE | (code << FCR.TRIGGER_SHIFT));
    set(UART.IER, IER.ERBFI);
    for (let n = 1; n <= 16; n++) {
      type(n);
      expect(get(UART.IIR)).toBe(IIR.FIFO | (n >= level ? IIR.RDA : IIR.TIMEOUT));
    }
  });

  it('transmitter empty: raised by enabling it, gone when IIR is read, back after a byte', () => {
    const { get, set, line } = setup();
    set(UART.IER, IER.ETBEI);
    expect(line()).toBe(true);
    expect(get(UART.IIR)).toBe(IIR.THRE);
    expect(line()).toBe(false);
    expect(get(UART.IIR)).toBe(IIR.NONE);
    set(UART.THR, 1);
    expect(line()).toBe(true);
    set(UART.IER, 0);
    expect(line()).toBe(false);
  });

  it('transmitter empty on Microwatt: for as long as it is enabled', () => {
    const { get, set, line } = setup({ transmitInterrupt: 'level' });
    set(UART.IER, IER.ETBEI);
    expect([get(UART.IIR), get(UART.IIR), line()]).toEqual([IIR.THRE, IIR.THRE, true]);
    set(UART.IER, 0);
    expect(line()).toBe(false);
  });

  it('line status before received data before transmitter before modem', () => {
    const { get, set } = setup();
    set(UART.MCR, MCR.LOOP | MCR.RTS);
    set(UART.THR, 1);
    set(UART.THR, 2);
    set(UART.IER, IER.MASK);
    expect(get(UART.IIR)).toBe(IIR.RLS);
    expect(get(UART.LSR)).toBe(LSR.THRE | LSR.TEMT | LSR.DR | LSR.OE);
    expect(get(UART.IIR)).toBe(IIR.RDA);
    get(UART.RBR);
    expect(get(UART.IIR)).toBe(IIR.THRE);
    expect(get(UART.IIR)).toBe(IIR.MODEM);
    get(UART.MSR);
    expect(get(UART.IIR)).toBe(IIR.NONE);
  });
});

describe('FIFO', () => {
  it('holds 16 bytes in loopback, drops the next and says so once', () => {
    const { get, set, sent } = setup();
    set(UART.FCR, FCR.ENABLE);
    set(UART.MCR, MCR.LOOP);
    for (let n = 0; n < 17; n++) set(UART.THR, n);
    expect(get(UART.LSR) & LSR.OE).toBe(LSR.OE);
    expect(get(UART.LSR) & LSR.OE).toBe(0);
    expect(Array.from({ length: 17 }, () => get(UART.RBR))).toEqual([...Array(16).keys(), 0]);
    expect(sent).toEqual([]);
  });

  it('is emptied by its reset and by being switched', () => {
    const { get, set, type } = setup();
    set(UART.FCR, FCR.ENABLE);
    for (const control of [FCR.ENABLE | FCR.RESET_RX, 0]) {
      type(1);
      expect(get(UART.LSR) & LSR.DR).toBe(LSR.DR);
      set(UART.FCR, control);
      expect(get(UART.LSR) & LSR.DR).toBe(0);
    }
  });

  it('loses no input that the guest has not seen when it is reset at start-up', () => {
    const { get, set, type } = setup();
    type(1, 2, 3);
    set(UART.FCR, FCR.ENABLE | FCR.RESET_RX | FCR.RESET_TX);
    expect([get(UART.RBR), get(UART.RBR), get(UART.RBR)]).toEqual([1, 2, 3]);
  });
});

it('connects the modem lines to its own outputs in loopback and reports changes once', () => {
  const { get, set, type } = setup();
  expect(get(UART.MSR)).toBe(MSR.CTS | MSR.DSR | MSR.DCD);
  set(UART.MCR, MCR.LOOP | MCR.RTS | MCR.OUT2);
  expect(get(UART.MSR)).toBe(MSR.CTS | MSR.DCD | MSR.DDSR);
  set(UART.MCR, MCR.LOOP | MCR.OUT1 | MCR.DTR);
  expect(get(UART.MSR)).toBe(MSR.RI | MSR.DSR | MSR.DCTS | MSR.DDSR | MSR.DDCD);
  set(UART.MCR, MCR.LOOP | MCR.DTR);
  expect(get(UART.MSR)).toBe(MSR.DSR | MSR.TERI);
  type(7);
  expect(get(UART.LSR) & LSR.DR).toBe(0);
  set(UART.MCR, 0);
  expect(get(UART.RBR)).toBe(7);
});

it('has its registers at the stride, and wide accesses reach every register they cover', () => {
  const { uart, get, sent } = setup({ stride: 4 });
  uart.write(0x1c, 4, 0xffff_ff5an);
  expect(get(UART.SCR)).toBe(0x5a);
  expect(uart.read(0x1d, 1)).toBe(0n);
  uart.write(0x18, 8, 0x77_0000_0000n);
  expect(uart.read(0x18, 8)).toBe((0x77n << 32n) | BigInt(MSR.CTS | MSR.DSR | MSR.DCD));
  uart.write(0x20, 1, 0x41n);
  expect(sent).toEqual([0x41]);
  const dense = setup();
  dense.uart.write(UART.LCR, 4, BigInt(3 | (MCR.RTS << 8)));
  expect([dense.get(UART.LCR), dense.get(UART.MCR)]).toEqual([3, MCR.RTS]);
});

it('takes no more input than its limit', () => {
  const { uart } = setup();
  expect(uart.receive(new Uint8Array(INPUT_LIMIT - 1))).toBe(INPUT_LIMIT - 1);
  expect(uart.receive(new Uint8Array(10))).toBe(1);
  expect(uart.receive(new Uint8Array(10))).toBe(0);
});

it('behaves the same after save and restore into another UART, whatever was done before', () => {
  const action = fc.oneof(
    fc.record({ set: fc.nat(7), value: fc.nat(255) }),
    fc.record({ get: fc.nat(7) }),
    fc.record({ type: fc.array(fc.nat(255), { maxLength: 20 }) }),
  );
  type Machine = ReturnType<typeof setup>;
  const run = (m: Machine, a: object): unknown => {
    if ('type' in a) return m.type(...(a.type as number[]));
    if ('get' in a) return m.get(a.get as number);
    const { set, value } = a as { set: number; value: number };
    return m.set(set, value);
  };
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), fc.array(action, { maxLength: 40 }), (before, after) => {
      const [a, b] = [setup(), setup()];
      before.forEach((step) => run(a, step));
      b.uart.restore(JSON.parse(JSON.stringify(a.uart.save())) as never);
      expect(b.line()).toBe(a.line());
      a.sent.length = 0;
      for (const step of after) expect(run(b, step)).toEqual(run(a, step));
      expect(b.sent).toEqual(a.sent);
      expect(b.uart.save()).toEqual(a.uart.save());
    }),
    { numRuns: 300 },
  );
});

it.each([
  ['a missing member', { ier: undefined }, /uart\.ier: expected an integer from 0 to 15, found nothing/],
  ['a bad value', { mcr: 99 }, /uart\.mcr: .* found 99/],
  ['a FIFO that is too long', { fifo: Array(17).fill(0) }, /uart\.fifo: expected an array of at most 16/],
  ['bytes that are none', { input: [256] }, /uart\.input/],
  ['an unknown member', { colour: 1 }, /uart\.colour: expected no such key/],
  ['a flag that is none', { overrun: 1 }, /uart\.overrun: expected true or false, found 1/],
])('refuses saved state with %s and stays as it was', (_, change, message) => {
  const { uart } = setup();
  const before = uart.save();
  const bad = JSON.parse(JSON.stringify({ ...(before as object), ...change })) as never;
  expect(() => uart.restore(bad)).toThrow(message);
  expect(uart.save()).toEqual(before);
});
