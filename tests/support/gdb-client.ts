/** A small debugger: speaks the remote protocol to the stub in the same process, with a codec of its own. */
import { Debugger } from '../../src/gdb/debugger';
import { Monitor } from '../../src/gdb/monitor';
import { Stub } from '../../src/gdb/stub';
import type { Machine, MachineEnd } from '../../src/machine/machine';

/** A packet as it is on the line. */
export function framed(data: string | Uint8Array): Buffer {
  const raw = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
  const escaped = Buffer.from(
    [...raw].flatMap((byte) => ('$#}'.includes(String.fromCharCode(byte)) ? [0x7d, byte ^ 0x20] : [byte])),
  );
  const sum = escaped.reduce((total, byte) => (total + byte) % 256, 0);
  return Buffer.concat([Buffer.from('$'), escaped, Buffer.from(`#${sum.toString(16).padStart(2, '0')}`)]);
}

/** The packets of a stream without acknowledgements in it; fails where it is anything else. */
export function unframed(stream: Uint8Array): string[] {
  const text = Buffer.from(stream).toString('latin1');
  const packets: string[] = [];
  let rest = text.replace(/^[+-]*/, '');
  while (rest !== '') {
    const [whole, data, digits] = /^\$([^$#]*)#([0-9a-f]{2})[+-]*/.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`no packet: ${JSON.stringify(rest.slice(0, 80))}`);
    const sum = [...data!].reduce((total, c) => (total + c.charCodeAt(0)) % 256, 0);
    if (sum !== parseInt(digits!, 16)) throw new Error(`checksum of ${data}`);
    packets.push(data!.replace(/\}([^])/g, (_, c: string) => String.fromCharCode(c.charCodeAt(0) ^ 0x20)));
    rest = rest.slice(whole.length);
  }
  return packets;
}

export interface ClientOptions {
  readonly image?: 'big' | 'little';
  /** Instructions between looks at the debugger. */
  readonly slice?: number;
  /** What `monitor walk` says. */
  readonly explanation?: string;
}

const LIMIT = 3_000_000;

export class GdbClient {
  readonly debug: Debugger;
  readonly stub: Stub;
  closed = false;
  private sent: Uint8Array[] = [];
  private readonly slice: number;

  constructor(
    readonly machine: Machine,
    { image, slice = 10_000, explanation }: ClientOptions = {},
  ) {
    this.slice = slice;
    this.debug = new Debugger(machine, image);
    const monitor = new Monitor((cpu, ea, access) => explanation ?? `${access} ${cpu.state.index} ${ea}\n`);
    const line = {
      send: (bytes: Uint8Array) => void this.sent.push(bytes),
      close: () => (this.closed = true),
    };
    this.stub = new Stub(this.debug, line, monitor);
  }

  /** What the stub has said since this was asked last, as bytes. */
  take(): Buffer {
    const bytes = Buffer.concat(this.sent);
    this.sent = [];
    return bytes;
  }

  /** Sends a packet, and gives the last one of the answer; '(none)' where there is none. */
  ask(data: string | Uint8Array): string {
    this.stub.receive(framed(data));
    return unframed(this.take()).at(-1) ?? '(none)';
  }

  /** Sends a packet that lets the machine run, and gives what is said when it stops, or how the machine ended. */
  run(data: string, limit = LIMIT): string | MachineEnd {
    const refused = this.ask(data);
    if (refused !== '(none)') return refused;
    for (let left = limit; this.debug.running && left > 0;) {
      const { end, used } = this.machine.run(Math.min(left, this.slice));
      left -= used;
      if (end.kind === 'debug') this.debug.ended(end.stop);
      else if (end.kind !== 'budget') return end;
    }
    return unframed(this.take()).at(-1) ?? 'still runs';
  }

  /** A register by its number. */
  register(number: number): string {
    return this.ask(`p${number.toString(16)}`);
  }

  /** PC of the selected thread. */
  get pc(): bigint {
    const order = this.ask('p40');
    const cpu = this.machine.cpus[Number(`0x${this.ask('qC').slice(2)}`) - 1]!;
    return order === '' ? 0n : cpu.nia;
  }
}
