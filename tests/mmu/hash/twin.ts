/**
 * The slow twin of hashed translation: bigints, written straight from the rules, looking at every entry of the whole
 * table. It shares nothing with the walker but the names of accesses and interrupts.
 */
import type { AccessName } from '../../../src/mmu/access';
import type { TwinOutcome } from '../outcome';

export interface TwinMachine {
  readonly model: 'power8' | 'power9';
  readonly memory: DataView;
  readonly registers: Readonly<Record<string, bigint>>;
  /** ESID and VSID words as they are in the state, 32 of each. */
  readonly slb: readonly (readonly [esid: bigint, vsid: bigint])[];
}

/** A rule that was broken, on the way to the outcome. */
class Fault extends Error {
  constructor(
    readonly bits: bigint,
    readonly to: 'segment' | 'alignment' | 'machineCheck' | 'own' | 'hypervisor',
    readonly asdr = 0n,
  ) {
    super('fault');
  }
}

interface Segment {
  readonly word: bigint;
  readonly size: 28n | 40n;
  readonly vsid: bigint;
  readonly base: bigint;
}

interface Entry {
  readonly at: number;
  readonly dw1: bigint;
  readonly actual: bigint;
}

/** Machine checks: bad real address in a table walk, several SLB entries, several page table entries. */
const WALK = { data: 0x20n, fetch: 0x08100000n };
const SLB = { data: 0x80n, fetch: 0xc0000n };
const HPTE = { data: 0x400n, fetch: 0x140000n };

const NO_TRANSLATION = 0x40000000n;
const NO_EXECUTE = 0x10000000n;
const PROTECTION = 0x08000000n;
const ATTRIBUTE = 0x04000000n;
const STORE = 0x02000000n;
const KEY = 0x00200000n;
const BAD_TREE = 0x00080000n;
const COPY_PASTE = 0x8n;

const STORES: readonly AccessName[] = ['store', 'conditional', 'atomic', 'paste', 'dcbz'];
const BASE_OF: Readonly<Record<number, bigint>> = { 0: 12n, 5: 16n, 4: 24n, 6: 34n };
/** Base and actual size, L, and what RPN >> 12 is below the page size. */
const SIZES: readonly (readonly [base: bigint, actual: bigint, large: boolean, lp: bigint])[] = [
  [12n, 12n, false, 0n],
  [12n, 16n, true, 7n],
  [12n, 24n, true, 0x38n],
  [16n, 16n, true, 1n],
  [16n, 24n, true, 8n],
  [24n, 24n, true, 0n],
  [34n, 34n, true, 3n],
];
/** RMLS to bytes. */
const LIMITS: Readonly<Record<number, bigint>> = {
  0: 1n << 38n,
  1: 1n << 34n,
  2: 1n << 30n,
  3: 1n << 26n,
  4: 1n << 28n,
  7: 1n << 27n,
  8: 1n << 25n,
};
const ones = (bits: bigint): bigint => (1n << bits) - 1n;

export class HashTwin {
  private readonly hv: boolean;
  private readonly pr: boolean;
  private readonly relocated: boolean;
  private readonly ea: bigint;
  private readonly fetch: boolean;
  private readonly store: boolean;
  private readonly v3: boolean;

  constructor(
    private readonly machine: TwinMachine,
    private readonly access: AccessName,
    ea: bigint,
  ) {
    const msr = this.register('MSR');
    this.hv = ((msr >> 60n) & 1n) === 1n;
    this.pr = ((msr >> 14n) & 1n) === 1n;
    this.fetch = access === 'fetch';
    this.relocated = ((msr >> (this.fetch ? 5n : 4n)) & 1n) === 1n;
    this.ea = msr >> 63n === 1n ? ea : ea & 0xffffffffn;
    this.store = STORES.includes(access);
    this.v3 = machine.model === 'power9';
  }

  private register(name: string): bigint {
    return this.machine.registers[name] ?? 0n;
  }

  /** Bit n of LPCR, counted from the most significant. */
  private lpcr(n: number): boolean {
    return ((this.register('LPCR') >> BigInt(63 - n)) & 1n) === 1n;
  }

