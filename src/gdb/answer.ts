/** What answers to packets share: their form, numbers, errors. */
import type { Conversation } from './conversation';

/**
 * The data of the packet that answers; undefined: none, the answer is the next stop.
 * @param rest what follows the letters that chose this answer
 */
export type Answer = (conversation: Conversation, rest: string) => string | undefined;

export const OK = 'OK';
/** A packet that is not known. */
export const UNKNOWN = '';
/** Errors by the numbers of Linux, as QEMU has them. */
export const ERROR = {
  INVALID: 'E22',
  FAULT: 'E14',
  NO_THREAD: 'E03',
  TOO_MANY: 'E28',
  TOO_LONG: 'E07',
} as const;

/** A number of hexadecimal digits, 64 bits at most. */
export const hexNumber = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;

/** One that is a length or an index. */
export function smallNumber(text: string | undefined): number | undefined {
  const value = hexNumber(text);
  return value !== undefined && value <= 0xffffffffn ? Number(value) : undefined;
}

/** `ADDRESS,LENGTH`. */
export function range(text: string): { ea: bigint; length: number } | undefined {
  const [address, digits, more] = text.split(',');
  const [ea, length] = [hexNumber(address), smallNumber(digits)];
  return ea === undefined || length === undefined || more !== undefined ? undefined : { ea, length };
}
