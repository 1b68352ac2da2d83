/**
 * `book3s bench nested`, second part: L0's page fault handler and its answer to the host, called directly on real tables;
 * what an instruction of the nested guest adds is in the guests of `nested.ts`.
 */
import { InternalError } from '../../core/errors';
import { assemble } from '../../asm/assemble';
import { MIB } from '../../kvm/page';
import { discardPages, perform } from '../../kvm/host/operations';
import { nestedPageFault } from '../../kvm/nested/fault';
import { getOrCreateNested } from '../../kvm/nested/nested-guests';
import type { NestedGuests } from '../../kvm/nested/part';
import { writeGuest } from '../../kvm/translate';
import { readRaw } from '../../loader';
import { Machine } from '../../machine/machine';
import { PSERIES_MACHINE } from '../../machine/pseries';
import type { Figure } from './report';

const seconds = (): number => Number(process.hrtime.bigint()) / 1e9;
const PAGE = 65536;
const TABLE = 0x10_0000;
const TREE = 0x20_0000;
const TARGET = 0x100_0000;
const LPID = 1;
const V = 1n << 63n;
const LEAF = (3n << 62n) | 0x187n;
const LOAD_FAULT = 0x4000_0000;
const STORE_FAULT = 0x4200_0000;
/** Most pages of the nested guest that one round maps. */
const MOST_PAGES = 1024;
const TOUCHED_PAGES = 512;
/** Faults of a figure. */
const FAULTS = 5000;

interface Host {
  readonly machine: Machine;
  readonly part: NestedGuests;
  /** Host virtual address of {@link TARGET}. */
  readonly hva: number;
}

function makeHost(): Host {
  const machine = new Machine({ description: PSERIES_MACHINE, memory: 128 * MIB, output: () => undefined });
  const { bytes } = assemble('b .', { byteOrder: 'big', origin: 0n, include: () => '' });
  machine.load(readRaw('bench', bytes, { entry: 0n }), {});
  const hva = machine.l0!.vm.gfnToMemslot(0)!.userspaceAddr + TARGET;
  return { machine, part: machine.l0!.nested as NestedGuests, hva };
}

function poke({ machine }: Host, gpa: number, value: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  if (writeGuest(machine.l0!.vm, { gpa: BigInt(gpa), bytes }) !== 0) throw new InternalError('no memory');
}

/** L1's partition table and a tree that maps `count` pages of 64K from address 0 on. */
function makeTree(host: Host, count: number, target: (page: number) => number): void {
  host.part.nested.l1Ptcr = BigInt(TABLE);
  poke(host, TABLE + 16 * LPID, V | 0x4000_0000_0000_00adn | BigInt(TREE));
  poke(host, TREE, V | BigInt(TREE + 0x1_0000) | 9n);
  poke(host, TREE + 0x1_0000, V | BigInt(TREE + 0x1_1000) | 9n);
  for (let i = 0; i < count; i++) {
    const table = TREE + 0x2_0000 + Math.floor(i / 32) * 256;
    poke(host, TREE + 0x1_1000 + Math.floor(i / 32) * 8, V | BigInt(table) | 5n);
    poke(host, table + (i % 32) * 8, LEAF | BigInt(target(i)));
  }
}

/** Faults in the first `count` pages. @returns seconds */
function faultIn({ part }: Host, count: number, dsisr: number): number {
  const guest = getOrCreateNested(part.nested, LPID)!;
  const start = seconds();
  for (let i = 0; i < count; i++) {
    const ea = BigInt(i * PAGE);
    nestedPageFault(part.nested, { guest, fetch: false, dsisr, ea, asdr: ea });
  }
  const passed = seconds() - start;
  guest.references--;
  return passed;
}

/** The host takes pages from {@link TARGET} on away. @returns seconds */
function takeAway({ machine, hva }: Host, pages: number): number {
  const start = seconds();
  perform(discardPages(machine.l0!.vm.mm, { start: hva, end: hva + pages * PAGE }));
  return seconds() - start;
}

/** Pages that all map one page of L1, and the host that takes it away: `count` entries in one list. */
function benchMappings(host: Host, count: number): Figure[] {
  const rounds = Math.ceil(FAULTS / count);
  let fault = 0;
  let drop = 0;
  let bytes = 0;
  for (let round = 0; round < rounds; round++) {
    fault += faultIn(host, count, LOAD_FAULT);
    bytes = host.part.nested.rmap.bytes + 8;
    drop += takeAway(host, 1);
  }
  const mappings = count === 1 ? '1 mapping' : `${count} mappings`;
  return [
    { name: `L0 serves a fault, ${mappings} of a page`, value: (count * rounds) / fault, unit: 'faults/s' },
    { name: `host page taken from ${mappings}`, value: (drop / rounds) * 1e6, unit: 'us' },
    { name: `rmap of ${mappings}`, value: bytes / count, unit: 'bytes/mapping' },
  ];
}

/** Pages of L1 that nobody has touched: the host gives and clears one for each fault. */
function benchFirstTouch(): Figure {
  const host = makeHost();
  makeTree(host, TOUCHED_PAGES, (page) => TARGET + page * PAGE);
  const rounds = Math.ceil((2 * FAULTS) / TOUCHED_PAGES);
  let passed = 0;
  for (let round = 0; round < rounds; round++) {
    passed += faultIn(host, TOUCHED_PAGES, STORE_FAULT);
    takeAway(host, TOUCHED_PAGES);
  }
  const value = (TOUCHED_PAGES * rounds) / passed;
  return { name: 'L0 serves a fault, host page of 64K given and cleared', value, unit: 'faults/s' };
}

export function benchNestedFaults(): Figure[] {
  const host = makeHost();
  makeTree(host, MOST_PAGES, () => TARGET);
  return [...[1, 10, 1000].flatMap((count) => benchMappings(host, count)), benchFirstTouch()];
}
