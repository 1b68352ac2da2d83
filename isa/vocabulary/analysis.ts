/**
 * What semantics read and write, derived from them: registers, flags, storage, services, and whether a block of
 * straight-line code ends here. It executes nothing and knows no values but those of the instruction's fields.
 */
import { constantOf, type Known } from './constant';
import type { Expr, LocalNode, ResourceName } from './expr';
import { extractField, fieldWidth } from './field-bits';
import { fieldBits } from './forms';
import type { Instruction } from './row';
import { SERVICES, type RaiseReason, type ServiceName } from './services';
import type { Stmt } from './stmt';

/** Which register of a file: by number, by the field that numbers it, or one that only execution tells. */
export type RegisterRef =
  | { readonly by: 'number'; readonly number: number }
  | {
      readonly by: 'field';
      readonly field: string;
      /** (RA|0): none where the field is 0. */ readonly orZero: boolean;
      /** Added to the field's value: vector register n is VSR 32 + n, a pair has the next one too. */
      readonly plus: number;
    }
  | { readonly by: 'computed' };

/** State on one side of an instruction. Lists hold each register once. */
export interface StateUse {
  readonly gprs: readonly RegisterRef[];
  readonly vsrs: readonly RegisterRef[];
  readonly crFields: readonly RegisterRef[];
  /** LR, CTR, TAR, MSR, flags of XER and the like. */
  readonly resources: ReadonlySet<ResourceName>;
  /** Loads on the reading side, stores on the writing one. */
  readonly storage: boolean;
}

export interface Effects {
  /** What may be read. Something read only after the instruction itself wrote it counts too. */
  readonly reads: StateUse;
  /** What may be written: a conditional write counts, and so reads nothing by itself. */
  readonly writes: StateUse;
  /** What services do to state is theirs and not in `reads` and `writes`. */
  readonly services: ReadonlySet<ServiceName>;
  readonly raises: ReadonlySet<RaiseReason>;
  /** True where some path branches. */
  readonly branches: boolean;
  /** True where execution does not go on in the same block: a branch, a service that ends it, or no way through. */
  readonly endsBlock: boolean;
}

class Use {
  private readonly files = {
    gprs: new Map<string, RegisterRef>(),
    vsrs: new Map<string, RegisterRef>(),
    crFields: new Map<string, RegisterRef>(),
  };
  readonly resources = new Set<ResourceName>();
  storage = false;

  add(file: 'gprs' | 'vsrs' | 'crFields', ref: RegisterRef): void {
    this.files[file].set(JSON.stringify(ref), ref);
  }

  result(): StateUse {
    const { gprs, vsrs, crFields } = this.files;
    const list = (m: Map<string, RegisterRef>): RegisterRef[] => [...m.values()];
    const { resources, storage } = this;
    return { gprs: list(gprs), vsrs: list(vsrs), crFields: list(crFields), resources, storage };
  }
}

class Analysis {
  readonly reads = new Use();
  readonly writes = new Use();
  readonly services = new Set<ServiceName>();
  readonly raises = new Set<RaiseReason>();
  branches = false;
  private readonly locals = new Map<LocalNode, number>();
  private readonly known: Known;

  constructor(field: Known['field']) {
    this.known = { field, local: (l) => this.locals.get(l) };
  }

  /** Visits statements; false where no path comes out at the end. */
  run(statements: readonly Stmt[]): boolean {
    return statements.every((stmt) => this.visit(stmt));
  }

  private visit(stmt: Stmt): boolean {
    switch (stmt.s) {
      case 'let':
        this.read(stmt.value);
        this.bind(stmt.local, stmt.value);
        return true;
      case 'set':
        this.write(stmt);
        return true;
      case 'store':
        this.read(stmt.ea);
        this.read(stmt.value);
        this.writes.storage = true;
        return true;
      case 'if': {
        const cond = constantOf(stmt.cond, this.known);
        if (cond !== undefined) return this.run(cond !== 0 ? stmt.then : stmt.else);
        this.read(stmt.cond);
        const through = [this.run(stmt.then), this.run(stmt.else)];
        return through.includes(true);
      }
      case 'repeat':
        this.repeat(stmt);
        return true;
      case 'branch':
        this.read(stmt.target);
        this.branches = true;
        return false;
      case 'raise':
        this.read(stmt.operand);
        this.raises.add(stmt.reason);
        return false;
      case 'call':
        this.service(stmt.service, stmt.args);
        return true;
    }
  }

  private bind(local: LocalNode, value: Expr): void {
    const constant = local.variable ? undefined : constantOf(value, this.known);
    if (constant === undefined) this.locals.delete(local);
    else this.locals.set(local, constant);
  }

