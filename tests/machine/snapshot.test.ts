/** Snapshots: nothing is lost, and nothing that is not a snapshot gets in. */
import zlib from 'node:zlib';
import fc from 'fast-check';
import { UserError } from '../../src/core/errors';
import {
  checkSnapshotFits, decodeSnapshot, encodeSnapshot, restoreRegisters, saveRegisters, SNAPSHOT_PAGE, type Compressor,
} from '../../src/machine/snapshot'; // prettier-ignore
import { crc32 } from '../../src/machine/snapshot/crc32';
import { CpuState } from '../../src/state/cpu-state';
import { SLOTS, type Slot } from '../../src/state/layout';

const ZLIB: Compressor = {
  compress: (bytes) => zlib.deflateSync(bytes, { level: 1 }),
  decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
};
const STATE = {
  machine: 'powernv',
  model: 'power9',
  guestMemory: SNAPSHOT_PAGE,
  cpus: [saveRegisters(CpuState.detached())],
  nested: null,
  tlb: [null],
  devices: { uart0: { ier: 1 } },
  scheduler: { turn: 0 },
};

function memoryWith(size: number, bytes: [number, number][]): Uint8Array {
  const memory = new Uint8Array(size);
  for (const [at, value] of bytes) memory[at % size] = value;
  return memory;
}
const make = (memory = memoryWith(3 * SNAPSHOT_PAGE, [[5, 1], [2 * SNAPSHOT_PAGE, 9]])): Uint8Array =>
  encodeSnapshot(STATE, memory, ZLIB); // prettier-ignore
const decode = (file: Uint8Array) => decodeSnapshot('s.snap', file, ZLIB);

/** The file with a change and a checksum that matches again. */
function forge(file: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = file.slice();
  const view = new DataView(bytes.buffer);
  change(view, bytes);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)));
  return bytes;
}

/** A file with another description. */
function describe_(change: object): Uint8Array {
  const file = make();
  const length = new DataView(file.buffer).getUint32(12);
  const old = JSON.parse(Buffer.from(file.subarray(24, 24 + length)).toString()) as object;
  const text = Buffer.from(JSON.stringify({ ...old, ...change }));
  const out = Buffer.concat([file.subarray(0, 24), text, file.subarray(24 + length)]);
  const bytes = new Uint8Array(out);
  return forge(bytes, (view) => {
    view.setUint32(12, text.length);
    view.setBigUint64(16, BigInt(bytes.length));
  });
}

it('the checksum is the one of zlib', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});

it('gives back description and memory', () => {
  const written = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 20 });
  const size = fc.integer({ min: 1, max: 4 * SNAPSHOT_PAGE });
  fc.assert(
    fc.property(size, written, (bytes, list) => {
      const memory = memoryWith(bytes, list);
      const snapshot = decode(make(memory));
      expect(snapshot).toMatchObject({ ...STATE, memorySize: bytes });
      const target = new Uint8Array(bytes).fill(0xaa);
      snapshot.copyMemory(target);
      expect(Buffer.compare(target, memory)).toBe(0);
    }),
    { numRuns: 50 },
  );
});

it('stores only pages that are not zero', () => {
  const empty = make(new Uint8Array(64 * SNAPSHOT_PAGE)).length;
  const one = make(memoryWith(64 * SNAPSHOT_PAGE, [[7 * SNAPSHOT_PAGE + 3, 1]])).length;
  expect(one - empty).toBeLessThan(400);
  expect(one).toBeGreaterThan(empty);
});

