/** An L0 with a guest, without an engine: hypercalls and interrupts are given to it as a CPU would. */
import type { InterruptName } from '../../../isa/interrupts';
import { RealMemory } from '../../../src/core/memory';
import { Cpu, type CpuHooks, type TakenInterrupt } from '../../../src/cpu/cpu';
import type { InterruptDetail } from '../../../src/cpu/interrupts';
import { CPU_MODELS, type ModelName } from '../../../src/cpu/models';
import { HYPERCALL_ROWS } from '../../../src/kvm/hypercalls/rows';
import { startVcpu } from '../../../src/kvm/guest/start';
import { L0, type GuestPower } from '../../../src/kvm/l0';
import { giveMemory } from '../../../src/machine/pseries';
import type { Invalidation } from '../../../src/mmu/invalidate';
import { Translator } from '../../../src/mmu/translate';
import { CpuState } from '../../../src/state/cpu-state';
import { CPU_BLOCK_SIZE } from '../../../src/state/layout';
import type { TraceEvent } from '../../../src/trace/events';

export const MIB = 2 ** 20;
const HOST = 64 * MIB;
/** Bytes of the guest. */
export const GUEST = 16 * MIB;

export interface TestGuestOptions {
  readonly cpus?: number;
  readonly model?: ModelName;
  readonly pageSize?: number;
  readonly host?: number;
  readonly guest?: number;
}

const NUMBERS = new Map<string, number>(HYPERCALL_ROWS.map(({ name, number }) => [name, number]));

export class TestGuest {
  readonly memory: RealMemory;
  readonly l0: L0;
  readonly hva: number;
  readonly cpus: Cpu[];
  readonly taken: (TakenInterrupt & { cpu: number })[] = [];
  readonly invalidations: Invalidation[] = [];
  readonly power: GuestPower[] = [];
  readonly events: TraceEvent[] = [];
  output = '';
  now = 0n;

  constructor(options: TestGuestOptions = {}) {
    this.memory = RealMemory.ofSize(options.host ?? HOST);
    const model = CPU_MODELS[options.model ?? 'power9'];
    const hooks = this.hooks();
    this.cpus = Array.from({ length: options.cpus ?? 2 }, (_, index) => {
      const state = new CpuState(new ArrayBuffer(CPU_BLOCK_SIZE), 0, index);
      const cpu = new Cpu(state, model, new Translator(this.memory, model.mmu), hooks);
      cpu.reset();
      return cpu;
    });
    this.l0 = new L0({
      memory: this.memory,
      cpus: this.cpus,
      ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
      consoleOutput: (byte) => (this.output += String.fromCharCode(byte)),
      power: (request) => this.power.push(request),
    });
    this.hva = giveMemory(this.l0, options.guest ?? GUEST);
    startVcpu(this.l0, this.l0.vcpus[0]!, { entry: 0x100n, argument: 0n });
  }

  private hooks(): CpuHooks {
    return {
      bus: { has: () => false, read: () => undefined, write: () => false },
      now: () => this.now,
      contextChanged: () => undefined,
      invalidate: (_cpu, what) => void this.invalidations.push(what),
      invalidateInstructions: () => undefined,
      cpus: () => this.cpus,
      machineStop: () => undefined,
      random: () => 0x123456789abcdef0n,
      hypervisorInterrupt: (cpu, name, detail) => this.l0.interrupt(cpu, name, detail),
      interruptTaken: (cpu, taken) => void this.taken.push({ ...taken(), cpu: cpu.state.index }),
    };
  }

  cpu(index = 0): Cpu {
    return this.cpus[index]!;
  }

  /** An interrupt as the CPU would give it to L0. */
  interrupt(name: InterruptName, detail: InterruptDetail = {}, cpu = 0): boolean {
    return this.l0.interrupt(this.cpu(cpu), name, detail);
  }

  /** A hypercall by name or number; r3 as a signed number. */
  call(name: string | number, args: readonly (bigint | number)[] = [], cpu = 0): bigint {
    const { state } = this.cpu(cpu);
    const number = typeof name === 'number' ? name : NUMBERS.get(name);
    if (number === undefined) throw new Error(`no hypercall ${name}`);
    state.setGpr(3, BigInt(number));
    for (let i = 0; i < 8; i++) state.setGpr(4 + i, BigInt.asUintN(64, BigInt(args[i] ?? 0)));
    this.interrupt('systemCall', { level: 1, resume: this.cpu(cpu).nia + 4n }, cpu);
    return BigInt.asIntN(64, state.gpr(3));
  }

  /** r4 and up after a call. */
  out(n: number, cpu = 0): bigint {
    return this.cpu(cpu).state.gpr(4 + n);
  }

  write(gpa: number, bytes: Uint8Array | readonly number[]): void {
    if (!this.l0.guestMemory.write(BigInt(gpa), Uint8Array.from(bytes)))
      throw new Error(`no memory at ${gpa}`);
  }

  read(gpa: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (!this.l0.guestMemory.read(BigInt(gpa), bytes)) throw new Error(`no memory at ${gpa}`);
    return bytes;
  }

  words(gpa: number, words: readonly number[]): void {
    const bytes = new Uint8Array(4 * words.length);
    words.forEach((word, i) => new DataView(bytes.buffer).setInt32(4 * i, word));
    this.write(gpa, bytes);
  }

  /** An RTAS call with its block at 0x4000: the results. */
  rtas(
    token: number,
    args: readonly number[],
    results: number,
    cpu = 0,
  ): { status: bigint; results: number[] } {
    const at = 0x4000;
    this.words(at, [token, args.length, results, ...args, ...new Array<number>(results).fill(0x55555555)]);
    const status = this.call('KVMPPC_H_RTAS', [at], cpu);
    const view = new DataView(this.read(at + 12 + 4 * args.length, 4 * results).buffer);
    return { status, results: Array.from({ length: results }, (_, i) => view.getInt32(4 * i)) };
  }
}
