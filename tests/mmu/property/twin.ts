/**
 * The slow, obvious twin of the walkers: radix translation written from the rules with BigInt, one rule after the
 * other, no sharing of code, masks as the manual's bit numbers. It computes registers, not faults.
 */
import type { Access } from '../../../src/mmu/access';
import type { MmuPolicy } from '../../../src/mmu/policy';
import type { TwinOutcome } from '../outcome';

export interface TwinMachine {
  readonly memory: DataView;
  readonly registers: Readonly<Record<string, bigint>>;
  readonly policy: MmuPolicy;
}

/** Bits `from..to` of a 64-bit value, ISA numbering. */
const bits = (value: bigint, from: number, to = from): bigint =>
  (value >> BigInt(63 - to)) & ((1n << BigInt(to - from + 1)) - 1n);
/** The same bits in place. */
const inPlace = (value: bigint, from: number, to: number): bigint => bits(value, from, to) << BigInt(63 - to);
const bit = (n: number): bigint => 1n << BigInt(63 - n);

class Interrupt extends Error {
  constructor(
    readonly interrupt: string,
    readonly image: Record<string, bigint>,
  ) {
    super(interrupt);
  }
}

type Scope = 'process' | 'partition';
/** What the partition-scoped translation is of: an address of a table (to be read), or the access. */
type For = 'table' | 'access';
interface Leaf {
  scope: Scope;
  /** Host real address of the entry. */
  at: bigint;
  value: bigint;
  size: bigint;
  rights: string;
}

export class Twin {
  private readonly hv: boolean;
  private readonly pr: boolean;
  private readonly relocate: boolean;
  private ea: bigint;
  private lpid = 0n;
  private commits: Array<() => void> = [];
  private sideEffects = true;

  constructor(
    private readonly machine: TwinMachine,
    private readonly access: Access,
    ea: bigint,
  ) {
    const msr = this.reg('MSR');
    this.hv = machine.policy.name === 'microwatt' || bits(msr, 3) === 1n;
    this.pr = bits(msr, 49) === 1n;
    this.relocate = bits(msr, access.fetch ? 58 : 59) === 1n;
    this.ea = bits(msr, 0) === 1n ? ea : ea & 0xffffffffn;
  }

  private reg(name: string): bigint {
    return this.machine.registers[name] ?? 0n;
  }

  run(sideEffects: boolean): TwinOutcome {
    this.sideEffects = sideEffects;
    try {
      const outcome = this.translate();
      if (sideEffects) for (const commit of this.commits) commit();
      return outcome;
    } catch (e) {
      if (e instanceof Interrupt) return { interrupt: e.interrupt, image: e.image };
      throw e;
    }
  }

  private get microwatt(): boolean {
    return this.machine.policy.name === 'microwatt';
  }

  private translate(): TwinOutcome {
    if (this.access.inhibitedForm && this.relocate) this.dataStorage(bit(62));
    if (this.hv && !this.relocate) return this.real();
    return this.relocate ? this.radix() : this.guestReal();
  }

  private real(): TwinOutcome {
    let ra = inPlace(this.ea, 4, 63);
    if (!this.microwatt && bits(this.ea, 0) === 0n) ra |= inPlace(this.reg('HRMOR'), 4, 63);
    const inhibited = this.access.inhibitedForm || (this.microwatt && bits(this.ea, 32, 35) === 0xcn);
    return { ra, pageShift: 12, inhibited, guarded: inhibited, rights: 'rwx' };
  }

  private guestReal(): TwinOutcome {
    this.lpid = this.reg('LPIDR') & 0xfffn;
    const pate = this.partitionEntry();
    const gra = inPlace(this.ea, 4, 63);
    const leaf = this.partitionScoped(pate[0], gra, 'access', this.access);
    return this.finish(leafAddress(leaf, gra), undefined, leaf);
  }

