/** Generated code against the BigInt evaluator: every instruction, in every mode, on random fields and state. */
import fc from 'fast-check';
import { INSTRUCTIONS } from '../../isa/index';
import { MSR } from '../../isa/registers/msr';
import { RESOURCES, type ResourceName } from '../../isa/vocabulary/expr';
import type { Instruction } from '../../isa/vocabulary/row';
import {
  SERVICES,
  type RaiseReason,
  type ServiceName,
  type ServiceSpec,
} from '../../isa/vocabulary/services';
import { u64 } from '../../src/core/u64';
import { Engine, type EngineHost } from '../../src/engine/engine';
import { EXIT } from '../../src/engine/exit';
import { SERVICE_NAMES } from '../../src/engine/service-code';
import type { AccessDescriptor } from '../../src/engine/storage-code';
import { variantIndex } from '../../src/engine/variant';
import type { CpuState } from '../../src/state/cpu-state';
import { offsetOf, slot } from '../../src/state/layout';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { double } from '../support/float-values';

const specOf = (name: ServiceName): ServiceSpec => SERVICES[name];

const RAM_SIZE = 1 << 16;
const CODE = 0x1000;
/** Storage that exists: the end of one page and the start of the next, so that accesses cross and fall off. */
const STORAGE = { from: 0x4f80, to: 0x5100 };
/** The most bytes that one instruction accesses. */
const LONGEST = 128;
const ARG = offsetOf('ARG');
const RESULT = offsetOf('RESULT');

/** What a service gives: some function of its operands. */
const answer = (name: ServiceName, args: readonly bigint[]): bigint =>
  u64(args.reduce((sum, arg) => sum * 31n + arg, BigInt(name.length))) & (CONDITIONS[name] ?? u64(-1n));
/** Services that give a condition and not any doubleword. */
const CONDITIONS: Partial<Record<ServiceName, bigint>> = { stqcx: 1n, paste: 2n };

/** A host that does storage byte by byte and records everything else. */
class Recorder implements EngineHost {
  engine!: Engine;
  services: { name: ServiceName; args: bigint[] }[] = [];
  raised: { reason: RaiseReason; operand: bigint } | undefined;
  faulted = false;

  private get cpu(): CpuState {
    return this.engine.cpus[0]!;
  }

  service(_cpu: number, service: number): number {
    const name = SERVICE_NAMES[service]!;
    const args = Array.from({ length: SERVICES[name].args }, (_, i) => this.cpu.get(ARG + 8 * i));
    this.services.push({ name, args });
    this.cpu.set(RESULT, answer(name, args));
    return 0;
  }

  raise(_cpu: number, reason: RaiseReason): number {
    this.raised = { reason, operand: this.cpu.get(ARG) };
    return EXIT.event;
  }

  observe(): number {
    return 0;
  }

