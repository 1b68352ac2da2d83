/**
 * A 16550 UART (National Semiconductor PC16550D): the console of `microwatt` and `powernv`. Transmission takes no
 * time, so that output does not depend on a baud rate; input waits in a queue until the guest looks for it.
 */
import { StateReader, type Json } from '../../core/saved-state';
import type { AccessSize, Device } from './device';

/** Register numbers; RBR/THR, IER give way to DLL, DLM while LCR[DLAB] is set. */
export const UART = {
  RBR: 0,
  THR: 0,
  DLL: 0,
  IER: 1,
  DLM: 1,
  IIR: 2,
  FCR: 2,
  LCR: 3,
  MCR: 4,
  LSR: 5,
  MSR: 6,
  SCR: 7,
};

/** Bits of the registers, as the data sheet names them. */
export const IER = { ERBFI: 0x01, ETBEI: 0x02, ELSI: 0x04, EDSSI: 0x08, MASK: 0x0f } as const;
export const IIR = {
  NONE: 0x1,
  RLS: 0x6,
  RDA: 0x4,
  TIMEOUT: 0xc,
  THRE: 0x2,
  MODEM: 0x0,
  FIFO: 0xc0,
} as const;
export const FCR = { ENABLE: 0x01, RESET_RX: 0x02, RESET_TX: 0x04, TRIGGER_SHIFT: 6, KEPT: 0xc9 } as const;
export const LCR = { DLAB: 0x80 } as const;
export const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, LOOP: 0x10, MASK: 0x1f } as const;
export const LSR = { DR: 0x01, OE: 0x02, THRE: 0x20, TEMT: 0x40 } as const;
export const MSR = {
  DCTS: 0x01, DDSR: 0x02, TERI: 0x04, DDCD: 0x08, CTS: 0x10, DSR: 0x20, RI: 0x40, DCD: 0x80,
} as const; // prettier-ignore

const FIFO_DEPTH = 16;
/** Bytes in the FIFO that raise the received-data interrupt, by FCR[7:6]. */
const TRIGGER = [1, 4, 8, 14] as const;
/** Bytes of input that wait for the guest; more is left with the caller. */
export const INPUT_LIMIT = 65536;

export interface UartOptions {
  /** Distance of the registers in bytes: 1, or 4 on Microwatt. */
  readonly stride: 1 | 2 | 4 | 8;
  /**
   * Transmitter-empty interrupt: `latched` until IIR is read or THR written, as the data sheet has it; `level` for as
   * long as it is enabled, as on Microwatt.
   */
  readonly transmitInterrupt: 'latched' | 'level';
  /** Every byte that the guest sends. */
  readonly output: (byte: number) => void;
  /** The interrupt line, whenever it changes. */
  readonly interrupt: (level: boolean) => void;
}

export class Uart16550 implements Device {
  private ier = 0;
  private fcr = 0;
  private lcr = 0;
  private mcr = 0;
  private scr = 0;
  private divisor = [0, 0];
  private overrun = false;
  private modemDelta = 0;
  private transmitPending = false;
  private line = false;
  /** What the receiver holds, and what waits outside. */
  private fifo: number[] = [];
  private input: number[] = [];

  constructor(private readonly options: UartOptions) {}

