/** The options of the gdb stub: where it listens, and whether the guest waits for it. */
import type { Options } from 'yargs';
import { UserError } from '../core/errors';
import type { GdbAddress } from '../gdb/server';
import { flag, isSet, textOf, value, type Parsed } from './options';

export interface GdbOptions {
  /** The option that asked for it, for messages. */
  readonly option: '-s' | '--gdb';
  readonly address: GdbAddress;
  /** The guest does not start before gdb says so. */
  readonly waits: boolean;
}

const LOCALHOST = '127.0.0.1';
const PORT = 1234;
const MAX_PORT = 65535;

export const gdbOptions: Record<string, Options> = {
  gdb: value('let gdb connect: tcp::PORT (of this host only), tcp:HOST:PORT, unix:PATH'),
  s: flag(`the same as --gdb tcp::${PORT}`),
  S: flag('with -s or --gdb: do not start before gdb says so'),
};

function parseAddress(text: string): GdbAddress {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const [, bracketed, plain, digits] = /^tcp:(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? NaN);
  if (!(port <= MAX_PORT))
    throw new UserError(
      `--gdb: expected tcp::PORT, tcp:HOST:PORT or unix:PATH, with a port up to ${MAX_PORT}, got "${text}"`,
    );
  return { kind: 'tcp', host: (bracketed ?? plain) || LOCALHOST, port };
}

/** Undefined: no stub. @throws UserError */
export function parseGdb(argv: Parsed): GdbOptions | undefined {
  const text = textOf(argv, 'gdb');
  const [short, waits] = [isSet(argv, 's'), isSet(argv, 'S')];
  if (text !== undefined && short) throw new UserError(`-s: is --gdb tcp::${PORT}; leave one of the two out`);
  if (text !== undefined) return { option: '--gdb', address: parseAddress(text), waits };
  if (short) return { option: '-s', address: { kind: 'tcp', host: LOCALHOST, port: PORT }, waits };
  if (waits) throw new UserError('-S: nobody could start the guest; add -s or --gdb');
  return undefined;
}
