/**
 * `powernv`: bare metal with the full hypervisor architecture. Memory at 0, a 16550 console where QEMU's machine of
 * that name has it, and a register that powers off. CPU 0 starts at the image's entry in hypervisor real mode with
 * the image's byte order (big-endian where the image does not say); the other CPUs start where CPU 0 sends them with a
 * system reset.
 */
import { MSR } from '../../isa/registers/msr';
import { POWER, PowerControl } from './devices/power';
import { Uart16550 } from './devices/uart16550';
import type { MachineDescription } from './description';

/** Host real addresses of the devices. */
export const POWERNV = {
  /** COM1 of the LPC bus: eight byte registers. */
  UART: 0x60300d00103f8n,
  /** `POWER` register (devices/power.ts). */
  POWER: 0x60300e0000000n,
} as const;

export const POWERNV_MACHINE: MachineDescription = {
  name: 'powernv',
  models: ['power8', 'power9', 'power10'],
  defaultModel: 'power9',
  defaultMemory: 512 * 2 ** 20,
  maxMemory: 3584 * 2 ** 20,
  build({ bus, output, power }) {
    const uart = new Uart16550({
      stride: 1,
      transmitInterrupt: 'latched',
      output,
      // The LPC interrupt controller is not modelled; guests poll.
      interrupt: () => undefined,
    });
    bus.add('uart0', POWERNV.UART, 8, uart);
    bus.add('power', POWERNV.POWER, POWER.SIZE, new PowerControl(power));
    return { input: (bytes) => uart.receive(bytes) };
  },
  start(cpu, image) {
    if (image.endian === 'little') cpu.msr |= MSR.LE.mask;
  },
};
