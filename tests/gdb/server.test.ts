/** Connections: real sockets, and what becomes of the guest when they end. */
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { UserError } from '../../src/core/errors';
import { Debugger } from '../../src/gdb/debugger';
import { Monitor } from '../../src/gdb/monitor';
import { GdbServer, type GdbAddress } from '../../src/gdb/server';
import { temporaryFolder } from '../support/folder';
import { framed, unframed } from '../support/gdb-client';
import { program } from '../support/program';

const file = temporaryFolder();
const ANY_PORT: GdbAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };
const open: GdbServer[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close(0);
});

async function serve(address: GdbAddress = ANY_PORT) {
  const debug = new Debugger(program('start: b start').machine);
  const said: string[] = [];
  const monitor = new Monitor(() => '');
  const server = await GdbServer.listen('--gdb', address, {
    debug,
    monitor,
    log: (text) => void said.push(text),
  });
  open.push(server);
  return { debug, server, said };
}

async function connect(place: string): Promise<net.Socket> {
  const [, host, port] = /^(.*):(\d+)$/.exec(place) ?? [];
  const socket = port === undefined ? net.connect(place) : net.connect(Number(port), host);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends a packet and gives the answer. */
async function ask(socket: net.Socket, data: string): Promise<string> {
  socket.write(framed(data));
  let text = Buffer.alloc(0);
  while (!/#..$/s.test(text.toString('latin1'))) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    text = Buffer.concat([text, bytes]);
  }
  return unframed(text).at(-1)!;
}

/** Lets everything happen that has been asked of the operating system. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

test.each([ANY_PORT, { kind: 'unix', path: '' } as const])(
  '%p: gdb connects, the guest stands, and goes on when it leaves',
  async (address) => {
    const { debug, server, said } = await serve(
      address.kind === 'unix' ? { kind: 'unix', path: file('gdb.sock') } : address,
    );
    expect(debug.running).toBe(true);
    const socket = await connect(server.place);
    expect(await ask(socket, 'm0,4')).toBe('48000000');
    expect(debug.running).toBe(false);
    expect(await ask(socket, 'Z0,0,4')).toBe('OK');
    expect(await ask(socket, 'D')).toBe('OK');
    expect([debug.running, debug.breakpointList, said]).toEqual([true, [], []]);
    socket.destroy();
  },
);

test('a connection that is lost leaves a standing guest standing, without breakpoints, and gdb may come back', async () => {
  const { debug, server, said } = await serve();
  const first = await connect(server.place);
  expect(await ask(first, 'Z0,100,4')).toBe('OK');
  first.write('$m0,');
  first.destroy();
  await until(() => said.length > 0);
  expect([debug.running, debug.isAttached, debug.breakpointList.length]).toEqual([false, false, 0]);
  expect(said[0]).toMatch(/the guest stands still until gdb comes back to 127.0.0.1:\d+/);
  const second = await connect(server.place);
  expect(await ask(second, '?')).toBe('T05thread:1;');
  second.destroy();
  await until(() => said.length > 1);
});

test('a connection that is lost while the guest runs lets it run', async () => {
  const { debug, server, said } = await serve();
  const socket = await connect(server.place);
  await ask(socket, '?');
  socket.write(framed('c'));
  await until(() => debug.running);
  socket.destroy();
  await until(() => said.length > 0);
  expect(debug.running).toBe(true);
  expect(said[0]).toMatch(/runs on/);
});

test('a second gdb is refused', async () => {
  const { server, said } = await serve();
  const first = await connect(server.place);
  await ask(first, '?');
  const second = await connect(server.place);
  await once(second, 'close');
  expect(said).toEqual([expect.stringMatching(/second connection was refused/)]);
  expect(await ask(first, '?')).toBe('T05thread:1;');
  first.destroy();
  await until(() => said.length > 1);
});

test('a client that asks and never reads is given up', async () => {
  const { server, said } = await serve();
  const socket = await connect(server.place);
  socket.pause();
  const many = Buffer.concat(Array(2000).fill(framed('m0,1f00')) as Buffer[]);
  const write = (): void => {
    if (!socket.destroyed) socket.write(many, () => setImmediate(write));
  };
  write();
  await until(() => said.length > 0);
  expect(said[0]).toMatch(/does not read/);
  socket.destroy();
  await until(() => said.length > 1);
});

test('the end of the run is told', async () => {
  const { server } = await serve();
  const socket = await connect(server.place);
  await ask(socket, '?');
  server.close(5);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(unframed(bytes)).toEqual(['W05']);
  await once(socket, 'close');
});

test('a place that is taken, or cannot be had, is a wrong option', async () => {
  const { server } = await serve();
  const port = Number(server.place.split(':')[1]);
  const taken = serve({ ...ANY_PORT, port });
  await expect(taken).rejects.toThrow(UserError);
  await expect(taken).rejects.toThrow(
    `--gdb: cannot listen on 127.0.0.1 port ${port}: somebody listens there already`,
  );
  fs.writeFileSync(file('plain'), '');
  await expect(serve({ kind: 'unix', path: file('plain') })).rejects.toThrow(
    /plain: it is there already: remove it/,
  );
  await expect(serve({ kind: 'unix', path: `${file('plain')}/x` })).rejects.toThrow(
    /cannot listen on .*plain\/x/,
  );
});