  run({ sideEffects }: { sideEffects: boolean }): TwinOutcome {
    try {
      return this.translate(sideEffects);
    } catch (fault) {
      if (fault instanceof Fault) return this.image(fault);
      throw fault;
    }
  }

  private image({ bits: cause, to, asdr }: Fault): TwinOutcome {
    const { ea, fetch } = this;
    const dsisr = cause | (this.store ? STORE : 0n);
    switch (to) {
      case 'segment':
        if (fetch) return { interrupt: 'instructionSegment', image: { SRR1: 0n } };
        return { interrupt: 'dataSegment', image: { SRR1: 0n, DAR: ea } };
      case 'alignment':
        return { interrupt: 'alignment', image: { SRR1: 0n, DAR: ea } };
      case 'machineCheck':
        if (fetch) return { interrupt: 'machineCheck', image: { SRR1: cause } };
        return { interrupt: 'machineCheck', image: { SRR1: 0x200000n, DSISR: cause, DAR: ea } };
      case 'own':
        if (fetch) return { interrupt: 'instructionStorage', image: { SRR1: cause } };
        return { interrupt: 'dataStorage', image: { SRR1: 0n, DAR: ea, DSISR: dsisr } };
      case 'hypervisor': {
        const descriptor: Record<string, bigint> = this.v3 ? { ASDR: asdr } : {};
        if (fetch)
          return { interrupt: 'hypervisorInstructionStorage', image: { HSRR1: cause, ...descriptor } };
        const image = { HSRR1: 0n, HDAR: ea, HDSISR: dsisr, ...descriptor };
        return { interrupt: 'hypervisorDataStorage', image };
      }
    }
  }

  private machineCheck(cause: { data: bigint; fetch: bigint }): never {
    throw new Fault(this.fetch ? cause.fetch : cause.data, 'machineCheck');
  }

  /** A fault of the page: whose it is depends on relocation, VPM1, and KBV for class keys. */
  private pageFault(segment: Segment, cause: bigint): never {
    const virtual = this.lpcr(1) || (this.lpcr(3) && (cause & KEY) !== 0n);
    const hypervisors = !this.relocated || (!this.hv && virtual);
    throw new Fault(cause, hypervisors ? 'hypervisor' : 'own', segment.word & 0xffffffffffffffb0n);
  }

  private badPartition(): never {
    throw new Fault(BAD_TREE, 'hypervisor', this.ea);
  }

  private translate(sideEffects: boolean): TwinOutcome {
    if (!this.relocated && !this.v3 && !this.lpcr(0)) return this.offset();
    const segment = this.relocated ? this.lookup() : this.virtualReal();
    if (this.fetch && ((segment.word >> 9n) & 1n) === 1n) this.pageFault(segment, NO_EXECUTE);
    const entry = this.search(segment);
    const permitted = this.protection(segment, entry);
    const wimg = (entry.dw1 >> 3n) & 15n;
    const inhibited = (wimg & 4n) !== 0n && wimg !== 14n;
    if (inhibited) this.inhibited(segment);
    const dw1 = this.update(entry, sideEffects);
    const r = (dw1 & 0x100n) !== 0n;
    const c = (dw1 & 0x80n) !== 0n;
    const rights =
      (r && permitted.r ? 'r' : '-') + (r && c && permitted.w ? 'w' : '-') + (r && permitted.x ? 'x' : '-');
    const rpn = entry.dw1 & (this.v3 ? 0x01fffffffffff000n : 0x0ffffffffffff000n);
    const within = ones(entry.actual);
    const pageShift = Number(segment.base < entry.actual ? segment.base : entry.actual);
    return {
      ra: (rpn & ~within) | (this.ea & within),
      pageShift,
      inhibited,
      guarded: (wimg & 1n) !== 0n,
      rights,
    };
  }

