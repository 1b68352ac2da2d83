/**
 * `book3s walk --lpid N`: an access of a nested guest. The hardware translates it by the guest's own tables and L0's
 * shadow tables; below that walk stand the tables that the shadow entry is made of, and, where the access would fault,
 * who gets which interrupt.
 */
import type { Chalk } from 'chalk';
import { STORAGE_CAUSE } from '../../isa/registers/storage-interrupts';
import { MSR } from '../../isa/registers/msr';
import { PATE1 } from '../../isa/tables/partition-table';
import { UserError } from '../core/errors';
import { has, type Field } from '../core/bits';
import { hex0x } from '../core/u64';
import type { Cpu } from '../cpu/cpu';
import { describeAccess, type DescribedAccess } from '../kvm/nested/describe-fault';
import { hostOf, type LeafView } from '../kvm/nested/describe-leaf';
import type { NestedGuest } from '../kvm/nested/nested-guest';
import { NestedGuests } from '../kvm/nested/part';
import { ACCESS, type AccessName } from '../mmu/access';
import type { Machine } from '../machine/machine';
import type { WalkEvent } from '../trace/events/walk';
import { sizeText } from '../trace/sinks/text-walk';
import { aligned } from './dump/nested-text';

/** A nested guest of a machine. */
export interface FoundGuest {
  readonly part: NestedGuests;
  readonly guest: NestedGuest;
}

/** @throws UserError where the machine has no such nested guest */
export function findGuest(machine: Machine, lpid: number): FoundGuest {
  const part = machine.l0?.nested;
  if (!(part instanceof NestedGuests))
    throw new UserError(
      `--lpid ${lpid}: machine ${machine.description.name} has no nested guests; machine pseries has`,
    );
  const guest = part.nested.find(lpid);
  if (guest) return { part, guest };
  const known = [...part.nested.guests.keys()].sort((a, b) => a - b);
  throw new UserError(
    `--lpid ${lpid}: L0 has no such nested guest; it has ${known.length === 0 ? 'none' : known.join(', ')}`,
  );
}

/**
 * Puts a CPU into a nested guest, where it is not in it already: its shadow LPID, guest state, PID 0, and relocation
 * on where L1 gave it a radix process table. `--reg` changes what is wanted otherwise.
 */