  /** With a known count each round is visited with its number, so that registers numbered by it are exact. */
  private repeat(stmt: Extract<Stmt, { s: 'repeat' }>): void {
    const times = constantOf(stmt.times, this.known);
    if (times === undefined) {
      this.read(stmt.times);
      this.run(stmt.body);
      return;
    }
    for (let i = 0; i < times; i++) {
      this.locals.set(stmt.local, i);
      this.run(stmt.body);
    }
    this.locals.delete(stmt.local);
  }

  private write({ target, value }: Extract<Stmt, { s: 'set' }>): void {
    this.read(value);
    switch (target.t) {
      case 'local':
        return;
      case 'resource':
        this.writes.resources.add(target.name);
        return;
      case 'gpr':
        this.writes.add('gprs', this.register(target.index));
        return;
      case 'vsr':
        this.writes.add('vsrs', this.register(target.index));
        return;
      case 'crField':
        this.writes.add('crFields', this.register(target.index));
    }
  }

  private service(name: ServiceName, args: readonly Expr[]): void {
    for (const arg of args) this.read(arg);
    this.services.add(name);
  }

  /** The register that an index names; what a computed index is made of is read. */
  private register(index: Expr, orZero = false): RegisterRef {
    const number = constantOf(index, this.known);
    if (number !== undefined) return { by: 'number', number };
    const field = fieldPlus(index);
    if (field) return { by: 'field', ...field, orZero };
    this.read(index);
    return { by: 'computed' };
  }

  private read(e: Expr): void {
    switch (e.k) {
      case 'const':
      case 'field':
      case 'mode':
      case 'cia':
      case 'local':
        return;
      case 'gpr': {
        const ref = this.register(e.index, e.orZero);
        if (!(e.orZero && ref.by === 'number' && ref.number === 0)) this.reads.add('gprs', ref);
        return;
      }
      case 'vsr':
        this.reads.add('vsrs', this.register(e.index));
        return;
      case 'crField':
        this.reads.add('crFields', this.register(e.index));
        return;
      case 'resource':
        this.reads.resources.add(e.name);
        return;
      case 'op':
        for (const arg of e.args) this.read(arg);
        return;
      case 'select':
        this.select(e);
        return;
      case 'load':
        this.read(e.ea);
        this.reads.storage = true;
        return;
      case 'storeConditional':
        this.read(e.ea);
        this.read(e.value);
        this.writes.storage = true;
        return;
      case 'call':
        this.service(e.service, e.args);
    }
  }

  private select(e: Extract<Expr, { k: 'select' }>): void {
    const cond = constantOf(e.cond, this.known);
    if (cond === undefined) this.read(e.cond);
    if (cond !== 0) this.read(e.then);
    if (cond === undefined || cond === 0) this.read(e.else);
  }
}

/** A field, or the sum of a field and a constant. */
function fieldPlus(index: Expr): { field: string; plus: number } | undefined {
  if (index.k === 'field') return { field: index.name, plus: 0 };
  if (index.k !== 'op' || index.op !== 'i32.add') return undefined;
  const [field, constant] = index.args;
  if (field?.k !== 'field' || constant?.k !== 'const') return undefined;
  return { field: field.name, plus: Number(constant.value) };
}

/**
 * The effects of statements.
 *
 * @param field the value of a field where it is known, unsigned or signed as asked; undefined leaves it open
 */
export function effectsOf(statements: readonly Stmt[], field: Known['field'] = () => undefined): Effects {
  const analysis = new Analysis(field);
  const through = analysis.run(statements);
  const { services, raises, branches } = analysis;
  const left = [...services].some((name) => SERVICES[name].endsBlock);
  return {
    reads: analysis.reads.result(),
    writes: analysis.writes.result(),
    services,
    raises,
    branches,
    endsBlock: branches || left || !through,
  };
}

const fieldIn =
  ({ row, size }: Instruction, image: bigint): Known['field'] =>
  (name, signed) => {
    const pieces = fieldBits(row.form, name);
    const raw = extractField(image, size, pieces);
    return Number(signed ? BigInt.asIntN(fieldWidth(pieces), raw) : raw);
  };

/** The effects of one instruction with all its fields: registers by number wherever a field numbers them. */
export const effectsOfImage = (instruction: Instruction, image: bigint): Effects =>
  effectsOf(instruction.row.sem, fieldIn(instruction, image));

/** The effects of every instruction of a variant: only its opcode and suffix fields are known. */
export const effectsOfInstruction = (instruction: Instruction): Effects =>
  effectsOf(instruction.row.sem, (name) => instruction.fixed[name]);
