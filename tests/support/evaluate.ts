/**
 * A BigInt interpreter of the vocabulary: the slow, obvious twin of the engine, for tests. It executes one instruction
 * on a plain object; it knows no translation, no storage kinds and no services, which it records.
 */
import type { Expr, LocalNode, ModeName, ResourceName, StorageKind } from '../../isa/vocabulary/expr';
import { RESOURCES } from '../../isa/vocabulary/expr';
import { extractField, fieldWidth } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import { prologue } from '../../isa/vocabulary/prologue';
import type { Instruction } from '../../isa/vocabulary/row';
import type { RaiseReason, ServiceName } from '../../isa/vocabulary/services';
import type { Stmt, Target } from '../../isa/vocabulary/stmt';
import { applyOperator, BITS } from './operators';

/** Everything semantics can name. 64-bit values are unsigned; vectors are unsigned 128-bit numbers. */
export interface TestMachine {
  gpr: bigint[];
  vsr: bigint[];
  /** CR0 to CR7, 4 bits each. */
  cr: number[];
  resources: Record<ResourceName, bigint>;
  /** The address of the instruction. */
  cia: bigint;
  modes: Record<ModeName, number>;
  /** Bytes by effective address; an access to one that is not there is the outcome `fault`. */
  storage: Map<bigint, number>;
  /** What load-and-reserve left. */
  reservation: { ea: bigint; bytes: number } | undefined;
  /** Gives the results of services. */
  service: (name: ServiceName, args: readonly bigint[]) => bigint;
}

export interface Access {
  readonly kind: 'load' | 'store';
  readonly ea: bigint;
  readonly bytes: number;
  readonly storage: StorageKind;
}

/** How the instruction ended. `nia` is the address of the next instruction. */
export type Ending =
  | { readonly kind: 'next'; readonly nia: bigint }
  | { readonly kind: 'branch'; readonly nia: bigint }
  | { readonly kind: 'raise'; readonly reason: RaiseReason; readonly operand: bigint }
  | { readonly kind: 'fault'; readonly access: Access };

export type Outcome = Ending & {
  /** Services in the order of their calls, and storage accesses likewise. */
  readonly services: readonly { readonly name: ServiceName; readonly args: readonly bigint[] }[];
  readonly accesses: readonly Access[];
};

/** A machine of zeros in 64-bit little-endian mode, with every facility enabled and empty storage. */
export function newMachine(changes: Partial<TestMachine> = {}): TestMachine {
  const resources = Object.fromEntries(Object.keys(RESOURCES).map((name) => [name, 0n]));
  return {
    gpr: Array<bigint>(32).fill(0n),
    vsr: Array<bigint>(64).fill(0n),
    cr: Array<number>(8).fill(0),
    resources: {
      ...(resources as Record<ResourceName, bigint>),
      // SF, HV, VEC, VSX, FP.
      MSR: 0x9000_0000_0280_2000n,
      FSCR: (1n << 64n) - 1n,
      HFSCR: (1n << 64n) - 1n,
    },
    cia: 0x1000n,
    modes: { sf: 1, le: 1, blockShift: 7, xerReserved: 0 },
    storage: new Map(),
    reservation: undefined,
    service: (name) => {
      throw new Error(`the test gives no result for the service ${name}`);
    },
    ...changes,
  };
}

class Ended extends Error {
  constructor(readonly ending: Ending) {
    super(ending.kind);
  }
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

class Evaluation {
  readonly services: { name: ServiceName; args: bigint[] }[] = [];
  readonly accesses: Access[] = [];
  private readonly locals = new Map<LocalNode, bigint>();

  constructor(
    private readonly instruction: Instruction,
    private readonly image: bigint,
    private readonly machine: TestMachine,
  ) {}

  run(statements: readonly Stmt[]): void {
    for (const stmt of statements) this.step(stmt);
  }

  private step(stmt: Stmt): void {
    switch (stmt.s) {
      case 'let':
        this.locals.set(stmt.local, this.value(stmt.value));
        return;
      case 'set':
        this.set(stmt.target, this.value(stmt.value));
        return;
      case 'store':
        this.store(stmt, this.address(stmt.ea), this.value(stmt.value));
        return;
      case 'if':
        this.run(this.value(stmt.cond) !== 0n ? stmt.then : stmt.else);
        return;
      case 'repeat': {
        const times = this.value(stmt.times);
        if (times > BigInt(stmt.max)) throw new Error(`repeat ${times} times, at most ${stmt.max} declared`);
        for (let i = 0n; i < times; i++) {
          this.locals.set(stmt.local, i);
          this.run(stmt.body);
        }
        return;
      }
      case 'branch': {
        const target = this.value(stmt.target);
        const nia = (stmt.relative ? this.machine.cia + target : target) & ~3n;
        throw new Ended({ kind: 'branch', nia: this.inMode(nia) });
      }
      case 'raise':
        throw new Ended({ kind: 'raise', reason: stmt.reason, operand: this.value(stmt.operand) });
      case 'call':
        this.call(stmt.service, stmt.args);
    }
  }

  private set(target: Target, value: bigint): void {
    const { machine } = this;
    switch (target.t) {
      case 'gpr':
        machine.gpr[this.number(target.index, 32)] = value;
        return;
      case 'vsr':
        machine.vsr[this.number(target.index, 64)] = value;
        return;
      case 'crField':
        if (value > 15n) throw new Error(`${value} is no CR field`);
        machine.cr[this.number(target.index, 8)] = Number(value);
        return;
      case 'resource':
        machine.resources[target.name] = value;
        return;
      case 'local':
        if (!this.locals.has(target.local)) throw new Error('a local is assigned before it is defined');
        this.locals.set(target.local, value);
    }
  }

