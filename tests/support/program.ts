/** Small handmade programs on a whole machine: assembled, loaded, run, looked at. */
import fs from 'node:fs';
import { MSR } from '../../isa/registers/msr';
import { assemble } from '../../src/asm/assemble';
import type { Cpu } from '../../src/cpu/cpu';
import type { ModelName } from '../../src/cpu/models';
import { readRaw } from '../../src/loader';
import type { MachineDescription } from '../../src/machine/description';
import { Machine, type MachineEnd } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { POWERNV_MACHINE } from '../../src/machine/powernv';
import type { Timing } from '../../src/timing';

export const DESCRIPTIONS = {
  powernv: POWERNV_MACHINE,
  microwatt: MICROWATT_MACHINE,
} as const satisfies Record<string, MachineDescription>;

export interface ProgramOptions {
  /** Default `powernv`. */
  readonly machine?: keyof typeof DESCRIPTIONS;
  readonly model?: ModelName;
  /** Default: big on powernv, little on microwatt. */
  readonly byteOrder?: 'big' | 'little';
  /** Real address of the first byte, and the entry unless the program has a label `start`. Default 0. */
  readonly origin?: number;
  /** Bytes of memory. Default 1 MiB. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly tlb?: 'coherent' | 'architected';
  /** Decoded pages that are kept. */
  readonly recordSlots?: number;
  readonly timing?: Timing;
}

/** Text that the programs of the project share. */
export const include = (name: string): string | undefined => {
  const path = `${__dirname}/../../fixtures/${name}`;
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined;
};

/** A machine with a program in it. */
export class Program {
  readonly machine: Machine;
  readonly symbols: ReadonlyMap<string, bigint>;
  /** What came out of the console. */
  console = '';

  constructor(source: string, options: ProgramOptions = {}) {
    const machine = options.machine ?? 'powernv';
    const byteOrder = options.byteOrder ?? (machine === 'microwatt' ? 'little' : 'big');
    this.machine = new Machine({
      description: DESCRIPTIONS[machine],
      memory: options.memory ?? 2 ** 20,
      output: (byte) => {
        this.console += String.fromCharCode(byte);
      },
      ...(options.model ? { model: options.model } : {}),
      ...(options.cpus ? { cpus: options.cpus } : {}),
      ...(options.tlb ? { tlb: options.tlb } : {}),
      ...(options.recordSlots ? { recordSlots: options.recordSlots } : {}),
      ...(options.timing ? { timing: options.timing } : {}),
    });
    const origin = BigInt(options.origin ?? 0);
    const assembled = assemble(`.include "book3s.inc"\n${source}`, { byteOrder, origin, include });
    this.symbols = assembled.symbols;
    const entry = assembled.symbols.get('start') ?? origin;
    const image = readRaw('program', assembled.bytes, { loadAddress: origin, entry });
    this.machine.load({ ...image, endian: byteOrder });
  }

  get cpu(): Cpu {
    return this.machine.cpus[0]!;
  }

  /** Runs until the machine ends or `budget` instructions are done. */
  run(budget = 100_000): MachineEnd {
    return this.machine.run(budget).end;
  }

  /** Runs to `attn`; anything else is a failure of the test. */
  finish(budget = 100_000): this {
    const taken: string[] = [];
    this.machine.execution.observers.interrupt ??= (_cpu, { interrupt, resume }) => {
      if (taken.length < 4) taken.push(`${interrupt} at 0x${resume.toString(16)}`);
    };
    const end = this.run(budget);
    if (end.kind !== 'attn')
      throw new Error(`expected attn, got ${JSON.stringify(end)} after ${taken.join(', ')}`);
    return this;
  }

  gpr(n: number): bigint {
    return this.cpu.state.gpr(n);
  }

  /** Value of a label. */
  at(label: string): bigint {
    const value = this.symbols.get(label);
    if (value === undefined) throw new Error(`no label ${label}`);
    return value;
  }

  /** Bytes of memory as an unsigned big-endian number. */
  memory(address: bigint | number, bytes: number): bigint {
    return BigInt(`0x${Buffer.from(this.bytes(address, bytes)).toString('hex')}`);
  }

  bytes(address: bigint | number, length: number): Uint8Array {
    return this.machine.memory.bytes.slice(Number(address), Number(address) + length);
  }
}

/** Assembles, loads and starts a program; HID0 lets it end with `attn`, and machine checks are interrupts. */
export function program(source: string, options: ProgramOptions = {}): Program {
  const made = new Program(source, options);
  const { attnEnable } = made.cpu.model;
  for (const cpu of made.machine.cpus) cpu.msr |= MSR.ME.mask;
  made.machine.execution.memoryReplaced();
  if (attnEnable) for (const { state } of made.machine.cpus) state.setNamed('HID0', attnEnable.mask);
  return made;
}
