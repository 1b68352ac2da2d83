/** Packets that read and write registers and memory. */
import { ERROR, OK, range, smallNumber, type Answer } from './answer';
import type { Conversation } from './conversation';
import { bytesOf, hexOf, PACKET_SIZE } from './packet';
import { G_REGISTERS, registerBytes, setRegister, type Register } from './registers';

/** Most bytes of memory in an answer: two digits each. */
const MOST_BYTES = PACKET_SIZE / 2 - 8;

const readMemory: Answer = ({ memory, subject }, rest) => {
  const where = range(rest);
  if (!where) return ERROR.INVALID;
  if (where.length === 0) return '';
  const bytes = memory.read(subject, where.ea, Math.min(where.length, MOST_BYTES));
  return bytes.length === 0 ? ERROR.FAULT : hexOf(bytes);
};

/** Writes memory. @param header `ADDRESS,LENGTH` */
export function writeMemory({ memory, subject }: Conversation, header: string, bytes: Uint8Array): string {
  const where = range(header);
  if (where?.length !== bytes.length) return ERROR.INVALID;
  return memory.write(subject, where.ea, bytes) ? OK : ERROR.FAULT;
}

const writeHexMemory: Answer = (conversation, rest) => {
  const [header = '', digits = ''] = rest.split(':');
  const bytes = bytesOf(digits);
  return bytes ? writeMemory(conversation, header, bytes) : ERROR.INVALID;
};

const common = ({ registers }: Conversation): readonly Register[] => registers.slice(0, G_REGISTERS);
const numbered = ({ registers }: Conversation, number: string | undefined): Register | undefined =>
  registers[smallNumber(number) ?? registers.length];

const readAll: Answer = (conversation) => {
  const { subject, byteOrder } = conversation;
  return common(conversation)
    .map((register) => hexOf(registerBytes(register, subject, byteOrder)))
    .join('');
};

const readOne: Answer = (conversation, rest) => {
  const register = numbered(conversation, rest);
  return register
    ? hexOf(registerBytes(register, conversation.subject, conversation.byteOrder))
    : ERROR.INVALID;
};

const writeOne: Answer = (conversation, rest) => {
  const [number, digits = ''] = rest.split('=');
  const { subject, byteOrder } = conversation;
  const register = numbered(conversation, number);
  const bytes = bytesOf(digits);
  if (!register || bytes?.length !== register.bits / 8) return ERROR.INVALID;
  const done = setRegister(register, subject, bytes, byteOrder);
  conversation.registersChanged(subject);
  return done ? OK : ERROR.INVALID;
};

/** What is written late: in 32-bit mode, which MSR decides, PC has 32 bits. */
const LATE = ['msr', 'pc'];

const writeAll: Answer = (conversation, rest) => {
  const { subject, byteOrder } = conversation;
  const bytes = bytesOf(rest);
  const registers = common(conversation);
  if (bytes?.length !== registers.reduce((sum, { bits }) => sum + bits / 8, 0)) return ERROR.INVALID;
  let at = 0;
  registers
    .map((register) => ({ register, bytes: bytes.subarray(at, (at += register.bits / 8)) }))
    .sort((a, b) => LATE.indexOf(a.register.name) - LATE.indexOf(b.register.name))
    .forEach((part) => setRegister(part.register, subject, part.bytes, byteOrder));
  conversation.registersChanged(subject);
  return OK;
};

export const STATE_ANSWERS: Readonly<Record<string, Answer>> = {
  g: readAll,
  G: writeAll,
  p: readOne,
  P: writeOne,
  m: readMemory,
  M: writeHexMemory,
};
