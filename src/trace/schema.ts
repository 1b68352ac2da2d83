/**
 * The schema of recorded traces as data: the fields of every event in the order in which they are written, checked
 * against the event types by the compiler and against `docs/trace.md` by a test. The JSON coder works from it.
 */
import type { TraceEvent, TraceHeader } from './events';
import type { HypercallValue } from './events/hypervisor';
import type { NestedLeaf, NestedWalkStep, SanitisedRegister } from './events/nested';
import type { PermissionStep, ReferenceChangeStep, WalkFault, WalkResult, WalkStep } from './events/walk';

/** Raised whenever a field is removed or changes its meaning; adding a field does not raise it. */
export const TRACE_VERSION = 1;

/**
 * How a value is written: `hex` a 64-bit value as `"0x..."`, `flag` true or false, `numbers` an object of numbers,
 * the others as JSON has them.
 */
export type ScalarKind = 'number' | 'hex' | 'text' | 'flag' | 'numbers';
export type AnyKind = ScalarKind | { readonly list: AnyShape } | { readonly object: AnyShape };
export type AnyField = AnyKind | { readonly optional: AnyKind };
export interface AnyShape {
  readonly [name: string]: AnyField;
}

type Kind<T> = T extends bigint
  ? 'hex'
  : T extends boolean
    ? 'flag'
    : T extends number
      ? 'number'
      : T extends string
        ? 'text'
        : T extends readonly (infer U)[]
          ? { readonly list: Shape<U> }
          : string extends keyof T
            ? 'numbers'
            : { readonly object: Shape<T> };

/** Exactly the fields of `T`, each with the kind that its type has. */
export type Shape<T> = {
  readonly [K in keyof T]-?: Pick<T, K> extends Required<Pick<T, K>>
    ? Kind<T[K]>
    : { readonly optional: Kind<NonNullable<T[K]>> };
};

const optional = <K extends AnyKind>(kind: K): { readonly optional: K } => ({ optional: kind });
const hex = 'hex' as const;
const number = 'number' as const;
const text = 'text' as const;
const flag = 'flag' as const;

const base = { ev: text, t: number, cpu: number } as const;
const context = { hv: flag, pr: flag, lpid: number, pid: number } as const;

export const WALK_STEP: Shape<WalkStep> = {
  scope: text,
  what: text,
  purpose: text,
  level: optional(number),
  index: number,
  guestRa: optional(hex),
  hostRa: optional(hex),
  value: hex,
  value1: optional(hex),
  shift: optional(number),
  group: optional({ object: { hash: text, pteg: number, hashValue: optional(hex), avpn: optional(hex) } }),
  decision: text,
};

export const PERMISSION_STEP: Shape<PermissionStep> = {
  scope: text,
  purpose: text,
  authority: number,
  keyRights: optional(text),
  keyClass: optional(number),
  segmentKey: optional(number),
  granted: text,
  needed: text,
  allowed: flag,
};

export const REFERENCE_CHANGE_STEP: Shape<ReferenceChangeStep> = {
  scope: text,
  hostRa: hex,
  sets: text,
  action: text,
};

export const WALK_RESULT: Shape<WalkResult> = {
  ra: hex,
  guestRa: optional(hex),
  pageShift: number,
  cachingInhibited: flag,
  guarded: flag,
  rights: text,
};

export const WALK_FAULT: Shape<WalkFault> = {
  kind: text,
  stage: text,
  level: optional(number),
  interrupt: text,
  vector: number,
  cause: hex,
  dar: optional(hex),
  dsisr: optional(hex),
  hdar: optional(hex),
  hdsisr: optional(hex),
  asdr: optional(hex),
};

export const HYPERCALL_VALUE: Shape<HypercallValue> = { name: text, value: hex };

export const SANITISED: Shape<SanitisedRegister> = { register: text, from: hex, to: hex };
export const NESTED_STEP: Shape<NestedWalkStep> = { level: number, guestRa: hex, value: hex };
export const NESTED_LEAF: Shape<NestedLeaf> = { ra: hex, pte: hex, shift: number };

export const TRACE_HEADER: Shape<TraceHeader> = {
  ev: text,
  version: number,
  machine: optional(text),
  model: optional(text),
  cpus: optional(number),
};

