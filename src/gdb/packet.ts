/**
 * Packets of gdb's remote serial protocol as bytes: `$data#checksum`, acknowledgements, and the byte of Ctrl-C (gdb
 * manual, appendix E.1, E.10). What packets mean is in `stub.ts`.
 */

const [DOLLAR, HASH, ESCAPE, STAR, PLUS, MINUS] = [...'$#}*+-'].map((c) => c.charCodeAt(0)) as [
  number, number, number, number, number, number,
]; // prettier-ignore
const CTRL_C = 0x03;
/** What an escaped byte is XORed with. */
const FLIP = 0x20;

/** Most bytes of a packet's data, in either direction, as they are on the line. */
export const PACKET_SIZE = 0x4000;

/** What came. */
export type Incoming =
  /** Data without escapes, to be kept only until the next one. */
  | { readonly kind: 'packet'; readonly data: Uint8Array }
  | { readonly kind: 'ack' }
  /** The last packet is wanted again. */
  | { readonly kind: 'nack' }
  | { readonly kind: 'interrupt' }
  /** A packet whose checksum is wrong. */
  | { readonly kind: 'damaged' }
  /** A packet of more than {@link PACKET_SIZE} bytes. */
  | { readonly kind: 'tooLong' };

type State = 'between' | 'data' | 'escaped' | 'checksum' | 'lastDigit';

/** Takes a stream apart. It keeps one packet at most, whatever comes. */
export class PacketReader {
  private readonly data = new Uint8Array(PACKET_SIZE);
  private length = 0;
  /** Bytes on the line. */
  private size = 0;
  private sum = 0;
  private digits = '';
  private state: State = 'between';

  /** What the next bytes of the stream complete. */
  *feed(bytes: Uint8Array): Generator<Incoming> {
    for (const byte of bytes) {
      const incoming = this.take(byte);
      if (incoming) yield incoming;
    }
  }

  private take(byte: number): Incoming | undefined {
    switch (this.state) {
      case 'between':
        return this.outside(byte);
      case 'checksum':
        this.digits = String.fromCharCode(byte);
        this.state = 'lastDigit';
        return undefined;
      case 'lastDigit':
        return this.complete(this.digits + String.fromCharCode(byte));
      case 'data':
      case 'escaped':
        this.inside(byte);
        return undefined;
    }
  }

  private outside(byte: number): Incoming | undefined {
    if (byte === PLUS) return { kind: 'ack' };
    if (byte === MINUS) return { kind: 'nack' };
    if (byte === CTRL_C) return { kind: 'interrupt' };
    if (byte === DOLLAR) this.begin();
    return undefined;
  }

  private begin(): void {
    this.length = this.size = this.sum = 0;
    this.state = 'data';
  }

  private inside(byte: number): void {
    if (byte === HASH) {
      this.state = 'checksum';
      return;
    }
    // Data has no $ of its own: the packet before was cut off.
    if (byte === DOLLAR) {
      this.begin();
      return;
    }
    this.sum = (this.sum + byte) & 0xff;
    if (this.size <= PACKET_SIZE) this.size++;
    if (byte === ESCAPE && this.state === 'data') {
      this.state = 'escaped';
      return;
    }
    if (this.length < PACKET_SIZE) this.data[this.length++] = this.state === 'escaped' ? byte ^ FLIP : byte;
    this.state = 'data';
  }

  private complete(digits: string): Incoming {
    this.state = 'between';
    if (this.size > PACKET_SIZE) return { kind: 'tooLong' };
    const isRight = /^[0-9a-fA-F]{2}$/.test(digits) && parseInt(digits, 16) === this.sum;
    return isRight ? { kind: 'packet', data: this.data.subarray(0, this.length) } : { kind: 'damaged' };
  }
}

/** A packet on the line. */
export function encodePacket(data: Uint8Array): Uint8Array {
  const escaped = SPECIAL.test(Buffer.from(data).toString('latin1')) ? escape(data) : data;
  let sum = 0;
  for (const byte of escaped) sum = (sum + byte) & 0xff;
  return Buffer.concat([BEGIN, escaped, Buffer.from(`#${sum.toString(16).padStart(2, '0')}`)]);
}
const BEGIN = Buffer.from('$');
/** Bytes that must not appear in data. */
const SPECIAL = /[$#}*]/;

function escape(data: Uint8Array): Uint8Array {
  const special: ReadonlySet<number> = new Set([DOLLAR, HASH, ESCAPE, STAR]);
  const out: number[] = [];
  for (const byte of data)
    if (special.has(byte)) out.push(ESCAPE, byte ^ FLIP);
    else out.push(byte);
  return Uint8Array.from(out);
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The bytes of hexadecimal digits, or undefined where they are not pairs of digits. */
export const bytesOf = (hex: string): Uint8Array | undefined =>
  /^(?:[0-9a-fA-F]{2})*$/.test(hex) ? Buffer.from(hex, 'hex') : undefined;
