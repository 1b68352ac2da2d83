/** Registers: numbers, byte orders, the description that gdb gets, values in both directions. */
import fc from 'fast-check';
import { MSR } from '../../isa/registers/msr';
import { CPU_MODELS } from '../../src/cpu/models';
import { peekSpr } from '../../src/cpu/spr';
import { hex16 } from '../../src/core/u64';
import { featuresOf, G_REGISTERS } from '../../src/gdb/registers';
import { targetDescription } from '../../src/gdb/target-description';
import { GdbClient, type ClientOptions } from '../support/gdb-client';
import { program } from '../support/program';

/** A machine that stands still in one byte order. */
function standing(byteOrder: 'big' | 'little', options: ClientOptions = {}) {
  const guest = program('start: b .', { machine: 'powernv', model: 'power10' });
  if (byteOrder === 'little') guest.cpu.msr |= MSR.LE.mask;
  return { guest, client: new GdbClient(guest.machine, options) };
}

const reversed = (hex: string): string => Buffer.from(hex, 'hex').reverse().toString('hex');
/** As the protocol has a value. */
const sentAs = (value: bigint, bits: number, order: 'big' | 'little'): string => {
  const big = value.toString(16).padStart(bits / 4, '0');
  return order === 'big' ? big : reversed(big);
};

/** Registers of the numbers that gdb has for a CPU without a description. */
const KNOWN: readonly (readonly [number: number, bits: number, set: string])[] = [
  [0, 64, 'r0'], [31, 64, 'r31'], [32, 64, 'f0'], [63, 64, 'f31'], [66, 32, 'cr'], [67, 64, 'lr'],
  [68, 64, 'ctr'], [71, 128, 'vr0'], [102, 128, 'vr31'], [104, 32, 'vrsave'], [105, 64, 'vs0h'], [136, 64, 'vs31h'],
]; // prettier-ignore

/** The same registers as the machine's own accessors have them. */
function own({ cpu }: ReturnType<typeof program>, name: string): bigint {
  const { state } = cpu;
  const [, kind, digits] = /^(r|f|vr|vs)(\d+)h?$/.exec(name) ?? [undefined, name, '0'];
  const n = Number(digits);
  switch (kind) {
    case 'r':
      return state.gpr(n);
    case 'f':
      return state.vsr(n)[0];
    case 'vs':
      return state.vsr(n)[1];
    case 'vr':
      return (state.vsr(32 + n)[0] << 64n) | state.vsr(32 + n)[1];
    case 'cr':
      return BigInt(state.cr);
    default:
      return state.named(kind.toUpperCase());
  }
}

describe.each(['big', 'little'] as const)('%s-endian', (order) => {
  test("a value that is written is the machine's, and is read back", () => {
    const { guest, client } = standing(order);
    fc.assert(
      fc.property(
        fc.constantFrom(...KNOWN),
        fc.bigInt(0n, (1n << 128n) - 1n),
        ([number, bits, name], any) => {
          const value = BigInt.asUintN(bits, any);
          const sent = sentAs(value, bits, order);
          expect(client.ask(`P${number.toString(16)}=${sent}`)).toBe('OK');
          expect(own(guest, name)).toBe(value);
          expect(client.register(number)).toBe(sent);
        },
      ),
    );
  });

  test('g is all of the first registers, in order', () => {
    const { client } = standing(order);
    client.ask(`P3=${sentAs(0x1122334455667788n, 64, order)}`);
    const parts = [...Array(G_REGISTERS).keys()].map((number) => client.register(number));
    expect(client.ask('g')).toBe(parts.join(''));
    expect(parts[3]).toBe(sentAs(0x1122334455667788n, 64, order));
  });

  test('G with what g gave changes nothing, and with another value that one', () => {
    const { guest, client } = standing(order);
    const before = client.ask('g');
    expect(client.ask(`G${before}`)).toBe('OK');
    expect(client.ask('g')).toBe(before);
    expect(client.ask(`G${sentAs(7n, 64, order)}${before.slice(16)}`)).toBe('OK');
    expect(guest.gpr(0)).toBe(7n);
  });

  test('PC is where it goes on', () => {
    const { guest, client } = standing(order);
    expect(client.ask(`P40=${sentAs(0x1234n, 64, order)}`)).toBe('OK');
    expect(guest.cpu.nia).toBe(0x1234n);
  });
});