export function enterGuest({ part, guest }: FoundGuest, cpu: Cpu): void {
  if (part.runs[cpu.state.index]?.guest === guest) return;
  const relocation = has(guest.pate1, PATE1.GR) ? MSR.IR.mask | MSR.DR.mask : 0n;
  cpu.state.setNamed('LPIDR', BigInt(guest.shadowLpid));
  cpu.state.setNamed('PIDR', 0n);
  cpu.state.setNamed('MSR', MSR.SF.mask | MSR.ME.mask | relocation);
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** The lines below the hardware's walk. */
export function nestedExplanation(
  { part, guest }: FoundGuest,
  walk: WalkEvent,
  { access, color }: { access: AccessName; color: Chalk },
): string[] {
  const names = `process: tables of nested guest ${guest.lpid}; partition: L0's shadow tables, LPID ${guest.shadowLpid}`;
  const nGpa = nestedAddress(walk);
  if (nGpa === undefined) {
    const own = walk.fault
      ? 'The nested guest gets this interrupt itself: neither L1 nor L0 is asked.'
      : undefined;
    return [color.dim(names), ...(own ? [color.yellow(own)] : [])];
  }
  const { store, fetch } = kindOf(walk, access);
  const faults = walk.fault !== undefined;
  const described = describeAccess(part.nested, guest, { nGpa, store, fetch, faults });
  const { verdict, l1, l0, shadow } = described;
  const row = (name: string, leaf: LeafView | undefined, none: string, to: string): string[] =>
    leaf ? [name, hex0x(leaf.pte), sizeText(leaf.shift).padStart(4), leaf.bits, to] : [name, none];
  return [
    color.dim(names),
    color.bold(`n_gpa ${hex(nGpa)} by the tables that the shadow entry is made of`),
    `  L1's PATE of LPID ${guest.lpid} as L0 has it: ${hex0x(described.pate0)} ${hex0x(guest.pate1)}`,
    ...described.walk.map(({ level, at, value }) => `  L1 level ${level} @ ${hex(at)} = ${hex0x(value)}`),
    ...aligned(
      [
        row('L1', l1, VERDICTS[verdict] ?? verdict, l1 ? `-> L1 RA ${hex(l1.gpa)}` : ''),
        row('L0', l0, l1 ? 'does not map it yet' : '-', l0 && l1 ? `-> host RA ${hostText(l0, l1.gpa)}` : ''),
        row('shadow', shadow, 'no entry', shadow ? `-> host RA ${hostText(shadow, nGpa)}` : ''),
      ],
      '  ',
    ),
    ...outcomeLines(described, walk, color),
  ];
}

const hostText = ({ pte, shift }: LeafView, address: number): string => hex(hostOf(pte, shift, address));

/** Real address of the nested guest that the shadow tables were asked for last; undefined where they were not. */
function nestedAddress({ fault, result, ea, mode }: WalkEvent): number | undefined {
  if (fault) {
    if (!fault.interrupt.startsWith('hypervisor') || fault.asdr === undefined) return undefined;
    const page = fault.asdr & ~PAGE_BITS & ~QUADRANT_BITS;
    return Number(isTableWalk(fault) ? page : page | (ea & PAGE_BITS));
  }
  const address = result?.guestRa ?? (mode === 'guest real' ? ea : undefined);
  return address === undefined ? undefined : Number(address & ~QUADRANT_BITS);
}
const PAGE_BITS = 0xfffn;
const QUADRANT_BITS = 0xfn << 60n;
const isTableWalk = ({ hdsisr, cause }: NonNullable<WalkEvent['fault']>): boolean =>
  has(hdsisr ?? cause, STORAGE_CAUSE.TABLE_WALK);

/** What the access is to the shadow tables: a walk of the guest's own tables reads them. */
function kindOf({ fault }: WalkEvent, access: AccessName): { store: boolean; fetch: boolean } {
  if (fault && isTableWalk(fault))
    return { store: has(fault.hdsisr ?? fault.cause, STORAGE_CAUSE.TABLE_WALK_STORE), fetch: false };
  return { store: ACCESS[access].store, fetch: ACCESS[access].fetch };
}

const VERDICTS: Readonly<Record<string, string>> = {
  ENOENT: 'no valid entry (ENOENT)',
  EINVAL: 'not a tree that L0 serves (EINVAL)',
  EFAULT: 'an entry where L1 has no memory (EFAULT)',
};

const causeText = (value: bigint): string => {
  const names = Object.entries<Field>(STORAGE_CAUSE).flatMap(([name, bit]) =>
    has(value, bit) ? [name] : [],
  );
  return `${hex0x(value)} (${names.join(', ')})`;
};

const FETCH_VECTOR = 0xe20;
const DATA_VECTOR = 0xe00;

/** Who gets what. */
function outcomeLines({ outcome }: DescribedAccess, walk: WalkEvent, color: Chalk): string[] {
  const fetch = walk.fault?.vector === FETCH_VECTOR;
  switch (outcome.kind) {
    case 'mapped':
      return [color.green('L0 has nothing to do')];
    case 'would map': {
      const { pte, shift, bits } = outcome.shadow;
      return [
        color.green(
          `L0 gets the interrupt, makes the shadow entry ${hex0x(pte)} ${sizeText(shift)} ${bits}, and the access is done again`,
        ),
        'L1 sees nothing',
      ];
    }
    case 'would fault in':
      return [
        color.green(
          "L0 gets the interrupt, maps L1's page, makes the shadow entry; the access is done again",
        ),
        'L1 sees nothing',
      ];
    case 'reflect': {
      const { fault } = walk;
      const asdr = outcome.asdr === undefined ? (fault?.asdr ?? 0n) : BigInt(outcome.asdr);
      const cause =
        outcome.dsisr === undefined ? (fault?.hdsisr ?? fault?.cause ?? 0n) : BigInt(outcome.dsisr >>> 0);
      const registers = fetch
        ? `HSRR1 with ${causeText(cause)}, ASDR ${hex0x(asdr)}`
        : `HDSISR ${causeText(cause)}, HDAR ${hex0x(walk.ea)}, ASDR ${hex0x(asdr)}`;
      return [
        color.red(
          `L1 gets ${hex(fetch ? FETCH_VECTOR : DATA_VECTOR)} as the result of H_ENTER_NESTED: ${registers}`,
        ),
      ];
    }
    case 'inject':
      return [
        color.red(
          `The nested guest gets Data Storage 0x300, DSISR ${causeText(BigInt(outcome.dsisr >>> 0))}: L1's memory is read-only there`,
        ),
      ];
    case 'mmio':
      return [color.yellow(`L1 RA ${hex(outcome.gpa)} is no memory of L1: MMIO`)];
  }
}