it('reads any range of memory', () => {
  const memory = new Uint8Array(3 * SNAPSHOT_PAGE - 100).map((_, i) => i >> 8);
  memory.fill(0, SNAPSHOT_PAGE, 2 * SNAPSHOT_PAGE);
  const snapshot = decode(make(memory));
  const range = fc.tuple(fc.nat(memory.length), fc.nat(memory.length));
  fc.assert(
    fc.property(range, ([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      expect(Buffer.compare(snapshot.readMemory(from, to - from), memory.subarray(from, to))).toBe(0);
    }),
    { numRuns: 50 },
  );
});

describe('registers', () => {
  const most: Record<string, bigint> = { ZERO: 0n, CR: 15n, SO: 1n, OV: 1n, CA: 1n, OV32: 1n, CA32: 1n };
  const element = ({ name, type }: Slot): fc.Arbitrary<bigint> =>
    fc.bigInt({ min: 0n, max: most[name] ?? (1n << { u8: 8n, i32: 32n, i64: 64n, v128: 128n }[type]) - 1n });

  it('are all there after a round trip, and scratch of the engine is not', () => {
    const values = fc.tuple(
      ...SLOTS.map((s) => fc.array(element(s), { minLength: s.count, maxLength: s.count })),
    );
    fc.assert(
      fc.property(values, (list) => {
        const [a, b] = [CpuState.detached(), CpuState.detached()];
        SLOTS.forEach((slot, i) => list[i]!.forEach((value, n) => a.write(slot, n, value)));
        restoreRegisters(b, JSON.parse(JSON.stringify(saveRegisters(a))) as never, 'cpu');
        SLOTS.forEach((slot, i) =>
          list[i]!.forEach((value, n) => expect(b.read(slot, n)).toBe(slot.architected ? value : 0n)),
        );
      }),
      { numRuns: 10 },
    );
  });

  const good = saveRegisters(CpuState.detached());
  it.each([
    ['nothing', undefined, /cpu: expected an object, found nothing/],
    [
      'a missing register',
      { ...good, MSR: undefined },
      /cpu\.MSR: expected "0x\.\.\." up to 0xffffffffffffffff/,
    ],
    ['an unknown register', { ...good, R99: '0x1' }, /cpu\.R99: expected no such key/],
    [
      'a value that is too wide',
      { ...good, CR: Array(8).fill('0x100') },
      /cpu\.CR\[0\]: expected "0x\.\.\." up to 0xf;/,
    ],
    [
      'a wrong number of elements',
      { ...good, GPR: ['0x1'] },
      /cpu\.GPR: expected an array of 32 items, found an array of 1 items/,
    ],
    ['a number', { ...good, NIA: 4 }, /cpu\.NIA/],
  ])('%s is refused and nothing is written', (_, saved, message) => {
    const state = CpuState.detached();
    state.setNamed('LR', 7n);
    const before = state.bytes.slice();
    expect(() =>
      restoreRegisters(
        state,
        JSON.parse(JSON.stringify(saved ?? null)) === null
          ? undefined
          : (JSON.parse(JSON.stringify(saved)) as never),
        'cpu',
      ),
    ).toThrow(message);
    expect(state.bytes).toEqual(before);
  });
});

describe('a wrong file is refused', () => {
  const file = make();
  const at = 24 + new DataView(file.buffer).getUint32(12);
  it.each([
    ['another file', () => Buffer.from('hello, world, this is text'), /not a snapshot: expected the magic/],
    ['an empty file', () => new Uint8Array(), /not a snapshot/],
    ['half a header', () => file.subarray(0, 20), /truncated: expected at least 28 bytes, found 20/],
    [
      'another version',
      () => forge(file, (v) => v.setUint32(8, 7)),
      /expected version 2 at offset 0x8, found 7; use the book3s/,
    ],
    ['a truncated file', () => file.subarray(0, file.length - 1), /truncated: expected \d+ bytes, found \d+/],
    ['a file with something behind', () => Buffer.concat([file, file]), /damaged: expected/],
    [
      'a flipped bit',
      () => {
        const f = file.slice();
        f[at + 20]! ^= 1;
        return f;
      },
      /damaged: the checksum at offset/,
    ],
    [
      'a description beyond the end',
      () => forge(file, (v) => v.setUint32(12, file.length)),
      /description at offset 0x18 does not end/,
    ],
    [
      'a description that is no JSON',
      () => forge(file, (_, b) => void (b[24] = 0x7d)),
      /description at offset 0x18 is not JSON/,
    ],
    ['a description that is no UTF-8', () => forge(file, (_, b) => void (b[30] = 0xff)), /is not JSON/],
    ['no machine', () => describe_({ machine: 5 }), /machine: expected a string/],
    ['an unknown key', () => describe_({ extra: 5 }), /extra: expected no such key/],
    ['no CPUs', () => describe_({ cpus: [] }), /cpus: expected an array of 1 to 1024/],
    ['no list of CPUs', () => describe_({ cpus: 'text' }), /cpus: expected an array of 1 to 1024/],
    ['no list of lookaside buffers', () => describe_({ tlb: '' }), /tlb: expected an array of 1 items/],
    [
      'lookaside buffers of another CPU',
      () => describe_({ tlb: [null, null] }),
      /tlb: expected an array of 1 items/,
    ],
    [
      'too much memory',
      () => describe_({ memorySize: 2 ** 40 }),
      /memorySize: expected an integer from 1 to/,
    ],
    ['no memory', () => describe_({ memorySize: 0 }), /memorySize/],
    [
      'memory smaller than its pages',
      () => describe_({ memorySize: 100 }),
      /page record 1 \(number 2\) is out of place/,
    ],
    [
      'a page twice',
      () => forge(file, (v) => v.setUint32(at, 2)),
      /page record 1 \(number 2\) is out of place/,
    ],
    [
      'a page beyond its record',
      () => forge(file, (v) => v.setUint32(at + 4, 1 << 30)),
      /page record 0 .* out of place/,
    ],
  ])('%s', (_, make_, message) => {
    expect(() => decode(make_())).toThrow(UserError);
    expect(() => decode(make_())).toThrow(message);
  });

  it('a page that does not decompress, or to another size', () => {
    const garbage = forge(file, (_, b) => void (b[at + 8] = 0));
    expect(() => decode(garbage).copyMemory(new Uint8Array(3 * SNAPSHOT_PAGE))).toThrow(
      /the memory page at 0x0 cannot be decompressed to 65536 bytes/,
    );
    const bomb: Compressor = { ...ZLIB, compress: () => zlib.deflateSync(new Uint8Array(1 << 24)) };
    const large = encodeSnapshot(STATE, memoryWith(SNAPSHOT_PAGE, [[0, 1]]), bomb);
    expect(() => decode(large).readMemory(0, 4)).toThrow(/cannot be decompressed/);
    const small: Compressor = { ...ZLIB, compress: () => zlib.deflateSync(new Uint8Array(5)) };
    const short = encodeSnapshot(STATE, memoryWith(SNAPSHOT_PAGE, [[0, 1]]), small);
    expect(() => decode(short).readMemory(0, 4)).toThrow(/cannot be decompressed/);
  });
});

it('only UserErrors come out of any damage, with the checksum made to match', () => {
  const file = make();
  const mutation = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (list) => {
      const bytes = forge(file, (_, b) => list.forEach(([i, value]) => (b[i] = value)));
      try {
        const snapshot = decode(bytes);
        snapshot.readMemory(0, Math.min(snapshot.memorySize, 100));
        restoreRegisters(CpuState.detached(), snapshot.cpus[0], 'cpu');
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

it('has to fit the machine', () => {
  const snapshot = decode(make());
  const target = {
    machine: 'powernv',
    model: 'power9',
    memorySize: 3 * SNAPSHOT_PAGE,
    guestMemory: SNAPSHOT_PAGE,
    cpus: 1,
    nested: null,
    tlb: 'coherent',
  } as const;
  expect(() => checkSnapshotFits('s', snapshot, target)).not.toThrow();
  const cases = [
    [
      { machine: 'microwatt' },
      /^s: expected --machine microwatt, found powernv; run with --machine powernv$/,
    ],
    [{ model: 'power10' }, /expected --cpu power10, found power9/],
    [{ guestMemory: 131072 }, /expected -m 131072, found 65536/],
    [{ memorySize: 65536 }, /s\.memorySize: expected 65536, found 196608; the snapshot is damaged/],
    [{ cpus: 2 }, /expected --smp 2, found 1/],
    [{ nested: 'linux' }, /expected --nested linux, found null/],
  ] as const;
  for (const [change, message] of cases)
    expect(() => checkSnapshotFits('s', snapshot, { ...target, ...change })).toThrow(message);
  expect(() => checkSnapshotFits('s', snapshot, { ...target, tlb: 'architected' })).not.toThrow();
  expect(() => checkSnapshotFits('s', { ...snapshot, tlb: [{}] }, target)).toThrow(
    /expected --tlb coherent, found architected; run with --tlb architected/,
  );
});