  storage(_cpu: number, access: AccessDescriptor): number {
    const { cpu, engine } = this;
    const ea = cpu.get(ARG);
    for (let i = 0; i < access.bytes; i++) {
      const at = Number(u64(ea + BigInt(i)));
      if (at >= STORAGE.from && at < STORAGE.to) continue;
      this.faulted = true;
      return EXIT.event;
    }
    const at = Number(ea);
    const held = cpu.int(offsetOf('RESLEN')) === access.bytes && cpu.get(offsetOf('RESADDR')) === ea;
    if (access.operation === 'load') {
      let value = 0n;
      for (let i = access.bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(engine.ram.bytes[at + i]!);
      cpu.set(RESULT, value);
      if (access.kind === 'reserve') {
        cpu.setInt(offsetOf('RESLEN'), access.bytes);
        cpu.set(offsetOf('RESADDR'), ea);
      }
    } else if (access.operation === 'store' || held) {
      for (let i = 0; i < access.bytes; i++)
        engine.ram.bytes[at + i] = Number((cpu.get(ARG + 8) >> BigInt(8 * i)) & 0xffn);
    }
    if (access.operation === 'storeConditional') {
      cpu.setInt(offsetOf('RESLEN'), 0);
      cpu.set(RESULT, held ? 1n : 0n);
    }
    const page = at & ~0xfff;
    // Not where what follows may fall off the end of storage within the page.
    if (at % 2 === 0 && at + LONGEST <= STORAGE.to)
      engine.cacheTranslation(cpu, { hi: 0, lo: at }, page, { read: true, write: true });
    return 0;
  }
}

const host = new Recorder();
const engine = new Engine(
  {
    ramSize: RAM_SIZE,
    implements: () => true,
    code: {
      blockShift: 7,
      cracksLoadUpdates: false,
      keepsReservedXer: false,
      tabulatedEstimates: false,
      conditionalShift: 0,
      plainSprs: [],
    },
  },
  host,
);
host.engine = engine;
const cpu = engine.cpus[0]!;

interface Case {
  readonly random: bigint;
  readonly le: number;
  readonly sf: number;
  readonly gpr: readonly bigint[];
  readonly cr: readonly number[];
  readonly flags: number;
  readonly wide: readonly bigint[];
  readonly reservation: number;
  readonly bytes: Uint8Array;
  /** Values of FPRs, where there are any. */
  readonly doubles: readonly bigint[];
  /** FE0 and FE1. */
  readonly interrupts: bigint;
}

const value64 = fc.oneof(
  fc.bigInt(BigInt(STORAGE.from), BigInt(STORAGE.to)),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 31n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 64n - 1n),
  fc.bigInt(0n, 64n),
);
const caseOf: fc.Arbitrary<Case> = fc.record({
  random: fc.bigInt(0n, 2n ** 64n - 1n),
  le: fc.nat(1),
  sf: fc.nat(1),
  gpr: fc.array(value64, { minLength: 32, maxLength: 32 }),
  cr: fc.array(fc.nat(15), { minLength: 8, maxLength: 8 }),
  flags: fc.nat(31),
  wide: fc.array(value64, { minLength: 9, maxLength: 9 }),
  reservation: fc.constantFrom(0, 1, 2, 4, 8),
  bytes: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  doubles: fc.oneof(fc.array(double, { minLength: 9, maxLength: 9 }), fc.constant([])),
  interrupts: fc.constantFrom(0n, MSR.FE0.mask, MSR.FE1.mask),
});

/** Flags of XER, one bit each of `Case.flags`. */
const FLAGS = ['SO', 'OV', 'CA', 'OV32', 'CA32'] as const;
/** Resources that get a random doubleword. */
const WIDE = ['LR', 'CTR', 'TAR', 'CFAR', 'VRSAVE', 'HASHKEYR', 'HASHPKEYR', 'FPSCR', 'VSCR'] as const;

function twinOf(c: Case): TestMachine {
  const machine = newMachine({
    modes: { sf: c.sf, le: c.le, blockShift: 7, xerReserved: 0 },
    service: answer,
  });
  machine.cia = BigInt(CODE);
  machine.gpr = [...c.gpr];
  machine.cr = [...c.cr];
  // Other values than the GPRs have, from the same source.
  machine.vsr = Array.from(
    { length: 64 },
    (_, n) => ((c.doubles[n % 9] ?? c.gpr[n % 32]!) << 64n) | c.wide[n % 8]!,
  );
  machine.resources.MSR |= c.interrupts;
  FLAGS.forEach((name, i) => (machine.resources[name] = BigInt((c.flags >> i) & 1)));
  WIDE.forEach((name, i) => (machine.resources[name] = c.wide[i]!));
  for (let at = STORAGE.from; at < STORAGE.to; at++)
    machine.storage.set(BigInt(at), c.bytes[at % c.bytes.length]!);
  const base = c.gpr[5]!;
  machine.reservation = c.reservation && base < 2n ** 32n ? { ea: base, bytes: c.reservation } : undefined;
  return machine;
}

