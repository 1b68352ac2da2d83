/** Hypercalls that set up a partition or a vCPU: H_SET_MODE, H_REGISTER_PROC_TBL and their like. */
import { CIABR, CIABR_PRIV, DAWRX } from '../../../isa/registers/debug';
import { LPCR } from '../../../isa/registers/lpcr';
import { PATE1 } from '../../../isa/tables/partition-table';
import { get, has, put } from '../../core/bits';
import { hasSlot, offsetOf } from '../../state/layout';
import { H } from './status';
import type { Hypercall, HypercallHandler } from './table';

/** Modes that a resource does not have: the status names the first flag that is wrong (PAPR, H_UNSUPPORTED_FLAG). */
const UNSUPPORTED_FLAG = -256;

type Resource = (call: Hypercall, mode: bigint, values: readonly [bigint, bigint]) => number;

const setNamed = ({ cpu }: Hypercall, name: string, value: bigint): void => {
  cpu.state.set(offsetOf(name), value);
  cpu.hooks.contextChanged(cpu);
};

const ciabr: Resource = (call, mode, [value, second]) => {
  if (second !== 0n) return H.P4;
  if (mode !== 0n) return UNSUPPORTED_FLAG;
  if (get(value, CIABR.PRIV) === CIABR_PRIV.HYPERVISOR) return H.P3;
  setNamed(call, 'CIABR', value);
  return H.SUCCESS;
};

const dawr =
  (number: 0 | 1): Resource =>
  (call, mode, [address, extension]) => {
    if (number >= call.cpu.model.dawrs || !hasSlot(`DAWR${number}`)) return H.P2;
    if (mode !== 0n) return UNSUPPORTED_FLAG;
    if (has(extension, DAWRX.HYP)) return H.P4;
    setNamed(call, `DAWR${number}`, address);
    setNamed(call, `DAWRX${number}`, extension);
    return H.SUCCESS;
  };

/** AIL. 1 is reserved, 2 is not supported, as Linux has it. */
const addressTranslation: Resource = ({ l0 }, mode, [first, second]) => {
  if (first !== 0n) return H.P3;
  if (second !== 0n) return H.P4;
  if (mode !== 0n && mode !== 3n) return UNSUPPORTED_FLAG;
  l0.changeLpcr((lpcr) => put(lpcr, LPCR.AIL, mode));
  return H.SUCCESS;
};

/** Byte order of interrupts, for the whole partition. */
const littleEndian: Resource = ({ l0 }, mode, [first, second]) => {
  if (first !== 0n) return H.P3;
  if (second !== 0n) return H.P4;
  if (mode > 1n) return UNSUPPORTED_FLAG;
  l0.changeLpcr((lpcr) => put(lpcr, LPCR.ILE, mode));
  return H.SUCCESS;
};

const RESOURCES: Readonly<Record<string, Resource>> = {
  1: ciabr,
  2: dawr(0),
  3: addressTranslation,
  4: littleEndian,
  5: dawr(1),
};

function setMode(call: Hypercall): number {
  const resource = RESOURCES[call.arg(1).toString()];
  return resource ? resource(call, call.arg(0), [call.arg(2), call.arg(3)]) : H.P2;
}

/** Flags of H_REGISTER_PROC_TBL. */
const PROC_TBL = { MODIFY: 0x10n, REGISTER: 0x08n, RADIX: 0x04n, HASH_TABLE: 0x02n, GTSE: 0x01n } as const;
const PROC_TBL_FLAGS = 0x1fn;
const LARGEST_TABLE = 24n;
const TABLE_OFFSET = 0xfffn;

/** Doubleword 1 of the partition table entry that a new registration makes, or a status. */
function newTable(call: Hypercall): { dw1: bigint } | number {
  const [flags, table, pageSize, size] = [call.arg(0), call.arg(1), call.arg(2), call.arg(3)];
  if ((flags & PROC_TBL.RADIX) !== 0n) {
    if ((table & TABLE_OFFSET) !== 0n || table >> 60n !== 0n) return H.P2;
    if (pageSize !== 0n) return H.P3;
    if (size > LARGEST_TABLE) return H.P4;
    return { dw1: PATE1.GR.mask | table | size };
  }
  // Segment tables in memory are not supported.
  if ((flags & PROC_TBL.HASH_TABLE) !== 0n) return H.PARAMETER;
  if (table >> 38n !== 0n) return H.P2;
  if (pageSize > 7n) return H.P3;
  if (size > LARGEST_TABLE) return H.P4;
  return { dw1: (table << 25n) | (pageSize << 5n) | size };
}

/** The process table of the partition; with it, whether the partition is a radix one (mmu.md 2.9). */
function registerProcessTable(call: Hypercall): number {
  const { l0 } = call;
  const flags = call.arg(0);
  if ((flags & ~PROC_TBL_FLAGS) !== 0n) return H.PARAMETER;
  const radix = (flags & PROC_TBL.RADIX) !== 0n;
  const current = l0.processTable;
  let dw1 = current;
  if ((flags & PROC_TBL.MODIFY) === 0n) {
    if (radix !== has(current, PATE1.GR)) return H.PARAMETER;
  } else if ((flags & PROC_TBL.REGISTER) === 0n) dw1 = current & PATE1.GR.mask;
  else {
    const made = newTable(call);
    if (typeof made === 'number') return made;
    ({ dw1 } = made);
  }
  return l0.setTranslation(call.vcpu, { radix, dw1, guestShootdown: (flags & PROC_TBL.GTSE) !== 0n });
}

function setSprg0(call: Hypercall): number {
  setNamed(call, 'SPRG0', call.arg(0));
  return H.SUCCESS;
}

/** No model here has a DABR. */
const setDabr = (): number => H.HARDWARE;

/** Nothing to work around: no cache needs flushing, no branch needs a barrier. */
function cpuCharacteristics(call: Hypercall): number {
  call.result(0, 0n);
  call.result(1, 0n);
  return H.SUCCESS;
}

export const MODE_HYPERCALLS = {
  H_SET_MODE: setMode,
  H_REGISTER_PROC_TBL: registerProcessTable,
  H_SET_SPRG0: setSprg0,
  H_SET_DABR: setDabr,
  H_GET_CPU_CHARACTERISTICS: cpuCharacteristics,
} as const satisfies Record<string, HypercallHandler>;
