/** Trace events for tests: hand-made ones that read well, and arbitrary ones made from the schema. */
import fc from 'fast-check';
import type { TraceEvent } from '../../src/trace/events';
import type { WalkEvent, WalkStep } from '../../src/trace/events/walk';
import { EVENT_SHAPES, type AnyField, type AnyKind, type AnyShape } from '../../src/trace/schema';
import type { TextOutput } from '../../src/trace/sinks/output';

/** Keeps what is written. */
export class MemoryOutput implements TextOutput {
  text = '';
  closed = false;
  write(text: string): void {
    this.text += text;
  }
  flush(): void {}
  close(): void {
    this.closed = true;
  }
}

const partitionStep = (level: number, purpose: WalkStep['purpose'], leaf: boolean): WalkStep => ({
  scope: 'partition',
  what: leaf ? 'PTE' : 'PDE',
  purpose,
  level,
  index: level + 3,
  hostRa: 0x9000n + BigInt(level) * 8n,
  value: leaf ? 0xc000_0000_0040_018en : 0x8000_0000_0002_0009n,
  shift: 30,
  decision: leaf ? 'leaf' : 'next level',
});

/** A store of a process of a partition. */
const STORE = {
  cpu: 0,
  access: 'store',
  hv: false,
  pr: true,
  relocation: true,
  mode: 'radix',
  sideEffects: true,
  effLPID: 1,
  effPID: 5,
} as const;

/** A two-stage walk: a process's tree of two levels, every entry found through a partition's tree of two levels. */
export const NESTED_WALK: WalkEvent = {
  ev: 'walk',
  t: 1234,
  ...STORE,
  ea: 0x1000_2345n,
  tlb: 'miss',
  steps: [
    { scope: 'partition', what: 'PATE', purpose: 'access', hostRa: 0x10010n, value: 0xa000_0000_0001_00adn, value1: 0x20000n, index: 1, decision: 'used' },
    partitionStep(0, 'PRTE', false),
    partitionStep(1, 'PRTE', true),
    { scope: 'process', what: 'PRTE', purpose: 'access', guestRa: 0x3050n, hostRa: 0x403050n, value: 0xadn, index: 5, decision: 'used' },
    partitionStep(0, 'PDE/PTE', false),
    partitionStep(1, 'PDE/PTE', true),
    { scope: 'process', what: 'PDE', purpose: 'access', guestRa: 0x4000n, hostRa: 0x404000n, value: 0x8000_0000_0000_5009n, level: 0, index: 0, shift: 39, decision: 'next level' },
    partitionStep(0, 'PDE/PTE', false),
    partitionStep(1, 'PDE/PTE', true),
    { scope: 'process', what: 'PTE', purpose: 'access', guestRa: 0x5000n, hostRa: 0x405000n, value: 0xc000_0000_0006_018fn, level: 1, index: 2, shift: 21, decision: 'leaf' },
    partitionStep(0, 'access', false),
    partitionStep(1, 'access', true),
  ],
  permissions: [{ scope: 'process', purpose: 'access', authority: 7, keyRights: 'rw-', granted: 'rwx', needed: '-w-', allowed: true }],
  referenceChange: [{ scope: 'process', hostRa: 0x405000n, sets: 'C', action: 'updated' }],
  result: { ra: 0x46_2345n, pageShift: 12, cachingInhibited: false, guarded: false, rights: 'rw-' },
}; // prettier-ignore

/** A walk that ended at its first entry. */
export const FAULTING_WALK: WalkEvent = {
  ev: 'walk',
  t: 2000,
  ...STORE,
  ea: 0xc000_0000_0000_0000n,
  steps: [{ scope: 'process', what: 'PDE', purpose: 'access', hostRa: 0x40n, value: 0n, level: 0, index: 8, shift: 39, decision: 'invalid' }],
  permissions: [],
  referenceChange: [],
  fault: {
    kind: 'noTranslation', stage: 'process', level: 0, interrupt: 'dataStorage', vector: 0x300, cause: 0n,
    dar: 0xc000_0000_0000_0000n, dsisr: 0x4200_0000n,
  },
}; // prettier-ignore

