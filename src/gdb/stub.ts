/**
 * One conversation with gdb: takes bytes, gives bytes. What a packet does not know is answered with an empty packet,
 * what it cannot do with an error; nothing that comes can do more harm than that.
 */
import { ERROR, UNKNOWN, type Answer } from './answer';
import { Conversation } from './conversation';
import type { Debugger } from './debugger';
import type { Monitor } from './monitor';
import { encodePacket, PacketReader, type Incoming } from './packet';
import { QUERY_ANSWERS } from './query-answers';
import { RUN_ANSWERS, stopReply } from './run-answers';
import { STATE_ANSWERS, writeMemory } from './state-answers';

const [ACK, NACK] = [Buffer.from('+'), Buffer.from('-')];
const COLON = ':'.charCodeAt(0);
const BINARY_WRITE = 'X'.charCodeAt(0);

/** Where the conversation takes place. */
export interface Line {
  send(bytes: Uint8Array): void;
  /** Nothing more is to be said. */
  close(): void;
}

/** The longest beginning first: `vCont?` is none of `vCont`. */
const ANSWERS: readonly (readonly [string, Answer])[] = Object.entries({
  ...STATE_ANSWERS,
  ...RUN_ANSWERS,
  ...QUERY_ANSWERS,
}).sort(([a], [b]) => b.length - a.length);

export class Stub {
  private readonly reader = new PacketReader();
  private readonly conversation: Conversation;
  private sent: Uint8Array = new Uint8Array(0);
  private ended = false;

  /** The machine stands still from now on. */
  constructor(
    private readonly debug: Debugger,
    private readonly line: Line,
    monitor: Monitor,
  ) {
    debug.attach();
    this.conversation = new Conversation({
      debug,
      monitor,
      say: (data) => this.send(data),
      end: (then) => this.end(then),
    });
    debug.events.stopped = (report) => {
      this.conversation.subject = debug.machine.cpus[report.cpu]!;
      const reasons = this.conversation.knowsBreakReasons ? 'breakpoints' : 'plain';
      this.send(stopReply(report, { reasons }));
    };
  }

  /** Bytes have come. */
  receive(bytes: Uint8Array): void {
    for (const incoming of this.reader.feed(bytes)) {
      if (this.ended) return;
      this.take(incoming);
    }
  }

  /** The line is dead: a machine that stands still goes on doing so. @returns false: the end was agreed on */
  lost(): boolean {
    if (this.ended) return false;
    this.end('stay');
    return true;
  }

  /** The run is over. */
  exited(code: number): void {
    if (this.ended) return;
    this.send(`W${(code & 0xff).toString(16).padStart(2, '0')}`);
    this.ended = true;
    this.line.close();
  }

  private take(incoming: Incoming): void {
    const { acknowledges } = this.conversation;
    switch (incoming.kind) {
      case 'ack':
        return;
      case 'nack':
        if (acknowledges) this.line.send(this.sent);
        return;
      case 'interrupt':
        this.debug.interrupt();
        return;
      case 'damaged':
        if (acknowledges) this.line.send(NACK);
        return;
      case 'tooLong':
        if (acknowledges) this.line.send(ACK);
        this.send(ERROR.TOO_LONG);
        return;
      case 'packet': {
        if (acknowledges) this.line.send(ACK);
        const answer = this.answer(incoming.data);
        if (answer !== undefined) this.send(answer);
        if (this.ended) this.line.close();
      }
    }
  }

  private answer(data: Uint8Array): string | undefined {
    if (data[0] === BINARY_WRITE) {
      const colon = data.indexOf(COLON);
      if (colon < 0) return ERROR.INVALID;
      const header = Buffer.from(data.subarray(1, colon)).toString('latin1');
      return writeMemory(this.conversation, header, data.subarray(colon + 1));
    }
    const text = Buffer.from(data).toString('latin1');
    const found = ANSWERS.find(([name]) => text.startsWith(name));
    return found ? found[1](this.conversation, text.slice(found[0].length)) : UNKNOWN;
  }

  private end(then: 'go on' | 'stay'): void {
    this.ended = true;
    delete this.debug.events.stopped;
    this.debug.detach(then);
  }

  private send(data: string): void {
    this.sent = encodePacket(Buffer.from(data, 'latin1'));
    this.line.send(this.sent);
  }
}