  private value(e: Expr): bigint {
    return BigInt.asUintN(BITS[e.ty], this.evaluate(e));
  }

  private evaluate(e: Expr): bigint {
    const { machine } = this;
    switch (e.k) {
      case 'const':
        return e.value;
      case 'field':
        return this.field(e.name, e.signed);
      case 'mode':
        return BigInt(machine.modes[e.name]);
      case 'gpr': {
        const index = this.number(e.index, 32);
        return e.orZero && index === 0 ? 0n : machine.gpr[index]!;
      }
      case 'vsr':
        return machine.vsr[this.number(e.index, 64)]!;
      case 'resource':
        return machine.resources[e.name];
      case 'crField':
        return BigInt(machine.cr[this.number(e.index, 8)]!);
      case 'cia':
        return machine.cia;
      case 'local': {
        const value = this.locals.get(e);
        if (value === undefined) throw new Error('a local is used before it is defined');
        return value;
      }
      case 'op':
        return applyOperator(e.op, e.args.map((arg) => this.value(arg))); // prettier-ignore
      case 'select': {
        // Both are evaluated, as in wasm: that a branch breaks a contract must not stay hidden.
        const [then, otherwise] = [this.value(e.then), this.value(e.else)];
        return this.value(e.cond) !== 0n ? then : otherwise;
      }
      case 'load': {
        const raw = this.load(e, this.address(e.ea));
        return e.signed ? BigInt.asIntN(8 * e.bytes, raw) : raw;
      }
      case 'storeConditional':
        return this.storeConditional(e.bytes, this.address(e.ea), this.value(e.value));
      case 'call':
        return this.call(e.service, e.args);
    }
  }

  private field(name: string, isSigned: boolean): bigint {
    const pieces = fieldBits(this.instruction.row.form, name);
    const raw = extractField(this.image, this.instruction.size, pieces);
    return isSigned ? BigInt.asIntN(fieldWidth(pieces), raw) : raw;
  }

  /** A register number, which must be one. */
  private number(index: Expr, limit: number): number {
    const n = Number(this.value(index));
    if (n >= limit) throw new Error(`register number ${n}, there are ${limit}`);
    return n;
  }

  private inMode(value: bigint): bigint {
    return BigInt.asUintN(this.machine.modes.sf ? 64 : 32, value);
  }

  private address(e: Expr): bigint {
    return this.inMode(this.value(e));
  }

  private call(name: ServiceName, args: readonly Expr[]): bigint {
    const values = args.map((arg) => this.value(arg));
    this.services.push({ name, args: values });
    return u64(this.machine.service(name, values));
  }

  /** Addresses of the bytes of an access, most significant first. */
  private bytes(access: Access, reversed: boolean): bigint[] {
    this.accesses.push(access);
    const addresses = [...Array(access.bytes).keys()].map((i) => this.inMode(access.ea + BigInt(i)));
    if (addresses.some((ea) => !this.machine.storage.has(ea))) throw new Ended({ kind: 'fault', access });
    return (this.machine.modes.le === 1) !== reversed ? addresses.reverse() : addresses;
  }

  private load(e: Extract<Expr, { k: 'load' }>, ea: bigint): bigint {
    const addresses = this.bytes({ kind: 'load', ea, bytes: e.bytes, storage: e.storage }, e.reversed);
    if (e.storage === 'reserve') this.machine.reservation = { ea, bytes: e.bytes };
    return addresses.reduce((value, at) => (value << 8n) | BigInt(this.machine.storage.get(at)!), 0n);
  }

  private store(
    how: { bytes: number; reversed: boolean; storage: StorageKind },
    ea: bigint,
    value: bigint,
  ): void {
    const { bytes, storage } = how;
    const addresses = this.bytes({ kind: 'store', ea, bytes, storage }, how.reversed).reverse();
    addresses.forEach((at, i) => this.machine.storage.set(at, Number((value >> BigInt(8 * i)) & 0xffn)));
  }

  /** choice: the address is translated, and may fault, whether or not the reservation is held. */
  private storeConditional(bytes: number, ea: bigint, value: bigint): bigint {
    const held = this.machine.reservation;
    const how = { bytes, reversed: false, storage: 'reserve' } as const;
    this.bytes({ kind: 'store', ea, bytes, storage: 'reserve' }, false);
    this.accesses.pop();
    this.machine.reservation = undefined;
    if (held?.ea !== ea || held.bytes !== bytes) return 0n;
    this.store(how, ea, value);
    return 1n;
  }
}

/**
 * Executes one instruction on a machine, which it changes; a raise or a fault leaves what was changed before it.
 *
 * @param image the instruction, 32 or (prefixed) 64 bits
 * @throws Error where the semantics break a rule of the vocabulary (a defect of the row)
 */
export function evaluate(instruction: Instruction, image: bigint, machine: TestMachine): Outcome {
  const evaluation = new Evaluation(instruction, image, machine);
  const { services, accesses } = evaluation;
  try {
    evaluation.run([...prologue(instruction.row), ...instruction.row.sem]);
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    return { ...error.ending, services, accesses };
  }
  const nia = machine.cia + BigInt(instruction.size / 8);
  return { kind: 'next', nia: BigInt.asUintN(machine.modes.sf ? 64 : 32, nia), services, accesses };
}