const context = { hv: false, pr: true, lpid: 1, pid: 5 };

export const EVENTS: readonly TraceEvent[] = [
  { ev: 'insn', t: 1, cpu: 0, ...context, ea: 0x100n, image: 0x3860_0001n, size: 4 },
  { ev: 'insn', t: 2, cpu: 0, ...context, ea: 0x104n, image: 0x0610_0000_3860_0001n, size: 8, text: 'pli r3,1' },
  NESTED_WALK,
  FAULTING_WALK,
  { ev: 'fault', t: 2000, cpu: 0, ...context, ea: FAULTING_WALK.ea, access: 'store', fault: FAULTING_WALK.fault! },
  { ev: 'interrupt', t: 2000, cpu: 0, ...context, interrupt: 'dataStorage', vector: 0x300, from: 0x100n, to: 0x300n, srr1: 0x8000n, msr: 1n << 63n },
  { ev: 'tlb', t: 2001, cpu: 0, action: 'insert', structure: 'TLB', lpid: 1, pid: 5, ea: 0x1000n, ra: 0x2000n, pageShift: 12, set: 3, way: 1 },
  { ev: 'console', t: 2002, cpu: 0, device: 'uart0', direction: 'out', text: 'hé\n"x"' },
  { ev: 'memslot', t: 2003, cpu: 0, op: 'create', result: 'OK', as: 0, id: 1, gpa: 0n, size: 1n << 30n, hva: 0x7fff_0000n, flags: 0 },
  { ev: 'hcall', t: 2003, cpu: 0, number: 0x31c, name: 'H_SET_MODE', args: [{ name: 'mode', value: 3n }], result: 'H_SUCCESS', results: [] },
  { ev: 'l0.fault', t: 2003, cpu: 0, gpa: 0x1000n, ea: 0x1000n, access: 'load', outcome: 'mapped', host: 0x20_0000n, shift: 21 },
  {
    ev: 'timing', t: 2000, cpu: 0, since: 1000, cycles: 4000, elapsed: 1500,
    stack: { issue: 1000, dataCache: 500 }, counts: { loads: 200, dataMisses: 50 },
  },
  { ev: 'hpt.fault', t: 2003, cpu: 0, ea: 0x1000n, segment: 0x4000_01ff_ffff_0110n, access: 'store', outcome: 'storage', cause: 0x0a00_0000n, ptex: 17, gpa: 0x1000n },
  { ev: 'stats', t: 2004, cpu: 0, counters: { instructions: 2004, walks: 2 } },
  { ev: 'end', t: 2004, cpu: 0, reason: 'attn', exitCode: 0 },
]; // prettier-ignore

function arbitraryKind(kind: AnyKind): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'hex':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    case 'number':
      return fc.integer();
    case 'text':
      return fc.string({ unit: 'binary' });
    case 'flag':
      return fc.boolean();
    case 'numbers':
      return fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.nat());
    default:
      return 'list' in kind
        ? fc.array(arbitraryShape(kind.list), { maxLength: 4 })
        : arbitraryShape(kind.object);
  }
}

function arbitraryShape(shape: AnyShape): fc.Arbitrary<object> {
  const required: string[] = [];
  const fields = Object.entries(shape).map(([name, field]: [string, AnyField]) => {
    const isOptional = typeof field === 'object' && 'optional' in field;
    if (!isOptional) required.push(name);
    return [name, arbitraryKind(isOptional ? field.optional : field)] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: required as never[] });
}

/** Any event that the schema allows, whatever its texts are. */
export const arbitraryEvent: fc.Arbitrary<TraceEvent> = fc.oneof(
  ...Object.entries(EVENT_SHAPES).map(([ev, shape]) =>
    arbitraryShape(shape).map((event) => ({ ...event, ev }) as unknown as TraceEvent),
  ),
);
