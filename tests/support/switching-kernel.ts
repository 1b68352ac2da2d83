/**
 * Kernels that do little but switch MSR, run in several ways that must not differ: in one go, where generated code makes
 * switches that it knows by itself, and cut or watched, where it does less of that or nothing.
 */
import { createHash } from 'node:crypto';
import { GuestCalls } from '../../src/cpu/guest-calls';
import type { CpuState } from '../../src/state/cpu-state';
import { SLOTS } from '../../src/state/layout';
import { Program } from './program';

const MEMORY = 0x40000;
const BUDGET = 2500;
/** With relocation on it is elsewhere. */
export const DATA = 0x7000;
const RELOCATED_DATA = 0x8000;
/** A routine that problem state cannot fetch, and the leaves that DATA has by turns. */
const ROUTINE = 0x9000;
/** Routines of problem state. */
const USER = 0xa000;
export const CHOICES = 0x1f00;
export const LEAVES = 0x6000;
/** Interrupts that save HSRR0 and HSRR1. */
export const HYPERVISOR_VECTORS: ReadonlySet<number> = new Set([
  0x980, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xea0, 0xf80,
]);
/** Interrupts after which the instruction is not made again. */
export const SKIPPED: ReadonlySet<number> = new Set([
  0x300, 0x380, 0x600, 0x700, 0x800, 0xe00, 0xe40, 0xf60, 0xf80,
]);
const VECTORS = [
  0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800, 0x900, 0x980, 0xa00, 0xc00, 0xd00, 0xe00, 0xe20,
  0xe40, 0xe60, 0xe80, 0xf00, 0xf60, 0xf80,
]; // prettier-ignore
/** Where AIL = 3 has them, by the tree of PID 0. */
export const RELOCATED = 0x4000;

const WAYS = { whole: BUDGET, slices: 41, single: 1, observed: BUDGET, watched: BUDGET } as const;
export type Way = keyof typeof WAYS;

const load = (register: number, number: bigint): string => `load64 ${register}, 0x${number.toString(16)}`;

/** What a kernel consists of. */
export interface KernelParts {
  /** In registers 24 to 31. */
  readonly msrs: readonly bigint[];
  /** Text of the handler at an address: a vector, or {@link RELOCATED} and a vector. */
  readonly handler: (at: number) => string;
  /** What it does again and again; r11 counts the rounds, r3, r4 and r5 are free, r10 collects results. */
  readonly main: string;
}

/** The text of a kernel of the hypervisor with one tree: r14 to r17 have values of LPCR, of which r14 is the one set. */
export function kernel({ msrs, handler, main }: KernelParts): string {
  const at = (base: number): string =>
    VECTORS.map((vector) => `.org ${base + vector}\n${handler(base + vector)}`).join('\n');
  const lpcr = 0x500400n;
  const lpcrs = [lpcr, lpcr | 0x1800000n, lpcr | 1n, lpcr | 0x1800001n];
  const leaf = (page: number): string => `RADIX_LEAF | RADIX_RC | RADIX_RWX | ${page}`;
  const poke = (at: number, what: string): string => `poke64 ${at}, ${what}`;
  const pages = [0, 0x1000, 0x2000, 0x4000, LEAVES, USER];
  return `
        ${at(0)}
        .org 0x1000
start:
        ${[0, 16, 32].map((at) => poke(0x3000 + at, 'RADIX_TREE52 | 0x20000')).join('\n')}
        ${poke(0x10000, 'RADIX_V | RADIX_TREE52 | 0x20000')}
        ${poke(0x10008, 'RADIX_V | 0x3000')}
        ${poke(0x20000, 'RADIX_V | 0x11000 | 9')}
        ${poke(0x11000, 'RADIX_V | 0x12000 | 9')}
        ${poke(0x12000, `RADIX_V | ${LEAVES} | 9`)}
        ${poke(LEAVES + 0x18, leaf(0x3000))}
        ${pages.map((page) => poke(LEAVES + 8 * (page >> 12), leaf(page))).join('\n')}
        ${poke(LEAVES + 0x38, leaf(RELOCATED_DATA))}
        ${poke(LEAVES + 0x48, `RADIX_PRIV | ${leaf(ROUTINE)}`)}
        ${poke(CHOICES, leaf(RELOCATED_DATA))}
        ${poke(CHOICES + 8, `RADIX_LEAF | RADIX_RC | RADIX_RO | ${DATA}`)}
        ${poke(CHOICES + 16, `RADIX_PRIV | ${leaf(RELOCATED_DATA)}`)}
        load64 17, 0x10000
        mtspr SPR_PTCR, 17
        li 3, 0
        mtspr SPR_LPIDR, 3
        li 18, ${DATA}
        lis 19, 1
        rldicr 19, 19, 16, 31
        ${lpcrs.map((bits, i) => load(14 + i, bits)).join('\n')}
        mtspr SPR_LPCR, 14
        load64 17, 0x10000
        ${msrs.map((msr, i) => load(24 + i, msr)).join('\n')}
        lis 3, 0x7fff
        mtspr 22, 3
        mtspr 310, 3
        b main
        .org 0x2000
main:
        addi 11, 11, 1
        ${main}
        b main
        ${at(RELOCATED)}
        .org ${DATA}
        .quad 0x123456789
        .org ${RELOCATED_DATA}
        .quad 0x987654321
        .org ${ROUTINE}
routine:
        addi 10, 10, 1
        blr
        .org ${USER}
looking:
        ld 5, ${DATA}(0)
        xor 10, 10, 5
system:
        sc
        blr
`;
}

const registersOf = (state: CpuState): string[] =>
  SLOTS.filter(({ architected }) => architected).flatMap((s) =>
    [...Array(s.count).keys()].map((i) => `${s.name}[${i}]=0x${state.read(s, i).toString(16)}`),
  );

/** Runs a kernel and tells everything that must be the same; the interrupts only where somebody sees them. */
export function outcome(source: string, way: Way): { readonly [what: string]: unknown } {
  const { machine, cpu } = new Program(source, { memory: MEMORY });
  const taken: string[] = [];
  const { execution } = machine;
  if (way === 'observed') execution.observers.instruction = () => undefined;
  if (way === 'watched' || way === 'observed')
    execution.observers.interrupt = (_cpu, { interrupt, handler: to, resume, status }) =>
      taken.push(`${interrupt} ${to} ${resume} ${status}`);
  let used = 0;
  let end = 'budget';
  while (used < BUDGET && end === 'budget') {
    const run = machine.run(Math.min(WAYS[way], BUDGET - used));
    used += run.used;
    end = run.end.kind;
  }
  const { interrupts, services } = execution.counters;
  const memory = createHash('sha256').update(machine.memory.bytes).digest('hex');
  return { used, end, registers: registersOf(cpu.state), interrupts, services, memory, taken };
}

/**
 * Runs it in one go and in all other ways and compares. @param where for messages
 * @returns how many switches generated code made by itself in one go
 */
export function compareWays(source: string, where: object): number {
  const asked = jest.spyOn(GuestCalls.prototype, 'service');
  const whole = outcome(source, 'whole');
  const known = (whole['services'] as number) - asked.mock.calls.length;
  asked.mockRestore();
  const seen: unknown[] = [];
  for (const way of ['observed', 'watched', 'slices', 'single'] as const) {
    const { taken, ...other } = outcome(source, way);
    expect({ ...where, way, ...other, taken: [] }).toEqual({ ...where, way, ...whole });
    if (way === 'observed' || way === 'watched') seen.push(taken);
  }
  expect({ ...where, taken: seen[1] }).toEqual({ ...where, taken: seen[0] });
  return known;
}
