/**
 * What L0 keeps of a run of a nested guest on a vCPU: the two structures as L1 gave them, L1's own registers, and when
 * the run is over. What happens in a run is in `run.ts`.
 */
import { MSR } from '../../../isa/registers/msr';
import { has } from '../../core/bits';
import { hexBytes, type Json, type StateReader } from '../../core/saved-state';
import { hex0x, u64 } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import type { GuestMemory } from '../guest/memory';
import { GuestStruct, HV_STATE, HV_STATE_BYTES, LARGEST_HV_STATE } from './hv-guest-state';
import { SavedRegisters } from './vcpu-state';

const VERSION_BYTES = 8;
const MOST = Number.MAX_SAFE_INTEGER;
const MSR_AT = offsetOf('MSR');
const LPIDR_AT = offsetOf('LPIDR');

/** Where the structures of a call are. */
export interface NestedCall {
  readonly hvAddress: bigint;
  readonly regsAddress: bigint;
}

export class RunState {
  readonly hv = new GuestStruct(LARGEST_HV_STATE);
  readonly regs: GuestStruct;
  readonly l1 = new SavedRegisters();
  /** HFSCR as L1 asked for it. */
  requestedHfscr = 0n;
  /** Tick of L1's deadline; signed. */
  deadline = 0n;
  /** When the run began: ticks, faults of nested guests, instructions that the CPU had retired. */
  readonly entered = { ticks: 0n, faults: 0, retired: 0 };
  private call: NestedCall = { hvAddress: 0n, regsAddress: 0n };
  private readonly version = this.hv.bytes.subarray(0, VERSION_BYTES);
  /** As much of `hv` as L1's version has. */
  private hvPart = this.hv.bytes.subarray(0, 0);

  /** @param regsBytes bytes of pt_regs that are read and written */
  constructor(regsBytes: number) {
    this.regs = new GuestStruct(regsBytes);
  }

  /** Reads both structures; false for an unknown version, or where L1 has no memory. */
  read(memory: GuestMemory, call: NestedCall, order: { readonly little: boolean }): boolean {
    const { hv, regs } = this;
    this.call = call;
    hv.little = regs.little = order.little;
    hv.bytes.fill(0);
    if (!memory.read(call.hvAddress, this.version)) return false;
    const bytes = hv.hi(HV_STATE.version) === 0 ? HV_STATE_BYTES[hv.lo(HV_STATE.version)] : undefined;
    if (bytes === undefined) return false;
    this.takePart(bytes);
    return memory.read(call.hvAddress, this.hvPart) && memory.read(call.regsAddress, regs.bytes);
  }

  /** Gives both back to L1; false where it has no memory there any more. */
  write(memory: GuestMemory): boolean {
    const { hvPart, regs, call } = this;
    return memory.write(call.hvAddress, hvPart) && memory.write(call.regsAddress, regs.bytes);
  }

  private takePart(bytes: number): void {
    if (this.hvPart.length !== bytes) this.hvPart = this.hv.bytes.subarray(0, bytes);
  }

  /** The structures stay after the run, for whoever looks at it; L1's registers are its own then. */
  save(): { readonly [key: string]: Json } {
    const { hv, regs, call, entered } = this;
    return {
      little: hv.little,
      hv: hexBytes(hv.bytes),
      regs: hexBytes(regs.bytes),
      hvBytes: this.hvPart.length,
      hvAddress: hex0x(call.hvAddress),
      regsAddress: hex0x(call.regsAddress),
      requestedHfscr: hex0x(this.requestedHfscr),
      deadline: hex0x(u64(this.deadline)),
      entered: { ...entered, ticks: hex0x(entered.ticks) },
      l1: this.l1.toJson(),
    };
  }

  /**
   * @param lpidOfL1 that of the hardware while the run lasts; undefined where it is over
   * @throws UserError where it is not what {@link save} gives, or L1 would be more than a guest
   */
  restore(reader: StateReader, lpidOfL1: number | undefined): void {
    const { hv, regs } = this;
    hv.little = regs.little = reader.boolean('little');
    hv.bytes.set(reader.bytes('hv', hv.bytes.length));
    regs.bytes.set(reader.bytes('regs', regs.bytes.length));
    const hvBytes = reader.integer('hvBytes', 0, hv.bytes.length);
    if (lpidOfL1 !== undefined && !Object.values(HV_STATE_BYTES).includes(hvBytes))
      reader.fail('hvBytes', 'those of a version');
    this.takePart(hvBytes);
    this.call = { hvAddress: reader.hex('hvAddress'), regsAddress: reader.hex('regsAddress') };
    this.requestedHfscr = reader.hex('requestedHfscr');
    this.deadline = BigInt.asIntN(64, reader.hex('deadline'));
    const entered = reader.child('entered');
    this.entered.ticks = entered.hex('ticks');
    this.entered.faults = entered.integer('faults', 0, MOST);
    this.entered.retired = entered.integer('retired', 0, MOST);
    entered.done();
    this.l1.fromJson(reader.child('l1'));
    if (lpidOfL1 === undefined) return;
    if (has(this.l1.get(MSR_AT), MSR.HV) || this.l1.get(LPIDR_AT) !== BigInt(lpidOfL1))
      reader.fail('l1', 'registers of a guest');
  }
}
