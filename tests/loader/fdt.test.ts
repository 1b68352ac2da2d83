/** Flattened device trees: built, parsed back, and read from damaged files without harm. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { UserError } from '../../src/core/errors';
import { buildFdt, cells64, findNode, node, parseFdt, type Fdt, type FdtNode } from '../../src/loader/fdt';
import { dtcMissing, testUnless } from '../support/requirements';

const SAMPLE: Fdt = {
  root: node('', { compatible: ['a,b', 'c'], '#address-cells': [2], flag: true, left: undefined }, [
    node('chosen', { bootargs: 'console=hvc0', bytes: Uint8Array.of(1, 2, 3) }),
    node('cpus', {}, [node('cpu@0', { reg: [0xffffffff] })]),
  ]),
  reservations: [{ address: 0x3bff0000n, size: 0x10000n }],
  bootCpu: 3,
};

const plain = ({ name, properties, children }: FdtNode): unknown => [
  name,
  [...properties].map(([key, value]) => [key, [...value]]),
  children.map(plain),
];

it('builds what it parses', () => {
  const back = parseFdt('x.dtb', buildFdt(SAMPLE));
  expect(plain(back.root)).toEqual(plain(SAMPLE.root));
  expect([back.reservations, back.bootCpu]).toEqual([SAMPLE.reservations, 3]);
});

it('encodes texts, cells and flags', () => {
  const { properties } = SAMPLE.root;
  expect([...properties.get('compatible')!]).toEqual([...Buffer.from('a,b\0c\0')]);
  expect([...properties.get('#address-cells')!]).toEqual([0, 0, 0, 2]);
  expect(properties.get('flag')!.length).toBe(0);
  expect(properties.has('left')).toBe(false);
  expect(cells64(0x123456789abcn)).toEqual([0x1234, 0x56789abc]);
});

it('finds nodes by path', () => {
  expect(findNode(SAMPLE.root, '/cpus/cpu@0')?.name).toBe('cpu@0');
  expect(findNode(SAMPLE.root, '/')).toBe(SAMPLE.root);
  expect(findNode(SAMPLE.root, '/cpus/cpu@1')).toBeUndefined();
});

it('has the header of version 17', () => {
  const view = new DataView(buildFdt(SAMPLE).buffer);
  expect(view.getUint32(0)).toBe(0xd00dfeed);
  expect([view.getUint32(20), view.getUint32(24), view.getUint32(28)]).toEqual([17, 16, 3]);
  expect(view.getUint32(16)).toBe(40);
});

testUnless(dtcMissing(), 'is read by dtc', () => {
  const text = execFileSync('dtc', ['-I', 'dtb', '-O', 'dts', '-q'], { input: buildFdt(SAMPLE) }).toString();
  expect(text).toMatch(/compatible = "a,b(\\0|", ")c"/);
  expect(text).toContain('/memreserve/');
});

describe('what is no device tree', () => {
  const blob = buildFdt(SAMPLE);
  const edited = (at: number, word: number): Uint8Array => {
    const bytes = blob.slice();
    new DataView(bytes.buffer).setUint32(at, word);
    return bytes;
  };

  it.each([
    ['an empty file', new Uint8Array(0), 'magic'],
    ['another magic', edited(0, 0x7f454c46), 'magic'],
    ['a cut file', blob.subarray(0, blob.length - 1), 'at most'],
    ['an old version', edited(20, 16), 'version'],
    ['a structure beyond the end', edited(8, blob.length), 'an end within'],
    ['strings beyond the end', edited(12, blob.length), 'an end within'],
    ['reservations beyond the end', edited(16, blob.length), 'reservation map'],
    ['a structure without a node', edited(8, new DataView(blob.buffer).getUint32(8) + 4), 'root node'],
  ])('is refused: %s', (_what, bytes, message) => {
    expect(() => parseFdt('my.dtb', bytes)).toThrow(UserError);
    expect(() => parseFdt('my.dtb', bytes)).toThrow(message);
    expect(() => parseFdt('my.dtb', bytes)).toThrow('my.dtb');
  });

  it('is refused where nodes are too deep', () => {
    let deep = node('leaf', {});
    for (let i = 0; i < 100; i++) deep = node('n', {}, [deep]);
    const bytes = buildFdt({ root: deep, reservations: [], bootCpu: 0 });
    expect(() => parseFdt('deep', bytes)).toThrow('levels');
  });

  it('never does worse than a UserError, whatever is changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(blob.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = blob.slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            parseFdt('x', bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
