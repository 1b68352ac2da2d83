/** Random code and random state for whole machines. */
import { INSTRUCTIONS } from '../../isa';
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import { assemble } from '../../src/asm/assemble';
import { hasRow } from '../../isa/decoder';
import type { Instruction } from '../../isa/vocabulary/row';
import { maskOf } from '../../src/core/bits';
import type { Cpu } from '../../src/cpu/cpu';
import type { CpuModel } from '../../src/cpu/models';
import { maskFor } from '../../src/cpu/spr/handler';
import type { Machine } from '../../src/machine/machine';
import {
  FETCH_ENTRIES, FETCH_ENTRY, hasSlot, RECORD_SLOT_SIZE, slot, TLB_ENTRIES, TLB_ENTRY,
} from '../../src/state/layout'; // prettier-ignore
import type { Random } from '../support/random';

/** The instructions that a model has. */
export const instructionsOf = (model: CpuModel): readonly Instruction[] =>
  INSTRUCTIONS.filter(({ row }) => hasRow({ level: model.level, features: model.features }, row));

/** An image of an instruction with random fields: one word or two. */
function randomImage(random: Random, { size, mask, match }: Instruction): number[] {
  const image = match | (random.doubleword() & ~mask & ((1n << BigInt(size)) - 1n));
  const low = Number(image & 0xffffffffn);
  return size === 64 ? [Number(image >> 32n), low] : [low];
}

/** A stock of random code of a model in both byte orders, from which memory is filled in runs. */
export class CodePool {
  private readonly big: Uint8Array;
  private readonly little: Uint8Array;

  /** One word in `noise` is any word. */
  constructor(random: Random, instructions: readonly Instruction[], noise: number) {
    const words: number[] = [];
    while (words.length < POOL_WORDS)
      words.push(...(random.oneIn(noise) ? [random.word()] : randomImage(random, random.pick(instructions))));
    const bytes = (littleEndian: boolean): Uint8Array => {
      const view = new DataView(new ArrayBuffer(4 * POOL_WORDS));
      for (let i = 0; i < POOL_WORDS; i++) view.setUint32(4 * i, words[i]!, littleEndian);
      return new Uint8Array(view.buffer);
    };
    this.big = bytes(false);
    this.little = bytes(true);
  }

  fill(random: Random, bytes: Uint8Array, littleEndian: boolean): void {
    const pool = littleEndian ? this.little : this.big;
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(4 * (16 + random.below(256)), bytes.length - at);
      const from = 4 * random.below(POOL_WORDS - length / 4);
      bytes.set(pool.subarray(from, from + length), at);
      at += length;
    }
  }
}
const POOL_WORDS = 16384;

const handler = (address: number, back: string): string => `
        mfspr   31, ${address}
        addi    31, 31, 4
        mtspr   ${address}, 31
        ${back}
`;
const SRR = handler(26, 'rfid');
const HSRR = handler(314, 'hrfid');
const HYPERVISOR_VECTORS = [0x980, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xea0, 0xf80];
const VECTORS = [...Array(0x1000 / 0x20).keys()]
  .map((n) => 0x20 * n)
  .filter((v) => v % 0x80 === 0 || v >= 0xe00);

/** Handlers that go on after the instruction that failed, at every vector. */
const handlers = (byteOrder: 'big' | 'little'): Uint8Array =>
  assemble(VECTORS.map((v) => `.org ${v}\n${HYPERVISOR_VECTORS.includes(v) ? HSRR : SRR}`).join('\n'), {
    byteOrder,
  }).bytes;
const HANDLERS = { big: handlers('big'), little: handlers('little') };

export function placeHandlers(bytes: Uint8Array, littleEndian: boolean): void {
  bytes.set(littleEndian ? HANDLERS.little : HANDLERS.big, 0);
}

/** An address of interest: in memory, at its end, across pages, in a quadrant, of a device, or anything. */
function randomAddress(random: Random, ramSize: number): bigint {
  const low = BigInt(random.below(ramSize));
  switch (random.below(12)) {
    case 0:
      return random.doubleword();
    case 1:
      return BigInt(ramSize - random.below(32));
    case 2:
      return BigInt((random.below(ramSize >> 12) << 12) - random.below(16)) & 0xffffffffffffffffn;
    case 3:
      return (BigInt(random.below(16)) << 60n) | low;
    case 4:
      return random.pick([0xc0002000n, 0xc0004000n, 0xc0005000n, 0x60300d00103f8n, 0x60300e0000000n]);
    case 5:
      return 0x80000000n + low;
    case 6:
      return BigInt.asUintN(64, -BigInt(random.below(64)));
    default:
      return low & ~BigInt(random.pick([0, 3, 7, 15]));
  }
}

