/**
 * A whole machine of two CPUs whose nested guests execute the accesses: what an access gives is told by the bytes that it
 * read, wrote or executed, through the same translation caches as in any run. L1 is played by the test, but for its
 * `sc 1`.
 */
import { MSR } from '../../../isa/registers/msr';
import { MIB } from '../../../src/kvm/page';
import { startVcpu } from '../../../src/kvm/guest/start';
import type { L0 } from '../../../src/kvm/l0';
import { HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import type { NestedGuests } from '../../../src/kvm/nested/part';
import { Machine } from '../../../src/machine/machine';
import { PSERIES_MACHINE } from '../../../src/machine/pseries';
import { readRaw } from '../../../src/loader';
import { Hypercall } from '../../../src/kvm/hypercalls/table';
import { L1World, PARTITION_TABLE, type L2Tree } from './l1-world';
import type { Outcome, PlayedAccess, Player } from './life';

/** Where in L1: its own instructions, the structures of each vCPU, the first page of every nested guest. */
const L1_CODE = 0x1000;
const STATES = 0x2_0000;
const STATE_BYTES = 0x1000;
const L2_PAGE = 0x4_0000;
/** `sc 1`, then a branch to itself. */
const L1_INSTRUCTIONS = 0x4400_0022_4800_0000n;
const BRANCH_TO_ITSELF = 0x4800_0000n;
/** In the nested guest: ld r5,0(r4) and std r5,0(r4), each before a branch to itself. */
const LOAD_AT = 0x4000;
const STORE_AT = 0x4010;
const LOAD = (0xe8a4_0000n << 32n) | BRANCH_TO_ITSELF;
const STORE = (0xf8a4_0000n << 32n) | BRANCH_TO_ITSELF;
const MACHINE_CHECK = 0x200;
/** addi r5,0,n */
const li = (n: number): bigint => 0x38a0_0000n | BigInt(n);
/** pt_regs behind hv_guest_state. */
const REGS = 0x400;
const L2_MSR = MSR.SF.mask | MSR.ME.mask;
const STORAGE_TRAPS = [0xe00, 0xe20];
const ADDRESS_REGISTER = 4;
const VALUE_REGISTER = 5;
const HYPERCALL_REGISTER = 3;

class MachineWorld extends L1World {
  readonly machine = new Machine({
    description: PSERIES_MACHINE,
    memory: 24 * MIB,
    cpus: 2,
    output: () => undefined,
  });
  readonly l0: L0 = this.machine.l0!;
  readonly part = this.l0.nested as NestedGuests;
  readonly l1Bytes = 24 * MIB;
  readonly hva: number;

  constructor() {
    super();
    const code = new Uint8Array(16);
    new DataView(code.buffer).setBigUint64(0, L1_INSTRUCTIONS);
    this.machine.load(readRaw('L1', code, { entry: BigInt(L1_CODE), loadAddress: BigInt(L1_CODE) }));
    startVcpu(this.l0, this.l0.vcpus[1]!, { entry: BigInt(L1_CODE), argument: 0n });
    this.hva = this.vm.gfnToMemslot(0)!.userspaceAddr;
    this.nested.l1Ptcr = BigInt(PARTITION_TABLE);
  }

  /** Made in the name of the first vCPU, wherever that is: the calls in question do not look at who makes them. */
  hypercall(number: number, ...args: (bigint | number)[]): number {
    const vcpu = this.l0.vcpus[0]!;
    const { state } = vcpu.cpu;
    state.setGpr(HYPERCALL_REGISTER, BigInt(number));
    args.forEach((value, i) => state.setGpr(ADDRESS_REGISTER + i, BigInt.asUintN(64, BigInt(value))));
    this.l0.hypercalls.perform(new Hypercall(this.l0, vcpu, number));
    return Number(BigInt.asIntN(64, state.gpr(HYPERCALL_REGISTER)));
  }
}

/** A vCPU that has neither made the access nor left its nested guest after this many turns never will. */
const MOST_TURNS = 32;

export class MachinePlayer implements Player {
  readonly world = new MachineWorld();
  readonly cpus = 2;
  readonly hostPages = '2M';
  /** Accesses that began inside the nested guest, and those of them while the other vCPU was inside one too. */
  stayed = 0;
  together = 0;
  private next = 1;

  constructor() {
    const { world } = this;
    world.write(L2_PAGE + MACHINE_CHECK, BRANCH_TO_ITSELF << 32n);
    world.write(L2_PAGE + LOAD_AT, LOAD);
    world.write(L2_PAGE + STORE_AT, STORE);
  }

  begin(trees: readonly L2Tree[]): void {
    for (const tree of trees) tree.map(0, L2_PAGE);
  }

  /** The LPID of the nested guest that a vCPU is in. */
  inside(cpu: number): number | undefined {
    return this.world.part.runs[cpu]!.guest?.lpid;
  }

  access({ lpid, nGpa, kind, cpu: id }: PlayedAccess, wanted: Outcome): number | string {
    const cpu = this.world.machine.cpus[id]!;
    const { memory } = this.world.machine;
    this.next = (this.next % 0x7ffe) + 1;
    const mark = BigInt(this.next);
    this.enter(id, lpid);
    // Where it should go, it finds the mark or leaves it.
    if (typeof wanted === 'number' && kind !== 'store') {
      memory.setDoubleword(wanted, kind === 'load' ? mark : (li(this.next) << 32n) | BRANCH_TO_ITSELF);
      cpu.hooks.memoryChanged!(wanted, 8);
    }
    const start = kind === 'fetch' ? nGpa : kind === 'load' ? LOAD_AT : STORE_AT;
    const end = this.run(id, BigInt(start), { address: BigInt(nGpa), value: kind === 'store' ? mark : 0n });
    if (end !== 'done') return end;
    if (typeof wanted !== 'number') return `${kind} was made`;
    const got = kind === 'store' ? memory.getDoubleword(wanted) : cpu.state.gpr(VALUE_REGISTER);
    return got === mark ? wanted : `${got.toString(16)} instead of ${mark.toString(16)}`;
  }

  /** The vCPU is in the nested guest afterwards, unless L1 has no such guest. */
  private enter(id: number, lpid: number): void {
    if (this.inside(id) === lpid) {
      this.stayed++;
      if (this.inside(1 - id) !== undefined) this.together++;
      return;
    }
    const { world } = this;
    const cpu = world.machine.cpus[id]!;
    if (this.inside(id) !== undefined) world.l0.interrupt(cpu, 'machineCheck', {});
    const at = STATES + id * STATE_BYTES;
    world.write(at + HV_STATE.version, 2n);
    world.write(at + HV_STATE.lpid, (BigInt(lpid) << 32n) | BigInt(id));
    world.write(at + HV_STATE.hdecExpiry, 1n << 50n);
    world.write(at + REGS + PT_REGS.msr, L2_MSR);
    cpu.msr = L2_MSR;
    cpu.hooks.contextChanged(cpu);
    cpu.nia = BigInt(L1_CODE);
    [0xf804, at, at + REGS].forEach((value, n) => cpu.state.setGpr(HYPERCALL_REGISTER + n, BigInt(value)));
    for (let turn = 0; turn < MOST_TURNS && cpu.nia === BigInt(L1_CODE); turn++)
      world.machine.execution.run(cpu, 1);
  }

  /** Runs a vCPU from an address of its nested guest until it has made one step or left. @returns `done`, or what came */
  private run(id: number, start: bigint, { address, value }: { address: bigint; value: bigint }): string {
    const cpu = this.world.machine.cpus[id]!;
    if (this.inside(id) === undefined) return this.reflected(id);
    cpu.msr = L2_MSR;
    cpu.hooks.contextChanged(cpu);
    cpu.nia = start;
    cpu.state.setGpr(ADDRESS_REGISTER, address);
    cpu.state.setGpr(VALUE_REGISTER, value);
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      this.world.machine.execution.run(cpu, 1);
      if (this.inside(id) === undefined) return this.reflected(id);
      if (cpu.nia === start + 4n) return 'done';
      if (cpu.nia === BigInt(MACHINE_CHECK)) return 'mmio';
      if (cpu.nia !== start) return `at ${cpu.nia.toString(16)}`;
    }
    return 'no progress';
  }

  /** What L1 finds in r3. */
  private reflected(id: number): string {
    const trap = Number(this.world.machine.cpus[id]!.state.gpr(HYPERCALL_REGISTER));
    return STORAGE_TRAPS.includes(trap) ? 'reflect' : `trap ${trap.toString(16)}`;
  }
}