  private radix(): TwinOutcome {
    const quadrant = Number(bits(this.ea, 0, 1));
    const lpidr = this.microwatt ? 0n : this.reg('LPIDR') & 0xfffn;
    const pidr = this.reg('PIDR') & (this.microwatt ? 0xfffn : 0xfffffn);
    if (!this.microwatt) {
      if (!this.hv && (quadrant === 1 || quadrant === 2)) this.segment();
      if (bits(this.ea, 2, 11) !== 0n) this.segment();
    }
    const ofGuest = !this.hv || quadrant === 1 || quadrant === 2;
    this.lpid = ofGuest ? lpidr : 0n;
    const pid = quadrant === 0 || quadrant === 1 ? pidr : 0n;
    const twoStage = !this.hv || this.lpid !== 0n;

    const pate = this.partitionEntry();
    const prte = this.processEntry(pate, pid);
    if (this.microwatt) {
      if (bits(prte, 59, 63) === 0n) this.own(bit(33));
      if (quadrant === 1 || quadrant === 2) this.segment();
      const size = 31n + bits(prte, 1, 2) * 8n + bits(prte, 56, 58);
      if (inPlace(this.ea, 2, 63) >> size !== 0n) this.segment();
    }
    const address = inPlace(this.ea, 2, 63);
    let hostLeaf: Leaf | undefined;
    const leaf = this.walk('process', prte, address, (entry) => {
      if (!twoStage) return entry;
      hostLeaf = this.partitionScoped(pate[0], entry, 'table');
      return leafAddress(hostLeaf, entry);
    });
    leaf.rights = this.processRights(leaf.value);
    if (!leaf.rights.includes(this.letter())) this.own(this.access.fetch ? bit(35) : bit(36));
    this.processReferenceChange(leaf, twoStage ? hostLeaf : undefined);
    const ra = leafAddress(leaf, address);
    if (!twoStage) return this.finish(ra, leaf, undefined);
    const final = this.partitionScoped(pate[0], ra, 'access', this.access);
    return this.finish(leafAddress(final, ra), leaf, final);
  }

  private letter(access: Access = this.access): 'r' | 'w' | 'x' {
    return access.fetch ? 'x' : access.store ? 'w' : 'r';
  }

  private finish(ra: bigint, process: Leaf | undefined, partition: Leaf | undefined): TwinOutcome {
    const leaves = [process, partition].filter((leaf) => leaf !== undefined);
    const att = (leaf: Leaf): bigint => bits(leaf.value, 58, 59);
    const inhibited = leaves.some((leaf) => att(leaf) >= 2n);
    const guarded = leaves.some((leaf) => att(leaf) === 2n);
    if (inhibited && !this.microwatt && this.machine.policy.inhibitedAtomics === 'interrupt') {
      const own = process !== undefined && att(process) >= 2n;
      const refuse = (cause: bigint): never =>
        own ? this.own(cause) : this.hypervisor(cause, partitionAddress(this.lastGuestRa), 'access');
      if (this.access.onInhibited === 'attribute') refuse(bit(37));
      if (this.access.onInhibited === 'copyPaste') refuse(bit(60));
      if (this.access.onInhibited === 'alignment')
        throw new Interrupt('alignment', { DAR: this.ea, SRR1: 0n });
    }
    const may = (letter: string): boolean =>
      leaves.every(
        (leaf) =>
          leaf.rights.includes(letter) &&
          bits(leaf.value, 55) === 1n &&
          (letter !== 'w' || bits(leaf.value, 56) === 1n),
      );
    const rights = ['r', 'w', 'x'].map((letter) => (may(letter) ? letter : '-')).join('');
    const pageShift = Math.min(...leaves.map((leaf) => Number(leaf.size)));
    return { ra, pageShift, inhibited, guarded, rights };
  }

  /** Partition table: both doublewords of the effective LPID's entry. */
  private partitionEntry(): [bigint, bigint] {
    const ptcr = this.reg('PTCR');
    const base = inPlace(ptcr, 4, 51);
    if (this.microwatt) return [0n, this.read(base + 8n)];
    const bad = (): never => this.hypervisor(bit(44), this.ea, 'access');
    if (!this.hv && this.lpid === 0n) bad();
    const size = 1n << (12n + bits(ptcr, 59, 63));
    if (base % size !== 0n || this.lpid * 16n >= size) bad();
    const dw1 = this.read(base + this.lpid * 16n + 8n);
    const dw0 = this.read(base + this.lpid * 16n);
    if (bits(dw0, 0) === 0n || bits(dw0, 59, 63) < 5n) bad();
    return [dw0, dw1];
  }

