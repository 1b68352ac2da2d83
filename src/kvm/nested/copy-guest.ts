/**
 * H_COPY_TOFROM_GUEST: L1 reads or writes memory of its nested guest by effective address, through the shadow tables as
 * they are (Linux book3s_hv_nested.c, kvmhv_copy_tofrom_guest_nested). No shadow fault is taken: what is not mapped yet
 * is not found, and L1 walks the tables itself.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { field } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';
import type { Cpu } from '../../cpu/cpu';
import { ACCESS } from '../../mmu/access';
import { CpuState } from '../../state/cpu-state';
import { offsetOf } from '../../state/layout';
import type { GuestMemory } from '../guest/memory';
import { H } from '../hypercalls/status';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { getNested, putNested } from './nested-guests';

/** Bits that an effective address of a quadrant's part must not have: L1 strips them. */
const STRIPPED = field([0, 11]);
/** The kernel's allocator gives no larger piece: 2^8 pages. */
const MOST_PAGES = 256;
/** Copied at a time. */
const CHUNK = 4096;
const PID_LIMIT = 1n << 20n;

export interface CopyRequest {
  readonly lpid: bigint;
  readonly pid: bigint;
  readonly ea: bigint;
  /** Where in L1 to put what is read; 0 to write. */
  readonly to: bigint;
  readonly from: bigint;
  readonly bytes: bigint;
}

/** @param cpu whose translator and model are used; its registers stay as they are @returns a status */
export function copyGuest(nested: Nested, cpu: Cpu, memory: GuestMemory, request: CopyRequest): number {
  const { to, from, ea, bytes, lpid } = request;
  if (to !== 0n && from !== 0n) return H.PARAMETER;
  if ((ea & STRIPPED.mask) !== 0n) return H.PARAMETER;
  const tooMany = bytes > BigInt(MOST_PAGES * nested.vm.pageSize);
  // Linux allocates before it looks at the LPID.
  if (!nested.isStrict('H-11') && tooMany) return H.NO_MEM;
  const guest = lpid > 0xfffn ? undefined : getNested(nested, Number(lpid));
  if (!guest) return H.PARAMETER;
  const done = tooMany ? undefined : copy(nested, { cpu, memory, guest }, request);
  putNested(nested, guest);
  if (done === undefined) return H.NO_MEM;
  return done ? H.SUCCESS : H.NOT_FOUND;
}

interface CopyParties {
  readonly cpu: Cpu;
  readonly memory: GuestMemory;
  readonly guest: NestedGuest;
}

/** True where every byte was copied. */
function copy(nested: Nested, { cpu, memory, guest }: CopyParties, request: CopyRequest): boolean {
  const { to, from, ea, bytes } = request;
  const load = to !== 0n;
  const state = quadrantState(cpu, guest, request.pid);
  guest.tlbLock.lock();
  const buffer = new Uint8Array(CHUNK);
  let done = 0n;
  while (done < bytes) {
    const at = ea + done;
    const room = BigInt(CHUNK) - (at % BigInt(CHUNK));
    const length = Number(bytes - done < room ? bytes - done : room);
    const piece = buffer.subarray(0, length);
    if (!load && !memory.read(from + done, piece)) break;
    const host = translate(cpu, state, at, load);
    if (host === undefined || host + length > nested.vm.mm.frames.memory.size) break;
    const bytesThere = nested.vm.mm.frames.memory.bytes.subarray(host, host + length);
    if (load) {
      if (!memory.write(to + done, bytesThere)) break;
    } else {
      bytesThere.set(piece);
      cpu.hooks.memoryChanged?.(host, length);
    }
    done += BigInt(length);
  }
  guest.tlbLock.unlock();
  return done === bytes;
}

/** Hypervisor state that looks at the nested guest through quadrant 1 (a process) or 2 (PID 0): the same as a guest. */
function quadrantState(cpu: Cpu, guest: NestedGuest, pid: bigint): CpuState {
  const state = CpuState.detached();
  for (const name of ['PTCR', 'LPCR']) state.set(offsetOf(name), cpu.state.get(offsetOf(name)));
  state.set(offsetOf('LPCR'), state.get(offsetOf('LPCR')) | LPCR.HR.mask | LPCR.UPRT.mask);
  state.setHalves(offsetOf('LPIDR'), 0, guest.shadowLpid);
  state.set(offsetOf('PIDR'), pid % PID_LIMIT);
  state.set(offsetOf('MSR'), MSR.SF.mask | MSR.DR.mask | MSR.IR.mask);
  return state;
}

function translate(cpu: Cpu, state: CpuState, ea: bigint, load: boolean): number | undefined {
  const access = load ? ACCESS.load : ACCESS.store;
  if (!cpu.translator.access(state, access, hiOf(ea), loOf(ea)) || cpu.translator.raHi !== 0)
    return undefined;
  return cpu.translator.raLo >>> 0;
}
