/**
 * What a run of a nested guest changed in the two structures that L1 handed over, by register. Made only for an
 * observer.
 */
import type { ChangedRegister } from '../../trace/events/nested';
import { GuestStruct, HV_STATE, PT_REGS } from './hv-guest-state';

interface Place {
  readonly register: string;
  readonly offset: number;
}

const SPRGS = 4;
const GPRS = 32;
/** Fields of 4 bytes: L0 never writes them. */
const NOT_CHANGED: ReadonlySet<string> = new Set(['version', 'lpid', 'vcpuToken']);

const array = (name: string, from: number, count: number): Place[] =>
  Array.from({ length: count }, (_, i) => ({ register: `${name}${i}`, offset: from + 8 * i }));

const placesOf = (layout: Readonly<Record<string, number>>): Place[] =>
  Object.entries(layout).flatMap(([name, offset]) => {
    if (NOT_CHANGED.has(name)) return [];
    if (name === 'sprg') return array('SPRG', offset, SPRGS);
    if (name === 'gpr') return array('GPR', offset, GPRS);
    return [{ register: name.toUpperCase(), offset }];
  });

const HV_PLACES = placesOf(HV_STATE);
const REGS_PLACES = placesOf(PT_REGS);

/** The structures at one moment. */
export class StateCopy {
  private readonly hv: GuestStruct;
  private readonly regs: GuestStruct;

  constructor(hv: GuestStruct, regs: GuestStruct) {
    this.hv = copyOf(hv);
    this.regs = copyOf(regs);
  }

  /** What is not as it was, hv_guest_state first. */
  changes(hv: GuestStruct, regs: GuestStruct): ChangedRegister[] {
    return [...changed(HV_PLACES, this.hv, hv), ...changed(REGS_PLACES, this.regs, regs)];
  }
}

function copyOf(struct: GuestStruct): GuestStruct {
  const copy = new GuestStruct(struct.bytes.length);
  copy.little = struct.little;
  copy.bytes.set(struct.bytes);
  return copy;
}

const changed = (places: readonly Place[], before: GuestStruct, after: GuestStruct): ChangedRegister[] =>
  places.flatMap(({ register, offset }) => {
    const [from, to] = [before.get(offset), after.get(offset)];
    return from === to ? [] : [{ register, from, to }];
  });
