/**
 * `microwatt`: the memory map of the Microwatt SoC as its simulation has it. Block RAM at 0 and again at 0x80000000,
 * syscon, a 16550 at stride 4, XICS. CPUs start at 0, little-endian, in hypervisor real mode; `attn` ends the run.
 */
import { Syscon, SYSCON } from './devices/syscon';
import { extractBytes, type Registers } from './devices/device';
import { Uart16550 } from './devices/uart16550';
import { ICS, ICP, Xics } from './devices/xics';
import type { RealMemory } from '../core/memory';
import type { MachineDescription } from './description';

/** Host real addresses of the devices. */
const MICROWATT = {
  RAM_ALIAS: 0x80000000n,
  SYSCON: 0xc0000000n,
  UART0: 0xc0002000n,
  ICP: 0xc0004000n,
  ICS: 0xc0005000n,
} as const;

const UART_STRIDE = 4;
const UART_SIZE = 0x1000;
/** Interrupt source of UART 0. */
const UART_SOURCE = 0;
const CLOCK_HZ = 100_000_000;

/** Memory seen once more at another address. A store there changes code and tables like any other. */
const aliasOf = (memory: RealMemory, changed: (address: number, bytes: number) => void): Registers => ({
  read(offset, size) {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(memory.bytes[offset + i]!);
    return value;
  },
  write(offset, size, value) {
    for (let i = 0; i < size; i++) memory.bytes[offset + i] = Number(extractBytes(value, i, 1));
    changed(offset, size);
  },
});

export const MICROWATT_MACHINE: MachineDescription = {
  name: 'microwatt',
  models: ['microwatt'],
  defaultModel: 'microwatt',
  defaultMemory: 384 * 1024,
  maxMemory: 512 * 2 ** 20,
  build({ bus, memory, cpus, threads, output, interrupt, enableCpus }) {
    const xics = new Xics({ servers: cpus, interrupt });
    const uart = new Uart16550({
      stride: UART_STRIDE,
      transmitInterrupt: 'level',
      output,
      interrupt: (level) => xics.setLevel(UART_SOURCE, level),
    });
    const syscon = new Syscon({
      bramSize: memory.size,
      dramSize: 0,
      clockHz: CLOCK_HZ,
      cpus,
      onReset: () => undefined,
      onCpuControl: enableCpus,
      onTimebaseControl: () => undefined,
    });
    const alias = aliasOf(memory, (at, bytes) => threads[0]!.hooks.memoryChanged?.(at, bytes));
    bus.map({ name: 'ram alias', base: MICROWATT.RAM_ALIAS, size: memory.size, registers: alias });
    bus.add('syscon', MICROWATT.SYSCON, SYSCON.SIZE, syscon);
    bus.add('uart0', MICROWATT.UART0, UART_SIZE, uart);
    bus.map({ name: 'icp', base: MICROWATT.ICP, size: ICP.SIZE * cpus, registers: xics.icp });
    bus.map({ name: 'ics', base: MICROWATT.ICS, size: ICS.SIZE, registers: xics.ics });
    bus.attach('xics', xics);
    return { input: (bytes) => uart.receive(bytes) };
  },
  start() {
    // The reset state of the CPU model is all there is.
  },
};