test('G takes all values in the byte order before, and PC in the mode after', () => {
  const { guest, client } = standing('big');
  guest.cpu.msr &= ~MSR.SF.mask;
  const g = client.ask('g');
  const at = (number: number): number => 16 * number;
  const msr = guest.cpu.msr | MSR.SF.mask | MSR.LE.mask;
  const changed = `${g.slice(0, at(64))}c000000000000100${hex16(msr)}${g.slice(at(66))}`;
  expect(client.ask(`G${changed}`)).toBe('OK');
  expect([guest.cpu.nia, guest.cpu.msr]).toEqual([0xc000000000000100n, msr]);
});

test("the byte order is the image's where there is one, and what monitor says", () => {
  const { client } = standing('big', { image: 'little' });
  const say = (line: string): string => client.ask(`qRcmd,${Buffer.from(line).toString('hex')}`);
  client.ask('P3=0100000000000000');
  expect(client.machine.cpus[0]!.state.gpr(3)).toBe(1n);
  for (const [line, expected] of [
    ['endian big', '0000000000000001'],
    ['endian little', '0100000000000000'],
    ['endian auto', '0000000000000001'],
  ] as const) {
    expect(say(line)).toBe('OK');
    expect(client.register(3)).toBe(expected);
  }
});

test('a register that is not there, of the wrong length, or only to be read is refused', () => {
  const { guest, client } = standing('big');
  const text = description(client);
  const pvr = /name="pvr" bitsize="64" type="uint64" regnum="(\d+)"/.exec(text)![1]!;
  const asked = [
    'pffff',
    'p',
    'P3=11',
    'P3',
    'Pffff=00',
    'G00',
    `P${Number(pvr).toString(16)}=${'0'.repeat(16)}`,
  ];
  expect(asked.map((each) => client.ask(each))).toEqual(asked.map(() => 'E22'));
  expect(client.register(Number(pvr))).toBe(hex16(guest.cpu.model.pvr).toLowerCase());
});

test('writing an SPR does what a write does: HMER bits can only be cleared', () => {
  const { guest, client } = standing('big');
  const number = /name="hmer" [^>]*regnum="(\d+)"/.exec(description(client))![1]!;
  guest.cpu.state.setNamed('HMER', 0n);
  expect(client.ask(`P${Number(number).toString(16)}=${'f'.repeat(16)}`)).toBe('OK');
  expect(guest.cpu.state.named('HMER')).toBe(0n);
});

/** The description in pieces of a length. */
function description(client: GdbClient, piece = 1000): string {
  let text = '';
  for (;;) {
    const part = client.ask(
      `qXfer:features:read:target.xml:${text.length.toString(16)},${piece.toString(16)}`,
    );
    text += part.slice(1);
    if (part.startsWith('l')) return text;
    expect(part[0]).toBe('m');
  }
}

test.each([1, 37, 1000, 100_000])('the description arrives in pieces of %d bytes', (piece) => {
  const { client } = standing('big');
  if (piece === 1) client.ask('QStartNoAckMode');
  expect(description(client, piece === 1 ? 101 : piece)).toBe(
    targetDescription(featuresOf(CPU_MODELS.power10)),
  );
});

test.each(Object.values(CPU_MODELS))(
  '$name: numbers and names are unique, and every SPR that can be read is there',
  (model) => {
    const registers = featuresOf(model).flatMap((feature) => feature.registers);
    const numbers = registers.map(({ number }) => number).sort((a, b) => a - b);
    expect(numbers).toEqual([...Array(registers.length).keys()]);
    expect(new Set(registers.map(({ name }) => name)).size).toBe(registers.length);
    const machine = model.name === 'microwatt' ? 'microwatt' : 'powernv';
    const { cpu } = program('start: b .', { machine, model: model.name });
    const values = new Set(registers.map(({ read }) => read(cpu)));
    for (const { num } of model.sprs.values()) {
      const value = peekSpr(cpu, num);
      if (value !== undefined) expect(values).toContain(value);
    }
  },
);
