/** Where gdb connects: a TCP port or a Unix socket, one conversation at a time. */
import net from 'node:net';
import { UserError } from '../core/errors';
import type { Debugger } from './debugger';
import type { Monitor } from './monitor';
import { Stub } from './stub';

/** A place to listen at. Port 0: any that is free. */
export type GdbAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface ServerOptions {
  readonly debug: Debugger;
  readonly monitor: Monitor;
  /** A line for the user. */
  readonly log: (text: string) => void;
}

/** Bytes that a client may leave unread before it is given up. */
const MOST_UNREAD = 2 ** 20;
/** Milliseconds that a client has to take the last packet of a run. */
const LAST_WORDS = 1000;

export class GdbServer {
  private current: { readonly stub: Stub; readonly socket: net.Socket } | undefined;

  private constructor(
    private readonly server: net.Server,
    private readonly options: ServerOptions,
  ) {
    server.on('connection', (socket) => this.accept(socket));
  }

  /** @throws UserError where nobody can listen there */
  static listen(option: string, address: GdbAddress, options: ServerOptions): Promise<GdbServer> {
    const server = net.createServer({ noDelay: true });
    const where =
      address.kind === 'tcp' ? { host: address.host, port: address.port } : { path: address.path };
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new UserError(refusal(option, address, error))));
      server.listen(where, () => {
        server.removeAllListeners('error').on('error', (error) => options.log(`gdb: ${error.message}`));
        resolve(new GdbServer(server, options));
      });
    });
  }

  /** Where it listens, as gdb's `target remote` takes it. */
  get place(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') return address ?? 'nowhere';
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${host}:${address.port}`;
  }

  /** Tells gdb that the run is over, and listens no more. @param code the exit code */
  close(code: number): void {
    const { current } = this;
    this.server.close();
    if (!current) return;
    current.stub.exited(code);
    setTimeout(() => current.socket.destroy(), LAST_WORDS).unref();
  }

  private accept(socket: net.Socket): void {
    const { debug, monitor, log } = this.options;
    socket.on('error', () => undefined);
    if (this.current) {
      log('gdb: a second connection was refused: one gdb is connected already');
      socket.destroy();
      return;
    }
    const stub = new Stub(
      debug,
      { send: (bytes) => this.send(socket, bytes), close: () => socket.end() },
      monitor,
    );
    this.current = { stub, socket };
    socket.on('data', (bytes) => stub.receive(bytes));
    socket.on('close', () => this.closed(stub));
  }

  private closed(stub: Stub): void {
    const { debug, log } = this.options;
    this.current = undefined;
    if (!stub.lost()) return;
    log(
      debug.running
        ? 'gdb: the connection was lost; the guest runs on, without breakpoints'
        : `gdb: the connection was lost; the guest stands still until gdb comes back to ${this.place}, or Ctrl-C`,
    );
  }

  private send(socket: net.Socket, bytes: Uint8Array): void {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(bytes);
    if (socket.writableLength <= MOST_UNREAD) return;
    this.options.log('gdb: the connection was given up: the client does not read what it asks for');
    socket.destroy();
  }
}

function refusal(option: string, address: GdbAddress, error: NodeJS.ErrnoException): string {
  const where = address.kind === 'tcp' ? `${address.host} port ${address.port}` : address.path;
  const taken =
    address.kind === 'tcp'
      ? 'somebody listens there already: end that, or choose another place'
      : 'it is there already: remove it if nobody listens there, or choose another place';
  const advice = error.code === 'EADDRINUSE' ? taken : `${error.message}; choose another place`;
  return `${option}: cannot listen on ${where}: ${advice} (--gdb tcp:HOST:PORT or unix:PATH)`;
}