  /** Queues input for the guest. Returns how many bytes were taken: fewer than all when the guest does not read. */
  receive(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, INPUT_LIMIT - this.input.length);
    for (const byte of taken) this.input.push(byte);
    this.update();
    return taken.length;
  }

  /** Every register whose first byte is in the access is read; bytes between registers are 0. */
  read(offset: number, size: AccessSize): bigint {
    let value = 0n;
    for (let i = 0; i < size; i++)
      if ((offset + i) % this.options.stride === 0)
        value |= BigInt(this.readRegister(this.register(offset + i))) << BigInt(8 * i);
    return value;
  }

  /** Every register whose first byte is in the access is written. */
  write(offset: number, size: AccessSize, value: bigint): void {
    for (let i = 0; i < size; i++)
      if ((offset + i) % this.options.stride === 0)
        this.writeRegister(this.register(offset + i), Number((value >> BigInt(8 * i)) & 0xffn));
  }

  private register(offset: number): number {
    return (offset / this.options.stride) % 8;
  }

  private readRegister(register: number): number {
    this.fill();
    const value = this.valueOf(register);
    if (register === UART.RBR && !this.latchAccess) this.fifo.shift();
    else if (register === UART.IIR && value % 16 === IIR.THRE) this.transmitPending = false;
    else if (register === UART.LSR) this.overrun = false;
    else if (register === UART.MSR) this.modemDelta = 0;
    this.update();
    return value;
  }

  /** What a register reads as, without the side effects of reading. */
  private valueOf(register: number): number {
    switch (register) {
      case UART.RBR:
        return this.latchAccess ? this.divisor[0]! : (this.fifo[0] ?? 0);
      case UART.IER:
        return this.latchAccess ? this.divisor[1]! : this.ier;
      case UART.IIR:
        return (this.fcr & FCR.ENABLE ? IIR.FIFO : 0) | (this.cause() ?? IIR.NONE);
      case UART.LCR:
        return this.lcr;
      case UART.MCR:
        return this.mcr;
      case UART.LSR:
        return LSR.THRE | LSR.TEMT | (this.fifo.length ? LSR.DR : 0) | (this.overrun ? LSR.OE : 0);
      case UART.MSR:
        return this.modemStatus() | this.modemDelta;
      default:
        return this.scr;
    }
  }

  private writeRegister(register: number, value: number): void {
    if (register <= UART.DLM && this.latchAccess) this.divisor[register] = value;
    else if (register === UART.THR) this.transmit(value);
    else if (register === UART.IER) this.enableInterrupts(value & IER.MASK);
    else if (register === UART.FCR) this.controlFifo(value);
    else if (register === UART.LCR) this.lcr = value;
    else if (register === UART.MCR) this.controlModem(value & MCR.MASK);
    else if (register === UART.SCR) this.scr = value;
    this.update();
  }

  private get latchAccess(): boolean {
    return (this.lcr & LCR.DLAB) !== 0;
  }

  private get loopback(): boolean {
    return (this.mcr & MCR.LOOP) !== 0;
  }

  private get depth(): number {
    return this.fcr & FCR.ENABLE ? FIFO_DEPTH : 1;
  }

  private transmit(byte: number): void {
    this.transmitPending = true;
    if (!this.loopback) this.options.output(byte);
    else if (this.fifo.length < this.depth) this.fifo.push(byte);
    else this.overrun = true;
  }

  /** Enabling the transmitter's interrupt while it is empty raises it. */
  private enableInterrupts(value: number): void {
    if (value & IER.ETBEI && !(this.ier & IER.ETBEI)) this.transmitPending = true;
    this.ier = value;
  }

  /** Switching the FIFOs on or off empties them. */
  private controlFifo(value: number): void {
    const switched = ((this.fcr ^ value) & FCR.ENABLE) !== 0;
    if (switched || value & FCR.RESET_RX) this.fifo = [];
    this.fcr = value & FCR.ENABLE ? value & FCR.KEPT : 0;
  }

  private controlModem(value: number): void {
    const before = this.modemStatus();
    this.mcr = value;
    const after = this.modemStatus();
    const changed = before ^ after;
    if (changed & MSR.CTS) this.modemDelta |= MSR.DCTS;
    if (changed & MSR.DSR) this.modemDelta |= MSR.DDSR;
    if (before & ~after & MSR.RI) this.modemDelta |= MSR.TERI;
    if (changed & MSR.DCD) this.modemDelta |= MSR.DDCD;
  }

  /** The modem's lines: somebody is always there; in loopback they are our own outputs. */
  private modemStatus(): number {
    if (!this.loopback) return MSR.CTS | MSR.DSR | MSR.DCD;
    return (
      (this.mcr & MCR.RTS ? MSR.CTS : 0) |
      (this.mcr & MCR.DTR ? MSR.DSR : 0) |
      (this.mcr & MCR.OUT1 ? MSR.RI : 0) |
      (this.mcr & MCR.OUT2 ? MSR.DCD : 0)
    );
  }

  /** The interrupt of the highest priority that is enabled and pending: its IIR code. */
  private cause(): number | undefined {
    if (this.ier & IER.ELSI && this.overrun) return IIR.RLS;
    if (this.ier & IER.ERBFI && this.fifo.length) {
      const trigger = this.fcr & FCR.ENABLE ? TRIGGER[this.fcr >> FCR.TRIGGER_SHIFT]! : 1;
      return this.fifo.length >= trigger ? IIR.RDA : IIR.TIMEOUT;
    }
    const transmit = this.transmitPending || this.options.transmitInterrupt === 'level';
    if (this.ier & IER.ETBEI && transmit) return IIR.THRE;
    if (this.ier & IER.EDSSI && this.modemDelta) return IIR.MODEM;
    return undefined;
  }

  /** Bytes arrive when the guest looks or waits for them, so that resetting the FIFO at start-up loses no input. */
  private fill(): void {
    if (this.loopback) return;
    const room = this.depth - this.fifo.length;
    if (room > 0 && this.input.length) this.fifo.push(...this.input.splice(0, room));
  }

  private update(): void {
    if (this.ier & IER.ERBFI) this.fill();
    const level = this.cause() !== undefined;
    if (level === this.line) return;
    this.line = level;
    this.options.interrupt(level);
  }

  save(): Json {
    const { ier, fcr, lcr, mcr, scr, divisor, overrun, modemDelta, transmitPending, fifo, input } = this;
    return {
      ier, fcr, lcr, mcr, scr, divisor: [...divisor], overrun, modemDelta, transmitPending, fifo: [...fifo],
      input: [...input],
    }; // prettier-ignore
  }

  restore(state: Json): void {
    const r = new StateReader('snapshot: uart', state);
    const saved = {
      ier: r.integer('ier', 0, IER.MASK),
      fcr: r.byte('fcr') & FCR.KEPT,
      lcr: r.byte('lcr'),
      mcr: r.integer('mcr', 0, MCR.MASK),
      scr: r.byte('scr'),
      divisor: r.integers('divisor', 0xff, 2),
      overrun: r.boolean('overrun'),
      modemDelta: r.integer('modemDelta', 0, MSR.DCTS | MSR.DDSR | MSR.TERI | MSR.DDCD),
      transmitPending: r.boolean('transmitPending'),
      fifo: r.integers('fifo', 0xff, FIFO_DEPTH),
      input: r.integers('input', 0xff, INPUT_LIMIT),
    };
    r.done();
    Object.assign(this, { ...saved, divisor: [saved.divisor[0] ?? 0, saved.divisor[1] ?? 0] });
    this.fifo = [...saved.fifo];
    this.input = [...saved.input];
    this.update();
  }
}