const MODES = [
  MSR.SF,
  MSR.HV,
  MSR.PR,
  MSR.IR,
  MSR.DR,
  MSR.LE,
  MSR.EE,
  MSR.SE,
  MSR.BE,
  MSR.ME,
  MSR.FP,
  MSR.VEC,
  MSR.VSX,
];

/** A random MSR: the bits that matter each with its own chance, sometimes any bit. */
export function randomMsr(random: Random): bigint {
  if (random.oneIn(8)) return random.doubleword();
  let msr = MSR.SF.mask | MSR.HV.mask | MSR.ME.mask;
  for (const bit of MODES) if (random.oneIn(bit === MSR.SE || bit === MSR.BE ? 24 : 4)) msr ^= bit.mask;
  return msr;
}

/** Puts random values into every register of a CPU, of those that its model has. */
export function randomRegisters(random: Random, cpu: Cpu, ramSize: number): void {
  const { state, model } = cpu;
  cpu.reset();
  for (let n = 0; n < 32; n++) state.setGpr(n, randomAddress(random, ramSize));
  for (let n = 0; n < 64; n++) state.setVsr(n, random.doubleword(), random.doubleword());
  state.cr = random.word();
  for (const flag of ['SO', 'OV', 'CA', 'OV32', 'CA32']) state.setNamed(flag, BigInt(random.below(2)));
  for (const row of model.sprs.values()) {
    if (!hasSlot(row.name) || row.name === 'PIR' || random.oneIn(3)) continue;
    const { writable, fixed } = maskFor(cpu, row);
    const value = random.oneIn(2) ? random.doubleword() : randomAddress(random, ramSize);
    state.setNamed(row.name, (value & writable) | fixed);
  }
  for (const name of ['SLBE', 'SLBV'])
    for (let i = 0; i < 32; i++) state.write(slot(name), i, random.doubleword());
  if (random.oneIn(8)) state.setNamed('PENDING', BigInt(random.word()));
  cpu.msr = randomMsr(random);
  cpu.nia = BigInt(random.below(ramSize) & ~3);
}

const EMPTY = -1;

/** What must hold of a machine whatever a guest does; `check` throws what does not. */
export class Invariants {
  private readonly linear: Int32Array;

  constructor(private readonly machine: Machine) {
    const { ram } = machine.execution.engine;
    this.linear = new Int32Array(ram.buffer);
    this.forGuards((at) => this.linear.fill(GUARD, at, at + GUARD_WORDS));
  }

  check(): void {
    this.forGuards((at) => {
      for (let i = at; i < at + GUARD_WORDS; i++)
        if (this.linear[i] !== GUARD) throw new Error(`linear memory at ${i * 4} was written`);
    });
    this.translations();
    this.fetches();
    for (const cpu of this.machine.cpus) this.state(cpu);
    const { contexts } = this.machine.execution.engine;
    if (contexts.size > MOST_CONTEXTS) throw new Error(`${contexts.size} contexts are kept`);
  }

  /** The free room after the records of each decoded page, the last of which lies right before memory. */
  private forGuards(visit: (word: number) => void): void {
    const { map } = this.machine.execution.engine;
    for (let slotNumber = 0; slotNumber < map.recordSlots; slotNumber++) {
      const end = map.recordBase + (slotNumber + 1) * RECORD_SLOT_SIZE;
      visit((end >> 2) - GUARD_WORDS);
    }
  }

  private translations(): void {
    const { map } = this.machine.execution.engine;
    const { linear } = this;
    const step = TLB_ENTRY.size >> 2;
    const end = (map.tlbBase >> 2) + map.cpus * TLB_ENTRIES * step;
    for (let at = map.tlbBase >> 2; at < end; at += step) {
      for (const tag of [at, at + 2]) {
        if (linear[tag] === EMPTY && linear[tag + 1] === EMPTY) continue;
        const page = ((linear[at + 4]! + (linear[tag]! & ~0xfff)) >>> 0) - map.ramBase;
        if (page < 0 || page + 4096 > map.ramSize || page % 4096 !== 0)
          throw new Error(`a translation leads to offset ${page} of memory`);
      }
    }
  }

