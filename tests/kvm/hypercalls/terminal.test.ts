/** The terminal: what the guest prints, and what is typed. */
import { H } from '../../../src/kvm/hypercalls/status';
import { TestGuest } from '../l0/support';
import { status } from './support';

const bytesOf = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

describe('terminal', () => {
  it('prints up to 16 bytes from two registers', () => {
    const guest = new TestGuest();
    const put = (length: number, unit = 0x71000000): bigint =>
      guest.call('H_PUT_TERM_CHAR', [unit, length, 0x4142434445464748n, 0x494a4b4c4d4e4f50n]);
    expect(put(3)).toBe(0n);
    expect(put(16, 0)).toBe(0n);
    expect(put(0)).toBe(0n);
    expect(guest.output).toBe('ABCABCDEFGHIJKLMNOP');
    expect(put(17)).toBe(status(H.PARAMETER));
    expect(put(-1)).toBe(status(H.PARAMETER));
    expect(put(1, 0x71000001)).toBe(status(H.PARAMETER));
    expect(guest.output.length).toBe(19);
  });

  it('gives what was typed, 16 bytes at a time', () => {
    const guest = new TestGuest();
    guest.l0.console.receive(Uint8Array.from(bytesOf('0123456789abcdefX')));
    expect(guest.call('H_GET_TERM_CHAR', [0])).toBe(0n);
    expect([guest.out(0), guest.out(1), guest.out(2)]).toEqual([
      16n,
      0x3031323334353637n,
      0x3839616263646566n,
    ]);
    expect(guest.call('H_GET_TERM_CHAR', [0x71000000])).toBe(0n);
    expect([guest.out(0), guest.out(1)]).toEqual([1n, 0x5800000000000000n]);
    expect(guest.call('H_GET_TERM_CHAR', [0])).toBe(0n);
    expect(guest.out(0)).toBe(0n);
    expect(guest.call('H_GET_TERM_CHAR', [1])).toBe(status(H.PARAMETER));
  });

  it('takes no more input than it can keep', () => {
    const { l0 } = new TestGuest();
    expect(l0.console.receive(new Uint8Array(5000))).toBe(4096);
    expect(l0.console.receive(new Uint8Array(1))).toBe(0);
  });
});
