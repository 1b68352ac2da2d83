/** Atomic memory operations: what each function code does (Power ISA v3.1 Book II, 4.5). */
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { ACCESS } from '../../mmu/access';
import type { Cpu } from '../cpu';
import { takeInterrupt } from '../interrupts';
import { OUTCOME, type Outcome } from '../outcome';
import { raise } from '../raise';
import { loadReal, locate, storeReal } from './operand';
import type { Service } from './service';

/** Values of one operation, as unsigned numbers of `bits` bits. */
interface AtomicInput {
  readonly memory: bigint;
  /** The location beside it: after it, or for `before` before it. Only for functions that have a pair. */
  readonly other: bigint;
  /** Registers RT+1 and RT+2 of a load, RS (in `first`) of a store. */
  readonly first: bigint;
  readonly second: bigint;
  readonly bits: number;
}

interface AtomicFunction {
  /** The other location: absent, after or before the operand. */
  readonly pair?: 'after' | 'before';
  /** The new value at the operand; undefined: it is not stored to. */
  readonly store: (x: AtomicInput) => bigint | undefined;
  /** A store that puts the same into the other location. */
  readonly storesBoth?: boolean;
  /** What a load gives; absent: the old value at the operand. */
  readonly result?: (x: AtomicInput) => bigint;
}

const signed = (value: bigint, { bits }: AtomicInput): bigint => BigInt.asIntN(bits, value);
const firstIf = (condition: boolean, { first, memory }: AtomicInput): bigint => (condition ? first : memory);

const ADD: AtomicFunction = { store: (x) => x.memory + x.first };
const XOR: AtomicFunction = { store: (x) => x.memory ^ x.first };
const OR: AtomicFunction = { store: (x) => x.memory | x.first };
const AND: AtomicFunction = { store: (x) => x.memory & x.first };
const MAX_UNSIGNED: AtomicFunction = { store: (x) => firstIf(x.first > x.memory, x) };
const MAX_SIGNED: AtomicFunction = { store: (x) => firstIf(signed(x.first, x) > signed(x.memory, x), x) };
const MIN_UNSIGNED: AtomicFunction = { store: (x) => firstIf(x.first < x.memory, x) };
const MIN_SIGNED: AtomicFunction = { store: (x) => firstIf(signed(x.first, x) < signed(x.memory, x), x) };
const ARITHMETIC = [ADD, XOR, OR, AND, MAX_UNSIGNED, MAX_SIGNED, MIN_UNSIGNED, MIN_SIGNED];

/** What a bounded function gives that stored nothing: the most negative number. */
const refused = ({ bits }: AtomicInput): bigint => 1n << BigInt(bits - 1);

/** Adds `step` where the operand and its neighbour compare as said. */
const bounded = (pair: 'after' | 'before', step: bigint, equal: boolean): AtomicFunction => {
  const permitted = (x: AtomicInput): boolean => (x.memory === x.other) === equal;
  return {
    pair,
    store: (x) => (permitted(x) ? x.memory + step : undefined),
    result: (x) => (permitted(x) ? x.memory : refused(x)),
  };
};

/** Function codes of lwat and ldat. */
const LOAD_FUNCTIONS: ReadonlyMap<number, AtomicFunction> = new Map<number, AtomicFunction>([
  ...ARITHMETIC.entries(),
  // Swap.
  [0b01000, { store: (x) => x.first }],
  // Compare and swap not equal.
  [0b10000, { store: (x) => (x.memory === x.first ? undefined : x.second) }],
  // Fetch and increment bounded, fetch and increment equal, fetch and decrement bounded.
  [0b11000, bounded('after', 1n, false)],
  [0b11001, bounded('after', 1n, true)],
  [0b11100, bounded('before', -1n, false)],
]);

/** Function codes of stwat and stdat. */
const STORE_FUNCTIONS: ReadonlyMap<number, AtomicFunction> = new Map<number, AtomicFunction>([
  ...ARITHMETIC.entries(),
  // Store twin: both locations, where they are equal.
  [0b11000, { pair: 'after', storesBoth: true, store: (x) => (x.memory === x.other ? x.first : undefined) }],
]);

/** Both locations of a pair lie in one block of this size. */
const BLOCK = 32n;

const offsetOfOther = ({ pair }: AtomicFunction, length: bigint): bigint =>
  pair === undefined ? 0n : pair === 'after' ? length : -length;

/** Operands are aligned, and a pair does not leave its block. */
function isAligned(ea: bigint, length: bigint, f: AtomicFunction): boolean {
  const other = ea + offsetOfOther(f, length);
  return ea % length === 0n && ea / BLOCK === other / BLOCK && other >= 0n;
}

/** A function code that does not exist: a data storage interrupt. */
function reservedFunction(cpu: Cpu, ea: bigint): Outcome {
  const dsisr = STORAGE_CAUSE.AMO_FUNCTION.mask | STORAGE_CAUSE.STORE.mask;
  return takeInterrupt(cpu, 'dataStorage', { dar: ea, dsisr, byInstruction: true });
}

/** Registers after RT wrap around. */
const gprAfter = (cpu: Cpu, n: number, bits: number): bigint => BigInt.asUintN(bits, cpu.state.gpr(n & 31));

const atomic =
  (functions: ReadonlyMap<number, AtomicFunction>, kind: 'load' | 'store'): Service =>
  (cpu) => {
    const [ea, register, length] = [cpu.arg(0), cpu.argInt(2), cpu.argInt(3) as 4 | 8];
    const f = functions.get(cpu.argInt(1));
    if (!f) return reservedFunction(cpu, ea);
    if (!isAligned(ea, BigInt(length), f)) return raise(cpu, 'alignment', ea);
    const at = locate(cpu, { ea, length, access: ACCESS.atomic });
    if ('outcome' in at) return at.outcome;
    const bits = 8 * length;
    const other = at.ra + offsetOfOther(f, BigInt(length));
    const operand = kind === 'load' ? register + 1 : register;
    const input: AtomicInput = {
      memory: loadReal(cpu, at.ra, length),
      other: f.pair === undefined ? 0n : loadReal(cpu, other, length),
      first: gprAfter(cpu, operand, bits),
      second: gprAfter(cpu, operand + 1, bits),
      bits,
    };
    const value = f.store(input);
    if (value !== undefined) {
      storeReal(cpu, at.ra, length, value);
      if (f.storesBoth) storeReal(cpu, other, length, value);
    }
    if (kind === 'load') cpu.state.setGpr(register, f.result ? f.result(input) : input.memory);
    return OUTCOME.NEXT;
  };

export const ATOMIC_SERVICES = {
  loadAtomic: atomic(LOAD_FUNCTIONS, 'load'),
  storeAtomic: atomic(STORE_FUNCTIONS, 'store'),
} as const satisfies Record<string, Service>;