  private fetches(): void {
    const { map } = this.machine.execution.engine;
    const { linear } = this;
    const step = FETCH_ENTRY.size >> 2;
    const end = (map.fetchBase >> 2) + map.cpus * FETCH_ENTRIES * step;
    for (let at = map.fetchBase >> 2; at < end; at += step) {
      if (linear[at] === EMPTY && linear[at + 1] === EMPTY) continue;
      const offset = linear[at + 2]! - map.recordBase;
      if (offset < 0 || offset >= map.recordSlots * RECORD_SLOT_SIZE || offset % RECORD_SLOT_SIZE !== 0)
        throw new Error(`a fetch leads to offset ${offset} of the records`);
    }
  }

  private state({ state, model }: Cpu): void {
    const expectZero = (what: string, value: bigint): void => {
      if (value !== 0n) throw new Error(`CPU ${state.index}: ${what} is 0x${value.toString(16)}`);
    };
    expectZero('ZERO', state.named('ZERO'));
    expectZero(
      'an MSR bit that does not exist',
      state.named('MSR') & ~(model.msr.writable | model.msr.fixed),
    );
    expectZero('NIA modulo 4', state.named('NIA') & 3n);
    for (const flag of ['SO', 'OV', 'CA', 'OV32', 'CA32']) expectZero(flag, state.named(flag) >> 1n);
    for (let i = 0; i < 8; i++) expectZero('a CR field', state.read(slot('CR'), i) >> 4n);
  }
}

/** Words of free room at the end of each decoded page that are watched. */
const GUARD_WORDS = 1024;
const GUARD = 0x5ca1ab1e;
const MOST_CONTEXTS = 4095;

/** Where {@link radixTables} puts things: the upper part of 512 KiB. */
const TABLES = {
  PARTITION: 0x60000,
  PROCESS: 0x61000,
  L1: 0x62000,
  L2: 0x63000,
  L3: 0x64000,
  ROOT: 0x70000,
} as const;
const TREE52 = 0x40000000000000adn;
const VALID = 1n << 63n;
const LEAF = 3n << 62n;
const REFERENCED_CHANGED = 0x180n;

/**
 * Radix tables for every partition and process that map memory to itself, most pages with all permissions.
 * @param hidden the tables themselves are not mapped
 */
export function radixTables(random: Random, machine: Machine, { hidden = false } = {}): void {
  const { memory } = machine;
  memory.bytes.fill(0, TABLES.PARTITION, TABLES.ROOT + 0x10000);
  const put = (at: number, value: bigint): void => memory.setDoubleword(at, value);
  for (let i = 0; i < 256; i++) {
    put(TABLES.PARTITION + 16 * i, VALID | TREE52 | BigInt(TABLES.ROOT));
    put(TABLES.PARTITION + 16 * i + 8, VALID | BigInt(TABLES.PROCESS));
    put(TABLES.PROCESS + 16 * i, TREE52 | BigInt(TABLES.ROOT));
  }
  put(TABLES.ROOT, VALID | BigInt(TABLES.L1) | 9n);
  put(TABLES.L1, VALID | BigInt(TABLES.L2) | 9n);
  put(TABLES.L2, VALID | BigInt(TABLES.L3) | 9n);
  for (let page = 0; page < 128; page++) {
    const leaf = LEAF | BigInt(page << 12);
    const usual = REFERENCED_CHANGED | 7n;
    const other = random.doubleword() & 0x1bfn;
    put(TABLES.L3 + 8 * page, leaf | (random.oneIn(6) ? other : usual));
  }
  if (hidden) memory.bytes.fill(0, TABLES.L3 + 8 * (TABLES.PARTITION >> 12), TABLES.L3 + 8 * 128);
  else if (random.oneIn(4)) put(TABLES.L3 + 8 * random.below(128), random.doubleword());
  for (const { state } of machine.cpus) {
    state.setNamed('PTCR', BigInt(TABLES.PARTITION));
    state.setNamed('LPIDR', BigInt(random.below(4)));
    state.setNamed('PIDR', BigInt(random.below(4)));
    state.setNamed('LPCR', (state.named('LPCR') & LPCR_KEPT) | LPCR.HR.mask | LPCR.UPRT.mask);
  }
}
const LPCR_KEPT = maskOf(LPCR.AIL, LPCR.ILE, LPCR.LPES, LPCR.HDICE, LPCR.GTSE, LPCR.EVIRT, LPCR.LD);
