/** A virtual CPU of L1 as L0 sees it: the CPU that it is, and what the guest registered for it. */
import { hex0x } from '../../core/u64';
import type { Json, StateReader } from '../../core/saved-state';
import type { Cpu } from '../../cpu/cpu';
import type { Vcpu } from '../vcpu';

/** A buffer that the guest shares with the hypervisor: its guest real address and bytes; length 0 for none. */
export interface SharedArea {
  address: bigint;
  length: number;
}

/** The length fields of the areas have 32 bits. */
const MOST_BYTES = 2 ** 32 - 1;

const none = (): SharedArea => ({ address: 0n, length: 0 });

export class GuestVcpu {
  readonly vpa = none();
  readonly dispatchLog = none();
  readonly slbShadow = none();
  /** H_PROD came while the vCPU was running: its next H_CEDE returns at once. */
  isProdded = false;
  /** It waits in H_CEDE, or in H_JOIN. */
  isCeded = false;
  isJoined = false;
  /** As query-cpu-stopped-state has it: false until start-cpu, and after stop-self. */
  isStarted: boolean;

  constructor(
    readonly cpu: Cpu,
    readonly memory: Vcpu,
  ) {
    this.isStarted = cpu.state.index === 0;
  }

  save(): Json {
    const { isProdded, isCeded, isJoined, isStarted } = this;
    const area = ({ address, length }: SharedArea): Json => ({ address: hex0x(address), length });
    return {
      isProdded,
      isCeded,
      isJoined,
      isStarted,
      vpa: area(this.vpa),
      dispatchLog: area(this.dispatchLog),
      slbShadow: area(this.slbShadow),
    };
  }

  /** @throws UserError where it is not what {@link save} gives */
  restore(reader: StateReader): void {
    for (const key of ['isProdded', 'isCeded', 'isJoined', 'isStarted'] as const)
      this[key] = reader.boolean(key);
    for (const key of ['vpa', 'dispatchLog', 'slbShadow'] as const) {
      const area = reader.child(key);
      this[key].address = area.hex('address');
      this[key].length = area.integer('length', 0, MOST_BYTES);
      area.done();
    }
    reader.done();
  }

  /** Its number, by which the guest names it too. */
  get id(): number {
    return this.cpu.state.index;
  }
}