  /** v2.07 with VPM0 = 0. */
  private offset(): TwinOutcome {
    const limit = LIMITS[Number((this.register('LPCR') >> 26n) & 15n)] ?? 0n;
    const real = this.ea & 0x0fffffffffffffffn;
    if (real >= limit) throw new Fault(PROTECTION, 'own');
    const ra = real | (this.register('RMOR') & 0x0fffffffffffffffn);
    return { ra, pageShift: 12, inhibited: false, guarded: false, rights: 'rwx' };
  }

  private lookup(): Segment {
    const { ea } = this;
    const found = this.machine.slb.filter(([esid, vsid]) => {
      if ((esid & 0x8000000n) === 0n) return false;
      if (vsid >> 62n === 0n) return esid >> 28n === ea >> 28n;
      return vsid >> 62n === 1n && esid >> 40n === ea >> 40n;
    });
    if (found.length > 1) this.machineCheck(SLB);
    if (found.length === 0) throw new Fault(0n, 'segment');
    const word = found[0]![1];
    const base = this.base(Number(((word >> 6n) & 4n) | ((word >> 4n) & 3n)));
    if (base === undefined) this.pageFault(describe(word, 12n), NO_TRANSLATION);
    return describe(word, base);
  }

  private base(llp: number): bigint | undefined {
    return this.lpcr(2) ? 12n : BASE_OF[llp];
  }

  private virtualReal(): Segment {
    const lpcr = this.register('LPCR');
    const llp = this.v3
      ? Number((this.table().word >> 5n) & 7n)
      : Number(((lpcr >> 49n) & 4n) | ((lpcr >> 47n) & 3n));
    const base = this.base(llp);
    // Before v3.0 a wrong table is only met after the page size; both are the same machine check.
    if (base === undefined) return this.v3 ? this.badPartition() : this.machineCheck(WALK);
    const places = (BigInt(llp >> 2) << 8n) | (BigInt(llp & 3) << 4n);
    return describe((1n << 62n) | (0x1ffffffn << 24n) | places, base);
  }

  /** SDR1, or doubleword 0 of the partition table entry. */
  private table(): { word: bigint; org: bigint; size: bigint } {
    const word = this.v3 ? this.partitionEntry() : this.register('SDR1');
    const size = word & 0x1fn;
    if (this.v3 && (word >> 63n === 1n || size > 28n)) this.badPartition();
    if (size > 28n) this.machineCheck(WALK);
    return { word, org: word & 0x0ffffffffffc0000n, size };
  }

  private partitionEntry(): bigint {
    const ptcr = this.register('PTCR');
    const lpid = this.register('LPIDR') & 0xfffn;
    const bytes = 1n << (12n + (ptcr & 0x1fn));
    const base = ptcr & 0x0ffffffffffff000n;
    if (base % bytes !== 0n || lpid * 16n >= bytes) this.badPartition();
    const at = base + lpid * 16n;
    if (at + 16n > BigInt(this.machine.memory.byteLength)) this.machineCheck(WALK);
    return this.machine.memory.getBigUint64(Number(at));
  }

  /** Looks at every entry of the table that is in memory. */
  private search(segment: Segment): Entry {
    const { memory } = this.machine;
    const { org, size } = this.table();
    const groups = 1n << (11n + size);
    const offset = this.ea & ones(segment.size);
    const fold = segment.size === 40n ? segment.vsid << 25n : 0n;
    const hash = (segment.vsid ^ fold ^ (offset >> segment.base)) & ones(39n);
    const primary = org | ((hash % groups) << 7n);
    const secondary = org | (((hash ^ ones(39n)) % groups) << 7n);
    const end = BigInt(memory.byteLength);
    const found: Entry[] = [];
    const last = groups * 128n + org < end ? groups * 128n + org : end;
    for (let at = Number(org); at < last; at += 16) {
      if ((memory.getUint8(at + 7) & 1) === 0) continue;
      const group = (BigInt(at) >> 7n) << 7n;
      const h = (memory.getUint8(at + 7) & 2) !== 0;
      const looked = (!h && group === primary) || (h && group === secondary && !this.lpcr(54));
      if (!looked) continue;
      const entry = this.match(segment, at);
      if (entry) found.push(entry);
    }
    if (found.length > 1) this.machineCheck(HPTE);
    if (found.length === 1) return found[0]!;
    if (primary >= end || (secondary >= end && !this.lpcr(54))) this.machineCheck(WALK);
    return this.pageFault(segment, NO_TRANSLATION);
  }