/** The fields of every kind of event. */
export const EVENT_SHAPES: { readonly [E in TraceEvent as E['ev']]: Shape<E> } = {
  insn: { ...base, ...context, ea: hex, image: hex, size: number, text: optional(text) },
  interrupt: { ...base, ...context, interrupt: text, vector: number, from: hex, to: hex, srr1: hex, msr: hex },
  fault: { ...base, ...context, ea: hex, access: text, fault: { object: WALK_FAULT } },
  console: { ...base, device: text, direction: text, text },
  timing: { ...base, since: number, cycles: number, elapsed: number, stack: 'numbers', counts: 'numbers' },
  stats: { ...base, counters: 'numbers' },
  end: { ...base, reason: text, exitCode: number },
  walk: {
    ...base,
    ea: hex,
    access: text,
    hv: flag,
    pr: flag,
    relocation: flag,
    mode: text,
    sideEffects: flag,
    effLPID: number,
    effPID: number,
    tlb: optional(text),
    steps: { list: WALK_STEP },
    permissions: { list: PERMISSION_STEP },
    referenceChange: { list: REFERENCE_CHANGE_STEP },
    result: optional({ object: WALK_RESULT }),
    fault: optional({ object: WALK_FAULT }),
  },
  tlb: {
    ...base,
    action: text,
    structure: text,
    lpid: optional(number),
    pid: optional(number),
    ea: optional(hex),
    ra: optional(hex),
    pageShift: optional(number),
    set: optional(number),
    way: optional(number),
    count: optional(number),
    by: optional(text),
  },
  memslot: {
    ...base, op: text, result: text, as: number, id: number, gpa: hex, size: hex, hva: hex, flags: number,
  },
  'memslot.step': { ...base, step: text, as: number, generation: hex },
  'memslot.activate': { ...base, as: number, node: number, generation: hex },
  notifier: { ...base, call: text, hva: hex, end: hex, slots: flag, seq: number },
  gpc: { ...base, op: text, result: text, gpa: hex, hva: hex, pfn: number },
  dirtylog: { ...base, op: text, result: text, as: number, id: number, pages: number },
  'kvm.warning': { ...base, message: text },
  hcall: {
    ...base,
    number,
    name: text,
    args: { list: HYPERCALL_VALUE },
    result: text,
    results: { list: HYPERCALL_VALUE },
    fields: optional({ list: HYPERCALL_VALUE }),
    effect: optional(text),
  },
  'l0.fault': {
    ...base, gpa: hex, ea: hex, access: text, outcome: text, host: optional(hex), shift: optional(number),
  },
  'hpt.fault': {
    ...base, ea: hex, segment: hex, access: text, outcome: text, cause: optional(hex), ptex: optional(number),
    gpa: optional(hex), host: optional(hex), shift: optional(number),
  },
  'nested.enter': {
    ...base, lpid: number, shadowLpid: number, token: number, nip: hex, msr: hex, deadline: hex,
    sanitised: { list: SANITISED }, budget: optional(hex), wanted: optional(hex), hdecBy: optional(text),
  },
  'nested.exit': {
    ...base, lpid: number, shadowLpid: number, trap: number, reason: text, nip: hex, msr: hex, ticks: hex, faults: number,
    instructions: optional(number), changed: optional({ list: SANITISED }),
  },
  'nested.fault': {
    ...base,
    lpid: number,
    shadowLpid: number,
    trap: number,
    ea: hex,
    nGpa: hex,
    dsisr: hex,
    walk: { list: NESTED_STEP },
    verdict: text,
    l1: optional({ object: NESTED_LEAF }),
    l0: optional({ object: NESTED_LEAF }),
    instantiated: flag,
    shadow: optional({ object: NESTED_LEAF }),
    rmapGfn: optional(number),
    rmap: optional(text),
    outcome: text,
    reflectedDsisr: optional(hex),
    reflectedAsdr: optional(hex),
  },
  'nested.guest': {
    ...base, op: text, lpid: number, shadowLpid: number, cause: optional(text), pate0: hex, pate1: hex,
  },
  'nested.warning': { ...base, hazard: text, message: text },
  'shadow.invalidate': {
    ...base, lpid: number, shadowLpid: number, cause: text, nGpa: optional(hex), pte: optional(hex),
    shift: optional(number), tables: optional(number),
  },
  rmap: { ...base, op: text, gfn: number, lpid: number, nGpa: hex, live: flag, cause: optional(text) },
}; // prettier-ignore

export type EventName = TraceEvent['ev'];

/** What `--trace` names: each stands for one or more kinds of event. */
export const TRACE_KINDS = {
  walk: ['walk'],
  tlb: ['tlb'],
  fault: ['fault'],
  interrupt: ['interrupt'],
  insn: ['insn'],
  console: ['console'],
  timing: ['timing'],
  memslot: ['memslot', 'memslot.step', 'memslot.activate', 'notifier', 'gpc', 'dirtylog', 'kvm.warning'],
  hcall: ['hcall', 'l0.fault', 'hpt.fault'],
  nested: [
    'nested.enter',
    'nested.exit',
    'nested.fault',
    'nested.guest',
    'nested.warning',
    'shadow.invalidate',
  ],
  rmap: ['rmap'],
} as const satisfies Record<string, readonly EventName[]>;

export type TraceKind = keyof typeof TRACE_KINDS;