  private processEntry([dw0, dw1]: [bigint, bigint], pid: bigint): bigint {
    const base = inPlace(dw1, 4, 51);
    const size = 1n << (12n + bits(dw1, 59, 63));
    if (this.microwatt) return this.read(base - (base % size) + ((pid * 16n) % size));
    if (base % size !== 0n) this.own(bit(44));
    if (pid * 16n >= size) this.own(bit(33));
    const entry = base + pid * 16n;
    return this.read(leafAddress(this.partitionScoped(dw0, entry, 'table'), entry));
  }

  private lastGuestRa = 0n;

  private partitionScoped(root: bigint, gra: bigint, purpose: For, access?: Access): Leaf {
    this.lastGuestRa = gra;
    const leaf = this.walk('partition', root, gra, (entry) => entry, purpose);
    leaf.rights = grants(leaf.value, false);
    const letter = access ? this.letter(access) : 'r';
    if (!leaf.rights.includes(letter))
      this.hypervisor(letter === 'x' ? bit(35) : bit(36), partitionAddress(gra), purpose);
    const wanted = bit(55) | (letter === 'w' ? bit(56) : 0n);
    const missing = wanted & ~leaf.value;
    if (missing === 0n) return leaf;
    if (this.machine.policy.referenceChange === 'interrupt') {
      if (this.lpid === 0n) {
        if (this.access.fetch) throw new Interrupt('instructionStorage', { SRR1: bit(45) });
        const store = purpose === 'access' && this.access.store ? bit(38) : 0n;
        throw new Interrupt('dataStorage', { DAR: this.ea, DSISR: bit(45) | store, SRR1: 0n });
      }
      this.hypervisor(bit(45), gra, purpose);
    }
    if (purpose === 'table' && this.sideEffects) this.setBits(leaf.at, missing);
    else this.commits.push(() => this.setBits(leaf.at, missing));
    if (this.sideEffects) leaf.value |= missing;
    return leaf;
  }

  private processReferenceChange(leaf: Leaf, hostLeaf: Leaf | undefined): void {
    const missing = (bit(55) | (this.access.store ? bit(56) : 0n)) & ~leaf.value;
    if (missing === 0n) return;
    if (this.machine.policy.referenceChange === 'interrupt') this.own(bit(45));
    if (hostLeaf) {
      // To set the bit is a store to the guest's table.
      const gra = partitionAddress(this.lastGuestRa);
      if (!hostLeaf.rights.includes('w')) this.hypervisor(bit(36), gra, 'table', 'store');
      this.commits.push(() => this.setBits(hostLeaf.at, bit(56)));
    }
    this.commits.push(() => this.setBits(leaf.at, missing));
    if (this.sideEffects) leaf.value |= missing;
  }

  private walk(
    scope: Scope,
    root: bigint,
    address: bigint,
    toHost: (entry: bigint) => bigint,
    purpose: For = 'access',
  ): Leaf {
    const fail = (cause: bigint): never =>
      scope === 'process' ? this.own(cause) : this.hypervisor(cause, address, purpose);
    const size = 31n + bits(root, 1, 2) * 8n + bits(root, 56, 58);
    if (!this.microwatt && size !== 52n) fail(bit(44));
    if (address >> size !== 0n) fail(bit(33));
    let left = size;
    let table = root;
    for (let level = 0; ; level++) {
      const n = bits(table, 59, 63);
      if (!this.isTableSize(level, n) || left - n < 12n) fail(bit(44));
      left -= n;
      const index = (address >> left) & ((1n << n) - 1n);
      const base = inPlace(table, 4, 55);
      const at = toHost(base - (base % (1n << (n + 3n))) + index * 8n);
      const value = this.read(at);
      if (bits(value, 0) === 0n) fail(bit(33));
      if (bits(value, 1) === 1n) {
        if (!this.microwatt && level === 0) fail(bit(44));
        return { scope, at, value, size: left, rights: '' };
      }
      table = value;
    }
  }

