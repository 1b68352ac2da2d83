/** A virtual CPU of L1 as L0 sees it: the CPU that it is, and what the guest registered for it. */
import type { Cpu } from '../../cpu/cpu';
import type { Vcpu } from '../vcpu';

/** A buffer that the guest shares with the hypervisor: its guest real address and bytes; length 0 for none. */
export interface SharedArea {
  address: bigint;
  length: number;
}

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

  /** Its number, by which the guest names it too. */
  get id(): number {
    return this.cpu.state.index;
  }
}