/** Puts the twin's state into the engine. */
function load(machine: TestMachine, image: bigint, size: 32 | 64, c: Case): void {
  engine.contexts.dropAll();
  cpu.set(offsetOf('DCTX'), 1n);
  cpu.set(offsetOf('ICTX'), 2n);
  machine.gpr.forEach((value, n) => cpu.setGpr(n, value));
  machine.vsr.forEach((value, n) => cpu.write(slot('VSR'), n, value));
  machine.cr.forEach((value, n) => (cpu.bytes[offsetOf('CR') + n] = value));
  for (const name of Object.keys(RESOURCES) as ResourceName[])
    cpu.write(slot(name), 0, machine.resources[name]);
  for (let at = STORAGE.from; at < STORAGE.to; at++) engine.ram.bytes[at] = c.bytes[at % c.bytes.length]!;
  cpu.setInt(offsetOf('RESLEN'), machine.reservation?.bytes ?? 0);
  cpu.set(offsetOf('RESADDR'), machine.reservation?.ea ?? 0n);
  const view = new DataView(engine.ram.buffer, engine.ram.base);
  const words = size === 64 ? [image >> 32n, image & 0xffffffffn] : [image];
  words.forEach((word, i) => view.setUint32(CODE + 4 * i, Number(word), c.le === 1));
  engine.written(CODE, 8);
  cpu.set(offsetOf('NIA'), BigInt(CODE));
}

function run(c: Case): void {
  const variant = variantIndex(c.le, c.sf, false);
  host.services = [];
  host.raised = undefined;
  host.faulted = false;
  engine.cacheFetch(cpu, CODE, engine.decodeMode(variant, 0));
  engine.enter(cpu, variant, 1);
}

function compare(instruction: Instruction, c: Case): void {
  const size = instruction.size;
  const image =
    instruction.match | (c.random & ~instruction.mask & (size === 64 ? 2n ** 64n - 1n : 0xffffffffn));
  const twin = twinOf(c);
  load(twin, image, size, c);
  run(c);
  // Another, more specific instruction may own this image: the decoder decides, and has its own tests.
  const actual = engine.instructionAt(
    engine.code.records(CODE, engine.decodeMode(variantIndex(c.le, c.sf, false), 0)),
  )!;
  const outcome = evaluate(actual, image, twin);

  const performed = outcome.services.filter(({ name }) => !specOf(name).ordersOnly);
  expect(host.services).toEqual(performed);
  expect(host.faulted).toBe(outcome.kind === 'fault');
  expect(host.raised?.reason).toBe(outcome.kind === 'raise' ? outcome.reason : undefined);
  if (outcome.kind === 'raise') expect(host.raised!.operand).toBe(outcome.operand);
  if (outcome.kind === 'next' || outcome.kind === 'branch') {
    const nia = outcome.nia & ~3n;
    expect(cpu.get(offsetOf('NIA'))).toBe(c.sf ? nia : nia & 0xffffffffn);
  } else {
    expect(cpu.get(offsetOf('NIA'))).toBe(BigInt(CODE));
    expect(cpu.int(offsetOf('LEFT'))).toBe(1);
  }
  expect([...Array(32).keys()].map((n) => cpu.gpr(n))).toEqual(twin.gpr);
  expect(twin.vsr.map((_, n) => cpu.read(slot('VSR'), n))).toEqual(twin.vsr);
  expect([...cpu.bytes.subarray(offsetOf('CR'), offsetOf('CR') + 8)]).toEqual(twin.cr);
  for (const name of Object.keys(RESOURCES) as ResourceName[])
    if (name !== 'CFAR') expect([name, cpu.read(slot(name), 0)]).toEqual([name, twin.resources[name]]);
  let differs = -1;
  for (const [at, byte] of twin.storage) if (engine.ram.bytes[Number(at)] !== byte) differs = Number(at);
  expect(differs).toBe(-1);
  expect(cpu.int(offsetOf('RESLEN'))).toBe(twin.reservation?.bytes ?? 0);
}

const byRow = new Map<string, Instruction[]>();
for (const instruction of INSTRUCTIONS) {
  const key = `${instruction.row.mnemonic} (${instruction.row.form})`;
  byRow.set(key, [...(byRow.get(key) ?? []), instruction]);
}

test.each([...byRow])('%s does what its semantics says', (_name, instructions) => {
  fc.assert(
    fc.property(fc.constantFrom(...instructions), caseOf, (instruction, c) => compare(instruction, c)),
    { numRuns: (instructions[0]!.row.feature === 'float' ? 40 : 6) * instructions.length },
  );
});
