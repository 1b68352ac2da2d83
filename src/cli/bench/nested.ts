/**
 * `book3s bench nested`: an L1 hypervisor on a whole machine that enters its nested guest, serves its hypercall and
 * enters it again; nested page faults and invalidations through the hypervisor's own functions on real tables.
 */
import { MSR } from '../../../isa/registers/msr';
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
import type { BenchReport, Figure } from './report';

const seconds = (): number => Number(process.hrtime.bigint()) / 1e9;
const PAGE = 65536;
const TABLE = 0x10_0000;
const TREE = 0x20_0000;
const CODE = 0x30_0000;
const LPID = 1;
const V = 1n << 63n;
const LEAF = (3n << 62n) | 0x187n;
const NOT_MAPPED = 0x4000_0000;
/** Largest number of pages that one table of the tree maps here. */
const MOST_PAGES = 1024;
const ENTER_SECONDS = 1.5;
const BUDGET = 2_000_000;

/** An L1 that enters its nested guest for ever; the guest's only instruction is a hypercall, its address set back. */
const L1_PROGRAM = `
1:      lis     3, 0
        ori     3, 3, 0xf804
        lis     4, 2
        lis     5, 2
        ori     5, 5, 0x1000
        sc      1
        li      6, 0
        std     6, 0x100(30)
        addi    31, 31, 1
        b       1b
`;

function makeMachine(): { machine: Machine; part: NestedGuests } {
  const machine = new Machine({ description: PSERIES_MACHINE, memory: 128 * MIB, output: () => undefined });
  const { bytes } = assemble(L1_PROGRAM, { byteOrder: 'big', origin: 0n, include: () => '' });
  machine.load(readRaw('bench', bytes, { entry: 0n }), {});
  return { machine, part: machine.l0!.nested as NestedGuests };
}

function poke(machine: Machine, gpa: number, value: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  if (writeGuest(machine.l0!.vm, { gpa: BigInt(gpa), bytes }) !== 0) throw new InternalError('no memory');
}

/** L1's partition table and a tree that maps `count` pages from address 0 on to the page of {@link CODE}. */
function makeTree(machine: Machine, part: NestedGuests, count: number): void {
  part.nested.l1Ptcr = BigInt(TABLE);
  poke(machine, TABLE + 16 * LPID, V | 0x4000_0000_0000_00adn | BigInt(TREE));
  poke(machine, TREE, V | BigInt(TREE + 0x1_0000) | 9n);
  poke(machine, TREE + 0x1_0000, V | BigInt(TREE + 0x1_1000) | 9n);
  for (let i = 0; i < count; i++) {
    const table = TREE + 0x2_0000 + Math.floor(i / 32) * 256;
    poke(machine, TREE + 0x1_1000 + Math.floor(i / 32) * 8, V | BigInt(table) | 5n);
    poke(machine, table + (i % 32) * 8, LEAF | BigInt(CODE));
  }
}

function benchEntries(): Figure {
  const { machine, part } = makeMachine();
  makeTree(machine, part, 1);
  poke(machine, CODE, 0x4400_0022_6000_0000n);
  poke(machine, 0x2_0000, 2n);
  poke(machine, 0x2_0008, BigInt(LPID) << 32n);
  poke(machine, 0x2_0058, 1n << 50n);
  poke(machine, 0x2_1108, MSR.SF.mask | MSR.ME.mask);
  machine.cpus[0]!.state.setGpr(30, 0x2_1000n);
  machine.run(BUDGET / 20);
  const before = part.nested.counters.entries;
  const start = seconds();
  while (seconds() - start < ENTER_SECONDS) machine.run(BUDGET / 100);
  const made = part.nested.counters.entries - before;
  return { name: 'nested entry and exit', value: made / (seconds() - start), unit: 'pairs/s' };
}

/** Faults in `count` pages that all map one page of L1. @returns seconds */
function faultIn(part: NestedGuests, count: number): number {
  const guest = getOrCreateNested(part.nested, LPID)!;
  const start = seconds();
  for (let i = 0; i < count; i++) {
    const ea = BigInt(i * PAGE);
    nestedPageFault(part.nested, { guest, fetch: false, dsisr: NOT_MAPPED, ea, asdr: ea });
  }
  const passed = seconds() - start;
  guest.references--;
  return passed;
}

function benchFaults(): Figure[] {
  const figures: Figure[] = [];
  const { machine, part } = makeMachine();
  makeTree(machine, part, MOST_PAGES);
  const { vm } = machine.l0!;
  const hva = vm.gfnToMemslot(0)!.userspaceAddr + CODE;
  for (const count of [1, 10, 1000]) {
    const rounds = Math.ceil(5000 / count);
    let fault = 0;
    let drop = 0;
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      fault += faultIn(part, count);
      bytes = part.nested.rmap.bytes + 8;
      const start = seconds();
      perform(discardPages(vm.mm, { start: hva, end: hva + PAGE }));
      drop += seconds() - start;
    }
    figures.push(
      {
        name: `nested faults, ${count} mappings of a page`,
        value: (count * rounds) / fault,
        unit: 'faults/s',
      },
      { name: `host page taken from ${count} mappings`, value: (drop / rounds) * 1e6, unit: 'us' },
      { name: `rmap of ${count} mappings`, value: bytes / count, unit: 'bytes/mapping' },
    );
  }
  return figures;
}

export function benchNested(): BenchReport {
  return {
    figures: [benchEntries(), ...benchFaults()],
    notes: ['faults of many mappings of one page scan its list for duplicates: that is their cost'],
  };
}
