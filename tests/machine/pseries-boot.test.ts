/** What machine pseries gives a guest beside its image: device tree, initial RAM disk, command line, RTAS. */
import { ROWS } from '../../isa/index';
import type { InsnRow } from '../../isa/vocabulary/row';
import { UserError } from '../../src/core/errors';
import { findNode, parseFdt, type FdtNode } from '../../src/loader/fdt';
import { readImage, readRaw } from '../../src/loader';
import { Machine } from '../../src/machine/machine';
import { hostMemoryFor, PSERIES_MACHINE } from '../../src/machine/pseries';
import type { BootExtras } from '../../src/machine/pseries/boot';
import { assembleGuest, MIB } from '../support/pseries-guest';

describe('what is started beside the image', () => {
  const IDLE = assembleGuest('        b       .');
  const load = (
    extras: BootExtras,
    memory = 64 * MIB,
    image = readRaw('guest', IDLE, { entry: 0n }),
  ): Machine => {
    const machine = new Machine({ description: PSERIES_MACHINE, memory, output: () => undefined });
    machine.load(image, extras);
    return machine;
  };
  const tree = (machine: Machine): FdtNode => {
    const bytes = new Uint8Array(65536);
    machine.l0!.guestMemory.read(machine.cpus[0]!.state.gpr(3), bytes);
    return parseFdt('tree', bytes).root;
  };
  const cell = (node: FdtNode | undefined, name: string, at = 0): number => {
    const value = node!.properties.get(name)!;
    return new DataView(value.buffer, value.byteOffset).getUint32(4 * at);
  };

  it('has a device tree with all of it', () => {
    const bytes = Uint8Array.from({ length: 70000 }, (_, i) => i);
    const machine = load({ initrd: { name: 'i', bytes }, append: 'console=hvc0' });
    const root = tree(machine);
    const chosen = findNode(root, '/chosen');
    expect(Buffer.from(chosen!.properties.get('bootargs')!).toString()).toBe('console=hvc0\0');
    const start = cell(chosen, 'linux,initrd-start', 1);
    expect(cell(chosen, 'linux,initrd-end', 1) - start).toBe(70000);
    const back = new Uint8Array(70000);
    machine.l0!.guestMemory.read(BigInt(start), back);
    expect(back).toEqual(bytes);
    expect(cell(findNode(root, '/memory@0'), 'reg', 3)).toBe(64 * MIB);
    const rtas = findNode(root, '/rtas');
    expect([cell(rtas, 'power-off'), cell(rtas, 'ibm,int-on'), cell(rtas, 'ibm,os-term')]).toEqual([
      0x2003, 0x200d, 0x2010,
    ]);
    const entry = new Uint8Array(4);
    machine.l0!.guestMemory.read(BigInt(cell(rtas, 'linux,rtas-entry')), entry);
    expect([...entry]).toEqual([0x7c, 0x64, 0x1b, 0x78]);
    const vec5 = chosen!.properties.get('ibm,architecture-vec-5')!;
    expect([vec5.length, vec5[23], vec5[24], vec5[26]]).toEqual([27, 0x40, 0x40, 0x40]);
    const processor = findNode(root, '/cpus/PowerPC,POWER9@0')!.properties;
    const features = processor.get('ibm,pa-features')!;
    expect(features.length).toBe(68);
    // Two bytes come before the attributes. What the tree promises are instructions that there are.
    const hasRow = (test: (row: InsnRow) => boolean): boolean => ROWS.some(test);
    const isDecimal = (row: InsnRow): boolean => row.feature === 'decimal';
    expect(features[2 + 22] === 0x80).toBe(hasRow(({ mnemonic }) => mnemonic.startsWith('tbegin')));
    expect([features[2 + 54] === 0x80, processor.has('ibm,dfp')]).toEqual([
      hasRow(isDecimal),
      hasRow(isDecimal),
    ]);
  });

  it('shows the tree that the guest is started with', () => {
    const seen: Uint8Array[] = [];
    const machine = load({ append: 'console=hvc0', onDeviceTree: (bytes) => seen.push(bytes) });
    const there = new Uint8Array(seen[0]!.length);
    machine.l0!.guestMemory.read(machine.cpus[0]!.state.gpr(3), there);
    expect(seen).toEqual([there]);
  });

  it('takes a tree of the user as it is, with RTAS where it says', () => {
    const own = new Uint8Array(65536);
    const first = load({ append: 'x' });
    first.l0!.guestMemory.read(first.cpus[0]!.state.gpr(3), own);
    const machine = load({ deviceTree: { name: 'd', bytes: own } });
    expect(Buffer.from(findNode(tree(machine), '/chosen')!.properties.get('bootargs')!).toString()).toBe(
      'x\0',
    );
    const entry = new Uint8Array(4);
    machine.l0!.guestMemory.read(BigInt(cell(findNode(tree(machine), '/rtas'), 'linux,rtas-base')), entry);
    expect([...entry]).toEqual([0x7c, 0x64, 0x1b, 0x78]);
  });

  it.each([
    [
      'an initial RAM disk larger than memory',
      { initrd: { name: 'big', bytes: new Uint8Array(70 * MIB) } },
      'big',
    ],
    ['a device tree that is none', { deviceTree: { name: 'none', bytes: new Uint8Array(100) } }, 'none'],
  ])('refuses %s', (_what, extras, name) => {
    expect(() => load(extras)).toThrow(UserError);
    expect(() => load(extras)).toThrow(name);
  });

  it('refuses an image beyond memory, and one that leaves no room', () => {
    const at =
      (loadAddress: bigint): (() => Machine) =>
      () =>
        load({}, 2 * MIB, readImage('guest', IDLE, { loadAddress }));
    expect(at(0x200000n)).toThrow('expected an end of at most');
    expect(at(0x1f0000n)).toThrow('do not fit between the image');
    expect(at(0x100000n)).not.toThrow();
  });

  it("has host memory for L0 beside the guest's", () => {
    expect(hostMemoryFor(64 * MIB)).toBe(96 * MIB);
    expect(hostMemoryFor(1024 * MIB)).toBe(1088 * MIB);
  });
});