  private isTableSize(level: number, n: bigint): boolean {
    if (this.microwatt) return n >= 5n && n <= 16n;
    if (level === 0) return n === 13n;
    if (level === 1 || level === 2) return n === 9n;
    return level === 3 && (n === 9n || n === 5n);
  }

  private processRights(pte: bigint): string {
    const privileged = bits(pte, 60) === 1n;
    if (privileged && this.pr) return '';
    let rights = grants(pte, this.microwatt);
    if (privileged || this.pr || this.microwatt) return rights;
    if (bits(this.reg('AMR'), 0) === 1n) rights = rights.replace('w', '');
    if (bits(this.reg('AMR'), 1) === 1n) rights = rights.replace('r', '');
    if (bits(this.reg('IAMR'), 1) === 1n) rights = rights.replace('x', '');
    return rights;
  }

  private read(at: bigint): bigint {
    if (at + 8n <= BigInt(this.machine.memory.byteLength))
      return this.machine.memory.getBigUint64(Number(at));
    if (this.microwatt) return this.own(bit(44));
    if (this.access.fetch) throw new Interrupt('machineCheck', { SRR1: 0x08100000n });
    throw new Interrupt('machineCheck', { SRR1: 0x00200000n, DSISR: 0x20n, DAR: this.ea });
  }

  private setBits(at: bigint, value: bigint): void {
    const { memory } = this.machine;
    memory.setBigUint64(Number(at), memory.getBigUint64(Number(at)) | value);
  }

  private segment(): never {
    if (this.access.fetch) throw new Interrupt('instructionSegment', { SRR1: 0n });
    throw new Interrupt('dataSegment', { SRR1: 0n, DAR: this.ea });
  }

  private dataStorage(cause: bigint): never {
    const store = this.access.store ? bit(38) : 0n;
    throw new Interrupt('dataStorage', { SRR1: 0n, DAR: this.ea, DSISR: cause | store });
  }

  /** The access's own storage interrupt. */
  private own(cause: bigint): never {
    if (this.access.fetch) throw new Interrupt('instructionStorage', { SRR1: cause });
    return this.dataStorage(cause);
  }

  private hypervisor(cause: bigint, asdr: bigint, purpose: For, how: 'load' | 'store' = 'load'): never {
    const inWalk = purpose === 'table';
    if (inWalk) cause |= bit(46);
    const store = inWalk ? how === 'store' : this.access.store;
    if (this.access.fetch && !(inWalk && this.machine.policy.fetchTableFault === 'HDSI')) {
      const HSRR1 = cause | (inWalk && store ? bit(47) : 0n);
      throw new Interrupt('hypervisorInstructionStorage', { HSRR1, ASDR: asdr });
    }
    throw new Interrupt('hypervisorDataStorage', {
      HSRR1: 0n,
      HDAR: this.ea,
      HDSISR: cause | (store ? bit(38) : 0n),
      ASDR: asdr,
    });
  }
}

const partitionAddress = (gra: bigint): bigint => gra;

function leafAddress(leaf: Leaf, address: bigint): bigint {
  const page = 1n << leaf.size;
  const real = inPlace(leaf.value, 7, 51);
  return real - (real % page) + (address % page);
}

/** EAA1:3, without EAA0; fetches are denied from ATT 10, on Microwatt also from 11. */
function grants(pte: bigint, microwatt: boolean): string {
  const att = bits(pte, 58, 59);
  const fetchable = microwatt ? att < 2n : att !== 2n;
  const write = bits(pte, 62) === 1n;
  const read = write || bits(pte, 61) === 1n;
  return (read ? 'r' : '') + (write ? 'w' : '') + (bits(pte, 63) === 1n && fetchable ? 'x' : '');
}
