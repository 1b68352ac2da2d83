/** `boot --gdb` as a whole: a client over TCP, and how runs end. */
import { once } from 'node:events';
import net from 'node:net';
import { assemble } from '../../src/asm/assemble';
import { EXIT } from '../../src/cli/exit-codes';
import { runBoot } from '../../src/cli/session';
import { cli, type CliResult } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { framed, unframed } from '../support/gdb-client';
import { MemoryOutput } from '../support/trace-events';

const file = temporaryFolder();
const image = (source: string): string => file('guest.bin', assemble(source, { byteOrder: 'big' }).bytes);

/** A run with a connected client, whose answers come packet by packet. */
class Run {
  readonly ended: Promise<number>;
  readonly err = new MemoryOutput();
  private readonly packets: string[] = [];
  private socket!: net.Socket;
  private wake: (() => void) | undefined;

  constructor(source: string, more: readonly string[] = []) {
    const out = new MemoryOutput();
    const io = { out, err: this.err, isTerminal: false, writeBytes: () => undefined };
    this.ended = cli(['boot', image(source), '--gdb', 'tcp::0', ...more]).then(({ boot }: CliResult) =>
      runBoot(boot!, io),
    );
  }

  async connect(): Promise<this> {
    let place: RegExpExecArray | null = null;
    while (!place) {
      await new Promise((resolve) => setImmediate(resolve));
      place = /gdb may connect to 127\.0\.0\.1:(\d+)/.exec(this.err.text);
    }
    this.socket = net.connect(Number(place[1]), '127.0.0.1');
    this.socket
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        this.packets.push(...unframed(bytes));
        this.wake?.();
      });
    await once(this.socket, 'connect');
    return this;
  }

  /** The next packet that comes. */
  async next(): Promise<string> {
    while (this.packets.length === 0)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    return this.packets.shift()!;
  }

  send(data: string): void {
    this.socket.write(framed(data));
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.socket.write(Buffer.from([3]));
  }

  async ask(data: string): Promise<string> {
    this.send(data);
    return this.next();
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }
}

/** r3 has HID0[EN_ATTN] of power9: the guest may end with attn. */
const ENDS = 'lis 3, 0x1000\n sldi 3, 3, 32\n mtspr 1008, 3\n isync\n attn';

test('-S: nothing runs before gdb says so, and its end is told', async () => {
  const run = await new Run(ENDS, ['-S']).connect();
  expect(await run.ask('?')).toBe('T05thread:1;');
  expect(await run.ask('p40')).toBe('0'.repeat(16));
  expect(await run.ask('vCont;c')).toBe('W00');
  expect(await run.ended).toBe(EXIT.OK);
});

test('a guest that runs stops when gdb connects, at Ctrl-C, and is given up by k', async () => {
  const run = await new Run('b 0').connect();
  expect(await run.ask('?')).toBe('T05thread:1;');
  run.send('vCont;c');
  run.interrupt();
  expect(await run.next()).toBe('T02thread:1;');
  run.send('k');
  expect(await run.ended).toBe(EXIT.OK);
  expect(run.err.text).toMatch(/gdb ended the run/);
});

test('a guest that is dead is shown before the run ends', async () => {
  const run = await new Run('.long 0', ['-S']).connect();
  expect(await run.ask('vCont;c')).toBe('T06thread:1;');
  expect(await run.ask('p40')).toMatch(/^0{13}e40$/);
  expect(await run.ask('vCont;c')).toBe('W05');
  expect(await run.ended).toBe(EXIT.DEAD_GUEST);
});

test('a dead guest that nobody looks at ends the run', async () => {
  expect(await new Run('.long 0').ended).toBe(EXIT.DEAD_GUEST);
});

test('a guest that waits for what cannot come is shown too', async () => {
  const run = await new Run('stop', ['-S']).connect();
  expect(await run.ask('vCont;c')).toBe('T06thread:1;');
  expect(await run.ask('D')).toBe('OK');
  expect(await run.ended).toBe(EXIT.DEAD_GUEST);
});

test('a limit counts the instructions of steps too', async () => {
  const run = await new Run('b 0', ['-S', '--max-insns', '3']).connect();
  expect(await run.ask('vCont;s:1')).toBe('T05thread:1;');
  expect(await run.ask('vCont;s:1')).toBe('T05thread:1;');
  expect(await run.ask('vCont;c')).toBe('W04');
  expect(await run.ended).toBe(EXIT.LIMIT);
});

test('a port that is taken is wrong usage', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const { code, err } = await cli(['boot', image('b 0'), '--gdb', `tcp::${port}`], { runBoot });
  server.close();
  expect(code).toBe(EXIT.USAGE);
  expect(err).toMatch(`--gdb: cannot listen on 127.0.0.1 port ${port}: somebody listens there already`);
});
