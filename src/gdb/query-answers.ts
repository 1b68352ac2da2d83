/** Packets that ask what there is, choose threads, and end the conversation. */
import { ERROR, hexNumber, OK, range, UNKNOWN, type Answer } from './answer';
import type { Conversation } from './conversation';
import { PACKET_SIZE } from './packet';
import { describeThread, threadOf } from './threads';

const toHex = (text: string): string => Buffer.from(text).toString('hex');

const supported: Answer = (conversation, rest) => {
  conversation.knowsBreakReasons = /\bswbreak\+/.test(rest) && /\bhwbreak\+/.test(rest);
  return [
    `PacketSize=${PACKET_SIZE.toString(16)}`,
    'qXfer:features:read+', 'vContSupported+', 'QStartNoAckMode+', 'swbreak+', 'hwbreak+',
  ].join(';'); // prettier-ignore
};

/** `target.xml:OFFSET,LENGTH`. */
const features: Answer = ({ description }, rest) => {
  const [annex, window = ''] = rest.split(':');
  const where = range(window);
  if (annex !== 'target.xml') return 'E00';
  if (!where) return ERROR.INVALID;
  const from = Number(where.ea);
  // Escapes may double a byte.
  const length = Math.min(where.length, PACKET_SIZE / 2 - 8);
  return `${from + length < description.length ? 'm' : 'l'}${description.slice(from, from + length)}`;
};

/** `Hg THREAD` and `Hc THREAD`; 0 is any, -1 all. */
const select: Answer = (conversation, rest) => {
  const [operation, thread] = [rest[0], rest.slice(1)];
  const any = thread === '-1' || thread === '0';
  const cpu = any ? undefined : conversation.cpuOf(Number(hexNumber(thread) ?? 0n));
  if (!any && !cpu) return ERROR.NO_THREAD;
  if (operation === 'g') conversation.subject = cpu ?? conversation.subject;
  else if (operation === 'c') conversation.resumed = cpu;
  else return ERROR.INVALID;
  return OK;
};

const isThread: Answer = (conversation, rest) =>
  conversation.cpuOf(Number(hexNumber(rest) ?? 0n)) ? OK : ERROR.NO_THREAD;

const threadInfo: Answer = (conversation, rest) => {
  const cpu = conversation.cpuOf(Number(hexNumber(rest) ?? 0n));
  return cpu ? toHex(describeThread(conversation.debug.machine, cpu)) : ERROR.NO_THREAD;
};

const realMode: Answer = ({ memory }, rest) => {
  if (rest !== '0' && rest !== '1') return ERROR.INVALID;
  memory.space = rest === '1' ? 'real' : 'effective';
  return OK;
};

/** The text goes in packets before the one that ends it. */
const monitor: Answer = (conversation, rest) => {
  const line = /^(?:[0-9a-fA-F]{2})*$/.test(rest) ? Buffer.from(rest, 'hex').toString('latin1') : undefined;
  if (line === undefined) return ERROR.INVALID;
  const text = toHex(conversation.monitor.run(conversation, line));
  const step = PACKET_SIZE - 2;
  for (let at = 0; at < text.length; at += step) conversation.say(`O${text.slice(at, at + step)}`);
  return OK;
};

const detach: Answer = (conversation) => {
  conversation.end('go on');
  return OK;
};

const kill = (conversation: Conversation): void => {
  conversation.end('stay');
  conversation.debug.kill();
};

export const QUERY_ANSWERS: Readonly<Record<string, Answer>> = {
  qSupported: supported,
  'qXfer:features:read:': features,
  H: select,
  T: isThread,
  qC: ({ subject }, rest) => (rest === '' ? `QC${threadOf(subject.state.index).toString(16)}` : UNKNOWN),
  qfThreadInfo: ({ debug }) =>
    `m${debug.machine.cpus.map(({ state }) => threadOf(state.index).toString(16)).join(',')}`,
  qsThreadInfo: () => 'l',
  'qThreadExtraInfo,': threadInfo,
  qAttached: () => '1',
  qSymbol: () => OK,
  'qRcmd,': monitor,
  'qqemu.PhyMemMode': ({ memory }) => (memory.space === 'real' ? '1' : '0'),
  'Qqemu.PhyMemMode:': realMode,
  QStartNoAckMode: (conversation) => {
    conversation.acknowledges = false;
    return OK;
  },
  D: detach,
  k: (conversation) => {
    kill(conversation);
    return undefined;
  },
  'vKill;': (conversation) => {
    conversation.say(OK);
    kill(conversation);
    return undefined;
  },
};