  private match(segment: Segment, at: number): Entry | undefined {
    const dw0 = this.machine.memory.getBigUint64(at);
    const dw1 = this.machine.memory.getBigUint64(at + 8);
    const b = this.v3 ? (dw1 >> 58n) & 3n : dw0 >> 62n;
    if (b !== (segment.size === 40n ? 1n : 0n)) return undefined;
    const offset = this.ea & ones(segment.size);
    const va = (segment.vsid << segment.size) | ((offset >> segment.base) << segment.base);
    const avpn = (dw0 >> 7n) & (this.v3 ? ones(45n) : ones(55n));
    if (avpn !== va >> 23n) return undefined;
    for (const [base, actual, large, lp] of SIZES) {
      if (base !== segment.base || large !== ((dw0 & 4n) !== 0n)) continue;
      const rpn = (dw1 & 0x0ffffffffffff000n) >> 12n;
      const below = (dw1 & 0x0ffffffffffff000n & ones(actual)) >> 12n;
      if (!large || (below === lp && rpn >= 0n)) return { at, dw1, actual };
    }
    return undefined;
  }

  private protection(segment: Segment, { dw1 }: Entry): { r: boolean; w: boolean; x: boolean } {
    const k = (segment.word >> (this.pr ? 10n : 11n)) & 1n;
    const pp = ((dw1 >> 63n) << 2n) | (dw1 & 3n);
    const readable = k === 0n ? [0n, 1n, 2n, 3n, 6n] : [1n, 2n, 3n];
    const writable = k === 0n ? [0n, 1n, 2n] : [2n];
    const page = { r: readable.includes(pp), w: writable.includes(pp), x: readable.includes(pp) };
    const execute = (dw1 & 0xcn) === 0n && (segment.word & 0x200n) === 0n;
    const key = ((dw1 >> 57n) & 0x18n) | ((dw1 >> 9n) & 7n);
    const shift = 2n * (31n - key);
    const amr = this.relocated ? (this.register('AMR') >> shift) & 3n : 0n;
    const iamr = this.relocated ? (this.register('IAMR') >> shift) & 3n : 0n;
    const keys = { r: (amr & 1n) === 0n, w: (amr & 2n) === 0n, x: (iamr & 1n) === 0n };
    const need = this.fetch ? 'x' : this.store ? 'w' : 'r';
    let cause = keys[need] ? 0n : KEY;
    if (this.fetch && !execute) cause |= NO_EXECUTE;
    else if (!page[need]) cause |= PROTECTION;
    if (cause !== 0n) this.pageFault(segment, cause);
    return { r: page.r && keys.r, w: page.w && keys.w, x: page.x && keys.x && execute };
  }

  private inhibited(segment: Segment): void {
    switch (this.access) {
      case 'reserve':
      case 'conditional':
      case 'atomic':
        return this.pageFault(segment, ATTRIBUTE);
      case 'copy':
      case 'paste':
        return this.pageFault(segment, COPY_PASTE);
      case 'dcbz':
        throw new Fault(0n, 'alignment');
      default:
        return;
    }
  }

  /** R for every access, C for stores; one byte each. */
  private update({ at, dw1 }: Entry, sideEffects: boolean): bigint {
    if (!sideEffects) return dw1;
    const { memory } = this.machine;
    memory.setUint8(at + 14, memory.getUint8(at + 14) | 1);
    if (this.store) memory.setUint8(at + 15, memory.getUint8(at + 15) | 0x80);
    return memory.getBigUint64(at + 8);
  }
}

function describe(word: bigint, base: bigint): Segment {
  const oneTebibyte = word >> 62n === 1n;
  const vsid = oneTebibyte ? (word >> 24n) & ones(38n) : (word >> 12n) & ones(50n);
  return { word, size: oneTebibyte ? 40n : 28n, vsid, base };
}
