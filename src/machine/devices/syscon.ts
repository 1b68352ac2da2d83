/** Microwatt's system controller: what the SoC has, and a few switches. Registers are 64-bit, little-endian. */
import { StateReader, type Json } from '../../core/saved-state';
import { extractBytes, insertBytes, type AccessSize, type Device } from './device';

/** Byte offsets of the registers. */
export const SYSCON = {
  SIGNATURE: 0x00, INFO: 0x08, BRAM_SIZE: 0x10, DRAM_SIZE: 0x18, CLOCK: 0x20, CTRL: 0x28, DRAM_INIT_SIZE: 0x30,
  SPI_OFFSET: 0x38, UART0: 0x40, UART1: 0x48, GIT: 0x50, CPU_CTRL: 0x58, TB_CTRL: 0x60, SIZE: 0x1000,
} as const; // prettier-ignore
export const SYSCON_SIGNATURE = 0xf00d_aa55_0001_0001n;
export const INFO = { UART: 1n << 0n, DRAM: 1n << 1n, BRAM: 1n << 2n, LARGE_SYSCON: 1n << 5n } as const;
export const CTRL = {
  DRAM_AT_0: 1n << 0n,
  CORE_RESET: 1n << 1n,
  SOC_RESET: 1n << 2n,
  ALT_RESET: 1n << 3n,
} as const;
const UART_INFO_16550 = 1n << 32n;
/** The revision of Microwatt that the machine is like, in its first 14 digits. */
const GIT_REVISION = 0xf341_bed3_06a9_a7n;
const TB_CTRL = { FREEZE: 1n << 0n, READ_PROTECT: 1n << 1n } as const;

export interface SysconOptions {
  /** Bytes of block RAM at 0 and of DRAM. */
  readonly bramSize: number;
  readonly dramSize: number;
  readonly clockHz: number;
  readonly cpus: number;
  /** A reset that the guest asked for; the request clears itself. */
  readonly onReset: (kind: 'core' | 'soc') => void;
  /** CPU_CTRL: bit n enables CPU n. */
  readonly onCpuControl: (enabled: number) => void;
  /** TB_CTRL: the time base stands still; problem state may not read it. */
  readonly onTimebaseControl: (control: { freeze: boolean; readProtect: boolean }) => void;
}

/** CPU 0 runs after reset. */
const CPU_CTRL_RESET = 1n;

export class Syscon implements Device {
  private control: bigint;
  private cpuControl = CPU_CTRL_RESET;
  private timebaseControl = 0n;

  constructor(private readonly options: SysconOptions) {
    this.control = this.forcedControl;
  }

  /** Without block RAM there is nothing but DRAM to be at 0. */
  private get forcedControl(): bigint {
    return this.options.bramSize === 0 ? CTRL.DRAM_AT_0 : 0n;
  }

  private get allCpus(): bigint {
    return (1n << BigInt(this.options.cpus)) - 1n;
  }

  private register(at: number): bigint {
    const { bramSize, dramSize, clockHz } = this.options;
    switch (at) {
      case SYSCON.SIGNATURE:
        return SYSCON_SIGNATURE;
      case SYSCON.INFO:
        return INFO.UART | INFO.LARGE_SYSCON | (dramSize ? INFO.DRAM : 0n) | (bramSize ? INFO.BRAM : 0n);
      case SYSCON.BRAM_SIZE:
        return BigInt(bramSize);
      case SYSCON.DRAM_SIZE:
        return BigInt(dramSize);
      case SYSCON.CLOCK:
        return BigInt(clockHz);
      case SYSCON.CTRL:
        return this.control;
      case SYSCON.UART0:
        return UART_INFO_16550 | BigInt(clockHz);
      case SYSCON.GIT:
        return GIT_REVISION;
      case SYSCON.CPU_CTRL:
        return this.cpuControl;
      case SYSCON.TB_CTRL:
        return this.timebaseControl;
      default:
        return 0n;
    }
  }

  read(offset: number, size: AccessSize): bigint {
    const at = offset - (offset % 8);
    const low = extractBytes(this.register(at), offset - at, size);
    const inFirst = at + 8 - offset;
    if (size <= inFirst) return low;
    return low | (extractBytes(this.register(at + 8), 0, size - inFirst) << BigInt(8 * inFirst));
  }

  /** A write that straddles two registers reaches the first only. */
  write(offset: number, size: AccessSize, value: bigint): void {
    const at = offset - (offset % 8);
    const all = BigInt.asUintN(64, insertBytes(this.register(at), offset - at, size, value));
    if (at === SYSCON.CTRL) this.writeControl(all);
    else if (at === SYSCON.CPU_CTRL) {
      this.cpuControl = all & this.allCpus;
      this.options.onCpuControl(Number(this.cpuControl));
    } else if (at === SYSCON.TB_CTRL) {
      this.timebaseControl = all & (TB_CTRL.FREEZE | TB_CTRL.READ_PROTECT);
      this.announceTimebase();
    }
  }

  private announceTimebase(): void {
    const has = (bit: bigint): boolean => (this.timebaseControl & bit) !== 0n;
    this.options.onTimebaseControl({ freeze: has(TB_CTRL.FREEZE), readProtect: has(TB_CTRL.READ_PROTECT) });
  }

  private writeControl(value: bigint): void {
    this.control = (value & CTRL.DRAM_AT_0) | this.forcedControl;
    if (value & CTRL.SOC_RESET) this.options.onReset('soc');
    else if (value & (CTRL.CORE_RESET | CTRL.ALT_RESET)) this.options.onReset('core');
  }

  save(): Json {
    return {
      control: Number(this.control),
      cpuControl: Number(this.cpuControl),
      timebaseControl: Number(this.timebaseControl),
    };
  }

  restore(state: Json): void {
    const r = new StateReader('snapshot: syscon', state);
    const saved = {
      control: r.integer('control', 0, Number(CTRL.DRAM_AT_0)),
      cpuControl: r.integer('cpuControl', 0, Number(this.allCpus)),
      timebaseControl: r.integer('timebaseControl', 0, Number(TB_CTRL.FREEZE | TB_CTRL.READ_PROTECT)),
    };
    r.done();
    this.control = BigInt(saved.control) | this.forcedControl;
    this.cpuControl = BigInt(saved.cpuControl);
    this.timebaseControl = BigInt(saved.timebaseControl);
    this.options.onCpuControl(saved.cpuControl);
    this.announceTimebase();
  }
}
